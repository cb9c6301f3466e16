# SPDX-License-Identifier: MIT
"""Functions that the checks share: they print TAP, run tools, and read the version script, the
public headers and C sources. Each check in this directory takes all paths that it reads as
arguments."""

import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys


class Tap:
    """Collects results and prints them as TAP. The plan comes first, so that nothing is printed
    before the last result."""

    def __init__(self):
        self.lines = []
        self.count = 0
        self.failed = 0

    def check(self, text, problems=()):
        """Adds one result. It is ok if there are no problems; else the problems are printed."""
        problems = [str(problem) for problem in problems]
        self.count += 1
        self.failed += bool(problems)
        self.lines.append(f"{'not ok' if problems else 'ok'} {self.count} - {text}")
        for problem in problems:
            self.lines += [f"# {line}" for line in problem.splitlines() or ['']]

    def skip(self, text, reason):
        self.count += 1
        self.lines.append(f'ok {self.count} - {text} # SKIP {reason}')

    def finish(self):
        """Prints all results and ends the program. A check without results fails."""
        print(f'1..{self.count}')
        for line in self.lines:
            print(line)
        if self.count == 0:
            print('# no check was made')
        sys.exit(1 if self.failed or self.count == 0 else 0)


def arguments(*names):
    """Returns the paths on the command line, one per name."""
    if len(sys.argv) != len(names) + 1:
        sys.exit(f"usage: {sys.argv[0]} {' '.join(names)}")
    return [pathlib.Path(argument).absolute() for argument in sys.argv[1:]]


def fail(message):
    """Ends the program with an error: a file to be checked is unreadable."""
    sys.exit(f'{sys.argv[0]}: {message}')


def run(*command, stdin=''):
    """Runs a tool in the C locale. Returns its exit status and all its output."""
    done = subprocess.run([str(word) for word in command], input=stdin, text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env={**os.environ, 'LC_ALL': 'C'})
    return done.returncode, done.stdout


def output(*command):
    """Returns the output of a tool that must not fail."""
    status, text = run(*command)
    if status != 0:
        fail(f"{' '.join(str(word) for word in command)}: exit status {status}\n{text}")
    return text


def faults(status, text):
    """Returns the problems of a tool that must succeed without output."""
    return [text or f'exit status {status}'] if status != 0 or text else []


def compiler(variable, default):
    """Returns the command words of a compiler, from the environment or the default. Returns None
    if the compiler is not installed."""
    words = shlex.split(os.environ.get(variable) or default)
    return words if words and shutil.which(words[0]) else None


def is_instrumented(symbols):
    """Returns true if these undefined symbols show a build with a sanitizer, for coverage or for
    a fuzzer."""
    return any(re.match(r'__(asan|hwasan|msan|tsan|ubsan|sanitizer|gcov|llvm_prof|sancov)', symbol)
               for symbol in symbols)


def archive_symbols(archive, *options):
    """Returns {member: {symbol: type}} of a static library, from nm with these options."""
    members = {}
    member = None
    for line in output('nm', '--format=posix', *options, archive).splitlines():
        header = re.fullmatch(r'.*\[(.+)\]:|(.+):', line)
        if header:
            member = members.setdefault(header.group(1) or header.group(2), {})
        elif line.strip():
            name, kind = line.split()[:2]
            member[name] = kind
    return members


def plain_name(symbol):
    """Returns the function's name without its symbol version."""
    return symbol.split('@')[0]


# ---- the libraries ----

class Library:
    """A library of the tree. Each public header belongs to one library."""

    def __init__(self, source_root, name):
        if name not in LIBRARIES:
            fail(f'no such library: {name}')
        directory, self.own_headers, self.needs = LIBRARIES[name]
        self.name = name
        self.map = source_root / directory / f'lib{name}.sym'

    def has(self, header):
        """Returns true if a header belongs to this library. A header that no library lists
        belongs to the core library."""
        if self.own_headers:
            return header in self.own_headers
        return not any(header in headers for _, headers, _ in LIBRARIES.values())


# For each library its directory, its headers (empty: those that no other library lists), and the
# shared libraries that it needs.
LIBRARIES = {
    'vfiopm': ('lib', (), ['libc.so.6']),
    'vfiopm-udev': ('lib/udev', ('vfiopm/discover.h',), ['libc.so.6', 'libudev.so.1']),
}

# The folders below the directory of a library that hold sources of the same library.
FOLDERS = {'vfiopm': ('guest',), 'vfiopm-udev': ()}


def library_files(source_root, name, pattern):
    """Returns the files of a library that match a pattern, such as '*.c'."""
    directory = source_root / LIBRARIES[name][0]
    return [path for folder in ('.', *FOLDERS[name])
            for path in sorted((directory / folder).glob(pattern))]


# The functions that both libraries compile from one source (lib/text.c) and export, so that a
# program can link either library or both.
IN_BOTH = ('vfiopm_readout_control_name', 'vfiopm_readout_power_state_name',
           'vfiopm_readout_runtime_status_name')


def read_maps(source_root):
    """Returns {symbol: node} of all libraries."""
    symbols = {}
    for name in LIBRARIES:
        for symbol, node in read_map(Library(source_root, name).map).items():
            if symbol in symbols and symbol not in IN_BOTH:
                fail(f'{symbol} is exported by two libraries')
            symbols[symbol] = node
    return symbols


# ---- C ----

def c_files(source_root):
    """Yields each C and C++ file of the tree, except those in hidden and build directories. build/
    also holds the copies of the tree that scripts/mutants makes."""
    def walk(directory):
        for path in sorted(directory.iterdir()):
            if path.is_symlink() or path.name.startswith('.') or path == source_root / 'build':
                continue
            if path.is_dir():
                if not (path / 'meson-private').exists():
                    yield from walk(path)
            elif path.suffix in ('.c', '.h', '.cpp', '.cc', '.hpp'):
                yield path
    return walk(source_root)


COMMENT = re.compile(r'/\*.*?\*/|//[^\n]*', re.DOTALL)
STRING = re.compile(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'')


def without_comments(text):
    """Replaces each comment of a C text by a space and its line ends. Strings stay unchanged."""
    both = re.compile(f'({STRING.pattern})|({COMMENT.pattern})', re.DOTALL)
    return both.sub(lambda m: m.group(1) or ' ' + '\n' * m.group(2).count('\n'), text)


def includes(path):
    """Returns the includes of a C file, each with its brackets: '<stdint.h>', '"private.h"'."""
    return re.findall(r'^\s*#\s*include\s*(<[^>]*>|"[^"]*")',
                      without_comments(path.read_text()), re.MULTILINE)


def normalise(declaration):
    """Removes all white space without meaning from a declaration."""
    text = ' '.join(declaration.split())
    return re.sub(r' ?([*(),;]) ?', r'\1', text).strip()


# ---- the version script ----

def read_map(path):
    """Returns {symbol: node} of a GNU ld version script. Each node must name the node before it
    as its parent."""
    text = re.sub(r'/\*.*?\*/|#[^\n]*', ' ', path.read_text(), flags=re.DOTALL)
    symbols = {}
    node_pattern = re.compile(r'\s*([\w.]+)\s*\{([^}]*)\}\s*([\w.]*)\s*;')
    nodes = []
    end = 0
    for match in iter(lambda: node_pattern.match(text, end), None):
        node, body, parent = match.groups()
        end = match.end()
        if parent != (nodes[-1] if nodes else ''):
            fail(f'{path}: the parent of {node} is not the node before it')
        nodes.append(node)
        scope = 'global'
        for scope_word, symbol in re.findall(r'(?:(global|local)\s*:)|([^\s;:]+)\s*;', body):
            if scope_word:
                scope = scope_word
            elif scope == 'global':
                if not re.fullmatch(r'\w+', symbol):
                    fail(f'{path}: {node} exports a pattern: {symbol}')
                if symbol in symbols:
                    fail(f'{path}: {symbol} is exported twice')
                symbols[symbol] = node
    if text[end:].strip() or not symbols:
        fail(f'{path}: unknown syntax: {text[end:].strip()[:60]!r}')
    return symbols


# ---- the public headers ----

class Function:
    """A function of a public header."""

    def __init__(self, header, name, declaration, comment):
        self.header = header            # 'vfiopm/power.h'
        self.name = name
        self.declaration = declaration  # normalised, without its semicolon
        self.comment = comment          # the comment before the declaration
        self.returns_int = declaration.startswith(f'int {name}(')
        self.errnos = set()


def errnos_of_comment(comment):
    """Returns the errnos in a comment ('-EBADF') and the functions whose errnos it includes ('as
    vfiopm_enter() and:')."""
    return (set(re.findall(r'-(E[A-Z0-9]{2,})\b', comment)),
            set(re.findall(r'\bas (vfiopm_\w+)\(\) and:', comment)))


def declarations(text):
    """Yields (comment, declaration) of a header, in order. Declarations without an empty line
    between them share the comment before the first one."""
    text = re.sub(r'^[ \t]*#(?:[^\n]*\\\n)*[^\n]*', '', text, flags=re.MULTILINE)
    text = re.sub(r'extern "C" \{', '', text)
    # The bodies of structs declare members, some of which are function pointers.
    text = re.sub(r'^struct \w+ \{.*?^\};', '', text, flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r'^\}', '', text, flags=re.MULTILINE)
    pieces = re.compile(r'(?P<comment>/\*.*?\*/)|(?P<declaration>[^\s/](?:[^;/]|/(?!\*))*;)'
                        r'|(?P<gap>\n[ \t]*\n)', re.DOTALL)
    comment = ''
    for piece in pieces.finditer(text):
        if piece.lastgroup == 'declaration':
            yield comment, piece.group()
        else:
            comment = piece.group() if piece.lastgroup == 'comment' else ''


def header_paths(source_root):
    return sorted((source_root / 'include' / 'vfiopm').glob('*.h'))


def read_headers(source_root):
    """Returns ({function name: Function}, {macro name: header}) of the public headers."""
    functions = {}
    macros = {}
    for path in header_paths(source_root):
        header = f'vfiopm/{path.name}'
        text = path.read_text()
        # The comment before the include guard applies to the whole file.
        of_file, _ = errnos_of_comment(text.partition('#ifndef')[0])
        for name in re.findall(r'^[ \t]*#[ \t]*define[ \t]+(\w+)', text, re.MULTILINE):
            if name != f"VFIOPM_{path.stem.upper()}_H":
                macros[name] = header
        for comment, declaration in declarations(text):
            found = re.match(r'[^()]*?\b(\w+)\s*\(', declaration)
            if not found:
                continue
            function = Function(header, found.group(1), normalise(declaration.rstrip(';')), comment)
            function.errnos, takes_over = errnos_of_comment(comment)
            for other in takes_over:
                if other not in functions:
                    fail(f'{path}: {function.name} includes the errnos of {other}, '
                         'which no earlier header declares')
                function.errnos |= functions[other].errnos
            if function.returns_int and not function.errnos:
                function.errnos = set(of_file)
            functions[function.name] = function
    return functions, macros
