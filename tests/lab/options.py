# SPDX-License-Identifier: MIT
# The options that describe a machine. All commands of the lab share them.
"""Reads the command line and makes a machine of it."""

import argparse
import os
import re
import signal

import initramfs
import kernels
import machine
from common import LabError, say

INTERRUPTS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


class Parser(argparse.ArgumentParser):
    """An error in the command line ends as all errors of the lab do: the exit status 2
    of argparse may be that of a program."""

    def error(self, message):
        raise LabError(f"{message}\n{self.format_usage().rstrip()}")


def add_options(parser):
    """Add the options that describe a machine."""
    parser.add_argument("--kernel", required=True, metavar="VERSION",
                        help=", ".join(kernels.VERSIONS))
    parser.add_argument("--d3cold", action="store_true",
                        help="let the platform cut the device's power (else it reaches D3hot)")
    parser.add_argument("--device", default="e1000e", metavar="NAME",
                        help=", ".join(sorted(machine.DEVICES)) + " (default: e1000e)")
    parser.add_argument("--file", action="append", default=[], metavar="PATH",
                        help="copy a file to the program's working directory")
    parser.add_argument("--env", action="append", default=[], metavar="NAME=VALUE",
                        type=setting, help="set a variable for the program")
    parser.add_argument("--append", action="append", default=[], metavar="PARAMETER",
                        help="add a parameter to the kernel's command line")
    parser.add_argument("--limit", type=float, default=60, metavar="SECONDS",
                        help="the time that the boot may take, and after it each program "
                             "(default: 60)")
    parser.add_argument("--cpus", type=int, default=1, metavar="N", help="(default: 1)")
    parser.add_argument("--kvm", action="store_true", help="load the modules of KVM")
    parser.add_argument("--real-time", action="store_true",
                        help="let the guest's clock follow the clock of the host (else it counts "
                             "instructions and skips the time in which the guest sleeps)")
    parser.add_argument("--verbose", action="store_true",
                        help="print the console to standard error")


def setting(text):
    """A NAME=VALUE of the command line, as a pair."""
    if not re.match(r"[A-Za-z_][A-Za-z0-9_]*=", text):
        raise argparse.ArgumentTypeError(f"{text} is not NAME=VALUE")
    return text.split("=", 1)


def split(words):
    """The words before the first --, and those after it."""
    end = words.index("--") if "--" in words else len(words)
    return words[:end], words[end + 1:]


def unwind_on_signals():
    """Let a signal end the lab by unwinding, so that QEMU is stopped."""
    for number in INTERRUPTS:
        signal.signal(number, interrupted)


def interrupted(number, _):
    """Handle a signal."""
    # A second signal must not interrupt the unwinding.
    for other in INTERRUPTS:
        signal.signal(other, signal.SIG_IGN)
    raise SystemExit(128 + number)


def configure(options, programs, environment):
    """The configuration of a machine that can run these programs.

    programs: a list of words for each program."""
    environment = {
        "HOME": "/",
        "PATH": "/bin:/sbin:/usr/bin:/usr/sbin",
        "VFIOPM_LAB_DEVICE": machine.ADDRESS,
        "VFIOPM_LAB_KERNEL": options.kernel,
        "VFIOPM_LAB_D3COLD": str(int(options.d3cold)),
        **environment,
        **dict(options.env),
    }
    machine.check_device(options.device)
    kernel = kernels.get(options.kernel)
    archive = initramfs.build(kernel, programs, options.file, environment,
                              d3cold=options.d3cold, kvm=options.kvm)
    table = machine.power_resource() if options.d3cold else None
    return machine.Configuration(kernel.image, archive, options.device, table, options.cpus,
                                 options.append, options.real_time, options.verbose)


def sinks(options, output):
    """Where the bytes of the machine go: output takes those of the programs."""
    result = {machine.OUTPUT: output}
    if options.verbose:
        result[machine.CONSOLE] = lambda data: write_all(2, data)
        result[machine.WITNESS] = show_power
    return result


def show_power(data):
    """Print what the power resource of d3cold.asl did."""
    for byte in data.decode():
        say(f"the platform switched the power {'on' if byte == '1' else 'off'}")


def write_all(descriptor, data):
    """Write all data at once. If the reader is gone, the run ends."""
    try:
        while data:
            data = data[os.write(descriptor, data):]
    except BrokenPipeError:
        raise SystemExit(128 + signal.SIGPIPE) from None
