#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a program can do with the fds of a simulated device: duplicate them, inherit them, pass them on,
wait for them. Runs under vfiopm-sim. Prints a line for each case that fails.

usage: files.py CTL [inherited FD]
"""

import errno
import fcntl
import mmap
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import threading

ADDRESS = b'0000:01:00.0\0'
GET_API_VERSION, SET_IOMMU, SET_CONTAINER, GET_DEVICE_FD = 0x3b64, 0x3b66, 0x3b68, 0x3b6a
GET_INFO, GET_REGION_INFO, SET_IRQS, FEATURE, BIND, ATTACH, IOAS_ALLOC = (
    0x3b6b, 0x3b6c, 0x3b6e, 0x3b75, 0x3b76, 0x3b77, 0x3b81)
HOT_RESET = 0x3b71
EVENTFD, NONE, BOOL, MASK, UNMASK, TRIGGER = 4, 1, 2, 8, 16, 32
INTX, MSIX = 0, 2
CTL = sys.argv[1].split()


def ctl(*words):
    return subprocess.run([*CTL, *map(str, words)], check=False, stdout=subprocess.PIPE, text=True).stdout.strip()


def expect(what, found, wanted):
    if found != wanted:
        print(f'{what}: {found}, not {wanted}', flush=True)


def result(call, *arguments):
    """The result of a call, or its negative errno."""
    try:
        return call(*arguments)
    except OSError as error:
        return -error.errno


def opens():
    return int(ctl('state').split()[-1])


def get_info(fd):
    info = bytearray(struct.pack('5I', 20, 0, 0, 0, 0))
    r = result(fcntl.ioctl, fd, GET_INFO, info)
    return r if r < 0 else struct.unpack('5I', info)[3]


def open_device():
    """Returns the fds of the container, the group and the device."""
    container = os.open('/dev/vfio/vfio', os.O_RDWR)
    group = os.open('/dev/vfio/7', os.O_RDWR)
    fcntl.ioctl(group, SET_CONTAINER, struct.pack('i', container))
    fcntl.ioctl(container, SET_IOMMU, 3)
    return container, group, fcntl.ioctl(group, GET_DEVICE_FD, bytearray(ADDRESS))


def set_irqs(fd, index, flags, start, count, data=b''):
    return result(fcntl.ioctl, fd, SET_IRQS, bytearray(
        struct.pack('5I', 20 + len(data), flags, index, start, count) + data))


def taken(fd):
    """The count of an eventfd."""
    return result(os.eventfd_read, fd)


def new_eventfd():
    return os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)


# ---- copies of an fd ----

def copies():
    container, group, device = open_device()
    same_node('/dev/vfio/vfio', container)
    same_node('/dev/vfio/7', group)
    expect('a device fd is closed on exec', os.get_inheritable(device), False)
    others = [os.dup(device), fcntl.fcntl(device, fcntl.F_DUPFD, 500), fcntl.fcntl(device, fcntl.F_DUPFD_CLOEXEC, 0)]
    os.dup2(device, 600)
    others.append(600)
    for fd in (device, *others):
        expect(f'GET_INFO on the copy {fd}', get_info(fd), 5)
    os.close(device)
    os.closerange(500, 700)
    expect('a copy that close_range() closed', get_info(600), -errno.EBADF)
    expect('one copy after the close of the others', get_info(others[0]), 5)
    expect('opens with a copy', opens(), 1)
    os.close(others[0])
    os.close(others[2])
    expect('opens without a copy', opens(), 0)
    for fd in (container, group):
        os.close(fd)
    fds = open_device()
    expect('a number that another file has now', get_info(os.dup2(os.open('/dev/null', os.O_RDWR), fds[2])),
           -errno.ENOTTY)
    expect('opens after dup2() over the device fd', opens(), 0)
    for fd in fds:
        os.close(fd)


def same_node(path, fd):
    """The path and its open file name one node."""
    expect(f'the number of {path}', os.fstat(fd).st_rdev, os.stat(path).st_rdev)
    expect(f'the link of {path}', os.readlink(f'/proc/self/fd/{fd}'), path)


def other_processes():
    fds = open_device()
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    child = os.fork()
    if child == 0:
        for fd in fds:
            os.close(fd)
        (passed,) = socket.recv_fds(there, 1, 1)[1]
        os._exit(0 if get_info(passed) == 5 else 1)
    socket.send_fds(here, [b'x'], [fds[2]])
    expect('a child that gets the fd by SCM_RIGHTS', os.waitpid(child, 0)[1], 0)
    done = subprocess.run([sys.executable, sys.argv[0], sys.argv[1], 'inherited', str(fds[2])], check=False,
                          pass_fds=[fds[2]], stdout=subprocess.PIPE, text=True)
    expect('a program that inherits the fd', done.stdout, '5\n')
    for fd in fds:
        os.close(fd)
    expect('opens after all processes', opens(), 0)


def waiting():
    fds = open_device()
    poll = select.poll()
    poll.register(fds[2], select.POLLIN)
    expect('poll() of a device fd', poll.poll(0), [(fds[2], select.POLLIN)])
    with select.epoll() as epoll:
        expect('epoll_ctl() of a device fd', result(epoll.register, fds[2]), -errno.EPERM)
    for fd in fds:
        os.close(fd)


def many_attributes():
    """vfiopm-sim forgets the files that are closed: it has fewer handles than this."""
    for flags, call in ((os.O_RDONLY, lambda fd: os.read(fd, 9)), (os.O_WRONLY, lambda fd: os.write(fd, b'auto'))):
        for _ in range(1100):
            fd = os.open('/sys/bus/pci/devices/0000:01:00.0/power/control', flags)
            call(fd)
            os.close(fd)


# ---- errors ----

def errors():
    fds = open_device()
    device = fds[2]
    expect('an ioctl without an argument', result(fcntl.ioctl, device, GET_INFO, 0), -errno.EFAULT)
    expect('an ioctl that does not exist', result(fcntl.ioctl, device, 0x3bff, 0), -errno.ENOTTY)
    expect('a mapping beyond the BAR', result(mmap.mmap, device, 1 << 20), -errno.EINVAL)
    expect('read() of a container', result(os.read, fds[0], 4), -errno.EINVAL)
    expect('a second open of the group', result(os.open, '/dev/vfio/7', os.O_RDWR), -errno.EBUSY)
    expect('a group that does not exist', result(os.open, '/dev/vfio/99', os.O_RDWR), -errno.ENOENT)
    for path, file in (('/dev/vfio', 'vfio'), ('/sys/bus/pci/devices/0000:01:00.0', 'vendor')):
        directory = os.open(path, os.O_RDONLY)
        expect(f'{path}, opened as a file', file in os.listdir(directory), True)
        os.close(directory)
        expect(f'{path}, opened for writing', result(os.open, path, os.O_RDWR), -errno.EISDIR)
    for path in ('power/control', 'vendor'):
        ctl('fail', 1, 'ENOENT', 'open')
        expect(f'an open of {path} that fails on request', result(
            os.open, f'/sys/bus/pci/devices/0000:01:00.0/{path}', os.O_RDONLY), -errno.ENOENT)
    expect('an attribute that is not open for writing', result(os.write, os.open(
        '/sys/bus/pci/devices/0000:01:00.0/power/control', os.O_RDONLY), b'on'), -errno.EBADF)
    expect('SET_IRQS with 5 vectors and a bad one', set_irqs(
        device, MSIX, EVENTFD | TRIGGER, 0, 3, struct.pack('3i', -1, 9999, -1)), -errno.EBADF)
    for what, fd, wanted in (('the group', fds[1], 0), ('another file', fds[0], -errno.EINVAL),
                             ('a closed fd', 999, -errno.EBADF)):
        expect(f'a hot reset with {what}', result(fcntl.ioctl, device, HOT_RESET, bytearray(
            struct.pack('3Ii', 16, 0, 1, fd))), wanted)
    expect('an eventfd that is another file', set_irqs(
        device, MSIX, EVENTFD | TRIGGER, 0, 1, struct.pack('i', fds[0])), -errno.EINVAL)
    for fd in fds:
        os.close(fd)


# ---- interrupts ----

def intx():
    fds = open_device()
    device, trigger, unmask = fds[2], new_eventfd(), new_eventfd()
    expect('INTx', set_irqs(device, INTX, EVENTFD | TRIGGER, 0, 1, struct.pack('i', trigger)), 0)
    expect('its unmask eventfd', set_irqs(device, INTX, EVENTFD | UNMASK, 0, 1, struct.pack('i', unmask)), 0)
    expect('the first interrupt', (ctl('raise', 'intx', 0), taken(trigger)), ('signalled', 1))
    expect('the second one is masked', (ctl('raise', 'intx', 0), taken(trigger)), ('not signalled', -errno.EAGAIN))
    os.eventfd_write(unmask, 1)
    select.select([trigger], [], [], 20)
    expect('the level is still asserted after the unmask', taken(trigger), 1)
    other = new_eventfd()
    again = (device, INTX, EVENTFD | UNMASK, 0, 1, struct.pack('i', other))
    expect('a second unmask eventfd', set_irqs(*again), -errno.EBUSY)
    os.close(unmask)
    expect('the same after the close of the first', set_irqs(*again), 0)
    for fd in (*fds, trigger, other):
        os.close(fd)


def a_thread_waits_for_a_wake():
    fds = open_device()
    wakeup = os.eventfd(0)
    counts = []
    thread = threading.Thread(target=lambda: counts.append(os.eventfd_read(wakeup)))
    thread.start()
    request = struct.pack('IIiI', 16, 1 << 17 | 4, wakeup, 0)
    expect('entry with wakeup', fcntl.ioctl(fds[2], FEATURE, request), request)
    with open('/sys/bus/pci/devices/0000:01:00.0/power/control', 'w', encoding='utf-8') as control:
        control.write('on')
    thread.join(20)
    expect('a thread that waits for the wakeup eventfd', counts, [1])
    with open('/sys/bus/pci/devices/0000:01:00.0/power/control', 'w', encoding='utf-8') as control:
        control.write('auto')
    for fd in (*fds, wakeup):
        os.close(fd)


# ---- the cdev, on a kernel with iommufd ----

def cdev():
    (name,) = os.listdir('/sys/bus/pci/devices/0000:01:00.0/vfio-dev')
    path = f'/dev/vfio/devices/{name}'
    device = os.open(path, os.O_RDWR)
    expect('GET_INFO before the bind', get_info(device), -errno.EINVAL)
    iommufd = os.open('/dev/iommu', os.O_RDWR)
    bind = struct.pack('IIiI', 16, 0, iommufd, 0)
    expect('bind with another file', result(fcntl.ioctl, device, BIND, struct.pack('IIiI', 16, 0, 0, 0)),
           -errno.EBADFD)
    expect('bind', struct.unpack('IIiI', fcntl.ioctl(device, BIND, bind))[:3], (16, 0, iommufd))
    ioas = struct.unpack('3I', fcntl.ioctl(iommufd, IOAS_ALLOC, struct.pack('3I', 12, 0, 0)))[2]
    attach = struct.pack('3I', 12, 0, ioas)
    expect('attach', fcntl.ioctl(device, ATTACH, attach), attach)
    expect('GET_INFO', get_info(device), 5)
    expect('the group', result(os.open, '/dev/vfio/7', os.O_RDWR), -errno.EBUSY)
    expect('a second bind', result(fcntl.ioctl, os.open(path, os.O_RDWR), BIND, bind), -errno.EINVAL)
    same_node(path, device)
    same_node('/dev/iommu', iommufd)
    memory = mmap.mmap(device, 4096)
    memory[0] = 9
    expect('pread() of the mapped BAR', os.pread(device, 1, 0), b'\x09')
    memory.close()
    os.close(device)
    expect('opens after the close', opens(), 0)


def main():
    signal.alarm(60)
    if sys.argv[2:3] == ['inherited']:
        print(get_info(int(sys.argv[3])))
        return
    if os.path.exists('/dev/iommu'):
        cdev()
        return
    for test in (copies, other_processes, waiting, many_attributes, errors, intx, a_thread_waits_for_a_wake):
        test()


main()
