// SPDX-License-Identifier: MIT
/*
 * A power cycle told step by step: a device is let sleep, woken by the host, let
 * sleep again, and brought back. Usage: power-cycle [PCI-ADDRESS]
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

/* ---- telling ---- */

static void step(const char *text)
{
	static int number;

	printf("\n%d. %s\n", ++number, text);
	fflush(stdout);
}

static void fail(const char *what)
{
	fprintf(stderr, "%s\n", what);
	exit(1);
}

static void check(const char *what, int result)
{
	if (result < 0) {
		fprintf(stderr, "%s: %s\n", what, strerror(-result));
		exit(1);
	}
}

static void tell_call(void *data, uint32_t event, const char *call, int result)
{
	(void)data;
	printf("   %s: %s%s\n", call, result < 0 ? strerror(-result) : "0",
	       event == VFIOPM_TRACE_SAVED ? " (from memory, the kernel was not asked)" : "");
}

static uint64_t slept_ms(const struct vfiopm_device *dev)
{
	uint64_t ms = 0;

	vfiopm_readout_get_suspended_time(dev, &ms);
	return ms;
}

static void tell_power(const struct vfiopm_device *dev)
{
	uint32_t power, status;

	if (vfiopm_readout_get_power_state(dev, &power) == 0 &&
	    vfiopm_readout_get_runtime_status(dev, &status) == 0)
		printf("   The device is in %s, %s.\n", vfiopm_readout_power_state_name(power),
		       vfiopm_readout_runtime_status_name(status));
	else
		printf("   The kernel does not say which power state the device is in.\n");
}

/* ---- doing ---- */

/* The suspend is asynchronous and may never come: look, but not for ever. */
static void wait_for_sleep(const struct vfiopm_device *dev)
{
	for (int ms = 0; ms < 5000; ms += 5) {
		uint32_t status;

		if (vfiopm_readout_get_runtime_status(dev, &status) == 0 &&
		    status == VFIOPM_RUNTIME_SUSPENDED) {
			printf("   Asleep after about %d ms.\n", ms);
			tell_power(dev);
			return;
		}
		usleep(5000);
	}
	fail("Not asleep after 5 s: something keeps it awake.");
}

static void sleep_for_a_second(const struct vfiopm_device *dev)
{
	uint64_t before = slept_ms(dev);

	sleep(1);
	printf("   One second later the kernel counts %" PRIu64 " ms more asleep.\n",
	       slept_ms(dev) - before);
}

static bool host_does(const char *address, const char *attribute, const char *text)
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
	host_does(address, "config", NULL);
	if (!is_signalled(wakeup_fd)) {
		printf("   That wakes a device in D3cold only. The host turns it on in sysfs.\n");
		host_does(address, "power/control", "on");
		host_does(address, "power/control", "auto");
	}
	if (!is_signalled(wakeup_fd))
		fail("It was not woken within a second.");
	if (vfiopm_get_state(dev) != VFIOPM_STATE_WOKEN)
		fail("The eventfd is signalled, and the library has not noticed.");
	if (read(wakeup_fd, &count, sizeof(count)) != sizeof(count) || count != 1)
		fail("The eventfd was not signalled once.");
	printf("   It is woken: the wakeup eventfd holds the count %" PRIu64 ".\n", count);
	tell_power(dev);
}

static void enter(struct vfiopm_device *dev, int wakeup_fd)
{
	check("entering low power", vfiopm_enter_wakeup(dev, wakeup_fd));
	wait_for_sleep(dev);
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
	check("setting a trace", vfiopm_device_set_trace(dev, tell_call, NULL));
	check("asking for features", vfiopm_get_features(dev, &features));
	if (!(features & VFIOPM_FEATURE_ENTER_WAKEUP))
		fail("This kernel cannot let the device sleep: it needs Linux 6.1 or later.");
	printf("   %s: it can enter low power, with wakeup, and exit.\n", address);
	tell_power(dev);
	before = slept_ms(dev);
	wakeup_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	check("eventfd", wakeup_fd < 0 ? -errno : 0);

	step("Let it sleep, and be told when it wakes.");
	enter(dev, wakeup_fd);
	sleep_for_a_second(dev);

	step("Wake it from the host.");
	wake(dev, address, wakeup_fd);

	step("Let it sleep again.");
	enter(dev, wakeup_fd);
	sleep_for_a_second(dev);

	step("Leave low power.");
	check("leaving low power", vfiopm_exit(dev));
	tell_power(dev);
	if (is_signalled(wakeup_fd))
		fail("The eventfd is signalled, though nobody but us woke the device.");
	printf("   The wakeup eventfd holds no count: nobody but us woke it.\n");
	printf("   It was asleep for %" PRIu64 " ms in all, as the kernel counts them.\n",
	       slept_ms(dev) - before);

	vfiopm_device_free(dev);
	close(wakeup_fd);
	return 0;
}
