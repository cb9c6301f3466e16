// SPDX-License-Identifier: MIT
/*
 * The events object where only the simulator can bring it: failures of each system call, many
 * untaken wakes, and unusual devices.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <vfiopm/vfiopm.h>

#include "calls.h"
#include "events-fixture.h"
#include "host.h"
#include "sim.h"
#include "test.h"
#include "testbed-sim.h"
#include "testbed.h"

static uint64_t generation(const struct events_fixture *fixture)
{
	uint64_t generation = 99;

	expect_ok(vfiopm_events_get_generation(fixture->events, &generation));
	return generation;
}

/* ---- failures ---- */

/* A re-entry that fails is tried again after the back-off, until it succeeds. */
static void a_failed_reentry_is_tried_again(void **state)
{
	struct events_fixture fixture;
	unsigned failed = 0;

	(void)state;
	events_fixture_open(&fixture);
	expect_ok(vfiopm_events_set_reentry(fixture.events, VFIOPM_REENTRY_AFTER_WAKE, 2, 20));
	expect_ok(vfiopm_events_enter(fixture.events));
	host_wake();
	assert_int_equal(vfiopm_events_dispatch(fixture.events), 1);
	while (failed < 4) {
		int r;

		assert_true(events_wait(&fixture, 1000));
		sim_ioctls_fail_after(0, EIO);
		r = vfiopm_events_dispatch(fixture.events);
		sim_calls_end();
		assert_true(r == -EIO || r == 0);
		failed += r < 0;
		assert_int_equal(vfiopm_get_state(fixture.dev), VFIOPM_STATE_WOKEN);
	}
	assert_int_equal(events_dispatch_for(&fixture, 100), 1);
	assert_int_equal(vfiopm_get_state(fixture.dev), VFIOPM_STATE_LOW_POWER_WAKEUP);
	assert_int_equal(generation(&fixture), 2);
	events_fixture_close(&fixture);
}

/* Prepare a re-entry that is due. */
static void wait_for_reentry(struct events_fixture *fixture)
{
	if (vfiopm_get_state(fixture->dev) != VFIOPM_STATE_WOKEN) {
		expect_ok(vfiopm_events_enter(fixture->events));
		host_wake();
		assert_int_equal(vfiopm_events_dispatch(fixture->events), 1);
	}
	assert_true(events_wait(fixture, 1000));
}

static void dispatch_returns_the_errno_of_a_reentry(void **state)
{
	struct events_fixture fixture;
	unsigned count, duplicate, enter;

	(void)state;
	events_fixture_open(&fixture);
	expect_ok(vfiopm_events_set_reentry(fixture.events, VFIOPM_REENTRY_AFTER_WAKE, 1, 1));
	wait_for_reentry(&fixture);
	sim_calls_begin();
	assert_int_equal(vfiopm_events_dispatch(fixture.events), 1);
	count = sim_calls_end();
	duplicate = calls_find(count, "fcntl", 0);
	enter = calls_find(count, "ioctl", 0);

	wait_for_reentry(&fixture);
	sim_calls_fail(enter, EBADF);
	expect_errno(EBADF, vfiopm_events_dispatch(fixture.events));
	wait_for_reentry(&fixture);
	sim_calls_fail(enter, EINVAL);
	expect_errno(EINVAL, vfiopm_events_dispatch(fixture.events));
	wait_for_reentry(&fixture);
	sim_calls_fail(enter, EIO);
	expect_errno(EIO, vfiopm_events_dispatch(fixture.events));
	wait_for_reentry(&fixture);
	sim_calls_fail(enter, ENOTTY);
	expect_errno(ENOTTY, vfiopm_events_dispatch(fixture.events));
	wait_for_reentry(&fixture);
	sim_calls_answer(enter, 22);
	expect_errno(EPROTO, vfiopm_events_dispatch(fixture.events));
	wait_for_reentry(&fixture);
	sim_calls_fail(duplicate, EMFILE);
	expect_errno(EMFILE, vfiopm_events_dispatch(fixture.events));
	wait_for_reentry(&fixture);
	sim_calls_fail(duplicate, ENOMEM);
	expect_errno(ENOMEM, vfiopm_events_dispatch(fixture.events));
	sim_calls_end();
	assert_int_equal(vfiopm_get_state(fixture.dev), VFIOPM_STATE_WOKEN);
	wait_for_reentry(&fixture);
	assert_int_equal(vfiopm_events_dispatch(fixture.events), 1);
	/* Two entries of the caller, and two re-entries. */
	assert_int_equal(generation(&fixture), 4);
	events_fixture_close(&fixture);
}

static void an_entry_returns_its_errno(void **state)
{
	struct events_fixture fixture;
	unsigned count, duplicate, enter, fds;

	(void)state;
	events_fixture_open(&fixture);
	fds = host_open_fds();
	sim_calls_begin();
	expect_ok(vfiopm_events_enter(fixture.events));
	count = sim_calls_end();
	duplicate = calls_find(count, "fcntl", 0);
	enter = calls_find(count, "ioctl", 0);
	expect_ok(vfiopm_exit(fixture.dev));

	sim_calls_fail(enter, EBADF);
	expect_errno(EBADF, vfiopm_events_enter(fixture.events));
	sim_calls_fail(enter, EIO);
	expect_errno(EIO, vfiopm_events_enter(fixture.events));
	sim_calls_fail(enter, ENOTTY);
	expect_errno(ENOTTY, vfiopm_events_enter(fixture.events));
	sim_calls_answer(enter, 22);
	expect_errno(EPROTO, vfiopm_events_enter(fixture.events));
	sim_calls_fail(duplicate, EMFILE);
	expect_errno(EMFILE, vfiopm_events_enter(fixture.events));
	sim_calls_fail(duplicate, ENOMEM);
	expect_errno(ENOMEM, vfiopm_events_enter(fixture.events));
	sim_calls_end();
	expect_ok(raw_enter(fixture.raw.device));
	expect_errno(EINVAL, vfiopm_events_enter(fixture.events));
	assert_int_equal(generation(&fixture), 1);
	assert_int_equal(vfiopm_get_state(fixture.dev), VFIOPM_STATE_ACTIVE);
	assert_int_equal(host_open_fds(), fds);
	events_fixture_close(&fixture);
}

/* ---- creation ---- */

/* Each call fails with each errno that the kernel has for it. Nothing stays open or set, and the
 * next creation succeeds. */
static void a_failed_creation_leaves_nothing_behind(void **state)
{
	static const struct {
		const char *call;
		int errors[6];
	} faults[] = {
		{ "calloc", { ENOMEM } },
		{ "malloc", { ENOMEM } },
		{ "epoll_create1", { EMFILE, ENFILE, ENOMEM } },
		{ "timerfd_create", { EMFILE, ENFILE, ENOMEM } },
		{ "eventfd", { EMFILE, ENFILE, ENOMEM } },
		{ "epoll_ctl", { ENOMEM, ENOSPC } },
		{ "ioctl", { EBADF, EIO, ENOMEM } },
	};
	const char *names[SIM_CALLS_MAX];
	struct events_fixture fixture;
	unsigned count, fds, failures = 0;

	(void)state;
	events_fixture_open(&fixture);
	vfiopm_events_free(fixture.events);
	fds = host_open_fds();
	sim_calls_begin();
	expect_ok(vfiopm_events_new(fixture.dev, &events_ops, sizeof(events_ops), &fixture,
				    &fixture.events));
	count = sim_calls_end();
	assert_in_range(count, 12, SIM_CALLS_MAX - 1);
	for (unsigned i = 0; i < count; i++)
		names[i] = sim_call_name(i);
	for (unsigned i = 0; i < count; i++) {
		size_t j = 0;

		while (j < sizeof(faults) / sizeof(faults[0]) &&
		       strcmp(faults[j].call, names[i]) != 0)
			j++;
		for (const int *error = j < sizeof(faults) / sizeof(faults[0]) ? faults[j].errors
									       : &(int){ 0 };
		     *error; error++) {
			int r;

			fixture.events = vfiopm_events_free(fixture.events);
			assert_int_equal(host_open_fds(), fds);
			sim_calls_fail(i, *error);
			r = vfiopm_events_new(fixture.dev, &events_ops, sizeof(events_ops),
					      &fixture, &fixture.events);
			sim_calls_end();
			if (r != -*error)
				fail_msg("%s() fails with %s, and the result is %d", names[i],
					 strerror(*error), r);
			assert_null(fixture.events);
			assert_int_equal(host_open_fds(), fds);
			assert_int_equal(vfiopm_irq_is_enabled(fixture.dev, VFIOPM_IRQ_ERR), 0);
			assert_int_equal(vfiopm_irq_is_enabled(fixture.dev, VFIOPM_IRQ_REQ), 0);
			expect_ok(vfiopm_events_new(fixture.dev, &events_ops, sizeof(events_ops),
						    &fixture, &fixture.events));
			failures++;
		}
	}
	print_message("# %u failures\n", failures);
	assert_in_range(failures, 25, 1000);
	events_fixture_close(&fixture);
}

static int create(struct events_fixture *fixture)
{
	return vfiopm_events_new(fixture->dev, &events_ops, sizeof(events_ops), fixture,
				 &fixture->events);
}

static void a_creation_returns_its_errno(void **state)
{
	struct events_fixture fixture;
	struct vfiopm_events **events = &fixture.events;
	const size_t size = sizeof(events_ops);
	unsigned count, epoll, watch, memory, set;

	(void)state;
	events_fixture_open(&fixture);
	vfiopm_events_free(fixture.events);
	sim_calls_begin();
	expect_ok(create(&fixture));
	count = sim_calls_end();
	memory = calls_find(count, "calloc", 0);
	epoll = calls_find(count, "epoll_create1", 0);
	watch = calls_find(count, "epoll_ctl", 0);
	set = calls_find(count, "ioctl", 0);
	fixture.events = vfiopm_events_free(fixture.events);

	sim_calls_fail(memory, ENOMEM);
	expect_errno(ENOMEM, vfiopm_events_new(fixture.dev, &events_ops, size, NULL, events));
	sim_calls_fail(epoll, EMFILE);
	expect_errno(EMFILE, vfiopm_events_new(fixture.dev, &events_ops, size, NULL, events));
	sim_calls_fail(epoll, ENFILE);
	expect_errno(ENFILE, vfiopm_events_new(fixture.dev, &events_ops, size, NULL, events));
	sim_calls_fail(watch, ENOSPC);
	expect_errno(ENOSPC, vfiopm_events_new(fixture.dev, &events_ops, size, NULL, events));
	sim_calls_fail(set, EBADF);
	expect_errno(EBADF, vfiopm_events_new(fixture.dev, &events_ops, size, NULL, events));
	sim_calls_fail(set, EIO);
	expect_errno(EIO, vfiopm_events_new(fixture.dev, &events_ops, size, NULL, events));
	sim_calls_answer(set, 7);
	expect_errno(EPROTO, vfiopm_events_new(fixture.dev, &events_ops, size, NULL, events));
	sim_calls_end();
	assert_null(fixture.events);
	events_fixture_close(&fixture);
}

/* The kernel refuses to remove the eventfds. They stay open until the device is freed. */
static void a_failed_removal_keeps_the_eventfds(void **state)
{
	struct events_fixture fixture;
	unsigned fds;

	(void)state;
	events_fixture_open(&fixture);
	fds = host_open_fds();
	sim_ioctls_fail_after(0, EIO);
	fixture.events = vfiopm_events_free(fixture.events);
	sim_calls_end();
	assert_int_equal(host_open_fds(), fds - 3);
	assert_true(sim_irq_eventfd(testbed_sim_device(), VFIOPM_IRQ_ERR, 0) >= 0);
	fixture.dev = vfiopm_device_free(fixture.dev);
	events_fixture_close(&fixture);
}

static int deliver(void *data, uint32_t vector)
{
	(void)data;
	(void)vector;
	return -EIO;
}

static void an_msix_object_that_fails(void **state)
{
	const struct vfiopm_msix_ops ops = { .deliver = deliver };
	struct events_fixture fixture;
	struct vfiopm_msix *msix;

	(void)state;
	events_fixture_open(&fixture);
	expect_ok(vfiopm_msix_new(fixture.dev, &ops, sizeof(ops), NULL, &msix));
	sim_calls_fail(0, ENOMEM);
	expect_errno(ENOMEM, vfiopm_events_add_msix(fixture.events, msix));
	sim_calls_fail(0, ENOSPC);
	expect_errno(ENOSPC, vfiopm_events_add_msix(fixture.events, msix));
	sim_calls_end();
	expect_ok(vfiopm_events_add_msix(fixture.events, msix));
	expect_ok(vfiopm_msix_use(msix, 0, 1));
	expect_ok(vfiopm_msix_unmask(msix, 0));
	expect_ok(vfiopm_irq_trigger(fixture.dev, VFIOPM_IRQ_MSIX, 0));
	expect_ok(vfiopm_irq_trigger(fixture.dev, VFIOPM_IRQ_ERR, 0));
	/* The failed delivery is reported, and the error of the device is handled. */
	assert_int_equal(vfiopm_events_dispatch(fixture.events), -EIO);
	assert_int_equal(fixture.error, 1);

	/* The delivery and the re-entry fail. The first errno is returned. */
	expect_ok(vfiopm_events_set_reentry(fixture.events, VFIOPM_REENTRY_AFTER_WAKE, 1, 1));
	wait_for_reentry(&fixture);
	expect_ok(vfiopm_irq_trigger(fixture.dev, VFIOPM_IRQ_MSIX, 0));
	sim_ioctls_fail_after(0, EBADF);
	assert_int_equal(vfiopm_events_dispatch(fixture.events), -EBADF);
	sim_calls_end();
	fixture.events = vfiopm_events_free(fixture.events);
	vfiopm_msix_free(msix);
	events_fixture_close(&fixture);
}

/* Another thread has taken the count between epoll_wait() and the read. */
static void a_count_that_is_gone_is_no_event(void **state)
{
	struct events_fixture fixture;
	unsigned count;

	(void)state;
	events_fixture_open(&fixture);
	expect_ok(vfiopm_irq_trigger(fixture.dev, VFIOPM_IRQ_ERR, 0));
	sim_calls_begin();
	assert_int_equal(vfiopm_events_dispatch(fixture.events), 1);
	count = calls_find(sim_calls_end(), "preadv2", 0);
	expect_ok(vfiopm_irq_trigger(fixture.dev, VFIOPM_IRQ_ERR, 0));
	sim_calls_fail(count, EAGAIN);
	assert_int_equal(vfiopm_events_dispatch(fixture.events), 0);
	sim_calls_end();
	assert_int_equal(fixture.error, 1);
	events_fixture_close(&fixture);
}

/* ---- many wakes ---- */

static void more_than_64_wakes_can_wait(void **state)
{
	struct events_fixture fixture;

	(void)state;
	events_fixture_open(&fixture);
	for (int i = 0; i < 70; i++) {
		expect_ok(vfiopm_events_enter(fixture.events));
		host_wake();
	}
	/* The generations of the first six are not known any more. */
	for (unsigned i = 1; i <= 70; i++) {
		assert_true(events_wait(&fixture, 0));
		assert_int_equal(vfiopm_events_dispatch(fixture.events), 1);
		assert_int_equal(fixture.woken, i);
		assert_int_equal(fixture.generation, i <= 6 ? 0 : i);
		assert_int_equal(fixture.cause, i == 70 ? VFIOPM_WAKE_HOST : VFIOPM_WAKE_EARLIER);
	}
	assert_false(events_wait(&fixture, 0));
	events_fixture_close(&fixture);
}

/* ---- unusual devices and moments ---- */

/* A device that is not PCI Express has no ERR: the kernel refuses GET_IRQ_INFO. The index is the
 * last but one that the library reads. */
static void a_device_without_err_has_no_errors(void **state)
{
	struct vfiopm_events *events;
	struct vfiopm_device *dev;
	int fd = sim_open_device(sim_add(NULL));
	unsigned ioctls;
	uint32_t count;

	(void)state;
	sim_calls_begin();
	expect_ok(vfiopm_device_new_from_fd(fd, &dev));
	sim_calls_end();
	ioctls = sim_calls_named("ioctl");
	vfiopm_device_free(dev);
	sim_ioctl_fails_after(ioctls - 2, EINVAL);
	expect_ok(vfiopm_device_new_from_fd(fd, &dev));
	sim_calls_end();
	expect_ok(vfiopm_irq_get_count(dev, VFIOPM_IRQ_ERR, &count));
	assert_int_equal(count, 0);
	expect_ok(vfiopm_events_new(dev, &events_ops, sizeof(events_ops), NULL, &events));
	assert_int_equal(vfiopm_irq_is_enabled(dev, VFIOPM_IRQ_REQ), 1);
	vfiopm_events_free(events);
	vfiopm_device_free(dev);
	close(fd);
	sim_reset();
}

/* The indexes 3 and 4 of such a device are ordinary interrupts. */
static void a_platform_device_has_no_errors(void **state)
{
	const struct sim_machine machine = { .kernel = "7", .platform_irqs = "EEEEE" };
	struct sim_device *sim = sim_add(&machine);
	struct vfiopm_events *events;
	struct vfiopm_device *dev;
	int fd = sim_open_device(sim);

	(void)state;
	expect_ok(vfiopm_device_new_from_fd(fd, &dev));
	expect_ok(vfiopm_events_new(dev, &events_ops, sizeof(events_ops), NULL, &events));
	for (uint32_t i = 0; i < 5; i++)
		assert_int_equal(vfiopm_irq_is_enabled(dev, i), 0);
	assert_int_equal(vfiopm_events_dispatch(events), 0);
	expect_errno(ENOTTY, vfiopm_events_enter(events));
	vfiopm_events_free(events);
	vfiopm_device_free(dev);
	close(fd);
	sim_reset();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_TESTBED(a_failed_reentry_is_tried_again),
		ON_TESTBED(dispatch_returns_the_errno_of_a_reentry),
		ON_TESTBED(an_entry_returns_its_errno),
		ON_TESTBED(a_failed_creation_leaves_nothing_behind),
		ON_TESTBED(a_creation_returns_its_errno),
		ON_TESTBED(a_failed_removal_keeps_the_eventfds),
		ON_TESTBED(an_msix_object_that_fails),
		ON_TESTBED(a_count_that_is_gone_is_no_event),
		ON_TESTBED(more_than_64_wakes_can_wait),
		cmocka_unit_test(a_device_without_err_has_no_errors),
		cmocka_unit_test(a_platform_device_has_no_errors),
	};

	return cmocka_run_group_tests_name("events-corners", tests, NULL, NULL);
}
