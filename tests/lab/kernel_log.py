# SPDX-License-Identifier: MIT
# Which lines of a kernel log mean that a run did harm. The log judged begins where
# the device was bound (see init), so what a plain boot of the kernel prints is no
# part of it.
"""Judges the kernel log of a run."""

import re

# From <linux/kern_levels.h>: emergency, alert, critical, error, warning.
WARNING = 4

# The parts of the kernel that a user of vfio-pci can upset. A PCI address is that
# of a driver's message about its device.
SUBSYSTEMS = re.compile(r"vfio|pci|iommu|dmar|irq|\bmsi|apic|"
                        r"\b[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]\b", re.IGNORECASE)

# Bad news at any level and from any part.
ALWAYS = re.compile(r"\bWARNING:|\bBUG:|\bOops\b|nobody cared|\bcall trace\b|Kernel panic|"
                    r"general protection fault|soft lockup|blocked for more than|"
                    r"detected stall", re.IGNORECASE)

# Exempt, and why. None of these can a user of vfio-pci cause or avoid.
EXEMPT = [re.compile(pattern) for pattern in (
    # Seen on 7.2: the PCI core says so whenever it resets a device whose driver has
    # no reset_prepare and reset_done. vfio-pci has neither, and resets the device at
    # every first open and last close. A reset that fails has other words.
    r"vfio-pci \S+: (resetting|reset done)",
    # Seen on 6.12 and 7.2 with the device edu, once per boot: vfio-pci resets a device
    # that has no reset of its own through the bridge above it, and the PCI core finds
    # that its own function for that does not lock the bridge.
    r"pcieport \S+: unlocked secondary bus reset via: \S+",
)]


def is_bad(line):
    """Whether a raw line, "<level>[time] text", means that a run did harm."""
    match = re.match(r"<(\d+)>(?:\[[^]]*\] ?)?(.*)", line)
    if not match:
        return bool(ALWAYS.search(line))
    # The lowest three bits are the level; above them is who wrote the message.
    level = int(match.group(1)) & 7
    text = match.group(2)
    if any(exempt.fullmatch(text) for exempt in EXEMPT):
        return False
    return bool(ALWAYS.search(text) or (level <= WARNING and SUBSYSTEMS.search(text)))


def bad_lines(log):
    """The lines of a raw log (as of dmesg -r) that mean that a run did harm."""
    return [line for line in log.splitlines() if is_bad(line)]
