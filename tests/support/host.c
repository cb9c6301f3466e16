// SPDX-License-Identifier: MIT
/* The host's view of the device, by the device's sysfs attributes only. */
#include "host.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "test.h"
#include "testbed.h"

static int open_attribute(const char *attribute, int flags)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/%s", testbed_device(), attribute);
	return open(path, flags | O_CLOEXEC);
}

bool host_read(const char *attribute, char *ret_text, size_t size)
{
	int fd = open_attribute(attribute, O_RDONLY);
	ssize_t length;

	if (fd < 0)
		return false;
	length = read(fd, ret_text, size - 1);
	close(fd);
	assert_true(length >= 0);
	ret_text[length] = '\0';
	ret_text[strcspn(ret_text, "\n")] = '\0';
	return true;
}

void host_write(const char *attribute, const char *text)
{
	int fd = open_attribute(attribute, O_WRONLY);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

bool host_shows(const char *attribute, const char *value)
{
	char text[64];

	assert_true(host_read(attribute, text, sizeof(text)));
	return strcmp(text, value) == 0;
}

unsigned long host_suspended_time(void)
{
	char text[64];

	assert_true(host_read("power/runtime_suspended_time", text, sizeof(text)));
	return strtoul(text, NULL, 10);
}

void host_wait_suspended(void)
{
	for (int i = 0; i < 1000; i++) {
		if (host_shows("power/runtime_status", "suspended"))
			return;
		usleep(5000);
	}
	fail_msg("the device is not suspended after 5 s");
}

void host_stays_awake(void)
{
	testbed_let_suspend();
	assert_true(host_shows("power/runtime_status", "active"));
}

void host_sees_deep_sleep(void)
{
	host_wait_suspended();
	if (testbed_kernel_is_at_least(5, 11))
		assert_true(host_shows("power_state", testbed_has_d3cold() ? "D3cold" : "D3hot"));
}

void host_wake(void)
{
	host_write("power/control", "on");
	host_write("power/control", "auto");
}

void host_read_config(void)
{
	char byte;
	int fd = open_attribute("config", O_RDONLY);

	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &byte, 1, 0), 1);
	close(fd);
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

double host_share_asleep(unsigned every_ms, void (*call)(void *data), void *data)
{
	uint64_t begin, end, slept, next;

	host_wait_suspended();
	begin = now_ms();
	slept = host_suspended_time();
	for (next = begin; (end = now_ms()) < begin + 10000;) {
		if (end < next) {
			usleep(1000);
			continue;
		}
		if (call)
			call(data);
		next += every_ms;
	}
	slept = host_suspended_time() - slept;
	return 100.0 * (double)slept / (double)(end - begin);
}
