// SPDX-License-Identifier: MIT
/*
 * Tests of the monitor with the real libudev and the real udevd on a private sysfs. The uevents of
 * a real kernel are in test-udev-kernel.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <vfiopm/discover.h>

#include "host.h"
#include "private-sysfs.h"
#include "test.h"

#define ADDRESS "0000:01:00.0"
#define DEVPATH "/devices/pci0000:00/0000:00:01.0/0000:01:00.0"

/* A call that fails must leave this value in its output. */
static struct vfiopm_discover_monitor *const untouched = (void *)(uintptr_t)1;

static const struct sysfs_device nic = {
	.address = ADDRESS,
	.above = "0000:00:01.0",
	.driver = "vfio-pci",
	.group = "7",
	.vfio = "vfio0",
};

static struct vfiopm_discover_monitor *create_monitor(uint32_t source)
{
	struct vfiopm_discover_monitor *monitor = NULL;

	expect_ok(vfiopm_discover_monitor_new(source, &monitor));
	return monitor;
}

static void expect_event(struct vfiopm_discover_monitor *monitor, uint32_t wanted,
			 const char *where)
{
	struct pollfd pollfd = { .fd = vfiopm_discover_monitor_get_fd(monitor), .events = POLLIN };
	const char *address = NULL;
	uint32_t event = 99;

	assert_int_equal(poll(&pollfd, 1, 5000), 1);
	expect_ok(vfiopm_discover_monitor_next(monitor, &event, &address));
	assert_int_equal(event, wanted);
	assert_string_equal(address, where);
}

static void expect_no_event(struct vfiopm_discover_monitor *monitor)
{
	const char *address = NULL;
	uint32_t event = 99;

	expect_errno(EAGAIN, vfiopm_discover_monitor_next(monitor, &event, &address));
	assert_int_equal(event, 99);
	assert_null(address);
}

static void events_of_a_device(void **state)
{
	struct vfiopm_discover_monitor *monitor;
	unsigned fds;
	int fd;

	(void)state;
	NEED_SYSFS();
	fds = host_open_fds();
	monitor = create_monitor(VFIOPM_DISCOVER_SOURCE_KERNEL);
	fd = vfiopm_discover_monitor_get_fd(monitor);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	expect_no_event(monitor);
	sysfs_add(&nic);
	sysfs_uevent("add", DEVPATH, "pci");
	expect_event(monitor, VFIOPM_DISCOVER_ADDED, ADDRESS);
	expect_no_event(monitor);
	sysfs_uevent("add", DEVPATH "/vfio-dev/vfio0", "vfio-dev");
	sysfs_uevent("remove", DEVPATH "/vfio-dev/vfio0", "vfio-dev");
	sysfs_remove("/sys" DEVPATH);
	sysfs_uevent("remove", DEVPATH, "pci");
	expect_event(monitor, VFIOPM_DISCOVER_BOUND, ADDRESS);
	expect_event(monitor, VFIOPM_DISCOVER_UNBOUND, ADDRESS);
	expect_event(monitor, VFIOPM_DISCOVER_REMOVED, ADDRESS);
	expect_no_event(monitor);
	assert_null(vfiopm_discover_monitor_free(monitor));
	assert_int_equal(host_open_fds(), fds);
}

/* The monitor ignores other uevents, and reports the event after them. */
static void other_uevents_are_ignored(void **state)
{
	struct vfiopm_discover_monitor *monitor;

	(void)state;
	NEED_SYSFS();
	monitor = create_monitor(VFIOPM_DISCOVER_SOURCE_KERNEL);
	sysfs_uevent("change", DEVPATH, "pci");
	sysfs_uevent("bind", DEVPATH, "pci");
	sysfs_uevent("unbind", DEVPATH, "pci");
	sysfs_uevent("add", "/devices/pci0000:00", "pci");
	sysfs_uevent("add", "/devices/pci0000:00/0000:00:02.0/some-uuid/vfio-dev/vfio3",
		     "vfio-dev");
	sysfs_uevent("add", "/devices/virtual/vfio/7", "vfio");
	sysfs_uevent("add", "/devices/pci0000:00/0000:00:1f.2/ata1", "ata_port");
	sysfs_uevent("add", "/module/vfio_pci", "module");
	expect_no_event(monitor);
	sysfs_uevent("bind", DEVPATH, "pci");
	sysfs_uevent("add", "/devices/pci0000:00/10000:00:00.0", "pci");
	expect_event(monitor, VFIOPM_DISCOVER_ADDED, "10000:00:00.0");
	expect_no_event(monitor);
	vfiopm_discover_monitor_free(monitor);
}

/* The path is longer than the library's buffer. The address at its end counts. */
static void long_device_path(void **state)
{
	struct vfiopm_discover_monitor *monitor;
	char path[1024] = "/devices/pci0000:00";

	(void)state;
	NEED_SYSFS();
	monitor = create_monitor(VFIOPM_DISCOVER_SOURCE_KERNEL);
	for (unsigned i = 0; i < 40; i++)
		sprintf(path + strlen(path), "/0000:%02x:00.0", i);
	sysfs_uevent("add", path, "pci");
	expect_event(monitor, VFIOPM_DISCOVER_ADDED, "0000:27:00.0");
	strcat(path, "/vfio-dev/vfio0");
	sysfs_uevent("add", path, "vfio-dev");
	expect_event(monitor, VFIOPM_DISCOVER_BOUND, "0000:27:00.0");
	vfiopm_discover_monitor_free(monitor);
}

static void lost_events_are_reported(void **state)
{
	struct vfiopm_discover_monitor *monitor;
	const char *address = NULL;
	uint32_t event = 99;
	int size = 4096, r;

	(void)state;
	NEED_SYSFS();
	monitor = create_monitor(VFIOPM_DISCOVER_SOURCE_KERNEL);
	assert_int_equal(setsockopt(vfiopm_discover_monitor_get_fd(monitor), SOL_SOCKET, SO_RCVBUF,
				    &size, sizeof(size)),
			 0);
	for (int i = 0; i < 100; i++)
		sysfs_uevent("add", DEVPATH, "pci");
	expect_errno(ENOBUFS, vfiopm_discover_monitor_next(monitor, &event, &address));
	assert_null(address);
	/* The events that were not lost follow, and the monitor continues. */
	expect_event(monitor, VFIOPM_DISCOVER_ADDED, ADDRESS);
	while ((r = vfiopm_discover_monitor_next(monitor, &event, &address)) == 0)
		;
	assert_int_equal(r, -EAGAIN);
	sysfs_uevent("remove", DEVPATH, "pci");
	expect_event(monitor, VFIOPM_DISCOVER_REMOVED, ADDRESS);
	vfiopm_discover_monitor_free(monitor);
}

static void with_udevd(void **state)
{
	struct vfiopm_discover_monitor *automatic, *monitor;
	const char *problem;

	(void)state;
	NEED_SYSFS();
	problem = sysfs_start_udevd();
	if (problem)
		skip_because(problem);
	automatic = create_monitor(VFIOPM_DISCOVER_SOURCE_AUTO);
	monitor = create_monitor(VFIOPM_DISCOVER_SOURCE_UDEV);
	sysfs_add(&nic);
	/* Both monitors receive events from udevd only. */
	sysfs_hold_udevd(true);
	sysfs_uevent("add", DEVPATH, "pci");
	expect_no_event(monitor);
	expect_no_event(automatic);
	sysfs_hold_udevd(false);
	sysfs_uevent("add", DEVPATH "/vfio-dev/vfio0", "vfio-dev");
	expect_event(monitor, VFIOPM_DISCOVER_ADDED, ADDRESS);
	expect_event(monitor, VFIOPM_DISCOVER_BOUND, ADDRESS);
	expect_no_event(monitor);
	/* Each event arrives once: the monitor does not also receive it from the kernel. */
	expect_event(automatic, VFIOPM_DISCOVER_ADDED, ADDRESS);
	expect_event(automatic, VFIOPM_DISCOVER_BOUND, ADDRESS);
	expect_no_event(automatic);
	vfiopm_discover_monitor_free(automatic);
	vfiopm_discover_monitor_free(monitor);
}

static void without_udevd(void **state)
{
	struct vfiopm_discover_monitor *automatic, *monitor;

	(void)state;
	NEED_SYSFS();
	automatic = create_monitor(VFIOPM_DISCOVER_SOURCE_AUTO);
	monitor = create_monitor(VFIOPM_DISCOVER_SOURCE_UDEV);
	sysfs_uevent("add", DEVPATH, "pci");
	expect_event(automatic, VFIOPM_DISCOVER_ADDED, ADDRESS);
	expect_no_event(monitor);
	vfiopm_discover_monitor_free(automatic);
	vfiopm_discover_monitor_free(monitor);
}

static void bad_arguments_are_refused(void **state)
{
	struct vfiopm_discover_monitor *monitor = untouched;
	const char *address = NULL;
	uint32_t event = 99;

	(void)state;
	NEED_SYSFS();
	expect_errno(EINVAL, vfiopm_discover_monitor_new(3, &monitor));
	expect_errno(EINVAL, vfiopm_discover_monitor_new(UINT32_MAX, &monitor));
	expect_errno(EINVAL, vfiopm_discover_monitor_new(VFIOPM_DISCOVER_SOURCE_AUTO, NULL));
	assert_ptr_equal(monitor, untouched);
	assert_null(vfiopm_discover_monitor_free(NULL));
	expect_errno(EINVAL, vfiopm_discover_monitor_get_fd(NULL));
	expect_errno(EINVAL, vfiopm_discover_monitor_next(NULL, &event, &address));
	monitor = create_monitor(VFIOPM_DISCOVER_SOURCE_KERNEL);
	expect_errno(EINVAL, vfiopm_discover_monitor_next(monitor, NULL, &address));
	expect_errno(EINVAL, vfiopm_discover_monitor_next(monitor, &event, NULL));
	vfiopm_discover_monitor_free(monitor);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_SYSFS(events_of_a_device),
		IN_SYSFS(other_uevents_are_ignored),
		IN_SYSFS(long_device_path),
		IN_SYSFS(lost_events_are_reported),
		IN_SYSFS(with_udevd),
		IN_SYSFS(without_udevd),
		IN_SYSFS(bad_arguments_are_refused),
	};

	return cmocka_run_group_tests_name("udev-monitor", tests, sysfs_group_setup, NULL);
}
