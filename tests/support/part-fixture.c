// SPDX-License-Identifier: MIT
/* The fixture of the tests of one part of struct vfiopm_guest. */
#include "part-fixture.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/kvm.h>

#include "lib/guest/host.h"

#define FIRST_GSI 32
#define INTX_GSI  (PART_GSIS * PART_VECTORS)

static int route(void *data, uint32_t index, uint32_t vector, uint64_t address, uint32_t message)
{
	struct part_fixture *fixture = data;
	uint32_t gsi = index == VFIOPM_IRQ_INTX ? INTX_GSI : vector;

	fixture->routes++;
	if (fixture->route_result < 0 && vector == fixture->failing_vector)
		return fixture->route_result;
	if (fixture->other_gsi && index == VFIOPM_IRQ_MSI && fixture->attached_fd[gsi] >= 0)
		gsi += PART_VECTORS;
	fixture->route[gsi].address = address;
	fixture->route[gsi].message = message;
	return FIRST_GSI + (int)gsi;
}

static int irqfd(void *data, uint32_t gsi, int fd, int resample_fd, int on)
{
	struct part_fixture *fixture = data;
	struct kvm_irqfd request = {
		.fd = (uint32_t)fd,
		.gsi = gsi,
		.flags = on ? 0 : KVM_IRQFD_FLAG_DEASSIGN,
	};
	int result = on ? fixture->attach_result : fixture->detach_result;

	if (on)
		fixture->attaches++;
	else
		fixture->early_detaches += sim_irq_active(fixture->sim) >= 0;
	if (result != 0)
		return result;
	assert_in_range(gsi, FIRST_GSI, FIRST_GSI + INTX_GSI);
	assert_int_equal(resample_fd >= 0, gsi == FIRST_GSI + INTX_GSI);
	if (resample_fd >= 0) {
		request.flags |= KVM_IRQFD_FLAG_RESAMPLE;
		request.resamplefd = (uint32_t)resample_fd;
	}
	/* Attached and detached in turn, each time with the same eventfd. */
	gsi -= FIRST_GSI;
	assert_int_equal(fixture->attached_fd[gsi], on ? -1 : fd);
	if (ioctl(guest_vm(fixture->guest), KVM_IRQFD, &request) < 0)
		return -errno;
	fixture->attached_fd[gsi] = on ? fd : -1;
	fixture->resample_fd = on ? resample_fd : -1;
	return 0;
}

static void broken(void *data, const char *call, int error)
{
	struct part_fixture *fixture = data;

	fixture->reports++;
	fixture->reported_call = call;
	fixture->reported_error = error;
}

void part_fixture_open(struct part_fixture *fixture, const char *kernel, unsigned vectors)
{
	struct sim_machine machine = { .kernel = kernel, .msi_vectors = vectors };

	*fixture = (struct part_fixture){
		.sim = sim_add(&machine),
		.guest = guest_start(),
		.ops = { .route = route, .irqfd = irqfd, .broken = broken },
		.resample_fd = -1,
	};
	memset(fixture->attached_fd, -1, sizeof(fixture->attached_fd));
	fixture->fd = sim_open_device(fixture->sim);
	expect_ok(vfiopm_device_new_from_fd(fixture->fd, &fixture->dev));
	expect_ok(vfiopm__guest_host_init(&fixture->host, fixture->dev, &fixture->ops, fixture));
}

void part_fixture_close(struct part_fixture *fixture)
{
	vfiopm__guest_host_end(&fixture->host);
	vfiopm_device_free(fixture->dev);
	close(fixture->fd);
	guest_stop(fixture->guest);
	sim_reset();
}

unsigned part_interrupts(uint32_t vector)
{
	return sim_asserted(FIRST_GSI + vector) + sim_asserted(FIRST_GSI + PART_VECTORS + vector);
}

unsigned part_intx(void)
{
	return sim_asserted(FIRST_GSI + INTX_GSI);
}

int part_attached(const struct part_fixture *fixture, uint32_t vector)
{
	for (uint32_t gsi = vector; gsi < INTX_GSI; gsi += PART_VECTORS) {
		if (fixture->attached_fd[gsi] >= 0)
			return (int)gsi;
	}
	return -1;
}

void part_expect_report(struct part_fixture *fixture, const char *call, int error)
{
	assert_int_not_equal(fixture->reports, 0);
	assert_string_equal(fixture->reported_call, call);
	assert_int_equal(fixture->reported_error, error);
	fixture->reports = 0;
	vfiopm__guest_forget_reports(&fixture->host);
}

uint64_t part_issued(const struct part_fixture *fixture)
{
	uint64_t issued, saved;

	expect_ok(vfiopm_irq_get_stats(fixture->dev, &issued, &saved));
	return issued;
}

void part_fire(const struct part_fixture *fixture, uint32_t index, uint32_t vector)
{
	sim_hold_awake(fixture->sim, true);
	sim_fire(fixture->sim, index, vector);
	sim_hold_awake(fixture->sim, false);
}
