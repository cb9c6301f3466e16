// SPDX-License-Identifier: MIT
/*
 * A function level reset that a guest initiates, with the NVMe device of QEMU. The e1000e has none.
 * The register CC of the controller shows the reset.
 */
#include "test.h"
#include "testbed.h"
#include "vmm-fixture.h"

#define CC	     0x14		/* Controller Configuration, in BAR 0 */
#define CC_SIZES     UINT32_C(0x460000) /* the sizes of the queue entries, without EN */
#define COMMAND	     0x04
#define DEVICE_CAPS  4
#define CAN_FLR	     (UINT32_C(1) << 28)
#define CONTROL	     8
#define INITIATE_FLR UINT32_C(0x8000)

static uint32_t read32(struct vfiopm_region *region, uint64_t offset)
{
	uint32_t value = 0;

	expect_ok(vfiopm_region_read(region, offset, sizeof(value), 0, &value));
	return value;
}

static void set_cc(struct vfiopm_region *bar)
{
	const uint32_t value = CC_SIZES;

	expect_ok(vfiopm_region_write(bar, CC, sizeof(value), 0, &value));
	assert_int_equal(read32(bar, CC), CC_SIZES);
}

static void guest_resets_its_function(void **state)
{
	struct vfiopm_region *bar, *config;
	uint32_t command, control;
	struct vmm_fixture vmm;

	(void)state;
	vmm_fixture_open(&vmm);
	raw_enable_memory(vmm.irq.fd);
	expect_ok(vfiopm_region_new(vmm.irq.dev, VFIOPM_REGION_BAR0, &bar));
	expect_ok(vfiopm_region_new(vmm.irq.dev, VFIOPM_REGION_CONFIG, &config));
	assert_true(vmm_config_read(&vmm, vmm.express + DEVICE_CAPS, 4) & CAN_FLR);
	command = vmm_config_read(&vmm, COMMAND, 2);
	control = vmm_config_read(&vmm, vmm.express + CONTROL, 2) | INITIATE_FLR;

	/* vfio-pci resets the device too if the VMM makes the write. */
	set_cc(bar);
	expect_ok(vfiopm_region_write(config, vmm.express + CONTROL, 2, 0, &control));
	assert_int_equal(read32(bar, CC), 0);

	set_cc(bar);
	vmm_program(&vmm, 1);
	vmm_set_mask(&vmm, 1, false);
	vmm_msix_control(&vmm, VMM_MSIX_ENABLE);
	assert_int_not_equal(vmm_attached(&vmm, VFIOPM_IRQ_MSIX, 1), -1);
	vmm_config_write(&vmm, vmm.express + CONTROL, 2, control);
	assert_int_equal(vmm.reports, 0);
	assert_int_equal(read32(bar, CC), 0);
	assert_int_equal(vmm_config_read(&vmm, vmm.express + CONTROL, 2), control & ~INITIATE_FLR);
	/* The kernel has restored COMMAND. */
	assert_int_equal(vmm_config_read(&vmm, COMMAND, 2), command);
	assert_int_equal(vmm_config_read(&vmm, vmm.msix + 3, 1) & 0x80, 0);
	assert_int_equal(vmm_table_read(&vmm, 16, 8), 0);
	assert_int_equal(vmm_table_read(&vmm, 24, 8), (uint64_t)1 << 32);
	assert_int_equal(vmm_attached(&vmm, VFIOPM_IRQ_MSIX, 1), -1);
	assert_int_not_equal(vmm_attached(&vmm, VFIOPM_IRQ_INTX, 0), -1);
	assert_null(vfiopm_region_free(bar));
	assert_null(vfiopm_region_free(config));
	vmm_fixture_close(&vmm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_TESTBED(guest_resets_its_function),
	};

	return cmocka_run_group_tests_name("guest-flr", tests, NULL, NULL);
}
