/* SPDX-License-Identifier: MIT */
/*
 * References to eventfds. An fd number is not an identity: the caller can close it, and the
 * number can return as another file. So the library keeps a duplicate of each eventfd of the
 * caller and compares open file descriptions. The library's own eventfds stay open, so their
 * numbers identify them.
 */
#ifndef VFIOPM_EVENTFD_REF_H
#define VFIOPM_EVENTFD_REF_H

#include <stdbool.h>

/* The eventfds that the library created for one device, and how eventfds are compared. */
struct vfiopm__eventfds;

int vfiopm__eventfds_new(struct vfiopm__eventfds **ret_eventfds);
/* Closes the eventfds. */
void vfiopm__eventfds_free(struct vfiopm__eventfds *eventfds);
/* The caller serializes these calls. */
int vfiopm__eventfds_create(struct vfiopm__eventfds *eventfds, int *ret_fd);
bool vfiopm__eventfds_contain(const struct vfiopm__eventfds *eventfds, int fd);
void vfiopm__eventfds_close(struct vfiopm__eventfds *eventfds, int fd);

/* fd is a duplicate that the reference owns, or an eventfd of the library, or -1 for none. */
struct vfiopm__eventfd_ref {
	int fd;
	bool is_own;
};

#define VFIOPM__NO_EVENTFD ((struct vfiopm__eventfd_ref){ .fd = -1 })

/* Returns 0, -EBADF, or -EINVAL for another file. Also returns 0 if /proc cannot be read. */
int vfiopm__eventfd_check(int fd);
/* fd may be -1. Returns 0, -EINVAL for a file that is no eventfd, -EBADF or -EMFILE. */
int vfiopm__eventfd_ref_take(const struct vfiopm__eventfds *eventfds, int fd,
			     struct vfiopm__eventfd_ref *ret_ref);
void vfiopm__eventfd_ref_drop(struct vfiopm__eventfd_ref ref);
/* Returns true if fd refers to this eventfd, false if the kernel cannot compare them. Takes no
 * lock. */
bool vfiopm__eventfd_ref_is(struct vfiopm__eventfds *eventfds, struct vfiopm__eventfd_ref ref,
			    int fd);

#endif
