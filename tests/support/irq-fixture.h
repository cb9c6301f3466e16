/* SPDX-License-Identifier: MIT */
/*
 * The fixture of all interrupt tests that run on the simulator and on kernels: a device with
 * five MSI-X vectors that raises interrupts, and five eventfds. The device is an e1000e or a
 * simulated one.
 */
#ifndef IRQ_FIXTURE_H
#define IRQ_FIXTURE_H

#include <vfiopm/vfiopm.h>

#include "raw.h"
#include "test.h"

#define VECTORS 5

struct irq_fixture {
	struct raw raw;
	struct vfiopm_device *dev; /* NULL after irq_fixture_open_raw() */
	int fd;			   /* the device fd, which raw owns */
	int events[VECTORS];
};

/* Open the device and the eventfds, for tests of the uAPI without the library. */
void irq_fixture_open_raw(struct irq_fixture *fixture);
/* Do the same, and create a struct vfiopm_device from the device fd. */
void irq_fixture_open(struct irq_fixture *fixture);
void irq_fixture_close(struct irq_fixture *fixture);

/* ---- for tests with and without the library ---- */

/* Wait at most 2 s for an eventfd. True if exactly one interrupt arrived; its count is taken. */
bool irq_arrives(int event);
/* Wait as long as a late interrupt needs. True if none arrived. */
bool irq_does_not_arrive(int event);
/* Raise an interrupt. Fail the test unless this eventfd, empty before, receives exactly one. */
void irq_fires_into(const struct irq_fixture *fixture, uint32_t index, uint32_t vector, int event);

/* ---- for tests of the library ---- */

/* Set the eventfd of an MSI-X vector. */
int irq_set(const struct irq_fixture *fixture, uint32_t vector, int fd);
/* True if MSI-X vectors can be added without disabling the index. */
bool irq_is_dynamic(const struct irq_fixture *fixture);

uint64_t irq_issued(const struct irq_fixture *fixture);
uint64_t irq_saved(const struct irq_fixture *fixture);

/* The call succeeds and issues this number of SET_IRQS ioctls. */
#define expect_issues(fixture, count, call)                                                        \
	do {                                                                                       \
		uint64_t before_ = irq_issued(fixture);                                            \
		expect_ok(call);                                                                   \
		assert_int_equal(irq_issued(fixture) - before_, count);                            \
	} while (0)

#endif
