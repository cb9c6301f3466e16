// SPDX-License-Identifier: MIT
/* SET_IRQS without the library. */
#include "set-irqs.h"

#include "host.h"

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

void intx_mask(const struct irq_fixture *fixture)
{
	assert_int_equal(set_none(fixture->fd, MASK, INTX, 0, 1), 0);
}

void intx_unmask(const struct irq_fixture *fixture)
{
	assert_int_equal(set_none(fixture->fd, UNMASK, INTX, 0, 1), 0);
}

uint64_t irq_looped_back(const struct irq_fixture *fixture, uint32_t index, uint32_t vector,
			 int event)
{
	uint64_t count;

	assert_int_equal(set_none(fixture->fd, TRIGGER, index, vector, 1), 0);
	count = raw_take(event);
	for (int i = 0; i < VECTORS; i++)
		assert_int_equal(raw_take(fixture->events[i]), 0);
	return count;
}

bool irq_is_on(const struct irq_fixture *fixture, uint32_t index, uint32_t vector, int event)
{
	return irq_looped_back(fixture, index, vector, event) == 1;
}

bool irq_is_dead(const struct irq_fixture *fixture, uint32_t index, uint32_t vector)
{
	return irq_looped_back(fixture, index, vector, fixture->events[0]) == 0;
}

void irq_sleep_and_wake(const struct irq_fixture *fixture)
{
	assert_int_equal(raw_enter(fixture->fd), 0);
	host_sees_deep_sleep();
	assert_int_equal(raw_exit(fixture->fd), 0);
}
