# SPDX-License-Identifier: MIT
# Builds the one kernel that no package holds: 6.12 with iommufd and the vfio device cdev,
# from Debian's source package and iommufd.config.
"""Builds the kernel 6.12-iommufd."""

import os
import shutil

from archive import Archive, require
from build import step
from common import LabError

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE_PACKAGE = r"linux-source-6\.12"
PACKAGES = "gcc make flex bison bc xz-utils libelf-dev libssl-dev"


def build(work, finished):
    """Build the kernel below work; returns the name of its source package."""
    require(["gcc", "make", "flex", "bison", "bc", "xz"], PACKAGES)
    for header in ("/usr/include/gelf.h", "/usr/include/openssl/ssl.h"):
        if not os.path.exists(header):
            raise LabError(f"{header} not found; install: {PACKAGES}")
    archive = Archive()
    package = archive.find_or_update("the source of Linux 6.12", SOURCE_PACKAGE)[0]
    archive.unpack(package, work)
    tarball = os.path.join(work, f"usr/src/{package}.tar.xz")
    log = os.path.join(work, "log")
    step("unpacking the source", ["tar", "-xf", tarball, "-C", work], work, log)
    tree = os.path.join(work, package)
    fragment = os.path.join(HERE, "iommufd.config")
    step("configuring", ["make", "tinyconfig"], tree, log)
    step("configuring", ["scripts/kconfig/merge_config.sh", "-m", ".config", fragment], tree, log)
    step("configuring", ["make", "olddefconfig"], tree, log)
    check_config(os.path.join(tree, ".config"), fragment)
    step("building the kernel", ["make", f"-j{os.cpu_count()}", "bzImage"], tree, log)
    shutil.copyfile(os.path.join(tree, "arch/x86/boot/bzImage"),
                    os.path.join(finished, "vmlinuz"))
    return package


def check_config(config, fragment):
    """Raise if the configuration lacks an option of the fragment.

    kconfig drops an option silently if it does not know it, or if a dependency is missing."""
    with open(config, encoding="utf-8") as file:
        got = set(file.read().splitlines())
    with open(fragment, encoding="utf-8") as file:
        wanted = [line for line in file.read().splitlines() if line.startswith("CONFIG_")]
    lost = [line for line in wanted if line not in got]
    if lost:
        raise LabError("the kernel's configuration lacks " + ", ".join(lost))
