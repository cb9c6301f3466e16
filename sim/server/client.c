// SPDX-License-Identifier: MIT
/* vfiopm-sim ctl: a client of the control socket. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "server.h"

static int connect_to(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (strlen(path) >= sizeof(address.sun_path))
		die("%s: the path of the socket is too long", path);
	memcpy(address.sun_path, path, strlen(path));
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		die("%s: %m", path);
	return fd;
}

static void send_command(int fd, int count, char **words)
{
	FILE *to = fdopen(dup(fd), "w");

	if (!to)
		die("no memory");
	for (int i = 0; i < count; i++)
		fprintf(to, "%s%c", words[i], i + 1 < count ? ' ' : '\n');
	if (fclose(to) != 0)
		die("the simulator has ended: %m");
}

/* Returns the exit status: 0 if the last line is "ok". */
static int print_answer(int fd)
{
	FILE *from = fdopen(fd, "r");
	char line[1024];

	if (!from)
		die("no memory");
	while (fgets(line, sizeof(line), from)) {
		if (strcmp(line, "ok\n") == 0)
			return fflush(stdout) == 0 ? 0 : 1;
		if (strncmp(line, "error ", 6) == 0) {
			fprintf(stderr, "vfiopm-sim: %s", line + 6);
			return 1;
		}
		fputs(line, stdout);
	}
	fprintf(stderr, "vfiopm-sim: the simulator has ended\n");
	return 1;
}

int control_client(int argc, char **argv)
{
	const char *directory = getenv(SIM_VARIABLE);
	char path[SIM_PATH_MAX + 16];
	int skip = 1, fd;

	if (argc > 2 && strcmp(argv[1], "--control") == 0) {
		fd = connect_to(argv[2]);
		skip = 3;
	} else {
		if (!directory)
			die("ctl runs under vfiopm-sim, or needs --control SOCKET");
		snprintf(path, sizeof(path), "%.*s" SIM_CONTROL, SIM_PATH_MAX, directory);
		fd = connect_to(path);
	}
	if (argc == skip)
		die("ctl needs a command; see: vfiopm-sim --help");
	send_command(fd, argc - skip, argv + skip);
	return print_answer(fd);
}
