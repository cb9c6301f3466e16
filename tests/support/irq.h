/* SPDX-License-Identifier: MIT */
/* What the tests of the interrupt calls share: a device with five MSI-X vectors that
 * raises real interrupts, an e1000e or the simulator's. */
#ifndef IRQ_H
#define IRQ_H

#include <vfiopm/vfiopm.h>

#include "raw.h"
#include "test.h"

#define VECTORS 5

struct irq_bench {
	struct raw raw;
	struct vfiopm_device *dev;
	int events[VECTORS];
};

void irq_bench_open(struct irq_bench *bench);
void irq_bench_close(struct irq_bench *bench);

/* Of MSI-X. */
int irq_set(const struct irq_bench *bench, uint32_t vector, int fd);
bool irq_is_dynamic(const struct irq_bench *bench);

uint64_t irq_issued(const struct irq_bench *bench);
uint64_t irq_saved(const struct irq_bench *bench);

/* How many ioctls does a call take? */
#define expect_issues(bench, count, call)                                                          \
	do {                                                                                       \
		uint64_t before_ = irq_issued(bench);                                              \
		expect_ok(call);                                                                   \
		assert_int_equal(irq_issued(bench) - before_, count);                              \
	} while (0)

/* An interrupt comes when it comes: this waits, but not for ever. */
bool irq_arrives(int event);
/* Fire a vector of MSI-X: it arrives here, once. */
void irq_fires_into(const struct irq_bench *bench, uint32_t vector, int event);

#endif
