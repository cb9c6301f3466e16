/* SPDX-License-Identifier: MIT */
/*
 * SET_IRQS without the library, on the fixture of irq-fixture.h: short names for the constants,
 * one function per kind of call, and the loopback, which shows the eventfd of a vector.
 */
#ifndef SET_IRQS_H
#define SET_IRQS_H

#include "irq-fixture.h"
#include "lib/uapi.h"

#define INTX	VFIO_PCI_INTX_IRQ_INDEX
#define MSI	VFIO_PCI_MSI_IRQ_INDEX
#define MSIX	VFIO_PCI_MSIX_IRQ_INDEX
#define ERR	VFIO_PCI_ERR_IRQ_INDEX
#define REQ	VFIO_PCI_REQ_IRQ_INDEX

#define NONE	VFIO_IRQ_SET_DATA_NONE
#define BOOL	VFIO_IRQ_SET_DATA_BOOL
#define EVENTFD VFIO_IRQ_SET_DATA_EVENTFD
#define MASK	VFIO_IRQ_SET_ACTION_MASK
#define UNMASK	VFIO_IRQ_SET_ACTION_UNMASK
#define TRIGGER VFIO_IRQ_SET_ACTION_TRIGGER

/* Each function returns the result of the ioctl, or -errno. */
int set_none(int fd, uint32_t action, uint32_t index, uint32_t start, uint32_t count);
int set_eventfds(int fd, uint32_t index, uint32_t start, uint32_t count, const int *fds);
int set_one(int fd, uint32_t index, uint32_t vector, int event);
int set_bools(int fd, uint32_t action, uint32_t index, uint32_t start, uint32_t count,
	      const char *data);

/* Mask or unmask INTx. Fail the test if the kernel refuses. */
void intx_mask(const struct irq_fixture *fixture);
void intx_unmask(const struct irq_fixture *fixture);

/* Trigger a vector by SET_IRQS (loopback). Returns the count that this eventfd received. Fail
 * the test if another eventfd of the fixture received anything. */
uint64_t irq_looped_back(const struct irq_fixture *fixture, uint32_t index, uint32_t vector,
			 int event);
/* True if a loopback of the vector signals this eventfd; true if it signals none. */
bool irq_is_on(const struct irq_fixture *fixture, uint32_t index, uint32_t vector, int event);
bool irq_is_dead(const struct irq_fixture *fixture, uint32_t index, uint32_t vector);

/* Enter low power, wait until the device is suspended, and exit. */
void irq_sleep_and_wake(const struct irq_fixture *fixture);

#endif
