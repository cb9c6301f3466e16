# SPDX-License-Identifier: MIT
# The emulated machine: its devices, the QEMU command, and one QEMU process from power on
# to power off. guest.py knows what the guest does inside.
"""Runs the machine in QEMU."""

import contextlib
import os
import selectors
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass, field

from archive import find_tool, require
from common import LabError

HERE = os.path.dirname(os.path.abspath(__file__))

# The address of the device: the first function behind the only root port.
ADDRESS = "0000:01:00.0"

NULL_DISK = ["-blockdev", "driver=null-co,node-name=disk,size=16777216,read-zeroes=on"]
# The network devices have no network: a packet from outside would raise an interrupt
# that the test did not cause.
DEVICES = {
    "e1000e": ["-device", "e1000e,bus=rp1"],
    # Two functions of one device, in one group. The lab binds only the first one.
    "e1000e-pair": ["-device", "e1000e,bus=rp1,addr=0.0,multifunction=on",
                    "-device", "e1000e,bus=rp1,addr=0.1"],
    # Two functions of one device. The second has no driver.
    "e1000e-with-edu": ["-device", "e1000e,bus=rp1,addr=0.0,multifunction=on",
                        "-device", "edu,bus=rp1,addr=0.1"],
    "edu": ["-device", "edu,bus=rp1"],
    "nvme": [*NULL_DISK, "-device", "nvme,bus=rp1,serial=lab,drive=disk"],
    # It has two virtual functions; they need the parameter vfio_pci.enable_sriov=1.
    "nvme-sriov": ["-device", "nvme-subsys,id=subsystem",
                   "-device", "nvme,bus=rp1,serial=lab,subsys=subsystem,sriov_max_vfs=2,"
                   "sriov_vq_flexible=4,sriov_vi_flexible=2,max_ioqpairs=6,msix_qsize=5"],
    "virtio-blk-pci": [*NULL_DISK, "-device", "virtio-blk-pci,bus=rp1,drive=disk"],
    "virtio-net-pci": ["-device", "virtio-net-pci,bus=rp1,vectors=4"],
    "virtio-rng-pci": ["-device", "virtio-rng-pci,bus=rp1"],
}

# The guest's serial ports in their order. The lab only reads the first two.
CONSOLE, OUTPUT, CONTROL = "console", "output", "control"
# The port that records the power resource of d3cold.asl.
WITNESS = "witness"
# The standard error of QEMU itself.
QEMU = "qemu"


# The guest's clock advances by 2 ns with each instruction, and jumps to the next timer when
# the processor is idle. A program that mostly sleeps then takes little time, and the load of
# the host changes nothing in the guest: without this a busy host can make the kernel find
# that "timer doesn't work through Interrupt-remapped IO-APIC", and panic (seen on 6.12).
# Without it the emulated processor executes about as many instructions per second.
VIRTUAL_TIME = ["-icount", "shift=1,sleep=off"]

# cryptomgr.notests: the kernel's tests of its cryptography are 40 % of a boot.
PARAMETERS = ["console=ttyS0", "intel_iommu=on", "panic=-1", "printk.devkmsg=on",
              "cryptomgr.notests"]


@dataclass
class Configuration:
    """What distinguishes one machine from another."""

    image: str
    initramfs: bytes
    device: str
    # The compiled power resource; None: the platform has none.
    table: bytes = None
    cpus: int = 1
    parameters: list = field(default_factory=list)
    real_time: bool = False
    verbose: bool = False


def check_device(name):
    """Raise if the lab has no device of that name."""
    if name not in DEVICES:
        raise LabError(f"no such device: {name}; known: {', '.join(sorted(DEVICES))}")


def memory_file(name, content):
    """A descriptor of a file without a name: it cannot be left behind."""
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


def command_line(configuration, initramfs, table):
    """The QEMU command without the ports; initramfs and table are descriptors.

    It never uses KVM: /dev/kvm of the host may hang, and the same emulation everywhere
    makes runs comparable."""
    qemu = find_tool("qemu-system-x86_64")
    if not qemu:
        raise LabError("qemu-system-x86_64 not found; install: qemu-system-x86")
    parameters = list(PARAMETERS)
    if not configuration.verbose:
        parameters.append("quiet")
    command = [qemu, "-no-user-config", "-nodefaults", "-display", "none", "-no-reboot",
               "-machine", "q35,kernel-irqchip=split", "-accel", "tcg", "-cpu", "max",
               "-smp", str(configuration.cpus), "-m", "512",
               "-kernel", configuration.image, "-initrd", f"/dev/fd/{initramfs}",
               "-device", "intel-iommu,intremap=on",
               "-device", "pcie-root-port,id=rp1,chassis=1,addr=1",
               *DEVICES[configuration.device]]
    if table is not None:
        parameters.append("pcie_port_pm=force")
        # ACPI hot-plug would leave the power of the port to the firmware.
        command += ["-global", "ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off",
                    "-acpitable", f"file=/dev/fd/{table}"]
    if not configuration.real_time:
        command += VIRTUAL_TIME
    return [*command, "-append", " ".join(parameters + configuration.parameters)]


class Machine:
    """One QEMU process. A context manager: at its end QEMU is stopped.

    sinks: for some ports a function that takes the bytes as they arrive."""

    def __init__(self, configuration, sinks):
        self.configuration = configuration
        self.sinks = sinks
        # All bytes that arrived, by the name of the port.
        self.received = {}
        self.started = 0.0
        self._stack = contextlib.ExitStack()
        self._names = {}
        self._selector = None
        self._process = None
        self._control = None

    def __enter__(self):
        with self._stack:
            self._start()
            # Nothing failed: keep what was opened until the exit.
            self._stack = self._stack.pop_all()
        return self

    def __exit__(self, *_):
        self._stack.close()

    def _start(self):
        files = [memory_file("initramfs", self.configuration.initramfs)]
        if self.configuration.table is not None:
            files.append(memory_file("table", self.configuration.table))
        for descriptor in files:
            self._stack.callback(os.close, descriptor)
        command = command_line(self.configuration, files[0],
                               files[1] if len(files) > 1 else None)
        self._selector = self._stack.enter_context(selectors.DefaultSelector())
        with contextlib.ExitStack() as theirs:
            inherited = list(files)
            for name in self._port_names():
                descriptor, options = self._open_port(name, theirs)
                inherited.append(descriptor)
                command += options
            self.started = time.monotonic()
            self._process = start(command, inherited)
        self._stack.callback(stop, self._process)
        self._watch(QEMU, self._process.stderr.fileno())

    def _port_names(self):
        witness = [WITNESS] if self.configuration.table is not None else []
        return [CONSOLE, OUTPUT, CONTROL, *witness]

    def _open_port(self, name, theirs):
        """Open a port: the descriptor that QEMU inherits, and the options that name it.

        theirs: an exit stack that closes the descriptors of QEMU in this process."""
        if name == CONTROL:
            self._control, their = socket.socketpair()
            self._stack.callback(self._control.close)
            theirs.callback(their.close)
            our, their = self._control.fileno(), their.fileno()
            backend = f"socket,id={name},fd={their}"
        else:
            our, their = os.pipe()
            self._stack.callback(os.close, our)
            theirs.callback(os.close, their)
            backend = f"file,id={name},path=/dev/fd/{their}"
        self._watch(name, our)
        port = ["-device", f"isa-debugcon,iobase=0x5f0,chardev={name}"] if name == WITNESS \
            else ["-serial", f"chardev:{name}"]
        return their, ["-chardev", backend, *port]

    def _watch(self, name, descriptor):
        self._names[descriptor] = name
        self.received[name] = bytearray()
        self._selector.register(descriptor, selectors.EVENT_READ)

    def send(self, text):
        """Write to the control port. A machine that is off ignores it."""
        with contextlib.suppress(OSError):
            self._control.sendall(text.encode())

    def wait(self, deadline):
        """Read what arrives next. Returns False if the machine is off.

        Raises TimeoutError at the deadline."""
        if not self._selector.get_map():
            return False
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        for key, _ in self._selector.select(left):
            self._read(key.fd)
        return True

    def drain(self, name):
        """Read all that has arrived at a port."""
        while True:
            ready = [key.fd for key, _ in self._selector.select(0) if self._names[key.fd] == name]
            if not ready:
                return
            self._read(ready[0])

    def _read(self, descriptor):
        try:
            data = os.read(descriptor, 65536)
        except ConnectionResetError:
            # QEMU ended before it had read all that was sent to it.
            data = b""
        if not data:
            self._selector.unregister(descriptor)
            return
        name = self._names[descriptor]
        self.received[name] += data
        if name in self.sinks:
            self.sinks[name](data)

    def status(self):
        """The exit status of QEMU, which must have ended by itself."""
        return self._process.wait()


def start(command, inherited):
    """Start QEMU in a process group of its own, so that Ctrl-C reaches only the lab,
    which then stops QEMU. If the lab is killed, the kernel kills QEMU."""
    require(["setpriv"], "util-linux")
    return subprocess.Popen([find_tool("setpriv"), "--pdeathsig", "KILL", *command],
                            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                            stderr=subprocess.PIPE, pass_fds=inherited,
                            start_new_session=True)


def stop(process):
    """Stop QEMU if it still runs."""
    if process.poll() is None:
        process.send_signal(signal.SIGKILL)
    process.wait()
    process.stderr.close()
