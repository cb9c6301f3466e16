// SPDX-License-Identifier: MIT
/*
 * Tests of the dialects that need the simulator: no call of one dialect reaches another, in random
 * sequences too, and failures leave the state of the library equal to the kernel's.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <vfiopm/vfiopm.h>

#include "host.h"
#include "raw.h"
#include "sim-fixture.h"
#include "sim.h"
#include "test.h"
#include "testbed.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const kernels[] = { "5.10", "6.1", "6.12", "6.12-iommufd", "7", "7-iommufd",
				       "v2",   "v3",  "v4" };

struct fixture {
	struct sim_device *sim;
	struct vfiopm_device *dev;
	int fd;
	int wakeup;
};

static void fixture_open_machine(struct fixture *fixture, const struct sim_machine *machine)
{
	*fixture = (struct fixture){ .sim = sim_add(machine), .wakeup = raw_eventfd() };
	fixture->fd = sim_open_device(fixture->sim);
	expect_ok(vfiopm_device_new_from_fd(fixture->fd, &fixture->dev));
	expect_ok(vfiopm_device_set_address(fixture->dev, testbed_device()));
}

static void fixture_open(struct fixture *fixture, const char *kernel)
{
	struct sim_machine machine = { .kernel = kernel };

	fixture_open_machine(fixture, &machine);
	if (kernel[0] == 'v' && kernel[1] == '2')
		expect_ok(vfiopm_device_try_v2(fixture->dev));
}

static void fixture_close(struct fixture *fixture)
{
	vfiopm_device_free(fixture->dev);
	close(fixture->wakeup);
	close(fixture->fd);
	sim_reset();
}

static void expect_state(const struct fixture *fixture, int state)
{
	assert_int_equal(vfiopm_get_state(fixture->dev), state);
}

/* ---- detection ---- */

static void detection_changes_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(kernels); i++) {
		struct sim_machine machine = { .kernel = kernels[i] };
		struct sim_device *sim = sim_add(&machine);
		struct vfiopm_device *dev;
		int fd = sim_open_device(sim);

		expect_ok(vfiopm_device_new_from_fd(fd, &dev));
		vfiopm_device_free(dev);
		assert_int_equal(sim_power_calls(sim), 0);
		assert_int_equal(sim_foreign_calls(sim), 0);
		assert_int_equal(sim_set_irqs(sim), 0);
		assert_int_equal(sim_resets(sim), 0);
		assert_false(sim_is_engaged(sim));
		assert_false(sim_is_suspended(sim));
		close(fd);
		sim_reset();
	}
}

/* The same while another fd has entered low power on mainline, armed or not. */
static void detection_on_a_sleeping_device(void **state)
{
	(void)state;
	for (size_t i = 1; i <= 5; i++) {
		for (int armed = 0; armed < 2; armed++) {
			struct sim_machine machine = { .kernel = kernels[i] };
			struct sim_device *sim = sim_add(&machine);
			int fd = sim_open_device(sim), wakeup = raw_eventfd();
			struct vfiopm_device *dev;

			sim_set_suspend(sim, armed ? SIM_SUSPEND_NEVER : SIM_SUSPEND_AT_ONCE);
			assert_int_equal(armed ? raw_enter_wakeup(fd, wakeup) : raw_enter(fd), 0);
			expect_ok(vfiopm_device_new_from_fd(fd, &dev));
			vfiopm_device_free(dev);
			assert_int_equal(sim_power_calls(sim), 1);
			assert_int_equal(sim_foreign_calls(sim), 0);
			assert_true(sim_is_engaged(sim));
			assert_int_equal(sim_is_suspended(sim), !armed);
			assert_int_equal(raw_take(wakeup), 0);
			close(wakeup);
			close(fd);
			sim_reset();
		}
	}
}

static void dialect_of_a_display_device(void **state)
{
	static const uint8_t nvidia[] = { 0xde, 0x10 }, display[] = { 3 };
	struct sim_machine machine = { .kernel = "v4" };
	struct sim_device *sim = sim_add(&machine);
	struct vfiopm_device *dev;
	int fd = sim_open_device(sim);

	(void)state;
	sim_set_config(sim, 0, nvidia, sizeof(nvidia));
	sim_set_config(sim, 11, display, sizeof(display));
	expect_ok(vfiopm_device_new_from_fd(fd, &dev));
	assert_int_equal(vfiopm_get_dialect(dev), VFIOPM_DIALECT_V4);
	vfiopm_device_free(dev);
	close(fd);
	sim_reset();
}

/* A driver that has only some of the features of mainline. The ioctls of a creation: GET_INFO, and
 * probes of SET 3, GET 3, SET 4 and SET 5. */
static void missing_features_of_mainline(void **state)
{
	static const uint32_t missing[] = { VFIOPM_FEATURE_ENTER_WAKEUP, VFIOPM_FEATURE_EXIT };
	const uint32_t all =
		VFIOPM_FEATURE_ENTER | VFIOPM_FEATURE_ENTER_WAKEUP | VFIOPM_FEATURE_EXIT;

	(void)state;
	for (unsigned i = 0; i < COUNT(missing); i++) {
		struct sim_device *sim = sim_add(NULL);
		int fd = sim_open_device(sim);
		struct vfiopm_device *dev;
		uint32_t features;

		sim_ioctl_fails_after(3 + i, ENOTTY);
		expect_ok(vfiopm_device_new_from_fd(fd, &dev));
		sim_calls_end();
		assert_int_equal(vfiopm_get_dialect(dev), VFIOPM_DIALECT_MAINLINE);
		expect_ok(vfiopm_get_features(dev, &features));
		assert_int_equal(features, all & ~missing[i]);
		vfiopm_device_free(dev);
		close(fd);
		sim_reset();
	}
}

/* ---- the request for v2 ---- */

static void v2_is_not_sent_to_other_dialects(void **state)
{
	(void)state;
	for (size_t i = 1; i < COUNT(kernels); i++) {
		struct sim_machine machine = { .kernel = kernels[i] };
		struct fixture fixture;

		if (kernels[i][1] == '2')
			continue;
		fixture_open_machine(&fixture, &machine);
		expect_errno(EALREADY, vfiopm_device_try_v2(fixture.dev));
		assert_int_equal(sim_power_calls(fixture.sim), 0);
		fixture_close(&fixture);
	}
}

/* A driver without the features, on each kernel: the ioctl has another meaning, or none. */
static void v2_on_drivers_without_features(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(kernels); i++) {
		struct sim_machine machine = { .kernel = kernels[i], .no_low_power = true };
		struct fixture fixture;

		if (kernels[i][1] == '2')
			continue;
		fixture_open_machine(&fixture, &machine);
		expect_errno(ENOTTY, vfiopm_device_try_v2(fixture.dev));
		assert_int_equal(vfiopm_get_dialect(fixture.dev), VFIOPM_DIALECT_NONE);
		assert_int_equal(sim_power_calls(fixture.sim), 1);
		assert_false(sim_is_suspended(fixture.sim));
		fixture_close(&fixture);
	}
}

static void v2_is_not_sent_to_a_cdev(void **state)
{
	struct sim_machine machine = { .kernel = "7-iommufd", .no_low_power = true };
	struct sim_device *sim = sim_add(&machine);
	struct vfiopm_device *dev;

	(void)state;
	expect_ok(vfiopm_device_open(testbed_device(), &dev));
	assert_int_equal(vfiopm_get_dialect(dev), VFIOPM_DIALECT_NONE);
	expect_errno(ENOTTY, vfiopm_device_try_v2(dev));
	assert_int_equal(sim_power_calls(sim), 0);
	vfiopm_device_free(dev);
	sim_reset();
}

static void errnos_of_the_request_for_v2(void **state)
{
	struct sim_machine machine = { .kernel = "6.12", .no_low_power = true };
	struct fixture fixture;
	int copy;

	(void)state;
	fixture_open_machine(&fixture, &machine);
	/* The probe, the link of the fd, the ioctl. */
	sim_calls_answer(2, 1);
	expect_errno(EPROTO, vfiopm_device_try_v2(fixture.dev));
	sim_calls_fail(0, EIO);
	expect_errno(EIO, vfiopm_device_try_v2(fixture.dev));
	sim_calls_end();
	copy = dup(fixture.fd);
	close(fixture.fd);
	expect_errno(EBADF, vfiopm_device_try_v2(fixture.dev));
	assert_int_equal(dup2(copy, fixture.fd), fixture.fd);
	close(copy);
	fixture_close(&fixture);
}

/* ---- failures ---- */

/* An access of v2 ends low power. If it cannot be entered again, the state shows that. */
static void failed_restore_of_v2(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture, "v2");
	expect_ok(vfiopm_enter(fixture.dev));
	/* SET_IRQS succeeds, and the entry after it fails. */
	sim_ioctl_fails_after(1, EBUSY);
	expect_ok(vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_MSIX, 0, fixture.wakeup));
	sim_calls_end();
	expect_state(&fixture, VFIOPM_STATE_ACTIVE);
	assert_false(sim_is_engaged(fixture.sim));
	assert_true(host_shows("power_state", "D0"));
	assert_int_equal(raw_take(fixture.wakeup), 0);
	expect_ok(vfiopm_enter(fixture.dev));
	assert_true(sim_is_suspended(fixture.sim));
	expect_ok(vfiopm_exit(fixture.dev));
	fixture_close(&fixture);
}

static void failed_restore_of_v4(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture, "v4");
	expect_ok(vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
	/* SET_IRQS and the exit succeed, and the entry after them fails. */
	sim_ioctl_fails_after(2, EBUSY);
	expect_ok(vfiopm_irq_disable(fixture.dev, VFIOPM_IRQ_MSIX));
	expect_ok(vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_MSIX, 0, fixture.wakeup));
	sim_calls_end();
	expect_state(&fixture, VFIOPM_STATE_WOKEN);
	assert_false(sim_is_engaged(fixture.sim));
	assert_int_equal(vfiopm_take_wake(fixture.dev), 1);
	assert_int_equal(vfiopm_take_wake(fixture.dev), 0);
	fixture_close(&fixture);
}

/* The resume fails, so low power has not ended, and nothing is reported. */
static void failed_resume_of_v4(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture, "v4");
	expect_ok(vfiopm_enter(fixture.dev));
	expect_ok(vfiopm_exit(fixture.dev));
	expect_ok(vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
	sim_fail_resume(fixture.sim, true);
	expect_errno(EIO,
		     vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_MSIX, 0, fixture.wakeup));
	expect_state(&fixture, VFIOPM_STATE_LOW_POWER_WAKEUP);
	expect_errno(EIO, vfiopm_exit(fixture.dev));
	expect_state(&fixture, VFIOPM_STATE_LOW_POWER_WAKEUP);
	expect_errno(EIO, vfiopm_enter(fixture.dev));
	expect_errno(EIO, vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
	expect_state(&fixture, VFIOPM_STATE_LOW_POWER_WAKEUP);
	assert_false(raw_readable(fixture.wakeup));
	assert_true(sim_is_suspended(fixture.sim));
	sim_fail_resume(fixture.sim, false);
	expect_ok(vfiopm_exit(fixture.dev));
	assert_int_equal(vfiopm_take_wake(fixture.dev), 0);
	fixture_close(&fixture);
}

static void failed_resume_of_v2(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture, "v2");
	expect_ok(vfiopm_enter(fixture.dev));
	expect_ok(vfiopm_exit(fixture.dev));
	expect_ok(vfiopm_enter(fixture.dev));
	sim_fail_resume(fixture.sim, true);
	expect_errno(EIO,
		     vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_MSIX, 0, fixture.wakeup));
	expect_state(&fixture, VFIOPM_STATE_LOW_POWER);
	assert_true(sim_is_engaged(fixture.sim));
	sim_fail_resume(fixture.sim, false);
	expect_ok(vfiopm_exit(fixture.dev));
	fixture_close(&fixture);
}

static int count_restored(void *data)
{
	++*(unsigned *)data;
	return 0;
}

static int quiesce(void *data)
{
	(void)data;
	return 0;
}

/* In v4, mapped memory works only after the exit that follows a wake. */
static void hooks_wait_for_the_exit_after_a_wake(void **state)
{
	const struct vfiopm_quiesce_ops ops = { .quiesce = quiesce, .restore = count_restored };
	struct vfiopm_quiesce *hook;
	struct fixture fixture;
	unsigned restored = 0;

	(void)state;
	fixture_open(&fixture, "v4");
	expect_ok(vfiopm_quiesce_new(fixture.dev, &ops, sizeof(ops), &restored, &hook));
	expect_ok(vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
	usleep(5000);
	host_wake();
	sim_ioctl_fails_after(0, EIO);
	assert_int_equal(vfiopm_take_wake(fixture.dev), 1);
	sim_calls_end();
	assert_int_equal(restored, 0);
	assert_true(sim_is_engaged(fixture.sim));
	expect_ok(vfiopm_exit(fixture.dev));
	assert_int_equal(restored, 1);
	vfiopm_quiesce_free(hook);
	fixture_close(&fixture);
}

/* On mainline the kernel has ended low power, so a taken wake needs no ioctl. v4 needs an exit. */
static void ioctls_of_a_taken_wake(void **state)
{
	static const char *const names[] = { "6.12", "v4" };

	(void)state;
	for (unsigned i = 0; i < COUNT(names); i++) {
		struct fixture fixture;
		unsigned before;

		fixture_open(&fixture, names[i]);
		expect_ok(vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
		usleep(5000);
		host_wake();
		before = sim_ioctls(fixture.sim);
		assert_int_equal(vfiopm_take_wake(fixture.dev), 1);
		assert_int_equal(sim_ioctls(fixture.sim) - before, i);
		assert_int_equal(vfiopm_take_wake(fixture.dev), 0);
		assert_int_equal(sim_ioctls(fixture.sim) - before, i);
		fixture_close(&fixture);
	}
}

/* Two wakes that nobody has taken add one count each, as on mainline. */
static void each_wake_of_v4_adds_one_count(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture, "v4");
	for (int i = 0; i < 2; i++) {
		expect_ok(vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
		usleep(5000);
		host_wake();
	}
	expect_ok(vfiopm_exit(fixture.dev));
	assert_int_equal(raw_take(fixture.wakeup), 2);

	/* A count that somebody else adds is a wake, and gets no second count. */
	expect_ok(vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
	raw_add(fixture.wakeup, 1);
	expect_ok(vfiopm_exit(fixture.dev));
	assert_int_equal(raw_take(fixture.wakeup), 1);
	fixture_close(&fixture);
}

static void count_wake(void *data, uint64_t generation, uint32_t cause)
{
	(void)generation;
	(void)cause;
	++*(unsigned *)data;
}

/* v4 signals no eventfd, so an event loop cannot report a wake. */
static void event_loop_on_v4(void **state)
{
	const struct vfiopm_events_ops with = { .woken = count_wake }, without = { 0 };
	struct vfiopm_events *events;
	struct fixture fixture;
	unsigned woken = 0;

	(void)state;
	fixture_open(&fixture, "v4");
	expect_ok(vfiopm_events_new(fixture.dev, &with, sizeof(with), &woken, &events));
	expect_errno(ENOTTY, vfiopm_events_enter(events));
	expect_state(&fixture, VFIOPM_STATE_ACTIVE);
	assert_false(sim_is_engaged(fixture.sim));
	vfiopm_events_free(events);
	expect_ok(vfiopm_events_new(fixture.dev, &without, sizeof(without), &woken, &events));
	expect_ok(vfiopm_events_enter(events));
	expect_state(&fixture, VFIOPM_STATE_LOW_POWER);
	expect_ok(vfiopm_exit(fixture.dev));
	vfiopm_events_free(events);
	assert_int_equal(woken, 0);
	fixture_close(&fixture);
}

static void plain_entry_of_v4_checks_no_fd(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture, "v4");
	sim_calls_begin();
	expect_ok(vfiopm_enter(fixture.dev));
	sim_calls_end();
	assert_int_equal(sim_calls_named("readlink"), 0);
	assert_int_equal(sim_calls_named("ioctl"), 1);
	fixture_close(&fixture);
}

/* ---- PMCSR ---- */

static void d3hot_is_written_once(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture, "v3");
	expect_ok(vfiopm_enter(fixture.dev));
	expect_ok(vfiopm_exit(fixture.dev));
	/* The caller has written D3hot itself. */
	expect_ok(raw_write_config(fixture.fd, raw_pm_capability(fixture.fd) + 4, 3));
	sim_calls_begin();
	expect_ok(vfiopm_enter(fixture.dev));
	sim_calls_end();
	assert_int_equal(sim_calls_named("pwrite"), 0);
	/* The layout of the configuration space is known. */
	assert_int_equal(sim_calls_named("ioctl"), 1);
	sim_calls_begin();
	expect_ok(vfiopm_exit(fixture.dev));
	sim_calls_end();
	/* The suspend has left D3hot. */
	assert_int_equal(sim_calls_named("pwrite"), 0);
	fixture_close(&fixture);
}

static void device_without_a_pm_capability(void **state)
{
	struct sim_machine machine = { .kernel = "v3", .no_pm = true };
	struct fixture fixture;

	(void)state;
	fixture_open_machine(&fixture, &machine);
	sim_calls_begin();
	expect_errno(EINVAL, vfiopm_enter(fixture.dev));
	sim_calls_end();
	assert_int_equal(sim_calls_named("pwrite"), 0);
	expect_state(&fixture, VFIOPM_STATE_ACTIVE);
	expect_ok(vfiopm_exit(fixture.dev));
	fixture_close(&fixture);
}

static unsigned call_named(const char *name, int (*run)(struct vfiopm_device *dev),
			   struct vfiopm_device *dev)
{
	unsigned count, i = 0;

	sim_calls_begin();
	expect_ok(run(dev));
	count = sim_calls_end();
	while (i < count && strcmp(sim_call_name(i), name) != 0)
		i++;
	assert_true(i < count);
	return i;
}

static void failed_accesses_to_pmcsr(void **state)
{
	struct fixture fixture;
	unsigned index;

	(void)state;
	fixture_open(&fixture, "v3");
	expect_ok(vfiopm_enter(fixture.dev));
	expect_ok(vfiopm_exit(fixture.dev));
	index = call_named("pwrite", vfiopm_enter, fixture.dev);
	expect_ok(vfiopm_exit(fixture.dev));
	sim_calls_fail(index - 1, EIO); /* the read of PMCSR */
	expect_errno(EIO, vfiopm_enter(fixture.dev));
	sim_calls_answer(index, 0);
	expect_errno(EPROTO, vfiopm_enter(fixture.dev));
	sim_calls_end();
	expect_state(&fixture, VFIOPM_STATE_ACTIVE);
	assert_false(sim_is_engaged(fixture.sim));
	expect_ok(vfiopm_enter(fixture.dev));
	fixture_close(&fixture);
}

/* The exit leaves the device in D3hot, where mapped memory raises SIGBUS. */
static void memory_is_not_used_in_d3hot(void **state)
{
	struct vfiopm_region *bar;
	struct fixture fixture;
	uint32_t value;
	unsigned index;

	(void)state;
	fixture_open(&fixture, "v2");
	raw_enable_memory(fixture.fd);
	sim_set_suspend(fixture.sim, SIM_SUSPEND_NEVER);
	expect_ok(vfiopm_region_new(fixture.dev, VFIOPM_REGION_BAR0, &bar));
	expect_ok(vfiopm_region_map(bar));
	expect_ok(vfiopm_region_read(bar, 0, 4, 0, &value));
	expect_ok(vfiopm_enter(fixture.dev));
	index = call_named("pwrite", vfiopm_exit, fixture.dev);
	expect_ok(vfiopm_region_read(bar, 0, 4, 0, &value));
	expect_ok(vfiopm_enter(fixture.dev));
	sim_calls_fail(index, EIO);
	expect_errno(EIO, vfiopm_exit(fixture.dev));
	sim_calls_end();
	expect_state(&fixture, VFIOPM_STATE_ACTIVE);
	expect_errno(EIO, vfiopm_region_read(bar, 0, 4, 0, &value));
	expect_ok(vfiopm_exit(fixture.dev));
	expect_ok(vfiopm_region_read(bar, 0, 4, 0, &value));
	vfiopm_region_free(bar);
	fixture_close(&fixture);
}

/* ---- random sequences ---- */

#define SEQUENCES 60
#define STEPS	  40

struct sequence {
	struct fixture fixture;
	struct vfiopm_region *config;
	bool is_v2;
	bool woken_v2; /* the host has woken a device of v2, which ends low power */
	unsigned v2_calls;
};

static void make_step(struct sequence *sequence)
{
	struct fixture *fixture = &sequence->fixture;
	struct vfiopm_device *dev = fixture->dev, *other;
	uint32_t mask;
	uint8_t byte;
	int event;

	switch (sim_fixture_random(14)) {
	case 0:
	case 1:
		if (vfiopm_enter(dev) == 0)
			sequence->woken_v2 = false;
		break;
	case 2:
	case 3:
		vfiopm_enter_wakeup(dev, fixture->wakeup);
		break;
	case 4:
	case 5:
		vfiopm_exit(dev);
		sequence->woken_v2 = false;
		break;
	case 6:
		vfiopm_take_wake(dev);
		break;
	case 7:
		expect_ok(vfiopm_get_features(dev, &mask));
		break;
	case 8:
		vfiopm_irq_set_signaling(dev, VFIOPM_IRQ_MSIX, 0,
					 sim_fixture_random(2) ? fixture->wakeup : -1);
		break;
	case 9:
		vfiopm_region_read(sequence->config, 0, 1, VFIOPM_REGION_WAKE, &byte);
		break;
	case 10:
		/* 5.10 does not suspend a device that is in use. */
		if (sim_is_suspended(fixture->sim)) {
			sequence->woken_v2 = sequence->is_v2;
			host_wake();
		}
		break;
	case 11:
		sim_set_suspend(fixture->sim, sim_fixture_random(3));
		break;
	case 12:
		event = vfiopm_get_dialect(dev);
		sequence->v2_calls += vfiopm_device_try_v2(dev) != -EALREADY && !sequence->is_v2;
		sequence->woken_v2 |= event != vfiopm_get_dialect(dev);
		break;
	default:
		/* A creation wakes the device, which ends the low power of v2. */
		sequence->woken_v2 |= sequence->is_v2;
		expect_ok(vfiopm_device_new_from_fd(fixture->fd, &other));
		vfiopm_device_free(other);
	}
}

static void check_step(const struct sequence *sequence)
{
	const struct fixture *fixture = &sequence->fixture;
	int state = vfiopm_get_state(fixture->dev);
	bool is_v4 = vfiopm_get_dialect(fixture->dev) == VFIOPM_DIALECT_V4;

	assert_int_equal(sim_foreign_calls(fixture->sim), sequence->v2_calls);
	if (state == VFIOPM_STATE_LOW_POWER && !sequence->woken_v2)
		assert_true(sim_is_engaged(fixture->sim));
	if (state == VFIOPM_STATE_ACTIVE)
		assert_false(sim_is_engaged(fixture->sim));
	/* In v4 low power stays entered after a wake. */
	if (state == VFIOPM_STATE_WOKEN && !is_v4)
		assert_false(sim_is_engaged(fixture->sim));
}

static void run_sequence(const char *kernel)
{
	struct sim_machine machine = { .kernel = kernel };
	struct sequence sequence = { .is_v2 = kernel[1] == '2' };

	fixture_open_machine(&sequence.fixture, &machine);
	expect_ok(vfiopm_region_new(sequence.fixture.dev, VFIOPM_REGION_CONFIG, &sequence.config));
	for (int i = 0; i < STEPS; i++) {
		make_step(&sequence);
		check_step(&sequence);
	}
	vfiopm_region_free(sequence.config);
	fixture_close(&sequence.fixture);
}

static void no_call_reaches_another_dialect(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(kernels); i++) {
		for (int j = 0; j < SEQUENCES; j++)
			run_sequence(kernels[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(detection_changes_nothing),
		cmocka_unit_test(detection_on_a_sleeping_device),
		cmocka_unit_test(dialect_of_a_display_device),
		cmocka_unit_test(missing_features_of_mainline),
		cmocka_unit_test(v2_is_not_sent_to_other_dialects),
		cmocka_unit_test(v2_on_drivers_without_features),
		cmocka_unit_test(v2_is_not_sent_to_a_cdev),
		cmocka_unit_test(errnos_of_the_request_for_v2),
		cmocka_unit_test(failed_restore_of_v2),
		cmocka_unit_test(failed_restore_of_v4),
		cmocka_unit_test(failed_resume_of_v4),
		cmocka_unit_test(failed_resume_of_v2),
		cmocka_unit_test(hooks_wait_for_the_exit_after_a_wake),
		cmocka_unit_test(ioctls_of_a_taken_wake),
		cmocka_unit_test(each_wake_of_v4_adds_one_count),
		cmocka_unit_test(event_loop_on_v4),
		cmocka_unit_test(plain_entry_of_v4_checks_no_fd),
		cmocka_unit_test(d3hot_is_written_once),
		cmocka_unit_test(device_without_a_pm_capability),
		cmocka_unit_test(failed_accesses_to_pmcsr),
		cmocka_unit_test(memory_is_not_used_in_d3hot),
		cmocka_unit_test(no_call_reaches_another_dialect),
	};

	return cmocka_run_group_tests_name("dialect-corners", tests, NULL, NULL);
}
