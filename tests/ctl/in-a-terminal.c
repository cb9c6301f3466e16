// SPDX-License-Identifier: MIT
/*
 * Runs a program in a new terminal (a pty of 100 columns), sends Ctrl-C after a time, and prints
 * the output of the program, with ^[ for ESC. Exits with the exit status of the program.
 * Usage: in-a-terminal MILLISECONDS PROGRAM [ARGUMENT ..]
 */
#define _GNU_SOURCE
#include <poll.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void show(const char *drawn, ssize_t length)
{
	for (ssize_t i = 0; i < length; i++) {
		if (drawn[i] == '\033')
			fputs("^[", stdout);
		else if (drawn[i] != '\r')
			putchar(drawn[i]);
	}
}

/* Copy the output until the program closes the terminal. */
static void follow(int terminal, long press_ms)
{
	struct pollfd pollfd = { .fd = terminal, .events = POLLIN };
	long press = now_ms() + press_ms;
	char drawn[4096];
	ssize_t length = 1;

	while (length > 0) {
		int timeout = press ? (int)(press - now_ms()) : -1;

		if (press && timeout <= 0) {
			if (write(terminal, "\003", 1) != 1)
				return;
			press = 0;
			continue;
		}
		if (poll(&pollfd, 1, timeout) <= 0)
			continue;
		length = read(terminal, drawn, sizeof(drawn));
		show(drawn, length);
	}
}

int main(int argc, char **argv)
{
	struct winsize size = { .ws_row = 24, .ws_col = 100 };
	int terminal, status;
	pid_t child;

	if (argc < 3)
		return 99;
	child = forkpty(&terminal, NULL, NULL, &size);
	if (child < 0) {
		perror("forkpty");
		return 99;
	}
	if (child == 0) {
		execvp(argv[2], argv + 2);
		perror(argv[2]);
		_exit(99);
	}
	follow(terminal, atol(argv[1]));
	if (waitpid(child, &status, 0) != child || !WIFEXITED(status))
		return 98;
	return WEXITSTATUS(status);
}
