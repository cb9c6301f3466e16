// SPDX-License-Identifier: MIT
/*
 * Runs a program in a new terminal (a pty of 100 columns without echo), sends Ctrl-C a time after
 * the first output, and prints the output, with ^[ for ESC. Exits with the exit status of the
 * program. Usage: in-a-terminal MILLISECONDS PROGRAM [ARGUMENT ..]
 */
#define _GNU_SOURCE
#include <poll.h>
#include <pty.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define FIRST_OUTPUT_MS 30000 /* the longest time until the first output */

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void show(const char *output, ssize_t length)
{
	for (ssize_t i = 0; i < length; i++) {
		if (output[i] == '\033')
			fputs("^[", stdout);
		else if (output[i] != '\r')
			putchar(output[i]);
	}
}

/* Copy the output until the program closes the terminal. */
static void follow(int terminal, long delay_ms)
{
	struct pollfd pollfd = { .fd = terminal, .events = POLLIN };
	long ctrl_c_ms = now_ms() + FIRST_OUTPUT_MS;
	bool has_output = false, is_sent = false;
	char output[4096];
	ssize_t length = 1;

	while (length > 0) {
		long timeout = is_sent ? -1 : ctrl_c_ms - now_ms();

		if (!is_sent && timeout <= 0) {
			if (write(terminal, "\003", 1) != 1)
				return;
			is_sent = true;
			continue;
		}
		if (poll(&pollfd, 1, (int)timeout) <= 0)
			continue;
		length = read(terminal, output, sizeof(output));
		show(output, length);
		if (!has_output)
			ctrl_c_ms = now_ms() + delay_ms;
		has_output = true;
	}
}

/* With echo, the terminal prints ^C, before or after the last output of the program. */
static void disable_echo(void)
{
	struct termios termios;

	if (tcgetattr(STDIN_FILENO, &termios) == 0) {
		termios.c_lflag &= ~(tcflag_t)ECHO;
		tcsetattr(STDIN_FILENO, TCSANOW, &termios);
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
		disable_echo();
		execvp(argv[2], argv + 2);
		perror(argv[2]);
		_exit(99);
	}
	follow(terminal, atol(argv[1]));
	if (waitpid(child, &status, 0) != child || !WIFEXITED(status))
		return 98;
	return WEXITSTATUS(status);
}
