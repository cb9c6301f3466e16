// SPDX-License-Identifier: MIT
/*
 * List the PCI devices that are bound to VFIO drivers, with their IOMMU group, nodes and power.
 * --all lists all PCI devices, an address selects one, and --follow prints changes until the
 * program is interrupted. Nothing here wakes a device.
 *
 * Usage: discover [--all | --follow | PCI-ADDRESS]
 * Build: cc discover.c $(pkg-config --cflags --libs vfiopm-udev)
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <vfiopm/discover.h>

static int fail(const char *what, int error)
{
	fprintf(stderr, "%s: %s\n", what, strerror(-error));
	return 1;
}

/* ---- one device ---- */

static void show_identity(const struct vfiopm_discover_device *device)
{
	const char *address = "", *name, *driver = "no driver";
	uint32_t vendor_id = 0, device_id = 0;

	vfiopm_discover_device_get_address(device, &address);
	vfiopm_discover_device_get_vendor_id(device, &vendor_id);
	vfiopm_discover_device_get_device_id(device, &device_id);
	printf("%s [%04" PRIx32 ":%04" PRIx32 "]", address, vendor_id, device_id);
	/* A device can lack names and a driver; a call that fails leaves its output unchanged. */
	if (vfiopm_discover_device_get_vendor_name(device, &name) == 0)
		printf(" %s", name);
	if (vfiopm_discover_device_get_device_name(device, &name) == 0)
		printf(" %s", name);
	vfiopm_discover_device_get_driver(device, &driver);
	printf("\n    %s%s\n", driver,
	       vfiopm_discover_device_is_vfio(device) == 1 ? ", a VFIO driver" : "");
}

static void show_group(const struct vfiopm_discover_device *device)
{
	const char *group_node = NULL, *cdev_node = NULL, *member;
	uint32_t group, count = 0;

	if (vfiopm_discover_device_get_group(device, &group) < 0) {
		printf("    in no IOMMU group\n");
		return;
	}
	printf("    IOMMU group %" PRIu32, group);
	vfiopm_discover_device_get_member_count(device, &count);
	for (uint32_t i = 0; i < count; i++) {
		if (vfiopm_discover_device_get_member(device, i, &member) == 0)
			printf("%s %s", i == 0 ? ", with" : ",", member);
	}
	if (vfiopm_discover_device_get_group_node(device, &group_node) == 0)
		printf(", %s", group_node);
	if (vfiopm_discover_device_get_cdev_node(device, &cdev_node) == 0)
		printf(", %s", cdev_node);
	printf("\n");
}

/* Some kernels and some devices lack some of these attributes. */
static void show_power(const struct vfiopm_discover_device *device)
{
	uint32_t value;
	uint64_t ms;

	if (vfiopm_discover_device_get_runtime_status(device, &value) == 0)
		printf("    %s", vfiopm_readout_runtime_status_name(value));
	if (vfiopm_discover_device_get_power_state(device, &value) == 0)
		printf(", in %s", vfiopm_readout_power_state_name(value));
	if (vfiopm_discover_device_get_suspended_time(device, &ms) == 0)
		printf(", asleep for %" PRIu64 " ms so far", ms);
	if (vfiopm_discover_device_get_control(device, &value) == 0 && value == VFIOPM_CONTROL_ON)
		printf(", kept on");
	if (vfiopm_discover_device_get_d3cold_allowed(device, &value) == 0 && value == 0)
		printf(", D3cold not allowed");
	printf("\n");
}

static void show(const struct vfiopm_discover_device *device)
{
	show_identity(device);
	show_group(device);
	show_power(device);
}

static int show_one(const char *address)
{
	struct vfiopm_discover_device *device;
	int r = vfiopm_discover_device_new(address, &device);

	if (r < 0)
		return fail(address, r);
	show(device);
	vfiopm_discover_device_free(device);
	return 0;
}

/* ---- all devices ---- */

static int show_list(uint32_t which)
{
	const struct vfiopm_discover_device *device;
	struct vfiopm_discover_list *list;
	uint32_t count = 0;
	int r = vfiopm_discover_list_new(which, &list);

	if (r < 0)
		return fail("listing devices", r);
	vfiopm_discover_list_get_count(list, &count);
	for (uint32_t i = 0; i < count; i++) {
		if (vfiopm_discover_list_get_device(list, i, &device) == 0)
			show(device);
	}
	if (count == 0)
		printf("No device is bound to a VFIO driver; --all shows all.\n");
	vfiopm_discover_list_free(list);
	return 0;
}

/* ---- changes ---- */

static const char *const events[] = {
	[VFIOPM_DISCOVER_ADDED] = "added",
	[VFIOPM_DISCOVER_REMOVED] = "removed",
	[VFIOPM_DISCOVER_BOUND] = "bound to VFIO",
	[VFIOPM_DISCOVER_UNBOUND] = "unbound from VFIO",
};

/* Print the events that have arrived. Returns 0, or -errno if the monitor failed. */
static int print_events(struct vfiopm_discover_monitor *monitor)
{
	const char *address;
	uint32_t event;
	int r;

	while ((r = vfiopm_discover_monitor_next(monitor, &event, &address)) == 0)
		printf("%s %s\n", address, events[event]);
	if (r == -ENOBUFS) {
		printf("Some events were lost. The devices are now:\n");
		r = show_list(VFIOPM_DISCOVER_VFIO) == 0 ? -EAGAIN : r;
	}
	fflush(stdout);
	return r == -EAGAIN ? 0 : r;
}

static int follow(void)
{
	struct vfiopm_discover_monitor *monitor;
	struct pollfd pollfd = { .events = POLLIN };
	int r = vfiopm_discover_monitor_new(VFIOPM_DISCOVER_SOURCE_AUTO, &monitor);

	if (r < 0)
		return fail("listening", r);
	/* The monitor is created before the list, so that no change is missed. */
	r = show_list(VFIOPM_DISCOVER_VFIO) == 0 ? 0 : -EIO;
	pollfd.fd = vfiopm_discover_monitor_get_fd(monitor);
	while (r == 0) {
		r = print_events(monitor);
		if (r == 0 && poll(&pollfd, 1, -1) < 0)
			r = -errno;
	}
	vfiopm_discover_monitor_free(monitor);
	return fail("following", r);
}

int main(int argc, char **argv)
{
	if (argc == 1)
		return show_list(VFIOPM_DISCOVER_VFIO);
	if (argc == 2 && strcmp(argv[1], "--all") == 0)
		return show_list(VFIOPM_DISCOVER_ALL);
	if (argc == 2 && strcmp(argv[1], "--follow") == 0)
		return follow();
	if (argc == 2 && argv[1][0] != '-')
		return show_one(argv[1]);
	fprintf(stderr, "Usage: discover [--all | --follow | PCI-ADDRESS]\n");
	return 2;
}
