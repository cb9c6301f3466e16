# SPDX-License-Identifier: MIT
# The emulated machine: its devices, the command that starts it, and one run of it
# from power on to power off. What the guest does inside is the business of init.
"""Runs the machine in QEMU."""

import contextlib
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field

from archive import find_tool, require
from common import LabError

HERE = os.path.dirname(os.path.abspath(__file__))

# Where the device is: the first function behind the only root port.
ADDRESS = "0000:01:00.0"

# The network devices have no network: a packet from outside would be an interrupt
# that no test asked for.
NULL_DISK = ["-blockdev", "driver=null-co,node-name=disk,size=16777216,read-zeroes=on"]
DEVICES = {
    "e1000e": ["-device", "e1000e,bus=rp1"],
    # Two functions of one device, the second bound to no driver.
    "e1000e-with-edu": ["-device", "e1000e,bus=rp1,addr=0.0,multifunction=on",
                        "-device", "edu,bus=rp1,addr=0.1"],
    "edu": ["-device", "edu,bus=rp1"],
    "nvme": [*NULL_DISK, "-device", "nvme,bus=rp1,serial=lab,drive=disk"],
    # With two virtual functions to switch on (vfio_pci.enable_sriov=1 on the command line).
    "nvme-sriov": ["-device", "nvme-subsys,id=subsystem",
                   "-device", "nvme,bus=rp1,serial=lab,subsys=subsystem,sriov_max_vfs=2,"
                   "sriov_vq_flexible=4,sriov_vi_flexible=2,max_ioqpairs=6,msix_qsize=5"],
    "virtio-blk-pci": [*NULL_DISK, "-device", "virtio-blk-pci,bus=rp1,drive=disk"],
    "virtio-net-pci": ["-device", "virtio-net-pci,bus=rp1,vectors=4"],
    "virtio-rng-pci": ["-device", "virtio-rng-pci,bus=rp1"],
}

# The machine's serial ports, in their order, and the witness of the power switch.
PORTS = ["console", "output", "report"]
WITNESS = "witness"


@dataclass
class Outcome:
    """What a run of the machine left behind."""

    timed_out: bool = False
    received: dict = field(default_factory=dict)
    qemu_status: int = 0
    seconds: float = 0.0


def check_device(name):
    """Raise if the lab has no device of that name."""
    if name not in DEVICES:
        raise LabError(f"no such device: {name}; known: {', '.join(sorted(DEVICES))}")


def memory_file(name, content):
    """A descriptor of a file that has no name, so that none can be left behind."""
    descriptor = os.memfd_create(name)
    with open(descriptor, "wb", closefd=False) as file:
        file.write(content)
    return descriptor


def power_resource():
    """The compiled ACPI table that makes D3cold reachable."""
    require(["iasl"], "acpica-tools")
    with tempfile.TemporaryDirectory(prefix="vfiopm-lab-") as directory:
        table = os.path.join(directory, "d3cold.aml")
        done = subprocess.run(["iasl", "-p", table, os.path.join(HERE, "d3cold.asl")],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if done.returncode != 0:
            raise LabError("iasl failed:\n" + done.stdout.decode(errors="replace"))
        with open(table, "rb") as file:
            return file.read()


def command_line(image, initramfs, table, device, cpus, more, verbose):
    """The QEMU command, without the ports. Never KVM: the machine that runs the
    lab may have a /dev/kvm that hangs, and the same emulation everywhere makes
    runs comparable."""
    qemu = find_tool("qemu-system-x86_64")
    if not qemu:
        raise LabError("qemu-system-x86_64 not found; install: qemu-system-x86")
    parameters = ["console=ttyS0", "intel_iommu=on", "panic=-1", "printk.devkmsg=on"]
    if not verbose:
        parameters.append("quiet")
    command = [qemu, "-no-user-config", "-nodefaults", "-display", "none", "-no-reboot",
               "-machine", "q35,kernel-irqchip=split", "-accel", "tcg", "-cpu", "max",
               "-smp", str(cpus), "-m", "512",
               "-kernel", image, "-initrd", f"/dev/fd/{initramfs}",
               "-device", "intel-iommu,intremap=on",
               "-device", "pcie-root-port,id=rp1,chassis=1,addr=1", *DEVICES[device]]
    if table is not None:
        parameters.append("pcie_port_pm=force")
        # With it the kernel leaves the port's power to ACPI hot-plug.
        command += ["-global", "ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off",
                    "-acpitable", f"file=/dev/fd/{table}"]
    return [*command, "-append", " ".join(parameters + more)]


def port_options(pipes):
    """The options that connect the ports to the writing ends of the pipes."""
    options = []
    for name, (_, writer) in pipes.items():
        options += ["-chardev", f"file,id={name},path=/dev/fd/{writer}"]
        if name == WITNESS:
            options += ["-device", f"isa-debugcon,iobase=0x5f0,chardev={name}"]
        else:
            options += ["-serial", f"chardev:{name}"]
    return options


def run(image, initramfs, table, device, cpus, more, limit, verbose, sinks):
    """Run the machine until it is off, or the limit is over.

    sinks: a function for each port that takes the bytes as they come."""
    started = time.monotonic()
    with contextlib.ExitStack() as stack:
        files = {"initramfs": memory_file("initramfs", initramfs)}
        if table is not None:
            files["table"] = memory_file("table", table)
        for descriptor in files.values():
            stack.callback(os.close, descriptor)
        command = command_line(image, files["initramfs"], files.get("table"),
                               device, cpus, more, verbose)
        names = PORTS + ([WITNESS] if table is not None else [])
        pipes = {name: os.pipe() for name in names}
        for reader, _ in pipes.values():
            stack.callback(os.close, reader)
        inherited = [*files.values(), *(writer for _, writer in pipes.values())]
        try:
            process = start(command + port_options(pipes), inherited)
        finally:
            for _, writer in pipes.values():
                os.close(writer)
        stack.callback(stop, process)
        streams = {reader: name for name, (reader, _) in pipes.items()}
        streams[process.stderr.fileno()] = "qemu"
        outcome = Outcome(received={name: bytearray() for name in streams.values()})
        outcome.timed_out = not relay(streams, outcome.received, sinks, started + limit)
        if not outcome.timed_out:
            outcome.qemu_status = process.wait()
        outcome.seconds = time.monotonic() - started
    return outcome


def start(command, inherited):
    """Start QEMU. In a group of its own: Ctrl-C comes to the lab first, which then
    ends QEMU; and should the lab be killed without warning, QEMU is too."""
    require(["setpriv"], "util-linux")
    return subprocess.Popen([find_tool("setpriv"), "--pdeathsig", "KILL", *command],
                            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                            stderr=subprocess.PIPE, pass_fds=inherited,
                            start_new_session=True)


def stop(process):
    """End QEMU if it still runs."""
    if process.poll() is None:
        process.send_signal(signal.SIGKILL)
    process.wait()
    process.stderr.close()


def relay(streams, received, sinks, deadline):
    """Read all streams until their end; False if the deadline came first."""
    with selectors.DefaultSelector() as selector:
        for descriptor in streams:
            selector.register(descriptor, selectors.EVENT_READ)
        while selector.get_map():
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            for key, _ in selector.select(left):
                data = os.read(key.fd, 65536)
                if not data:
                    selector.unregister(key.fd)
                    continue
                name = streams[key.fd]
                received[name] += data
                if name in sinks:
                    sinks[name](data)
    return True
