// SPDX-License-Identifier: MIT
/* The fixture of the interrupt tests that run on the simulator and on kernels. */
#include "irq-fixture.h"

#include <poll.h>
#include <unistd.h>

#include "testbed.h"

void irq_fixture_open_raw(struct irq_fixture *fixture)
{
	*fixture = (struct irq_fixture){ 0 };
	raw_open(&fixture->raw);
	fixture->fd = fixture->raw.device;
	for (int i = 0; i < VECTORS; i++)
		fixture->events[i] = raw_eventfd();
}

void irq_fixture_open(struct irq_fixture *fixture)
{
	irq_fixture_open_raw(fixture);
	expect_ok(vfiopm_device_new_from_fd(fixture->fd, &fixture->dev));
	expect_ok(vfiopm_device_set_address(fixture->dev, testbed_device()));
}

void irq_fixture_close(struct irq_fixture *fixture)
{
	vfiopm_device_free(fixture->dev);
	for (int i = 0; i < VECTORS; i++)
		close(fixture->events[i]);
	raw_close(&fixture->raw);
}

bool irq_arrives(int event)
{
	struct pollfd pollfd = { .fd = event, .events = POLLIN };

	return poll(&pollfd, 1, 2000) == 1 && raw_take(event) == 1;
}

bool irq_does_not_arrive(int event)
{
	testbed_let_arrive();
	return raw_take(event) == 0;
}

void irq_fires_into(const struct irq_fixture *fixture, uint32_t index, uint32_t vector, int event)
{
	assert_int_equal(raw_take(event), 0);
	testbed_fire(&fixture->raw, index, vector);
	if (!irq_arrives(event))
		fail_msg("vector %u of index %u does not arrive exactly once", vector, index);
	testbed_clear(&fixture->raw);
}

int irq_set(const struct irq_fixture *fixture, uint32_t vector, int fd)
{
	return vfiopm_irq_set_signaling(fixture->dev, VFIOPM_IRQ_MSIX, vector, fd);
}

bool irq_is_dynamic(const struct irq_fixture *fixture)
{
	uint32_t flags;

	expect_ok(vfiopm_irq_get_flags(fixture->dev, VFIOPM_IRQ_MSIX, &flags));
	return !(flags & VFIOPM_IRQ_FLAG_NORESIZE);
}

uint64_t irq_issued(const struct irq_fixture *fixture)
{
	uint64_t issued, saved;

	expect_ok(vfiopm_irq_get_stats(fixture->dev, &issued, &saved));
	return issued;
}

uint64_t irq_saved(const struct irq_fixture *fixture)
{
	uint64_t issued, saved;

	expect_ok(vfiopm_irq_get_stats(fixture->dev, &issued, &saved));
	return saved;
}
