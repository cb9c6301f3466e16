// SPDX-License-Identifier: MIT
/* A command that runs a program: its errors, its directory, its limit of fds, and its signals. */
#define _GNU_SOURCE
#include <ftw.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "preload/start.h"

static const char *directory;
static pid_t owner; /* the process that removes the directory */

void die(const char *format, ...)
{
	va_list args;

	/* %m is the errno of the caller. */
	va_start(args, format);
	fprintf(stderr, "%s: ", command_name);
	vfprintf(stderr, format, args);
	fprintf(stderr, "\n");
	va_end(args);
	remove_directory();
	_exit(125);
}

void make_directory(char *ret, size_t size)
{
	const char *parent = getenv("TMPDIR");
	size_t length = size - strlen(command_name) - strlen("/-XXXXXX") - 1;
	char path[PATH_MAX];

	if (!parent || !realpath(parent, path) || strlen(path) > length)
		snprintf(path, sizeof(path), "/tmp");
	snprintf(ret, size, "%.*s/%s-XXXXXX", (int)length, path, command_name);
	if (!mkdtemp(ret))
		die("%s: a directory cannot be made: %m", path);
	directory = ret;
	owner = getpid();
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	(void)status;
	(void)type;
	(void)ftw;
	return remove(path);
}

void remove_directory(void)
{
	if (directory && getpid() == owner)
		nftw(directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

struct rlimit raise_limit(void)
{
	struct rlimit limit, most;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		die("getrlimit: %m");
	most = limit;
	most.rlim_cur = most.rlim_max;
	setrlimit(RLIMIT_NOFILE, &most);
	return limit;
}

int begin_signals(sigset_t *ret_old)
{
	sigset_t handled;
	int signals;

	/* A command that inherits SIG_IGN would get no signal, and waitpid(2) would find no program. */
	signal(SIGCHLD, SIG_DFL);
	sigemptyset(&handled);
	sigaddset(&handled, SIGCHLD);
	sigaddset(&handled, SIGHUP);
	sigaddset(&handled, SIGINT);
	sigaddset(&handled, SIGQUIT);
	sigaddset(&handled, SIGTERM);
	sigprocmask(SIG_BLOCK, &handled, ret_old);
	signals = signalfd(-1, &handled, SFD_CLOEXEC);
	if (signals < 0)
		die("signalfd: %m");
	return signals;
}
