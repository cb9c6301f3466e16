// SPDX-License-Identifier: MIT
/*
 * The verbs for what the host and the device do, and for what they show.
 *
 *   host ATTRIBUTE [TEXT]   read or write an attribute of the device in sysfs
 *   reads ATTRIBUTE         "text" if an attribute can be read, whose text differs in each run
 *   fdinfo                  whether fdinfo of dev has the path of the device in sysfs
 *   wake, lspci             resume the device from the host; read its config in sysfs
 *   asleep [STATE]          wait until the device is suspended in its deepest power state, or in
 *                           this one
 *   settle                  wait as long as a suspend needs: "asleep" or "awake"
 *   touch                   read the mapping of BAR 0: "mapped" or "SIGBUS"
 *   state                   find out the state of low power from outside, and leave it:
 *                           S0: none. S1: after an entry. "S2 w=1": after an entry with wakeup by
 *                           w. S1a, S2a: the host kept the device active. Eventfds that were
 *                           signaled before the step precede the state: "w=1 S0".
 *   fire INDEX VECTOR       let the device raise an interrupt
 *   clear, acknowledge      testbed_clear(), testbed_acknowledge()
 *   await FD                wait for an eventfd at most 2 s, and take all counts: "e0=1"
 *   arrive                  wait as long as an interrupt needs
 *   counts                  wait as long as a late interrupt needs, and take all counts
 *   loop INDEX VECTOR       trigger the vector by SET_IRQS: the eventfds that received it, or "-"
 *   vectors COUNT           loop over these MSI-X vectors: a result for each
 *   add FD COUNT, take FD   add to the count of an eventfd; read and clear the count
 *   fill FD                 set the count of an eventfd to its highest value
 *   pending FD              the eventfd is readable: 1, or not: 0
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "host.h"
#include "lib/uapi.h"
#include "steps.h"
#include "test.h"
#include "testbed.h"

static int say(struct steps *steps, const char *text)
{
	size_t length = strlen(steps->result);

	snprintf(steps->result + length, sizeof(steps->result) - length, "%s%s", length ? " " : "",
		 text);
	return 0;
}

/* ---- the host ---- */

static int state_host(struct steps *steps)
{
	char path[128], text[64] = "absent";
	ssize_t length;
	int fd;

	if (steps->count < 3) {
		host_read(steps->words[1], text, sizeof(text));
		return say(steps, text);
	}
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/%s", testbed_device(),
		 steps->words[1]);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	length = write(fd, steps->words[2], strlen(steps->words[2]));
	length = length < 0 ? -errno : 0;
	close(fd);
	return (int)length;
}

static int state_reads(struct steps *steps)
{
	char text[64];

	return say(steps, host_read(steps->words[1], text, sizeof(text)) ? "text" : "absent");
}

/* 6.18: vfio_main.c, vfio_device_show_fdinfo() */
static int state_fdinfo(struct steps *steps)
{
	char path[64], text[1024];
	ssize_t length;
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", steps->fds[FD_DEV]);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	length = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[length < 0 ? 0 : length] = '\0';
	return say(steps, strstr(text, "\nvfio-device-syspath: /sys/") ? "path" : "no path");
}

static int state_wake(struct steps *steps)
{
	(void)steps;
	host_wake();
	return 0;
}

static int state_lspci(struct steps *steps)
{
	(void)steps;
	host_read_config();
	return 0;
}

static int state_asleep(struct steps *steps)
{
	char text[64];

	if (steps->count < 2) {
		host_sees_deep_sleep();
		return say(steps, "asleep");
	}
	host_wait_suspended();
	assert_true(host_read("power_state", text, sizeof(text)));
	return say(steps, text);
}

static bool is_asleep(void)
{
	testbed_let_suspend();
	return host_shows("power/runtime_status", "suspended");
}

static int state_settle(struct steps *steps)
{
	return say(steps, is_asleep() ? "asleep" : "awake");
}

/* ---- low power ---- */

static int state_touch(struct steps *steps)
{
	return say(steps, raw_faults(steps->map) ? "SIGBUS" : "mapped");
}

static int state_state(struct steps *steps)
{
	bool held = host_shows("power/control", "on");
	char armed[STEP_RESULT];
	size_t before;

	steps_take_counts(steps);
	if (!raw_faults(steps->map)) {
		host_write("power/control", "auto");
		return say(steps, is_asleep() ? "mapped and asleep" : "S0");
	}
	if (held && is_asleep())
		return say(steps, "asleep in spite of the host");
	host_write("power/control", "auto");
	host_sees_deep_sleep();
	/* A wake ends S2, not S1. */
	before = strlen(steps->result);
	host_wake();
	if (is_asleep())
		return say(steps, held ? "S1a" : "S1");
	if (!steps_take_counts(steps))
		return say(steps, "awake without a signal");
	snprintf(armed, sizeof(armed), "S2%s %s", held ? "a" : "",
		 steps->result + before + (before > 0));
	steps->result[before] = '\0';
	return say(steps, armed);
}

/* ---- interrupts ---- */

static int state_fire(struct steps *steps)
{
	struct raw raw = steps_raw(steps);

	testbed_fire(&raw, steps_value(steps, 1), steps_value(steps, 2));
	steps->fired = true;
	return 0;
}

static int state_clear(struct steps *steps)
{
	struct raw raw = steps_raw(steps);

	testbed_clear(&raw);
	steps->fired = false;
	return 0;
}

static int state_acknowledge(struct steps *steps)
{
	struct raw raw = steps_raw(steps);

	testbed_acknowledge(&raw);
	return 0;
}

static int take_all(struct steps *steps)
{
	return steps_take_counts(steps) ? 0 : say(steps, "-");
}

static int state_await(struct steps *steps)
{
	struct pollfd pollfd = { .fd = (int)steps_value(steps, 1), .events = POLLIN };

	poll(&pollfd, 1, 2000);
	return take_all(steps);
}

static int state_arrive(struct steps *steps)
{
	(void)steps;
	testbed_let_arrive();
	return 0;
}

static int state_counts(struct steps *steps)
{
	testbed_let_arrive();
	return take_all(steps);
}

static int state_loop(struct steps *steps)
{
	int r = raw_set_irqs(steps->fds[FD_DEV], steps_value(steps, 1),
			     VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER,
			     steps_value(steps, 2), 1, "");

	return r < 0 ? r : take_all(steps);
}

static int state_vectors(struct steps *steps)
{
	char results[STEP_RESULT] = "";
	uint32_t count = steps_value(steps, 1);

	for (uint32_t i = 0; i < count; i++) {
		int r = raw_set_irqs(steps->fds[FD_DEV], VFIO_PCI_MSIX_IRQ_INDEX,
				     VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER, i, 1,
				     "");
		size_t length = strlen(results);

		steps->result[0] = '\0';
		if (r < 0)
			say(steps, strerrorname_np(-r));
		else
			take_all(steps);
		snprintf(results + length, sizeof(results) - length, "%s%s", i ? " " : "",
			 steps->result);
	}
	strcpy(steps->result, results);
	return 0;
}

static int state_add(struct steps *steps)
{
	raw_add((int)steps_value(steps, 1), steps_value(steps, 2));
	return 0;
}

static int state_fill(struct steps *steps)
{
	raw_add((int)steps_value(steps, 1), UINT64_MAX - 1);
	return 0;
}

static int state_take(struct steps *steps)
{
	return (int)raw_take((int)steps_value(steps, 1));
}

static int state_pending(struct steps *steps)
{
	return raw_readable((int)steps_value(steps, 1));
}

const struct verb step_states[] = {
	{ "host", state_host },	      { "reads", state_reads },
	{ "fdinfo", state_fdinfo },   { "wake", state_wake },
	{ "lspci", state_lspci },     { "asleep", state_asleep },
	{ "settle", state_settle },   { "touch", state_touch },
	{ "state", state_state },     { "fire", state_fire },
	{ "clear", state_clear },     { "acknowledge", state_acknowledge },
	{ "await", state_await },     { "arrive", state_arrive },
	{ "counts", state_counts },   { "loop", state_loop },
	{ "vectors", state_vectors }, { "add", state_add },
	{ "fill", state_fill },	      { "take", state_take },
	{ "pending", state_pending }, { NULL, NULL },
};
