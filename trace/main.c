// SPDX-License-Identifier: MIT
/*
 * vfiopm-trace runs a program and reports what it does with VFIO devices. The preloaded object
 * (object.c) passes all calls to the kernel. This process has the figures and the cache of eventfds, so
 * the report appears however the program ends.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "trace.h"

const char command_name[] = "vfiopm-trace";

static char directory[TRACE_PATH_MAX];

/* ---- the command line ---- */

struct options {
	bool live, json, elide;
	const char *json_file, *output;
	char **program;
};

static void usage(FILE *to)
{
	fprintf(to, "Usage: vfiopm-trace [--live] [--json[=FILE]] [--output FILE] [--elide]\n"
		    "                    [--] PROGRAM [ARGUMENT]...\n"
		    "  Runs PROGRAM and reports its calls on VFIO devices to standard error.\n"
		    "  --live         also print each wake and each needless call at once\n"
		    "  --json         report in JSON; with FILE, JSON to FILE and text as well\n"
		    "  --output FILE  report to FILE\n"
		    "  --elide        do not send a SET_IRQS that changes nothing\n"
		    "  --help, --version\n");
}

static void parse(int argc, char **argv, struct options *options)
{
	static const struct option names[] = {
		{ "live", no_argument, NULL, 'l' },
		{ "json", optional_argument, NULL, 'j' },
		{ "output", required_argument, NULL, 'o' },
		{ "elide", no_argument, NULL, 'e' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' },
		{ 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "+h", names, NULL)) >= 0) {
		switch (option) {
		case 'l':
			options->live = true;
			break;
		case 'j':
			options->json = true;
			options->json_file = optarg;
			break;
		case 'o':
			options->output = optarg;
			break;
		case 'e':
			options->elide = true;
			break;
		case 'h':
			usage(stdout);
			exit(0);
		case 'v':
			printf("vfiopm-trace %s\n", VERSION);
			exit(0);
		default:
			exit(125);
		}
	}
	if (optind == argc) {
		usage(stderr);
		exit(125);
	}
	options->program = argv + optind;
}

static FILE *open_output(const char *path)
{
	FILE *file = path ? fopen(path, "we") : stderr;

	if (!file)
		die("%s: %m", path);
	return file;
}

/* ---- the program ---- */

static pid_t start(const struct options *options, const struct rlimit *files, const sigset_t *mask)
{
	char object[PATH_MAX];
	pid_t program;

	find_file("vfiopm-trace.so", PRELOAD, object, sizeof(object));
	if (access(object, R_OK) < 0)
		die("%s: %m", object);
	program = fork();
	if (program < 0)
		die("fork: %m");
	if (program > 0)
		return program;
	/* Before the object of vfiopm-sim: the calls then reach the simulated devices. */
	preload_object(object, BEFORE);
	setenv(TRACE_VARIABLE, directory, 1);
	setrlimit(RLIMIT_NOFILE, files);
	run_program(options->program, mask);
}

/* ---- the loop ---- */

/* Returns the exit status of the program, or -1 while it runs. */
static int handle_signal(int signals, pid_t program)
{
	struct signalfd_siginfo info;
	int status;

	if (read(signals, &info, sizeof(info)) != sizeof(info))
		return -1;
	if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGHUP)
		kill(program, (int)info.ssi_signo);
	return waitpid(program, &status, WNOHANG) == program ? exit_status(status) : -1;
}

static int loop(int epoll, int signals, pid_t program)
{
	struct epoll_event event;
	int status = -1;

	while (status < 0) {
		if (epoll_wait(epoll, &event, 1, -1) <= 0)
			continue;
		if (event.data.ptr)
			calls_handle(event.data.ptr);
		else
			status = handle_signal(signals, program);
	}
	return status;
}

int main(int argc, char **argv)
{
	int epoll = epoll_create1(EPOLL_CLOEXEC), signals, status;
	struct epoll_event event = { .events = EPOLLIN };
	struct options options = { 0 };
	struct rlimit limit;
	FILE *output, *json;
	sigset_t old;

	parse(argc, argv, &options);
	program_check(options.program[0]);
	output = open_output(options.output);
	json = options.json_file ? open_output(options.json_file) : NULL;
	/* There can be one eventfd for each vector of each device. */
	limit = raise_limit();
	make_directory(directory, sizeof(directory));
	calls_begin(epoll, directory, options.elide, options.live ? output : NULL);
	signals = begin_signals(&old);
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, signals, &event) < 0)
		die("epoll_ctl: %m");
	status = loop(epoll, signals, start(&options, &limit, &old));
	remove_directory();
	for (int i = 0; i < device_count; i++)
		device_finish(&devices[i]);
	if (json)
		report_json(json, options.elide, status);
	if (options.json && !json)
		report_json(output, options.elide, status);
	else
		report_text(output);
	if ((json && fclose(json) != 0) || fclose(output) != 0) {
		fprintf(stderr, "vfiopm-trace: the report cannot be written\n");
		return 125;
	}
	return status;
}
