// SPDX-License-Identifier: MIT
/*
 * Which eventfd is which. A number is not an identity: it can be closed, and come back
 * as another file. So a caller's eventfd is kept as a duplicate, with which his fd is
 * compared. The library's own eventfds stay open, and so their numbers are identity
 * enough.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "private.h"

struct own {
	struct own *next;
	int fd;
};

struct vfiopm__eventfds {
	struct own *own;      /* under the lock of irq.c */
	atomic_bool no_query; /* F_DUPFD_QUERY is not to be had: do not ask again */
};

int vfiopm__eventfds_new(struct vfiopm__eventfds **ret_eventfds)
{
	struct vfiopm__eventfds *eventfds = calloc(1, sizeof(*eventfds));

	if (!eventfds)
		return -ENOMEM;
	*ret_eventfds = eventfds;
	return 0;
}

void vfiopm__eventfds_free(struct vfiopm__eventfds *eventfds)
{
	while (eventfds->own)
		vfiopm__eventfds_remove_own(eventfds, eventfds->own->fd);
	free(eventfds);
}

/* ---- the library's own ---- */

int vfiopm__eventfds_add_own(struct vfiopm__eventfds *eventfds, int *ret_fd)
{
	struct own *own = malloc(sizeof(*own));
	int fd;

	if (!own)
		return -ENOMEM;
	fd = vfiopm__sys_eventfd_new();
	if (fd < 0) {
		free(own);
		return fd;
	}
	*own = (struct own){ .next = eventfds->own, .fd = fd };
	eventfds->own = own;
	*ret_fd = fd;
	return 0;
}

bool vfiopm__eventfds_has_own(struct vfiopm__eventfds *eventfds, int fd)
{
	for (struct own *own = eventfds->own; own; own = own->next) {
		if (own->fd == fd)
			return true;
	}
	return false;
}

void vfiopm__eventfds_remove_own(struct vfiopm__eventfds *eventfds, int fd)
{
	for (struct own **link = &eventfds->own; *link; link = &(*link)->next) {
		struct own *own = *link;

		if (own->fd == fd) {
			*link = own->next;
			vfiopm__sys_close(fd);
			free(own);
			return;
		}
	}
}

/* ---- references ---- */

int vfiopm__ref_take(struct vfiopm__eventfds *eventfds, int fd, struct vfiopm__ref *ret_ref)
{
	int duplicate;

	if (fd < 0 || vfiopm__eventfds_has_own(eventfds, fd)) {
		*ret_ref = (struct vfiopm__ref){ .fd = fd, .own = fd >= 0 };
		return 0;
	}
	duplicate = vfiopm__sys_duplicate(fd);
	if (duplicate < 0)
		return duplicate;
	/* The kernel finds out too, but only after it has torn the vector down
	 * (vfio_pci_intrs.c, vfio_msi_set_vector_signal()). */
	if (vfiopm__sys_is_eventfd(duplicate) == 0) {
		vfiopm__sys_close(duplicate);
		return -EINVAL;
	}
	*ret_ref = (struct vfiopm__ref){ .fd = duplicate };
	return 0;
}

void vfiopm__ref_drop(struct vfiopm__ref ref)
{
	if (!ref.own)
		vfiopm__sys_close(ref.fd);
}

static bool same_file(struct vfiopm__eventfds *eventfds, int fd, int other)
{
	if (!atomic_load_explicit(&eventfds->no_query, memory_order_relaxed)) {
		int r = vfiopm__sys_same_by_query(fd, other);

		if (r >= 0)
			return r == 1;
		atomic_store_explicit(&eventfds->no_query, true, memory_order_relaxed);
	}
	return vfiopm__sys_same_by_kcmp(fd, other) == 1;
}

bool vfiopm__ref_is(struct vfiopm__eventfds *eventfds, struct vfiopm__ref ref, int fd)
{
	/* What is referred to stays open, so its own number is no other file's. */
	if (ref.fd == fd)
		return true;
	if (ref.fd < 0 || fd < 0)
		return false;
	return same_file(eventfds, ref.fd, fd);
}
