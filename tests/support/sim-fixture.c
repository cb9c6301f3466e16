// SPDX-License-Identifier: MIT
/* The fixture of the interrupt tests that need the simulator. */
#include "sim-fixture.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <linux/kcmp.h>

#include "raw.h"

void sim_fixture_open(struct sim_fixture *fixture, const char *kernel, unsigned vectors)
{
	struct sim_machine machine = { .kernel = kernel, .msix_vectors = vectors };

	*fixture = (struct sim_fixture){ .sim = sim_add(&machine) };
	fixture->fd = sim_open_device(fixture->sim);
	expect_ok(vfiopm_device_new_from_fd(fixture->fd, &fixture->dev));
	for (int i = 0; i < EVENTS; i++) {
		if (i % 2)
			expect_ok(vfiopm_irq_new_eventfd(fixture->dev, &fixture->events[i]));
		else
			fixture->events[i] = raw_eventfd();
	}
	for (int i = 0; i < VECTORS; i++)
		fixture->expected[i] = -1;
}

void sim_fixture_close(struct sim_fixture *fixture)
{
	vfiopm_device_free(fixture->dev);
	close(fixture->events[0]);
	close(fixture->events[2]);
	close(fixture->fd);
	sim_reset();
}

bool sim_fixture_same(int a, int b)
{
	if (a < 0 || b < 0)
		return a < 0 && b < 0;
	return syscall(SYS_kcmp, getpid(), getpid(), KCMP_FILE, a, b) == 0;
}

int sim_fixture_eventfd(const struct sim_fixture *fixture, uint32_t vector)
{
	return sim_irq_eventfd(fixture->sim, VFIOPM_IRQ_MSIX, vector);
}

void sim_fixture_check(const struct sim_fixture *fixture)
{
	assert_int_equal(sim_irq_active(fixture->sim),
			 fixture->enabled ? (int)VFIOPM_IRQ_MSIX : -1);
	for (uint32_t i = 0; i < VECTORS; i++)
		assert_true(
			sim_fixture_same(sim_fixture_eventfd(fixture, i), fixture->expected[i]));
}

uint32_t sim_fixture_random(uint32_t end)
{
	static uint64_t seed = 88172645463325252;

	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 32) % end;
}
