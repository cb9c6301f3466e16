// SPDX-License-Identifier: MIT
/*
 * Failures of discovery: each call of libc and of the real libudev fails with each errno that it
 * can return. The errno reaches the caller, no fd leaks, and the same call succeeds afterwards.
 * The calls are linked with --wrap.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libudev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <vfiopm/discover.h>

#include "host.h"
#include "private-sysfs.h"
#include "test.h"

#define ADDRESS "0000:01:00.0"

/* ---- the calls ---- */

static struct {
	bool armed;
	const char *only; /* the name of the call that fails; NULL: any call */
	unsigned index;	  /* the index of the call that fails, from 0 */
	int error;
	const char *failed; /* the name of the call that failed, or NULL */
} fault;

static bool fails(const char *call)
{
	if (!fault.armed || (fault.only && strcmp(fault.only, call) != 0) || fault.index-- > 0)
		return false;
	fault.armed = false;
	fault.failed = call;
	errno = fault.error;
	return true;
}

static void arm(const char *only, unsigned index, int error)
{
	fault.only = only;
	fault.index = index;
	fault.error = error;
	fault.failed = NULL;
	fault.armed = true;
}

/* Make the next openat() fail. The result is the device, so that a test can call this function
 * within the arguments of expect_errno(). */
static struct vfiopm_discover_device *fail_next_open(int error,
						     struct vfiopm_discover_device *device)
{
	arm("openat", 0, error);
	return device;
}

#define WRAP(type, name, parameters, arguments, failure)                                           \
	type __real_##name parameters;                                                             \
	type __wrap_##name parameters;                                                             \
	type __wrap_##name parameters                                                              \
	{                                                                                          \
		if (fails(#name))                                                                  \
			return failure;                                                            \
		return __real_##name arguments;                                                    \
	}

typedef int (*filter)(const struct dirent *);
typedef int (*order)(const struct dirent **, const struct dirent **);

WRAP(void *, calloc, (size_t count, size_t size), (count, size), NULL)
WRAP(void *, realloc, (void *old, size_t size), (old, size), NULL)
WRAP(char *, strdup, (const char *text), (text), NULL)
WRAP(ssize_t, pread, (int fd, void *buffer, size_t size, off_t offset), (fd, buffer, size, offset),
     -1)
WRAP(ssize_t, readlink, (const char *path, char *buffer, size_t size), (path, buffer, size), -1)
WRAP(int, scandir, (const char *path, struct dirent ***entries, filter is_wanted, order compare),
     (path, entries, is_wanted, compare), -1)
WRAP(struct udev *, udev_new, (void), (), NULL)
WRAP(struct udev_enumerate *, udev_enumerate_new, (struct udev * udev), (udev), NULL)
WRAP(int, udev_enumerate_add_match_subsystem, (struct udev_enumerate * enumerate, const char *name),
     (enumerate, name), -errno)
WRAP(int, udev_enumerate_scan_devices, (struct udev_enumerate * enumerate), (enumerate), -errno)
WRAP(struct udev_hwdb *, udev_hwdb_new, (struct udev * udev), (udev), NULL)
WRAP(struct udev_device *, udev_device_new_from_subsystem_sysname,
     (struct udev * udev, const char *subsystem, const char *name), (udev, subsystem, name), NULL)
WRAP(struct udev_monitor *, udev_monitor_new_from_netlink, (struct udev * udev, const char *name),
     (udev, name), NULL)
WRAP(int, udev_monitor_filter_add_match_subsystem_devtype,
     (struct udev_monitor * monitor, const char *subsystem, const char *type),
     (monitor, subsystem, type), -errno)
WRAP(int, udev_monitor_set_receive_buffer_size, (struct udev_monitor * monitor, int size),
     (monitor, size), -errno)
WRAP(int, udev_monitor_enable_receiving, (struct udev_monitor * monitor), (monitor), -errno)
WRAP(struct udev_device *, udev_monitor_receive_device, (struct udev_monitor * monitor), (monitor),
     NULL)

int __real_openat(int directory_fd, const char *path, int flags, ...);
int __wrap_openat(int directory_fd, const char *path, int flags, ...);
int __wrap_openat(int directory_fd, const char *path, int flags, ...)
{
	/* O_CLOEXEC is required, because another thread can fork and exec at any time. */
	assert_int_equal(flags, O_RDONLY | O_CLOEXEC);
	return fails("openat") ? -1 : __real_openat(directory_fd, path, flags);
}

/* The names for large files. On 64-bit machines they are the same functions. */
extern __typeof(__wrap_openat) __wrap_openat64 __attribute__((alias("__wrap_openat")));
extern __typeof(__wrap_pread) __wrap_pread64 __attribute__((alias("__wrap_pread")));
extern __typeof(__wrap_scandir) __wrap_scandir64 __attribute__((alias("__wrap_scandir")));

/* The errnos that each call can return, without those that mean a missing file. */
static const struct {
	const char *call;
	int errors[7];
} calls[] = {
	{ "calloc", { ENOMEM } },
	{ "realloc", { ENOMEM } },
	{ "strdup", { ENOMEM } },
	{ "openat", { EACCES, EMFILE, ENFILE, ENOMEM } },
	{ "pread", { ENOMEM } },
	{ "readlink", { EACCES, ENOMEM } },
	{ "scandir", { EACCES, EMFILE, ENFILE, ENOMEM } },
	{ "udev_new", { ENOMEM } },
	{ "udev_enumerate_new", { ENOMEM } },
	{ "udev_enumerate_add_match_subsystem", { ENOMEM } },
	{ "udev_enumerate_scan_devices", { EACCES, EMFILE, ENFILE, ENOMEM } },
	{ "udev_hwdb_new", { EACCES, EINVAL, EMFILE, ENFILE, ENOENT, ENOMEM } },
	{ "udev_device_new_from_subsystem_sysname", { EACCES, EMFILE, ENFILE, ENOMEM } },
	{ "udev_monitor_new_from_netlink",
	  { EACCES, EAFNOSUPPORT, EMFILE, ENFILE, ENOMEM, EPERM } },
	{ "udev_monitor_filter_add_match_subsystem_devtype", { ENOMEM } },
	{ "udev_monitor_set_receive_buffer_size", { EPERM } },
	{ "udev_monitor_enable_receiving", { EACCES, ENOMEM, EPERM } },
};
#define CALLS (sizeof(calls) / sizeof(calls[0]))

/* The library can succeed without the hwdb, and with a smaller receive buffer. */
static bool may_succeed_without(const char *call)
{
	return strcmp(call, "udev_hwdb_new") == 0 ||
	       strcmp(call, "udev_monitor_set_receive_buffer_size") == 0;
}

/* ---- each call fails ---- */

static int run_device(void)
{
	struct vfiopm_discover_device *device = NULL;
	int r = vfiopm_discover_device_new(ADDRESS, &device);

	assert_true((r == 0) == (device != NULL));
	vfiopm_discover_device_free(device);
	return r;
}

static int run_list(void)
{
	struct vfiopm_discover_list *list = NULL;
	int r = vfiopm_discover_list_new(VFIOPM_DISCOVER_ALL, &list);

	assert_true((r == 0) == (list != NULL));
	vfiopm_discover_list_free(list);
	return r;
}

static int run_monitor(void)
{
	struct vfiopm_discover_monitor *monitor = NULL;
	int r = vfiopm_discover_monitor_new(VFIOPM_DISCOVER_SOURCE_AUTO, &monitor);

	assert_true((r == 0) == (monitor != NULL));
	vfiopm_discover_monitor_free(monitor);
	return r;
}

static bool reached[CALLS];

/* Make each occurrence of the call fail with one errno, until a run makes no further call. */
static void fail_everywhere(int (*run)(void), size_t call, int error)
{
	for (unsigned index = 0;; index++) {
		unsigned fds = host_open_fds();
		int r;

		arm(calls[call].call, index, error);
		r = run();
		fault.armed = false;
		assert_int_equal(host_open_fds(), fds);
		if (!fault.failed) {
			assert_int_equal(r, 0);
			return;
		}
		reached[call] = true;
		assert_int_equal(r, may_succeed_without(fault.failed) ? 0 : -error);
		expect_ok(run());
	}
}

static void add_devices(void)
{
	static const struct sysfs_device nic = {
		.address = ADDRESS,
		.driver = "vfio-pci",
		.group = "7",
		.vfio = "vfio0",
		.has_cdev = true,
	};

	sysfs_add(&nic);
	sysfs_add_vfio_group("7");
	for (unsigned i = 0; i < 20; i++) {
		char address[16];
		struct sysfs_device other = { .address = address, .group = "8" };

		snprintf(address, sizeof(address), "0000:02:%02x.0", i);
		sysfs_add(&other);
	}
}

static void each_failed_call_is_reported(void **state)
{
	static int (*const runs[])(void) = { run_device, run_list, run_monitor };

	(void)state;
	NEED_SYSFS();
	add_devices();
	for (size_t run = 0; run < sizeof(runs) / sizeof(runs[0]); run++) {
		for (size_t call = 0; call < CALLS; call++) {
			for (const int *error = calls[call].errors; *error; error++)
				fail_everywhere(runs[run], call, *error);
		}
	}
	/* Each call was reached. A call that is not linked with --wrap would not be. */
	for (size_t call = 0; call < CALLS; call++)
		assert_true(reached[call]);
}

/* ---- the errnos of the man page ---- */

static void device_errnos(void **state)
{
	struct vfiopm_discover_device *device = NULL;

	(void)state;
	NEED_SYSFS();
	add_devices();
	arm("openat", 0, EACCES);
	expect_errno(EACCES, vfiopm_discover_device_new(ADDRESS, &device));
	arm("openat", 0, EMFILE);
	expect_errno(EMFILE, vfiopm_discover_device_new(ADDRESS, &device));
	arm("openat", 0, ENFILE);
	expect_errno(ENFILE, vfiopm_discover_device_new(ADDRESS, &device));
	arm("calloc", 0, ENOMEM);
	expect_errno(ENOMEM, vfiopm_discover_device_new(ADDRESS, &device));
	/* The device disappears while the library reads it. */
	arm("pread", 0, ENODEV);
	expect_errno(ENXIO, vfiopm_discover_device_new(ADDRESS, &device));
	assert_null(device);
}

static void list_errnos(void **state)
{
	struct vfiopm_discover_list *list = NULL;

	(void)state;
	NEED_SYSFS();
	add_devices();
	arm("openat", 0, EACCES);
	expect_errno(EACCES, vfiopm_discover_list_new(VFIOPM_DISCOVER_ALL, &list));
	arm("openat", 0, EMFILE);
	expect_errno(EMFILE, vfiopm_discover_list_new(VFIOPM_DISCOVER_ALL, &list));
	arm("openat", 0, ENFILE);
	expect_errno(ENFILE, vfiopm_discover_list_new(VFIOPM_DISCOVER_ALL, &list));
	arm("realloc", 0, ENOMEM);
	expect_errno(ENOMEM, vfiopm_discover_list_new(VFIOPM_DISCOVER_ALL, &list));
	assert_null(list);
}

static void power_errnos(void **state)
{
	struct vfiopm_discover_device *device = NULL;
	uint32_t value = 99;
	uint64_t ms = 99;

	(void)state;
	NEED_SYSFS();
	add_devices();
	expect_ok(vfiopm_discover_device_new(ADDRESS, &device));
	expect_errno(EACCES, vfiopm_discover_device_get_power_state(fail_next_open(EACCES, device),
								    &value));
	expect_errno(EMFILE, vfiopm_discover_device_get_power_state(fail_next_open(EMFILE, device),
								    &value));
	expect_errno(ENFILE, vfiopm_discover_device_get_power_state(fail_next_open(ENFILE, device),
								    &value));
	expect_errno(ENOMEM, vfiopm_discover_device_get_power_state(fail_next_open(ENOMEM, device),
								    &value));
	expect_errno(EACCES, vfiopm_discover_device_get_runtime_status(
				     fail_next_open(EACCES, device), &value));
	expect_errno(EMFILE, vfiopm_discover_device_get_runtime_status(
				     fail_next_open(EMFILE, device), &value));
	expect_errno(ENFILE, vfiopm_discover_device_get_runtime_status(
				     fail_next_open(ENFILE, device), &value));
	expect_errno(ENOMEM, vfiopm_discover_device_get_runtime_status(
				     fail_next_open(ENOMEM, device), &value));
	expect_errno(EACCES, vfiopm_discover_device_get_suspended_time(
				     fail_next_open(EACCES, device), &ms));
	expect_errno(EMFILE, vfiopm_discover_device_get_suspended_time(
				     fail_next_open(EMFILE, device), &ms));
	expect_errno(ENFILE, vfiopm_discover_device_get_suspended_time(
				     fail_next_open(ENFILE, device), &ms));
	expect_errno(ENOMEM, vfiopm_discover_device_get_suspended_time(
				     fail_next_open(ENOMEM, device), &ms));
	expect_errno(EACCES,
		     vfiopm_discover_device_get_control(fail_next_open(EACCES, device), &value));
	expect_errno(EMFILE,
		     vfiopm_discover_device_get_control(fail_next_open(EMFILE, device), &value));
	expect_errno(ENFILE,
		     vfiopm_discover_device_get_control(fail_next_open(ENFILE, device), &value));
	expect_errno(ENOMEM,
		     vfiopm_discover_device_get_control(fail_next_open(ENOMEM, device), &value));
	expect_errno(EACCES, vfiopm_discover_device_get_d3cold_allowed(
				     fail_next_open(EACCES, device), &value));
	expect_errno(EMFILE, vfiopm_discover_device_get_d3cold_allowed(
				     fail_next_open(EMFILE, device), &value));
	expect_errno(ENFILE, vfiopm_discover_device_get_d3cold_allowed(
				     fail_next_open(ENFILE, device), &value));
	expect_errno(ENOMEM, vfiopm_discover_device_get_d3cold_allowed(
				     fail_next_open(ENOMEM, device), &value));
	assert_int_equal(value, 99);
	assert_int_equal(ms, 99);
	/* The device disappears between the open and the read. */
	arm("pread", 0, ENODEV);
	expect_errno(ENODEV, vfiopm_discover_device_get_power_state(device, &value));
	vfiopm_discover_device_free(device);
}

static void monitor_errnos(void **state)
{
	static const char call[] = "udev_monitor_new_from_netlink";
	struct vfiopm_discover_monitor *monitor = NULL;
	const uint32_t source = VFIOPM_DISCOVER_SOURCE_KERNEL;
	const char *address = NULL;
	uint32_t event = 99;

	(void)state;
	NEED_SYSFS();
	arm(call, 0, EACCES);
	expect_errno(EACCES, vfiopm_discover_monitor_new(source, &monitor));
	arm(call, 0, EAFNOSUPPORT);
	expect_errno(EAFNOSUPPORT, vfiopm_discover_monitor_new(source, &monitor));
	arm(call, 0, EMFILE);
	expect_errno(EMFILE, vfiopm_discover_monitor_new(source, &monitor));
	arm(call, 0, ENFILE);
	expect_errno(ENFILE, vfiopm_discover_monitor_new(source, &monitor));
	arm(call, 0, ENOMEM);
	expect_errno(ENOMEM, vfiopm_discover_monitor_new(source, &monitor));
	arm(call, 0, EPERM);
	expect_errno(EPERM, vfiopm_discover_monitor_new(source, &monitor));
	/* libudev fails without setting errno. */
	arm(call, 0, 0);
	expect_errno(ENOMEM, vfiopm_discover_monitor_new(source, &monitor));
	assert_null(monitor);

	expect_ok(vfiopm_discover_monitor_new(source, &monitor));
	arm("udev_monitor_receive_device", 0, ENOMEM);
	expect_errno(ENOMEM, vfiopm_discover_monitor_next(monitor, &event, &address));
	assert_int_equal(event, 99);
	/* libudev returns EAGAIN for a message that it ignores. The next message counts. */
	sysfs_uevent("add", "/devices/pci0000:00/" ADDRESS, "pci");
	arm("udev_monitor_receive_device", 0, EAGAIN);
	expect_ok(vfiopm_discover_monitor_next(monitor, &event, &address));
	assert_int_equal(event, VFIOPM_DISCOVER_ADDED);
	vfiopm_discover_monitor_free(monitor);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_SYSFS(each_failed_call_is_reported),
		IN_SYSFS(device_errnos),
		IN_SYSFS(list_errnos),
		IN_SYSFS(power_errnos),
		IN_SYSFS(monitor_errnos),
	};

	return cmocka_run_group_tests_name("udev-faults", tests, sysfs_group_setup, NULL);
}
