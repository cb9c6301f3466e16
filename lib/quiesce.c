// SPDX-License-Identifier: MIT
/* Quiesce hooks: the list of one device, and the order in which its callbacks run. */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include <vfiopm/quiesce.h>

#include "access.h"
#include "device.h"
#include "lock.h"
#include "ops.h"
#include "quiesce.h"
#include "wakeup.h"

struct vfiopm_quiesce {
	struct vfiopm_device *dev;
	struct vfiopm_quiesce_ops ops;
	void *data;
	struct vfiopm_quiesce *older, *newer;
	bool quiesced;
	bool by_last_call; /* the last vfiopm__hooks_quiesce() has quiesced it */
};

/* ---- the callbacks ---- */

static int quiesce(struct vfiopm_quiesce *hook)
{
	int r = hook->ops.quiesce ? hook->ops.quiesce(hook->data) : 0;

	hook->quiesced = r >= 0;
	return r;
}

static int restore(struct vfiopm_quiesce *hook)
{
	int r = hook->ops.restore ? hook->ops.restore(hook->data) : 0;

	hook->quiesced = r < 0;
	return r;
}

int vfiopm__hooks_quiesce(struct vfiopm__hooks *hooks)
{
	for (struct vfiopm_quiesce *hook = hooks->newest; hook; hook = hook->older)
		hook->by_last_call = false;
	for (struct vfiopm_quiesce *hook = hooks->newest; hook; hook = hook->older) {
		int r;

		if (hook->quiesced)
			continue;
		r = quiesce(hook);
		if (r < 0) {
			vfiopm__hooks_roll_back(hooks);
			return r;
		}
		hook->by_last_call = true;
	}
	return 0;
}

void vfiopm__hooks_roll_back(struct vfiopm__hooks *hooks)
{
	for (struct vfiopm_quiesce *hook = hooks->oldest; hook; hook = hook->newer) {
		if (hook->by_last_call)
			restore(hook);
	}
}

int vfiopm__hooks_restore(struct vfiopm__hooks *hooks)
{
	int first = 0;

	for (struct vfiopm_quiesce *hook = hooks->oldest; hook; hook = hook->newer) {
		int r = hook->quiesced ? restore(hook) : 0;

		if (r < 0 && first == 0)
			first = r;
	}
	return first;
}

/* ---- the list ---- */

void vfiopm__hooks_init(struct vfiopm__hooks *hooks)
{
	pthread_mutex_init(&hooks->lock, NULL);
}

void vfiopm__hooks_destroy(struct vfiopm__hooks *hooks)
{
	pthread_mutex_destroy(&hooks->lock);
}

static void append(struct vfiopm__hooks *hooks, struct vfiopm_quiesce *hook)
{
	hook->older = hooks->newest;
	if (hook->older)
		hook->older->newer = hook;
	else
		hooks->oldest = hook;
	hooks->newest = hook;
}

static void remove_hook(struct vfiopm__hooks *hooks, const struct vfiopm_quiesce *hook)
{
	if (hook->older)
		hook->older->newer = hook->newer;
	else
		hooks->oldest = hook->newer;
	if (hook->newer)
		hook->newer->older = hook->older;
	else
		hooks->newest = hook->older;
}

/* A hook that is created in low power begins quiesced. */
static int begin(struct vfiopm_quiesce *hook)
{
	bool is_asleep = vfiopm__is_low_power(vfiopm__access_get_state(hook->dev->access));

	return is_asleep ? quiesce(hook) : 0;
}

VFIOPM__PUBLIC int vfiopm_quiesce_new(struct vfiopm_device *dev,
				      const struct vfiopm_quiesce_ops *ops, size_t ops_size,
				      void *data, struct vfiopm_quiesce **ret_quiesce)
{
	struct vfiopm_quiesce_ops known;
	struct vfiopm_quiesce *hook;
	int r;

	if (!dev || !ops || !ret_quiesce)
		return -EINVAL;
	r = vfiopm__ops_copy(&known, sizeof(known), ops, ops_size);
	if (r < 0)
		return r;
	hook = calloc(1, sizeof(*hook));
	if (!hook)
		return -ENOMEM;
	hook->dev = dev;
	hook->ops = known;
	hook->data = data;
	VFIOPM__HOLD(&dev->hooks.lock);
	r = begin(hook);
	if (r < 0) {
		free(hook);
		return r;
	}
	append(&dev->hooks, hook);
	*ret_quiesce = hook;
	return 0;
}

VFIOPM__PUBLIC struct vfiopm_quiesce *vfiopm_quiesce_free(struct vfiopm_quiesce *quiesce)
{
	if (!quiesce)
		return NULL;
	VFIOPM__HOLD(&quiesce->dev->hooks.lock);
	remove_hook(&quiesce->dev->hooks, quiesce);
	free(quiesce);
	return NULL;
}
