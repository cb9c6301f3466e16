#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Each public header can be included alone, and twice, by C89 and by C++98, without a
warning. CC and CXX name other compilers than cc and c++.

usage: headers.py SOURCE_ROOT
"""

import common

WARNINGS = ('-pedantic-errors', '-Wall', '-Wextra', '-Werror', '-fsyntax-only')
LANGUAGES = (('C89', 'CC', 'cc', ('-x', 'c', '-std=c89')),
             ('C++98', 'CXX', 'c++', ('-x', 'c++', '-std=c++98')))


def main():
    [source_root] = common.arguments('SOURCE_ROOT')
    tap = common.Tap()
    for language, variable, default, options in LANGUAGES:
        compiler = common.compiler(variable, default)
        command = [*(compiler or ()), *options, *WARNINGS, '-I', source_root / 'include']
        # <stdint.h> is not ours: where its 64-bit types are long long, that is allowed.
        if compiler and common.run(*command, '-', stdin='#include <stdint.h>\n')[0] != 0:
            command.append('-Wno-long-long')
        for path in common.header_paths(source_root):
            text = f'<vfiopm/{path.name}> compiles alone as {language}'
            if not compiler:
                tap.skip(text, f'no {default}')
                continue
            status, said = common.run(*command, '-', stdin=f'#include <vfiopm/{path.name}>\n' * 2)
            tap.check(text, [said or f'exit status {status}'] if status != 0 or said else [])
    tap.finish()


main()
