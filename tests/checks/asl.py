#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The ACPI tables of the examples and of the lab compile without warnings and remarks.

usage: asl.py SOURCE_ROOT
"""

import pathlib
import re
import shutil
import tempfile

import common

FOLDERS = ('examples', 'tests')
# "Compilation successful. 0 Errors, 0 Warnings, 0 Remarks, 8 Optimizations"
CLEAN = re.compile(r'^Compilation successful\. 0 Errors, 0 Warnings, 0 Remarks', re.MULTILINE)


def compile_table(path, folder):
    """Returns the problems of one table."""
    status, said = common.run('iasl', '-p', folder / path.stem, path)
    return [] if status == 0 and CLEAN.search(said) else [said or f'iasl: exit status {status}']


def main():
    [source_root] = common.arguments('SOURCE_ROOT')
    tables = sorted(path for name in FOLDERS for path in (source_root / name).rglob('*.asl'))
    tap = common.Tap()
    tap.check('the tree contains ACPI tables',
              [] if tables else [f'there is no *.asl below {source_root}'])
    for path in tables:
        text = f'{path.relative_to(source_root)} compiles'
        if not shutil.which('iasl'):
            tap.skip(text, 'iasl is not installed (Debian: acpica-tools)')
            continue
        with tempfile.TemporaryDirectory() as folder:
            tap.check(text, compile_table(path, pathlib.Path(folder)))
    tap.finish()


main()
