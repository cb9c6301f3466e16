#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks the form of the manual pages. groff, man-db and mandoc render each page at 80 columns
without a warning and without a longer line. The header and the footer name this project. A page
has at most 320 lines, is installed, and refers only to pages that exist.

usage: man-form.py SOURCE_ROOT
"""

import os
import re
import shutil
import subprocess

import common
import man_page

COLUMNS = 80
MOST_LINES = 320

RENDERERS = {
    'groff': ['groff', '-mandoc', '-Tutf8', '-P-c', '-ww', f'-rLL={COLUMNS}n'],
    'man': ['man', '-E', 'UTF-8', '--warnings=w', '-l'],
    'mandoc': ['mandoc', '-T', 'utf8', '-O', f'width={COLUMNS}'],
}


def render(command, path):
    """Runs a renderer. Returns (exit status, lines without overstrikes, warnings)."""
    done = subprocess.run([*command, str(path)], check=False, encoding='utf-8',
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE,
                          env={**os.environ, 'LC_ALL': 'C.UTF-8', 'MANWIDTH': str(COLUMNS),
                               'MAN_KEEP_STDERR': '1'})
    return done.returncode, re.sub(r'.\x08', '', done.stdout).splitlines(), done.stderr


def faults_of_lines(page, lines):
    faults = [f'line {number} has {len(line)} columns: {line}'
              for number, line in enumerate(lines, 1) if len(line) > COLUMNS]
    title = re.escape('{}({})'.format(*page.name.upper().split('.')))
    header, footer = (lines[0], lines[-1]) if lines else ('', '')
    # groff 1.22 writes "BSD Library Functions Manual" unless the page sets another title.
    if not re.fullmatch(rf'{title} +(?!BSD)[A-Z][A-Za-z ]+ Manual +{title}', header):
        faults.append(f'header: {header}')
    if not re.fullmatch(rf'libvfiopm +{re.escape(page.date())} +libvfiopm', footer):
        faults.append(f'footer: {footer}')
    return faults


def check_rendering(tap, page):
    for tool, command in RENDERERS.items():
        text = f'{tool} renders {page.name} at {COLUMNS} columns'
        if not shutil.which(tool):
            tap.skip(text, f'{tool} is not installed')
        else:
            status, lines, warnings = render(command, page.path)
            tap.check(text, ([f'exit status {status}'] if status else [])
                      + warnings.splitlines() + faults_of_lines(page, lines))


def check_lint(tap, page):
    text = f'mandoc reports no warning for {page.name}'
    if shutil.which('mandoc'):
        tap.check(text, common.faults(*common.run('mandoc', '-T', 'lint', '-W', 'warning',
                                                  page.path)))
    else:
        tap.skip(text, 'mandoc is not installed')


def check_length(tap, page):
    tap.check(f'{page.name} has at most {MOST_LINES} lines',
              [f'{page.line_count} lines'] if page.line_count > MOST_LINES else [])


def main():
    [source_root] = common.arguments('SOURCE_ROOT')
    pages = man_page.read_pages(source_root)
    names = {page.name for page in pages}
    installed = re.findall(r"'([\w-]+\.[1-9])'",
                           (source_root / 'man' / 'meson.build').read_text())
    tap = common.Tap()

    for page in pages:
        check_lint(tap, page)
        check_rendering(tap, page)
        check_length(tap, page)
        count = installed.count(page.name)
        tap.check(f'{page.name} is installed once', [] if count == 1 else [f'{count} times'])
        tap.check(f'{page.name} refers only to pages that exist',
                  [name for name in sorted(page.references() - names)
                   if name.startswith('vfiopm')])
    tap.finish()


main()
