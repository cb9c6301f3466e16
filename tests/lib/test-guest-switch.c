// SPDX-License-Identifier: MIT
/*
 * A guest changes between INTx, MSI and MSI-X at random, masks vectors and ends interrupts, while
 * the device raises interrupts. The number of interrupts that the guest receives must be that of a
 * model after each step: none is lost, and none is invented.
 */
#include <errno.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/kvm.h>

#include <vfiopm/vfiopm.h>

#include "guest.h"
#include "raw.h"
#include "sim-fixture.h"
#include "testbed.h"

#define STEPS 50000

/* The capabilities. MSI with mask bits takes the place of the one of the e1000e. */
#define PM	     0xc8
#define MSI	     0x50
#define MSIX	     0xa0

#define MSI_VECTORS  4
#define MSIX_VECTORS 5
/* The first GSI of each type. */
#define GSI(index) (32 + 16 * (index))

enum { NONE = -1 };

struct vmm {
	struct sim_device *sim;
	struct vfiopm_device *dev;
	int fd;
	struct guest *machine;
	struct vfiopm_guest *guest;
	int resample_fd;
	bool fires_in_gap;
	unsigned reports;
};

/* What the device and the guest's driver do, without the library. */
struct model {
	bool has_intx;
	int type;
	unsigned expected[3][MSIX_VECTORS];
	bool level, awaits_end; /* INTx */
	bool msi_on;
	unsigned msi_count, msi_masks, msi_pending;
	bool msix_on, msix_masked;
	unsigned msix_masks, msix_pending;
};

/* ---- the callbacks ---- */

static int route(void *data, uint32_t index, uint32_t vector, uint64_t address, uint32_t message)
{
	(void)data;
	(void)address;
	(void)message;
	return (int)(GSI(index) + vector);
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
		vmm->resample_fd = on ? resample_fd : -1;
	}
	/* No type is enabled in VFIO. */
	if (vmm->fires_in_gap && resample_fd >= 0 && on && sim_irq_active(vmm->sim) == NONE)
		sim_fire(vmm->sim, VFIOPM_IRQ_INTX, 0);
	return ioctl(guest_vm(vmm->machine), KVM_IRQFD, &request) < 0 ? -errno : 0;
}

static void broken(void *data, const char *call, int error)
{
	(void)call;
	(void)error;
	((struct vmm *)data)->reports++;
}

static const struct vfiopm_guest_ops ops = { .route = route, .irqfd = irqfd, .broken = broken };

/* ---- the model ---- */

static void raise_intx(struct model *model)
{
	if (model->type == VFIOPM_IRQ_INTX && model->level && !model->awaits_end) {
		model->expected[VFIOPM_IRQ_INTX][0]++;
		model->awaits_end = true;
	}
}

static void raise_msi(struct model *model, unsigned vector)
{
	if (model->type != VFIOPM_IRQ_MSI || vector >= model->msi_count)
		return;
	if (model->msi_masks >> vector & 1)
		model->msi_pending |= 1u << vector;
	else
		model->expected[VFIOPM_IRQ_MSI][vector]++;
}

static void raise_msix(struct model *model, unsigned vector)
{
	if (model->type != VFIOPM_IRQ_MSIX)
		return;
	if (model->msix_masked || model->msix_masks >> vector & 1)
		model->msix_pending |= 1u << vector;
	else
		model->expected[VFIOPM_IRQ_MSIX][vector]++;
}

static void send_pending(struct model *model)
{
	unsigned msi = model->msi_pending, msix = model->msix_pending;

	for (unsigned i = 0; i < MSIX_VECTORS; i++) {
		if (model->type == VFIOPM_IRQ_MSI && msi >> i & 1) {
			model->msi_pending &= ~(1u << i);
			raise_msi(model, i);
		}
		if (model->type == VFIOPM_IRQ_MSIX && msix >> i & 1) {
			model->msix_pending &= ~(1u << i);
			raise_msix(model, i);
		}
	}
}

static void change_type(struct model *model, bool fires_in_gap)
{
	int type = model->has_intx ? (int)VFIOPM_IRQ_INTX : NONE;

	if (model->msi_on)
		type = VFIOPM_IRQ_MSI;
	if (model->msix_on)
		type = VFIOPM_IRQ_MSIX;
	if (type != model->type) {
		model->type = type;
		model->awaits_end = false;
		/* Only INTx stays asserted until the new type is enabled. */
		if (type == VFIOPM_IRQ_INTX)
			model->level |= fires_in_gap;
	}
	raise_intx(model);
	send_pending(model);
}

static void compare(const struct vmm *vmm, const struct model *model)
{
	assert_int_equal(sim_irq_active(vmm->sim), model->type);
	for (uint32_t index = 0; index <= VFIOPM_IRQ_MSIX; index++) {
		for (uint32_t i = 0; i < MSIX_VECTORS; i++)
			assert_int_equal(sim_asserted(GSI(index) + i), model->expected[index][i]);
	}
	assert_int_equal(vmm->reports, 0);
}

/* ---- the steps ---- */

static void put(const struct vmm *vmm, uint32_t offset, uint32_t width, uint32_t value)
{
	assert_int_equal(vfiopm_guest_config_write(vmm->guest, offset, width, value), 1);
}

static void write_msi_control(const struct vmm *vmm, struct model *model)
{
	unsigned log2 = sim_fixture_random(3);

	/* The number of vectors changes only while MSI is disabled. */
	if (!model->msi_on)
		model->msi_count = 1u << log2;
	else
		log2 = (unsigned)__builtin_ctz(model->msi_count);
	model->msi_on = sim_fixture_random(2);
	put(vmm, MSI + 2, 2, log2 << 4 | model->msi_on);
	change_type(model, vmm->fires_in_gap);
}

static void write_msix_control(const struct vmm *vmm, struct model *model)
{
	model->msix_on = sim_fixture_random(2);
	model->msix_masked = sim_fixture_random(3) == 0;
	put(vmm, MSIX + 2, 2, (uint32_t)model->msix_on << 15 | (uint32_t)model->msix_masked << 14);
	change_type(model, vmm->fires_in_gap);
}

static void write_msi_masks(const struct vmm *vmm, struct model *model)
{
	model->msi_masks = sim_fixture_random(16);
	put(vmm, MSI + 16, 1, model->msi_masks);
	send_pending(model);
}

static void write_msix_mask(const struct vmm *vmm, struct model *model)
{
	uint32_t vector = sim_fixture_random(MSIX_VECTORS), masked = sim_fixture_random(2);

	model->msix_masks = (model->msix_masks & ~(1u << vector)) | masked << vector;
	assert_int_equal(vfiopm_guest_msix_write(vmm->guest, 3, 16 * vector + 12, 4, &masked), 1);
	send_pending(model);
}

static void fire(const struct vmm *vmm, struct model *model)
{
	uint32_t vector = sim_fixture_random(MSIX_VECTORS);

	if (sim_fixture_random(4) == 0) {
		sim_fire(vmm->sim, VFIOPM_IRQ_INTX, 0);
		model->level = true;
		raise_intx(model);
	}
	sim_fire(vmm->sim, VFIOPM_IRQ_MSI, vector);
	raise_msi(model, vector);
	sim_fire(vmm->sim, VFIOPM_IRQ_MSIX, vector);
	raise_msix(model, vector);
}

/* The driver serves the device, then ends the interrupt; or it ends it first. */
static void end_intx(const struct vmm *vmm, struct model *model)
{
	if (sim_fixture_random(2)) {
		sim_clear_intx(vmm->sim);
		model->level = false;
	}
	if (model->awaits_end) {
		raw_add(vmm->resample_fd, 1);
		model->awaits_end = false;
		raise_intx(model);
	}
}

static void (*const steps[])(const struct vmm *vmm, struct model *model) = {
	fire,
	fire,
	fire,
	write_msi_control,
	write_msix_control,
	write_msi_masks,
	write_msix_mask,
	end_intx,
};

static void open_vmm(struct vmm *vmm, bool has_intx)
{
	const struct sim_machine machine = {
		.kernel = testbed_kernel(),
		.no_intx = !has_intx,
		.msi_vectors = MSI_VECTORS,
	};
	const uint8_t msi[] = { 0x05, 0xe0, 0x84, 0x01 }, next = MSI;

	*vmm = (struct vmm){ .sim = sim_add(&machine), .machine = guest_start() };
	sim_set_config(vmm->sim, MSI, msi, sizeof(msi));
	sim_set_config(vmm->sim, PM + 1, &next, sizeof(next));
	vmm->fd = sim_open_device(vmm->sim);
	expect_ok(vfiopm_device_new_from_fd(vmm->fd, &vmm->dev));
	expect_ok(vfiopm_guest_new(vmm->dev, &ops, sizeof(ops), vmm, &vmm->guest));
	expect_ok(vfiopm_guest_set_policy(vmm->guest, VFIOPM_MSIX_POLICY_HOLD));
	expect_ok(vfiopm_guest_reset(vmm->guest));
	sim_hold_awake(vmm->sim, true);
}

static void run(bool has_intx)
{
	struct model model = {
		.has_intx = has_intx,
		.type = has_intx ? (int)VFIOPM_IRQ_INTX : NONE,
		.msi_count = 1,
		.msix_masks = 0x1f,
	};
	struct vmm vmm;

	open_vmm(&vmm, has_intx);
	compare(&vmm, &model);
	for (unsigned i = 0; i < STEPS; i++) {
		vmm.fires_in_gap = i / 256 % 2;
		steps[sim_fixture_random(sizeof(steps) / sizeof(steps[0]))](&vmm, &model);
		compare(&vmm, &model);
	}
	for (uint32_t index = !has_intx; index <= VFIOPM_IRQ_MSIX; index++)
		assert_true(model.expected[index][0] > STEPS / 100);
	sim_hold_awake(vmm.sim, false);
	vfiopm_guest_free(vmm.guest);
	vfiopm_device_free(vmm.dev);
	close(vmm.fd);
	guest_stop(vmm.machine);
	sim_reset();
}

static void changes_of_the_type_lose_and_invent_nothing(void **state)
{
	(void)state;
	run(true);
}

/* Without INTx no type is on while the guest has enabled neither MSI nor MSI-X. */
static void a_device_without_intx(void **state)
{
	(void)state;
	run(false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(changes_of_the_type_lose_and_invent_nothing),
		cmocka_unit_test(a_device_without_intx),
	};

	return cmocka_run_group_tests_name("guest-switch", tests, NULL, NULL);
}
