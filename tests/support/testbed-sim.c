// SPDX-License-Identifier: MIT
/*
 * The testbed on the simulator: a model of the lab's machine. VFIOPM_SIM_KERNEL chooses the
 * kernel (default 6.12). The device reaches D3cold if VFIOPM_SIM_D3COLD is 1, else D3hot.
 */
#include <stdlib.h>
#include <string.h>

#include "sim.h"
#include "test.h"
#include "testbed-sim.h"
#include "testbed.h"

static struct sim_device *device;

void testbed_begin(void)
{
	struct sim_machine machine = { .target = testbed_has_d3cold() ? SIM_D3COLD : SIM_D3HOT };

	device = sim_add(&machine);
}

void testbed_end(void)
{
	sim_reset();
}

struct sim_device *testbed_sim_device(void)
{
	return device;
}

bool testbed_is_simulated(void)
{
	return true;
}

const char *testbed_kernel(void)
{
	const char *kernel = getenv("VFIOPM_SIM_KERNEL");

	return kernel ? kernel : "6.12";
}

bool testbed_has_d3cold(void)
{
	const char *d3cold = getenv("VFIOPM_SIM_D3COLD");

	return d3cold && strcmp(d3cold, "1") == 0;
}

const char *testbed_device(void)
{
	return "0000:01:00.0";
}

/* A simulated device suspends at once. */
void testbed_let_suspend(void)
{
}

/* A simulated interrupt arrives at once. */
void testbed_let_arrive(void)
{
}

/* Model the lab's e1000e, which raises interrupts on writes to its fd: the writes enable its
 * memory, and the device is awake while they last. */
void testbed_fire(const struct raw *raw, uint32_t index, uint32_t vector)
{
	expect_ok(raw_write_config(raw->device, 4, 6));
	sim_hold_awake(device, true);
	sim_fire(device, index, vector);
	sim_hold_awake(device, false);
}

bool testbed_dma(int device_fd, uint8_t *page, uint64_t iova)
{
	uint8_t before = *page;

	(void)device_fd;
	sim_dma_write(device, iova, (uint8_t)(before + 1));
	return *page != before;
}

void testbed_acknowledge(const struct raw *raw)
{
	expect_ok(raw_read_region(raw->device, 0, 0xc0));
	sim_clear_intx(device);
}

void testbed_clear(const struct raw *raw)
{
	testbed_acknowledge(raw);
}
