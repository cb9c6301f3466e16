/* SPDX-License-Identifier: MIT */
/* One MSI-X vector of a guest: its eventfds, its lock, and the execution of its steps. */
#ifndef VFIOPM_MSIX_VECTOR_H
#define VFIOPM_MSIX_VECTOR_H

#include <stdbool.h>
#include <stdint.h>

#include <vfiopm/msix.h>

struct vfiopm__msix_vector;
struct vfiopm__pba;

/* What all vectors of one object share. */
struct vfiopm__msix_shared {
	struct vfiopm_device *dev;
	struct vfiopm_msix_ops ops;
	void *data; /* of ops */
	struct vfiopm__pba *pba;
	int epoll; /* watches the user eventfds, numbered by vector */
	_Atomic uint32_t policy;
	_Atomic bool function_masked;
	_Atomic bool has_undone_work; /* a vector could not reach its state: retry */
};

struct vfiopm__msix_vector *vfiopm__msix_vector_new(uint32_t number,
						    struct vfiopm__msix_shared *shared);
void vfiopm__msix_vector_free(struct vfiopm__msix_vector *vector);

/* ---- use and release; msix.c serializes these calls ---- */

/* Set the caller's eventfds, -1 for the library's own. */
void vfiopm__msix_vector_set_eventfds(struct vfiopm__msix_vector *vector, int irqfd, int user_fd);
/* Open the eventfds of a vector that will be in use. After a failure, close what was opened. */
int vfiopm__msix_vector_open(struct vfiopm__msix_vector *vector);
void vfiopm__msix_vector_close(struct vfiopm__msix_vector *vector);
bool vfiopm__msix_vector_is_open(const struct vfiopm__msix_vector *vector);
/* The eventfd that VFIO must signal when the use begins. */
int vfiopm__msix_vector_first_trigger(const struct vfiopm__msix_vector *vector);
/* The use begins: masked, and VFIO signals the first trigger. */
void vfiopm__msix_vector_begin(struct vfiopm__msix_vector *vector);
/* Exclude the calls of other threads from an open vector, or admit them again. */
void vfiopm__msix_vector_suspend(struct vfiopm__msix_vector *vector, bool suspended);
/* The use ends; VFIO signals neither eventfd. Returns 0 or the errno of detach. */
int vfiopm__msix_vector_end(struct vfiopm__msix_vector *vector);

/* ---- any thread ---- */

/* Set the guest's mask bit, or apply the function mask and retry what failed earlier, such as a
 * trigger that a failed SET_IRQS tore down. */
int vfiopm__msix_vector_set_mask(struct vfiopm__msix_vector *vector, bool masked);
int vfiopm__msix_vector_update_mask(struct vfiopm__msix_vector *vector);
bool vfiopm__msix_vector_is_pending(struct vfiopm__msix_vector *vector);
/* Returns 1 if the user eventfd held an interrupt, else 0. */
int vfiopm__msix_vector_dispatch(struct vfiopm__msix_vector *vector);
int vfiopm__msix_vector_get_mode(struct vfiopm__msix_vector *vector, uint32_t *ret_mode);
void vfiopm__msix_vector_add_stats(struct vfiopm__msix_vector *vector,
				   struct vfiopm_msix_stats *sum);

#endif
