#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks the symbols of a built library: its exports, the symbols and libraries that it needs,
and its size.

usage: symbols.py SOURCE_ROOT NAME SHARED_LIB STATIC_LIB
"""

import re

import common

# Code and constants. The tables for unwinding and the names of symbols are not counted: `size` adds
# them to its column "text".
TEXT_LIMIT = 64 * 1024

# The library never prints, aborts, exits, handles signals, starts threads or processes, or reads
# the environment.
FORBIDDEN = re.compile(r'''
    (?:__)?v?(?:f|d)?w?printf(?:_chk)? | (?:__)?(?:fw|w)printf(?:_chk)? | (?:__)?v?syslog(?:_chk)?
  | puts | putc | putchar | fputs | fputc | fwrite | _IO_putc | perror | psignal | psiginfo | openlog
  | err | errx | verr | verrx | warn | warnx | vwarn | vwarnx | error | error_at_line
  | stdout | stderr
  | abort | exit | _exit | _Exit | quick_exit | atexit | at_quick_exit | on_exit
  | __assert | __assert_fail | __assert_perror_fail
  | signal | bsd_signal | sysv_signal | __sysv_signal | sigaction | sigvec | sigset | signalfd
  | sigprocmask | pthread_sigmask | raise | kill | tgkill | pthread_kill | alarm | setitimer
  | pthread_create | thrd_create | pthread_atfork | fork | vfork | _Fork | clone | posix_spawnp?
  | system | popen | exec(?:l|lp|le|v|ve|vp|vpe)
  | getenv | secure_getenv | setenv | putenv | unsetenv | environ | __environ
  | setlocale | uselocale | longjmp | siglongjmp
''', re.VERBOSE)


def check_exports(tap, source_root, library, shared_lib):
    """The shared library, the version script and the headers contain the same functions."""
    wanted = common.read_map(library.map)
    functions = {name: function for name, function in common.read_headers(source_root)[0].items()
                 if library.has(function.header) or name in common.IN_BOTH}
    exported = {}
    problems = []
    for line in common.output('nm', '--dynamic', '--defined-only', '--with-symbol-versions',
                              shared_lib).splitlines():
        kind, name = line.split()[-2:]
        if kind == 'A':  # the version nodes themselves
            continue
        symbol, _, node = name.partition('@')
        exported[symbol] = node.lstrip('@')
        if kind != 'T':
            problems.append(f'{symbol} is not a function (type {kind})')
    problems += [f'{name} is in {library.map.name}, but the library does not export it'
                 for name in sorted(wanted.keys() - exported.keys())]
    problems += [f'the library exports {name}, which is not in {library.map.name}'
                 for name in sorted(exported.keys() - wanted.keys())]
    tap.check(f'the library exports exactly the symbols of {library.map.name}', problems)

    tap.check('each exported symbol has the version of its node',
              [f'{name}: {exported[name] or "no version"}, expected {wanted[name]}'
               for name in sorted(exported.keys() & wanted.keys())
               if exported[name] != wanted[name]])
    tap.check(f'the public headers declare exactly the symbols of {library.map.name}',
              [f'{name} is in {library.map.name}, but no public header declares it'
               for name in sorted(wanted.keys() - functions.keys())]
              + [f'{functions[name].header} declares {name}, which is not in {library.map.name}'
                 for name in sorted(functions.keys() - wanted.keys())])


def check_static(tap, static_lib):
    members = common.archive_symbols(static_lib, '--extern-only', '--defined-only')
    names = [(member, name) for member, symbols in members.items() for name in symbols]
    tap.check('the static library defines only names that begin with vfiopm_',
              [f'{member} defines {name}' for member, name in names
               if not name.startswith('vfiopm_')]
              + ([] if names else [f'{static_lib} defines no symbol']))


def check_needs(tap, library, shared_lib, instrumented):
    undefined = {common.plain_name(line.split()[-1]) for line in
                 common.output('nm', '--dynamic', '--undefined-only', shared_lib).splitlines()}
    text = 'the library never prints, ends the process, handles signals or starts threads'
    needs = f"the library needs only {' and '.join(library.needs)}"
    size_text = f'the library has less than {TEXT_LIMIT} bytes in .text and .rodata'
    if instrumented:
        for skipped in (text, needs, size_text):
            tap.skip(skipped, 'this is an instrumented build')
        return
    tap.check(text, [f'it refers to {name}' for name in sorted(undefined)
                     if FORBIDDEN.fullmatch(name)]
              + ([] if undefined else [f'{shared_lib} refers to no symbol']))

    needed = re.findall(r'\(NEEDED\).*\[(.*)\]', common.output('readelf', '-d', '-W', shared_lib))
    tap.check(needs, [] if sorted(needed) == library.needs
              else [f'it needs: {" ".join(needed) or "nothing"}'])

    sections = re.findall(r'^\.(?:text|rodata)\s+(\d+)',
                          common.output('size', '--format=sysv', shared_lib), re.MULTILINE)
    size = sum(int(section) for section in sections)
    tap.check(size_text, [] if 0 < size < TEXT_LIMIT else [f'it has {size}'])


def main():
    source_root, name, shared_lib, static_lib = common.arguments('SOURCE_ROOT', 'NAME',
                                                                 'SHARED_LIB', 'STATIC_LIB')
    library = common.Library(source_root, name.name)
    undefined = {common.plain_name(name)
                 for symbols in common.archive_symbols(static_lib, '--undefined-only').values()
                 for name in symbols}
    tap = common.Tap()
    check_exports(tap, source_root, library, shared_lib)
    check_static(tap, static_lib)
    check_needs(tap, library, shared_lib, common.is_instrumented(undefined))
    tap.finish()


main()
