/* SPDX-License-Identifier: MIT */
/* What vfiopm-sim and vfiopm-trace share as commands that run a program with their object. */
#ifndef PRELOAD_START_H
#define PRELOAD_START_H

#include <signal.h>
#include <stddef.h>

/* Print a message with the name of the command, and exit with status 125. Each command defines this. */
void die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

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
void run_program(const char *command, char **program, const sigset_t *mask)
	__attribute__((noreturn));
/* The exit status of a command whose program ended with this status of waitpid(2). */
int exit_status(int status);

#endif
