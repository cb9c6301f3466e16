// SPDX-License-Identifier: MIT
/* The bench of the SET_IRQS tests. */
#include "uapi-irq.h"

#include <poll.h>
#include <unistd.h>

#include "host.h"
#include "world.h"

void irqs_open(struct irqs *bench)
{
	raw_open(&bench->raw);
	bench->fd = bench->raw.device;
	for (int i = 0; i < VECTORS; i++)
		bench->events[i] = raw_eventfd();
}

void irqs_close(struct irqs *bench)
{
	for (int i = 0; i < VECTORS; i++)
		close(bench->events[i]);
	raw_close(&bench->raw);
}

int set_none(int fd, uint32_t action, uint32_t index, uint32_t start, uint32_t count)
{
	return raw_set_irqs(fd, index, NONE | action, start, count, "");
}

int set_eventfds(int fd, uint32_t index, uint32_t start, uint32_t count, const int *fds)
{
	return raw_set_irqs(fd, index, EVENTFD | TRIGGER, start, count, fds);
}

int set_one(int fd, uint32_t index, uint32_t vector, int event)
{
	return set_eventfds(fd, index, vector, 1, &event);
}

int set_bools(int fd, uint32_t action, uint32_t index, uint32_t start, uint32_t count,
	      const char *data)
{
	return raw_set_irqs(fd, index, BOOL | action, start, count, data);
}

void intx_mask(const struct irqs *bench)
{
	assert_int_equal(set_none(bench->fd, MASK, INTX, 0, 1), 0);
}

void intx_unmask(const struct irqs *bench)
{
	assert_int_equal(set_none(bench->fd, UNMASK, INTX, 0, 1), 0);
}

bool irq_comes(int event)
{
	struct pollfd pollfd = { .fd = event, .events = POLLIN };

	return poll(&pollfd, 1, 2000) == 1 && raw_take(event) == 1;
}

bool irq_stays_away(int event)
{
	world_let_arrive();
	return raw_take(event) == 0;
}

void irqs_fire_into(const struct irqs *bench, uint32_t index, uint32_t vector, int event)
{
	world_fire(&bench->raw, index, vector);
	if (!irq_comes(event))
		fail_msg("vector %u of index %u does not arrive", vector, index);
	world_clear(&bench->raw);
}

uint64_t irq_looped_back(const struct irqs *bench, uint32_t index, uint32_t vector, int event)
{
	uint64_t count;

	assert_int_equal(set_none(bench->fd, TRIGGER, index, vector, 1), 0);
	count = raw_take(event);
	for (int i = 0; i < VECTORS; i++)
		assert_int_equal(raw_take(bench->events[i]), 0);
	return count;
}

bool irq_is_on(const struct irqs *bench, uint32_t index, uint32_t vector, int event)
{
	return irq_looped_back(bench, index, vector, event) == 1;
}

bool irq_is_dead(const struct irqs *bench, uint32_t index, uint32_t vector)
{
	return irq_looped_back(bench, index, vector, bench->events[0]) == 0;
}

void irqs_sleep_and_wake(const struct irqs *bench)
{
	assert_int_equal(raw_enter(bench->fd), 0);
	host_sees_deep_sleep();
	assert_int_equal(raw_exit(bench->fd), 0);
}
