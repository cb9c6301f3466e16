// SPDX-License-Identifier: MIT
/*
 * A power cycle: a device enters low power, is woken by the host, enters low power again, and
 * leaves it. The program prints each step. Usage: power-cycle [PCI-ADDRESS]
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <vfiopm/vfiopm.h>

/* ---- output ---- */

static void step(const char *text)
{
	static int number;

	printf("\n%d. %s\n", ++number, text);
	fflush(stdout);
}

static void fail(const char *problem)
{
	fprintf(stderr, "%s\n", problem);
	exit(1);
}

static void check(const char *action, int result)
{
	if (result < 0) {
		fprintf(stderr, "%s: %s\n", action, strerror(-result));
		exit(1);
	}
}

static void print_call(void *data, uint32_t event, const char *call, int result)
{
	(void)data;
	if (event == VFIOPM_TRACE_SAVED)
		printf("   %s was not needed.\n", call);
	else if (result < 0)
		printf("   %s failed: %s.\n", call, strerror(-result));
	else
		printf("   %s returned %d (success).\n", call, result);
}

static uint64_t suspended_ms(const struct vfiopm_device *dev)
{
	uint64_t ms = 0;

	vfiopm_readout_get_suspended_time(dev, &ms);
	return ms;
}

static void print_power(const struct vfiopm_device *dev)
{
	uint32_t power, status;

	if (vfiopm_readout_get_power_state(dev, &power) == 0 &&
	    vfiopm_readout_get_runtime_status(dev, &status) == 0)
		printf("   The device is in %s, %s.\n", vfiopm_readout_power_state_name(power),
		       vfiopm_readout_runtime_status_name(status));
	else
		printf("   This kernel does not report the power state of the device.\n");
}

/* ---- steps ---- */

/* The kernel suspends the device asynchronously, or not at all if something keeps it awake. */
static void wait_for_suspend(const struct vfiopm_device *dev)
{
	for (int ms = 0; ms < 5000; ms += 5) {
		uint32_t status;

		if (vfiopm_readout_get_runtime_status(dev, &status) == 0 &&
		    status == VFIOPM_RUNTIME_SUSPENDED) {
			printf("   The kernel suspended the device after about %d ms.\n", ms);
			print_power(dev);
			return;
		}
		usleep(5000);
	}
	fail("The device is not suspended after 5 s: something keeps it awake.");
}

static void stay_suspended_for_a_second(const struct vfiopm_device *dev)
{
	uint64_t before = suspended_ms(dev);

	sleep(1);
	printf("   One second later, its suspended time has grown by %" PRIu64 " ms.\n",
	       suspended_ms(dev) - before);
}

static bool access_from_host(const char *address, const char *attribute, const char *text)
{
	char path[128], byte;
	bool done;
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/%s", address, attribute);
	fd = open(path, (text ? O_WRONLY : O_RDONLY) | O_CLOEXEC);
	if (fd < 0) {
		printf("   %s: %s\n", path, strerror(errno));
		return false;
	}
	done = text ? write(fd, text, strlen(text)) > 0 : pread(fd, &byte, 1, 0) == 1;
	close(fd);
	return done;
}

static bool is_signalled(int wakeup_fd)
{
	struct pollfd pollfd = { .fd = wakeup_fd, .events = POLLIN };

	return poll(&pollfd, 1, 1000) == 1;
}

static void wake(const struct vfiopm_device *dev, const char *address, int wakeup_fd)
{
	uint64_t count = 0;

	printf("   The host reads its configuration space, as lspci(8) does.\n");
	access_from_host(address, "config", NULL);
	if (!is_signalled(wakeup_fd)) {
		printf("   This wakes a device in D3cold only. The host now writes "
		       "power/control.\n");
		access_from_host(address, "power/control", "on");
		access_from_host(address, "power/control", "auto");
	}
	if (!is_signalled(wakeup_fd))
		fail("The device was not woken within a second.");
	if (vfiopm_get_state(dev) != VFIOPM_STATE_WOKEN)
		fail("The eventfd is signalled, but the library does not report the wake.");
	if (read(wakeup_fd, &count, sizeof(count)) != sizeof(count) || count != 1)
		fail("The eventfd was not signalled exactly once.");
	printf("   The device woke up. The count of the wakeup eventfd is %" PRIu64 ".\n", count);
	print_power(dev);
}

static void enter(struct vfiopm_device *dev, int wakeup_fd)
{
	check("entering low power", vfiopm_enter_wakeup(dev, wakeup_fd));
	wait_for_suspend(dev);
}

int main(int argc, char **argv)
{
	const char *address = argc > 1 ? argv[1] : "0000:01:00.0";
	struct vfiopm_device *dev;
	int wakeup_fd;
	uint32_t features;
	uint64_t before;

	step("Open the device.");
	check(address, vfiopm_device_open(address, &dev));
	check("setting a trace", vfiopm_device_set_trace(dev, print_call, NULL));
	check("reading the features", vfiopm_get_features(dev, &features));
	if (!(features & VFIOPM_FEATURE_ENTER_WAKEUP))
		fail("This kernel does not support low power: Linux 6.1 or later is needed.");
	printf("   %s supports low power with wakeup.\n", address);
	printf("   From now on, the program prints each ioctl that the library issues.\n");
	print_power(dev);
	before = suspended_ms(dev);
	wakeup_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	check("eventfd", wakeup_fd < 0 ? -errno : 0);

	step("Enter low power, with an eventfd that signals a wake.");
	enter(dev, wakeup_fd);
	stay_suspended_for_a_second(dev);

	step("Wake the device from the host.");
	wake(dev, address, wakeup_fd);

	step("Enter low power again.");
	enter(dev, wakeup_fd);
	stay_suspended_for_a_second(dev);

	step("Leave low power.");
	check("leaving low power", vfiopm_exit(dev));
	print_power(dev);
	if (is_signalled(wakeup_fd))
		fail("The eventfd is signalled, although only this program woke the device.");
	printf("   The wakeup eventfd is not signalled: only this program woke the device.\n");
	printf("   In total, the kernel counted %" PRIu64 " ms of suspended time.\n",
	       suspended_ms(dev) - before);

	vfiopm_device_free(dev);
	close(wakeup_fd);
	return 0;
}
