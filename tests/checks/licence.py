#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks that every file names its licence: one of its first five lines contains
SPDX-License-Identifier. A file that cannot contain a comment can have its licence in FILE.license.
Binary files and golden outputs are exempt.

usage: licence.py SOURCE_ROOT
"""

import common

TAG = b'SPDX-License-Identifier: MIT'
LINES = 5


def is_exempt(path, relative):
    return (relative.parts[0] == 'LICENSES' or 'golden' in relative.parts
            or path.is_symlink() or not path.is_file()
            or path.with_name(path.name + '.license').is_file())


def main():
    [source_root] = common.arguments('SOURCE_ROOT')
    tap = common.Tap()
    status, listing = common.run('git', '-C', source_root, 'ls-files', '-z', '--cached', '--others',
                                 '--exclude-standard')
    if status != 0:
        tap.skip('every file names its licence', 'the source is not a git work tree')
        tap.finish()

    problems = []
    checked = 0
    for name in sorted(set(listing.split('\0')) - {''}):
        path = source_root / name
        if is_exempt(path, path.relative_to(source_root)):
            continue
        data = path.read_bytes()
        if b'\0' in data[:8000]:  # git uses the same rule to detect a binary file
            continue
        checked += 1
        if not any(TAG in line for line in data.split(b'\n')[:LINES]):
            problems.append(f'{name}: its first {LINES} lines do not contain {TAG.decode()}')
    tap.check(f'each of {checked} files names its licence',
              problems if checked else [f'git lists no file below {source_root}'])
    tap.check('the text of the licence exists',
              [] if (source_root / 'LICENSES' / 'MIT.txt').is_file()
              else ['LICENSES/MIT.txt does not exist'])
    tap.finish()


main()
