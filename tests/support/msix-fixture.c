// SPDX-License-Identifier: MIT
/* The fixture of the MSI-X masking tests. */
#include "msix-fixture.h"

#include <poll.h>
#include <unistd.h>

#include "testbed.h"

static int attach(void *data, uint32_t vector, int irqfd)
{
	return vfiopm_kvm_attach(((struct msix_fixture *)data)->kvm, vector, irqfd);
}

static int detach(void *data, uint32_t vector, int irqfd)
{
	return vfiopm_kvm_detach(((struct msix_fixture *)data)->kvm, vector, irqfd);
}

const struct vfiopm_msix_ops msix_kvm_ops = { .attach = attach, .detach = detach };

void msix_fixture_restart(struct msix_fixture *fixture, const struct vfiopm_msix_ops *ops,
			  void *data)
{
	vfiopm_msix_free(fixture->msix);
	expect_ok(vfiopm_msix_new(fixture->irq.dev, ops, sizeof(*ops), data, &fixture->msix));
}

void msix_fixture_open_with(struct msix_fixture *fixture, const struct vfiopm_msix_ops *ops,
			    void *data)
{
	*fixture = (struct msix_fixture){ 0 };
	irq_fixture_open(&fixture->irq);
	fixture->guest = guest_start();
	expect_ok(vfiopm_kvm_new(guest_vm(fixture->guest), VECTORS, &fixture->kvm));
	for (uint32_t i = 0; i < VECTORS; i++)
		expect_ok(vfiopm_kvm_set_gsi(fixture->kvm, i, guest_gsi(i)));
	msix_fixture_restart(fixture, ops, data);
}

void msix_fixture_open(struct msix_fixture *fixture)
{
	msix_fixture_open_with(fixture, &msix_kvm_ops, fixture);
}

void msix_fixture_close(struct msix_fixture *fixture)
{
	vfiopm_msix_free(fixture->msix);
	vfiopm_kvm_free(fixture->kvm);
	guest_stop(fixture->guest);
	irq_fixture_close(&fixture->irq);
}

void msix_begin(struct msix_fixture *fixture, uint32_t policy)
{
	expect_ok(vfiopm_msix_set_policy(fixture->msix, policy));
	expect_ok(vfiopm_msix_use(fixture->msix, 0, 1));
	expect_ok(vfiopm_msix_unmask(fixture->msix, 0));
}

void msix_dispatch_all(const struct msix_fixture *fixture)
{
	struct pollfd pollfd = { .fd = vfiopm_msix_get_fd(fixture->msix), .events = POLLIN };

	while (poll(&pollfd, 1, 0) == 1)
		assert_true(vfiopm_msix_dispatch(fixture->msix) >= 0);
}

void msix_guest_has(const struct msix_fixture *fixture, uint32_t vector, unsigned count)
{
	for (int i = 0; i < 2000 && guest_interrupts(fixture->guest, vector) < count; i++) {
		msix_dispatch_all(fixture);
		if (!testbed_is_simulated())
			usleep(1000);
	}
	assert_int_equal(guest_interrupts(fixture->guest, vector), count);
}

void msix_fire(const struct msix_fixture *fixture, uint32_t vector)
{
	testbed_fire(&fixture->irq.raw, VFIOPM_IRQ_MSIX, vector);
	testbed_let_arrive();
	testbed_clear(&fixture->irq.raw);
}

struct vfiopm_msix_stats msix_stats(const struct msix_fixture *fixture)
{
	struct vfiopm_msix_stats stats;

	expect_ok(vfiopm_msix_get_stats(fixture->msix, VFIOPM_MSIX_ALL, sizeof(stats), &stats));
	return stats;
}

uint32_t msix_mode(const struct msix_fixture *fixture, uint32_t vector)
{
	uint32_t mode;

	expect_ok(vfiopm_msix_get_mode(fixture->msix, vector, &mode));
	return mode;
}
