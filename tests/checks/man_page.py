# SPDX-License-Identifier: MIT
"""Parses a manual page for the checks of manual pages.

A page of section 3 is written in mdoc(7) and has
- the prototypes in SYNOPSIS as C, in a literal display;
- one table in ERRORS. The table is a column list. A row names an errno, then functions,
  then the cause. A row without an errno belongs to the errno above it:
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

# Pages in an older form: functions by .Ft and .Fo, errnos in a list per function. The checks
# of the form skip these pages. Whoever rewrites a page removes its name from here.
OLDER_FORM = ('vfiopm_irq.3', 'vfiopm_msix.3',
              'vfiopm_power.3')


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
        self.is_older = path.name in OLDER_FORM
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
        header = kind = name = display = None
        parameters = []

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
                for declaration in '\n'.join(display).split(';'):
                    add(declaration)
                display = None
            elif display is not None:
                display.append(line)
            elif macro == 'Ft':
                kind = ' '.join(arguments)
            elif macro == 'Fn':
                add(f"{kind} {arguments[0]}({', '.join(arguments[1:])})")
            elif macro == 'Fo':
                name, parameters = arguments[0], []
            elif macro == 'Fa':
                parameters += arguments
            elif macro == 'Fc':
                add(f"{kind} {name}({', '.join(parameters)})")
        return result

    def programs(self):
        """Returns the C programs among the literal displays: those that include a header."""
        displays = re.findall(r'^\.Bd -literal\b[^\n]*\n(.*?)^\.Ed$', self.text,
                              re.MULTILINE | re.DOTALL)
        return [re.sub(r'\\(e|&)', lambda m: {'e': '\\', '&': ''}[m.group(1)], text)
                for text in displays if re.search(r'^#include', text, re.MULTILINE)]

    def errnos(self):
        """Returns ({function: errnos}, faults of the form) of ERRORS."""
        return (self.errnos_of_lists(), []) if self.is_older else self.errnos_of_table()

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

    def errnos_of_table(self):
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

        if lists != (['-column'] if prototypes else []):
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

    def errnos_of_lists(self):
        """Returns {function: errnos}. A list of errnos applies to the functions that the
        paragraph before it names. Several lists for one function add up."""
        result = {}
        functions = []
        in_list = False
        for line in self.sections.get('ERRORS', []):
            macro, arguments = macro_line(line)
            if macro in ('Sh', 'Ss', 'Pp'):
                functions = []
            elif macro == 'Bl':
                in_list = True
                for function in functions:
                    result.setdefault(function, set())
            elif macro == 'El':
                in_list, functions = False, []
            elif macro == 'It' and in_list:
                for previous, word in zip(arguments, arguments[1:]):
                    if previous == 'Er':
                        for function in functions:
                            result[function].add(word)
            elif not in_list and macro == 'Fn':
                functions.append(arguments[0])
        return result


def read_pages(source_root):
    return [Page(path) for path in sorted((source_root / 'man').glob('*.[1-9]'))]
