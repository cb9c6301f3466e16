// SPDX-License-Identifier: MIT
/*
 * The order of accesses, and what an access does to an armed entry: its count is taken back, and
 * low power is entered again.
 */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "access.h"
#include "device.h"
#include "lock.h"
#include "sys.h"
#include "uapi.h"
#include "wakeup.h"
#include "wire.h"

struct vfiopm__access {
	const struct vfiopm_device *dev;
	pthread_mutex_t lock; /* held from the begin to the end of an access */
	struct vfiopm__wakeup wakeup;
	int was; /* the state at the begin */
};

int vfiopm__access_new(const struct vfiopm_device *dev, struct vfiopm__access **ret_access)
{
	struct vfiopm__access *access = calloc(1, sizeof(*access));

	if (!access)
		return -ENOMEM;
	access->dev = dev;
	pthread_mutex_init(&access->lock, NULL);
	vfiopm__wakeup_init(&access->wakeup, dev);
	*ret_access = access;
	return 0;
}

void vfiopm__access_free(struct vfiopm__access *access)
{
	if (!access)
		return;
	vfiopm__wakeup_destroy(&access->wakeup);
	pthread_mutex_destroy(&access->lock);
	free(access);
}

int vfiopm__access_ioctl(const struct vfiopm__access *access, unsigned long request,
			 const char *call, void *arg)
{
	int r = vfiopm__sys_command(access->dev->fds.device, request, arg);

	vfiopm__trace_event(&access->dev->trace, VFIOPM_TRACE_ISSUED, call, r);
	return r;
}

int vfiopm__access_issue(const struct vfiopm__access *access, const char *call,
			 struct vfiopm__feature *request)
{
	return vfiopm__access_ioctl(access, VFIO_DEVICE_FEATURE, call, request);
}

/* Returns true if the access woke the armed device, and removes its count. A host wake at the same
 * time is indistinguishable. Ignoring it is harmless, because the armed entry ends or is made
 * again. */
static bool take_own_wake(struct vfiopm__access *access, int result)
{
	/* EIO: the device could not be resumed, so this access signalled nothing. */
	return access->was == VFIOPM_STATE_LOW_POWER_WAKEUP && result != -EIO &&
	       vfiopm__wakeup_take_own(&access->wakeup);
}

/* If the entry fails, the device stays on. Its eventfd then reports a wake. */
static void restore_arming(struct vfiopm__access *access)
{
	struct vfiopm__wakeup *wakeup = &access->wakeup;
	struct vfiopm__feature request;

	vfiopm__wire_enter_wakeup(&request, wakeup->fd);
	if (vfiopm__access_issue(access, "VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP",
				 &request) < 0)
		vfiopm__sys_eventfd_add(wakeup->fd, 1);
	else
		vfiopm__wakeup_publish(wakeup, VFIOPM_STATE_LOW_POWER_WAKEUP, wakeup->fd,
				       vfiopm__wakeup_count(wakeup->fd));
}

int vfiopm__access_begin(struct vfiopm__access *access)
{
	pthread_mutex_lock(&access->lock);
	return vfiopm__access_begin_locked(access);
}

int vfiopm__access_begin_locked(struct vfiopm__access *access)
{
	access->was = vfiopm__wakeup_begin(&access->wakeup);
	return access->was;
}

int vfiopm__access_lock(struct vfiopm__access *access)
{
	pthread_mutex_lock(&access->lock);
	return vfiopm__wakeup_get_state(&access->wakeup);
}

void vfiopm__access_unlock(struct vfiopm__access *access)
{
	pthread_mutex_unlock(&access->lock);
}

void vfiopm__access_end(struct vfiopm__access *access, int result)
{
	if (take_own_wake(access, result))
		restore_arming(access);
	vfiopm__wakeup_end(&access->wakeup);
	pthread_mutex_unlock(&access->lock);
}

void vfiopm__access_end_in_state(struct vfiopm__access *access, int state, int fd, uint64_t count)
{
	take_own_wake(access, 0);
	if (state != VFIOPM_STATE_ACTIVE)
		access->wakeup.entries++;
	vfiopm__wakeup_publish(&access->wakeup, state, fd, count);
	pthread_mutex_unlock(&access->lock);
}

int vfiopm__access_get_state(struct vfiopm__access *access)
{
	return vfiopm__wakeup_get_state(&access->wakeup);
}

uint64_t vfiopm__access_get_generation(const struct vfiopm__access *access)
{
	return access->wakeup.entries;
}

int vfiopm__access_take_wake(struct vfiopm__access *access, struct vfiopm__wake *ret_wake)
{
	VFIOPM__HOLD(&access->lock);
	return vfiopm__wakeup_take(&access->wakeup, ret_wake);
}
