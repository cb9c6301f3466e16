/* SPDX-License-Identifier: MIT */
/*
 * The fixture of the tests of struct vfiopm_guest: a VMM without a hypervisor. Its irqfd() notes
 * which eventfd is attached to which GSI, and the fixture takes the counts of the attached eventfds,
 * as KVM does. The device is an e1000e or a simulated one. The fixture uses public calls only.
 */
#ifndef VMM_FIXTURE_H
#define VMM_FIXTURE_H

#include <vfiopm/vfiopm.h>

#include "irq-fixture.h"

#define VMM_GSIS      256
#define VMM_FIRST_GSI 24

/* A GSI: what route() has been called with, and the attached eventfds. */
struct vmm_gsi {
	uint32_t index, vector;
	uint64_t address;
	uint32_t message;
	int fd, resample_fd; /* -1: detached */
	int stuck;	     /* a duplicate of fd, which could not be detached; else -1 */
	unsigned count;	     /* interrupts that the guest has received */
};

struct vmm_fixture {
	struct irq_fixture irq;
	struct vfiopm_guest *guest;
	struct vmm_gsi gsis[VMM_GSIS];
	int gsi_count;
	uint32_t msi, msix, pm, express; /* offsets of the capabilities; 0: none */
	uint32_t bar;			 /* of the MSI-X table and of the PBA */
	uint64_t table, pba;		 /* their offsets in the BAR */

	bool new_gsis; /* route() returns another GSI than the one that is attached */
	/* The next calls of route(), irqfd() and mappings() return these errnos; 0: they succeed. */
	int route_error, attach_error, detach_error, map_error, unmap_error;
	unsigned routes, attaches, detaches;
	unsigned mapped, unmapped, woken; /* how often these callbacks ran */
	int powered, powered_error;	  /* of the last powered() */
	unsigned reports;		  /* how often broken() ran */
	const char *call;		  /* of the last report */
	int error;
};

extern const struct vfiopm_guest_ops vmm_ops;

/* Open the device, create the guest with vmm_ops, and find the capabilities. */
void vmm_fixture_open(struct vmm_fixture *fixture);
void vmm_fixture_close(struct vmm_fixture *fixture);
/* Create the guest on a device that the test has opened. */
void vmm_fixture_start(struct vmm_fixture *fixture, const struct vfiopm_guest_ops *ops);
/* Do all this on a device fd, such as that of a simulated device, which close_fd() closes. */
void vmm_fixture_open_fd(struct vmm_fixture *fixture, int fd);
void vmm_fixture_close_fd(struct vmm_fixture *fixture);

/* The guest's accesses. The fixture reads what the VMM must read from the device. */
uint32_t vmm_config_read(struct vmm_fixture *fixture, uint32_t offset, uint32_t width);
void vmm_config_write(struct vmm_fixture *fixture, uint32_t offset, uint32_t width, uint32_t value);
/* at counts from the start of the table, or of the PBA. */
void vmm_table_write(struct vmm_fixture *fixture, uint64_t at, uint64_t value, size_t width);
uint64_t vmm_table_read(struct vmm_fixture *fixture, uint64_t at, size_t width);
uint64_t vmm_pba_read(struct vmm_fixture *fixture);

/* What a driver does. The message of a vector is VMM_ADDRESS(vector) and VMM_MESSAGE(vector). */
#define VMM_ADDRESS(vector) (UINT64_C(0xfee00000) + 0x1000 * (uint64_t)(vector))
#define VMM_MESSAGE(vector) (UINT32_C(0x4000) + (vector))
#define VMM_MSIX_ENABLE	    UINT32_C(0x8000) /* bits of the control word */
#define VMM_MSIX_MASK	    UINT32_C(0x4000)
void vmm_program(struct vmm_fixture *fixture, uint32_t vector);
void vmm_set_mask(struct vmm_fixture *fixture, uint32_t vector, bool masked);
void vmm_msix_control(struct vmm_fixture *fixture, uint32_t bits);

/* Run the event loop while it has work to do. */
void vmm_dispatch(struct vmm_fixture *fixture);
/* Take what the attached eventfds hold. */
void vmm_deliver(struct vmm_fixture *fixture);
/* The interrupts that the guest has received from a vector. */
unsigned vmm_count(const struct vmm_fixture *fixture, uint32_t index, uint32_t vector);
/* Wait until the guest has received count interrupts of an MSI-X vector. Fail if it has received
 * more. */
void vmm_guest_has(struct vmm_fixture *fixture, uint32_t vector, unsigned count);
/* Make the device raise the interrupt once, and wait until it has reached the host. */
void vmm_fire(struct vmm_fixture *fixture, uint32_t index, uint32_t vector);
/* The GSI to which an eventfd of the vector is attached, or -1. */
int vmm_attached(const struct vmm_fixture *fixture, uint32_t index, uint32_t vector);
/* Exactly one failure was reported since the last call: this one. */
void vmm_expect_report(struct vmm_fixture *fixture, const char *call, int error);

#endif
