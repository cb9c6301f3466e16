// SPDX-License-Identifier: MIT
/*
 * The interrupts of a guest with a virtual machine: its driver uses INTx, MSI and MSI-X, one after
 * the other, and each interrupt of the device reaches the processor of the guest.
 */
#include <errno.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/kvm.h>

#include <vfiopm/vfiopm.h>

#include "guest.h"
#include "irq-fixture.h"
#include "testbed.h"

/* The vectors of the guest. MSI has one of its own. */
#define MSI  4
#define MSIX 2

struct vmm {
	struct irq_fixture irq;
	struct guest *machine;
	struct vfiopm_guest *guest;
	int resample_fd;
	unsigned reports;
	uint32_t msi, msix, bar, table; /* the capabilities; where the MSI-X table is */
};

/* ---- the callbacks ---- */

static int route(void *data, uint32_t index, uint32_t vector, uint64_t address, uint32_t message)
{
	struct vmm *vmm = data;

	if (index == VFIOPM_IRQ_INTX)
		return (int)guest_gsi(GUEST_INTX);
	if (index == VFIOPM_IRQ_MSI)
		vector = MSI;
	guest_set_route(vmm->machine, vector, address, message);
	return (int)guest_gsi(vector);
}

static int irqfd(void *data, uint32_t gsi, int fd, int resample_fd, int on)
{
	struct vmm *vmm = data;
	struct kvm_irqfd request = {
		.fd = (uint32_t)fd,
		.gsi = gsi,
		.flags = on ? 0 : KVM_IRQFD_FLAG_DEASSIGN,
	};

	if (resample_fd >= 0) {
		request.flags |= KVM_IRQFD_FLAG_RESAMPLE;
		request.resamplefd = (uint32_t)resample_fd;
		vmm->resample_fd = resample_fd;
	}
	return ioctl(guest_vm(vmm->machine), KVM_IRQFD, &request) < 0 ? -errno : 0;
}

static void broken(void *data, const char *call, int error)
{
	struct vmm *vmm = data;

	print_message("# %s: %d\n", call, error);
	vmm->reports++;
}

static const struct vfiopm_guest_ops ops = { .route = route, .irqfd = irqfd, .broken = broken };

/* ---- the guest ---- */

static uint32_t get(struct vmm *vmm, uint32_t offset, uint32_t width)
{
	uint32_t value = 0;
	int r = vfiopm_guest_config_read(vmm->guest, offset, width, &value);

	assert_in_range(r, 0, 1);
	for (uint32_t i = 0; r == 0 && i < width; i++) {
		uint8_t byte;

		expect_ok(raw_read_config(vmm->irq.fd, offset + i, &byte));
		value |= (uint32_t)byte << 8 * i;
	}
	return value;
}

static void put(struct vmm *vmm, uint32_t offset, uint32_t width, uint32_t value)
{
	assert_int_equal(vfiopm_guest_config_write(vmm->guest, offset, width, value), 1);
}

static void put_table(struct vmm *vmm, uint32_t offset, uint32_t value)
{
	assert_int_equal(vfiopm_guest_msix_write(vmm->guest, vmm->bar, vmm->table + offset,
						 sizeof(value), &value),
			 1);
}

static void open_vmm(struct vmm *vmm)
{
	*vmm = (struct vmm){ .resample_fd = -1 };
	irq_fixture_open(&vmm->irq);
	vmm->machine = guest_start();
	expect_ok(vfiopm_guest_new(vmm->irq.dev, &ops, sizeof(ops), vmm, &vmm->guest));
	for (uint32_t at = get(vmm, 0x34, 1); at != 0; at = get(vmm, at + 1, 1)) {
		if (get(vmm, at, 1) == 0x05)
			vmm->msi = at;
		if (get(vmm, at, 1) == 0x11)
			vmm->msix = at;
	}
	assert_int_not_equal(vmm->msi, 0);
	assert_int_not_equal(vmm->msix, 0);
	vmm->bar = get(vmm, vmm->msix + 4, 4) & 7;
	vmm->table = get(vmm, vmm->msix + 4, 4) & ~UINT32_C(7);
	expect_ok(vfiopm_guest_reset(vmm->guest));
}

static void close_vmm(struct vmm *vmm)
{
	assert_int_equal(vmm->reports, 0);
	assert_null(vfiopm_guest_free(vmm->guest));
	guest_stop(vmm->machine);
	irq_fixture_close(&vmm->irq);
}

static void enable_msi(struct vmm *vmm)
{
	put(vmm, vmm->msi + 4, 4, (uint32_t)GUEST_ADDRESS);
	put(vmm, vmm->msi + 8, 4, 0);
	put(vmm, vmm->msi + 12, 2, GUEST_MESSAGE(MSI));
	put(vmm, vmm->msi + 2, 2, 1);
}

static void enable_msix(struct vmm *vmm)
{
	put(vmm, vmm->msix + 2, 2, 0xc000); /* with the function mask */
	put_table(vmm, 16 * MSIX, (uint32_t)GUEST_ADDRESS);
	put_table(vmm, 16 * MSIX + 4, 0);
	put_table(vmm, 16 * MSIX + 8, GUEST_MESSAGE(MSIX));
	put_table(vmm, 16 * MSIX + 12, 0);
	put(vmm, vmm->msix + 2, 2, 0x8000);
}

static void fire(const struct vmm *vmm, uint32_t index, uint32_t vector)
{
	testbed_fire(&vmm->irq.raw, index, vector);
	testbed_let_arrive();
}

/* Only interrupts that are relayed need this. */
static void dispatch(const struct vmm *vmm)
{
	struct pollfd pollfd = { .fd = vfiopm_guest_get_fd(vmm->guest), .events = POLLIN };

	while (poll(&pollfd, 1, 0) == 1)
		assert_true(vfiopm_guest_dispatch(vmm->guest) >= 0);
}

/* Wait until the guest has handled at least this number of interrupts. */
static unsigned handled(const struct vmm *vmm, uint32_t vector, unsigned least)
{
	for (int i = 0; i < 2000 && guest_interrupts(vmm->machine, vector) < least; i++) {
		dispatch(vmm);
		if (!testbed_is_simulated())
			usleep(1000);
	}
	testbed_let_arrive();
	return guest_interrupts(vmm->machine, vector);
}

/* The processor of the lab ends an interrupt by itself. */
static void end_intx(const struct vmm *vmm)
{
	if (testbed_is_simulated())
		raw_add(vmm->resample_fd, 1);
}

/* The device asserts INTx until it is served. The guest is interrupted until then, and not
 * after. */
static void intx_arrives(const struct vmm *vmm)
{
	unsigned count = guest_interrupts(vmm->machine, GUEST_INTX);

	fire(vmm, VFIOPM_IRQ_INTX, 0);
	assert_true(handled(vmm, GUEST_INTX, count + 1) > count);
	count = guest_interrupts(vmm->machine, GUEST_INTX);
	end_intx(vmm);
	assert_true(handled(vmm, GUEST_INTX, count + 1) > count);
	testbed_clear(&vmm->irq.raw);
	end_intx(vmm);
	testbed_let_arrive();
	count = guest_interrupts(vmm->machine, GUEST_INTX);
	assert_int_equal(handled(vmm, GUEST_INTX, count), count);
}

static void message_arrives(const struct vmm *vmm, uint32_t index, uint32_t vector, uint32_t number)
{
	unsigned count = guest_interrupts(vmm->machine, number);

	fire(vmm, index, vector);
	testbed_clear(&vmm->irq.raw);
	assert_int_equal(handled(vmm, number, count + 1), count + 1);
}

/* ---- the tests ---- */

static void a_driver_uses_intx(void **state)
{
	struct vmm vmm;

	(void)state;
	open_vmm(&vmm);
	for (int i = 0; i < 3; i++)
		intx_arrives(&vmm);
	close_vmm(&vmm);
}

static void a_driver_uses_msi(void **state)
{
	struct vmm vmm;

	(void)state;
	open_vmm(&vmm);
	enable_msi(&vmm);
	for (int i = 0; i < 5; i++)
		message_arrives(&vmm, VFIOPM_IRQ_MSI, 0, MSI);
	/* The guest writes the same message again, and another one. */
	put(&vmm, vmm.msi + 12, 2, GUEST_MESSAGE(MSI));
	message_arrives(&vmm, VFIOPM_IRQ_MSI, 0, MSI);
	put(&vmm, vmm.msi + 12, 2, GUEST_MESSAGE(0));
	fire(&vmm, VFIOPM_IRQ_MSI, 0);
	testbed_clear(&vmm.irq.raw);
	/* The processor counts the other message. The simulator counts by the GSI. */
	assert_int_equal(handled(&vmm, testbed_is_simulated() ? MSI : 0, 1),
			 testbed_is_simulated() ? 7 : 1);
	close_vmm(&vmm);
}

static void a_driver_changes_the_type(void **state)
{
	struct vmm vmm;

	(void)state;
	open_vmm(&vmm);
	for (unsigned i = 0; i < 5; i++) {
		intx_arrives(&vmm);
		enable_msi(&vmm);
		for (int j = 0; j < 3; j++)
			message_arrives(&vmm, VFIOPM_IRQ_MSI, 0, MSI);
		/* MSI-X takes the place of MSI. */
		enable_msix(&vmm);
		put(&vmm, vmm.msi + 2, 2, 0);
		for (int j = 0; j < 3; j++)
			message_arrives(&vmm, VFIOPM_IRQ_MSIX, MSIX, MSIX);
		put(&vmm, vmm.msix + 2, 2, 0);
	}
	intx_arrives(&vmm);
	/* The changes have delivered no interrupt of their own. */
	assert_int_equal(guest_interrupts(vmm.machine, MSI), 5 * 3);
	assert_int_equal(guest_interrupts(vmm.machine, MSIX), 5 * 3);
	close_vmm(&vmm);
}

/* The guest turns the device off and on, and changes a message in between. */
static void interrupts_arrive_after_low_power(void **state)
{
	struct vmm vmm;

	(void)state;
	testbed_need_low_power();
	open_vmm(&vmm);
	enable_msi(&vmm);
	message_arrives(&vmm, VFIOPM_IRQ_MSI, 0, MSI);
	put(&vmm, vmm.msi + 12, 2, GUEST_MESSAGE(0));
	expect_ok(vfiopm_guest_power_off(vmm.guest));
	testbed_let_suspend();
	put(&vmm, vmm.msi + 12, 2, GUEST_MESSAGE(MSI));
	assert_int_equal(get(&vmm, vmm.msi + 12, 2), GUEST_MESSAGE(MSI));
	expect_ok(vfiopm_guest_power_on(vmm.guest));
	message_arrives(&vmm, VFIOPM_IRQ_MSI, 0, MSI);

	/* The change to INTx waits until the device is awake. */
	expect_ok(vfiopm_guest_power_off(vmm.guest));
	testbed_let_suspend();
	put(&vmm, vmm.msi + 2, 2, 0);
	expect_ok(vfiopm_guest_power_on(vmm.guest));
	intx_arrives(&vmm);
	close_vmm(&vmm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_TESTBED(a_driver_uses_intx),
		ON_TESTBED(a_driver_uses_msi),
		ON_TESTBED(a_driver_changes_the_type),
		ON_TESTBED(interrupts_arrive_after_low_power),
	};

	return cmocka_run_group_tests_name("guest-irq", tests, NULL, NULL);
}
