// SPDX-License-Identifier: MIT
/* The control socket: commands in lines, for tests. vfiopm-sim(1) documents the commands. */
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "lib/uapi.h"
#include "server.h"

/* ---- the log ---- */

#define LOG_LINES 4096
#define LOG_WIDTH 160

static char lines[LOG_LINES][LOG_WIDTH];
static unsigned long logged;

void control_log(const char *format, ...)
{
	char *line = lines[logged++ % LOG_LINES];
	struct timespec now;
	va_list args;
	int length;

	clock_gettime(CLOCK_MONOTONIC, &now);
	length = snprintf(line, LOG_WIDTH, "%ld.%06ld ", (long)now.tv_sec, now.tv_nsec / 1000);
	va_start(args, format);
	vsnprintf(line + length, LOG_WIDTH - (size_t)length, format, args);
	va_end(args);
}

/* ---- the counts ---- */

#define KINDS 32

static struct count {
	const char *what;
	unsigned long count;
} counts[SIM_DEVICES][KINDS];

static int number_of(const struct sim_device *device)
{
	int number = 0;

	while (sim_device_at(number) != device)
		number++;
	return number;
}

void control_count(const struct sim_device *device, const char *what)
{
	struct count *count = counts[number_of(device)];

	while (count->what && strcmp(count->what, what) != 0)
		count++;
	count->what = what;
	count->count++;
}

/* ---- the failure ---- */

static struct {
	unsigned long after; /* this call and no other fails; 0: none */
	int error;
	char what[48]; /* empty: every kind of call */
} failure;

int control_failure(const char *kind, const char *what)
{
	if (failure.after == 0 ||
	    (failure.what[0] && strcmp(failure.what, kind) != 0 && strcmp(failure.what, what) != 0))
		return 0;
	return --failure.after == 0 ? failure.error : 0;
}

/* ---- commands ---- */

#define WORDS 5

struct command {
	char *words[WORDS + 1];
	int count;
	int client;
	struct sim_device *device; /* the device that was named, or the only one, or NULL */
};

static void say(const struct command *command, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void say(const struct command *command, const char *format, ...)
{
	char text[512];
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	send(command->client, text, (size_t)length, MSG_NOSIGNAL);
}

static const char *show_devices(const struct command *command)
{
	for (int i = 0; i < SIM_DEVICES; i++) {
		const struct sim_device *device = sim_device_at(i);

		if (device)
			say(command, "%s group %u %s\n", device->address, device->group,
			    name_of_device(i));
	}
	return NULL;
}

static const char *show_state(const struct command *command)
{
	static const char *const powers[] = { "D0", "D1", "D2", "D3hot", "D3cold" };
	const struct sim_device *device = command->device;

	say(command, "power %s\nruntime %s\nlow-power %s\nwakeup %s\nopens %u\n",
	    powers[device->power], device->suspended ? "suspended" : "active",
	    device->engaged ? "entered" : "off", device->wake >= 0 ? "armed" : "off",
	    device->opens);
	return NULL;
}

static const char *show_counts(const struct command *command)
{
	const struct count *count = counts[number_of(command->device)];

	for (; count->what; count++)
		say(command, "%s %lu\n", count->what, count->count);
	return NULL;
}

/* Returns false if the word is missing or no number. */
static bool read_number(const struct command *command, int word, unsigned long *ret)
{
	char *end;

	if (word >= command->count || !isdigit((unsigned char)command->words[word][0]))
		return false;
	*ret = strtoul(command->words[word], &end, 10);
	return !*end;
}

static const char *show_log(const struct command *command)
{
	unsigned long from = logged > LOG_LINES ? logged - LOG_LINES : 0, most = LOG_LINES;

	if (command->count > 1 && !read_number(command, 1, &most))
		return "log needs a number";
	if (most < logged - from)
		from = logged - most;
	for (; from < logged; from++)
		say(command, "%s\n", lines[from % LOG_LINES]);
	return NULL;
}

static const char *wake(const struct command *command)
{
	if (sim_pm_get(command->device) < 0)
		return "the resume failed";
	sim_pm_put(command->device);
	return NULL;
}

static const char *raise_interrupt(const struct command *command)
{
	static const char *const names[] = { "intx", "msi", "msix", "err", "req" };
	uint32_t index = 0;
	unsigned long vector = 0;
	bool right = command->count <= 2 || read_number(command, 2, &vector);

	while (index < 5 && (command->count < 2 || strcmp(command->words[1], names[index]) != 0))
		index++;
	if (index == 5 || vector >= SIM_VECTORS || !right)
		return "raise needs intx, msi, msix, err or req, and the number of a vector";
	say(command, "%s\n",
	    sim_fire(command->device, index, (uint32_t)vector) ? "signalled" : "not signalled");
	return NULL;
}

static const char *set_suspend(const struct command *command)
{
	const char *word = command->count > 1 ? command->words[1] : "";

	if (strcmp(word, "now") == 0)
		return sim_suspend(command->device) ? NULL : "the device is in use, or suspended";
	if (strcmp(word, "never") == 0)
		sim_set_suspend(command->device, SIM_SUSPEND_NEVER);
	else if (strcmp(word, "on-request") == 0)
		sim_set_suspend(command->device, SIM_SUSPEND_ON_REQUEST);
	else if (strcmp(word, "at-once") == 0)
		sim_set_suspend(command->device, SIM_SUSPEND_AT_ONCE);
	else
		return "suspend needs now, never, on-request or at-once";
	if (strcmp(word, "at-once") == 0)
		sim_suspend(command->device);
	return NULL;
}

static int errno_of(const char *name)
{
	for (int error = 1; error < 4096; error++) {
		const char *known = strerrorname_np(error);

		if (known && strcmp(known, name) == 0)
			return error;
	}
	return 0;
}

static const char *set_failure(const struct command *command)
{
	unsigned long after = 0;
	bool right = read_number(command, 1, &after);
	int error = command->count > 2 ? errno_of(command->words[2]) : 0;
	const char *what = command->count > 3 ? command->words[3] : "";

	if (!right || after == 0 || error == 0)
		return "fail needs a number from 1, and the name of an errno";
	if (*what && !serve_has_kind(what))
		return "fail knows the calls open, ioctl, read, write and mmap, and names of "
		       "ioctls";
	failure.after = after;
	failure.error = error;
	snprintf(failure.what, sizeof(failure.what), "%s", what);
	return NULL;
}

static const char *reset(const struct command *command)
{
	(void)command;
	failure.after = 0;
	logged = 0;
	memset(counts, 0, sizeof(counts));
	for (int i = 0; i < SIM_DEVICES; i++) {
		if (!sim_device_at(i))
			continue;
		sim_set_suspend(sim_device_at(i), SIM_SUSPEND_AT_ONCE);
		sim_suspend(sim_device_at(i));
	}
	return NULL;
}

static const struct {
	const char *name;
	bool of_device;
	int most; /* words, without the device */
	const char *(*run)(const struct command *command);
} commands[] = {
	{ "devices", false, 1, show_devices },
	{ "state", true, 1, show_state },
	{ "counts", true, 1, show_counts },
	{ "log", false, 2, show_log },
	{ "wake", true, 1, wake },
	{ "raise", true, 3, raise_interrupt },
	{ "suspend", true, 2, set_suspend },
	{ "fail", false, 4, set_failure },
	{ "reset", false, 1, reset },
};

static struct sim_device *only_device(void)
{
	return sim_device_at(1) ? NULL : sim_device_at(0);
}

/* Returns the reason for a failure, or NULL. */
static const char *run(struct command *command)
{
	const char *name = command->count > 0 ? command->words[0] : "";

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(commands[i].name, name) != 0)
			continue;
		command->device = only_device();
		if (commands[i].of_device && command->count > 1 && strchr(command->words[1], ':')) {
			command->device = sim_device_by_address(command->words[1]);
			if (!command->device)
				return "there is no such device";
			memmove(&command->words[1], &command->words[2],
				sizeof(command->words[0]) * (WORDS - 1));
			command->count--;
		}
		if (commands[i].of_device && !command->device)
			return "there are several devices: name one by its address";
		if (command->count > commands[i].most)
			return "there are too many words";
		return commands[i].run(command);
	}
	return "unknown command: the commands are devices, state, counts, log, wake, raise, "
	       "suspend, fail and reset";
}

void control(char *line, int client)
{
	struct command command = { .client = client };
	const char *reason;

	for (char *word = strtok(line, " \t\r\n"); word && command.count < WORDS;
	     word = strtok(NULL, " \t\r\n"))
		command.words[command.count++] = word;
	files_update();
	reason = run(&command);
	if (reason)
		say(&command, "error %s\n", reason);
	else
		say(&command, "ok\n");
}
