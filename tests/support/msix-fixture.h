/* SPDX-License-Identifier: MIT */
/* What the tests of MSI-X masking share: a VMM with a guest, and a device with five vectors
 * that raises real interrupts. */
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

/* With KVM's irqfds, and nothing in use. */
void msix_fixture_open(struct msix_fixture *fixture);
void msix_fixture_close(struct msix_fixture *fixture);
/* A new object on the same device, to which the VMM has given nothing. */
void msix_fixture_restart(struct msix_fixture *fixture);

/* Use vector 0, unmasked, under this policy. */
void msix_begin(struct msix_fixture *fixture, uint32_t policy);

/* The VMM's event loop, for as long as there is anything to do. */
void msix_dispatch_all(const struct msix_fixture *fixture);
/* The guest has had so many interrupts of a vector, after a while at most, and no more. */
void msix_guest_has(const struct msix_fixture *fixture, uint32_t vector, unsigned count);
/* The device raises the vector, once; it arrives wherever it is to. */
void msix_fire(const struct msix_fixture *fixture, uint32_t vector);

uint64_t msix_stat(const struct msix_fixture *fixture, uint32_t stat);
uint32_t msix_way(const struct msix_fixture *fixture, uint32_t vector);

#endif
