// SPDX-License-Identifier: MIT
/*
 * One interrupt of the guest. An attached irqfd delivers each signal of the eventfd. The count of a
 * detached irqfd is the pending bit, as in hold mode of vfiopm_msix(3). lib/msix-state.c states the
 * facts about KVM on which this relies.
 */
#include "../sys.h"
#include "line.h"

void vfiopm__guest_line_init(struct vfiopm__guest_line *line)
{
	*line = (struct vfiopm__guest_line){ .fd = -1, .resample_fd = -1 };
}

/* ---- eventfds ---- */

static int open_eventfd(struct vfiopm__guest_host *host, int *fd)
{
	int r = *fd < 0 ? vfiopm_irq_new_eventfd(host->dev, fd) : 0;

	if (r < 0)
		vfiopm__guest_broken(host, "vfiopm_irq_new_eventfd", r);
	return r;
}

int vfiopm__guest_line_open(struct vfiopm__guest_host *host, struct vfiopm__guest_line *line,
			    bool has_resample)
{
	int r = open_eventfd(host, &line->fd);

	return r == 0 && has_resample ? open_eventfd(host, &line->resample_fd) : r;
}

/* If the kernel has refused to stop the signal, the eventfd stays open until the device is
 * freed. */
static void close_eventfd(struct vfiopm__guest_host *host, int fd)
{
	if (fd >= 0)
		vfiopm_irq_free_eventfd(host->dev, fd);
}

int vfiopm__guest_line_close(struct vfiopm__guest_host *host, struct vfiopm__guest_line *line)
{
	int r = vfiopm__guest_line_detach(host, line);

	line->has_route = false;
	if (r < 0)
		return r;
	close_eventfd(host, line->fd);
	close_eventfd(host, line->resample_fd);
	vfiopm__guest_line_init(line);
	return 0;
}

/* ---- the hypervisor ---- */

static int set_irqfd(struct vfiopm__guest_host *host, const struct vfiopm__guest_line *line,
		     uint32_t gsi, bool on)
{
	return vfiopm__guest_irqfd(host, gsi, line->fd, line->resample_fd, on);
}

int vfiopm__guest_line_detach(struct vfiopm__guest_host *host, struct vfiopm__guest_line *line)
{
	int r = line->is_attached ? set_irqfd(host, line, line->attached_gsi, false) : 0;

	if (r == 0)
		line->is_attached = false;
	return r;
}

static int set_route(struct vfiopm__guest_host *host, struct vfiopm__guest_line *line,
		     uint32_t index, uint32_t vector, uint64_t address, uint32_t message)
{
	int r;

	if (line->has_route && line->address == address && line->message == message)
		return 0;
	r = vfiopm__guest_route(host, index, vector, address, message, &line->gsi);
	line->has_route = r == 0;
	line->address = address;
	line->message = message;
	return r;
}

int vfiopm__guest_line_attach(struct vfiopm__guest_host *host, struct vfiopm__guest_line *line,
			      uint32_t index, uint32_t vector, uint64_t address, uint32_t message)
{
	int r = set_route(host, line, index, vector, address, message);

	if (r < 0) {
		vfiopm__guest_line_detach(host, line);
		return r;
	}
	if (line->is_attached && line->attached_gsi == line->gsi)
		return 0;
	r = vfiopm__guest_line_detach(host, line);
	if (r == 0)
		r = set_irqfd(host, line, line->gsi, true);
	if (r == 0) {
		line->attached_gsi = line->gsi;
		line->is_attached = true;
	}
	return r;
}

/* ---- observation ---- */

bool vfiopm__guest_line_is_pending(const struct vfiopm__guest_line *line)
{
	return !line->is_attached && vfiopm__sys_eventfd_readable(line->fd);
}

unsigned vfiopm__guest_line_count_fds(const struct vfiopm__guest_line *line)
{
	return (unsigned)(line->fd >= 0) + (unsigned)(line->resample_fd >= 0);
}
