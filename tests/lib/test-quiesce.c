// SPDX-License-Identifier: MIT
/*
 * Tests of quiesce hooks: when and in which order they run around entries, exits and wakes, and the
 * roll-back after a failure.
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include <vfiopm/vfiopm.h>

#include "host.h"
#include "lib/uapi.h"
#include "raw.h"
#include "test.h"
#include "testbed.h"

#define HOOKS 3

struct fixture;

/* Hook i appends to the log a small letter when it is quiesced, and a capital when it is restored.
 * A failure appends '-' and the letter. */
struct recorder {
	struct fixture *fixture;
	char letter;
	int quiesce_error, restore_error;
};

struct fixture {
	struct raw raw;
	struct vfiopm_device *dev;
	int wakeup;
	struct recorder recorders[HOOKS];
	struct vfiopm_quiesce *hooks[HOOKS];
	char log[64];
};

static int record(const struct recorder *recorder, char letter, int error)
{
	char text[3] = { letter, '\0', '\0' };

	if (error) {
		text[0] = '-';
		text[1] = letter;
	}
	strcat(recorder->fixture->log, text);
	return -error;
}

static int on_quiesce(void *data)
{
	const struct recorder *recorder = data;

	return record(recorder, recorder->letter, recorder->quiesce_error);
}

static int on_restore(void *data)
{
	const struct recorder *recorder = data;

	return record(recorder, (char)(recorder->letter - 'a' + 'A'), recorder->restore_error);
}

static const struct vfiopm_quiesce_ops ops = { .quiesce = on_quiesce, .restore = on_restore };

static int add_hook(struct fixture *fixture, int i)
{
	fixture->recorders[i].fixture = fixture;
	fixture->recorders[i].letter = (char)('a' + i);
	return vfiopm_quiesce_new(fixture->dev, &ops, sizeof(ops), &fixture->recorders[i],
				  &fixture->hooks[i]);
}

static void fixture_open(struct fixture *fixture, int hooks)
{
	testbed_need_low_power();
	*fixture = (struct fixture){ 0 };
	raw_open(&fixture->raw);
	expect_ok(vfiopm_device_new_from_fd(fixture->raw.device, &fixture->dev));
	fixture->wakeup = raw_eventfd();
	for (int i = 0; i < hooks; i++)
		expect_ok(add_hook(fixture, i));
}

static void fixture_close(struct fixture *fixture)
{
	for (int i = 0; i < HOOKS; i++)
		assert_null(vfiopm_quiesce_free(fixture->hooks[i]));
	vfiopm_device_free(fixture->dev);
	close(fixture->wakeup);
	raw_close(&fixture->raw);
}

/* Compare the log, and empty it. */
static void expect_log(struct fixture *fixture, const char *expected)
{
	assert_string_equal(fixture->log, expected);
	fixture->log[0] = '\0';
}

/* ---- order ---- */

static void hooks_run_around_low_power(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture, HOOKS);
	expect_ok(vfiopm_exit(fixture.dev));
	expect_log(&fixture, "");
	expect_ok(vfiopm_enter(fixture.dev));
	expect_log(&fixture, "cba");
	expect_ok(vfiopm_exit(fixture.dev));
	expect_log(&fixture, "ABC");
	expect_ok(vfiopm_exit(fixture.dev));
	expect_log(&fixture, "");
	expect_ok(vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
	host_sees_deep_sleep();
	expect_log(&fixture, "cba");
	expect_ok(vfiopm_exit(fixture.dev));
	expect_log(&fixture, "ABC");
	fixture_close(&fixture);
}

static void repeated_entries_call_no_hook_twice(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture, HOOKS);
	expect_ok(vfiopm_enter(fixture.dev));
	expect_log(&fixture, "cba");
	expect_errno(EALREADY, vfiopm_enter(fixture.dev));
	expect_errno(EALREADY, vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
	expect_log(&fixture, "");
	expect_ok(vfiopm_exit(fixture.dev));
	expect_log(&fixture, "ABC");
	for (int i = 0; i < 3; i++) {
		expect_ok(vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
		host_sees_deep_sleep();
		expect_log(&fixture, i == 0 ? "cba" : "");
	}
	/* A failed second entry leaves the first one, and the hooks quiesced. */
	expect_errno(EINVAL, vfiopm_enter_wakeup(fixture.dev, fixture.raw.group));
	expect_log(&fixture, "");
	expect_ok(vfiopm_exit(fixture.dev));
	expect_log(&fixture, "ABC");
	fixture_close(&fixture);
}

static void freed_hooks_do_not_run(void **state)
{
	struct fixture fixture;

	(void)state;
	for (int i = 0; i < HOOKS; i++) {
		static const char *const quiesced[] = { "cb", "ca", "ba" };
		static const char *const restored[] = { "BC", "AC", "AB" };

		fixture_open(&fixture, HOOKS);
		fixture.hooks[i] = vfiopm_quiesce_free(fixture.hooks[i]);
		expect_ok(vfiopm_enter(fixture.dev));
		expect_log(&fixture, quiesced[i]);
		expect_ok(vfiopm_exit(fixture.dev));
		expect_log(&fixture, restored[i]);
		/* The new hook is the newest. */
		expect_ok(add_hook(&fixture, i));
		expect_ok(vfiopm_enter(fixture.dev));
		assert_int_equal(fixture.log[0], 'a' + i);
		fixture_close(&fixture);
	}
	assert_null(vfiopm_quiesce_free(NULL));
}

static void a_hook_of_low_power_begins_quiesced(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture, 1);
	expect_ok(vfiopm_enter(fixture.dev));
	expect_log(&fixture, "a");
	expect_ok(add_hook(&fixture, 1));
	expect_log(&fixture, "b");
	fixture.recorders[2].quiesce_error = ENOSPC;
	assert_int_equal(add_hook(&fixture, 2), -ENOSPC);
	expect_log(&fixture, "-c");
	assert_null(fixture.hooks[2]);
	expect_ok(vfiopm_exit(fixture.dev));
	expect_log(&fixture, "AB");
	/* The same with wakeup. A woken device works. */
	fixture.hooks[1] = vfiopm_quiesce_free(fixture.hooks[1]);
	expect_ok(vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
	host_wait_suspended();
	expect_ok(add_hook(&fixture, 1));
	expect_log(&fixture, "ab");
	host_wake();
	expect_ok(add_hook(&fixture, 2));
	expect_log(&fixture, "");
	fixture_close(&fixture);
}

/* ---- failures ---- */

static void failed_hook_rolls_back(void **state)
{
	static const char *const expected[HOOKS] = { "cb-aBC", "c-bC", "-c" };
	struct fixture fixture;

	(void)state;
	for (int i = 0; i < HOOKS; i++) {
		fixture_open(&fixture, HOOKS);
		fixture.recorders[i].quiesce_error = EXDEV;
		assert_int_equal(vfiopm_enter(fixture.dev), -EXDEV);
		expect_log(&fixture, expected[i]);
		assert_int_equal(vfiopm_enter_wakeup(fixture.dev, fixture.wakeup), -EXDEV);
		expect_log(&fixture, expected[i]);
		assert_int_equal(vfiopm_get_state(fixture.dev), VFIOPM_STATE_ACTIVE);
		host_stays_awake();
		fixture.recorders[i].quiesce_error = 0;
		expect_ok(vfiopm_enter(fixture.dev));
		expect_log(&fixture, "cba");
		fixture_close(&fixture);
	}
}

static void failed_ioctl_rolls_back(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture, HOOKS);
	/* Only the kernel sees that the fd is not an eventfd. */
	expect_errno(EINVAL, vfiopm_enter_wakeup(fixture.dev, fixture.raw.group));
	expect_log(&fixture, "cbaABC");
	/* Another fd of the device has entered. */
	assert_int_equal(raw_enter(fixture.raw.device), 0);
	expect_errno(EINVAL, vfiopm_enter(fixture.dev));
	expect_log(&fixture, "cbaABC");
	/* These fail without an ioctl, and without a hook. */
	expect_errno(EBADF, vfiopm_enter_wakeup(fixture.dev, raw_closed_fd()));
	expect_errno(EINVAL, vfiopm_enter_wakeup(fixture.dev, -1));
	expect_log(&fixture, "");
	expect_ok(vfiopm_exit(fixture.dev));
	expect_log(&fixture, "");
	fixture_close(&fixture);
}

static void failed_restore_is_retried(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture, HOOKS);
	expect_ok(vfiopm_enter(fixture.dev));
	expect_log(&fixture, "cba");
	fixture.recorders[0].restore_error = EXDEV;
	fixture.recorders[2].restore_error = ENOSPC;
	/* The first errno is returned after all hooks were tried. Low power has ended. */
	assert_int_equal(vfiopm_exit(fixture.dev), -EXDEV);
	expect_log(&fixture, "-AB-C");
	assert_int_equal(vfiopm_get_state(fixture.dev), VFIOPM_STATE_ACTIVE);
	host_stays_awake();
	/* A call that takes no wake does not retry it. */
	assert_int_equal(vfiopm_take_wake(fixture.dev), 0);
	expect_log(&fixture, "");
	fixture.recorders[0].restore_error = 0;
	assert_int_equal(vfiopm_exit(fixture.dev), -ENOSPC);
	expect_log(&fixture, "A-C");
	/* An entry does not quiesce it again. */
	expect_ok(vfiopm_enter(fixture.dev));
	expect_log(&fixture, "ba");
	fixture.recorders[2].restore_error = 0;
	expect_ok(vfiopm_exit(fixture.dev));
	expect_log(&fixture, "ABC");
	fixture_close(&fixture);
}

static void failed_roll_back_is_retried(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture, HOOKS);
	fixture.recorders[0].quiesce_error = EXDEV;
	fixture.recorders[1].restore_error = ENOSPC;
	/* The errno of the entry is that of the quiesce. */
	assert_int_equal(vfiopm_enter(fixture.dev), -EXDEV);
	expect_log(&fixture, "cb-a-BC");
	fixture.recorders[1].restore_error = 0;
	/* A later entry rolls back only what it has quiesced itself. */
	assert_int_equal(vfiopm_enter(fixture.dev), -EXDEV);
	expect_log(&fixture, "c-aC");
	expect_ok(vfiopm_exit(fixture.dev));
	expect_log(&fixture, "B");
	fixture_close(&fixture);
}

/* ---- wakes ---- */

static void *take_wake(void *data)
{
	const struct fixture *fixture = data;

	while (vfiopm_take_wake(fixture->dev) == 0)
		usleep(1000);
	return NULL;
}

static void taken_wake_restores(void **state)
{
	struct fixture fixture;
	pthread_t thread;

	(void)state;
	fixture_open(&fixture, HOOKS);
	expect_ok(vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
	host_sees_deep_sleep();
	expect_log(&fixture, "cba");
	assert_int_equal(vfiopm_take_wake(fixture.dev), 0);
	expect_log(&fixture, "");
	assert_int_equal(pthread_create(&thread, NULL, take_wake, &fixture), 0);
	host_wake();
	pthread_join(thread, NULL);
	expect_log(&fixture, "ABC");
	expect_ok(vfiopm_exit(fixture.dev));
	expect_log(&fixture, "");
	fixture_close(&fixture);
}

/* A wake that nobody takes leaves the hooks quiesced, until the exit or over the next entry. */
static void untaken_wake_restores_later(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture, HOOKS);
	for (int i = 0; i < 2; i++) {
		expect_ok(vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
		host_wait_suspended();
		expect_log(&fixture, i == 0 ? "cba" : "");
		host_wake();
	}
	/* The device sleeps again while the two wakes are taken. */
	expect_ok(vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
	host_wait_suspended();
	assert_int_equal(vfiopm_take_wake(fixture.dev), 1);
	assert_int_equal(vfiopm_take_wake(fixture.dev), 1);
	assert_int_equal(vfiopm_take_wake(fixture.dev), 0);
	assert_true(host_shows("power/runtime_status", "suspended"));
	expect_log(&fixture, "");
	expect_ok(vfiopm_exit(fixture.dev));
	expect_log(&fixture, "ABC");
	fixture_close(&fixture);
}

static void open_and_sleep(struct fixture *fixture)
{
	fixture_open(fixture, HOOKS);
	expect_ok(vfiopm_enter_wakeup(fixture->dev, fixture->wakeup));
	host_wait_suspended();
	expect_log(fixture, "cba");
}

/* The taken wake is reported although a hook fails. The exit reports the failure. */
static void failed_restore_at_a_wake_is_retried(void **state)
{
	struct fixture fixture;

	(void)state;
	open_and_sleep(&fixture);
	fixture.recorders[1].restore_error = EXDEV;
	host_wake();
	assert_int_equal(vfiopm_take_wake(fixture.dev), 1);
	expect_log(&fixture, "A-BC");
	assert_int_equal(vfiopm_exit(fixture.dev), -EXDEV);
	expect_log(&fixture, "-B");
	fixture.recorders[1].restore_error = 0;
	expect_ok(vfiopm_exit(fixture.dev));
	expect_log(&fixture, "B");
	fixture_close(&fixture);
}

/* A wake that is taken after the exit finds the hooks restored, except one that has failed. */
static void late_wake_retries(void **state)
{
	struct fixture fixture;

	(void)state;
	open_and_sleep(&fixture);
	host_wake();
	fixture.recorders[1].restore_error = EXDEV;
	assert_int_equal(vfiopm_exit(fixture.dev), -EXDEV);
	expect_log(&fixture, "A-BC");
	fixture.recorders[1].restore_error = 0;
	assert_int_equal(vfiopm_take_wake(fixture.dev), 1);
	expect_log(&fixture, "B");
	fixture_close(&fixture);
}

/* ---- what a callback may use ---- */

struct user {
	struct vfiopm_device *dev;
	struct vfiopm_region *bar;
	int event;
};

static int use_device(const struct user *user, int event)
{
	uint64_t size;
	uint32_t value;
	void *address;
	int r = vfiopm_region_get_size(user->bar, &size);

	if (r == 0)
		r = vfiopm_region_get_address(user->bar, 0, size, &address);
	if (r == 0)
		r = vfiopm_region_read(user->bar, 8, sizeof(value), 0, &value);
	if (r == 0)
		r = vfiopm_irq_set_signaling(user->dev, VFIOPM_IRQ_MSIX, 0, event);
	return r;
}

static int detach(void *data)
{
	return use_device(data, -1);
}

static int attach(void *data)
{
	const struct user *user = data;

	return use_device(data, user->event);
}

/* The lock of the callbacks is not one that these functions take. */
static void callbacks_use_interrupts_and_regions(void **state)
{
	const struct vfiopm_quiesce_ops users = { .quiesce = detach, .restore = attach };
	struct vfiopm_quiesce *hook;
	struct fixture fixture;
	struct user user;

	(void)state;
	fixture_open(&fixture, 0);
	user = (struct user){ .dev = fixture.dev, .event = raw_eventfd() };
	expect_ok(vfiopm_region_new(fixture.dev, VFIOPM_REGION_BAR0, &user.bar));
	expect_ok(vfiopm_region_map(user.bar));
	expect_ok(vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_MSIX, 0, user.event));
	expect_ok(vfiopm_quiesce_new(fixture.dev, &users, sizeof(users), &user, &hook));
	for (int i = 0; i < 2; i++) {
		expect_ok(vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
		host_sees_deep_sleep();
		if (i == 0) {
			host_wake();
			assert_int_equal(vfiopm_take_wake(fixture.dev), 1);
		}
		expect_ok(vfiopm_exit(fixture.dev));
		assert_int_equal(vfiopm_take_wake(fixture.dev), 0);
		expect_ok(vfiopm_irq_trigger(fixture.dev, VFIOPM_IRQ_MSIX, 0));
		assert_int_equal(raw_take(user.event), 1);
	}
	vfiopm_quiesce_free(hook);
	vfiopm_region_free(user.bar);
	close(user.event);
	fixture_close(&fixture);
}

/* ---- arguments ---- */

static void ops_of_any_size(void **state)
{
	struct {
		struct vfiopm_quiesce_ops known;
		void *later;
	} larger = { .known = ops };
	const struct vfiopm_quiesce_ops empty = { 0 };
	struct vfiopm_quiesce *hook = NULL;
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture, 1);
	expect_errno(EINVAL, vfiopm_quiesce_new(NULL, &ops, sizeof(ops), NULL, &hook));
	expect_errno(EINVAL, vfiopm_quiesce_new(fixture.dev, NULL, sizeof(ops), NULL, &hook));
	expect_errno(EINVAL, vfiopm_quiesce_new(fixture.dev, &ops, sizeof(ops), NULL, NULL));
	larger.later = &larger;
	expect_errno(EINVAL,
		     vfiopm_quiesce_new(fixture.dev, &larger.known, sizeof(larger), NULL, &hook));
	assert_null(hook);
	larger.later = NULL;
	fixture.recorders[1].fixture = &fixture;
	fixture.recorders[1].letter = 'b';
	expect_ok(vfiopm_quiesce_new(fixture.dev, &larger.known, sizeof(larger),
				     &fixture.recorders[1], &fixture.hooks[1]));
	/* An older header: without restore(). */
	fixture.recorders[2].fixture = &fixture;
	fixture.recorders[2].letter = 'c';
	expect_ok(vfiopm_quiesce_new(fixture.dev, &ops, sizeof(ops.quiesce), &fixture.recorders[2],
				     &fixture.hooks[2]));
	expect_ok(vfiopm_quiesce_new(fixture.dev, &empty, sizeof(empty), NULL, &hook));
	expect_ok(vfiopm_enter(fixture.dev));
	expect_log(&fixture, "cba");
	expect_ok(vfiopm_exit(fixture.dev));
	expect_log(&fixture, "AB");
	vfiopm_quiesce_free(hook);
	fixture_close(&fixture);
}

/* ---- INTx ---- */

/* Make INTx unusable for a kernel without the library: the unmask eventfd is signalled while the
 * device sleeps. */
static void sleep_and_unmask(struct fixture *fixture, int unmask)
{
	expect_ok(vfiopm_enter_wakeup(fixture->dev, fixture->wakeup));
	host_sees_deep_sleep();
	raw_add(unmask, 1);
	testbed_let_arrive();
	assert_true(host_shows("power/runtime_status", "suspended"));
}

static bool arrives(struct fixture *fixture, int event)
{
	testbed_fire(&fixture->raw, VFIOPM_IRQ_INTX, 0);
	for (int i = 0; i < 200 && !raw_readable(event); i++)
		usleep(1000);
	testbed_let_arrive();
	return raw_take(event) == 1;
}

static void acknowledge(struct fixture *fixture, int unmask)
{
	testbed_clear(&fixture->raw);
	raw_add(unmask, 1);
	testbed_let_arrive();
}

static void unmask_while_asleep_leaves_intx_alive(void **state)
{
	int event = raw_eventfd(), unmask = raw_eventfd();
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture, 0);
	expect_ok(vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_INTX, 0, event));
	expect_ok(vfiopm_irq_set_unmask_eventfd(fixture.dev, VFIOPM_IRQ_INTX, 0, unmask));
	assert_true(arrives(&fixture, event));
	/* The guest has not acknowledged the interrupt when the device sleeps. */
	testbed_clear(&fixture.raw);
	sleep_and_unmask(&fixture, unmask);
	expect_ok(vfiopm_exit(fixture.dev));
	assert_int_equal(raw_take(event), 0);
	assert_true(arrives(&fixture, event));
	acknowledge(&fixture, unmask);
	/* The same with a wake by the host. */
	sleep_and_unmask(&fixture, unmask);
	host_wake();
	assert_int_equal(vfiopm_take_wake(fixture.dev), 1);
	assert_true(arrives(&fixture, event));
	acknowledge(&fixture, unmask);
	assert_int_equal(vfiopm_take_wake(fixture.dev), 0);
	close(event);
	close(unmask);
	fixture_close(&fixture);
}

/* A mask of the caller survives low power. */
static void masked_intx_stays_masked(void **state)
{
	int event = raw_eventfd(), unmask = raw_eventfd();
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture, 0);
	expect_ok(vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_INTX, 0, event));
	expect_ok(vfiopm_irq_set_unmask_eventfd(fixture.dev, VFIOPM_IRQ_INTX, 0, unmask));
	for (int signalled = 0; signalled < 2; signalled++) {
		expect_ok(vfiopm_irq_mask(fixture.dev, VFIOPM_IRQ_INTX, 0));
		expect_ok(vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
		host_sees_deep_sleep();
		if (signalled)
			raw_add(unmask, 1);
		testbed_let_arrive();
		expect_ok(vfiopm_exit(fixture.dev));
		assert_false(arrives(&fixture, event));
		expect_ok(vfiopm_irq_unmask(fixture.dev, VFIOPM_IRQ_INTX, 0));
		for (int i = 0; i < 200 && !raw_readable(event); i++)
			usleep(1000);
		assert_int_equal(raw_take(event), 1);
		acknowledge(&fixture, unmask);
	}
	/* A disable ends the mask. */
	expect_ok(vfiopm_irq_mask(fixture.dev, VFIOPM_IRQ_INTX, 0));
	expect_ok(vfiopm_irq_disable(fixture.dev, VFIOPM_IRQ_INTX));
	expect_ok(vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_INTX, 0, event));
	expect_ok(vfiopm_irq_set_unmask_eventfd(fixture.dev, VFIOPM_IRQ_INTX, 0, unmask));
	sleep_and_unmask(&fixture, unmask);
	expect_ok(vfiopm_exit(fixture.dev));
	assert_true(arrives(&fixture, event));
	testbed_clear(&fixture.raw);
	close(event);
	close(unmask);
	fixture_close(&fixture);
}

/* Without INTx, or without an unmask eventfd, low power issues no SET_IRQS. */
static void only_intx_with_an_unmask_eventfd_is_restored(void **state)
{
	int event = raw_eventfd(), unmask = raw_eventfd();
	uint64_t before, after, saved;
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture, 0);
	for (int i = 0; i < 4; i++) {
		/* None, MSI-X, INTx, INTx with an unmask eventfd. */
		if (i == 1)
			expect_ok(vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_MSIX, 0, event));
		if (i == 2) {
			expect_ok(vfiopm_irq_disable(fixture.dev, VFIOPM_IRQ_MSIX));
			expect_ok(vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_INTX, 0, event));
		}
		if (i == 3)
			expect_ok(vfiopm_irq_set_unmask_eventfd(fixture.dev, VFIOPM_IRQ_INTX, 0,
								unmask));
		expect_ok(vfiopm_irq_get_stats(fixture.dev, &before, &saved));
		expect_ok(vfiopm_enter(fixture.dev));
		expect_ok(vfiopm_exit(fixture.dev));
		expect_ok(vfiopm_irq_get_stats(fixture.dev, &after, &saved));
		assert_int_equal(after - before, i == 3 ? 2 : 0);
	}
	/* Another fd of the device has disabled INTx. */
	assert_int_equal(raw_set_irqs(fixture.raw.device, VFIOPM_IRQ_INTX,
				      VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER, 0, 0,
				      NULL),
			 0);
	expect_ok(vfiopm_enter(fixture.dev));
	expect_ok(vfiopm_exit(fixture.dev));
	close(event);
	close(unmask);
	fixture_close(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_TESTBED(hooks_run_around_low_power),
		ON_TESTBED(repeated_entries_call_no_hook_twice),
		ON_TESTBED(freed_hooks_do_not_run),
		ON_TESTBED(a_hook_of_low_power_begins_quiesced),
		ON_TESTBED(failed_hook_rolls_back),
		ON_TESTBED(failed_ioctl_rolls_back),
		ON_TESTBED(failed_restore_is_retried),
		ON_TESTBED(failed_roll_back_is_retried),
		ON_TESTBED(taken_wake_restores),
		ON_TESTBED(untaken_wake_restores_later),
		ON_TESTBED(failed_restore_at_a_wake_is_retried),
		ON_TESTBED(late_wake_retries),
		ON_TESTBED(callbacks_use_interrupts_and_regions),
		ON_TESTBED(ops_of_any_size),
		ON_TESTBED(unmask_while_asleep_leaves_intx_alive),
		ON_TESTBED(masked_intx_stays_masked),
		ON_TESTBED(only_intx_with_an_unmask_eventfd_is_restored),
	};

	return cmocka_run_group_tests_name("quiesce", tests, NULL, NULL);
}
