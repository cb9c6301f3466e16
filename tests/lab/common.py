# SPDX-License-Identifier: MIT
# What all parts of the lab share: the error that ends a run with a message, and the
# messages to the person who runs it.
"""The error type and the messages of the lab."""

import sys

# A kernel panic with its call trace and registers fits.
TAIL_LINES = 60


class LabError(Exception):
    """The lab itself could not do its work; the text says what to do."""


def say(text):
    """Print a message of the lab. Standard output belongs to the program."""
    print(f"lab: {text}", file=sys.stderr, flush=True)


def show_lines(title, text):
    """Print the last lines of a text under a title."""
    lines = text.replace("\r\n", "\n").splitlines()
    if lines:
        say(title)
    for line in lines[-TAIL_LINES:]:
        print("  " + line, file=sys.stderr)
