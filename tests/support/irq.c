// SPDX-License-Identifier: MIT
/* The bench of the interrupt tests. */
#include "irq.h"

#include <poll.h>
#include <unistd.h>

#include "world.h"

void irq_bench_open(struct irq_bench *bench)
{
	raw_open(&bench->raw);
	expect_ok(vfiopm_device_new_from_fd(bench->raw.device, &bench->dev));
	expect_ok(vfiopm_device_set_address(bench->dev, world_device()));
	for (int i = 0; i < VECTORS; i++)
		bench->events[i] = raw_eventfd();
}

void irq_bench_close(struct irq_bench *bench)
{
	vfiopm_device_free(bench->dev);
	for (int i = 0; i < VECTORS; i++)
		close(bench->events[i]);
	raw_close(&bench->raw);
}

int irq_set(const struct irq_bench *bench, uint32_t vector, int fd)
{
	return vfiopm_irq_set_signaling(bench->dev, VFIOPM_IRQ_MSIX, vector, fd);
}

bool irq_is_dynamic(const struct irq_bench *bench)
{
	uint32_t flags;

	expect_ok(vfiopm_irq_get_flags(bench->dev, VFIOPM_IRQ_MSIX, &flags));
	return !(flags & VFIOPM_IRQ_FLAG_NORESIZE);
}

uint64_t irq_issued(const struct irq_bench *bench)
{
	uint64_t issued, saved;

	expect_ok(vfiopm_irq_get_stats(bench->dev, &issued, &saved));
	return issued;
}

uint64_t irq_saved(const struct irq_bench *bench)
{
	uint64_t issued, saved;

	expect_ok(vfiopm_irq_get_stats(bench->dev, &issued, &saved));
	return saved;
}

bool irq_arrives(int event)
{
	struct pollfd pollfd = { .fd = event, .events = POLLIN };

	return poll(&pollfd, 1, 2000) == 1;
}

void irq_fires_into(const struct irq_bench *bench, uint32_t vector, int event)
{
	assert_int_equal(raw_take(event), 0);
	world_fire(&bench->raw, VFIOPM_IRQ_MSIX, vector);
	if (!irq_arrives(event))
		fail_msg("vector %u does not arrive", vector);
	assert_int_equal(raw_take(event), 1);
	world_clear(&bench->raw);
}
