#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks that only sys.c and sysfs.c of a library make system calls on files and devices. The
simulator replaces the system calls of these two files, so the tests see all that the library does.

usage: syscalls.py SOURCE_ROOT NAME STATIC_LIB
"""

import re

import common

# The functions of libc that make such a call. The pattern below also matches their variants: with
# 64 for large files, __x_chk and __x_2 with _FORTIFY_SOURCE, and __xstat in older libcs.
CALLS = '''
    ioctl fcntl open openat creat close close_range dup dup2 dup3 pipe pipe2
    read readv pread preadv preadv2 preadv64v2 write writev pwrite pwritev pwritev2 pwritev64v2
    lseek sendfile splice ftruncate truncate fsync fdatasync
    readlink readlinkat realpath opendir fdopendir readdir readdir_r closedir scandir scandirat getdents
    glob nftw ftw fts_open
    mmap munmap mremap mprotect madvise msync
    poll ppoll select pselect epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait
    eventfd eventfd_read eventfd_write timerfd_create signalfd inotify_init
    stat fstat lstat fstatat newfstatat statx access faccessat xstat fxstat lxstat fxstatat
    fopen freopen fdopen fclose fread fwrite fgets fgetc getc getline getdelim fscanf fflush
    unlink unlinkat rename mkdir rmdir symlink link chmod chown
    socket connect bind send recv sendmsg recvmsg sendto recvfrom
    syscall
'''.split()

CALL = re.compile(f"(?:__|_IO_)?({'|'.join(CALLS)})(?:64)?(?:_2|_chk|_time64)?")

# The calls that only read. open(2) can create a file, but nothing here can write to it.
READING = ('access', 'close', 'open', 'openat', 'pread', 'readlink', 'scandir')

# The files of each library that make system calls: one call that the file must make, and all calls
# that it may make. libvfiopm-udev can neither write nor issue an ioctl.
FILES = {
    'vfiopm': {'sys.c': ('ioctl', CALLS), 'sysfs.c': ('pread', READING)},
    'vfiopm-udev': {'sys.c': ('poll', ('poll',)), 'sysfs.c': ('pread', READING)},
}


def source_of(member):
    """Returns the source of a member: 'sys.c' for 'sys.c.o', 'lib_sys.c.o', '.._sys.c.o', and
    'guest_msix.c' for 'guest_msix.c.o', which is not msix.c."""
    return re.search(r'((?:guest_)?[A-Za-z0-9-]+\.c)\.o$', member).group(1)


def main():
    _, name, static_lib = common.arguments('SOURCE_ROOT', 'NAME', 'STATIC_LIB')
    files = FILES[name.name]
    members = {source_of(member): sorted(call.group(1) for call in
                                         map(CALL.fullmatch, map(common.plain_name, symbols))
                                         if call)
               for member, symbols in
               common.archive_symbols(static_lib, '--undefined-only').items()}
    tap = common.Tap()

    # This result shows that the check reads the symbols. Without it, the others could pass on an
    # empty archive.
    tap.check(f"the static library contains {' and '.join(files)}, and other files",
              [] if files.keys() < members.keys()
              else [f"its files: {' '.join(members) or 'none'}"])
    for file, (must, may) in files.items():
        calls = members.get(file, [])
        tap.check(f'{file} calls {must}()', [] if must in calls else [f'it calls {calls}'])
        tap.check(f'{file} makes only the allowed system calls',
                  [f'it calls {call}()' for call in calls if call not in may])
    for file, calls in members.items():
        if file not in files:
            tap.check(f'{file} makes no system call', [f'it calls {call}()' for call in calls])
    tap.finish()


main()
