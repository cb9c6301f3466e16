// SPDX-License-Identifier: MIT
/* What the parts of a guest's function share: the callbacks of the VMM, and reports of failures. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include <vfiopm/power.h>

#include "../lock.h"
#include "../wakeup.h"
#include "host.h"
#include "parts.h"

/* A guest can make the same call fail without end. */
#define REPORTS 16

struct vfiopm__guest_reports {
	pthread_mutex_t lock; /* protects the members below */
	unsigned count;
	struct {
		const char *call;
		int error;
	} made[REPORTS];
};

int vfiopm__guest_host_init(struct vfiopm__guest_host *host, struct vfiopm_device *dev,
			    const struct vfiopm_guest_ops *ops, void *data)
{
	*host = (struct vfiopm__guest_host){ .dev = dev, .ops = ops, .data = data };
	host->reports = calloc(1, sizeof(*host->reports));
	if (!host->reports)
		return -ENOMEM;
	pthread_mutex_init(&host->reports->lock, NULL);
	return 0;
}

void vfiopm__guest_host_end(struct vfiopm__guest_host *host)
{
	if (!host->reports)
		return;
	pthread_mutex_destroy(&host->reports->lock);
	free(host->reports);
	host->reports = NULL;
}

/* Remember the report. Returns false if it was made before, or if too many were made. */
static bool is_new(struct vfiopm__guest_reports *reports, const char *call, int error)
{
	VFIOPM__HOLD(&reports->lock);

	for (unsigned i = 0; i < reports->count; i++) {
		if (reports->made[i].call == call && reports->made[i].error == error)
			return false;
	}
	if (reports->count == REPORTS)
		return false;
	reports->made[reports->count].call = call;
	reports->made[reports->count].error = error;
	reports->count++;
	return true;
}

void vfiopm__guest_broken(struct vfiopm__guest_host *host, const char *call, int error)
{
	if (host->ops->broken && is_new(host->reports, call, error))
		host->ops->broken(host->data, call, error);
}

void vfiopm__guest_forget_reports(struct vfiopm__guest_host *host)
{
	VFIOPM__HOLD(&host->reports->lock);

	host->reports->count = 0;
}

int vfiopm__guest_route(struct vfiopm__guest_host *host, uint32_t index, uint32_t vector,
			uint64_t address, uint32_t message, uint32_t *ret_gsi)
{
	int r = host->ops->route(host->data, index, vector, address, message);

	if (r < 0) {
		vfiopm__guest_broken(host, "route", r);
		return r;
	}
	*ret_gsi = (uint32_t)r;
	return 0;
}

int vfiopm__guest_irqfd(struct vfiopm__guest_host *host, uint32_t gsi, int fd, int resample_fd,
			bool on)
{
	int r = host->ops->irqfd(host->data, gsi, fd, resample_fd, on);

	/* A callback that returns a positive number is wrong. */
	if (r > 0)
		r = -EPROTO;
	if (r < 0)
		vfiopm__guest_broken(host, "irqfd", r);
	return r;
}

bool vfiopm__guest_is_in_low_power(const struct vfiopm__guest_host *host)
{
	return vfiopm__is_low_power(vfiopm_get_state(host->dev));
}

bool vfiopm__guest_is_asleep(const struct vfiopm__guest_host *host)
{
	return host->is_below_d0 || vfiopm__guest_is_in_low_power(host);
}
