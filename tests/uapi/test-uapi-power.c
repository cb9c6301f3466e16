// SPDX-License-Identifier: MIT
/*
 * Conformance of the low-power uAPI, without the library: the checks of VFIO_DEVICE_FEATURE, and
 * the effect of each call in each state. The library relies on this behavior. On a real kernel
 * these tests prove it; on the simulator they prove that the model conforms.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "host.h"
#include "lib/uapi.h"
#include "raw.h"
#include "test.h"
#include "testbed.h"

#define ENTRY	VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY
#define WAKEUP	VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP
#define EXIT	VFIO_DEVICE_FEATURE_LOW_POWER_EXIT
#define GET	VFIO_DEVICE_FEATURE_GET
#define SET	VFIO_DEVICE_FEATURE_SET
#define PROBE	VFIO_DEVICE_FEATURE_PROBE
#define UNKNOWN 0xfff0

static const uint32_t features[] = { ENTRY, WAKEUP, EXIT };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- the checks of the call, of which the first that fails decides ---- */

static void other_files_are_refused(void **state)
{
	struct raw raw;
	int file = open("/dev/null", O_RDWR), event = raw_eventfd();

	(void)state;
	raw_open(&raw);
	assert_int_equal(raw_probe(-1, ENTRY), -EBADF);
	assert_int_equal(raw_probe(file, ENTRY), -ENOTTY);
	assert_int_equal(raw_probe(event, ENTRY), -ENOTTY);
	assert_int_equal(raw_probe(raw.group, ENTRY), -ENOTTY);
	assert_int_equal(raw_probe(raw.iommu, ENTRY), -EINVAL);
	assert_int_equal(raw_info(raw.group), -ENOTTY);
	assert_int_equal(raw_info(raw.iommu), -ENOTTY);
	close(file);
	close(event);
	raw_close(&raw);
}

static void unbound_cdev_is_refused(void **state)
{
	int fd;

	(void)state;
	if (!testbed_has_cdev())
		skip_because("this kernel has no device cdev");
	fd = open("/dev/vfio/devices/vfio0", O_RDWR);
	assert_true(fd >= 0);
	assert_int_equal(raw_probe(fd, ENTRY), -EINVAL);
	assert_int_equal(raw_ioctl(fd, VFIO_DEVICE_FEATURE, NULL), -EINVAL);
	assert_int_equal(raw_info(fd), -EINVAL);
	close(fd);
}

static void old_kernel_lacks_the_feature(void **state)
{
	struct raw raw;

	(void)state;
	if (testbed_has_low_power())
		skip_because("this kernel has the low-power feature");
	raw_open(&raw);
	for (size_t i = 0; i < COUNT(features); i++) {
		assert_int_equal(raw_probe(raw.device, features[i]), -ENOTTY);
		assert_int_equal(raw_feature(raw.device, 8, features[i] | SET), -ENOTTY);
	}
	raw_close(&raw);
}

static void header_is_checked_first(void **state)
{
	struct raw raw;

	(void)state;
	testbed_need_low_power();
	raw_open(&raw);
	assert_int_equal(raw_ioctl(raw.device, VFIO_DEVICE_FEATURE, NULL), -EFAULT);
	for (uint32_t argsz = 0; argsz < 8; argsz++)
		assert_int_equal(raw_feature(raw.device, argsz, ENTRY | SET), -EINVAL);
	for (int bit = 19; bit < 32; bit++)
		assert_int_equal(
			raw_feature(raw.device, 8, ENTRY | PROBE | SET | UINT32_C(1) << bit),
			-EINVAL);
	assert_int_equal(raw_feature(raw.device, 8, ENTRY | GET | SET), -EINVAL);
	assert_int_equal(raw_feature(raw.device, 8, UNKNOWN | GET | SET), -EINVAL);
	assert_int_equal(raw_feature(raw.device, 8, UNKNOWN | SET), -ENOTTY);
	assert_int_equal(raw_feature(raw.device, 8, UNKNOWN | GET), -ENOTTY);
	assert_int_equal(raw_feature(raw.device, 8, UNKNOWN | PROBE), -ENOTTY);
	raw_close(&raw);
}

static void operations_are_checked(void **state)
{
	struct raw raw;

	(void)state;
	testbed_need_low_power();
	raw_open(&raw);
	for (size_t i = 0; i < COUNT(features); i++) {
		uint32_t feature = features[i];

		assert_int_equal(raw_feature(raw.device, 8, feature | PROBE), 0);
		assert_int_equal(raw_feature(raw.device, 8, feature | PROBE | SET), 0);
		assert_int_equal(raw_feature(raw.device, 8, feature | PROBE | GET), -EINVAL);
		assert_int_equal(raw_feature(raw.device, 8, feature | PROBE | GET | SET), -EINVAL);
		assert_int_equal(raw_feature(raw.device, 16, feature | GET), -EINVAL);
		assert_int_equal(raw_feature(raw.device, 16, feature), -EINVAL);
	}
	for (uint32_t argsz = 8; argsz < 16; argsz++)
		assert_int_equal(raw_feature(raw.device, argsz, WAKEUP | SET), -EINVAL);
	raw_close(&raw);
}

static void only_entry_with_wakeup_reads_a_payload(void **state)
{
	struct vfiopm__feature *feature;
	struct vfiopm__feature full = { .argsz = 4096, .flags = WAKEUP | SET, .reserved = ~0u };
	struct raw raw;
	char *pages;

	(void)state;
	testbed_need_low_power();
	raw_open(&raw);
	feature = raw_at_end_of_memory(8, &pages);

	/* Features 3 and 5 read no payload. They accept a larger argsz and do not change it. */
	feature->argsz = 4096;
	feature->flags = ENTRY | SET;
	assert_int_equal(raw_ioctl(raw.device, VFIO_DEVICE_FEATURE, feature), 0);
	feature->flags = EXIT | SET;
	assert_int_equal(raw_ioctl(raw.device, VFIO_DEVICE_FEATURE, feature), 0);
	assert_int_equal(feature->argsz, 4096);

	feature->flags = WAKEUP | SET;
	assert_int_equal(raw_ioctl(raw.device, VFIO_DEVICE_FEATURE, feature), -EFAULT);

	/* The kernel ignores the reserved field. */
	full.wakeup_eventfd = raw_eventfd();
	assert_int_equal(raw_ioctl(raw.device, VFIO_DEVICE_FEATURE, &full), 0);
	assert_int_equal(raw_exit(raw.device), 0);
	close(full.wakeup_eventfd);
	raw_free_memory(pages);
	raw_close(&raw);
}

static void wakeup_fd_is_checked(void **state)
{
	int event = raw_eventfd(), blocking = eventfd(0, 0), semaphore = eventfd(0, EFD_SEMAPHORE);
	int file = open("/dev/null", O_RDWR), closed = raw_closed_fd();
	struct raw raw;

	(void)state;
	testbed_need_low_power();
	raw_open(&raw);
	assert_int_equal(raw_enter_wakeup(raw.device, -1), -EINVAL);
	assert_int_equal(raw_enter_wakeup(raw.device, INT32_MIN), -EINVAL);
	assert_int_equal(raw_enter_wakeup(raw.device, closed), -EBADF);
	assert_int_equal(raw_enter_wakeup(raw.device, file), -EINVAL);
	assert_int_equal(raw_enter_wakeup(raw.device, raw.group), -EINVAL);
	assert_int_equal(raw_enter_wakeup(raw.device, event), 0);
	/* The check whether low power is already engaged comes last. */
	host_write("power/control", "on");
	assert_int_equal(raw_exit(raw.device), 0);
	assert_int_equal(raw_enter_wakeup(raw.device, blocking), 0);
	assert_int_equal(raw_enter_wakeup(raw.device, closed), -EBADF);
	assert_int_equal(raw_enter_wakeup(raw.device, semaphore), -EINVAL);
	assert_int_equal(raw_exit(raw.device), 0);
	assert_int_equal(raw_enter_wakeup(raw.device, semaphore), 0);
	assert_int_equal(raw_exit(raw.device), 0);
	close(event);
	close(blocking);
	close(semaphore);
	close(file);
	raw_close(&raw);
}

/* ---- the state machine ---- */

/*
 * S0: not in low power. S1: after an entry. S2: after an entry with wakeup. In S1a and S2a the
 * device is still active, here because the host keeps it on. In S1b and S2b it is suspended.
 */
enum state { S0, S1A, S1B, S2A, S2B, STATES };

static const char *const state_names[] = { "S0", "S1a", "S1b", "S2a", "S2b" };

struct fixture {
	struct raw raw;
	int armed; /* the eventfd that fixture_bring_to() arms in S2 */
	int other; /* the eventfd of a second entry */
	int again; /* a second fd of the device */
	volatile uint32_t *map;
};

static void fixture_open(struct fixture *fixture)
{
	raw_open(&fixture->raw);
	raw_enable_memory(fixture->raw.device);
	fixture->armed = raw_eventfd();
	fixture->other = raw_eventfd();
	fixture->again = raw_open_again(&fixture->raw);
	fixture->map = raw_map(fixture->raw.device);
}

static void fixture_close(struct fixture *fixture)
{
	raw_exit(fixture->raw.device);
	host_write("power/control", "auto");
	raw_unmap(fixture->map);
	close(fixture->armed);
	close(fixture->other);
	if (fixture->again >= 0)
		close(fixture->again);
	raw_close(&fixture->raw);
}

static void fixture_bring_to(struct fixture *fixture, enum state state)
{
	if (state == S1A || state == S2A)
		host_write("power/control", "on");
	if (state == S1A || state == S1B)
		assert_int_equal(raw_enter(fixture->raw.device), 0);
	if (state == S2A || state == S2B)
		assert_int_equal(raw_enter_wakeup(fixture->raw.device, fixture->armed), 0);
	if (state == S1B || state == S2B)
		host_sees_deep_sleep();
}

static int call_enter(struct fixture *fixture)
{
	return raw_enter(fixture->raw.device);
}

static int call_enter_wakeup(struct fixture *fixture)
{
	return raw_enter_wakeup(fixture->raw.device, fixture->other);
}

static int call_enter_wakeup_same(struct fixture *fixture)
{
	return raw_enter_wakeup(fixture->raw.device, fixture->armed);
}

static int call_exit(struct fixture *fixture)
{
	return raw_exit(fixture->raw.device);
}

static int call_exit_by_other_fd(struct fixture *fixture)
{
	return raw_exit(fixture->again);
}

static int call_info(struct fixture *fixture)
{
	return raw_info(fixture->raw.device);
}

static int call_probe(struct fixture *fixture)
{
	return raw_probe(fixture->raw.device, ENTRY);
}

static int call_unknown_ioctl(struct fixture *fixture)
{
	return raw_ioctl(fixture->raw.device, _IO(VFIO_TYPE, VFIO_BASE + 99), NULL);
}

static int call_bad_entry(struct fixture *fixture)
{
	return raw_enter_wakeup(fixture->raw.device, -1);
}

static int call_read_config(struct fixture *fixture)
{
	uint8_t byte;

	return raw_read_config(fixture->raw.device, 0, &byte);
}

static int call_write_config(struct fixture *fixture)
{
	return raw_write_config(fixture->raw.device, 4, 2);
}

static int call_read_bar(struct fixture *fixture)
{
	return raw_read_region(fixture->raw.device, VFIO_PCI_BAR0_REGION_INDEX, 8);
}

static int call_host_resume(struct fixture *fixture)
{
	(void)fixture;
	/* With power/control "on" the device is not suspended. */
	if (host_shows("power/control", "auto"))
		host_wake();
	return 0;
}

static int call_mmap(struct fixture *fixture)
{
	raw_unmap(raw_map(fixture->raw.device));
	return 0;
}

static int call_fault(struct fixture *fixture)
{
	return raw_faults(fixture->map);
}

static int call_poll(struct fixture *fixture)
{
	struct pollfd pollfd = { .fd = fixture->raw.device, .events = POLLIN };

	return poll(&pollfd, 1, 0) < 0 ? -errno : 0;
}

static int call_close_one(struct fixture *fixture)
{
	int r = close(fixture->again);

	fixture->again = -1;
	return r;
}

static int call_read_nothing(struct fixture *fixture)
{
	char byte;

	return (int)pread(fixture->raw.device, &byte, 0, 0);
}

static int call_read_bad_region(struct fixture *fixture)
{
	return raw_read_region(fixture->raw.device, 100, 0);
}

static int call_read_sysfs(struct fixture *fixture)
{
	(void)fixture;
	assert_true(host_suspended_time() < 1000000000);
	host_shows("d3cold_allowed", "1");
	return 0;
}

/* The state after a call. */
enum after {
	STAYS, /* the state before the call */
	ENDS,  /* S0, active */
	PLAIN, /* S1 */
	ARMED, /* S2, with the eventfd of the call */
};

/* The result of each call in each state. */
static const struct row {
	const char *name;
	int (*call)(struct fixture *fixture);
	struct {
		int result;
		enum after after;
		unsigned signals; /* of the eventfd that was armed before */
	} in[STATES];
} rows[] = {
	{ "entry",
	  call_enter,
	  { { 0, PLAIN, 0 },
	    { -EINVAL, STAYS, 0 },
	    { -EINVAL, STAYS, 0 },
	    { -EINVAL, STAYS, 0 },
	    { 0, PLAIN, 1 } } },
	{ "entry with another wakeup",
	  call_enter_wakeup,
	  { { 0, ARMED, 0 },
	    { -EINVAL, STAYS, 0 },
	    { -EINVAL, STAYS, 0 },
	    { -EINVAL, STAYS, 0 },
	    { 0, ARMED, 1 } } },
	{ "entry with the same wakeup",
	  call_enter_wakeup_same,
	  { { 0, ARMED, 0 },
	    { -EINVAL, STAYS, 0 },
	    { -EINVAL, STAYS, 0 },
	    { -EINVAL, STAYS, 0 },
	    { 0, ARMED, 1 } } },
	{ "exit",
	  call_exit,
	  { { 0, ENDS, 0 }, { 0, ENDS, 0 }, { 0, ENDS, 0 }, { 0, ENDS, 0 }, { 0, ENDS, 1 } } },
	{ "exit by another fd",
	  call_exit_by_other_fd,
	  { { 0, ENDS, 0 }, { 0, ENDS, 0 }, { 0, ENDS, 0 }, { 0, ENDS, 0 }, { 0, ENDS, 1 } } },
	{ "a valid ioctl",
	  call_info,
	  { { 0, ENDS, 0 }, { 0, STAYS, 0 }, { 0, STAYS, 0 }, { 0, STAYS, 0 }, { 0, ENDS, 1 } } },
	{ "a probe",
	  call_probe,
	  { { 0, ENDS, 0 }, { 0, STAYS, 0 }, { 0, STAYS, 0 }, { 0, STAYS, 0 }, { 0, ENDS, 1 } } },
	{ "an unknown ioctl",
	  call_unknown_ioctl,
	  { { -ENOTTY, ENDS, 0 },
	    { -ENOTTY, STAYS, 0 },
	    { -ENOTTY, STAYS, 0 },
	    { -ENOTTY, STAYS, 0 },
	    { -ENOTTY, ENDS, 1 } } },
	{ "a failing entry",
	  call_bad_entry,
	  { { -EINVAL, ENDS, 0 },
	    { -EINVAL, STAYS, 0 },
	    { -EINVAL, STAYS, 0 },
	    { -EINVAL, STAYS, 0 },
	    { -EINVAL, ENDS, 1 } } },
	{ "a read of config",
	  call_read_config,
	  { { 0, ENDS, 0 }, { 0, STAYS, 0 }, { 0, STAYS, 0 }, { 0, STAYS, 0 }, { 0, ENDS, 1 } } },
	{ "a write of config",
	  call_write_config,
	  { { 0, ENDS, 0 }, { 0, STAYS, 0 }, { 0, STAYS, 0 }, { 0, STAYS, 0 }, { 0, ENDS, 1 } } },
	{ "a read of a BAR",
	  call_read_bar,
	  { { 0, ENDS, 0 }, { 0, STAYS, 0 }, { 0, STAYS, 0 }, { 0, STAYS, 0 }, { 0, ENDS, 1 } } },
	{ "a resume by the host",
	  call_host_resume,
	  { { 0, ENDS, 0 }, { 0, STAYS, 0 }, { 0, STAYS, 0 }, { 0, STAYS, 0 }, { 0, ENDS, 1 } } },
	{ "mmap",
	  call_mmap,
	  { { 0, ENDS, 0 }, { 0, STAYS, 0 }, { 0, STAYS, 0 }, { 0, STAYS, 0 }, { 0, STAYS, 0 } } },
	{ "a fault on a BAR",
	  call_fault,
	  { { 0, ENDS, 0 }, { 1, STAYS, 0 }, { 1, STAYS, 0 }, { 1, STAYS, 0 }, { 1, STAYS, 0 } } },
	{ "poll",
	  call_poll,
	  { { 0, ENDS, 0 }, { 0, STAYS, 0 }, { 0, STAYS, 0 }, { 0, STAYS, 0 }, { 0, STAYS, 0 } } },
	{ "a close that is not the last",
	  call_close_one,
	  { { 0, ENDS, 0 }, { 0, STAYS, 0 }, { 0, STAYS, 0 }, { 0, STAYS, 0 }, { 0, STAYS, 0 } } },
	{ "a read of 0 bytes",
	  call_read_nothing,
	  { { 0, ENDS, 0 }, { 0, STAYS, 0 }, { 0, STAYS, 0 }, { 0, STAYS, 0 }, { 0, STAYS, 0 } } },
	{ "a read of a bad region",
	  call_read_bad_region,
	  { { -EINVAL, ENDS, 0 },
	    { -EINVAL, STAYS, 0 },
	    { -EINVAL, STAYS, 0 },
	    { -EINVAL, STAYS, 0 },
	    { -EINVAL, STAYS, 0 } } },
	{ "a read of sysfs",
	  call_read_sysfs,
	  { { 0, ENDS, 0 }, { 0, STAYS, 0 }, { 0, STAYS, 0 }, { 0, STAYS, 0 }, { 0, STAYS, 0 } } },
};

/* Find out the state from outside: a device suspends in S1 and S2 only, and a wake ends S2
 * only. */
static void check_low_power(struct fixture *fixture, enum state from, enum after after)
{
	if (after == ENDS) {
		host_stays_awake();
		assert_false(raw_faults(fixture->map));
		return;
	}
	/* The host keeps the device active, but its mapping faults: it is in low power. */
	if (from == S1A || from == S2A)
		host_stays_awake();
	assert_true(raw_faults(fixture->map));
	host_write("power/control", "auto");
	host_sees_deep_sleep();
	if (after == STAYS)
		after = from == S1A || from == S1B ? PLAIN : ARMED;
	host_wake();
	if (after == PLAIN)
		host_sees_deep_sleep();
	else
		host_stays_awake();
}

static void check_cell(const struct row *row, enum state from)
{
	int armed_by_row = row->call == call_enter_wakeup && row->in[from].after == ARMED;
	struct fixture fixture;
	int result;
	bool ends_armed;

	fixture_open(&fixture);
	fixture_bring_to(&fixture, from);
	result = row->call(&fixture);
	if (result != row->in[from].result)
		fail_msg("%s in %s returns %d, not %d", row->name, state_names[from], result,
			 row->in[from].result);
	if (raw_take(fixture.armed) != row->in[from].signals)
		fail_msg("%s in %s does not signal %u times", row->name, state_names[from],
			 row->in[from].signals);

	check_low_power(&fixture, from, row->in[from].after);
	ends_armed = row->in[from].after == ARMED ||
		     (row->in[from].after == STAYS && (from == S2A || from == S2B));
	/* The wake in check_low_power() has signaled the armed eventfd. */
	assert_int_equal(raw_take(fixture.other), ends_armed && armed_by_row);
	assert_int_equal(raw_take(fixture.armed), ends_armed && !armed_by_row);
	fixture_close(&fixture);
}

static void each_call_in_each_state(void **state)
{
	(void)state;
	testbed_need_low_power();
	for (size_t i = 0; i < COUNT(rows); i++) {
		for (enum state from = S0; from < STATES; from++)
			check_cell(&rows[i], from);
	}
}

static void last_close_ends_low_power_without_signal(void **state)
{
	(void)state;
	testbed_need_low_power();
	for (enum state from = S1A; from < STATES; from++) {
		struct fixture fixture;
		int armed;

		fixture_open(&fixture);
		fixture_bring_to(&fixture, from);
		armed = dup(fixture.armed);
		raw_unmap(fixture.map);
		close(fixture.again);
		close(fixture.armed);
		close(fixture.other);
		raw_close(&fixture.raw);
		host_write("power/control", "auto");

		/* The close signals nothing, and a new open starts in S0. */
		assert_int_equal(raw_take(armed), 0);
		close(armed);
		raw_open(&fixture.raw);
		assert_int_equal(raw_enter(fixture.raw.device), 0);
		assert_int_equal(raw_exit(fixture.raw.device), 0);
		raw_close(&fixture.raw);
	}
}

static void wakeup_ends_low_power(void **state)
{
	struct fixture fixture;

	(void)state;
	testbed_need_low_power();
	fixture_open(&fixture);
	fixture_bring_to(&fixture, S2B);
	host_wake();
	assert_int_equal(raw_take(fixture.armed), 1);
	/* The state is S0 again: an exit has no effect, and an entry succeeds. */
	assert_int_equal(raw_exit(fixture.raw.device), 0);
	host_stays_awake();
	fixture_bring_to(&fixture, S2B);
	host_wake();
	host_stays_awake();
	assert_int_equal(raw_enter(fixture.raw.device), 0);
	host_sees_deep_sleep();
	assert_int_equal(raw_take(fixture.armed), 1);
	fixture_close(&fixture);
}

static void closed_eventfd_is_still_signaled(void **state)
{
	struct fixture fixture;
	int mine;

	(void)state;
	testbed_need_low_power();
	fixture_open(&fixture);
	mine = dup(fixture.armed);
	fixture_bring_to(&fixture, S2B);
	/* The kernel holds a reference to the eventfd, so the user can close the fd. */
	close(fixture.armed);
	fixture.armed = mine;
	assert_true(host_shows("power/runtime_status", "suspended"));
	host_wake();
	assert_int_equal(raw_take(mine), 1);
	fixture_close(&fixture);
}

/* A read of config by the host, as lspci does it, resumes the device from D3cold. It does not
 * resume the device from D3hot. */
static void config_read_resumes_from_d3cold_only(void **state)
{
	struct fixture fixture;

	(void)state;
	testbed_need_low_power();
	fixture_open(&fixture);
	fixture_bring_to(&fixture, S2B);
	host_read_config();
	if (testbed_has_d3cold()) {
		host_stays_awake();
		assert_int_equal(raw_take(fixture.armed), 1);
	} else {
		assert_true(host_shows("power/runtime_status", "suspended"));
		assert_int_equal(raw_take(fixture.armed), 0);
	}
	fixture_close(&fixture);
}

/* A write of d3cold_allowed resumes the device even if it does not change the value. */
static void write_of_d3cold_allowed_resumes(void **state)
{
	struct fixture fixture;

	(void)state;
	testbed_need_low_power();
	fixture_open(&fixture);
	fixture_bring_to(&fixture, S2B);
	host_write("d3cold_allowed", "1");
	host_stays_awake();
	assert_int_equal(raw_take(fixture.armed), 1);
	fixture_close(&fixture);
}

/* ---- the power state that the user sets by PMCSR, independently of the feature ---- */

static void suspend_and_reset_end_user_d3hot(void **state)
{
	struct fixture fixture;
	unsigned pmcsr;
	uint8_t value;

	(void)state;
	testbed_need_low_power();
	fixture_open(&fixture);
	pmcsr = raw_pm_capability(fixture.raw.device) + 4;

	assert_int_equal(raw_write_config(fixture.raw.device, pmcsr, 3), 0);
	assert_int_equal(raw_read_config(fixture.raw.device, pmcsr, &value), 0);
	assert_int_equal(value & 3, 3);
	assert_true(raw_faults(fixture.map));
	assert_int_equal(raw_read_region(fixture.raw.device, VFIO_PCI_BAR0_REGION_INDEX, 8), -EIO);

	/* A runtime suspend goes through D0. After the resume the device is in D0. */
	assert_int_equal(raw_enter(fixture.raw.device), 0);
	host_sees_deep_sleep();
	assert_int_equal(raw_exit(fixture.raw.device), 0);
	assert_int_equal(raw_read_config(fixture.raw.device, pmcsr, &value), 0);
	assert_int_equal(value & 3, 0);
	assert_false(raw_faults(fixture.map));

	/* A reset also puts the device into D0. It does not end low power. */
	assert_int_equal(raw_write_config(fixture.raw.device, pmcsr, 3), 0);
	host_write("power/control", "on");
	assert_int_equal(raw_enter(fixture.raw.device), 0);
	assert_int_equal(raw_ioctl(fixture.raw.device, VFIO_DEVICE_RESET, NULL), 0);
	assert_int_equal(raw_read_config(fixture.raw.device, pmcsr, &value), 0);
	assert_int_equal(value & 3, 0);
	assert_int_equal(raw_enter(fixture.raw.device), -EINVAL);
	fixture_close(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_TESTBED(other_files_are_refused),
		ON_TESTBED(unbound_cdev_is_refused),
		ON_TESTBED(old_kernel_lacks_the_feature),
		ON_TESTBED(header_is_checked_first),
		ON_TESTBED(operations_are_checked),
		ON_TESTBED(only_entry_with_wakeup_reads_a_payload),
		ON_TESTBED(wakeup_fd_is_checked),
		ON_TESTBED(each_call_in_each_state),
		ON_TESTBED(last_close_ends_low_power_without_signal),
		ON_TESTBED(wakeup_ends_low_power),
		ON_TESTBED(closed_eventfd_is_still_signaled),
		ON_TESTBED(config_read_resumes_from_d3cold_only),
		ON_TESTBED(write_of_d3cold_allowed_resumes),
		ON_TESTBED(suspend_and_reset_end_user_d3hot),
	};

	return cmocka_run_group_tests_name("uapi-power", tests, NULL, NULL);
}
