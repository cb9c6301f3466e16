#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The commands of README.md work as they are written: installation, programs, the tool and the
Meson subproject.

Without --bare, the commands run on this system. Overlays on /usr, /etc and /var take all changes,
in a mount namespace that ends with the test. With --bare, the commands run in a new minimal
Debian 12, which has only the packages that README.md names.

usage: readme.py SOURCE_ROOT
       readme.py --bare SOURCE_ROOT
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import common

# The environment variable that names a directory for the overlays, in the mount namespace.
LAYERS = 'VFIOPM_README_LAYERS'

# A program that uses each library which its command line names.
PROGRAM = '''#define {macro}
#include "{source}"
'''


# ---- README.md ----

def sections(text):
    """Returns {heading: the indented blocks of its section, each without the indentation}."""
    found = {}
    heading = ''
    for line in text.splitlines():
        if line.startswith('#'):
            heading = line.strip('# ')
        elif line.startswith('    '):
            blocks = found.setdefault(heading, [[]])
            blocks[-1].append(line[4:])
        elif line.strip() and found.get(heading, [[]])[-1]:
            found[heading].append([])
        elif heading in found and found[heading][-1]:
            found[heading][-1].append('')
    return {name: ['\n'.join(block).strip() + '\n' for block in blocks if block]
            for name, blocks in found.items()}


def last_lines(text):
    return '\n'.join(text.splitlines()[-40:])


# ---- systems ----

class System:
    """A root directory in which commands run, with a copy of the source."""

    def __init__(self, root, source_root):
        self.root = root
        self.home = pathlib.Path('/root/libvfiopm-readme')
        path = self.path(self.home)
        shutil.copytree(source_root, path, symlinks=True,
                        ignore=lambda directory, names: [
                            name for name in names if name in ('.git', '__pycache__')
                            or (name.startswith('build') and directory == str(source_root))])

    def path(self, name):
        """Returns the path outside of the root."""
        return pathlib.Path(f'{self.root}/{name}')

    def run(self, command, directory=None, answer=''):
        """Returns (exit status, output) of a shell command."""
        command = f'cd {directory or self.home} && {{ {command}\n}}'
        done = subprocess.run(['chroot', str(self.root), 'bash', '-c', command], input=answer,
                              text=True, check=False, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT,
                              env={'PATH': '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin',
                                   'HOME': '/root', 'LC_ALL': 'C.UTF-8'})
        return done.returncode, done.stdout

    def check(self, tap, text, command, directory=None, answer=''):
        status, said = self.run(command, directory, answer)
        tap.check(text, [f'exit status {status}\n{last_lines(said)}'] if status != 0 else [])
        return said

    def forget(self):
        """Removes the installed libraries."""
        self.run('find /usr -xdev \\( -name "*vfiopm*" -o -path "/usr/include/vfiopm/*" \\)'
                 ' -not -type d -delete')


def enter_namespace(tap):
    """Runs this program again in a mount namespace, and ends with its status."""
    status, said = common.run('unshare', '--mount', 'true')
    if status != 0:
        tap.skip('the commands of README.md', f'no mount namespace here: {said.strip()}')
        tap.finish()
    with tempfile.TemporaryDirectory(prefix='vfiopm-readme-') as layers:
        sys.exit(subprocess.run(['unshare', '--mount', sys.executable, '-B', *sys.argv],
                                check=False, env={**os.environ, LAYERS: layers}).returncode)


def overlay(tap, layers):
    """Puts overlays on the directories that an installation changes."""
    commands = [['mount', '-t', 'tmpfs', 'tmpfs', layers]]
    for name in ('usr', 'etc', 'var', 'root'):
        upper, work = f'{layers}/{name}', f'{layers}/{name}-work'
        commands += [['mkdir', upper, work],
                     ['mount', '-t', 'overlay', 'overlay', '-o',
                      f'lowerdir=/{name},upperdir={upper},workdir={work}', f'/{name}']]
    for command in commands:
        status, said = common.run(*command)
        if status != 0:
            tap.skip('the commands of README.md', f'no overlays here: {said.strip()}')
            tap.finish()


def debootstrap(tap, root):
    """Makes a minimal Debian 12 from the archive that this system's apt uses."""
    if not shutil.which('debootstrap'):
        tap.skip('the commands of README.md', 'no debootstrap')
        tap.finish()
    # The security archive has another label.
    lines = common.output('apt-get', 'indextargets', '--format', '$(LABEL) $(REPO_URI)',
                          'Created-By: Packages').splitlines()
    archives = [line.split()[1] for line in lines if line.startswith('Debian ')]
    if not archives:
        common.fail('apt-get names no Debian archive')
    common.output('debootstrap', '--variant=minbase', 'bookworm', root, archives[0])
    shutil.copy('/etc/resolv.conf', f'{root}/etc/resolv.conf')


# ---- checks ----

def check_install(tap, system, block, is_bare):
    apt, *commands = block.splitlines()
    packages = common.output('bash', '-c', '. "$0"; echo "${BUILD_PACKAGES[*]}"',
                             system.path(system.home) / 'scripts/packages.sh').strip()
    tap.check('README.md names the packages that the scripts install',
              [] if apt == f'apt-get install {packages}' else [f'scripts/packages.sh: {packages}'])
    if is_bare:
        system.check(tap, apt, apt, answer='y\n')
    for command in commands:
        said = system.check(tap, command, command)
        summary = said.partition('\n  Built\n')[2].partition('\nFound ninja')[0]
        tap.check('meson setup says what is built and why the tests are not',
                  [] if re.search(r'vfiopmctl +: YES', summary)
                  and 'NO: cmocka was not found (Debian: libcmocka-dev)' in summary else [summary])
        tap.check('there is no warning', re.findall('.*WARNING.*', said))


def check_program(tap, system, command):
    """A compiler's command line of README.md makes a program that works."""
    source = 'discover.c' if 'udev' in command else 'consumer.c'
    macro = 'BOTH' if 'udev vfiopm' in command else 'ONE'
    system.path(system.home / 'program.c').write_text(
        PROGRAM.format(macro=macro, source=f'pkgconfig/consumer/{source}'))
    system.check(tap, command, f'{command}\n [ "$(./a.out)" = ok ] && rm a.out')


def check_tool(tap, system, command):
    """The tool starts. What it answers depends on the system's devices."""
    status, said = system.run(f'timeout 2 {command}')
    tap.check(command, [f'exit status {status}\n{said}'] if status in (126, 127)
              or 'error while loading' in said else [])


def check_subproject(tap, system, blocks):
    wrap, build = blocks
    if system.run('command -v git')[0] != 0:
        tap.skip('the subproject', 'no git')
        return
    system.check(tap, 'a repository of this tree',
                 'git init -q . && git add -A && git -c user.name=test -c user.email=test '
                 'commit -q -m test')
    project = system.path(system.home / 'project')
    (project / 'subprojects').mkdir(parents=True)
    (project / 'subprojects/vfiopm.wrap').write_text(
        wrap.replace('<this repository>', f'file://{system.home}'))
    (project / 'meson.build').write_text(build)
    shutil.copy(project.parent / 'pkgconfig/consumer/consumer.c', project / 'program.c')
    system.check(tap, 'the wrap file and meson.build for a subproject',
                 'cd project && meson setup build && meson compile -C build && '
                 '[ "$(build/program)" = ok ]')


def check_without_dpkg(tap, system, block, compile_line):
    """Without dpkg-architecture the setup warns, and the option that it names is right. The build
    of the block exists; a change of its libdir compiles nothing again."""
    setup = block.splitlines()[1].partition(' && ')[0]
    system.forget()
    system.run('rm -f "$(command -v dpkg-architecture)"')
    said = system.check(tap, 'the setup without dpkg-architecture',
                        setup.replace(' build ', ' other '))
    option = re.search(r'WARNING: .* do not search /usr/(\S+)\. Use meson setup (--libdir=\S+),',
                       said)
    tap.check('the setup warns of a directory that is not searched',
              [] if option else [last_lines(said)])
    if not option:
        return
    said = system.check(tap, f'an installation in {option.group(1)}',
                        f'meson configure build -Dlibdir={option.group(1)} && '
                        'meson install -C build')
    tap.check('the installation ends with the warning',
              [] if option.group(2) in said.splitlines()[-1] else [last_lines(said)])
    tap.check('pkg-config does not find the library then',
              ['pkg-config finds it'] if system.run('pkg-config --exists vfiopm')[0] == 0 else [])
    system.forget()
    system.check(tap, f'an installation with {option.group(2)}',
                 f'meson configure build {option.group(2)} && meson install -C build')
    check_program(tap, system, compile_line)


def check(tap, system, is_bare):
    readme = sections((system.path(system.home) / 'README.md').read_text())
    install = readme['Install'][0]
    compile_lines = [line for block in readme['Build a program'] for line in block.splitlines()]
    tools = readme['Use the tool'][0].splitlines()

    tap.check('README.md has the sections that this check reads',
              [] if len(install.splitlines()) > 1 and compile_lines and tools else [str(readme)])
    if not is_bare:
        # A bare system has no cmocka, so the tests are not built.
        system.run('find /usr/lib -path "*cmocka*" -delete')
        system.forget()
        check_subproject(tap, system, readme['As a Meson subproject'])
    check_install(tap, system, install, is_bare)
    for line in tools:
        check_tool(tap, system, line)
    for line in compile_lines:
        check_program(tap, system, line)
    check_without_dpkg(tap, system, install, compile_lines[0])


def main():
    is_bare = '--bare' in sys.argv
    if is_bare:
        sys.argv.remove('--bare')
    [source_root] = common.arguments('SOURCE_ROOT')
    tap = common.Tap()

    if os.geteuid() != 0:
        tap.skip('the commands of README.md', 'only root can mount overlays and change the root')
        tap.finish()
    if is_bare:
        with tempfile.TemporaryDirectory(prefix='vfiopm-readme-') as root:
            debootstrap(tap, root)
            check(tap, System(root, source_root), is_bare)
    elif LAYERS not in os.environ:
        enter_namespace(tap)
    else:
        overlay(tap, os.environ[LAYERS])
        check(tap, System('/', source_root), is_bare)
    tap.finish()


main()
