// SPDX-License-Identifier: MIT
/*
 * vfiopmctl watch: the power of devices over time, as a drawing on a terminal, else as plain
 * lines. It reads only sysfs, and wakes no device.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <json-c/json.h>

#include "ctl.h"

#define SAMPLES 512

struct watched {
	const struct vfiopm_discover_device *device;
	const char *address;
	struct ctl_power power, reported; /* now, and in the last report */
	int64_t counted_ms;		  /* the last suspended time that the kernel reported */
	int64_t slept_ms;		  /* since the start of watching; -1: unknown */
	int8_t samples[SAMPLES];	  /* power states; a ring buffer */
};

struct watch {
	const struct ctl_options *options;
	struct vfiopm_discover_list *list;	 /* if no DEVICE is named */
	struct vfiopm_discover_device **devices; /* if DEVICEs are named */
	struct watched *watched;
	uint32_t count;
	unsigned sample_count;
	int64_t began_ms;
	int signals;
	bool terminal, blocks;
	struct winsize size; /* of the terminal */
	unsigned drawn;	     /* lines above the cursor */
};

static int64_t since_ms(const struct watch *watch)
{
	return ctl_now_ms() - watch->began_ms;
}

/* ---- sampling ---- */

/* The percentage of the watched time that a device was suspended; -1 if unknown. */
static double share_of(const struct watch *watch, const struct watched *watched)
{
	int64_t time = since_ms(watch);

	return watched->slept_ms < 0 || time <= 0
		       ? -1
		       : 100.0 * (double)watched->slept_ms / (double)time;
}

/* The kernel counts the suspended time from the discovery of the device. If a device is removed
 * and found again, the count restarts at 0. */
static void count_sleep(struct watched *watched)
{
	int64_t now_ms = watched->power.suspended_ms, before_ms = watched->counted_ms;

	if (now_ms < 0)
		return;
	if (watched->slept_ms < 0)
		watched->slept_ms = 0;
	else
		watched->slept_ms += now_ms >= before_ms ? now_ms - before_ms : now_ms;
	watched->counted_ms = now_ms;
}

static void sample(struct watch *watch)
{
	for (uint32_t i = 0; i < watch->count; i++) {
		struct watched *watched = &watch->watched[i];

		watched->power = ctl_power_of(watched->device);
		count_sleep(watched);
		watched->samples[watch->sample_count % SAMPLES] = (int8_t)watched->power.state;
	}
	watch->sample_count++;
}

/* ---- plain lines ---- */

static bool has_changed(const struct watched *watched)
{
	return watched->power.state != watched->reported.state ||
	       watched->power.status != watched->reported.status ||
	       watched->power.gone != watched->reported.gone;
}

static void report_change(const struct watch *watch, const struct watched *watched)
{
	struct json_object *object;

	if (!watch->options->json) {
		printf("%8.1f s  %s  %s%s%s\n", (double)since_ms(watch) / 1000, watched->address,
		       ctl_status_name(&watched->power), watched->power.gone ? "" : ", ",
		       watched->power.gone ? "" : ctl_state_name(&watched->power));
		return;
	}
	object = json_object_new_object();
	ctl_json_add_text(object, "event", watched->power.gone ? "gone" : "state");
	ctl_json_add_text(object, "address", watched->address);
	ctl_json_add_number(object, "time_ms", since_ms(watch));
	ctl_json_add(object, "power", ctl_power_json(&watched->power));
	ctl_json_print_line(object);
}

static void report_changes(struct watch *watch)
{
	for (uint32_t i = 0; i < watch->count; i++) {
		struct watched *watched = &watch->watched[i];

		if (watch->sample_count > 1 && !has_changed(watched))
			continue;
		report_change(watch, watched);
		watched->reported = watched->power;
	}
	fflush(stdout);
}

static void report_end_json(const struct watch *watch, const struct watched *watched, double share)
{
	struct json_object *object = json_object_new_object();

	ctl_json_add_text(object, "event", "end");
	ctl_json_add_text(object, "address", watched->address);
	ctl_json_add_number(object, "time_ms", since_ms(watch));
	if (share < 0)
		ctl_json_add_null(object, "suspended_percent");
	else
		ctl_json_add_double(object, "suspended_percent", share);
	ctl_json_print_line(object);
}

static void report_end(const struct watch *watch)
{
	for (uint32_t i = 0; i < watch->count; i++) {
		const struct watched *watched = &watch->watched[i];
		double share = share_of(watch, watched);

		if (watch->options->json)
			report_end_json(watch, watched, share);
		else if (share < 0)
			printf("%8.1f s  %s  the kernel does not report the suspended time\n",
			       (double)since_ms(watch) / 1000, watched->address);
		else
			printf("%8.1f s  %s  suspended for %.1f %% of the time\n",
			       (double)since_ms(watch) / 1000, watched->address, share);
	}
}

/* ---- a terminal ---- */

/* Only the environment decides: the locale need not be installed. */
static bool is_utf8(void)
{
	static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = getenv(names[i]);

		if (value && value[0])
			return strcasestr(value, "UTF-8") || strcasestr(value, "utf8");
	}
	return false;
}

#define COLUMNS_BEFORE 46
#define ROWS_BESIDE    3 /* the head, the foot, and the line of the cursor */

/* True if standard output is a terminal that can move its cursor and is large enough. */
static bool get_terminal(struct winsize *ret_size)
{
	const char *type = getenv("TERM");

	return isatty(STDOUT_FILENO) && type && strcmp(type, "dumb") != 0 &&
	       ioctl(STDOUT_FILENO, TIOCGWINSZ, ret_size) == 0 &&
	       ret_size->ws_col > COLUMNS_BEFORE && ret_size->ws_row > ROWS_BESIDE;
}

/* The mark of a deeper state is lower. */
static const char *mark_of(const struct watch *watch, int8_t state)
{
	switch (state) {
	case VFIOPM_POWER_STATE_D0:
		return watch->blocks ? "\u2588" : "#";
	case VFIOPM_POWER_STATE_D1:
	case VFIOPM_POWER_STATE_D2:
		return watch->blocks ? "\u2585" : "+";
	case VFIOPM_POWER_STATE_D3HOT:
		return watch->blocks ? "\u2583" : "=";
	case VFIOPM_POWER_STATE_D3COLD:
		return watch->blocks ? "\u2581" : "_";
	default:
		return "?";
	}
}

static void draw_timeline(const struct watch *watch, const struct watched *watched, unsigned width)
{
	unsigned shown = watch->sample_count < width ? watch->sample_count : width;

	if (shown > SAMPLES)
		shown = SAMPLES;
	for (unsigned i = watch->sample_count - shown; i < watch->sample_count; i++)
		fputs(mark_of(watch, watched->samples[i % SAMPLES]), stdout);
}

static void draw_device(const struct watch *watch, const struct watched *watched)
{
	double share = share_of(watch, watched);

	printf("\033[K%-12s  %-10s  %-7s  ", watched->address, ctl_status_name(&watched->power),
	       ctl_state_name(&watched->power));
	if (share < 0)
		printf("%8s  ", "-");
	else
		printf("%6.1f %%  ", share);
	if (watch->size.ws_col > COLUMNS_BEFORE)
		draw_timeline(watch, watched, watch->size.ws_col - COLUMNS_BEFORE);
	printf("\n");
}

/* Move the cursor to the head. After a change of the terminal's size, the position of the head
 * is unknown, so the terminal is cleared. */
static void begin_drawing(struct watch *watch)
{
	struct winsize size = watch->size;

	ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	if (size.ws_col != watch->size.ws_col || size.ws_row != watch->size.ws_row)
		printf("\033[H\033[2J");
	else if (watch->drawn > 0)
		printf("\r\033[%uA", watch->drawn);
	watch->size = size;
}

/* With DECAWM off, the terminal cuts long lines, so that each line takes one row. */
static void draw(struct watch *watch)
{
	uint32_t shown = watch->count;

	begin_drawing(watch);
	if (shown + ROWS_BESIDE > watch->size.ws_row)
		shown = watch->size.ws_row > ROWS_BESIDE ? watch->size.ws_row - ROWS_BESIDE : 0;
	printf("\033[?7l\033[K%-12s  %-10s  %-7s  %8s  %s  (%s D0, %s D3hot, %s D3cold)\n",
	       "DEVICE", "STATUS", "STATE", "ASLEEP", "TIME", mark_of(watch, VFIOPM_POWER_STATE_D0),
	       mark_of(watch, VFIOPM_POWER_STATE_D3HOT), mark_of(watch, VFIOPM_POWER_STATE_D3COLD));
	for (uint32_t i = 0; i < shown; i++)
		draw_device(watch, &watch->watched[i]);
	printf("\033[K%.1f s; ", (double)since_ms(watch) / 1000);
	if (shown < watch->count)
		printf("%" PRIu32 " more devices do not fit; ", watch->count - shown);
	printf("press Ctrl-C to end\n\033[?7h\033[J");
	watch->drawn = shown + 2;
	fflush(stdout);
}

/* ---- watching ---- */

static bool is_over(const struct watch *watch)
{
	return watch->options->for_ms >= 0 && since_ms(watch) >= watch->options->for_ms;
}

/* Wait until the next sample is due. True if a signal has arrived. */
static bool wait_for_next(const struct watch *watch)
{
	struct pollfd pollfd = { .fd = watch->signals, .events = POLLIN };
	int64_t next =
		(since_ms(watch) / watch->options->interval_ms + 1) * watch->options->interval_ms;

	if (watch->options->for_ms >= 0 && next > watch->options->for_ms)
		next = watch->options->for_ms;
	next -= since_ms(watch);
	if (next > INT_MAX)
		next = INT_MAX;
	return poll(&pollfd, 1, next > 0 ? (int)next : 0) > 0;
}

static void run(struct watch *watch)
{
	bool over = false;

	watch->began_ms = ctl_now_ms();
	for (uint32_t i = 0; i < watch->count; i++)
		watch->watched[i].slept_ms = -1;
	sample(watch);
	while (!over) {
		if (watch->terminal)
			draw(watch);
		else
			report_changes(watch);
		over = wait_for_next(watch) || is_over(watch);
		sample(watch);
	}
	if (watch->terminal)
		draw(watch);
	else
		report_changes(watch);
	report_end(watch);
}

/* ---- which devices ---- */

static int fail_memory(void)
{
	ctl_say("out of memory");
	return CTL_FAILED;
}

static int find_named(struct watch *watch)
{
	const struct ctl_options *options = watch->options;

	watch->devices = calloc((size_t)options->device_count, sizeof(*watch->devices));
	watch->watched = calloc((size_t)options->device_count, sizeof(*watch->watched));
	if (!watch->devices || !watch->watched)
		return fail_memory();
	for (int i = 0; i < options->device_count; i++) {
		int r = vfiopm_discover_device_new(options->devices[i], &watch->devices[i]);

		if (r < 0)
			return ctl_fail_lookup(options->devices[i], r);
		watch->watched[watch->count++].device = watch->devices[i];
	}
	return CTL_OK;
}

static int find_all(struct watch *watch)
{
	uint32_t count = 0;
	int r = vfiopm_discover_list_new(
		watch->options->all ? VFIOPM_DISCOVER_ALL : VFIOPM_DISCOVER_VFIO, &watch->list);

	if (r < 0)
		return ctl_fail_list(r);
	vfiopm_discover_list_get_count(watch->list, &count);
	if (count == 0)
		return ctl_report_no_devices(watch->options->all);
	watch->watched = calloc(count, sizeof(*watch->watched));
	if (!watch->watched)
		return fail_memory();
	for (uint32_t i = 0; i < count; i++)
		vfiopm_discover_list_get_device(watch->list, i, &watch->watched[i].device);
	watch->count = count;
	return CTL_OK;
}

int ctl_watch(const struct ctl_options *options)
{
	struct watch watch = { .options = options };
	int status;

	watch.blocks = is_utf8();
	watch.terminal = !options->json && get_terminal(&watch.size);
	watch.signals = ctl_open_signals();
	status = options->device_count > 0 ? find_named(&watch) : find_all(&watch);
	for (uint32_t i = 0; i < watch.count; i++)
		vfiopm_discover_device_get_address(watch.watched[i].device,
						   &watch.watched[i].address);
	if (status == CTL_OK && watch.count > 0)
		run(&watch);
	for (int i = 0; watch.devices && i < options->device_count; i++)
		vfiopm_discover_device_free(watch.devices[i]);
	vfiopm_discover_list_free(watch.list);
	free(watch.devices);
	free(watch.watched);
	return status;
}
