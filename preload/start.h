/* SPDX-License-Identifier: MIT */
/* What vfiopm-sim and vfiopm-trace share as commands that run a program with their object. */
#ifndef PRELOAD_START_H
#define PRELOAD_START_H

#include <signal.h>
#include <stddef.h>
#include <sys/resource.h>

/* ---- command.c ---- */

/* Each command defines its name. */
extern const char command_name[];
/* Print a message with the name of the command, remove the directory, and exit with status 125. */
void die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
/* Make a directory of this process below $TMPDIR. ret, with its path, must stay. */
void make_directory(char *ret, size_t size);
/* Remove the directory and all in it. A child of the process that made it removes nothing. */
void remove_directory(void);
/* Allow this process as many fds as it may have, and return the limit before. */
struct rlimit raise_limit(void);
/* Return a signalfd for the end of the program and for what ends a command. ret_old receives the mask
 * of signals before. */
int begin_signals(sigset_t *ret_old);

/* ---- start.c ---- */

/* Exit if ld.so would not load the object into the program. */
void program_check(const char *name);
/* The path of a file in the directory of this command; `installed` if there is none. */
void find_file(const char *beside, const char *installed, char *ret, size_t size);
/* Add a value to an environment variable, before or after its other values. */
enum side { BEFORE, AFTER };
void extend_variable(const char *name, const char *separator, const char *value, enum side side);
/* Add an object to LD_PRELOAD. */
void preload_object(const char *path, enum side side);
/* Replace this process by the program, with this mask of signals. */
void run_program(char **program, const sigset_t *mask) __attribute__((noreturn));
/* The exit status of a command whose program ended with this status of waitpid(2). */
int exit_status(int status);

#endif
