# SPDX-License-Identifier: MIT
"""Parses a manual page for the checks of manual pages.

A page of section 3 is written in mdoc(7) and has
- the prototypes, and structs with members, in SYNOPSIS as C, in a literal display;
- one table in ERRORS, if a function returns int. The table is a column list. A row names an
  errno, then functions, then the cause. A row without an errno belongs to the errno above it:
      .It Er EINVAL Ta Sy all :
      A pointer is NULL.
      .It Ta Sy open , set_address :
      .Fa pci_address
      is not an address.
  The functions lack the prefix that the text before the table quotes with .Ql. The word
  "all" stands for each function of the page that returns int.
"""

import re
import shlex

import common

# A struct with members, as a header and a SYNOPSIS declare it.
STRUCT = re.compile(r'^struct (\w+) \{.*?^\};', re.MULTILINE | re.DOTALL)


def structs(text):
    """Returns {struct: normalised declaration} of each struct with members in C text."""
    return {found.group(1): common.normalise(found.group())
            for found in STRUCT.finditer(common.without_comments(text))}


def macro_line(line):
    """Returns (macro, arguments) of a line that calls a macro, else (None, []). The arguments of
    a function in a sentence (.Fn NAME ,) include the punctuation."""
    if not re.match(r'\.\s*\w', line):
        return None, []
    words = shlex.split(line[1:].replace("'", "\\'"))
    return words[0], words[1:]


class Page:
    """A manual page in mdoc(7)."""

    def __init__(self, path):
        self.path = path
        self.name = path.name
        text = path.read_text()
        self.line_count = len(text.splitlines())
        lines = [line for line in text.splitlines() if not line.startswith('.\\"')]
        self.sections = {}
        section = self.sections.setdefault('', [])
        for line in lines:
            if line.startswith('.Sh '):
                section = self.sections.setdefault(line[4:].strip(), [])
            section.append(line)
        self.text = '\n'.join(lines)

    def words_after(self, macro):
        """Returns each word that this macro marks, at any place of a line."""
        return re.findall(rf'^\..*?\b{macro} (\w+)', self.text, re.MULTILINE)

    def date(self):
        return self.text.partition('.Dd ')[2].partition('\n')[0]

    def references(self):
        """Returns the file names of the pages that this page refers to."""
        return {f'{name}.{section}' for name, section in
                re.findall(r'^\..*?\bXr ([\w-]+) (\d)', self.text, re.MULTILINE)}

    def named(self):
        """Returns the functions that NAME lists."""
        calls = map(macro_line, self.sections.get('NAME', []))
        return [arguments[0] for macro, arguments in calls if macro == 'Nm' and arguments]

    def prototypes(self):
        """Returns {function: (prototype, header)} of SYNOPSIS."""
        result = {}
        header = display = None

        def add(declaration):
            found = re.match(r'[^()]*?\b(\w+)\s*\(', declaration)
            if found:
                result[found.group(1)] = (common.normalise(declaration), header)

        for line in self.sections.get('SYNOPSIS', []):
            macro, arguments = macro_line(line)
            if macro == 'In':
                header = arguments[0]
            elif macro == 'Bd':
                display = []
            elif macro == 'Ed':
                for declaration in STRUCT.sub('', '\n'.join(display)).split(';'):
                    add(declaration)
                display = None
            elif display is not None:
                display.append(line)
        return result

    def structs(self):
        """Returns {struct: declaration} of each struct with members in SYNOPSIS."""
        return structs('\n'.join(self.sections.get('SYNOPSIS', [])))

    def programs(self):
        """Returns the C programs among the literal displays: those that include a header."""
        displays = re.findall(r'^\.Bd -literal\b[^\n]*\n(.*?)^\.Ed$', self.text,
                              re.MULTILINE | re.DOTALL)
        return [re.sub(r'\\(e|&)', lambda m: {'e': '\\', '&': ''}[m.group(1)], text)
                for text in displays if re.search(r'^#include', text, re.MULTILINE)]

    def rows(self):
        """Yields the rows of the tables in ERRORS: (errno or None, words before the colon)."""
        row = None
        for line in self.sections.get('ERRORS', []):
            macro, arguments = macro_line(line)
            if macro == 'It':
                errno = arguments[1] if arguments[0] == 'Er' else None
                row = arguments[arguments.index('Ta') + 1:] if 'Ta' in arguments else [':']
            elif macro == 'Sy' and row is not None:
                row += arguments
            if row and ':' in row:
                yield errno, [word for word in row[:row.index(':')] if word not in ('Sy', ',')]
                row = None

    def errnos(self):
        """Returns ({function: errnos}, faults of the form) of ERRORS."""
        prototypes = self.prototypes()
        calls = list(map(macro_line, self.sections.get('ERRORS', [])))
        prefix = next((arguments[0] for macro, arguments in calls if macro == 'Ql'), '')
        lists = [arguments[0] for macro, arguments in calls if macro == 'Bl']
        items = sum(macro == 'It' for macro, _ in calls)
        rows = list(self.rows())
        faults = []
        result = {}

        def functions(word):
            if word == 'all':
                return [name for name, (prototype, _) in prototypes.items()
                        if prototype.startswith('int ')]
            return [prefix + word] if prefix + word in prototypes else []

        has_errnos = any(prototype.startswith('int ') for prototype, _ in prototypes.values())
        if lists != (['-column'] if has_errnos else []):
            faults.append(f'the lists of ERRORS: {lists}')
        if len(rows) != items:
            faults.append(f'{items} items, of which only {len(rows)} name functions and a colon')
        current = None
        for errno, words in rows:
            current = errno or current
            # The row before the first errno is the heading.
            for word in words if current else ():
                names = functions(word)
                if not names:
                    faults.append(f'{current}: not a function of this page: {word}')
                for name in names:
                    result.setdefault(name, set()).add(current)
            if current and not words:
                faults.append(f'{current}: a row without a function')
        return result, faults


def read_pages(source_root):
    return [Page(path) for path in sorted((source_root / 'man').glob('*.[1-9]'))]
