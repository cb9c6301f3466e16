/* SPDX-License-Identifier: MIT */
/* What the tests of SET_IRQS share that do without the library: its words, made short, and
 * a device with five MSI-X vectors and as many eventfds. */
#ifndef UAPI_IRQ_H
#define UAPI_IRQ_H

#include "lib/uapi.h"
#include "raw.h"
#include "test.h"

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

#define VECTORS 5

struct irqs {
	struct raw raw;
	int fd; /* of the device */
	int events[VECTORS];
};

void irqs_open(struct irqs *bench);
void irqs_close(struct irqs *bench);

/* SET_IRQS without data, or to trigger by eventfds, one or more, or with bools. */
int set_none(int fd, uint32_t action, uint32_t index, uint32_t start, uint32_t count);
int set_eventfds(int fd, uint32_t index, uint32_t start, uint32_t count, const int *fds);
int set_one(int fd, uint32_t index, uint32_t vector, int event);
int set_bools(int fd, uint32_t action, uint32_t index, uint32_t start, uint32_t count,
	      const char *data);

void intx_mask(const struct irqs *bench);
void intx_unmask(const struct irqs *bench);

/* Does one interrupt come? It does when it does: this waits, but not for ever. */
bool irq_comes(int event);
/* None, though one that is not to come has had the time to. */
bool irq_stays_away(int event);
void irqs_fire_into(const struct irqs *bench, uint32_t index, uint32_t vector, int event);
/* What a loopback of the vector puts into this eventfd; into no other it puts anything. */
uint64_t irq_looped_back(const struct irqs *bench, uint32_t index, uint32_t vector, int event);
bool irq_is_on(const struct irqs *bench, uint32_t index, uint32_t vector, int event);
bool irq_is_dead(const struct irqs *bench, uint32_t index, uint32_t vector);

void irqs_sleep_and_wake(const struct irqs *bench);

#endif
