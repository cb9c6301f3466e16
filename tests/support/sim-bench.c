// SPDX-License-Identifier: MIT
/* The bench of the interrupt tests that need the simulator. */
#include "sim-bench.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <linux/kcmp.h>

#include "raw.h"

void sim_bench_open(struct sim_bench *bench, const char *kernel, unsigned vectors)
{
	struct sim_machine machine = { .kernel = kernel, .msix_vectors = vectors };

	*bench = (struct sim_bench){ .sim = sim_add(&machine) };
	bench->fd = sim_open_device(bench->sim);
	expect_ok(vfiopm_device_new_from_fd(bench->fd, &bench->dev));
	for (int i = 0; i < EVENTS; i++) {
		if (i % 2)
			expect_ok(vfiopm_irq_new_eventfd(bench->dev, &bench->events[i]));
		else
			bench->events[i] = raw_eventfd();
	}
	for (int i = 0; i < VECTORS; i++)
		bench->believed[i] = -1;
}

void sim_bench_close(struct sim_bench *bench)
{
	vfiopm_device_free(bench->dev);
	close(bench->events[0]);
	close(bench->events[2]);
	close(bench->fd);
	sim_reset();
}

bool sim_bench_same(int a, int b)
{
	if (a < 0 || b < 0)
		return a < 0 && b < 0;
	return syscall(SYS_kcmp, getpid(), getpid(), KCMP_FILE, a, b) == 0;
}

int sim_bench_eventfd(const struct sim_bench *bench, uint32_t vector)
{
	return sim_irq_eventfd(bench->sim, VFIOPM_IRQ_MSIX, vector);
}

void sim_bench_check(const struct sim_bench *bench)
{
	assert_int_equal(sim_irq_active(bench->sim), bench->enabled ? (int)VFIOPM_IRQ_MSIX : -1);
	for (uint32_t i = 0; i < VECTORS; i++)
		assert_true(sim_bench_same(sim_bench_eventfd(bench, i), bench->believed[i]));
}

uint32_t sim_bench_random(uint32_t end)
{
	static uint64_t seed = 88172645463325252;

	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 32) % end;
}
