// SPDX-License-Identifier: MIT
/* The bench of the tests of MSI-X masking. */
#include "msix.h"

#include <poll.h>
#include <unistd.h>

#include "world.h"

void msix_bench_restart(struct msix_bench *bench)
{
	vfiopm_msix_free(bench->msix);
	expect_ok(vfiopm_msix_new(bench->irq.dev, &bench->msix));
}

void msix_bench_open(struct msix_bench *bench)
{
	*bench = (struct msix_bench){ 0 };
	irq_bench_open(&bench->irq);
	bench->guest = guest_start();
	expect_ok(vfiopm_kvm_new(guest_vm(bench->guest), VECTORS, &bench->kvm));
	for (uint32_t i = 0; i < VECTORS; i++)
		expect_ok(vfiopm_kvm_set_gsi(bench->kvm, i, guest_gsi(i)));
	msix_bench_restart(bench);
	expect_ok(vfiopm_msix_set_irqfd(bench->msix, vfiopm_kvm_attach, vfiopm_kvm_detach,
					bench->kvm));
}

void msix_bench_close(struct msix_bench *bench)
{
	vfiopm_msix_free(bench->msix);
	vfiopm_kvm_free(bench->kvm);
	guest_stop(bench->guest);
	irq_bench_close(&bench->irq);
}

void msix_begin(struct msix_bench *bench, uint32_t policy)
{
	expect_ok(vfiopm_msix_set_policy(bench->msix, policy));
	expect_ok(vfiopm_msix_use(bench->msix, 0, 1));
	expect_ok(vfiopm_msix_unmask(bench->msix, 0));
}

void msix_dispatch_all(const struct msix_bench *bench)
{
	struct pollfd pollfd = { .fd = vfiopm_msix_get_fd(bench->msix), .events = POLLIN };

	while (poll(&pollfd, 1, 0) == 1)
		assert_true(vfiopm_msix_dispatch(bench->msix) >= 0);
}

void msix_guest_has(const struct msix_bench *bench, uint32_t vector, unsigned count)
{
	for (int i = 0; i < 2000 && guest_interrupts(bench->guest, vector) < count; i++) {
		msix_dispatch_all(bench);
		if (!world_is_simulated())
			usleep(1000);
	}
	assert_int_equal(guest_interrupts(bench->guest, vector), count);
}

void msix_fire(const struct msix_bench *bench, uint32_t vector)
{
	world_fire(&bench->irq.raw, VFIOPM_IRQ_MSIX, vector);
	world_let_arrive();
	world_clear(&bench->irq.raw);
}

uint64_t msix_stat(const struct msix_bench *bench, uint32_t stat)
{
	uint64_t value;

	expect_ok(vfiopm_msix_get_stat(bench->msix, VFIOPM_MSIX_ALL, stat, &value));
	return value;
}

uint32_t msix_way(const struct msix_bench *bench, uint32_t vector)
{
	uint32_t way;

	expect_ok(vfiopm_msix_get_way(bench->msix, vector, &way));
	return way;
}
