// SPDX-License-Identifier: MIT
/* Identity and lifetime of eventfds. */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "eventfd-ref.h"
#include "sys.h"

struct own {
	struct own *next;
	int fd;
};

struct vfiopm__eventfds {
	struct own *own;
	atomic_bool no_query; /* this kernel has no F_DUPFD_QUERY: do not try again */
};

int vfiopm__eventfds_new(struct vfiopm__eventfds **ret_eventfds)
{
	*ret_eventfds = calloc(1, sizeof(**ret_eventfds));
	return *ret_eventfds ? 0 : -ENOMEM;
}

void vfiopm__eventfds_free(struct vfiopm__eventfds *eventfds)
{
	while (eventfds && eventfds->own)
		vfiopm__eventfds_close(eventfds, eventfds->own->fd);
	free(eventfds);
}

/* ---- the library's own eventfds ---- */

int vfiopm__eventfds_create(struct vfiopm__eventfds *eventfds, int *ret_fd)
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

bool vfiopm__eventfds_contain(const struct vfiopm__eventfds *eventfds, int fd)
{
	for (const struct own *own = eventfds->own; own; own = own->next) {
		if (own->fd == fd)
			return true;
	}
	return false;
}

void vfiopm__eventfds_close(struct vfiopm__eventfds *eventfds, int fd)
{
	struct own **link = &eventfds->own;
	struct own *own;

	while ((*link)->fd != fd)
		link = &(*link)->next;
	own = *link;
	*link = own->next;
	vfiopm__sys_close(fd);
	free(own);
}

/* ---- references ---- */

int vfiopm__eventfd_check(int fd)
{
	if (!vfiopm__sys_is_open(fd))
		return -EBADF;
	return vfiopm__sys_is_eventfd(fd) == 0 ? -EINVAL : 0;
}

int vfiopm__eventfd_ref_take(const struct vfiopm__eventfds *eventfds, int fd,
			     struct vfiopm__eventfd_ref *ret_ref)
{
	int duplicate;

	if (fd < 0 || vfiopm__eventfds_contain(eventfds, fd)) {
		*ret_ref = (struct vfiopm__eventfd_ref){ .fd = fd, .is_own = fd >= 0 };
		return 0;
	}
	duplicate = vfiopm__sys_duplicate(fd);
	if (duplicate < 0)
		return duplicate;
	/* The kernel checks the fd only after it has torn the vector down
	 * (vfio_pci_intrs.c, vfio_msi_set_vector_signal(), 6.1). */
	if (vfiopm__sys_is_eventfd(duplicate) == 0) {
		vfiopm__sys_close(duplicate);
		return -EINVAL;
	}
	*ret_ref = (struct vfiopm__eventfd_ref){ .fd = duplicate };
	return 0;
}

void vfiopm__eventfd_ref_drop(struct vfiopm__eventfd_ref ref)
{
	if (!ref.is_own)
		vfiopm__sys_close(ref.fd);
}

bool vfiopm__eventfd_ref_is(struct vfiopm__eventfds *eventfds, struct vfiopm__eventfd_ref ref,
			    int fd)
{
	/* The reference keeps its fd open, so no other file has that number. */
	if (ref.fd == fd)
		return true;
	if (ref.fd < 0 || fd < 0)
		return false;
	if (!atomic_load_explicit(&eventfds->no_query, memory_order_relaxed)) {
		int r = vfiopm__sys_same_by_query(ref.fd, fd);

		if (r >= 0)
			return r == 1;
		atomic_store_explicit(&eventfds->no_query, true, memory_order_relaxed);
	}
	return vfiopm__sys_same_by_kcmp(ref.fd, fd) == 1;
}
