#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks that the manual pages agree with the library. Each exported function is documented in
exactly one page, with its prototype. Each struct and each macro is documented. Each function has
the same errnos in its page, in its header and in the tests; a line of the form
expect_errno(EBADF, vfiopm_exit(...)) in a test proves an errno. Each program in a page compiles.
man_page.py states how a page is written.

usage: man.py SOURCE_ROOT
"""

import re

import common
import man_page


def read_proofs(source_root):
    """Returns {function: {errno: file}}: the errnos that the tests prove."""
    proofs = {}
    for path in sorted((source_root / 'tests').rglob('*.c')):
        text = common.without_comments(path.read_text())
        for errno, function in re.findall(r'expect_errno\(\s*(E[A-Z0-9]+)\s*,\s*(vfiopm_\w+)\s*\(',
                                          text):
            proofs.setdefault(function, {}).setdefault(errno, path.relative_to(source_root))
    return proofs


def check_documented(tap, pages, exported, functions):
    """Each exported function is in NAME, SYNOPSIS and DESCRIPTION of exactly one page."""
    where = {}
    for page in pages:
        for name in page.named():
            where.setdefault(name, []).append(page)
    synopsis = {}
    for page in pages:
        for name, prototype in page.prototypes().items():
            synopsis.setdefault(name, []).append((page, *prototype))

    for name in sorted(exported):
        problems = []
        in_name = [page.name for page in where.get(name, [])]
        in_synopsis = [page.name for page, *_ in synopsis.get(name, [])]
        if len(in_name) != 1:
            problems.append(f"in NAME of {' '.join(in_name) or 'no page'}")
        if len(in_synopsis) != 1:
            problems.append(f"in SYNOPSIS of {' '.join(in_synopsis) or 'no page'}")
        if in_name != in_synopsis:
            problems.append('in NAME and SYNOPSIS of different pages')
        for page in where.get(name, []):
            if not any(f'Fn {name}' in line for line in page.sections.get('DESCRIPTION', [])):
                problems.append(f'not in DESCRIPTION of {page.name}')
        for page, prototype, header in synopsis.get(name, []):
            if name in functions and prototype != functions[name].declaration:
                problems.append(f'{page.name}: {prototype}\nheader: {functions[name].declaration}')
            if name in functions and header != functions[name].header:
                problems.append(f'{page.name} includes {header}, not {functions[name].header}')
        tap.check(f'one page documents {name} with its declaration', problems)


def check_names_exist(tap, pages, exported, macros):
    """A page names only functions and macros that exist."""
    for page in pages:
        names = [name for macro in ('Fn', 'Fo', 'Nm') for name in page.words_after(macro)]
        names += page.prototypes()
        stem = page.name.rpartition('.')[0]
        tap.check(f'{page.name} names only functions and macros that exist',
                  [f'{name} is not exported' for name in sorted(set(names))
                   if name.startswith('vfiopm_') and name not in exported and name != stem]
                  + [f'{name} is in no header' for name in sorted(set(page.words_after('Dv')))
                     if name.startswith('VFIOPM_') and name not in macros])


def check_structs(tap, source_root, pages):
    """Each struct with members is in SYNOPSIS of one page, as its header declares it."""
    declared = {}
    for path in common.header_paths(source_root):
        declared.update(man_page.structs(path.read_text()))
    shown = [(page, name, text) for page in pages for name, text in page.structs().items()]
    tap.check('the headers declare structs with members',
              [] if declared else ['no header declares a struct with members'])
    for name, declaration in sorted(declared.items()):
        where = [page.name for page, other, _ in shown if other == name]
        tap.check(f'one page documents struct {name} with its declaration',
                  ([] if len(where) == 1 else [f"in SYNOPSIS of {' '.join(where) or 'no page'}"])
                  + [f'{page.name}: {text}\nheader: {declaration}'
                     for page, other, text in shown if other == name and text != declaration])
    tap.check('the pages show only structs that exist',
              [f'{page.name}: {name}' for page, name, _ in shown if name not in declared])


def check_macros(tap, pages, macros):
    documented = {name for page in pages if page.name.endswith('.3')
                  for name in page.words_after('Dv')}
    tap.check('a page of section 3 documents each macro of the public headers',
              [f'{name} ({header})' for name, header in sorted(macros.items())
               if name not in documented])


def check_programs(tap, source_root, pages):
    compiler = common.compiler('CC', 'cc')
    programs = [(page, text) for page in pages for text in page.programs()]
    tap.check('the pages contain programs', [] if programs else ['no page contains a program'])
    for page, text in programs:
        if not compiler:
            tap.skip(f'the program in {page.name} compiles', 'no C compiler is installed')
            continue
        tap.check(f'the program in {page.name} compiles',
                  common.faults(*common.run(*compiler, '-x', 'c', '-std=c99', '-D_GNU_SOURCE',
                                            '-Wall', '-Wextra', '-Werror', '-fsyntax-only',
                                            '-I', source_root / 'include', '-', stdin=text)))


def check_errnos(tap, source_root, pages, exported, functions):
    """For each function, page, header and tests have the same errnos."""
    proofs = read_proofs(source_root)
    in_pages = {}
    for page in pages:
        errnos_of, faults = page.errnos()
        tap.check(f'the errnos of {page.name} are in a form that this check reads', faults)
        for name, errnos in errnos_of.items():
            in_pages.setdefault(name, set()).update(errnos)

    def difference(left, left_name, right, right_name):
        return ([f'{errno}: in {left_name}, not in {right_name}' for errno in sorted(left - right)]
                + [f'{errno}: in {right_name}, not in {left_name}'
                   for errno in sorted(right - left)])

    for name in sorted(exported):
        page = in_pages.get(name, set())
        header = functions[name].errnos if name in functions else set()
        proved = proofs.get(name, {})
        tap.check(f'page and header have the same errnos for {name}',
                  difference(page, 'the page', header, 'the header'))
        tap.check(f'the tests prove exactly the errnos of the page for {name}',
                  [f'{errno}: in the page, but no test proves it'
                   for errno in sorted(page - proved.keys())]
                  + [f'{errno}: proved by {proved[errno]}, but not in the page'
                     for errno in sorted(proved.keys() - page)])
    tap.check('the tests prove only errnos of exported functions',
              [f'{name} is not exported' for name in sorted(proofs.keys() - set(exported))])


def main():
    [source_root] = common.arguments('SOURCE_ROOT')
    exported = common.read_maps(source_root)
    functions, macros = common.read_headers(source_root)
    pages = man_page.read_pages(source_root)
    references = [page for page in pages if page.name.endswith('.3')]
    tap = common.Tap()

    tap.check('man/ contains pages of section 3',
              [] if references else [f'there is no man/*.3 in {source_root}'])
    check_documented(tap, references, exported, functions)
    check_names_exist(tap, pages, exported, macros)
    check_structs(tap, source_root, references)
    check_macros(tap, references, macros)
    check_programs(tap, source_root, pages)
    check_errnos(tap, source_root, references, exported, functions)
    tap.finish()


main()
