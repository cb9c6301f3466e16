/* SPDX-License-Identifier: MIT */
/*
 * The messages between a program under vfiopm-sim (preload/) and the simulator (server/). They
 * pass through a Unix socket of type SOCK_SEQPACKET, which the program opens for each call
 * and the simulator closes after it:
 *
 *   program -> simulator  struct sim_call
 *   simulator -> program  struct sim_reply: SIM_DONE ends the call. The others need something from
 *                         the program first:
 *   program -> simulator  struct sim_given
 *
 * The program reads and writes its own memory, and passes its own fds. The simulator therefore needs no
 * right to trace the program: process_vm_readv(2) of another process and pidfd_getfd(2) are
 * forbidden in many containers, and by the Yama security module.
 */
#ifndef SIM_PROTOCOL_H
#define SIM_PROTOCOL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

/* The environment variable with the directory of the simulator, and the names in that directory.
 * Below SIM_ROOT are the simulated parts of /sys and of /dev. */
#define SIM_VARIABLE "VFIOPM_SIM"
#define SIM_SOCKET   "/calls"
#define SIM_CONTROL  "/control"
#define SIM_ROOT     "/root"
#define SIM_PATH_MAX 64 /* the longest path of the directory of the simulator */

/* The permissions of a simulated file are the sticky bit, those of the group, and one number of enum
 * sim_mark in those of others. The program recognizes the file by fstat(2), however it got the fd: by
 * dup(2), after fork(2) or exec(2), or from another process. The kernel clears no such bit at a
 * write, and vm.memfd_noexec forbids none. */
#define SIM_MARK	   (S_ISVTX | S_IRGRP | S_IWGRP)
#define SIM_MODE(mark)	   (SIM_MARK | (mark) << 1)
#define SIM_HAS_MARK(mode) (((mode)&07771) == SIM_MARK)
#define SIM_MARK_OF(mode)  ((enum sim_mark)(((mode)&07) >> 1))

enum sim_mark { SIM_MARK_NODE, SIM_MARK_DEVICE, SIM_MARK_READABLE, SIM_MARK_WRITABLE };

#define SIM_BYTES 1024 /* a signal handler can have a small stack */

enum sim_call_kind {
	SIM_CALL_OPEN,	 /* bytes: the path; flags; request: 1 for a stream */
	SIM_CALL_FDINFO, /* open /proc/self/fdinfo/N */
	SIM_CALL_IOCTL,	 /* request; address: the argument; bytes: the memory there */
	SIM_CALL_READ,	 /* address, size, offset */
	SIM_CALL_WRITE,	 /* address, size, offset; bytes: the memory there */
	SIM_CALL_MMAP,	 /* size, flags, offset */
};

struct sim_call {
	uint32_t kind, flags;
	uint64_t device, inode; /* the file, as fstat(2) identifies it */
	uint64_t request, address, size;
	int64_t offset;
	char bytes[SIM_BYTES]; /* the message ends after the last byte in use */
};

enum sim_reply_kind {
	SIM_DONE,	   /* result, or -errno; with an fd if has_fd; bytes, as below */
	SIM_NOT_SIMULATED, /* make the real call; of a path, below the directory SIM_ROOT */
	SIM_NEEDS_MEMORY,  /* size bytes at address */
	SIM_FILLS_MEMORY,  /* bytes: for the memory at address */
	SIM_NEEDS_FD,	   /* address: its number */
};

struct sim_reply {
	uint32_t kind, has_fd;
	int64_t result;
	uint64_t address, size;
	char bytes[SIM_BYTES];
};

struct sim_given {
	int64_t result; /* 0 or -errno */
	char bytes[SIM_BYTES];
};

#endif
