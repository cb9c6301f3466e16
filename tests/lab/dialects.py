# SPDX-License-Identifier: MIT
# Builds the kernels with earlier versions of the low-power patches: Debian's kernel 6.1 with the
# modules of VFIO rebuilt from its source and dialects/*.patch.
"""Builds the kernels 6.1-v2, 6.1-v3 and 6.1-v4."""

import glob
import os
import re
import shutil

from archive import Archive, require
from build import step
from common import LabError

HERE = os.path.dirname(os.path.abspath(__file__))
BASE = "6.1"
VERSIONS = [f"{BASE}-{patch}" for patch in ("v2", "v3", "v4")]
SOURCE = "linux-source-6.1"
PACKAGES = "gcc-12 make patch xz-utils libc6-dev"
# The other modules below drivers/vfio need more sources.
LEFT_OUT = ["VFIO_MDEV", "VFIO_PLATFORM", "MLX5_VFIO_PCI", "HISI_ACC_VFIO_PCI",
            "DEBUG_INFO_BTF_MODULES"]


def build(version, base, work, finished):
    """Build the modules below work. base is the cached kernel 6.1, whose other files are copied.
    Returns the name of its package."""
    require(["gcc-12", "make", "patch", "xz"], PACKAGES)
    release = re.sub("^linux-image-", "", base.package)
    common = re.sub("-amd64$", "-common", release)
    archive = Archive()
    headers = f"linux-headers-{release}"
    if not archive.find(re.escape(headers)):
        raise LabError(f"the archive has no {headers} any more: remove {base.directory}, so that "
                       "the lab fetches the present kernel")
    for package in (headers, f"linux-headers-{common}", "linux-kbuild-6.1", SOURCE):
        archive.unpack(package, work)
    sources = os.path.join(work, "usr/src")
    log = os.path.join(work, "log")
    tarball = os.path.join(sources, f"{SOURCE}.tar.xz")
    step("unpacking the source of VFIO",
         ["tar", "-xf", tarball, "-C", work, f"{SOURCE}/drivers/vfio",
          f"{SOURCE}/include/linux/vfio_pci_core.h"], work, log)
    tree = os.path.join(work, SOURCE)
    patch = os.path.join(HERE, "dialects", version.removeprefix(f"{BASE}-") + ".patch")
    step("patching VFIO", ["patch", "-p1", "-i", patch], tree, log)
    shutil.copy(os.path.join(tree, "include/linux/vfio_pci_core.h"),
                os.path.join(sources, f"linux-headers-{common}/include/linux"))
    use_headers_in_place(os.path.join(sources, headers), sources)
    step("building VFIO",
         ["make", f"-j{os.cpu_count()}", "-C", os.path.join(sources, headers),
          f"M={tree}/drivers/vfio", *[f"CONFIG_{option}=" for option in LEFT_OUT], "modules"],
         work, log)
    copy(base, os.path.join(tree, "drivers/vfio"), finished)
    return base.package


def use_headers_in_place(headers, sources):
    """The Makefile of the package includes another one by its path on an installed system."""
    path = os.path.join(headers, "Makefile")
    with open(path, encoding="utf-8") as file:
        text = file.read()
    with open(path, "w", encoding="utf-8") as file:
        file.write(text.replace("/usr/src/", sources + "/"))


def copy(base, built, finished):
    """Copy the kernel, with the modules that were built instead of its own."""
    shutil.copyfile(os.path.join(base.directory, "vmlinuz"), os.path.join(finished, "vmlinuz"))
    for name in ("vfio", "kvm"):
        shutil.copytree(os.path.join(base.directory, name), os.path.join(finished, name))
    modules = {os.path.basename(path).replace("-", "_"): path
               for path in glob.glob(os.path.join(built, "**/*.ko"), recursive=True)}
    for path in glob.glob(os.path.join(finished, "vfio/*.ko")):
        # 05-vfio_pci_core.ko
        name = os.path.basename(path).split("-", 1)[1]
        if name in modules:
            shutil.copyfile(modules.pop(name), path)
    if modules:
        raise LabError(f"the kernel does not load {', '.join(sorted(modules))}")
