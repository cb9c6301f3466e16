# SPDX-License-Identifier: MIT
# The kernels that the lab knows, and the cache that holds them: how to find the package of
# each one, which of its files are kept, and that an entry is complete or absent.
"""Finds, fetches and caches kernels."""

import contextlib
import fcntl
import glob
import lzma
import os
import re
import shutil
from dataclasses import dataclass

import dialects
import iommufd
import image
from archive import Archive
from common import LabError, say

# The suite of a kernel; None: as configured on this machine (Debian bookworm).
SUITES = {"5.10": "bullseye", "6.1": None, "6.12": None, "7": "sid"}
IOMMUFD = "6.12-iommufd"
IMAGE = "vmlinux"
VERSIONS = [*SUITES, IOMMUFD, *dialects.VERSIONS]

# The modules that are loaded. Their headers name the modules that they need.
VFIO_MODULES = ["vfio_iommu_type1", "vfio_pci"]
KVM_MODULES = ["kvm_amd"]


@dataclass
class Kernel:
    """A cached kernel: its image, and its modules in the order of loading."""

    version: str
    package: str
    directory: str
    # The image that boots fastest; see image.py.
    image: str
    vfio_modules: list
    kvm_modules: list


def cache_directory():
    """The directory of the cache, which is never in the source tree."""
    own = os.environ.get("VFIOPM_LAB_CACHE")
    if own:
        return os.path.abspath(own)
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return os.path.join(base, "vfiopm-lab")


def get(version):
    """The kernel of a version, fetched or built if it is not in the cache."""
    if version not in VERSIONS:
        raise LabError(f"no such kernel: {version}; known: {', '.join(VERSIONS)}")
    entry = os.path.join(cache_directory(), version)
    if not os.path.isdir(entry):
        with locked(entry + ".lock"):
            # Another run may have filled it while this one waited.
            if not os.path.isdir(entry):
                fill(version, entry)
    if not os.path.exists(os.path.join(entry, IMAGE)):
        with locked(entry + ".lock"):
            add_image(entry)
    return load(version, entry)


def load(version, entry):
    """Describe a cache entry."""
    with open(os.path.join(entry, "package"), encoding="utf-8") as file:
        package = file.read().strip()
    modules = {name: sorted(glob.glob(os.path.join(entry, name, "*.ko")))
               for name in ("vfio", "kvm")}
    return Kernel(version, package, entry, os.path.join(entry, IMAGE),
                  modules["vfio"], modules["kvm"])


@contextlib.contextmanager
def locked(path):
    """Hold a lock file, so that two runs do not fetch the same kernel."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another run is filling this cache entry: waiting for it")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def fill(version, entry):
    """Fill a cache entry. It is built beside its place, and moved there when it is complete."""
    partial = entry + ".partial"
    # A run that was killed may have left one. The lock shows that it is not in use.
    shutil.rmtree(partial, ignore_errors=True)
    finished = os.path.join(partial, "entry")
    os.makedirs(finished)
    try:
        work = os.path.join(partial, "work")
        os.makedirs(work)
        if version == IOMMUFD:
            package = iommufd.build(work, finished)
        elif version in dialects.VERSIONS:
            package = dialects.build(version, get(dialects.BASE), work, finished)
        else:
            package = fetch(version, work, finished)
        with open(os.path.join(finished, "package"), "w", encoding="utf-8") as file:
            file.write(package + "\n")
        os.rename(finished, entry)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    say(f"kernel {version} is in the cache ({package})")


def add_image(entry):
    """Add the uncompressed image to a cache entry, or a link to the only one."""
    if os.path.exists(os.path.join(entry, IMAGE)):
        return
    partial = os.path.join(entry, IMAGE + ".partial")
    with contextlib.suppress(FileNotFoundError):
        os.unlink(partial)
    with open(os.path.join(entry, "vmlinuz"), "rb") as file:
        content = image.uncompressed(file.read())
    if content is None:
        os.symlink("vmlinuz", partial)
    else:
        with open(partial, "wb") as file:
            file.write(content)
    os.rename(partial, os.path.join(entry, IMAGE))


def fetch(version, work, finished):
    """Take a kernel out of the archive; returns the name of its package."""
    suite = SUITES[version]
    archive = Archive(suite, os.path.join(work, "apt"))
    packages = newest_packages(archive, version)
    root = os.path.join(work, "root")
    os.makedirs(root)
    for package in packages:
        archive.unpack(package, root)
    images = glob.glob(os.path.join(root, "boot/vmlinuz-*"))
    # Since about 7.1 the image is beside the modules.
    images = images or glob.glob(os.path.join(root, "**/vmlinuz*"), recursive=True)
    if len(images) != 1:
        raise LabError(f"{' '.join(packages)}: {len(images)} kernel images instead of one")
    shutil.copyfile(images[0], os.path.join(finished, "vmlinuz"))
    keep_modules(root, finished)
    return packages[0]


def newest_packages(archive, version):
    """The package, or the two packages, of the newest kernel of a version."""
    # 6.1.0-56, 6.12.117+deb12, 7.2.13+deb14; not -cloud-, -rt-, -unsigned.
    number = re.escape(version) + r"\.[0-9][0-9.]*([+~][0-9a-z.]+)?(-[0-9]+)?"
    names = archive.find_or_update(f"Linux {version}", rf"linux-(image|binary)-{number}-amd64")
    newest = max(names, key=lambda name: [int(digits) for digits in re.findall("[0-9]+", name)])
    release = newest.split("-", 2)[2]
    # Where the image is split, linux-image-* is an empty package.
    if f"linux-binary-{release}" in names:
        return [f"linux-binary-{release}", f"linux-modules-{release}"]
    return [f"linux-image-{release}"]


def keep_modules(root, finished):
    """Copy the modules that the lab loads, numbered in the order of loading."""
    files = {}
    for path in glob.glob(os.path.join(root, "**/*.ko*"), recursive=True):
        name = os.path.basename(path).split(".ko", 1)[0]
        files[name.replace("-", "_")] = path
    done = []
    for directory, names in (("vfio", VFIO_MODULES), ("kvm", KVM_MODULES)):
        os.makedirs(os.path.join(finished, directory))
        for name in names:
            keep_module(name, files, os.path.join(finished, directory), done)


def keep_module(name, files, directory, done):
    """Copy a module after those that it needs. done lists the modules that were copied."""
    if name in done:
        return
    if name not in files:
        raise LabError(f"the kernel package has no module {name}")
    content = read_module(files[name])
    needs = re.search(rb"\0depends=([^\0]*)\0", content)
    for need in needs.group(1).decode().split(",") if needs else []:
        if need:
            keep_module(need.replace("-", "_"), files, directory, done)
    done.append(name)
    with open(os.path.join(directory, f"{len(done):02}-{name}.ko"), "wb") as file:
        file.write(content)


def read_module(path):
    """The bytes of a module, uncompressed for the insmod of busybox."""
    with open(path, "rb") as file:
        content = file.read()
    if path.endswith(".ko.xz"):
        return lzma.decompress(content)
    if path.endswith(".ko"):
        return content
    raise LabError(f"{os.path.basename(path)}: a compression that the lab does not know")
