// SPDX-License-Identifier: MIT
/*
 * Power: the low-power features of a device, and the state that this object has
 * brought it to.
 *
 * The kernel tells nobody the state of a device (an entry's EINVAL depends on an
 * asynchronous suspend, and asking wakes), so it is kept here: a word that entries
 * and exits publish and that vfiopm_get_state() reads without a lock. An entry
 * with wakeup is an "arming": the kernel signals its eventfd once, on the first
 * resume of the suspended device, whatever caused it, and the low power is over
 * (drivers/vfio/pci/vfio_pci_core.c, vfio_pci_core_runtime_resume(), 6.1). Any ioctl
 * is such a cause, the next entry and the exit among them: the count that one of
 * ours causes is not a wake that the caller waits for, and is taken back.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "private.h"
#include "uapi.h"

static const char enter_call[] = "VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY";
static const char enter_wakeup_call[] = "VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP";
static const char exit_call[] = "VFIO_DEVICE_FEATURE_LOW_POWER_EXIT";

/* The word: a generation that each entry and exit counts up, and below it the
 * state. STALE: the eventfd held a count when it was armed, so a count in it does
 * not mean a wake. */
#define WORD_STATE_MASK UINT64_C(3)
#define WORD_STALE	(UINT64_C(1) << 2)
#define WORD_SHIFT	3

#define SLEPT_UNKNOWN	UINT64_MAX

struct arming {
	_Atomic int fd;		/* our duplicate of the eventfd, or -1 */
	_Atomic uint64_t slept; /* runtime_suspended_time, ms, when it was armed */
};

struct vfiopm__power {
	uint32_t features;
	pthread_mutex_t calls; /* one entry or exit at a time; readers do not take it */
	_Atomic uint64_t word;
	/* That of a generation is armings[generation % 2]: a reader never sees the
	 * next one half written, and takes what it saw of one for nothing if the word
	 * has changed meanwhile. */
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

/* 1, 0 or -errno. A driver that knows no features, or not this operation of one,
 * says ENOTTY or EINVAL (vfio_main.c, vfio_ioctl_device_feature(), 6.1). */
static int probe(int device_fd, uint32_t feature, bool get)
{
	struct vfiopm__feature request;
	int r;

	vfiopm__wire_probe(&request, feature, get);
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

	/* Feature 3 that can be read is another one: that of the patches before
	 * v5, in out-of-tree kernels. None of the calls here fits it. */
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
	pthread_mutex_init(&power->calls, NULL);
	power->armings[0].fd = power->armings[1].fd = -1;
	*ret_power = power;
	return 0;
}

void vfiopm__power_free(struct vfiopm__power *power)
{
	vfiopm__sys_close(power->armings[0].fd);
	vfiopm__sys_close(power->armings[1].fd);
	pthread_mutex_destroy(&power->calls);
	free(power);
}

VFIOPM__PUBLIC int vfiopm_get_features(const struct vfiopm_device *dev, uint32_t *ret_features)
{
	if (!dev || !ret_features)
		return -EINVAL;
	*ret_features = vfiopm__device_power(dev)->features;
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

/* An armed device that has slept since and is active was resumed, so signalled. */
static bool slept_and_resumed(const struct vfiopm_device *dev, uint64_t slept)
{
	uint64_t ms = slept == SLEPT_UNKNOWN ? SLEPT_UNKNOWN : slept_until_now(dev);
	uint32_t status;

	return ms != SLEPT_UNKNOWN && ms > slept &&
	       vfiopm_readout_get_runtime_status(dev, &status) == 0 &&
	       status == VFIOPM_RUNTIME_ACTIVE;
}

/* What is known of an armed device: its word, more exact where more was seen. */
static uint64_t look_at_arming(const struct vfiopm_device *dev, struct vfiopm__power *power,
			       uint64_t word)
{
	struct arming *arming = word_arming(power, word);
	bool readable = vfiopm__sys_eventfd_readable(arming->fd);

	if (!readable)
		word &= ~WORD_STALE; /* the caller took the old count */
	if ((readable && !(word & WORD_STALE)) || slept_and_resumed(dev, arming->slept))
		word |= VFIOPM_STATE_WOKEN;
	return word;
}

static_assert((VFIOPM_STATE_LOW_POWER_WAKEUP | VFIOPM_STATE_WOKEN) == VFIOPM_STATE_WOKEN,
	      "an armed word becomes a woken one by setting bits");

static uint64_t observe(const struct vfiopm_device *dev)
{
	struct vfiopm__power *power = vfiopm__device_power(dev);
	uint64_t word = power->word, seen;

	for (;;) {
		if (word_state(word) != VFIOPM_STATE_LOW_POWER_WAKEUP)
			return word;
		seen = look_at_arming(dev, power, word);
		/* Fails if an entry or exit has come between, and reads the new word. */
		if (atomic_compare_exchange_strong(&power->word, &word, seen))
			return seen;
	}
}

VFIOPM__PUBLIC int vfiopm_get_state(const struct vfiopm_device *dev)
{
	return dev ? word_state(observe(dev)) : -EINVAL;
}

/* Begins a generation. Takes wakeup_fd over and closes that of the one before. */
static void publish(const struct vfiopm_device *dev, int state, int wakeup_fd, bool stale)
{
	struct vfiopm__power *power = vfiopm__device_power(dev);
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
	int r = vfiopm__sys_command(vfiopm_device_get_fd(dev), VFIO_DEVICE_FEATURE, request);

	vfiopm__device_trace(dev, VFIOPM_TRACE_ISSUED, call, r);
	return r;
}

/* What must be known of a device before an ioctl, to tell afterwards whether that
 * ioctl itself was what woke it. */
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
		before.wakeup_fd = word_arming(vfiopm__device_power(dev), word)->fd;
		before.readable = word & WORD_STALE;
		before.suspended = before.readable && is_suspended(dev);
	}
	return before;
}

/* A wake by the host in the same instant cannot be told from ours. That loses
 * nothing: the caller is just now giving the device a new state himself. */
static bool woken_by_us(const struct before *before, int result)
{
	if (before->state != VFIOPM_STATE_LOW_POWER_WAKEUP || result == -EIO)
		return false;
	/* An old count in the eventfd hides a new one: then only sysfs tells. */
	return before->readable ? before->suspended
				: vfiopm__sys_eventfd_readable(before->wakeup_fd);
}

static void take_back_one(int wakeup_fd)
{
	uint64_t count;

	if (vfiopm__sys_eventfd_take(wakeup_fd, &count) == 0 && count > 1)
		vfiopm__sys_eventfd_add(wakeup_fd, count - 1);
}

/* An entry that failed has woken the device all the same: arm it again as it was.
 * If that fails too, the count stays where it is, and the wake is seen by it. */
static void arm_again(const struct vfiopm_device *dev, const struct before *before)
{
	struct vfiopm__feature request;

	vfiopm__wire_enter_wakeup(&request, before->wakeup_fd);
	if (issue(dev, enter_wakeup_call, &request) < 0)
		return;
	take_back_one(before->wakeup_fd);
	publish(dev, VFIOPM_STATE_LOW_POWER_WAKEUP, before->wakeup_fd, before->readable);
}

/* Takes wakeup_fd over, on success only. */
static int enter(const struct vfiopm_device *dev, const char *call, struct vfiopm__feature *request,
		 int state, int wakeup_fd)
{
	struct before before = look_before(dev);
	bool stale = wakeup_fd >= 0 && vfiopm__sys_eventfd_readable(wakeup_fd);
	bool woken;
	int r;

	/* Nothing but an exit ends a plain entry, and until then the kernel refuses
	 * another, only after waking the device. */
	if (before.state == VFIOPM_STATE_LOW_POWER) {
		vfiopm__device_trace(dev, VFIOPM_TRACE_SAVED, call, -EALREADY);
		return -EALREADY;
	}

	r = issue(dev, call, request);
	woken = woken_by_us(&before, r);
	if (r < 0) {
		if (woken)
			arm_again(dev, &before);
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
	int r;

	if (!dev)
		return -EINVAL;
	vfiopm__wire_enter(&request);

	pthread_mutex_lock(&vfiopm__device_power(dev)->calls);
	r = enter(dev, enter_call, &request, VFIOPM_STATE_LOW_POWER, -1);
	pthread_mutex_unlock(&vfiopm__device_power(dev)->calls);
	return r;
}

VFIOPM__PUBLIC int vfiopm_enter_wakeup(struct vfiopm_device *dev, int wakeup_fd)
{
	struct vfiopm__feature request;
	int duplicate, r;

	if (!dev || wakeup_fd < 0)
		return -EINVAL;
	/* The kernel holds the eventfd itself, not the caller's fd. So do we: the
	 * caller may close his, and its number may come back as another file. */
	duplicate = vfiopm__sys_duplicate(wakeup_fd);
	if (duplicate < 0)
		return duplicate;
	vfiopm__wire_enter_wakeup(&request, duplicate);

	pthread_mutex_lock(&vfiopm__device_power(dev)->calls);
	r = enter(dev, enter_wakeup_call, &request, VFIOPM_STATE_LOW_POWER_WAKEUP, duplicate);
	pthread_mutex_unlock(&vfiopm__device_power(dev)->calls);
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
	vfiopm__wire_exit(&request);

	pthread_mutex_lock(&vfiopm__device_power(dev)->calls);
	before = look_before(dev);
	r = issue(dev, exit_call, &request);
	if (r == 0) {
		if (woken_by_us(&before, r))
			take_back_one(before.wakeup_fd);
		publish(dev, VFIOPM_STATE_ACTIVE, -1, false);
	}
	pthread_mutex_unlock(&vfiopm__device_power(dev)->calls);
	if (r == 0)
		vfiopm__irq_low_power_ended(dev);
	return r;
}
