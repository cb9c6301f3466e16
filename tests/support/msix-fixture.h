/* SPDX-License-Identifier: MIT */
/* The fixture of the MSI-X tests: a VMM with a guest, and a device with five vectors that raises
 * real interrupts. */
#ifndef MSIX_FIXTURE_H
#define MSIX_FIXTURE_H

#include <vfiopm/kvm.h>
#include <vfiopm/vfiopm.h>

#include "guest.h"
#include "irq-fixture.h"

struct msix_fixture {
	struct irq_fixture irq;
	struct guest *guest;
	struct vfiopm_kvm *kvm;
	struct vfiopm_msix *msix;
};

/* The callbacks of a VMM that delivers only by KVM's irqfds; data is the fixture. */
extern const struct vfiopm_msix_ops msix_kvm_ops;

/* Create the fixture with msix_kvm_ops, or with other callbacks. No vector is in use. */
void msix_fixture_open(struct msix_fixture *fixture);
void msix_fixture_open_with(struct msix_fixture *fixture, const struct vfiopm_msix_ops *ops,
			    void *data);
void msix_fixture_close(struct msix_fixture *fixture);
/* Replace the MSI-X object with a new one on the same device, with other callbacks. */
void msix_fixture_restart(struct msix_fixture *fixture, const struct vfiopm_msix_ops *ops,
			  void *data);

/* Use vector 0 under this policy, and unmask it. */
void msix_begin(struct msix_fixture *fixture, uint32_t policy);

/* Run the VMM's event loop while it has work to do. */
void msix_dispatch_all(const struct msix_fixture *fixture);
/* Wait until the guest has received count interrupts of a vector. Fail if it has received more. */
void msix_guest_has(const struct msix_fixture *fixture, uint32_t vector, unsigned count);
/* Make the device raise the vector once, and wait until the interrupt has reached the host. */
void msix_fire(const struct msix_fixture *fixture, uint32_t vector);

/* The statistics of all vectors. */
struct vfiopm_msix_stats msix_stats(const struct msix_fixture *fixture);
uint32_t msix_mode(const struct msix_fixture *fixture, uint32_t vector);

#endif
