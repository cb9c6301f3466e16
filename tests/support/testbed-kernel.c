// SPDX-License-Identifier: MIT
/* The testbed in the lab: a real kernel in QEMU. tests/lab/run sets the environment variables
 * that describe it. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "e1000e.h"
#include "host.h"
#include "test.h"
#include "testbed.h"

static const char *variable(const char *name)
{
	const char *value = getenv(name);

	if (!value) {
		fprintf(stderr, "%s is not set: run this program with tests/lab/run\n", name);
		exit(99);
	}
	return value;
}

void testbed_begin(void)
{
	host_write("power/control", "auto");
}

void testbed_end(void)
{
	host_write("power/control", "auto");
}

bool testbed_is_simulated(void)
{
	return false;
}

const char *testbed_kernel(void)
{
	return variable("VFIOPM_LAB_KERNEL");
}

bool testbed_has_d3cold(void)
{
	return strcmp(variable("VFIOPM_LAB_D3COLD"), "1") == 0;
}

const char *testbed_device(void)
{
	return variable("VFIOPM_LAB_DEVICE");
}

/* Measured: the suspend completes 20 to 30 ms after the entry. */
void testbed_let_suspend(void)
{
	usleep(100000);
}

void testbed_let_arrive(void)
{
	usleep(50000);
}

void testbed_fire(const struct raw *raw, uint32_t index, uint32_t vector)
{
	e1000e_fire(raw->device, index == 2, vector);
}

bool testbed_dma(int device_fd, uint8_t *page, uint64_t iova)
{
	return e1000e_dma(device_fd, page, iova);
}

void testbed_acknowledge(const struct raw *raw)
{
	e1000e_acknowledge(raw->device);
}

void testbed_clear(const struct raw *raw)
{
	e1000e_clear(raw->device);
}
