# SPDX-License-Identifier: MIT
# The steps of a build of a kernel or of modules.
"""Runs the commands that build kernels."""

import glob
import os
import subprocess
import time

from common import LabError, say

PROGRESS_SECONDS = 20


def step(title, command, directory, log):
    """Run a command with its output in a file. Print every 20 s that it still runs."""
    say(title)
    started = time.monotonic()
    with open(log, "wb") as output:
        process = subprocess.Popen(command, cwd=directory, stdin=subprocess.DEVNULL,
                                   stdout=output, stderr=subprocess.STDOUT)
        try:
            while True:
                try:
                    status = process.wait(PROGRESS_SECONDS)
                    break
                except subprocess.TimeoutExpired:
                    say(f"{title}: {time.monotonic() - started:.0f} s, "
                        f"{count_objects(directory)} objects so far")
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()
    if status != 0:
        with open(log, encoding="utf-8", errors="replace") as output:
            tail = "".join(output.readlines()[-20:])
        raise LabError(f"{title} failed ({command[0]} ended with {status}):\n{tail}")


def count_objects(directory):
    """The number of object files that a build has written."""
    return len(glob.glob(os.path.join(directory, "**/*.o"), recursive=True))
