#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks the layers of a library. It computes them from the symbols of the static library and from
the includes of the sources. A circle of calls or of includes is a failure. HACKING.md must contain
the layers as --draw prints them.

usage: layers.py SOURCE_ROOT NAME STATIC_LIB
       layers.py --draw SOURCE_ROOT NAME STATIC_LIB
"""

import pathlib
import re
import sys

import common


def file_of(member):
    """Returns the source of a member: 'msix' for 'msix.c.o', 'sysfs' for '.._sysfs.c.o', and
    'guest/msix' for 'guest_msix.c.o'."""
    folder, name = re.search(r'(?:(guest)_)?([A-Za-z0-9-]+)\.c\.o$', member).groups()
    return f'{folder}/{name}' if folder else name


def calls(static_lib):
    """Returns {file: files whose symbols it refers to}."""
    defined = {}
    for member, symbols in common.archive_symbols(static_lib, '--extern-only',
                                                  '--defined-only').items():
        for symbol in symbols:
            defined[symbol] = file_of(member)
    graph = {}
    for member, symbols in common.archive_symbols(static_lib, '--undefined-only').items():
        users = graph.setdefault(file_of(member), set())
        users |= {defined[symbol] for symbol in symbols if symbol in defined}
    return graph


def includes(source_root, paths):
    """Returns {header: the headers of the library that it includes}."""
    def name_of(path):
        return str(path.resolve().relative_to(source_root.resolve()))

    return {name_of(path): {name_of(path.parent / name.strip('"'))
                            for name in common.includes(path) if name.startswith('"')}
            for path in paths}


def find_circle(graph):
    """Returns a circle as a list of nodes, or None."""
    done = set()
    path = []

    def visit(node):
        if node in path:
            return path[path.index(node):] + [node]
        if node in done:
            return None
        path.append(node)
        for other in sorted(graph.get(node, ())):
            circle = visit(other)
            if circle:
                return circle
        done.add(path.pop())
        return None

    for node in sorted(graph):
        circle = visit(node)
        if circle:
            return circle
    return None


def levels(graph):
    """Returns {file: level}. The level is 0 for a file that calls no other, else one above the
    highest callee."""
    found = {}

    def level(node):
        if node not in found:
            found[node] = max((level(other) + 1 for other in graph[node]), default=0)
        return found[node]

    for node in graph:
        level(node)
    return found


def draw(graph):
    """Returns one line per file, with the highest level first."""
    found = levels(graph)
    width = max(map(len, graph))
    lines = []
    for level in range(max(found.values()), -1, -1):
        for node in sorted(node for node in graph if found[node] == level):
            lines.append(f'{level:2}  {node:{width}}  {" ".join(sorted(graph[node])) or "-"}')
    return '\n'.join(lines)


def main():
    drawing = '--draw' in sys.argv
    if drawing:
        sys.argv.remove('--draw')
    source_root, name, static_lib = common.arguments('SOURCE_ROOT', 'NAME', 'STATIC_LIB')
    graph = calls(static_lib)
    circle = find_circle(graph)
    if drawing:
        print(draw(graph))
        return
    tap = common.Tap()

    # This result shows that the check reads the symbols. Without it, the others could pass on an
    # empty archive.
    directory = source_root / common.LIBRARIES[name.name][0]
    sources = {str(path.relative_to(directory).with_suffix(''))
               for path in common.library_files(source_root, name.name, '*.c')}
    tap.check('the static library contains each source, and the sources call one another',
              [f'there is no member for {source}.c' for source in sorted(sources - graph.keys())]
              + ([] if any(graph.values()) else ['no source calls another']))
    tap.check('the calls between the sources form no circle',
              [' -> '.join(circle)] if circle else [])
    circle_of_headers = find_circle(
        includes(source_root, common.library_files(source_root, name.name, '*.h')))
    tap.check('the includes between the private headers form no circle',
              [' -> '.join(circle_of_headers)] if circle_of_headers else [])
    if circle:
        tap.skip('HACKING.md shows the layers', 'there is a circle')
    else:
        hacking = pathlib.Path(source_root, 'HACKING.md').read_text()
        lines = [line for line in draw(graph).splitlines() if line not in hacking]
        tap.check(f'HACKING.md shows the layers of {name.name}',
                  [f'HACKING.md lacks: {line}' for line in lines])
    tap.finish()


main()
