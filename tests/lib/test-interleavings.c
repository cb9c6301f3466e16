// SPDX-License-Identifier: MIT
/*
 * Calls that another thread makes in the middle of a call that takes no lock, in each run at the
 * same place; and an order of calls that the kernel does not show. The system calls of the library
 * (lib/sys.c) are linked with --wrap, and a hook in one of them makes the other thread's calls.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <vfiopm/vfiopm.h>

#include "lib/sys.h"
#include "raw.h"
#include "sim-fixture.h"
#include "sim.h"
#include "test.h"

/* ---- hooks ---- */

static struct {
	void (*before_query)(void);
	void (*after_query)(void);
	void (*after_ioctl)(void);
	void (*after_readable)(void);
	void (*after_take)(void);
	bool shows_empty; /* the eventfd, in the call that after_readable follows */
} hooks;

/* Run a hook once. */
static bool run(void (**hook)(void))
{
	void (*function)(void) = *hook;

	*hook = NULL;
	if (function)
		function();
	return function;
}

bool __real_vfiopm__sys_eventfd_readable(int fd);
bool __wrap_vfiopm__sys_eventfd_readable(int fd);
int __real_vfiopm__sys_eventfd_take(int fd, uint64_t *ret_count);
int __wrap_vfiopm__sys_eventfd_take(int fd, uint64_t *ret_count);
int __real_vfiopm__sys_ioctl(int fd, unsigned long request, void *arg);
int __wrap_vfiopm__sys_ioctl(int fd, unsigned long request, void *arg);
int __real_vfiopm__sys_same_by_query(int fd, int other);
int __wrap_vfiopm__sys_same_by_query(int fd, int other);

bool __wrap_vfiopm__sys_eventfd_readable(int fd)
{
	bool readable = __real_vfiopm__sys_eventfd_readable(fd);

	return run(&hooks.after_readable) && hooks.shows_empty ? false : readable;
}

int __wrap_vfiopm__sys_eventfd_take(int fd, uint64_t *ret_count)
{
	int r = __real_vfiopm__sys_eventfd_take(fd, ret_count);

	/* The last of the reads that empty the eventfd. */
	if (r < 0)
		run(&hooks.after_take);
	return r;
}

int __wrap_vfiopm__sys_ioctl(int fd, unsigned long request, void *arg)
{
	int r = __real_vfiopm__sys_ioctl(fd, request, arg);

	run(&hooks.after_ioctl);
	return r;
}

int __wrap_vfiopm__sys_same_by_query(int fd, int other)
{
	int r;

	run(&hooks.before_query);
	r = __real_vfiopm__sys_same_by_query(fd, other);
	run(&hooks.after_query);
	return r;
}

/* ---- the order in which fds are closed ---- */

static struct {
	int fds[64];
	unsigned count;
} closed;

void __real_vfiopm__sys_close(int fd);
void __wrap_vfiopm__sys_close(int fd);

void __wrap_vfiopm__sys_close(int fd)
{
	if (fd >= 0 && closed.count < 64)
		closed.fds[closed.count++] = fd;
	__real_vfiopm__sys_close(fd);
}

/* The last close of a device restores it, which needs its IOMMU. */
static void a_device_is_closed_before_its_iommu(void **state)
{
	static const char *const kernels[] = { "6.12", "6.12-iommufd" };

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		const struct sim_machine machine = { .kernel = kernels[i] };
		struct vfiopm_device *dev;
		unsigned last;
		int fd;

		sim_add(&machine);
		expect_ok(vfiopm_device_open("0000:01:00.0", &dev));
		fd = vfiopm_device_get_fd(dev);
		closed.count = 0;
		vfiopm_device_free(dev);
		last = closed.count - 1;
		assert_true(closed.count >= 3);
		if (i == 0) {
			/* The group was opened before the container. */
			assert_int_equal(closed.fds[last - 2], fd);
			assert_true(closed.fds[last - 1] < closed.fds[last]);
		} else {
			assert_int_equal(closed.fds[last - 1], fd);
		}
		sim_reset();
	}
}

/* ---- the state ---- */

static struct {
	struct sim_device *sim;
	struct vfiopm_device *dev;
	int fd, wakeup, other;
	int state;
} power;

static void power_open(void)
{
	power.sim = sim_add(NULL);
	power.fd = sim_open_device(power.sim);
	power.wakeup = raw_eventfd();
	power.other = raw_eventfd();
	expect_ok(vfiopm_device_new_from_fd(power.fd, &power.dev));
	hooks.shows_empty = false;
}

static void power_close(void)
{
	vfiopm_device_free(power.dev);
	close(power.fd);
	close(power.wakeup);
	close(power.other);
	sim_reset();
}

static void note_state(void)
{
	power.state = vfiopm_get_state(power.dev);
}

/* The exit makes the kernel signal the eventfd. A reader must not report a wake before the exit
 * has taken that count back. */
static void a_reader_does_not_look_during_an_exit(void **state)
{
	(void)state;
	power_open();
	expect_ok(vfiopm_enter_wakeup(power.dev, power.wakeup));
	hooks.after_ioctl = note_state;
	expect_ok(vfiopm_exit(power.dev));
	assert_int_equal(power.state, VFIOPM_STATE_LOW_POWER_WAKEUP);
	assert_int_equal(vfiopm_get_state(power.dev), VFIOPM_STATE_ACTIVE);
	power_close();
}

/* The host resumes the device after all. */
static void wake_by_host(void)
{
	sim_fail_resume(power.sim, false);
	raw_add(power.wakeup, 1);
}

/* An entry that cannot resume the device signals nothing, so a count that arrives meanwhile is a
 * wake by the host. */
static void a_wake_during_a_failed_entry_is_kept(void **state)
{
	(void)state;
	power_open();
	expect_ok(vfiopm_enter_wakeup(power.dev, power.wakeup));
	sim_fail_resume(power.sim, true);
	hooks.after_ioctl = wake_by_host;
	expect_errno(EIO, vfiopm_enter_wakeup(power.dev, power.wakeup));
	assert_int_equal(vfiopm_take_wake(power.dev), 1);
	power_close();
}

static void wake_the_device(void)
{
	sim_hold_awake(power.sim, true);
	sim_hold_awake(power.sim, false);
}

/* The host wakes the device while another thread looks for a wake. The wake may be taken by this
 * call or by the next one. Two wakes wait in the second round. */
static void a_wake_while_one_is_taken_is_kept(void **state)
{
	(void)state;
	power_open();
	for (int waiting = 0; waiting < 2; waiting++) {
		int taken;

		expect_ok(vfiopm_enter_wakeup(power.dev, power.wakeup));
		if (waiting) {
			wake_the_device();
			expect_ok(vfiopm_enter_wakeup(power.dev, power.wakeup));
		}
		hooks.after_take = wake_the_device;
		taken = vfiopm_take_wake(power.dev);
		assert_null(hooks.after_take);
		taken += vfiopm_take_wake(power.dev);
		assert_int_equal(taken, 1 + waiting);
		assert_int_equal(vfiopm_take_wake(power.dev), 0);
	}
	power_close();
}

/* sysfs shows the wake, but the eventfd was looked at before. The suspend lasts long enough for the
 * milliseconds of sysfs. */
static void a_wake_between_the_eventfd_and_sysfs_is_kept(void **state)
{
	(void)state;
	power_open();
	expect_ok(vfiopm_device_set_address(power.dev, "0000:01:00.0"));
	for (int exits = 0; exits < 2; exits++) {
		int taken = 0;

		expect_ok(vfiopm_enter_wakeup(power.dev, power.wakeup));
		usleep(5000);
		hooks.after_take = wake_the_device;
		if (exits)
			expect_ok(vfiopm_exit(power.dev));
		else
			taken = vfiopm_take_wake(power.dev);
		assert_null(hooks.after_take);
		taken += vfiopm_take_wake(power.dev);
		assert_int_equal(taken, 1);
		assert_int_equal(vfiopm_take_wake(power.dev), 0);
		expect_ok(vfiopm_exit(power.dev));
	}
	power_close();
}

static void arm_other(void)
{
	expect_ok(vfiopm_exit(power.dev));
	expect_ok(vfiopm_enter_wakeup(power.dev, power.other));
}

/* The reader sees the wake of an arming that another thread ends. */
static void a_reader_discards_the_wake_of_an_earlier_arming(void **state)
{
	(void)state;
	power_open();
	expect_ok(vfiopm_enter_wakeup(power.dev, power.wakeup));
	sim_hold_awake(power.sim, true);
	sim_hold_awake(power.sim, false);
	hooks.after_readable = arm_other;
	assert_int_equal(vfiopm_get_state(power.dev), VFIOPM_STATE_LOW_POWER_WAKEUP);
	assert_int_equal(vfiopm_get_state(power.dev), VFIOPM_STATE_LOW_POWER_WAKEUP);
	power_close();
}

static void fail_to_exit(void)
{
	sim_ioctls_fail_after(0, EIO);
	expect_errno(EIO, vfiopm_exit(power.dev));
	sim_calls_end();
}

/* A writer takes the counts of the eventfd and puts them back. A reader that sees the eventfd
 * empty in between must not conclude that the old count is gone. */
static void a_reader_discards_what_a_failed_exit_hides(void **state)
{
	(void)state;
	power_open();
	raw_add(power.wakeup, 1);
	expect_ok(vfiopm_enter_wakeup(power.dev, power.wakeup));
	hooks.after_readable = fail_to_exit;
	hooks.shows_empty = true;
	assert_int_equal(vfiopm_get_state(power.dev), VFIOPM_STATE_LOW_POWER_WAKEUP);
	assert_int_equal(vfiopm_get_state(power.dev), VFIOPM_STATE_LOW_POWER_WAKEUP);
	assert_int_equal(vfiopm_take_wake(power.dev), 0);
	power_close();
}

/* ---- the comparison of eventfds ---- */

static struct {
	struct sim_fixture fixture;
	int kept; /* the fd of the library's duplicate that is compared */
	int wanted;
} irq;

static void set(int fd)
{
	expect_ok(vfiopm_irq_set_signaling(irq.fixture.dev, VFIOPM_IRQ_MSIX, 0, fd));
}

static void irq_open(void)
{
	sim_fixture_open(&irq.fixture, "6.12", VECTORS);
	irq.wanted = raw_eventfd();
	irq.kept = dup(irq.wanted);
	close(irq.kept);
	/* The library's duplicate gets the lowest number that is free. */
	set(irq.fixture.events[0]);
	assert_true(sim_fixture_same(irq.kept, irq.fixture.events[0]));
}

static void irq_close(void)
{
	assert_true(sim_fixture_same(sim_fixture_eventfd(&irq.fixture, 0), irq.wanted));
	close(irq.wanted);
	sim_fixture_close(&irq.fixture);
}

/* The library closes its duplicate, and the number returns as another file: the one that the
 * first thread compares with. */
static void replace_and_reuse(void)
{
	set(irq.fixture.events[1]);
	assert_int_equal(dup(irq.wanted), irq.kept);
}

/* And the library gets the number again for what it had. */
static void reuse_again(void)
{
	close(irq.kept);
	set(irq.fixture.events[0]);
	assert_true(sim_fixture_same(irq.kept, irq.fixture.events[0]));
}

static void replace_and_reuse_twice(void)
{
	replace_and_reuse();
	hooks.after_query = reuse_again;
}

static void need_query(void)
{
	int r = vfiopm__sys_same_by_query(irq.wanted, irq.wanted);

	if (r < 0) {
		close(irq.wanted);
		sim_fixture_close(&irq.fixture);
		skip_because("this kernel has no F_DUPFD_QUERY");
	}
}

static void a_reused_number_is_not_taken_for_the_eventfd(void **state)
{
	(void)state;
	irq_open();
	need_query();
	hooks.before_query = replace_and_reuse;
	set(irq.wanted);
	assert_null(hooks.before_query);
	close(irq.kept);
	irq_close();
}

static void a_number_that_is_reused_twice_is_detected(void **state)
{
	(void)state;
	irq_open();
	need_query();
	hooks.before_query = replace_and_reuse_twice;
	set(irq.wanted);
	assert_null(hooks.after_query);
	irq_close();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_device_is_closed_before_its_iommu),
		cmocka_unit_test(a_reader_does_not_look_during_an_exit),
		cmocka_unit_test(a_wake_during_a_failed_entry_is_kept),
		cmocka_unit_test(a_wake_while_one_is_taken_is_kept),
		cmocka_unit_test(a_wake_between_the_eventfd_and_sysfs_is_kept),
		cmocka_unit_test(a_reader_discards_the_wake_of_an_earlier_arming),
		cmocka_unit_test(a_reader_discards_what_a_failed_exit_hides),
		cmocka_unit_test(a_reused_number_is_not_taken_for_the_eventfd),
		cmocka_unit_test(a_number_that_is_reused_twice_is_detected),
	};

	return cmocka_run_group_tests_name("interleavings", tests, NULL, NULL);
}
