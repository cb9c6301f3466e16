#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Each public header can be included alone, and twice, by C89 and by C++98, without a
warning. The comment of each function, or the comment of its header, states whether the call
wakes the device, whether it is thread-safe, and since which version it exists. CC and CXX
name other compilers than cc and c++.

usage: headers.py SOURCE_ROOT
"""

import re

import common

WARNINGS = ('-pedantic-errors', '-Wall', '-Wextra', '-Werror', '-fsyntax-only')
LANGUAGES = (('C89', 'CC', 'cc', ('-x', 'c', '-std=c89')),
             ('C++98', 'CXX', 'c++', ('-x', 'c++', '-std=c++98')))

STATEMENT = re.compile(r'Wakes the device: [^.]+\. Thread-safe: [^.]+\. Since: \d+\.\d+\.')

# Headers without such statements. Whoever rewrites a header removes its name from here.
OLDER_FORM = ('vfiopm/irq.h', 'vfiopm/msix.h', 'vfiopm/power.h')


def check_statements(tap, source_root):
    functions, _ = common.read_headers(source_root)
    for path in common.header_paths(source_root):
        header = f'vfiopm/{path.name}'
        text = f'<{header}> states wake-ups, threads and version for each function'
        if header in OLDER_FORM:
            tap.skip(text, 'a header in the older form')
            continue
        of_file = path.read_text().partition('#ifndef')[0]
        tap.check(text, [name for name, function in functions.items() if function.header == header
                         and not STATEMENT.search(of_file + function.comment)])


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
    check_statements(tap, source_root)
    tap.finish()


main()
