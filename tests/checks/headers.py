#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks each public header. It compiles alone, and included twice, as C89 and as C++98 without a
warning. The comment of each function, or the comment of its header, states whether the call wakes
the device, whether it is thread-safe, and since which version it exists. The environment variables
CC and CXX select the compilers; the defaults are cc and c++.

usage: headers.py SOURCE_ROOT
"""

import re

import common

WARNINGS = ('-pedantic-errors', '-Wall', '-Wextra', '-Werror', '-fsyntax-only')
LANGUAGES = (('C89', 'CC', 'cc', ('-x', 'c', '-std=c89')),
             ('C++98', 'CXX', 'c++', ('-x', 'c++', '-std=c++98')))

STATEMENT = re.compile(r'Wakes the device: [^.]+\. Thread-safe: [^.]+\. Since: \d+\.\d+\.')


def check_statements(tap, source_root):
    functions, _ = common.read_headers(source_root)
    for path in common.header_paths(source_root):
        header = f'vfiopm/{path.name}'
        of_file = path.read_text().partition('#ifndef')[0]
        tap.check(f'<{header}> states wakes, thread safety and version of each function',
                  [name for name, function in functions.items() if function.header == header
                   and not STATEMENT.search(of_file + function.comment)])


def main():
    [source_root] = common.arguments('SOURCE_ROOT')
    tap = common.Tap()
    for language, variable, default, options in LANGUAGES:
        compiler = common.compiler(variable, default)
        command = [*(compiler or ()), *options, *WARNINGS, '-I', source_root / 'include']
        # Allow long long if the <stdint.h> of the system uses it for its 64-bit types.
        if compiler and common.run(*command, '-', stdin='#include <stdint.h>\n')[0] != 0:
            command.append('-Wno-long-long')
        for path in common.header_paths(source_root):
            text = f'<vfiopm/{path.name}> compiles alone as {language}'
            if not compiler:
                tap.skip(text, f'{default} is not installed')
                continue
            status, text_of_compiler = common.run(*command, '-',
                                                  stdin=f'#include <vfiopm/{path.name}>\n' * 2)
            tap.check(text, common.faults(status, text_of_compiler))
    check_statements(tap, source_root)
    tap.finish()


main()
