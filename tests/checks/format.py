#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The C and C++ files have the format of .clang-format: clang-format would leave each of them
unchanged. Other major versions of clang-format than 14 format differently.

usage: format.py SOURCE_ROOT
"""

import re
import shutil

import common

MAJOR = '14'


def problems(source_root, files):
    """Returns the lines that clang-format would change."""
    status, said = common.run('clang-format', '--style=file', '--dry-run', '-Werror', *files)
    lines = re.findall(r'^(.+:\d+):\d+: error: ', said, re.MULTILINE)
    if status != 0 and not lines:
        return [said or f'clang-format: exit status {status}']
    return sorted({line.removeprefix(f'{source_root}/') for line in lines})


def main():
    [source_root] = common.arguments('SOURCE_ROOT')
    tap = common.Tap()
    text = 'clang-format leaves each C and C++ file unchanged'
    files = list(common.c_files(source_root))

    tap.check('there are C files to check', [] if files else [f'no C file below {source_root}'])
    if not shutil.which('clang-format'):
        tap.skip(text, 'no clang-format')
        tap.finish()
    version = common.output('clang-format', '--version').strip()
    major = re.search(r'version (\d+)', version)
    if not major or major.group(1) != MAJOR:
        tap.skip(text, f'.clang-format is for clang-format {MAJOR}, and this is: {version}')
        tap.finish()
    tap.check(text, problems(source_root, files))
    tap.finish()


main()
