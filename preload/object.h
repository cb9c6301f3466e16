/* SPDX-License-Identifier: MIT */
/*
 * What the objects of vfiopm-sim and of vfiopm-trace share. Each object is preloaded into a program
 * and defines functions of the C library. For the files that concern the object, it serves the call.
 * For all other files it calls the function of the C library with the same arguments.
 *
 * Each source file of an object includes this header first. The C library then declares each name as
 * it is: not the names with 64 in place of those without, and no checks in inline functions.
 */
#ifndef PRELOAD_OBJECT_H
#define PRELOAD_OBJECT_H

#undef _FILE_OFFSET_BITS
#undef _FORTIFY_SOURCE
#undef _GNU_SOURCE
#define _GNU_SOURCE

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

_Static_assert(sizeof(long) == 8, "off_t and off64_t are the same only with 64 bits");

#define EXPORT __attribute__((visibility("default")))

/* ---- real.c ---- */

/* The function of the C library, or of the next object that is preloaded. */
#define REAL(name)                                                                                 \
	(__extension__({                                                                           \
		static void *real_cache;                                                           \
		(__typeof__(&(name)))(uintptr_t)real_function(&real_cache, #name);                 \
	}))
void *real_function(void **found, const char *name);

/* ---- environment.c ---- */

/* The directory of the command that preloaded this object: the value that the environment variable had
 * at the first call. Returns NULL without one. *cache belongs to the caller. */
const char *preload_directory(const char **cache, const char *variable, size_t most);

/* ---- message.c: messages through Unix sockets of type SOCK_SEQPACKET ---- */

/*
 * The functions use syscall(2), because the C library's functions are cancellation points and can be
 * replaced by other objects. The caller blocks all signals, so that no handler interrupts an exchange
 * and begins another one.
 */

#define MESSAGE_FDS 250 /* include/net/scm.h, SCM_MAX_FD, is 253 */

/* The signals that were not blocked, and errno. */
struct message_state {
	uint64_t signals;
	int error;
};

void message_begin(struct message_state *state);
void message_end(const struct message_state *state);
/* Returns an fd that is closed on exec(2), or -1. */
int message_connect(const char *directory, const char *name);
bool message_send(int connection, const void *bytes, size_t size, const int *fds, int count);
/* Returns the number of bytes, or -1. *ret_fd is an fd or -1. */
long message_receive(int connection, void *bytes, size_t size, int *ret_fd);
void message_close(int connection);
/* Copy memory of the program. A bad address fails, and raises no signal. Returns the number of
 * bytes. */
long memory_read(void *to, uint64_t address, size_t size);
long memory_write(const void *from, uint64_t address, size_t size);

/* ---- io.c calls these functions, which each object defines ---- */

struct transfer {
	bool writes, is_vectored, has_offset;
	const struct iovec *vectors;
	int count;
	off_t offset;
	const void *caller; /* the address to which the program's call returns */
};

int door_ioctl(int fd, unsigned long request, void *arg, const void *caller);
ssize_t door_transfer(int fd, const struct transfer *transfer);
/* The function of the C library that the program called. */
ssize_t real_transfer(int fd, const struct transfer *transfer);

#endif
