/* SPDX-License-Identifier: MIT */
/*
 * The object that vfiopm-sim preloads into a program. For a simulated file or path its functions pass
 * the call on to vfiopm-sim. For everything else they call the function of the C library with the same
 * arguments.
 */
#ifndef SIM_PRELOAD_H
#define SIM_PRELOAD_H

#include "preload/object.h"

#include <sys/stat.h>

#include "sim/protocol.h"

/* ---- call.c ---- */

/* The directory of vfiopm-sim, or NULL without vfiopm-sim. */
const char *call_directory(void);
/* True if the fd is a simulated file. The function changes errno in no case. */
bool call_is_simulated(int fd, struct stat *ret);
/* Make a call on an open file, or on a path in `bytes`. Returns the result or -errno. *ret_fd is an
 * fd, or -1. -ENOSYS: make the real call. */
int64_t call_make(struct sim_call *call, size_t bytes, int *ret_fd);
/* The same on the file with this status. The memory at call->address is of `size` bytes; its
 * beginning goes with the call. */
int64_t call_on_file(struct sim_call *call, const struct stat *file, size_t size, int *ret_fd);
/* Convert a result to that of a function of the C library. */
int64_t call_result(int64_t result);

/* ---- path.c ---- */

#define PLACE_MAX (PATH_MAX + SIM_PATH_MAX + 16)

enum where {
	WHERE_REAL,  /* the path names what the program means: make the real call with it */
	WHERE_PLACE, /* the same, with the place in place of directory and path */
	WHERE_TREE,  /* the place is below the root of vfiopm-sim */
};

/* Find out what a path, relative to a directory, names. */
enum where path_find(int directory, const char *path, char place[PLACE_MAX]);
/* The path that the program uses for a place below the root of vfiopm-sim. */
const char *path_of(const char *place);
/* Remove the root of vfiopm-sim from the beginning of a text. Returns the new length. */
size_t path_strip(char *text, size_t length);
/* Replace the name of the memfd that stands for a node by the path of the node. Returns the new
 * length. */
size_t path_of_memfd(char *text, size_t length);

#endif
