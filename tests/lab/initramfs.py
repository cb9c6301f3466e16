# SPDX-License-Identifier: MIT
# The file system of the guest, an initramfs built in memory: busybox, the modules, the
# init script with its settings, and the programs with all that they need.
"""Builds the initramfs."""

import os
import re
import shlex
import shutil
import stat
import subprocess

from archive import find_tool
from common import LabError

HERE = os.path.dirname(os.path.abspath(__file__))

# The directory of the programs and their files in the guest. Programs start in it.
WORK = "lab"

CONSOLE = os.makedev(5, 1)


class Cpio:
    """An archive in the format "newc", which the kernel unpacks."""

    def __init__(self):
        self.parts = []
        self.names = set()

    def directory(self, name):
        """Add a directory and those above it, each only once."""
        if name in self.names or not name:
            return
        self.directory(os.path.dirname(name))
        self._add(name, stat.S_IFDIR | 0o755)

    def file(self, name, content, mode=0o755):
        """Add a file."""
        self.directory(os.path.dirname(name))
        self._add(name, stat.S_IFREG | mode, content)

    def link(self, name, target):
        """Add a symbolic link."""
        self.directory(os.path.dirname(name))
        self._add(name, stat.S_IFLNK | 0o777, target.encode())

    def console(self):
        """Add /dev/console. The kernel opens it before init can mount /dev."""
        self.directory("dev")
        self._add("dev/console", stat.S_IFCHR | 0o600, device=CONSOLE)

    def finish(self):
        """The whole archive."""
        self._add("TRAILER!!!", 0)
        return b"".join(self.parts)

    def _add(self, name, mode, content=b"", device=0):
        if name in self.names:
            raise LabError(f"two files for /{name} in the guest: give them different names")
        self.names.add(name)
        path = os.fsencode(name) + b"\0"
        fields = [len(self.names), mode, 0, 0, 1, 0, len(content), 0, 0,
                  os.major(device), os.minor(device), len(path), 0]
        header = b"070701" + b"".join(b"%08X" % field for field in fields)
        self.parts += [padded(header + path), padded(content)]


def padded(data):
    """The data, extended to a multiple of four bytes."""
    return data + bytes(-len(data) % 4)


def build(kernel, programs, files, environment, d3cold=False, kvm=False):
    """The initramfs of one machine. programs: a list of words for each program.

    It is not compressed: the emulated processor reads some megabytes more faster than it
    decompresses them."""
    cpio = Cpio()
    cpio.console()
    add_busybox(cpio)
    cpio.file("init", read(os.path.join(HERE, "init")))
    modules = kernel.vfio_modules + (kernel.kvm_modules if kvm else [])
    for path in modules:
        cpio.file("modules/" + os.path.basename(path), read(path), 0o644)
    settings = {"DEVICE": environment["VFIOPM_LAB_DEVICE"],
                "D3COLD": int(d3cold), "KVM": int(kvm)}
    lines = [f"{key}={shlex.quote(str(value))}\n" for key, value in settings.items()]
    cpio.file("etc/lab.conf", "".join(lines).encode(), 0o644)
    paths = [find_program(words[0]) for words in programs]
    for number, (path, words) in enumerate(zip(paths, programs)):
        check_interpreter(path)
        cpio.file(f"etc/programs/{number}", start_script(path, words[1:], environment))
    add_files(cpio, [*paths, *files])
    return cpio.finish()


def add_busybox(cpio):
    """Add busybox under the names of all its applets."""
    busybox = find_tool("busybox")
    if not busybox:
        raise LabError("busybox not found; install: busybox-static")
    cpio.file("bin/busybox", read(busybox))
    for name, path in libraries(busybox):
        cpio.file("lib/" + name, read(path))
    output = subprocess.run([busybox, "--list"], stdout=subprocess.PIPE, text=True, check=True)
    for applet in output.stdout.split():
        if applet != "busybox":
            cpio.link("bin/" + applet, "busybox")


def find_program(program):
    """The path of a program, which is looked up in the PATH if it has no slash."""
    path = program if "/" in program else shutil.which(program) or program
    if not os.path.isfile(path):
        raise LabError(f"no such program: {program}")
    if not os.access(path, os.X_OK):
        raise LabError(f"not executable: {program}; try: chmod +x {program}")
    return path


def start_script(program, arguments, environment):
    """The script that executes a program in its directory and with its environment."""
    words = ["/" + WORK + "/" + os.path.basename(program), *arguments]
    lines = ["#!/bin/sh", "cd /" + WORK]
    lines += [f"export {name}={shlex.quote(value)}" for name, value in environment.items()]
    lines.append("exec " + " ".join(shlex.quote(word) for word in words))
    return os.fsencode("\n".join(lines) + "\n")


def add_files(cpio, paths):
    """Add programs and files, with the shared libraries of them all."""
    needed = {}
    for path in paths:
        if not os.path.isfile(path):
            raise LabError(f"no such file: {path}")
        content = read(path)
        mode = stat.S_IMODE(os.stat(path).st_mode)
        cpio.file(f"{WORK}/{os.path.basename(path)}", content, mode)
        if content.startswith(b"\x7fELF"):
            needed.update(libraries(path))
    for name, path in needed.items():
        if "lib/" + name not in cpio.names:
            cpio.file("lib/" + name, read(path))
        # The kernel looks for the loader by the path that is in the program.
        if "ld-" in name and path.lstrip("/") not in cpio.names:
            cpio.file(path.lstrip("/"), read(path))


def check_interpreter(path):
    """Raise if a script needs an interpreter that the guest does not have."""
    content = read(path)
    if content.startswith(b"#!"):
        words = content[2:].split(b"\n", 1)[0].split()
        if not words or words[0] not in (b"/bin/sh", b"/bin/busybox"):
            raise LabError(f"{path} is a script that is not for /bin/sh, "
                           "and the guest has no other interpreter")


def libraries(path):
    """The shared libraries of a program, as (name that the loader needs, path on this machine).

    All go to /lib in the guest, which every loader searches: the run path of a build
    directory does not exist there."""
    listing = subprocess.run(["ldd", path], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             text=True, env={**os.environ, "LC_ALL": "C"}, check=False)
    missing = re.findall(r"^\s*(\S+) => not found", listing.stdout, flags=re.MULTILINE)
    if missing:
        raise LabError(f"{path} needs libraries that this machine lacks: {', '.join(missing)}")
    found = re.findall(r"^\s*(?:(\S+) => )?(/\S+) \(0x", listing.stdout, flags=re.MULTILINE)
    return [(os.path.basename(name or file), file) for name, file in found]


def read(path):
    """All bytes of a file."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise LabError(f"{path}: {error.strerror}") from error
