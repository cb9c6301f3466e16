// SPDX-License-Identifier: MIT
/* vfiopmctl: lists, watches and puts to sleep the PCI devices that VFIO has. The command line. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"

static const char usage[] =
	"Usage: vfiopmctl COMMAND [OPTION ..] [DEVICE ..]\n"
	"  list [--all]            the devices that VFIO has, or all PCI devices\n"
	"  show DEVICE             what is known of one, without waking it\n"
	"  probe DEVICE            what VFIO offers for it; this opens and wakes it\n"
	"  enter DEVICE [--wakeup [--again]] [--for TIME]\n"
	"                          put it into low power and hold it there\n"
	"  watch [--all] [--interval TIME] [--for TIME] [DEVICE ..]\n"
	"                          their power as time goes by, without waking them\n"
	"  doctor [--open] DEVICE  why it is not in D3cold, or would not get there\n"
	"Each takes --json. A DEVICE is a PCI address like 0000:01:00.0, a TIME is like\n"
	"10s, 500ms or 5m. See vfiopmctl(1).\n";

/* The options, by their letters; only some go with a command. */
static const struct option long_options[] = {
	{ "json", no_argument, NULL, 'j' },
	{ "all", no_argument, NULL, 'a' },
	{ "wakeup", no_argument, NULL, 'w' },
	{ "again", no_argument, NULL, 'r' },
	{ "open", no_argument, NULL, 'o' },
	{ "for", required_argument, NULL, 'f' },
	{ "interval", required_argument, NULL, 'i' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static const struct command {
	const char *name;
	int (*run)(const struct ctl_options *options);
	const char *letters;
	int least, most; /* devices */
} commands[] = {
	{ "list", ctl_list, "ja", 0, 0 },	 { "show", ctl_show, "j", 1, 1 },
	{ "probe", ctl_probe, "j", 1, 1 },	 { "enter", ctl_enter, "jwrf", 1, 1 },
	{ "watch", ctl_watch, "jafi", 0, 1000 }, { "doctor", ctl_doctor, "jo", 1, 1 },
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static int fail_usage(const char *what, const char *of)
{
	ctl_say("%s%s%s. See: vfiopmctl --help", what, of[0] ? ": " : "", of);
	return CTL_USAGE;
}

/* 0, or a status. */
static int take_time(const char *text, int64_t least, int64_t *ret_ms)
{
	*ret_ms = ctl_parse_time(text);
	return *ret_ms >= least ? 0
				: fail_usage("no time, or one that is too short or too long", text);
}

static int take_option(int letter, struct ctl_options *options)
{
	switch (letter) {
	case 'j':
		options->json = true;
		return 0;
	case 'a':
		options->all = true;
		return 0;
	case 'w':
		options->wakeup = true;
		return 0;
	case 'r':
		options->again = true;
		return 0;
	case 'o':
		options->open = true;
		return 0;
	case 'f':
		return take_time(optarg, 1, &options->for_ms);
	default:
		return take_time(optarg, 10, &options->interval_ms);
	}
}

static const char *name_of(int letter)
{
	const struct option *option = long_options;

	while (option->val != letter)
		option++;
	return option->name;
}

static int take_options(const struct command *command, int argc, char **argv,
			struct ctl_options *options)
{
	char short_option[] = "-?";
	int letter, r = 0;

	opterr = 0;
	while (r == 0 && (letter = getopt_long(argc, argv, "h", long_options, NULL)) != -1) {
		/* One of a letter may be among others; getopt tells which. */
		short_option[1] = (char)optopt;
		if (letter == '?')
			return fail_usage("no such option, or its time is missing",
					  optopt && !strchr("afijorw", optopt) ? short_option
									       : argv[optind - 1]);
		if (letter == 'h') {
			fputs(usage, stdout);
			return -1;
		}
		if (!strchr(command->letters, letter))
			return fail_usage("this command has no such option", name_of(letter));
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
	if (options.device_count < command->least)
		return fail_usage("which device? One is missing", "");
	if (options.device_count > command->most)
		return fail_usage("too much", options.devices[command->most]);
	if (options.again && !options.wakeup)
		return fail_usage("--again goes with --wakeup: a plain entry does so by itself",
				  "");
	return command->run(&options);
}

static int run_command(int argc, char **argv)
{
	if (argc < 2) {
		fputs(usage, stderr);
		return CTL_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		fputs(usage, stdout);
		return CTL_OK;
	}
	if (strcmp(argv[1], "--version") == 0) {
		puts("vfiopmctl " VERSION);
		return CTL_OK;
	}
	for (size_t i = 0; i < COMMANDS; i++) {
		if (strcmp(argv[1], commands[i].name) == 0)
			return run(&commands[i], argc - 1, argv + 1);
	}
	return fail_usage("there is no such command", argv[1]);
}

/* Where the caller has closed standard output or error, the next file opened would be in its
 * place: a device, whose registers a message would then be written to. What stands there now
 * lets a write fail. */
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
