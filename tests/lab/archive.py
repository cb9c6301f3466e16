# SPDX-License-Identifier: MIT
# Takes packages out of a Debian archive without installing them: with the apt state of this
# machine, or with a private state for a suite that this machine does not use. It knows packages;
# kernels.py knows which of them hold kernels.
"""Finds, downloads and unpacks Debian packages."""

import glob
import os
import re
import subprocess

from common import LabError, say

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"

# As root, apt changes to the user _apt, who may not enter the cache directory, and warns about
# that. apt checks each download against a signed index all the same.
AS_CALLER = ["-o", "APT::Sandbox::User=root"]


def require(tools, packages):
    """Raise unless all tools are installed. packages: the packages that hold them."""
    missing = [tool for tool in tools if not find_tool(tool)]
    if missing:
        raise LabError(f"{', '.join(missing)} not found; install: {packages}")


def find_tool(tool):
    """The path of a tool, or None. It also looks where the PATH of a plain user does not."""
    for directory in os.environ.get("PATH", "").split(":") + ["/usr/sbin", "/sbin"]:
        path = os.path.join(directory, tool)
        if os.access(path, os.X_OK):
            return path
    return None


class Archive:
    """One apt state: that of this machine (no suite), or a private one."""

    def __init__(self, suite=None, state=None):
        require(["apt-get", "apt-cache", "dpkg"], "apt (the lab's kernels are Debian packages)")
        self.suite = suite
        self.options = list(AS_CALLER)
        if suite:
            self.options += private_options(suite, state)

    def find(self, pattern):
        """The names of all packages that match a regular expression entirely."""
        output = self._run(["apt-cache", *self.options, "search", "--names-only", pattern])
        names = [line.split(" ", 1)[0] for line in output.splitlines()]
        return [name for name in names if re.fullmatch(pattern, name)]

    def find_or_update(self, what, pattern):
        """As find(). Reads the lists of the archive first if that is needed and permitted."""
        if self.suite:
            self.update()
        names = self.find(pattern)
        if not names and not self.suite:
            if os.geteuid() != 0:
                raise LabError(f"apt knows no package of {what}; "
                               "its lists may be empty: run 'apt-get update' as root")
            say(f"apt knows no package of {what}: running apt-get update")
            self.update()
            names = self.find(pattern)
        if not names:
            raise LabError(f"there is no package of {what} in "
                           f"{self.suite or 'the suites that this machine uses'}")
        return names

    def update(self):
        """Read the archive's lists."""
        if self.suite:
            say(f"reading the package lists of {self.suite}")
            # Without this apt reports success if there is no network. The sources of this
            # machine may include a broken one that the lab does not need.
            strict = ["-o", "APT::Update::Error-Mode=any"]
        else:
            strict = []
        self._run(["apt-get", *self.options, *strict, "-q", "update"])

    def unpack(self, package, directory):
        """Download a package and unpack it below directory."""
        say(f"downloading {package}")
        download = os.path.join(directory, "download")
        os.makedirs(download)
        self._run(["apt-get", *self.options, "-q", "download", package], cwd=download)
        files = glob.glob(os.path.join(download, "*.deb"))
        if len(files) != 1:
            raise LabError(f"apt-get download {package} left {len(files)} files")
        say(f"unpacking {package}")
        self._run(["dpkg", "-x", files[0], directory])
        os.unlink(files[0])
        os.rmdir(download)

    def _run(self, command, cwd=None):
        done = subprocess.run(command, cwd=cwd, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, errors="replace", check=False)
        if done.returncode != 0:
            shown = " ".join([command[0], *command[-2:]])
            raise LabError(f"{shown} failed (is there a network?):\n{done.stderr.strip()}")
        return done.stdout


def private_options(suite, state):
    """Make an apt state for one suite below the directory "state"; returns its options."""
    if not os.path.exists(KEYRING):
        raise LabError(f"{KEYRING} not found; install: debian-archive-keyring")
    for name in ["lists/partial", "cache/archives/partial"]:
        os.makedirs(os.path.join(state, name))
    sources = os.path.join(state, "sources.list")
    status = os.path.join(state, "status")
    with open(sources, "w", encoding="utf-8") as file:
        file.write(f"deb [signed-by={KEYRING}] {archive_uri()} {suite} main\n")
    # The list of installed packages is empty: those of this machine do not matter.
    with open(status, "w", encoding="utf-8"):
        pass
    settings = {
        "Dir::Etc::SourceList": sources,
        "Dir::Etc::SourceParts": "/dev/null",
        "Dir::State::Lists": os.path.join(state, "lists"),
        "Dir::State::status": status,
        "Dir::Cache": os.path.join(state, "cache"),
    }
    return [word for key, value in settings.items() for word in ("-o", f"{key}={value}")]


def archive_uri():
    """The URI of the archive that this machine was installed from."""
    for uri, suites, components in configured_sources():
        # Suites with a hyphen, as bookworm-security, may be in other archives.
        plain = [suite for suite in suites if re.fullmatch(r"[a-z]+", suite)]
        if plain and "main" in components and not uri.startswith("cdrom:"):
            return uri
    raise LabError("found no Debian archive in /etc/apt/sources.list or "
                   "/etc/apt/sources.list.d: the lab takes the archive's address from there")


def configured_sources():
    """All (uri, suites, components) of binary packages in the configuration of apt."""
    for path in ["/etc/apt/sources.list",
                 *sorted(glob.glob("/etc/apt/sources.list.d/*.list"))]:
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                yield from parse_one_line(file.read())
    for path in sorted(glob.glob("/etc/apt/sources.list.d/*.sources")):
        with open(path, encoding="utf-8") as file:
            yield from parse_deb822(file.read())


def parse_one_line(text):
    """Sources in the form: deb [options] uri suite component..."""
    for line in text.splitlines():
        line = line.split("#", 1)[0]
        match = re.match(r"\s*deb\s+(?:\[[^]]*\]\s*)?(\S+)\s+(\S+)\s*(.*)", line)
        if match:
            yield match.group(1), [match.group(2)], match.group(3).split()


def parse_deb822(text):
    """Sources in the form of paragraphs with fields."""
    # A comment line inside a paragraph does not end the paragraph.
    text = re.sub(r"^#.*\n?", "", text, flags=re.MULTILINE)
    for paragraph in re.split(r"\n\s*\n", text):
        # A line that begins with a blank continues the one before.
        lines = re.sub(r"\n[ \t]+", " ", paragraph.strip("\n")).splitlines()
        pairs = (line.split(":", 1) for line in lines if ":" in line)
        fields = {key.strip().lower(): value.split() for key, value in pairs}
        if "deb" not in fields.get("types", []) or fields.get("enabled") == ["no"]:
            continue
        for uri in fields.get("uris", []):
            yield uri, fields.get("suites", []), fields.get("components", [])
