// SPDX-License-Identifier: MIT
/*
 * Failures of the device and power calls, on the simulator. Each system call fails with each errno
 * that the kernel can return there, and each allocation fails. After each failure the library's
 * state equals the kernel's, no fd leaks, and the same call succeeds.
 */
#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <vfiopm/vfiopm.h>

#include "calls.h"
#include "host.h"
#include "raw.h"
#include "sim.h"
#include "test.h"
#include "testbed.h"

struct fixture {
	struct sim_device *sim;
	struct vfiopm_device *dev;
	int fd;
	int wakeup;
};

static void add_device(struct fixture *fixture, const char *kernel)
{
	struct sim_machine machine = { .kernel = kernel };

	sim_stop_clock();
	*fixture = (struct fixture){ .sim = sim_add(&machine), .fd = -1, .wakeup = raw_eventfd() };
}

static void remove_device(struct fixture *fixture)
{
	vfiopm_device_free(fixture->dev);
	close(fixture->wakeup);
	if (fixture->fd >= 0)
		close(fixture->fd);
	sim_reset();
}

static void create_device(struct fixture *fixture)
{
	fixture->fd = sim_open_device(fixture->sim);
	assert_true(fixture->fd >= 0);
	expect_ok(vfiopm_device_new_from_fd(fixture->fd, &fixture->dev));
}

/* ---- each call fails with each errno ---- */

static void prepare_nothing(struct fixture *fixture)
{
	(void)fixture;
}

static void prepare_fd(struct fixture *fixture)
{
	fixture->fd = sim_open_device(fixture->sim);
}

static void prepare_addressed(struct fixture *fixture)
{
	create_device(fixture);
	expect_ok(vfiopm_device_set_address(fixture->dev, testbed_device()));
}

static void prepare_armed(struct fixture *fixture)
{
	prepare_addressed(fixture);
	expect_ok(vfiopm_enter_wakeup(fixture->dev, fixture->wakeup));
}

static void prepare_entered(struct fixture *fixture)
{
	prepare_addressed(fixture);
	expect_ok(vfiopm_enter(fixture->dev));
}

static int run_open(struct fixture *fixture)
{
	return vfiopm_device_open(testbed_device(), &fixture->dev);
}

static int run_new(struct fixture *fixture)
{
	return vfiopm_device_new_from_fd(fixture->fd, &fixture->dev);
}

static int run_set_address(struct fixture *fixture)
{
	return vfiopm_device_set_address(fixture->dev, testbed_device());
}

static int run_enter(struct fixture *fixture)
{
	return vfiopm_enter(fixture->dev);
}

static int run_enter_wakeup(struct fixture *fixture)
{
	return vfiopm_enter_wakeup(fixture->dev, fixture->wakeup);
}

static int run_exit(struct fixture *fixture)
{
	return vfiopm_exit(fixture->dev);
}

static int run_get_state(struct fixture *fixture)
{
	int state = vfiopm_get_state(fixture->dev);

	return state < 0 ? state : 0;
}

static void prepare_v2(struct fixture *fixture)
{
	prepare_addressed(fixture);
	expect_ok(vfiopm_device_try_v2(fixture->dev));
}

static void prepare_entered_v2(struct fixture *fixture)
{
	prepare_v2(fixture);
	expect_ok(vfiopm_enter(fixture->dev));
}

static int run_try_v2(struct fixture *fixture)
{
	return vfiopm_device_try_v2(fixture->dev);
}

static int run_readout(struct fixture *fixture)
{
	uint64_t ms;

	return vfiopm_readout_get_suspended_time(fixture->dev, &ms);
}

static const struct operation {
	const char *name;
	const char *kernel;
	void (*prepare)(struct fixture *fixture);
	int (*run)(struct fixture *fixture);
} operations[] = {
	{ "open by group", "6.12", prepare_nothing, run_open },
	{ "open by group, no vfio-dev", "5.10", prepare_nothing, run_open },
	{ "open by cdev", "6.12-iommufd", prepare_nothing, run_open },
	{ "new from fd", "6.12", prepare_fd, run_new },
	{ "new from fd, with fdinfo", "7", prepare_fd, run_new },
	{ "set address", "6.12", create_device, run_set_address },
	{ "enter", "6.12", prepare_addressed, run_enter },
	{ "enter with a wakeup armed", "6.12", prepare_armed, run_enter },
	{ "enter with wakeup", "6.12", create_device, run_enter_wakeup },
	{ "enter with wakeup, address known", "6.12", prepare_addressed, run_enter_wakeup },
	{ "arm again", "6.12", prepare_armed, run_enter_wakeup },
	{ "exit", "6.12", prepare_entered, run_exit },
	{ "exit with a wakeup armed", "6.12", prepare_armed, run_exit },
	{ "get state", "6.12", prepare_armed, run_get_state },
	{ "readout", "6.12", prepare_addressed, run_readout },
	{ "new from fd, v3", "v3", prepare_fd, run_new },
	{ "new from fd, v4", "v4", prepare_fd, run_new },
	{ "select v2", "v2", create_device, run_try_v2 },
	{ "enter, v2", "v2", prepare_v2, run_enter },
	{ "exit, v2", "v2", prepare_entered_v2, run_exit },
	{ "enter, v3", "v3", prepare_addressed, run_enter },
	{ "exit, v3", "v3", prepare_entered, run_exit },
	{ "enter, v4", "v4", prepare_addressed, run_enter },
	{ "enter with wakeup, v4", "v4", prepare_addressed, run_enter_wakeup },
	{ "enter with a wakeup armed, v4", "v4", prepare_armed, run_enter },
	{ "arm again, v4", "v4", prepare_armed, run_enter_wakeup },
	{ "exit, v4", "v4", prepare_entered, run_exit },
	{ "exit with a wakeup armed, v4", "v4", prepare_armed, run_exit },
};

/* The errnos that the kernel can return. The list leaves out ENOENT where it means that the kernel
 * lacks the file. */
static const struct fault {
	const char *call;
	int errors[12];
} faults[] = {
	{ "ioctl",
	  { EACCES, EAGAIN, EBADF, EBUSY, EFAULT, EINVAL, EIO, ENODEV, ENOMEM, ENOTTY, EPERM } },
	{ "open", { EACCES, EBUSY, EINTR, EMFILE, ENFILE, ENODEV, ENOMEM, ENXIO, EPERM } },
	{ "openat", { EACCES, EINTR, EMFILE, ENFILE, ENODEV, ENOMEM, EPERM } },
	{ "access", { EACCES, EIO, ENOMEM } },
	{ "scandir", { EACCES, EIO, EMFILE, ENFILE, ENOMEM } },
	{ "readlink", { EACCES, EIO, ENOMEM } },
	{ "read", { EINTR, EIO } },
	{ "pread", { EINTR, EIO, ENODEV, ENOMEM } },
	{ "pwrite", { EINTR, EIO, ENOMEM } },
	/* poll() of one fd with timeout 0 returns EINTR only if the fd is not ready. */
	{ "poll", { 0 } },
	/* A preadv2() of a readable eventfd can only fail with EAGAIN, if another thread has read
	 * it in between. */
	{ "preadv2", { 0 } },
	{ "fcntl", { EBADF, EMFILE, ENOMEM } },
	{ "malloc", { ENOMEM } },
	{ "calloc", { ENOMEM } },
};

static const struct fault *faults_of(const char *call)
{
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		if (strcmp(faults[i].call, call) == 0)
			return &faults[i];
	}
	fail_msg("no errnos are listed for %s()", call);
	return NULL;
}

/* True if the library's call can succeed although this call failed. */
static bool may_succeed_without(const struct operation *operation, const char *call, int error,
				unsigned index, unsigned last_ioctl)
{
	bool creates = operation->run == run_open || operation->run == run_new;

	/* These errnos of a probe mean that the kernel lacks the feature or the index. The first
	 * ioctl, GET_INFO, must succeed. */
	if (creates && strcmp(call, "ioctl") == 0 && (error == EINVAL || error == ENOTTY))
		return index > 0;
	/* fdinfo, which is read last, is optional: the caller can set the address. */
	if (operation->run == run_new)
		return index > last_ioctl;
	/* /proc is optional: without it, v4 accepts a wakeup fd unchecked. */
	if (strcmp(call, "readlink") == 0 && operation->run == run_enter_wakeup)
		return true;
	/* A probe that fails with EINVAL, as with ENOTTY, finds no feature. */
	if (operation->run == run_try_v2)
		return strcmp(call, "ioctl") == 0 && (error == EINVAL || error == ENOTTY);
	/* sysfs is optional here: the eventfd also shows a wake. */
	return !creates && strcmp(call, "pread") == 0 && operation->run != run_readout;
}

/* True if the library returns ENOTTY for this failure: the request for v2 is unknown, or it is not
 * known whether the device is a cdev. */
static bool means_no_v2(const struct operation *operation, const char *call, int error)
{
	return operation->run == run_try_v2 &&
	       (strcmp(call, "readlink") == 0 || (strcmp(call, "ioctl") == 0 && error == EINVAL));
}

/* In v3 and v4, EINVAL is the result of an exit without an entry, so this failure cannot be made. */
static bool is_no_failure(const struct operation *operation, const char *call, int error)
{
	bool exits = operation->run == run_exit || operation->prepare == prepare_armed;

	return exits && (operation->kernel[1] == '3' || operation->kernel[1] == '4') &&
	       strcmp(call, "ioctl") == 0 && error == EINVAL;
}

static bool state_matches_kernel(const struct fixture *fixture)
{
	int state = fixture->dev ? vfiopm_get_state(fixture->dev) : VFIOPM_STATE_ACTIVE;
	bool low = state == VFIOPM_STATE_LOW_POWER || state == VFIOPM_STATE_LOW_POWER_WAKEUP;

	return low == sim_is_engaged(fixture->sim);
}

static void fail_one(const struct operation *operation, unsigned index, const char *call, int error,
		     unsigned last_ioctl)
{
	struct fixture fixture;
	struct vfiopm_device *before;
	unsigned fds;
	int r;

	add_device(&fixture, operation->kernel);
	operation->prepare(&fixture);
	before = fixture.dev;
	fds = host_open_fds();

	sim_calls_fail(index, error);
	r = operation->run(&fixture);
	sim_calls_end();
	if (r != -error && !(r == -ENOTTY && means_no_v2(operation, call, error)) &&
	    !(r == 0 && may_succeed_without(operation, call, error, index, last_ioctl)))
		fail_msg("%s: %s() as call %u fails with %s, and the result is %d", operation->name,
			 call, index, strerror(error), r);

	if (r < 0) {
		assert_ptr_equal(fixture.dev, before);
		if (host_open_fds() != fds)
			fail_msg("%s: %s() as call %u fails with %s, and %u open fds became %u",
				 operation->name, call, index, strerror(error), fds,
				 host_open_fds());
		if (!state_matches_kernel(&fixture))
			fail_msg("%s: %s() as call %u fails with %s, and the state differs from "
				 "the kernel's",
				 operation->name, call, index, strerror(error));
		expect_ok(operation->run(&fixture));
	}
	if (!state_matches_kernel(&fixture))
		fail_msg("%s: after %s() as call %u with %s the state differs from the kernel's",
			 operation->name, call, index, strerror(error));
	remove_device(&fixture);
}

static void each_failed_call_is_reported(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
		const char *calls[SIM_CALLS_MAX];
		struct fixture fixture;
		unsigned count, last_ioctl = 0;

		add_device(&fixture, operations[i].kernel);
		operations[i].prepare(&fixture);
		sim_calls_begin();
		expect_ok(operations[i].run(&fixture));
		count = sim_calls_end();
		assert_in_range(count, 1, SIM_CALLS_MAX - 1);
		for (unsigned j = 0; j < count; j++) {
			calls[j] = sim_call_name(j);
			if (strcmp(calls[j], "ioctl") == 0)
				last_ioctl = j;
		}
		remove_device(&fixture);

		for (unsigned j = 0; j < count; j++) {
			for (const int *error = faults_of(calls[j])->errors; *error; error++) {
				if (!is_no_failure(&operations[i], calls[j], *error))
					fail_one(&operations[i], j, calls[j], *error, last_ioctl);
			}
		}
	}
}

/* ---- unsuitable machines and unusual results ---- */

static void open_on_unsuitable_machines(void **state)
{
	struct sim_machine no_group = { .no_group = true };
	struct sim_machine not_bound = { .not_bound = true };
	struct sim_machine peer_bound = { .not_bound = true, .peer_bound = true };
	struct sim_machine peer_on_host = { .peer_on_host = true };
	struct vfiopm_device *dev = NULL;
	unsigned fds = host_open_fds();

	(void)state;
	sim_add(&no_group);
	expect_errno(ENOENT, vfiopm_device_open(testbed_device(), &dev));
	sim_reset();
	sim_add(&not_bound);
	expect_errno(ENOENT, vfiopm_device_open(testbed_device(), &dev));
	sim_reset();
	sim_add(&peer_bound);
	expect_errno(ENODEV, vfiopm_device_open(testbed_device(), &dev));
	sim_reset();
	sim_add(&peer_on_host);
	expect_errno(EPERM, vfiopm_device_open(testbed_device(), &dev));
	sim_reset();
	assert_null(dev);
	assert_int_equal(host_open_fds(), fds);
}

static void failed_resume(void **state)
{
	struct vfiopm_device *second = NULL;
	struct fixture fixture;

	(void)state;
	add_device(&fixture, NULL);
	sim_fail_resume(fixture.sim, true);
	expect_errno(EIO, vfiopm_device_open(testbed_device(), &second));
	sim_fail_resume(fixture.sim, false);
	create_device(&fixture);

	expect_ok(vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
	sim_fail_resume(fixture.sim, true);
	expect_errno(EIO, vfiopm_enter(fixture.dev));
	expect_errno(EIO, vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
	expect_errno(EIO, vfiopm_exit(fixture.dev));
	expect_errno(EIO, vfiopm_device_new_from_fd(fixture.fd, &second));
	assert_null(second);
	assert_int_equal(vfiopm_get_state(fixture.dev), VFIOPM_STATE_LOW_POWER_WAKEUP);
	assert_true(sim_is_suspended(fixture.sim));
	sim_fail_resume(fixture.sim, false);
	expect_ok(vfiopm_exit(fixture.dev));
	assert_int_equal(raw_take(fixture.wakeup), 0);
	remove_device(&fixture);
}

/* The index of the nth call of this name when the device is opened by its group. */
static unsigned call_of_open(const char *name, unsigned nth)
{
	struct vfiopm_device *dev;
	unsigned count;

	sim_calls_begin();
	expect_ok(vfiopm_device_open(testbed_device(), &dev));
	count = sim_calls_end();
	vfiopm_device_free(dev);
	return calls_find(count, name, nth);
}

/* vfiopm_device_open() opens the group and the container, in this order. It issues ioctls on the
 * container, the group, the container, the group and the device. */
static void open_errnos(void **state)
{
	struct vfiopm_device *dev = NULL;
	unsigned group, container, set_iommu, get_device, info;

	(void)state;
	sim_add(NULL);
	group = call_of_open("open", 0);
	container = call_of_open("open", 1);
	set_iommu = call_of_open("ioctl", 2);
	get_device = call_of_open("ioctl", 3);
	info = call_of_open("ioctl", 4);

	sim_calls_fail(group, EACCES);
	expect_errno(EACCES, vfiopm_device_open(testbed_device(), &dev));
	sim_calls_fail(container, EMFILE);
	expect_errno(EMFILE, vfiopm_device_open(testbed_device(), &dev));
	sim_calls_fail(container, ENFILE);
	expect_errno(ENFILE, vfiopm_device_open(testbed_device(), &dev));
	sim_calls_fail(set_iommu, EINVAL);
	expect_errno(EINVAL, vfiopm_device_open(testbed_device(), &dev));
	sim_calls_fail(get_device, EAGAIN);
	expect_errno(EAGAIN, vfiopm_device_open(testbed_device(), &dev));
	sim_calls_fail(info, ENOMEM);
	expect_errno(ENOMEM, vfiopm_device_open(testbed_device(), &dev));
	/* VFIO_GET_API_VERSION and GET_INFO return 0 on every kernel. */
	sim_calls_answer(call_of_open("ioctl", 0), 1);
	expect_errno(EPROTO, vfiopm_device_open(testbed_device(), &dev));
	sim_calls_answer(info, 1);
	expect_errno(EPROTO, vfiopm_device_open(testbed_device(), &dev));
	sim_calls_end();
	assert_null(dev);
	sim_reset();
}

static void new_errnos(void **state)
{
	struct vfiopm_device *dev = NULL;
	struct fixture fixture;

	(void)state;
	add_device(&fixture, NULL);
	prepare_fd(&fixture);
	sim_calls_answer(0, 22);
	expect_errno(EPROTO, vfiopm_device_new_from_fd(fixture.fd, &dev));
	sim_calls_fail(1, ENOMEM);
	expect_errno(ENOMEM, vfiopm_device_new_from_fd(fixture.fd, &dev));
	sim_calls_end();
	assert_null(dev);
	remove_device(&fixture);
}

static void set_address_errnos(void **state)
{
	struct fixture fixture;

	(void)state;
	add_device(&fixture, NULL);
	create_device(&fixture);
	sim_calls_fail(0, EACCES);
	expect_errno(EACCES, vfiopm_device_set_address(fixture.dev, testbed_device()));
	sim_calls_fail(0, EMFILE);
	expect_errno(EMFILE, vfiopm_device_set_address(fixture.dev, testbed_device()));
	sim_calls_fail(0, ENFILE);
	expect_errno(ENFILE, vfiopm_device_set_address(fixture.dev, testbed_device()));
	sim_calls_fail(0, ENOMEM);
	expect_errno(ENOMEM, vfiopm_device_set_address(fixture.dev, testbed_device()));
	sim_calls_end();
	remove_device(&fixture);
}

/* The v2 and v3 patches returned +22 for misuse. */
static void positive_results_are_refused(void **state)
{
	struct fixture fixture;

	(void)state;
	add_device(&fixture, NULL);
	create_device(&fixture);
	sim_calls_answer(0, 22);
	expect_errno(EPROTO, vfiopm_enter(fixture.dev));
	sim_calls_answer(2, 22);
	expect_errno(EPROTO, vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
	sim_calls_answer(0, 22);
	expect_errno(EPROTO, vfiopm_exit(fixture.dev));
	sim_calls_end();
	assert_int_equal(vfiopm_get_state(fixture.dev), VFIOPM_STATE_ACTIVE);
	remove_device(&fixture);
}

static void entry_without_a_free_fd(void **state)
{
	struct fixture fixture;

	(void)state;
	add_device(&fixture, NULL);
	create_device(&fixture);
	sim_calls_fail(0, EMFILE);
	expect_errno(EMFILE, vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
	sim_calls_fail(0, ENOMEM);
	expect_errno(ENOMEM, vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
	assert_int_equal(sim_calls_named("ioctl"), 0);
	sim_calls_end();
	remove_device(&fixture);
}

/* An entry fails while a wakeup is armed, and the attempt to arm the old wakeup again fails too.
 * The device is then active, and the state is WOKEN. */
static void failed_restore_of_the_wakeup(void **state)
{
	int file = eventfd(0, EFD_NONBLOCK);
	struct fixture fixture;
	unsigned count, second = 0, ioctls = 0;

	(void)state;
	/* Find the index of the second ioctl, which arms the old wakeup again. */
	add_device(&fixture, NULL);
	prepare_armed(&fixture);
	sim_calls_begin();
	expect_errno(EINVAL, vfiopm_enter_wakeup(fixture.dev, fixture.fd));
	count = sim_calls_end();
	for (unsigned i = 0; i < count; i++) {
		if (strcmp(sim_call_name(i), "ioctl") == 0 && ++ioctls == 2)
			second = i;
	}
	assert_int_equal(ioctls, 2);
	assert_int_equal(raw_take(fixture.wakeup), 0);
	assert_int_equal(vfiopm_get_state(fixture.dev), VFIOPM_STATE_LOW_POWER_WAKEUP);

	sim_calls_fail(second, EIO);
	expect_errno(EINVAL, vfiopm_enter_wakeup(fixture.dev, fixture.fd));
	sim_calls_end();
	assert_false(sim_is_engaged(fixture.sim));
	assert_int_equal(vfiopm_get_state(fixture.dev), VFIOPM_STATE_WOKEN);
	assert_int_equal(raw_take(fixture.wakeup), 1);
	close(file);
	remove_device(&fixture);
}

/* ---- sysfs ---- */

static void open_with_attribute(struct fixture *fixture, const char *name, const char *text)
{
	add_device(fixture, NULL);
	sim_set_attribute(fixture->sim, name, text);
	prepare_addressed(fixture);
}

static void missing_attributes(void **state)
{
	struct fixture fixture;
	uint32_t value;
	uint64_t ms;

	(void)state;
	open_with_attribute(&fixture, "power_state", NULL);
	expect_errno(ENOENT, vfiopm_readout_get_power_state(fixture.dev, &value));
	expect_ok(vfiopm_readout_get_control(fixture.dev, &value));
	remove_device(&fixture);
	open_with_attribute(&fixture, "power/runtime_status", NULL);
	expect_errno(ENOENT, vfiopm_readout_get_runtime_status(fixture.dev, &value));
	remove_device(&fixture);
	open_with_attribute(&fixture, "power/runtime_suspended_time", NULL);
	expect_errno(ENOENT, vfiopm_readout_get_suspended_time(fixture.dev, &ms));
	remove_device(&fixture);
	open_with_attribute(&fixture, "power/control", NULL);
	expect_errno(ENOENT, vfiopm_readout_get_control(fixture.dev, &value));
	remove_device(&fixture);
	open_with_attribute(&fixture, "d3cold_allowed", NULL);
	expect_errno(ENOENT, vfiopm_readout_get_d3cold_allowed(fixture.dev, &value));
	remove_device(&fixture);
}

static void unknown_values(void **state)
{
	struct fixture fixture;
	uint32_t value;
	uint64_t ms;

	(void)state;
	open_with_attribute(&fixture, "power_state", "D4\n");
	expect_errno(EPROTO, vfiopm_readout_get_power_state(fixture.dev, &value));
	remove_device(&fixture);
	open_with_attribute(&fixture, "power/runtime_status", "asleep\n");
	expect_errno(EPROTO, vfiopm_readout_get_runtime_status(fixture.dev, &value));
	remove_device(&fixture);
	open_with_attribute(&fixture, "power/runtime_suspended_time", "-1\n");
	expect_errno(EPROTO, vfiopm_readout_get_suspended_time(fixture.dev, &ms));
	remove_device(&fixture);
	open_with_attribute(&fixture, "power/control", "off\n");
	expect_errno(EPROTO, vfiopm_readout_get_control(fixture.dev, &value));
	remove_device(&fixture);
	open_with_attribute(&fixture, "d3cold_allowed", "2\n");
	expect_errno(EPROTO, vfiopm_readout_get_d3cold_allowed(fixture.dev, &value));
	remove_device(&fixture);
	/* A text that is longer than any value. */
	open_with_attribute(
		&fixture, "power_state",
		"D3coldD3coldD3coldD3coldD3coldD3coldD3coldD3coldD3coldD3coldD3coldD3cold\n");
	expect_errno(EPROTO, vfiopm_readout_get_power_state(fixture.dev, &value));
	remove_device(&fixture);
}

static void removed_device(void **state)
{
	struct fixture fixture;
	uint32_t value;
	uint64_t ms;

	(void)state;
	add_device(&fixture, NULL);
	prepare_addressed(&fixture);
	sim_calls_fail(0, ENODEV);
	expect_errno(ENODEV, vfiopm_readout_get_power_state(fixture.dev, &value));
	sim_calls_fail(0, ENODEV);
	expect_errno(ENODEV, vfiopm_readout_get_runtime_status(fixture.dev, &value));
	sim_calls_fail(0, ENODEV);
	expect_errno(ENODEV, vfiopm_readout_get_suspended_time(fixture.dev, &ms));
	sim_calls_fail(0, ENODEV);
	expect_errno(ENODEV, vfiopm_readout_get_control(fixture.dev, &value));
	sim_calls_fail(0, ENODEV);
	expect_errno(ENODEV, vfiopm_readout_get_d3cold_allowed(fixture.dev, &value));
	sim_calls_end();
	remove_device(&fixture);
}

static void unknown_address(void **state)
{
	struct fixture fixture;
	uint32_t value;
	uint64_t ms;

	(void)state;
	add_device(&fixture, "6.12");
	create_device(&fixture);
	expect_errno(ENXIO, vfiopm_readout_get_power_state(fixture.dev, &value));
	expect_errno(ENXIO, vfiopm_readout_get_runtime_status(fixture.dev, &value));
	expect_errno(ENXIO, vfiopm_readout_get_suspended_time(fixture.dev, &ms));
	expect_errno(ENXIO, vfiopm_readout_get_control(fixture.dev, &value));
	expect_errno(ENXIO, vfiopm_readout_get_d3cold_allowed(fixture.dev, &value));
	remove_device(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_failed_call_is_reported),
		cmocka_unit_test(open_on_unsuitable_machines),
		cmocka_unit_test(failed_resume),
		cmocka_unit_test(open_errnos),
		cmocka_unit_test(new_errnos),
		cmocka_unit_test(set_address_errnos),
		cmocka_unit_test(positive_results_are_refused),
		cmocka_unit_test(entry_without_a_free_fd),
		cmocka_unit_test(failed_restore_of_the_wakeup),
		cmocka_unit_test(missing_attributes),
		cmocka_unit_test(unknown_values),
		cmocka_unit_test(removed_device),
		cmocka_unit_test(unknown_address),
	};

	return cmocka_run_group_tests_name("faults", tests, NULL, NULL);
}
