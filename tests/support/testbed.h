/* SPDX-License-Identifier: MIT */
/*
 * The world that a test runs in: the simulator, or a real kernel in the lab
 * (tests/lab/run). A test is written once; what differs is behind these calls.
 * Both have one device bound to vfio-pci, that nobody has open when a test begins.
 */
#ifndef TESTBED_H
#define TESTBED_H

#include <stdbool.h>

#include "raw.h"

/* cmocka's setup and teardown of a test. What a test that failed has left open is
 * closed, so that the next finds the device as it should. */
int testbed_setup(void **state);
int testbed_teardown(void **state);
#define ON_TESTBED(test) cmocka_unit_test_setup_teardown(test, testbed_setup, testbed_teardown)

/* The part of a world in these two. */
void testbed_begin(void);
void testbed_end(void);

bool testbed_is_simulated(void);
/* As tests/lab/run --kernel names it: "6.1", "6.12", "5.10", .. */
const char *testbed_kernel(void);
bool testbed_kernel_is_at_least(int major, int minor);
/* Is the low-power feature there at all? */
bool testbed_has_low_power(void);
/* Skip the rest of a test where it is not. */
void testbed_need_low_power(void);
/* Does a suspend lead to D3cold? Else to D3hot. */
bool testbed_has_d3cold(void);
bool testbed_has_cdev(void);
/* The device's address. */
const char *testbed_device(void);

/* The device raises an interrupt, and is told that it was seen. */
void testbed_fire(const struct raw *raw, uint32_t index, uint32_t vector);
void testbed_clear(const struct raw *raw);
/* The same for one of many: after the last is testbed_clear(). */
void testbed_acknowledge(const struct raw *raw);

/* Has an interrupt that is on its way had the time to arrive? */
void testbed_let_arrive(void);

/* Has a device that was made engaged not to sleep had the time to do so? The real
 * suspend is asynchronous: this waits for long enough, or not at all. */
void testbed_let_suspend(void);

#endif
