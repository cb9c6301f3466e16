#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Of a library's files only sys.c makes system calls on files and devices. So the tests,
which put the simulator under sys.c, see all that the library does.

usage: syscalls.py SOURCE_ROOT NAME STATIC_LIB
"""

import re

import common

# The functions of libc that make such a call. Each is looked for in all its spellings: with
# 64 for large files, as __x_chk and __x_2 with _FORTIFY_SOURCE, as __xstat in older libcs.
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

# What sys.c of a library must be seen to call, and all that it may call where that is
# limited: what finds devices can neither write nor reach one.
OF_SYS = {
    'vfiopm': ('ioctl', CALLS),
    'vfiopm-udev': ('open', ('access', 'close', 'open', 'poll', 'read', 'readlink', 'scandir')),
}

# The member that sys.c is compiled to: 'sys.c.o', 'lib_sys.c.o'.
MEMBER = re.compile(r'(?:.*[^A-Za-z0-9])?sys\.c\.o')


def main():
    _, name, static_lib = common.arguments('SOURCE_ROOT', 'NAME', 'STATIC_LIB')
    must, may = OF_SYS[name.name]
    members = {member: sorted(call.group(1) for call in
                              map(CALL.fullmatch, map(common.plain_name, symbols)) if call)
               for member, symbols in
               common.archive_symbols(static_lib, '--undefined-only').items()}
    sys_members = [member for member in members if MEMBER.fullmatch(member)]
    tap = common.Tap()

    # Without these two the check could pass because it sees nothing.
    tap.check('the static library has sys.c and other files',
              [] if len(sys_members) == 1 < len(members)
              else [f"its members: {' '.join(members) or 'none'}"])
    tap.check('sys.c makes the system calls',
              [f'{member} refers to no {must}' for member in sys_members
               if must not in members[member]])
    tap.check('it makes those that it may make',
              [f'{member} refers to {call}' for member in sys_members
               for call in members[member] if call not in may])
    for member, calls in members.items():
        if member not in sys_members:
            tap.check(f'{member} makes no system call', [f'it refers to {name}' for name in calls])
    tap.finish()


main()
