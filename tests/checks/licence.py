#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every file says its licence: a line with SPDX-License-Identifier among its first five.
Data that can hold no comment (binary files, golden outputs) says it beside it, in FILE.license,
or is left out here.

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
        tap.skip('every file says its licence', 'the source is not a git work tree')
        tap.finish()

    problems = []
    checked = 0
    for name in sorted(set(listing.split('\0')) - {''}):
        path = source_root / name
        if is_exempt(path, path.relative_to(source_root)):
            continue
        data = path.read_bytes()
        if b'\0' in data[:8000]:  # binary, as git tells it
            continue
        checked += 1
        if not any(TAG in line for line in data.split(b'\n')[:LINES]):
            problems.append(f'{name}: no {TAG.decode()} in its first {LINES} lines')
    tap.check(f'each of {checked} files says its licence',
              problems if checked else [f'git knows no file below {source_root}'])
    tap.check('the licence itself is there',
              [] if (source_root / 'LICENSES' / 'MIT.txt').is_file() else ['no LICENSES/MIT.txt'])
    tap.finish()


main()
