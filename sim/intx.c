// SPDX-License-Identifier: MIT
/*
 * INTx of a simulated device: its delivery (the kernel masks the level when it signals), and
 * SET_IRQS for it (drivers/vfio/pci/vfio_pci_intrs.c, 6.1 and 6.12).
 */
#include <errno.h>

#include "internal.h"
#include "lib/uapi.h"

/* ---- masking and delivery ---- */

static void intx_mask(struct sim_irqs *irqs)
{
	if (!irqs->intx_masked)
		irqs->intx_off_in_device = true;
	irqs->intx_masked = true;
}

/* vfio_intx_handler() masks, then signals. */
bool sim_intx_raise(struct sim_irqs *irqs)
{
	if (!irqs->intx_level || irqs->intx_off_in_device || irqs->intx_masked ||
	    irqs->type != SIM_INTX)
		return false;
	intx_mask(irqs);
	sim_irq_signal(irqs->triggers[0]);
	return irqs->triggers[0];
}

/* vfio_pci_intx_unmask_handler() does nothing if vdev->ctx[0].masked is false. */
static void intx_unmask(struct sim_irqs *irqs)
{
	if (irqs->intx_off_in_config || !irqs->intx_masked)
		return;
	irqs->intx_masked = false;
	irqs->intx_off_in_device = false;
	sim_intx_raise(irqs);
}

/* vfio_send_intx_eventfd() */
static void intx_loop_back(struct sim_irqs *irqs)
{
	if (!irqs->intx_off_in_config)
		sim_irq_signal(irqs->triggers[0]);
}

/* vfio_pci_config.c, vfio_basic_config_write() */
void sim_irqs_config(struct sim_device *device, bool off)
{
	struct sim_irqs *irqs = &device->irqs;

	if (off == irqs->intx_off_in_config)
		return;
	irqs->intx_off_in_config = off;
	if (sim_irq_type_is(device, SIM_INTX) && off)
		intx_mask(irqs);
	if (sim_irq_type_is(device, SIM_INTX) && !off)
		intx_unmask(irqs);
}

/*
 * vfio_pci_core_runtime_suspend() and _resume(). Between them the PCI core saves and restores
 * configuration space, including DisINTx. If an eventfd unmasks INTx in between, the restore
 * masks INTx in the device again, while the kernel keeps it as unmasked.
 */
void sim_irqs_suspend(struct sim_device *device)
{
	struct sim_irqs *irqs = &device->irqs;

	irqs->pm_intx_masked = sim_irq_type_is(device, SIM_INTX) && !irqs->intx_masked;
	if (irqs->pm_intx_masked)
		intx_mask(irqs);
	irqs->saved_intx_off = irqs->intx_off_in_device;
}

void sim_irqs_resume(struct sim_device *device)
{
	struct sim_irqs *irqs = &device->irqs;

	irqs->intx_off_in_device = irqs->saved_intx_off;
	if (irqs->pm_intx_masked)
		intx_unmask(irqs);
}

/* ---- SET_IRQS on INTx ---- */

static void unmask_handler(struct sim_device *device, uint32_t index)
{
	(void)index;
	intx_unmask(&device->irqs);
}

static int set_unmask_eventfd(struct sim_device *device, int fd)
{
	struct sim_virqfd *unmask = &device->irqs.unmask;

	if (fd >= 0)
		return sim_virqfd_enable(unmask, device, VFIO_PCI_INTX_IRQ_INDEX, unmask_handler,
					 fd);
	sim_virqfd_disable(unmask);
	return 0;
}

int sim_intx_mask_or_unmask(struct sim_device *device, const struct sim_irq_request *request)
{
	bool unmasks = request->action == VFIO_IRQ_SET_ACTION_UNMASK;

	if (!sim_irq_type_is(device, SIM_INTX) || request->start != 0 || request->count != 1)
		return -EINVAL;
	if (request->data == VFIO_IRQ_SET_DATA_EVENTFD)
		return unmasks ? set_unmask_eventfd(device, request->fds[0]) : -ENOTTY;
	if (request->data == VFIO_IRQ_SET_DATA_BOOL && !request->bools[0])
		return 0;
	if (unmasks)
		intx_unmask(&device->irqs);
	else
		intx_mask(&device->irqs);
	return 0;
}

static void intx_enable(struct sim_irqs *irqs)
{
	irqs->type = SIM_INTX;
	irqs->allocated = 1;
	irqs->intx_masked = irqs->intx_off_in_config;
	irqs->intx_off_in_device = irqs->intx_masked;
	sim_intx_raise(irqs);
}

void sim_intx_disable(struct sim_irqs *irqs)
{
	sim_virqfd_disable(&irqs->unmask);
	sim_irq_drop(&irqs->triggers[0]);
	irqs->type = SIM_NO_TYPE;
	irqs->allocated = 0;
	irqs->intx_masked = false;
}

/* vfio_intx_set_signal() keeps the old eventfd if the new fd is bad. */
static int intx_set_signal(struct sim_irqs *irqs, int fd)
{
	int eventfd = -1;

	if (fd >= 0) {
		eventfd = sim_eventfd(fd);
		if (eventfd < 0)
			return eventfd;
	}
	sim_irq_drop(&irqs->triggers[0]);
	irqs->triggers[0] = eventfd + 1;
	return 0;
}

int sim_intx_trigger(struct sim_device *device, const struct sim_irq_request *request)
{
	struct sim_irqs *irqs = &device->irqs;
	bool active = sim_irq_type_is(device, SIM_INTX);
	int r;

	if (active && request->count == 0 && request->data == VFIO_IRQ_SET_DATA_NONE) {
		sim_intx_disable(irqs);
		return 0;
	}
	if (!(active || sim_irq_type_is(device, SIM_NO_TYPE)) || request->start != 0 ||
	    request->count != 1)
		return -EINVAL;
	if (request->data == VFIO_IRQ_SET_DATA_EVENTFD) {
		r = intx_set_signal(irqs, request->fds[0]);
		if (r == 0 && !active)
			intx_enable(irqs);
		return r;
	}
	if (!active)
		return -EINVAL;
	if (request->data == VFIO_IRQ_SET_DATA_NONE || request->bools[0])
		intx_loop_back(irqs);
	return 0;
}
