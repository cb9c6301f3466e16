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
#include "dialect.h"
#include "lock.h"
#include "pci-memory.h"
#include "sys.h"
#include "wakeup.h"

struct vfiopm__access {
	struct vfiopm_device *dev;
	pthread_mutex_t lock; /* held from the begin to the end of an access */
	struct vfiopm__wakeup wakeup;
	int was;     /* the state at the begin */
	bool exited; /* low power was exited since the begin */
};

int vfiopm__access_new(struct vfiopm_device *dev, struct vfiopm__access **ret_access)
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

/* ---- the ioctls of low power ---- */

static int issue(const struct vfiopm__access *access, enum vfiopm__step step, int wakeup_fd)
{
	const struct vfiopm_device *dev = access->dev;
	uint32_t dialect = dev->dialect;
	struct vfiopm__request request;
	int r;

	if (!vfiopm__dialect_request(dialect, step, wakeup_fd, &request))
		return -ENOTTY;
	r = vfiopm__sys_ioctl(dev->fds.device, request.number, &request.body);
	r = vfiopm__dialect_result(dialect, step, r);
	vfiopm__trace_event(&dev->trace, VFIOPM_TRACE_ISSUED, request.name, r);
	return r;
}

static int enter_from_d3hot(const struct vfiopm__access *access)
{
	uint8_t before = VFIOPM__D0;
	int r = vfiopm__pci_memory_set_power(access->dev, VFIOPM__D3HOT, &before);

	if (r == 0)
		r = issue(access, VFIOPM__STEP_ENTER, -1);
	if (r < 0)
		vfiopm__pci_memory_set_power(access->dev, before, &before);
	return r;
}

/* v4 keeps low power entered when a wake has ended the single shot, and never looks at the
 * eventfd. */
static int enter_v4(struct vfiopm__access *access, int wakeup_fd)
{
	int r = 0;

	if (wakeup_fd >= 0 && vfiopm__sys_is_eventfd(wakeup_fd) == 0)
		return -EINVAL;
	if (access->was != VFIOPM_STATE_ACTIVE)
		r = vfiopm__access_exit(access);
	if (r < 0)
		return r;
	return issue(access, wakeup_fd < 0 ? VFIOPM__STEP_ENTER : VFIOPM__STEP_ENTER_WAKEUP, -1);
}

int vfiopm__access_enter(struct vfiopm__access *access, int wakeup_fd)
{
	uint32_t dialect = access->dev->dialect;

	if (dialect == VFIOPM_DIALECT_V4)
		return enter_v4(access, wakeup_fd);
	if (wakeup_fd >= 0)
		return issue(access, VFIOPM__STEP_ENTER_WAKEUP, wakeup_fd);
	return vfiopm__dialect_needs_d3hot(dialect) ? enter_from_d3hot(access)
						    : issue(access, VFIOPM__STEP_ENTER, -1);
}

int vfiopm__access_exit(struct vfiopm__access *access)
{
	int r = issue(access, VFIOPM__STEP_EXIT, -1);

	access->exited = r == 0;
	return r;
}

/* ---- what an access ends ---- */

/* Returns true if the access woke the armed device, and removes its count. A host wake at the same
 * time is indistinguishable. Ignoring it is harmless, because the armed entry ends or is made
 * again. */
static bool take_own_wake(struct vfiopm__access *access)
{
	return access->was == VFIOPM_STATE_LOW_POWER_WAKEUP &&
	       vfiopm__wakeup_take_own(&access->wakeup);
}

/* Returns true if the access can have ended low power. */
static bool ends_low_power(struct vfiopm__access *access, int result)
{
	/* EIO: the device could not be resumed, so this access changed nothing. */
	if (result == -EIO && !access->exited)
		return false;
	switch (access->dev->dialect) {
	case VFIOPM_DIALECT_V2:
		/* The first resume ends low power, and nothing reports it. An entry that has not
		 * ended can be repeated. */
		return access->was == VFIOPM_STATE_LOW_POWER;
	case VFIOPM_DIALECT_V4:
		/* The first resume ends the single shot, and nothing reports it. */
		return access->was == VFIOPM_STATE_LOW_POWER_WAKEUP;
	default:
		return take_own_wake(access);
	}
}

/* If the entry fails, the device stays on. The eventfd of an entry with wakeup reports that. Without
 * an eventfd the state reports it. */
static void enter_again(struct vfiopm__access *access)
{
	struct vfiopm__wakeup *wakeup = &access->wakeup;
	bool armed = access->was == VFIOPM_STATE_LOW_POWER_WAKEUP;
	int fd = armed ? wakeup->fd : -1, r = vfiopm__access_enter(access, fd);

	if (r < 0 && armed)
		vfiopm__sys_eventfd_add(fd, 1);
	else
		vfiopm__wakeup_publish(wakeup, r < 0 ? VFIOPM_STATE_ACTIVE : access->was, fd,
				       vfiopm__wakeup_count(fd));
}

int vfiopm__access_begin(struct vfiopm__access *access)
{
	pthread_mutex_lock(&access->lock);
	return vfiopm__access_begin_locked(access);
}

int vfiopm__access_begin_locked(struct vfiopm__access *access)
{
	access->exited = false;
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
	if (ends_low_power(access, result))
		enter_again(access);
	vfiopm__access_abandon(access);
}

void vfiopm__access_abandon(struct vfiopm__access *access)
{
	vfiopm__wakeup_end(&access->wakeup);
	pthread_mutex_unlock(&access->lock);
}

void vfiopm__access_end_in_state(struct vfiopm__access *access, int state, int fd, uint64_t count)
{
	take_own_wake(access);
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
