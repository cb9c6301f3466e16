// SPDX-License-Identifier: MIT
/*
 * INTx of a guest: one level interrupt. The device asserts INTx, VFIO masks INTx in the device and
 * signals the eventfd, and KVM asserts the GSI. When the guest ends the interrupt, KVM deasserts the
 * GSI and signals the resample eventfd, which is VFIO's unmask eventfd. No thread has to wait for
 * INTx, and an interrupt causes no exit to the VMM.
 *
 * This part does not handle the Interrupt Disable bit. The VMM passes the accesses to COMMAND to
 * vfio-pci, which emulates the bit: it masks INTx while the guest has set the bit, and enables INTx
 * masked in that case (vfio_pci_config.c, vfio_basic_config_write(); vfio_pci_intrs.c,
 * vfio_intx_enable(), 6.1).
 *
 * A change to or from INTx loses no interrupt. The device asserts the level until the driver has
 * handled the device, and request_irq() delivers an asserted level.
 */
#include <errno.h>
#include <stdlib.h>

#include "../irq.h"
#include "line.h"

struct vfiopm__guest_intx {
	struct vfiopm__guest_host *host;
	struct vfiopm__guest_line line;
	bool is_on;
	bool lacks_unmask; /* VFIO does not have the resample eventfd */
	bool lacks_detach;
};

static int report(struct vfiopm__guest_intx *intx, const char *call, int r)
{
	if (r < 0)
		vfiopm__guest_broken(intx->host, call, r);
	return r;
}

static void close_line(struct vfiopm__guest_intx *intx)
{
	intx->lacks_detach = vfiopm__guest_line_close(intx->host, &intx->line) < 0;
}

/* If the guest has ended an interrupt before, the resample eventfd has a count, and the kernel
 * unmasks INTx at once (drivers/vfio/virqfd.c, vfio_virqfd_enable(), 6.1). Without this eventfd
 * INTx stays masked after its first interrupt. */
static void set_unmask_eventfd(struct vfiopm__guest_intx *intx)
{
	int r = vfiopm_irq_set_unmask_eventfd(intx->host->dev, VFIOPM_IRQ_INTX, 0,
					      intx->line.resample_fd);

	intx->lacks_unmask = report(intx, "vfiopm_irq_set_unmask_eventfd", r) < 0;
}

/* Two SET_IRQS: the kernel sets the trigger and the unmask eventfd of INTx separately, so a batch
 * saves none. The call that ends in _now does not join a batch of the VMM. */
int vfiopm__guest_intx_enable(struct vfiopm__guest_intx *intx)
{
	struct vfiopm__guest_host *host = intx->host;
	int r;

	if (intx->is_on)
		return 0;
	if (vfiopm__guest_is_asleep(host))
		return -EAGAIN;
	r = vfiopm__guest_line_open(host, &intx->line, true);
	if (r == 0)
		r = vfiopm__guest_line_attach(host, &intx->line, VFIOPM_IRQ_INTX, 0, 0, 0);
	if (r == 0)
		r = report(intx, "vfiopm_irq_set_signaling",
			   vfiopm__irq_set_now(host->dev, VFIOPM_IRQ_INTX, 0, 1, &intx->line.fd));
	if (r < 0) {
		close_line(intx);
		return r;
	}
	intx->is_on = true;
	intx->lacks_detach = false;
	set_unmask_eventfd(intx);
	return 0;
}

/* One SET_IRQS, which also removes the unmask eventfd (vfio_pci_intrs.c, vfio_intx_disable(), 6.1).
 * KVM deasserts the GSI when its irqfd is detached (virt/kvm/eventfd.c,
 * irqfd_resampler_shutdown()). */
int vfiopm__guest_intx_disable(struct vfiopm__guest_intx *intx)
{
	int r;

	if (!intx->is_on)
		return 0;
	if (vfiopm__guest_is_asleep(intx->host))
		return -EAGAIN;
	r = report(intx, "vfiopm_irq_disable",
		   vfiopm__irq_disable_now(intx->host->dev, VFIOPM_IRQ_INTX));
	if (r < 0)
		return r;
	intx->is_on = intx->lacks_unmask = false;
	close_line(intx);
	return 0;
}

bool vfiopm__guest_intx_is_on(const struct vfiopm__guest_intx *intx)
{
	return intx->is_on;
}

bool vfiopm__guest_intx_has_undone_work(const struct vfiopm__guest_intx *intx)
{
	return intx->lacks_unmask || intx->lacks_detach;
}

void vfiopm__guest_intx_retry(struct vfiopm__guest_intx *intx)
{
	if (intx->lacks_unmask)
		set_unmask_eventfd(intx);
	if (intx->lacks_detach)
		close_line(intx);
}

unsigned vfiopm__guest_intx_count_fds(const struct vfiopm__guest_intx *intx)
{
	return vfiopm__guest_line_count_fds(&intx->line);
}

int vfiopm__guest_intx_new(struct vfiopm__guest_host *host, struct vfiopm__guest_intx **ret_intx)
{
	struct vfiopm__guest_intx *intx = calloc(1, sizeof(*intx));

	if (!intx)
		return -ENOMEM;
	intx->host = host;
	vfiopm__guest_line_init(&intx->line);
	*ret_intx = intx;
	return 0;
}

struct vfiopm__guest_intx *vfiopm__guest_intx_free(struct vfiopm__guest_intx *intx)
{
	if (!intx)
		return NULL;
	vfiopm__guest_intx_disable(intx);
	close_line(intx);
	free(intx);
	return NULL;
}
