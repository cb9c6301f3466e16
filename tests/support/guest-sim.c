// SPDX-License-Identifier: MIT
/* The guest on the simulator: a simulated virtual machine without a processor. */
#include "guest.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/kvm.h>

#include "sim.h"
#include "test.h"

struct guest {
	int kvm, vm;
};

struct guest *guest_start(void)
{
	struct guest *guest = malloc(sizeof(*guest));

	assert_non_null(guest);
	guest->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	assert_true(guest->kvm >= 0);
	guest->vm = ioctl(guest->kvm, KVM_CREATE_VM, 0);
	assert_true(guest->vm >= 0);
	expect_ok(ioctl(guest->vm, KVM_CREATE_IRQCHIP, 0));
	return guest;
}

void guest_stop(struct guest *guest)
{
	close(guest->vm);
	close(guest->kvm);
	free(guest);
}

void guest_set_routes(const struct guest *guest)
{
	(void)guest;
}

void guest_set_route(struct guest *guest, uint32_t vector, uint64_t address, uint32_t message)
{
	(void)guest;
	(void)vector;
	(void)address;
	(void)message;
}

void guest_halt(struct guest *guest)
{
	(void)guest;
}

int guest_vm(const struct guest *guest)
{
	return guest->vm;
}

uint32_t guest_gsi(uint32_t vector)
{
	return 32 + vector;
}

unsigned guest_interrupts(const struct guest *guest, uint32_t vector)
{
	(void)guest;
	return sim_asserted(guest_gsi(vector));
}
