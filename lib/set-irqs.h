/* SPDX-License-Identifier: MIT */
/* VFIO_DEVICE_SET_IRQS on one device. The caller serializes the calls that issue it. */
#ifndef VFIOPM_SET_IRQS_H
#define VFIOPM_SET_IRQS_H

#include <stdint.h>

struct vfiopm__access;
struct vfiopm__set_irqs;
struct vfiopm__trace;

/* count is the largest number of vectors that one call sends. */
int vfiopm__set_irqs_new(int device_fd, uint32_t count, struct vfiopm__access *access,
			 const struct vfiopm__trace *trace, struct vfiopm__set_irqs **ret_set);
void vfiopm__set_irqs_free(struct vfiopm__set_irqs *set);

/* The eventfds that the next vfiopm__set_irqs_signaling() sends, -1 for none. */
int32_t *vfiopm__set_irqs_fds(struct vfiopm__set_irqs *set);
/* Returns 0, -errno, or the positive number of vectors that the kernel can allocate. */
int vfiopm__set_irqs_signaling(struct vfiopm__set_irqs *set, uint32_t index, uint32_t start,
			       uint32_t count);
/* The calls below return 0 or -errno; -EPROTO for a positive answer. */
int vfiopm__set_irqs_disable(struct vfiopm__set_irqs *set, uint32_t index);
/* action is VFIO_IRQ_SET_ACTION_TRIGGER, _MASK or _UNMASK. */
int vfiopm__set_irqs_action(struct vfiopm__set_irqs *set, uint32_t action, uint32_t index,
			    uint32_t vector);
/* fd is -1 to remove the eventfd. */
int vfiopm__set_irqs_unmask_eventfd(struct vfiopm__set_irqs *set, uint32_t index, uint32_t vector,
				    int fd);

/* Count and trace ioctls that the cache made unnecessary. Any thread may call these. */
void vfiopm__set_irqs_saved(struct vfiopm__set_irqs *set, uint64_t calls);
uint64_t vfiopm__set_irqs_get_issued(const struct vfiopm__set_irqs *set);
uint64_t vfiopm__set_irqs_get_saved(const struct vfiopm__set_irqs *set);

#endif
