# SPDX-License-Identifier: MIT
# What every part of the lab shares: the error that ends a run with a message,
# and the one way to talk to the person who runs it.
"""The lab's error type and its messages."""

import sys


class LabError(Exception):
    """The lab itself could not do its work; the text says what to do."""


def say(text):
    """Print a line of the lab's own. Standard output belongs to the program."""
    print(f"lab: {text}", file=sys.stderr, flush=True)
