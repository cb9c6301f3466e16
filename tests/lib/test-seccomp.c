// SPDX-License-Identifier: MIT
/*
 * The library in a sandboxed VMM: after the setup it makes only the system calls that
 * vfiopm-sandbox(7) lists. A seccomp filter ends the process at any other call. The test needs a
 * real kernel, because the simulator makes further calls.
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include <vfiopm/vfiopm.h>

#include "host.h"
#include "raw.h"
#include "test.h"
#include "testbed.h"

static const int allowed[] = {
	SYS_ioctl,
	SYS_fcntl,
	SYS_kcmp,
	SYS_getpid,
	SYS_readlink,
	SYS_poll,
	SYS_preadv2,
	SYS_pread64,
	SYS_pwrite64,
	SYS_write,
	SYS_close,
	SYS_futex,
	SYS_epoll_wait,
	SYS_epoll_ctl,
	SYS_timerfd_settime,
	SYS_clock_gettime,
	/* This program needs these two itself. */
	SYS_clock_nanosleep,
	SYS_exit_group,
};

#define ALLOWED (sizeof(allowed) / sizeof(allowed[0]))

static int install_filter(void)
{
	struct sock_filter filter[ALLOWED + 3];
	struct sock_fprog program = { .len = ALLOWED + 3, .filter = filter };

	filter[0] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						 offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < ALLOWED; i++)
		filter[i + 1] = (struct sock_filter)BPF_JUMP(
			BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)allowed[i], (uint8_t)(ALLOWED - i), 0);
	filter[ALLOWED + 1] =
		(struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	filter[ALLOWED + 2] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0 ? -errno : 0;
}

static void wait_suspended(const struct vfiopm_device *dev)
{
	uint32_t status;

	for (int i = 0; i < 500; i++) {
		if (vfiopm_readout_get_runtime_status(dev, &status) == 0 &&
		    status == VFIOPM_RUNTIME_SUSPENDED)
			return;
		usleep(10000);
	}
	_exit(90);
}

static void expect(int line, bool holds)
{
	if (!holds)
		_exit(line % 80 + 1);
}

#define EXPECT(condition) expect(__LINE__, condition)

static void use_power(struct vfiopm_device *dev, const int *events)
{
	uint32_t value;
	uint64_t ms;

	EXPECT(vfiopm_enter(dev) == 0);
	wait_suspended(dev);
	EXPECT(vfiopm_exit(dev) == 0);
	EXPECT(vfiopm_enter_wakeup(dev, events[0]) == 0);
	wait_suspended(dev);
	/* A second entry. The library removes the signal that it causes. */
	EXPECT(vfiopm_enter_wakeup(dev, events[0]) == 0);
	wait_suspended(dev);
	EXPECT(vfiopm_enter_wakeup(dev, vfiopm_device_get_fd(dev)) == -EINVAL);
	EXPECT(vfiopm_get_state(dev) == VFIOPM_STATE_LOW_POWER_WAKEUP);
	EXPECT(vfiopm_readout_get_power_state(dev, &value) == 0);
	EXPECT(vfiopm_readout_get_suspended_time(dev, &ms) == 0);
	EXPECT(vfiopm_readout_get_control(dev, &value) == 0);
	EXPECT(vfiopm_readout_get_d3cold_allowed(dev, &value) == 0);
	EXPECT(vfiopm_exit(dev) == 0);
}

static void use_interrupts(struct vfiopm_device *dev, const int *events, int own)
{
	int bad[2] = { events[0], vfiopm_device_get_fd(dev) };

	EXPECT(vfiopm_irq_reserve(dev, VFIOPM_IRQ_MSIX, 2) == 0);
	for (int i = 0; i < 4; i++) {
		EXPECT(vfiopm_irq_set_signaling(dev, VFIOPM_IRQ_MSIX, 0, events[i / 2]) == 0);
		EXPECT(vfiopm_irq_set_signaling(dev, VFIOPM_IRQ_MSIX, 1, own) == 0);
	}
	EXPECT(vfiopm_irq_set_signaling_range(dev, VFIOPM_IRQ_MSIX, 0, 2, bad) == -EINVAL);
	/* With NORESIZE this call grows the index, and the library signals the live vectors. */
	EXPECT(vfiopm_irq_set_signaling(dev, VFIOPM_IRQ_MSIX, 4, events[2]) == 0);
	EXPECT(vfiopm_irq_trigger(dev, VFIOPM_IRQ_MSIX, 4) == 0);
	EXPECT(vfiopm_irq_begin(dev) == 0);
	EXPECT(vfiopm_irq_disable(dev, VFIOPM_IRQ_MSIX) == 0);
	EXPECT(vfiopm_irq_set_signaling(dev, VFIOPM_IRQ_INTX, 0, events[0]) == 0);
	EXPECT(vfiopm_irq_commit(dev) == 0);
	EXPECT(vfiopm_irq_mask(dev, VFIOPM_IRQ_INTX, 0) == 0);
	EXPECT(vfiopm_irq_set_unmask_eventfd(dev, VFIOPM_IRQ_INTX, 0, events[1]) == 0);
	EXPECT(vfiopm_irq_set_unmask_eventfd(dev, VFIOPM_IRQ_INTX, 0, events[2]) == 0);
	EXPECT(vfiopm_irq_unmask(dev, VFIOPM_IRQ_INTX, 0) == 0);
	EXPECT(vfiopm_irq_disable(dev, VFIOPM_IRQ_INTX) == 0);
}

static void count_woken(void *data, uint64_t generation, uint32_t cause)
{
	(void)generation;
	(void)cause;
	++*(unsigned *)data;
}

static void ignore_awake(void *data, uint64_t ms)
{
	(void)data;
	(void)ms;
}

static void ignore_event(void *data)
{
	(void)data;
}

static void use_events(struct vfiopm_events *events, struct vfiopm_device *dev,
		       const unsigned *woken)
{
	EXPECT(vfiopm_events_set_reentry(events, VFIOPM_REENTRY_AFTER_WAKE, 10, 10) == 0);
	EXPECT(vfiopm_events_enter(events) == 0);
	wait_suspended(dev);
	/* An ioctl beside the library wakes the device, as the host does. */
	EXPECT(raw_info(vfiopm_device_get_fd(dev)) == 0);
	EXPECT(vfiopm_events_dispatch(events) == 1);
	EXPECT(*woken == 1);
	usleep(20000);
	EXPECT(vfiopm_events_dispatch(events) == 1);
	EXPECT(vfiopm_get_state(dev) == VFIOPM_STATE_LOW_POWER_WAKEUP);
	/* The check whether the device was suspended. */
	usleep(2000000);
	EXPECT(vfiopm_events_dispatch(events) == 0);
	EXPECT(vfiopm_exit(dev) == 0);
	EXPECT(vfiopm_irq_trigger(dev, VFIOPM_IRQ_ERR, 0) == 0);
	EXPECT(vfiopm_events_dispatch(events) == 1);
	vfiopm_events_free(events);
}

static int count_delivered(void *data, uint32_t vector)
{
	(void)vector;
	++*(unsigned *)data;
	return 0;
}

/* A VMM without irqfds. With irqfds the library's callbacks issue ioctls on the VM only. */
static void use_masks(struct vfiopm_msix *msix, struct vfiopm_device *dev,
		      const unsigned *delivered)
{
	uint8_t pba[8];

	EXPECT(vfiopm_msix_unmask(msix, 0) == 0);
	EXPECT(vfiopm_irq_trigger(dev, VFIOPM_IRQ_MSIX, 0) == 0);
	EXPECT(vfiopm_msix_dispatch(msix) == 1);
	EXPECT(*delivered == 1);
	EXPECT(vfiopm_msix_set_function_mask(msix, 1) == 0);
	EXPECT(vfiopm_irq_trigger(dev, VFIOPM_IRQ_MSIX, 0) == 0);
	EXPECT(vfiopm_msix_is_pending(msix, 0) == 1);
	EXPECT(vfiopm_msix_read_pba(msix, 0, 8, pba) == 0 && pba[0] == 1);
	EXPECT(vfiopm_msix_dispatch(msix) == 1);
	EXPECT(vfiopm_msix_set_function_mask(msix, 0) == 0);
	EXPECT(*delivered == 2);
	EXPECT(vfiopm_msix_disable(msix) == 0);
}

static void use_regions(struct vfiopm_device *dev, struct vfiopm_region *bar,
			struct vfiopm_region *config, const int *events)
{
	uint32_t value;

	EXPECT(vfiopm_region_read(config, 0, 4, 0, &value) == 0);
	EXPECT(vfiopm_region_write(config, 4, 1, 0, "\6") == 0);
	EXPECT(vfiopm_region_read(bar, 8, 4, 0, &value) == 0);
	EXPECT(vfiopm_region_write(bar, 0x2800, 4, 0, &value) == 0);
	EXPECT(vfiopm_enter_wakeup(dev, events[0]) == 0);
	wait_suspended(dev);
	EXPECT(vfiopm_region_read(bar, 8, 4, 0, &value) == -EAGAIN);
	EXPECT(vfiopm_region_read(bar, 8, 4, VFIOPM_REGION_WAKE, &value) == 0);
	EXPECT(vfiopm_exit(dev) == 0);
	EXPECT(vfiopm_region_read(bar, 8, 4, 0, &value) == 0);
}

static void library_runs_in_the_sandbox(void **state)
{
	const struct vfiopm_msix_ops ops = { .deliver = count_delivered };
	const struct vfiopm_quiesce_ops no_callbacks = { 0 };
	const struct vfiopm_events_ops events_ops = { count_woken, ignore_event, ignore_event,
						      ignore_awake };
	unsigned delivered = 0, woken = 0;
	struct vfiopm_events *loop;
	struct vfiopm_msix *msix;
	int events[3] = { raw_eventfd(), raw_eventfd(), raw_eventfd() }, own, status;
	struct vfiopm_region *bar, *config;
	struct vfiopm_quiesce *hook;
	struct vfiopm_device *dev;
	pid_t child;

	(void)state;
	testbed_need_low_power();
	expect_ok(vfiopm_device_open(testbed_device(), &dev));
	expect_ok(vfiopm_irq_new_eventfd(dev, &own));
	expect_ok(vfiopm_msix_new(dev, &ops, sizeof(ops), &delivered, &msix));
	expect_ok(vfiopm_msix_use(msix, 0, 1));
	expect_ok(vfiopm_region_new(dev, VFIOPM_REGION_BAR0, &bar));
	expect_ok(vfiopm_region_map(bar));
	expect_ok(vfiopm_region_new(dev, VFIOPM_REGION_CONFIG, &config));
	expect_ok(vfiopm_quiesce_new(dev, &no_callbacks, sizeof(no_callbacks), NULL, &hook));
	expect_ok(vfiopm_events_new(dev, &events_ops, sizeof(events_ops), &woken, &loop));
	expect_ok(vfiopm_events_add_msix(loop, msix));
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		EXPECT(install_filter() == 0);
		use_masks(msix, dev, &delivered);
		use_events(loop, dev, &woken);
		use_power(dev, events);
		use_interrupts(dev, events, own);
		use_regions(dev, bar, config, events);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	if (WIFSIGNALED(status))
		fail_msg("the library made a system call that is not on the list (signal %d)",
			 WTERMSIG(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	vfiopm_events_free(loop);
	vfiopm_quiesce_free(hook);
	vfiopm_region_free(config);
	vfiopm_region_free(bar);
	vfiopm_msix_free(msix);
	vfiopm_device_free(dev);
	for (int i = 0; i < 3; i++)
		close(events[i]);
}

/* ---- a guest's function ---- */

static int take_route(void *data, uint32_t index, uint32_t vector, uint64_t address,
		      uint32_t message)
{
	(void)data, (void)index, (void)vector, (void)address, (void)message;
	return 24;
}

static int take_irqfd(void *data, uint32_t gsi, int fd, int resample_fd, int on)
{
	(void)data, (void)gsi, (void)fd, (void)resample_fd, (void)on;
	return 0;
}

static void count_wake(void *data)
{
	++*(unsigned *)data;
}

static void use_guest(struct vfiopm_guest *guest, struct vfiopm_device *dev)
{
	uint32_t value, pm = 0;

	EXPECT(vfiopm_guest_power_off(guest) == 0);
	wait_suspended(dev);
	EXPECT(vfiopm_guest_config_read(guest, 0x34, 1, &value) == 1);
	while (value != 0 && pm == 0) {
		uint32_t id;

		EXPECT(vfiopm_guest_config_read(guest, value, 1, &id) == 1);
		if (id == 0x01)
			pm = value;
		EXPECT(vfiopm_guest_config_read(guest, value + 1, 1, &value) == 1);
	}
	EXPECT(vfiopm_guest_dispatch(guest) == 0);
	EXPECT(vfiopm_guest_power_on(guest) == 0);
	/* D3hot with PME, then without. */
	EXPECT(vfiopm_guest_config_write(guest, pm + 4, 2, 0x0103) == 1);
	wait_suspended(dev);
	EXPECT(vfiopm_guest_config_write(guest, pm + 4, 2, 0) == 1);
	EXPECT(vfiopm_guest_config_write(guest, pm + 4, 2, 3) == 1);
	EXPECT(vfiopm_guest_config_write(guest, pm + 4, 2, 0) == 1);
	EXPECT(vfiopm_guest_begin_power(guest, 0) == 0);
	EXPECT(vfiopm_guest_dispatch(guest) == 1);
	wait_suspended(dev);
	EXPECT(vfiopm_guest_reset(guest) == 0);
	EXPECT(vfiopm_guest_is_powered(guest) == 1);
}

static void guest_runs_in_the_sandbox(void **state)
{
	const struct vfiopm_guest_ops ops = { .route = take_route,
					      .irqfd = take_irqfd,
					      .wake = count_wake };
	struct vfiopm_device *dev;
	struct vfiopm_guest *guest;
	unsigned wakes = 0;
	pid_t child;
	int status;

	(void)state;
	testbed_need_low_power();
	expect_ok(vfiopm_device_open(testbed_device(), &dev));
	expect_ok(vfiopm_guest_new(dev, &ops, sizeof(ops), &wakes, &guest));
	/* INTx is enabled before the filter. */
	expect_ok(vfiopm_guest_reset(guest));
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		EXPECT(install_filter() == 0);
		use_guest(guest, dev);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	if (WIFSIGNALED(status))
		fail_msg("the library made a system call that is not on the list (signal %d)",
			 WTERMSIG(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	vfiopm_guest_free(guest);
	vfiopm_device_free(dev);
}

/* The filter works: a call that is not on the list ends the process. */
static void filter_ends_the_process(void **state)
{
	pid_t child = fork();
	int status;

	(void)state;
	assert_true(child >= 0);
	if (child == 0) {
		if (install_filter() == 0)
			getppid();
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_TESTBED(filter_ends_the_process),
		ON_TESTBED(library_runs_in_the_sandbox),
		ON_TESTBED(guest_runs_in_the_sandbox),
	};

	return cmocka_run_group_tests_name("seccomp", tests, NULL, NULL);
}
