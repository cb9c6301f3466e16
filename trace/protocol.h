/* SPDX-License-Identifier: MIT */
/*
 * The messages between a program under vfiopm-trace (object.c) and vfiopm-trace. The program opens a
 * connection for each access to a device:
 *
 *   program -> vfiopm-trace  struct trace_call
 *   program -> vfiopm-trace  struct trace_vectors, until all vectors of the call are sent
 *   vfiopm-trace -> program  struct trace_reply: TRACE_GO, after the other accesses to the device
 *   program -> vfiopm-trace  struct trace_end, after the call
 *   vfiopm-trace -> program  struct trace_reply: TRACE_NOTED. Only then the program can take the count of
 *                            an eventfd that the access has signalled
 *
 * With another reply there is no call and no end. The device belongs to one access from the reply to
 * the end of the connection. So each wake has one cause, and the comparison of eventfds and the ioctl
 * are in order.
 */
#ifndef TRACE_PROTOCOL_H
#define TRACE_PROTOCOL_H

#include <stdint.h>

#include "preload/object.h"

/* The environment variable with the directory of vfiopm-trace, and the name of the socket in it. */
#define TRACE_VARIABLE "VFIOPM_TRACE"
#define TRACE_SOCKET   "/calls"
#define TRACE_PATH_MAX 64

/*
 * The mark of a device fd is the signal number of F_SETSIG. It belongs to the open file description, so
 * dup(2), fork(2), exec(2) and SCM_RIGHTS keep it. The kernel sends that signal only for files with
 * O_ASYNC, which VFIO's files do not support (struct file_operations has no fasync in vfio_main.c).
 */
#define TRACE_SIGNAL(device) (33 + (device))
#define TRACE_DEVICES	     32 /* the last signal is 64 */

#define TRACE_TEXT	     128

enum trace_kind { TRACE_REGISTER, TRACE_IOCTL, TRACE_READ, TRACE_WRITE, TRACE_CLOSE };

struct trace_call {
	uint32_t kind;
	uint32_t device;  /* the mark; not for TRACE_REGISTER */
	uint32_t request; /* TRACE_IOCTL */
	uint32_t feature; /* the flags of VFIO_DEVICE_FEATURE */
	uint64_t size;	  /* TRACE_READ and TRACE_WRITE */
	int64_t offset;
	uint32_t is_last; /* TRACE_CLOSE: this process has no other fd of the device */
	/* TRACE_IOCTL: the header of VFIO_DEVICE_SET_IRQS, and the number of vectors that follow. */
	uint32_t has_irqs, argsz, flags, index, start, count, vectors;
	char text[TRACE_TEXT]; /* TRACE_REGISTER: the name of the device, or of its cdev */
};

/* The fds of the vectors that have one come with the message. If one is no open fd, none comes, and no
 * more messages follow. */
struct trace_vectors {
	uint32_t count;
	uint8_t has_fd[MESSAGE_FDS];
};

enum trace_verdict {
	TRACE_GO,
	TRACE_ELIDED, /* return 0 */
	TRACE_MARKED, /* the answer to TRACE_REGISTER; mark is the signal, or 0 */
	TRACE_NOTED,
};

struct trace_reply {
	uint32_t verdict;
	uint32_t mark;
	uint32_t needs_caller;
};

struct trace_end {
	int64_t result; /* or -errno */
	uint64_t ns;
	char caller[TRACE_TEXT];
};

#endif
