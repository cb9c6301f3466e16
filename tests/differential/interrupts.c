// SPDX-License-Identifier: MIT
/*
 * Interrupts that the device raises. In the e1000e of the lab, a register raises them, as in
 * tests/support/e1000e.c. The model makes the calls that matter to runtime PM and to COMMAND.
 */
#include <unistd.h>

#include "differential.h"
#include "lib/uapi.h"
#include "sim.h"
#include "tests/support/e1000e-registers.h"

/* QEMU asserts that MSI-X stays enabled until its throttling timer ends
 * (hw/net/e1000e_core.c, e1000e_intrmgr_on_msix_throttling_timer()). */
#define THROTTLING_US 2000

static void enable(const struct side *side)
{
	const uint8_t command = 6; /* memory and bus master */
	const off_t config = (off_t)VFIO_PCI_CONFIG_REGION_INDEX << 40;

	side_pwrite(side, side->fds[SLOT_DEV], &command, sizeof(command), config + 4);
}

static void write_register(const struct side *side, off_t offset, uint32_t value)
{
	side_pwrite(side, side->fds[SLOT_DEV], &value, sizeof(value), offset);
}

static bool read_register(const struct side *side, off_t offset, uint32_t *ret_value)
{
	*ret_value = 0;
	return side_pread(side, side->fds[SLOT_DEV], ret_value, sizeof(*ret_value), offset) ==
	       sizeof(*ret_value);
}

static void fire_e1000e(const struct side *side, uint32_t index, uint32_t vector)
{
	uint32_t value;

	if (index == VFIO_PCI_MSIX_IRQ_INDEX) {
		read_register(side, CTRL_EXT, &value);
		write_register(side, CTRL_EXT, value | CTRL_EXT_MSIX);
		write_register(side, IVAR, IVAR_ONE_EACH);
	}
	write_register(side, IMS, ALL_CAUSES);
	write_register(side, ICS, CAUSE(vector));
	usleep(THROTTLING_US);
}

static void clear(const struct side *side)
{
	uint32_t value;

	if (!read_register(side, ICR, &value))
		return;
	if (side->is_model) {
		sim_clear_intx(side->device->sim);
		return;
	}
	write_register(side, ICR, UINT32_MAX);
	usleep(THROTTLING_US);
}

/* The cause is cleared when the interrupt has arrived: when a raised INTx is delivered again depends on
 * the device. */
void side_fire(const struct side *side, uint32_t index, uint32_t vector)
{
	enable(side);
	if (side->is_model) {
		sim_hold_awake(side->device->sim, true);
		sim_fire(side->device->sim, index, vector);
		sim_hold_awake(side->device->sim, false);
	} else {
		fire_e1000e(side, index, vector);
	}
	clear(side);
}
