#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The texts in Markdown follow the tree: each path that they name exists. README.md describes each
directory and names each command in scripts/. HACKING.md names only functions of the library.

usage: docs.py SOURCE_ROOT
"""

import re

import common

TEXTS = ('README.md', 'CONTRIBUTING.md', 'HACKING.md', 'SECURITY.md', 'tests/README.md')

# Names that stand for any name, and paths that a build makes.
PLACEHOLDER = re.compile(r'[A-Z]{2,}(?!\w*\.(md|txt))|^build/|^~')


def directories(source_root):
    """Returns the directories at the top of the tree."""
    return sorted(path.name for path in source_root.iterdir()
                  if path.is_dir() and not path.name.startswith(('.', 'build', '__')))


def paths(text, tops):
    """Returns the paths that a text names: words that begin with a directory of the tree, and files at its
    top."""
    names = '|'.join(map(re.escape, (*tops, '.ci', '.github')))
    found = re.findall(rf'(?<![\w/.<-])((?:{names})/[\w./*-]*|[A-Z]+\.md|NEWS)', text)
    return {name.rstrip('.') for name in found if not PLACEHOLDER.search(name)}


def main():
    [source_root] = common.arguments('SOURCE_ROOT')
    tap = common.Tap()
    tops = directories(source_root)
    readme = (source_root / 'README.md').read_text()

    for name in TEXTS:
        path = source_root / name
        found = sorted(paths(path.read_text(), tops))
        # A path of tests/README.md can be relative to tests/.
        tap.check(f'{name} names only paths that exist',
                  [f'there is no {name}' for name in found
                   if not any(list(base.glob(name.rstrip('/')))
                              for base in (source_root, path.parent))]
                  + ([] if found else ['no path was found']))
    hacking = (source_root / 'HACKING.md').read_text()
    code = '\n'.join(path.read_text() for path in sorted((source_root / 'lib').rglob('*.[ch]')))
    tap.check('HACKING.md names only functions and structs of lib/',
              [name for name in sorted(set(re.findall(r'\b(vfiopm_\w+|\w+\(\))', hacking)))
               if not re.search(rf'\b{re.escape(name.rstrip("()"))}\b', code)])
    tap.check('README.md describes each directory',
              [name for name in tops if not re.search(rf'^    {name}/', readme, re.MULTILINE)
               and name != 'LICENSES'])
    tap.check('README.md names each command in scripts/',
              [path.name for path in sorted((source_root / 'scripts').iterdir())
               if path.suffix == '' and path.name != 'build'
               and f'./scripts/{path.name}' not in readme])
    tap.finish()


main()
