#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks that every file names its licence: one of its first five lines contains
SPDX-License-Identifier. A file that cannot contain a comment can have its licence in FILE.license.
Binary files and golden outputs are exempt. A patch of the kernel has the licence of the kernel.

usage: licence.py SOURCE_ROOT
"""

import common

TAG = b'SPDX-License-Identifier: MIT'
PATCH_TAG = b'SPDX-License-Identifier: GPL-2.0-only'
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
        tag = PATCH_TAG if path.suffix == '.patch' else TAG
        if not any(tag in line for line in data.split(b'\n')[:LINES]):
            problems.append(f'{name}: its first {LINES} lines do not contain {tag.decode()}')
    tap.check(f'each of {checked} files names its licence',
              problems if checked else [f'git lists no file below {source_root}'])
    tap.check('the texts of the licences exist',
              [f'LICENSES/{text} does not exist' for text in ('MIT.txt', 'GPL-2.0-only.txt')
               if not (source_root / 'LICENSES' / text).is_file()])
    tap.finish()


main()
