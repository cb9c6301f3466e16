// SPDX-License-Identifier: MIT
/*
 * The low-power features of one device, and the state that this object has brought it to.
 *
 * The kernel does not report the state: an entry's EINVAL depends on an asynchronous suspend,
 * and every query wakes the device. So the state is kept here, in one word that entries and
 * exits publish and that vfiopm_get_state() reads without a lock.
 *
 * An entry with wakeup is an "arming". The kernel signals its eventfd once, at the first resume
 * of the suspended device, and ends low power (drivers/vfio/pci/vfio_pci_core.c,
 * vfio_pci_core_runtime_resume(), 6.1). Any ioctl causes that resume, including the next entry
 * and the exit. A count that an ioctl of this file causes is not a wake for the caller, so it is
 * taken back.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include <vfiopm/readout.h>

#include "device.h"
#include "lock.h"
#include "power.h"
#include "sys.h"
#include "uapi.h"
#include "wire.h"

static const char enter_call[] = "VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY";
static const char enter_wakeup_call[] = "VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP";
static const char exit_call[] = "VFIO_DEVICE_FEATURE_LOW_POWER_EXIT";

/* The word holds a generation, which each entry and exit increments, and the state. STALE: the
 * eventfd held a count when it was armed, so a count in it does not prove a wake. */
#define WORD_STATE_MASK UINT64_C(3)
#define WORD_STALE	(UINT64_C(1) << 2)
#define WORD_SHIFT	3

#define SLEPT_UNKNOWN	UINT64_MAX

struct arming {
	_Atomic int fd;		/* a duplicate of the caller's eventfd, or -1 */
	_Atomic uint64_t slept; /* runtime_suspended_time in ms at the arming */
};

struct vfiopm__power {
	uint32_t features;
	pthread_mutex_t lock; /* serializes entries and exits; readers do not take it */
	_Atomic uint64_t word;
	/* A generation uses armings[generation % 2]. A writer fills the other element before it
	 * publishes the next word, and a reader discards what it read if the word changed. */
	struct arming armings[2];
};

static int word_state(uint64_t word)
{
	return (int)(word & WORD_STATE_MASK);
}

static struct arming *word_arming(struct vfiopm__power *power, uint64_t word)
{
	return &power->armings[(word >> WORD_SHIFT) & 1];
}

/* ---- features ---- */

/* Returns 1, 0 or -errno. A driver without this feature, or without this operation on it, fails
 * with ENOTTY or EINVAL (vfio_main.c, vfio_ioctl_device_feature(), 6.1). */
static int probe(int device_fd, uint32_t feature, bool get)
{
	struct vfiopm__feature request;
	int r;

	vfiopm__wire_feature(&request,
			     feature | VFIO_DEVICE_FEATURE_PROBE |
				     (get ? VFIO_DEVICE_FEATURE_GET : VFIO_DEVICE_FEATURE_SET));
	r = vfiopm__sys_command(device_fd, VFIO_DEVICE_FEATURE, &request);
	if (r == -ENOTTY || r == -EINVAL)
		return 0;
	return r < 0 ? r : 1;
}

static int probe_features(int device_fd, uint32_t *ret_features)
{
	static const struct {
		uint32_t feature, bit;
	} wanted[] = {
		{ VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY, VFIOPM_FEATURE_ENTER },
		{ VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP, VFIOPM_FEATURE_ENTER_WAKEUP },
		{ VFIO_DEVICE_FEATURE_LOW_POWER_EXIT, VFIOPM_FEATURE_EXIT },
	};
	uint32_t features = 0;
	int r;

	/* A feature 3 that can be read is the interface of an earlier proposal (v3, v4), which
	 * no call here matches. */
	r = probe(device_fd, VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY, true);
	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		int have = probe(device_fd, wanted[i].feature, false);

		if (have < 0)
			return have;
		if (have)
			features |= wanted[i].bit;
	}
	*ret_features = features;
	return 0;
}

int vfiopm__power_new(int device_fd, struct vfiopm__power **ret_power)
{
	struct vfiopm__power *power;
	uint32_t features;
	int r;

	r = probe_features(device_fd, &features);
	if (r < 0)
		return r;
	power = calloc(1, sizeof(*power));
	if (!power)
		return -ENOMEM;

	power->features = features;
	pthread_mutex_init(&power->lock, NULL);
	power->armings[0].fd = power->armings[1].fd = -1;
	*ret_power = power;
	return 0;
}

void vfiopm__power_free(struct vfiopm__power *power)
{
	if (!power)
		return;
	vfiopm__sys_close(power->armings[0].fd);
	vfiopm__sys_close(power->armings[1].fd);
	pthread_mutex_destroy(&power->lock);
	free(power);
}

VFIOPM__PUBLIC int vfiopm_get_features(const struct vfiopm_device *dev, uint32_t *ret_features)
{
	if (!dev || !ret_features)
		return -EINVAL;
	*ret_features = dev->power->features;
	return 0;
}

/* ---- the state ---- */

static bool is_suspended(const struct vfiopm_device *dev)
{
	uint32_t status;

	return vfiopm_readout_get_runtime_status(dev, &status) == 0 &&
	       status == VFIOPM_RUNTIME_SUSPENDED;
}

static uint64_t slept_until_now(const struct vfiopm_device *dev)
{
	uint64_t ms;

	return vfiopm_readout_get_suspended_time(dev, &ms) == 0 ? ms : SLEPT_UNKNOWN;
}

/* An armed device that has slept since the arming and is active was resumed, so the kernel has
 * signalled its eventfd. */
static bool slept_and_resumed(const struct vfiopm_device *dev, uint64_t slept)
{
	uint64_t ms = slept == SLEPT_UNKNOWN ? SLEPT_UNKNOWN : slept_until_now(dev);
	uint32_t status;

	return ms != SLEPT_UNKNOWN && ms > slept &&
	       vfiopm_readout_get_runtime_status(dev, &status) == 0 &&
	       status == VFIOPM_RUNTIME_ACTIVE;
}

/* Add to the word of an armed device what the eventfd and sysfs show. */
static uint64_t refine(const struct vfiopm_device *dev, struct vfiopm__power *power, uint64_t word)
{
	struct arming *arming = word_arming(power, word);
	bool readable = vfiopm__sys_eventfd_readable(arming->fd);

	if (!readable)
		word &= ~WORD_STALE; /* the caller has taken the old count */
	if ((readable && !(word & WORD_STALE)) || slept_and_resumed(dev, arming->slept))
		word |= VFIOPM_STATE_WOKEN;
	return word;
}

static_assert((VFIOPM_STATE_LOW_POWER_WAKEUP | VFIOPM_STATE_WOKEN) == VFIOPM_STATE_WOKEN,
	      "an armed word becomes a woken one by setting bits");

static uint64_t observe(const struct vfiopm_device *dev)
{
	struct vfiopm__power *power = dev->power;
	uint64_t word = power->word, seen;

	for (;;) {
		if (word_state(word) != VFIOPM_STATE_LOW_POWER_WAKEUP)
			return word;
		seen = refine(dev, power, word);
		/* An entry or exit in between makes this fail and loads the new word. */
		if (atomic_compare_exchange_strong(&power->word, &word, seen))
			return seen;
	}
}

VFIOPM__PUBLIC int vfiopm_get_state(const struct vfiopm_device *dev)
{
	return dev ? word_state(observe(dev)) : -EINVAL;
}

/* Begin a generation. Takes wakeup_fd over and closes the fd of the previous arming. */
static void publish(const struct vfiopm_device *dev, int state, int wakeup_fd, bool stale)
{
	struct vfiopm__power *power = dev->power;
	uint64_t word = power->word;
	struct arming *old = word_arming(power, word);
	int old_fd = old->fd;

	word = ((word >> WORD_SHIFT) + 1) << WORD_SHIFT | (stale ? WORD_STALE : 0) |
	       (uint64_t)state;
	word_arming(power, word)->fd = wakeup_fd;
	word_arming(power, word)->slept = wakeup_fd < 0 ? SLEPT_UNKNOWN : slept_until_now(dev);
	power->word = word;

	old->fd = -1;
	if (old_fd != wakeup_fd)
		vfiopm__sys_close(old_fd);
}

/* ---- entry and exit ---- */

static int issue(const struct vfiopm_device *dev, const char *call, struct vfiopm__feature *request)
{
	int r = vfiopm__sys_command(dev->fds.device, VFIO_DEVICE_FEATURE, request);

	vfiopm__trace_event(&dev->trace, VFIOPM_TRACE_ISSUED, call, r);
	return r;
}

/* What is observed before an ioctl, to decide afterwards whether that ioctl woke the device. */
struct before {
	int state;
	int wakeup_fd;
	bool readable;
	bool suspended;
};

static struct before look_before(const struct vfiopm_device *dev)
{
	struct before before = { .wakeup_fd = -1 };
	uint64_t word = observe(dev);

	before.state = word_state(word);
	if (before.state == VFIOPM_STATE_LOW_POWER_WAKEUP) {
		before.wakeup_fd = word_arming(dev->power, word)->fd;
		before.readable = word & WORD_STALE;
		before.suspended = before.readable && is_suspended(dev);
	}
	return before;
}

/* A host wake at the same time is indistinguishable from a wake by this ioctl. Nothing is lost:
 * the caller is giving the device a new state in this call. */
static bool woken_by_call(const struct before *before, int result)
{
	if (before->state != VFIOPM_STATE_LOW_POWER_WAKEUP || result == -EIO)
		return false;
	/* An old count in the eventfd hides a new one; then only sysfs shows the wake. */
	return before->readable ? before->suspended
				: vfiopm__sys_eventfd_readable(before->wakeup_fd);
}

static void take_back_one(int wakeup_fd)
{
	uint64_t count;

	if (vfiopm__sys_eventfd_take(wakeup_fd, &count) == 0 && count > 1)
		vfiopm__sys_eventfd_add(wakeup_fd, count - 1);
}

/* A failed entry has woken the device too: restore the previous arming. If that fails as well,
 * the count stays in the eventfd and reports the wake. */
static void restore_arming(const struct vfiopm_device *dev, const struct before *before)
{
	struct vfiopm__feature request;

	vfiopm__wire_enter_wakeup(&request, before->wakeup_fd);
	if (issue(dev, enter_wakeup_call, &request) < 0)
		return;
	take_back_one(before->wakeup_fd);
	publish(dev, VFIOPM_STATE_LOW_POWER_WAKEUP, before->wakeup_fd, before->readable);
}

/* Takes wakeup_fd over on success only. */
static int enter(const struct vfiopm_device *dev, const char *call, struct vfiopm__feature *request,
		 int state, int wakeup_fd)
{
	struct before before = look_before(dev);
	bool stale = wakeup_fd >= 0 && vfiopm__sys_eventfd_readable(wakeup_fd);
	bool woken;
	int r;

	/* Only an exit ends a plain entry. The kernel would refuse another entry, but only after
	 * waking the device. */
	if (before.state == VFIOPM_STATE_LOW_POWER) {
		vfiopm__trace_event(&dev->trace, VFIOPM_TRACE_SAVED, call, -EALREADY);
		return -EALREADY;
	}

	r = issue(dev, call, request);
	woken = woken_by_call(&before, r);
	if (r < 0) {
		if (woken)
			restore_arming(dev, &before);
		return r;
	}
	if (woken)
		take_back_one(before.wakeup_fd);
	publish(dev, state, wakeup_fd, stale);
	return 0;
}

VFIOPM__PUBLIC int vfiopm_enter(struct vfiopm_device *dev)
{
	struct vfiopm__feature request;

	if (!dev)
		return -EINVAL;
	vfiopm__wire_feature(&request,
			     VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY | VFIO_DEVICE_FEATURE_SET);
	VFIOPM__HOLD(&dev->power->lock);
	return enter(dev, enter_call, &request, VFIOPM_STATE_LOW_POWER, -1);
}

VFIOPM__PUBLIC int vfiopm_enter_wakeup(struct vfiopm_device *dev, int wakeup_fd)
{
	struct vfiopm__feature request;
	int duplicate, r;

	if (!dev || wakeup_fd < 0)
		return -EINVAL;
	/* The kernel holds the eventfd, not the caller's fd. The duplicate does the same: the
	 * caller can close the fd, and its number can return as another file. */
	duplicate = vfiopm__sys_duplicate(wakeup_fd);
	if (duplicate < 0)
		return duplicate;
	vfiopm__wire_enter_wakeup(&request, duplicate);
	VFIOPM__HOLD(&dev->power->lock);
	r = enter(dev, enter_wakeup_call, &request, VFIOPM_STATE_LOW_POWER_WAKEUP, duplicate);
	if (r < 0)
		vfiopm__sys_close(duplicate);
	return r;
}

VFIOPM__PUBLIC int vfiopm_exit(struct vfiopm_device *dev)
{
	struct vfiopm__feature request;
	struct before before;
	int r;

	if (!dev)
		return -EINVAL;
	vfiopm__wire_feature(&request,
			     VFIO_DEVICE_FEATURE_LOW_POWER_EXIT | VFIO_DEVICE_FEATURE_SET);
	VFIOPM__HOLD(&dev->power->lock);
	before = look_before(dev);
	r = issue(dev, exit_call, &request);
	if (r == 0) {
		if (woken_by_call(&before, r))
			take_back_one(before.wakeup_fd);
		publish(dev, VFIOPM_STATE_ACTIVE, -1, false);
	}
	return r;
}
