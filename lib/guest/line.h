/* SPDX-License-Identifier: MIT */
/*
 * One interrupt of the guest: the eventfd that VFIO signals, its route, and whether the hypervisor
 * has attached it.
 */
#ifndef VFIOPM_GUEST_LINE_H
#define VFIOPM_GUEST_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "parts.h"

struct vfiopm__guest_line {
	int fd, resample_fd; /* -1: none */
	bool has_route;	     /* gsi is the route of address and message */
	bool is_attached;    /* to attached_gsi, which can be an older route */
	uint32_t gsi, attached_gsi;
	uint64_t address;
	uint32_t message;
};

void vfiopm__guest_line_init(struct vfiopm__guest_line *line);
/* Open the eventfd, or both. An open eventfd is kept. */
int vfiopm__guest_line_open(struct vfiopm__guest_host *host, struct vfiopm__guest_line *line,
			    bool has_resample);
/*
 * Set the route for a message, unless it is set, and attach the line to it. A count in the eventfd
 * is then an interrupt of the guest. If the route fails, the line is detached, because an interrupt
 * must not arrive with the old message.
 */
int vfiopm__guest_line_attach(struct vfiopm__guest_host *host, struct vfiopm__guest_line *line,
			      uint32_t index, uint32_t vector, uint64_t address, uint32_t message);
/* Detach the line. Its eventfd then counts the interrupts that are not delivered. */
int vfiopm__guest_line_detach(struct vfiopm__guest_host *host, struct vfiopm__guest_line *line);
/* Detach the line, close the eventfds, which VFIO must not signal any more, and forget the route.
 * If the detach fails, the eventfds stay open. */
int vfiopm__guest_line_close(struct vfiopm__guest_host *host, struct vfiopm__guest_line *line);

/* Is the open line detached, and does it hold an interrupt? */
bool vfiopm__guest_line_is_pending(const struct vfiopm__guest_line *line);
unsigned vfiopm__guest_line_count_fds(const struct vfiopm__guest_line *line);

#endif
