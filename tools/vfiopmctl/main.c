// SPDX-License-Identifier: MIT
/* vfiopmctl: lists and watches the PCI devices of VFIO, and puts them into low power. This file
 * parses the command line. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"

/* ---- options ---- */

/* The values of long options are above those of all characters, so that getopt_long() reports
 * an unknown short option with a different value. */
#define LONG(letter) (256 + (letter))

static const struct option long_options[] = {
	{ "all", no_argument, NULL, LONG('a') },
	{ "again", no_argument, NULL, LONG('r') },
	{ "for", required_argument, NULL, LONG('f') },
	{ "help", no_argument, NULL, 'h' },
	{ "interval", required_argument, NULL, LONG('i') },
	{ "json", no_argument, NULL, LONG('j') },
	{ "open", no_argument, NULL, LONG('o') },
	{ "wakeup", no_argument, NULL, LONG('w') },
	{ NULL, 0, NULL, 0 },
};

static const char *name_of(int letter)
{
	const struct option *option = long_options;

	while (option->val != letter)
		option++;
	return option->name;
}

/* ---- commands ---- */

static const struct command {
	const char *name;
	int (*run)(const struct ctl_options *options);
	const char *letters;	  /* the options that it accepts */
	int min_count, max_count; /* devices */
	const char *help;
} commands[] = {
	{ "list", ctl_list, "aj", 0, 0,
	  "Usage: vfiopmctl list [--all] [--json]\n"
	  "List the devices that are bound to VFIO drivers, without waking them.\n"
	  "  --all            list all PCI devices\n"
	  "  --json           print JSON\n" },
	{ "show", ctl_show, "j", 1, 1,
	  "Usage: vfiopmctl show [--json] DEVICE\n"
	  "Show everything about a device that can be read without waking it.\n"
	  "  --json           print JSON\n" },
	{ "probe", ctl_probe, "j", 1, 1,
	  "Usage: vfiopmctl probe [--json] DEVICE\n"
	  "Open a device, which wakes it, and show which features and interrupts VFIO offers.\n"
	  "  --json           print JSON\n" },
	{ "enter", ctl_enter, "fjrw", 1, 1,
	  "Usage: vfiopmctl enter [--wakeup [--again]] [--for TIME] [--json] DEVICE\n"
	  "Put a device into low power, hold it there, and report what happens to it.\n"
	  "Ctrl-C ends the command, and low power with it.\n"
	  "  --wakeup         end at the first wake by the host\n"
	  "  --again          with --wakeup: put the device back after each wake\n"
	  "  --for TIME       end after TIME\n"
	  "  --json           print one line of JSON for each event\n" },
	{ "watch", ctl_watch, "afij", 0, 1000,
	  "Usage: vfiopmctl watch [--all] [--interval TIME] [--for TIME] [--json] [DEVICE...]\n"
	  "Watch the power of devices, without waking them. Ctrl-C ends the command. Without\n"
	  "DEVICE, all devices that are bound to VFIO drivers are watched.\n"
	  "  --all            watch all PCI devices\n"
	  "  --interval TIME  read the power every TIME (500ms)\n"
	  "  --for TIME       end after TIME\n"
	  "  --json           print one line of JSON for each change\n" },
	{ "doctor", ctl_doctor, "jo", 1, 1,
	  "Usage: vfiopmctl doctor [--open] [--json] DEVICE\n"
	  "Explain why a device is not in D3cold, or cannot reach it.\n"
	  "  --open           open the device, which wakes it, and check whether its driver\n"
	  "                   supports low power\n"
	  "  --json           print JSON\n" },
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static const char usage[] =
	"Usage: vfiopmctl COMMAND [OPTION...] [DEVICE...]\n"
	"  list [--all]            list the devices that are bound to VFIO drivers\n"
	"  show DEVICE             show everything about a device, without waking it\n"
	"  probe DEVICE            open a device, which wakes it, and show what VFIO offers\n"
	"  enter [--wakeup [--again]] [--for TIME] DEVICE\n"
	"                          put a device into low power and hold it there\n"
	"  watch [--all] [--interval TIME] [--for TIME] [DEVICE...]\n"
	"                          watch the power of devices, without waking them\n"
	"  doctor [--open] DEVICE  explain why a device is not in D3cold\n"
	"  help [COMMAND]          explain a command and its options\n"
	"Every command except help accepts --json.\n";

/* This text follows the usage, and the help of each command. */
static const char arguments[] =
	"A DEVICE is a PCI address like 0000:01:00.0. A TIME is a number with the unit ms, s, m\n"
	"or h, like 0.5s; without a unit, it is in seconds. See vfiopmctl(1).\n";

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < COMMANDS; i++) {
		if (strcmp(name, commands[i].name) == 0)
			return &commands[i];
	}
	return NULL;
}

static void print_help(const struct command *command)
{
	fputs(command ? command->help : usage, stdout);
	fputs(arguments, stdout);
}

/* ---- the command line ---- */

/* command may be NULL. */
static int fail_usage(const struct command *command, const char *problem)
{
	ctl_say("%s; see: vfiopmctl help%s%s", problem, command ? " " : "",
		command ? command->name : "");
	return CTL_USAGE;
}

static int fail_argument(const struct command *command, const char *problem, const char *argument)
{
	char text[300];

	snprintf(text, sizeof(text), "%s %s", problem, ctl_quote(argument));
	return fail_usage(command, text);
}

static int fail_option(const struct command *command, const char *name, const char *problem)
{
	char text[200];

	snprintf(text, sizeof(text), "the option --%s %s", name, problem);
	return fail_usage(command, text);
}

/* 0, or an exit status. */
static int take_time(const char *name, int64_t min_ms, int64_t *ret_ms)
{
	*ret_ms = ctl_parse_time(optarg);
	if (*ret_ms >= min_ms)
		return 0;
	ctl_say("%s is not a TIME for --%s; a TIME is a number with the unit ms, s, m or h, like "
		"0.5s, from %dms to %d days",
		ctl_quote(optarg), name, (int)min_ms, (int)(CTL_MAX_TIME_MS / 86400000));
	return CTL_USAGE;
}

static int take_option(int letter, struct ctl_options *options)
{
	switch (letter) {
	case LONG('j'):
		options->json = true;
		return 0;
	case LONG('a'):
		options->all = true;
		return 0;
	case LONG('w'):
		options->wakeup = true;
		return 0;
	case LONG('r'):
		options->again = true;
		return 0;
	case LONG('o'):
		options->open = true;
		return 0;
	case LONG('f'):
		return take_time("for", 1, &options->for_ms);
	default:
		return take_time("interval", 10, &options->interval_ms);
	}
}

/* getopt_long() does not report which short option of several is unknown, but sets optopt. */
static int fail_unknown_option(const struct command *command, char **argv)
{
	char short_option[] = { '-', (char)optopt, '\0' };

	if (optopt > 256)
		return fail_option(command, name_of(optopt), "does not take a value");
	return fail_argument(command, "unknown option", optopt ? short_option : argv[optind - 1]);
}

/* 0, or an exit status, or -1 after help was printed. */
static int take_options(const struct command *command, int argc, char **argv,
			struct ctl_options *options)
{
	int letter, r = 0;

	while (r == 0 && (letter = getopt_long(argc, argv, ":h", long_options, NULL)) != -1) {
		if (letter == '?')
			return fail_unknown_option(command, argv);
		if (letter == ':')
			return fail_option(command, name_of(optopt), "needs a TIME, like 0.5s");
		if (letter == 'h') {
			print_help(command);
			return -1;
		}
		if (!strchr(command->letters, letter - LONG(0)))
			return fail_option(command, name_of(letter),
					   "does not belong to this command");
		r = take_option(letter, options);
	}
	options->devices = argv + optind;
	options->device_count = argc - optind;
	return r;
}

static int run(const struct command *command, int argc, char **argv)
{
	struct ctl_options options = { .for_ms = -1, .interval_ms = 500 };
	int r = take_options(command, argc, argv, &options);

	if (r != 0)
		return r < 0 ? CTL_OK : r;
	if (options.device_count < command->min_count)
		return fail_usage(command, "a DEVICE like 0000:01:00.0 is missing");
	if (options.device_count > command->max_count)
		return fail_argument(command, "unexpected argument",
				     options.devices[command->max_count]);
	if (options.again && !options.wakeup)
		return fail_option(command, "again",
				   "needs --wakeup; without --wakeup, the kernel suspends the "
				   "device again after each wake");
	return command->run(&options);
}

static int help(int argc, char **argv)
{
	const struct command *command = argc > 0 ? find_command(argv[0]) : NULL;

	if (argc > 0 && !command && strcmp(argv[0], "help") != 0)
		return fail_argument(NULL, "unknown command", argv[0]);
	if (argc > 1)
		return fail_argument(NULL, "unexpected argument", argv[1]);
	print_help(command);
	return CTL_OK;
}

static int run_command(int argc, char **argv)
{
	const struct command *command;

	if (argc < 2) {
		fputs(usage, stderr);
		fputs(arguments, stderr);
		return CTL_USAGE;
	}
	if (strcmp(argv[1], "help") == 0)
		return help(argc - 2, argv + 2);
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
		return help(0, NULL);
	if (strcmp(argv[1], "--version") == 0) {
		puts("vfiopmctl " VERSION);
		return CTL_OK;
	}
	command = find_command(argv[1]);
	return command ? run(command, argc - 1, argv + 1)
		       : fail_argument(NULL, "unknown command", argv[1]);
}

/* If the caller has closed standard output or error, the next opened file would get that fd. A
 * message could then be written to the registers of a device. A write to the read-only fd that
 * is opened here fails. */
static bool fill_standard_fds(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDONLY);
	while (fd >= 0 && fd <= STDERR_FILENO);
	return fd >= 0 && close(fd) == 0;
}

int main(int argc, char **argv)
{
	int status;

	if (!fill_standard_fds())
		return CTL_FAILED;
	status = run_command(argc, argv);
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	ctl_say("the output could not be written: %s", strerror(errno));
	return status == CTL_OK ? CTL_FAILED : status;
}
