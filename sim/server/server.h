/* SPDX-License-Identifier: MIT */
/* The declarations that the files of vfiopm-sim share. */
#ifndef SIM_SERVER_H
#define SIM_SERVER_H

#include "preload/start.h"
#include "sim/internal.h"
#include "sim/protocol.h"

/* ---- main.c ---- */

const char *name_of_device(int number);

/* ---- describe.c: the files that describe a device ---- */

/* One device. The strings stay valid until the program ends. */
struct description {
	struct sim_machine machine;
	const char *name, *driver;
	unsigned vendor, device, class, revision;
	unsigned group; /* 0: the number that the model chooses */
	bool has_table; /* a line for the MSI-X table */
};

/* Read a file. Returns 0, or -1 with a message that names the file, the line and the reason. */
int describe(const char *path, struct description *ret, char *message, size_t size);

/* ---- tree.c: the directories, links and constant attributes of sysfs, and the nodes ---- */

/* Make the tree in this directory, and add a device. */
void tree_make(const char *directory);
void tree_add(const struct description *description, const struct sim_device *device, int number);
bool tree_is_directory(const char *path);
/* The path, below the root, to which a path below the root leads: links are followed. Returns false
 * if the path leads to no file. */
bool tree_resolve(const char *path, char *ret, size_t size);

/* ---- user.c: the program whose call is being served ---- */

void user_begin(int connection, const struct sim_call *call, size_t bytes);
void user_end(void);
/* Send the reply that ends the call, with this fd if it is not negative. */
void user_reply(enum sim_reply_kind kind, int64_t result, int fd);

/* ---- files.c: the files that programs have ---- */

/* The flags of the open(2) that is being served. */
void files_set_flags(int flags);
/* A new fd of the file that has this handle, for the program. It refers to an open file that the
 * program alone has. The C library reads the file of a stream by itself. */
int files_export(int handle, bool for_stream);
/* The handle of a file, or -1. */
int files_find(uint64_t device, uint64_t inode);
/* The flags of the open(2) of a file. */
int files_flags(int handle);
/* Close the handles of the files that no program has any more, and handle what programs wrote by
 * themselves. */
void files_update(void);
bool files_are_open(void);
/* A new fd of the memory of a device, to be mapped. */
int files_memory(struct sim_device *device);

/* ---- real.c ---- */

/* The epoll instance that becomes ready when the model has to handle signals. */
int real_epoll(void);
/* The lowest number for fds that the model makes. */
void real_set_lowest(int fd);

/* ---- serve.c: the calls of programs ---- */

/* One call, on a connection that the caller closes. */
void serve(int connection);
/* True if a call or an ioctl has this name. */
bool serve_has_kind(const char *kind);

/* ---- control.c: the control socket ---- */

/* One line of a client. The answer has one line or more and ends with "ok" or "error REASON". */
void control(char *line, int client);
/* The log and the counts, and the call that must fail. */
void control_log(const char *format, ...) __attribute__((format(printf, 1, 2)));
void control_count(const struct sim_device *device, const char *what);
/* Returns the errno with which this call must fail, or 0. */
int control_failure(const char *kind, const char *what);

/* ---- client.c ---- */

int control_client(int argc, char **argv);

#endif
