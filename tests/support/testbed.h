/* SPDX-License-Identifier: MIT */
/*
 * The testbed: where a test runs, which is the simulator or a real kernel in the lab
 * (tests/lab/run). A test is written once, and these functions hide the difference. Either
 * testbed has one device bound to vfio-pci, which is closed when a test begins.
 */
#ifndef TESTBED_H
#define TESTBED_H

#include <stdbool.h>

#include "raw.h"

/* cmocka's setup and teardown of a test. The teardown closes what a failed test left open, so
 * that the next test finds the device closed. */
int testbed_setup(void **state);
int testbed_teardown(void **state);
#define ON_TESTBED(test) cmocka_unit_test_setup_teardown(test, testbed_setup, testbed_teardown)

/* The steps of setup and teardown that differ between the simulator and the lab. */
void testbed_begin(void);
void testbed_end(void);

bool testbed_is_simulated(void);
/* The kernel, as tests/lab/run --kernel names it: "6.1", "6.12", "5.10", .. */
const char *testbed_kernel(void);
bool testbed_kernel_is_at_least(int major, int minor);
/* True if the kernel has the low-power feature. */
bool testbed_has_low_power(void);
/* Skip the rest of the test if the kernel has no low-power feature. */
void testbed_need_low_power(void);
/* True if a suspend leads to D3cold, false if to D3hot. */
bool testbed_has_d3cold(void);
bool testbed_has_cdev(void);
/* True if the bus of the device can be reset. */
bool testbed_has_hot_reset(void);
/* The device's PCI address. */
const char *testbed_device(void);

/* Make the device raise an interrupt; acknowledge it. */
void testbed_fire(const struct raw *raw, uint32_t index, uint32_t vector);
void testbed_clear(const struct raw *raw);
/* Acknowledge one interrupt of several. After the last one call testbed_clear(). */
void testbed_acknowledge(const struct raw *raw);

/* Make the device write to memory by DMA. page is mapped at iova, which is below 4 GiB. Returns
 * true if the page has changed. */
bool testbed_dma(int device_fd, uint8_t *page, uint64_t iova);

/* Wait as long as a raised interrupt needs to arrive. The simulator does not wait. */
void testbed_let_arrive(void);

/* Wait as long as the asynchronous suspend of a real kernel needs. The simulator does not
 * wait. A test calls this before it shows that a device did not suspend. */
void testbed_let_suspend(void);

#endif
