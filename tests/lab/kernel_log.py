# SPDX-License-Identifier: MIT
# Decides which lines of a kernel log mean that a program did harm. The log begins when the
# device is bound (see init), so the messages of a boot are not part of it.
"""Finds the messages in a kernel log that mean harm."""

import re

# From <linux/kern_levels.h>: emergency, alert, critical, error, warning.
WARNING = 4

# The subsystems of the kernel that a user of vfio-pci can disturb. A PCI address marks the
# message of a driver about its device.
SUBSYSTEMS = re.compile(r"vfio|pci|iommu|dmar|irq|\bmsi|apic|"
                        r"\b[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]\b", re.IGNORECASE)

# These mean harm at any level and from any subsystem.
ALWAYS = re.compile(r"\bWARNING:|\bBUG:|\bOops\b|nobody cared|\bcall trace\b|Kernel panic|"
                    r"general protection fault|soft lockup|blocked for more than|"
                    r"detected stall", re.IGNORECASE)

# Exempt messages, with the reasons. A user of vfio-pci can neither cause nor avoid them.
EXEMPT = [re.compile(pattern) for pattern in (
    # Seen on 7.2: the PCI core prints this whenever it resets a device whose driver has no
    # reset_prepare and reset_done. vfio-pci has neither, and resets the device at every first
    # open and last close. The message of a reset that fails is another one.
    r"vfio-pci \S+: (resetting|reset done)",
    # Seen on 6.12 and 7.2 with the device edu, once per boot: vfio-pci resets a device that
    # has no reset of its own through the bridge above it, and the PCI core warns that its own
    # function for such a reset does not lock the bridge.
    r"pcieport \S+: unlocked secondary bus reset via: \S+",
)]


def is_bad(line):
    """Whether a raw line, "<level>[time] text", means harm."""
    match = re.match(r"<(\d+)>(?:\[[^]]*\] ?)?(.*)", line)
    if not match:
        return bool(ALWAYS.search(line))
    # The lowest three bits are the level; those above are the facility.
    level = int(match.group(1)) & 7
    text = match.group(2)
    if any(exempt.fullmatch(text) for exempt in EXEMPT):
        return False
    return bool(ALWAYS.search(text) or (level <= WARNING and SUBSYSTEMS.search(text)))


def bad_lines(log):
    """The lines of a raw log, as dmesg -r prints it, that mean harm."""
    return [line for line in log.splitlines() if is_bad(line)]
