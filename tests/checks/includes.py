#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks which headers the files of the library include. layers.py checks the order of the
library's own headers.

usage: includes.py SOURCE_ROOT
"""

import re

import common


def public_header_problems(path):
    return [f'{path.name} includes {name}' for name in common.includes(path)
            if not re.fullmatch(r'<stdint\.h>|<stddef\.h>|<vfiopm/\w+\.h>', name)]


def main():
    [source_root] = common.arguments('SOURCE_ROOT')
    lib = source_root / 'lib'
    headers = common.header_paths(source_root)
    udev = lib / 'udev'
    sources = sorted(lib.glob('*.c')) + sorted(udev.glob('*.c'))
    tap = common.Tap()

    tap.check('the tree contains public headers and sources',
              [f'there is no {what} below {source_root}' for what, found in
               (('include/vfiopm/*.h', headers), ('lib/*.c', sources),
                ('lib/udev/*.c', list(udev.glob('*.c')))) if not found])
    tap.check('public headers include only <stdint.h>, <stddef.h> and one another',
              [problem for path in headers for problem in public_header_problems(path)])
    tap.check('in the library only uapi.h includes <linux/...>',
              [f'{path.relative_to(source_root)} includes {name}'
               for path in headers + sorted(lib.rglob('*.[ch]')) if path != lib / 'uapi.h'
               for name in common.includes(path) if name.startswith('<linux/')])
    tap.check('the core library does not include <libudev.h>',
              [f'{path.relative_to(source_root)} includes {name}'
               for path in common.library_files(source_root, 'vfiopm', '*.[ch]')
               for name in common.includes(path)
               if name.strip('<>"') in ('libudev.h', 'udev/private.h')])
    tap.check('only the library, the simulator, the tracer and the tests include uapi.h',
              [f'{path.relative_to(source_root)} includes {name}'
               for path in common.c_files(source_root)
               if path.parent != lib
               and not {source_root / 'sim', source_root / 'tests', source_root / 'trace'} & set(path.parents)
               for name in common.includes(path) if name.strip('<>"').split('/')[-1] == 'uapi.h'])
    tap.finish()


main()
