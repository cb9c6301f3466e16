// SPDX-License-Identifier: MIT
/*
 * The guest object: the public calls over its parts, and which of INTx, MSI and MSI-X is on. See
 * parts.h for the rules between the parts.
 *
 * The guest's driver sets enable bits; the library enables the type that they state. A guest can set
 * them in any order, and a step can fail, so the types are not switched by events: settle() compares
 * what the registers state with what is on, at each access and dispatch.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include <vfiopm/msix.h>
#include <vfiopm/reset.h>

#include "../export.h"
#include "../lock.h"
#include "../ops.h"
#include "../sys.h"
#include "host.h"
#include "parts.h"

enum type { TYPE_NONE, TYPE_INTX, TYPE_MSI, TYPE_MSIX, TYPES };

/* The numbers of the fds that dispatch polls. */
enum source { SOURCE_PM, SOURCE_MSIX, SOURCE_TIMER };

#define PM_LENGTH   8
#define MSIX_LENGTH 12
#define CONFIG_SIZE 4096

/* The delay grows with each retry that fails. */
#define RETRY_LEAST_MS 10
#define RETRY_MOST_MS  1000
#define RETRY_GROWTH   4

struct vfiopm_guest {
	struct vfiopm_guest_ops ops;
	struct vfiopm__guest_host host;
	int epoll;
	struct vfiopm__guest_config *config;
	struct vfiopm__guest_pm *pm;
	/* A part is NULL if the device does not have the capability. */
	struct vfiopm__guest_msix *msix;
	struct vfiopm__guest_msi *msi;
	struct vfiopm__guest_intx *intx;
	uint32_t pm_at, msi_at, msix_at; /* offsets of the capabilities; 0 for none */

	pthread_mutex_t lock; /* protects the interrupt parts and the members below */
	bool unsettled;	      /* another type is on than the registers state */
	enum type missed;     /* the type that could not be enabled */
	int timer;	      /* of the next retry */
	unsigned delay_ms;    /* until the next retry, or 0 while the timer is off */
};

/* ---- which type is on ---- */

static enum type wanted_type(const struct vfiopm_guest *guest)
{
	if (guest->msix && vfiopm__guest_msix_is_wanted(guest->msix))
		return TYPE_MSIX;
	if (guest->msi && vfiopm__guest_msi_is_wanted(guest->msi))
		return TYPE_MSI;
	return guest->intx ? TYPE_INTX : TYPE_NONE;
}

static bool is_on(const struct vfiopm_guest *guest, enum type type)
{
	switch (type) {
	case TYPE_INTX:
		return guest->intx && vfiopm__guest_intx_is_on(guest->intx);
	case TYPE_MSI:
		return guest->msi && vfiopm__guest_msi_is_on(guest->msi);
	default:
		return guest->msix && vfiopm__guest_msix_is_on(guest->msix);
	}
}

static int enable(struct vfiopm_guest *guest, enum type type, bool late)
{
	switch (type) {
	case TYPE_INTX:
		return vfiopm__guest_intx_enable(guest->intx);
	case TYPE_MSI:
		return vfiopm__guest_msi_enable(guest->msi, late);
	case TYPE_MSIX:
		return vfiopm__guest_msix_enable(guest->msix, late);
	default:
		return 0;
	}
}

static int disable(struct vfiopm_guest *guest, enum type type)
{
	switch (type) {
	case TYPE_INTX:
		return vfiopm__guest_intx_disable(guest->intx);
	case TYPE_MSI:
		return vfiopm__guest_msi_disable(guest->msi);
	default:
		return vfiopm__guest_msix_disable(guest->msix);
	}
}

/* Disable the types that are not wanted, then enable the wanted one. */
static int switch_type(struct vfiopm_guest *guest, enum type wanted, bool late)
{
	for (enum type type = TYPE_INTX; type < TYPES; type++) {
		int r = type != wanted && is_on(guest, type) ? disable(guest, type) : 0;

		if (r < 0)
			return r;
	}
	return enable(guest, wanted, late);
}

static bool is_settled(const struct vfiopm_guest *guest)
{
	enum type wanted = wanted_type(guest);

	for (enum type type = TYPE_INTX; type < TYPES; type++) {
		if (is_on(guest, type) != (type == wanted))
			return false;
	}
	return true;
}

/* Switch to the type that the registers state. A sleeping device raises no interrupt, so the switch
 * waits until the device is awake. */
static int settle(struct vfiopm_guest *guest)
{
	enum type wanted = wanted_type(guest);
	int r = 0;

	if (!is_settled(guest) && !vfiopm__guest_is_asleep(&guest->host))
		r = switch_type(guest, wanted, wanted == guest->missed);
	guest->unsettled = !is_settled(guest);
	guest->missed = guest->unsettled ? wanted : TYPE_NONE;
	return r;
}

/* ---- what is undone ---- */

static bool is_undone(const struct vfiopm_guest *guest)
{
	return guest->unsettled ||
	       (guest->msix && vfiopm__guest_msix_has_undone_work(guest->msix)) ||
	       (guest->msi && vfiopm__guest_msi_has_undone_work(guest->msi)) ||
	       (guest->intx && vfiopm__guest_intx_has_undone_work(guest->intx));
}

static void make_undone_work(struct vfiopm_guest *guest)
{
	settle(guest);
	if (guest->msix && vfiopm__guest_msix_has_undone_work(guest->msix))
		vfiopm__guest_msix_retry(guest->msix);
	if (guest->msi && vfiopm__guest_msi_has_undone_work(guest->msi))
		vfiopm__guest_msi_retry(guest->msi);
	if (guest->intx && vfiopm__guest_intx_has_undone_work(guest->intx))
		vfiopm__guest_intx_retry(guest->intx);
}

static void set_timer(struct vfiopm_guest *guest, unsigned delay_ms)
{
	if (delay_ms > RETRY_MOST_MS)
		delay_ms = RETRY_MOST_MS;
	guest->delay_ms = delay_ms;
	vfiopm__sys_timer_start(guest->timer, delay_ms);
}

/* A guest that waits for an interrupt makes no access. The timer makes dispatch retry, if a thread
 * dispatches. While the device sleeps, nothing is retried. */
static void plan_retry(struct vfiopm_guest *guest)
{
	bool is_planned = is_undone(guest) && !vfiopm__guest_is_asleep(&guest->host);

	if (is_planned && guest->delay_ms == 0)
		set_timer(guest, RETRY_LEAST_MS);
	else if (!is_planned && guest->delay_ms > 0)
		set_timer(guest, 0);
}

static void retry_interrupts(struct vfiopm_guest *guest, bool was_undone)
{
	VFIOPM__HOLD(&guest->lock);

	if (is_undone(guest) && !vfiopm__guest_is_asleep(&guest->host)) {
		was_undone = true;
		make_undone_work(guest);
	}
	if (was_undone && !is_undone(guest) && !vfiopm__guest_pm_has_undone_work(guest->pm))
		vfiopm__guest_forget_reports(&guest->host);
	plan_retry(guest);
}

static void retry(struct vfiopm_guest *guest)
{
	bool was_undone = vfiopm__guest_pm_has_undone_work(guest->pm);

	if (was_undone)
		vfiopm__guest_pm_retry(guest->pm);
	retry_interrupts(guest, was_undone);
}

/* ---- the configuration space ---- */

static bool is_access(uint32_t offset, uint32_t width)
{
	return (width == 1 || width == 2 || width == 4) && offset % 4 + width <= 4 &&
	       offset < CONFIG_SIZE;
}

static bool is_within(uint32_t at, uint32_t length, uint32_t offset)
{
	return at != 0 && offset >= at && offset - at < length;
}

static bool is_of_pm(const struct vfiopm_guest *guest, uint32_t offset)
{
	return is_within(guest->pm_at, PM_LENGTH, offset);
}

static bool is_of_msix(const struct vfiopm_guest *guest, uint32_t offset)
{
	return is_within(guest->msix_at, MSIX_LENGTH, offset);
}

static bool is_of_msi(const struct vfiopm_guest *guest, uint32_t offset)
{
	return guest->msi && is_within(guest->msi_at, vfiopm__guest_msi_length(guest->msi), offset);
}

VFIOPM__PUBLIC int vfiopm_guest_config_read(struct vfiopm_guest *guest, uint32_t offset,
					    uint32_t width, uint32_t *ret_value)
{
	if (!guest || !ret_value || !is_access(offset, width))
		return -EINVAL;
	retry(guest);
	if (is_of_pm(guest, offset)) {
		*ret_value = vfiopm__guest_pm_read(guest->pm, offset - guest->pm_at, width);
		return 1;
	}
	if (!is_of_msix(guest, offset) && !is_of_msi(guest, offset))
		return vfiopm__guest_config_read(guest->config, offset, width, ret_value);
	VFIOPM__HOLD(&guest->lock);
	if (is_of_msix(guest, offset))
		*ret_value = vfiopm__guest_msix_read(guest->msix, offset - guest->msix_at, width);
	else
		*ret_value = vfiopm__guest_msi_read(guest->msi, offset - guest->msi_at, width);
	return 1;
}

static void write_interrupts(struct vfiopm_guest *guest, uint32_t offset, uint32_t width,
			     uint32_t value)
{
	VFIOPM__HOLD(&guest->lock);

	if (is_of_msix(guest, offset))
		vfiopm__guest_msix_write(guest->msix, offset - guest->msix_at, width, value);
	else
		vfiopm__guest_msi_write(guest->msi, offset - guest->msi_at, width, value);
	settle(guest);
	plan_retry(guest);
}

VFIOPM__PUBLIC int vfiopm_guest_config_write(struct vfiopm_guest *guest, uint32_t offset,
					     uint32_t width, uint32_t value)
{
	if (!guest || !is_access(offset, width))
		return -EINVAL;
	retry(guest);
	if (is_of_pm(guest, offset)) {
		vfiopm__guest_pm_write(guest->pm, offset - guest->pm_at, width, value);
		/* The device can be awake now. */
		retry_interrupts(guest, false);
		return 1;
	}
	if (!is_of_msix(guest, offset) && !is_of_msi(guest, offset)) {
		if (vfiopm__guest_config_write(guest->config, offset, width, value))
			return 1;
		if (!vfiopm__guest_config_resets(guest->config, offset, width, value))
			return 0;
		/* The device would forget the other bits of the write too. */
		vfiopm_guest_reset(guest);
		return 1;
	}
	write_interrupts(guest, offset, width, value);
	return 1;
}

/* ---- the table and the PBA ---- */

VFIOPM__PUBLIC int vfiopm_guest_msix_read(struct vfiopm_guest *guest, uint32_t bar, uint64_t offset,
					  size_t length, void *ret_bytes)
{
	if (!guest || !ret_bytes || length == 0)
		return -EINVAL;
	if (!guest->msix)
		return 0;
	retry(guest);
	VFIOPM__HOLD(&guest->lock);
	return vfiopm__guest_msix_read_bar(guest->msix, bar, offset, length, ret_bytes);
}

VFIOPM__PUBLIC int vfiopm_guest_msix_write(struct vfiopm_guest *guest, uint32_t bar,
					   uint64_t offset, size_t length, const void *bytes)
{
	int r;

	if (!guest || !bytes || length == 0)
		return -EINVAL;
	if (!guest->msix)
		return 0;
	retry(guest);
	VFIOPM__HOLD(&guest->lock);
	r = vfiopm__guest_msix_write_bar(guest->msix, bar, offset, length, bytes);
	plan_retry(guest);
	return r;
}

/* ---- power and reset ---- */

static int set_power(struct vfiopm_guest *guest, bool on)
{
	int r;

	if (!guest)
		return -EINVAL;
	r = vfiopm__guest_pm_power(guest->pm, on);
	retry_interrupts(guest, false);
	return r;
}

VFIOPM__PUBLIC int vfiopm_guest_power_off(struct vfiopm_guest *guest)
{
	return set_power(guest, false);
}

VFIOPM__PUBLIC int vfiopm_guest_power_on(struct vfiopm_guest *guest)
{
	return set_power(guest, true);
}

VFIOPM__PUBLIC int vfiopm_guest_begin_power(struct vfiopm_guest *guest, int on)
{
	if (!guest || (on != 0 && on != 1))
		return -EINVAL;
	vfiopm__guest_pm_begin_power(guest->pm, on);
	return 0;
}

VFIOPM__PUBLIC int vfiopm_guest_is_powered(struct vfiopm_guest *guest)
{
	return guest ? vfiopm__guest_pm_is_powered(guest->pm) : -EINVAL;
}

/* Reset the registers, then switch to the type that they state, which is INTx. */
static int reset_interrupts(struct vfiopm_guest *guest)
{
	int r;

	VFIOPM__HOLD(&guest->lock);
	if (guest->msix)
		vfiopm__guest_msix_reset(guest->msix);
	if (guest->msi)
		vfiopm__guest_msi_reset(guest->msi);
	r = settle(guest);
	plan_retry(guest);
	return r;
}

/* The device must end its DMA before the guest uses its memory again. A reset that has failed is not
 * retried, because the guest runs by then. */
static int reset_device(struct vfiopm_guest *guest)
{
	int r = vfiopm_reset(guest->host.dev);

	if (r < 0)
		vfiopm__guest_broken(&guest->host, "vfiopm_reset", r);
	return r;
}

/* INTx is enabled after the reset of the device, so the guest gets no interrupt from before. */
VFIOPM__PUBLIC int vfiopm_guest_reset(struct vfiopm_guest *guest)
{
	int r, of_device, of_interrupts;

	if (!guest)
		return -EINVAL;
	r = vfiopm__guest_pm_reset(guest->pm);
	of_device = reset_device(guest);
	of_interrupts = reset_interrupts(guest);
	if (r == 0)
		r = of_device;
	return r < 0 ? r : of_interrupts;
}

/* ---- the event loop ---- */

VFIOPM__PUBLIC int vfiopm_guest_get_fd(const struct vfiopm_guest *guest)
{
	return guest ? guest->epoll : -EINVAL;
}

static int dispatch_msix(struct vfiopm_guest *guest)
{
	VFIOPM__HOLD(&guest->lock);

	return vfiopm__guest_msix_dispatch(guest->msix);
}

/* dispatch() retries in any case. */
static int dispatch_timer(struct vfiopm_guest *guest)
{
	VFIOPM__HOLD(&guest->lock);

	set_timer(guest, RETRY_GROWTH * guest->delay_ms);
	return 0;
}

static int dispatch_source(struct vfiopm_guest *guest, uint32_t source)
{
	switch (source) {
	case SOURCE_PM:
		return vfiopm__guest_pm_dispatch(guest->pm);
	case SOURCE_MSIX:
		return dispatch_msix(guest);
	default:
		return dispatch_timer(guest);
	}
}

VFIOPM__PUBLIC int vfiopm_guest_dispatch(struct vfiopm_guest *guest)
{
	uint32_t sources[VFIOPM__EPOLL_MOST];
	int ready, handled = 0;

	if (!guest)
		return -EINVAL;
	ready = vfiopm__sys_epoll_poll(guest->epoll, sources);
	for (int i = 0; i < ready; i++)
		handled += dispatch_source(guest, sources[i]);
	retry(guest);
	return handled;
}

VFIOPM__PUBLIC int vfiopm_guest_count_fds(struct vfiopm_guest *guest)
{
	unsigned count = 2; /* the epoll fd and the timer */

	if (!guest)
		return -EINVAL;
	VFIOPM__HOLD(&guest->lock);
	count += vfiopm__guest_pm_count_fds(guest->pm);
	if (guest->msix)
		count += vfiopm__guest_msix_count_fds(guest->msix);
	if (guest->msi)
		count += vfiopm__guest_msi_count_fds(guest->msi);
	if (guest->intx)
		count += vfiopm__guest_intx_count_fds(guest->intx);
	return (int)count;
}

VFIOPM__PUBLIC int vfiopm_guest_set_policy(struct vfiopm_guest *guest, uint32_t policy)
{
	if (!guest || policy > VFIOPM_MSIX_POLICY_RELAY)
		return -EINVAL;
	VFIOPM__HOLD(&guest->lock);
	return guest->msix ? vfiopm__guest_msix_set_policy(guest->msix, policy) : 0;
}

/* ---- creation ---- */

static bool has_index(const struct vfiopm_guest *guest, uint32_t index)
{
	uint32_t count = 0;

	vfiopm_irq_get_count(guest->host.dev, index, &count);
	return count > 0;
}

static int create_interrupts(struct vfiopm_guest *guest)
{
	struct vfiopm__guest_host *host = &guest->host;
	const struct vfiopm__guest_config *config = guest->config;
	int r = 0;

	guest->msix_at = vfiopm__guest_config_find(config, VFIOPM__CAPABILITY_MSIX);
	guest->msi_at = vfiopm__guest_config_find(config, VFIOPM__CAPABILITY_MSI);
	if (guest->msix_at != 0)
		r = vfiopm__guest_msix_new(host, vfiopm__guest_config_bytes(config, guest->msix_at),
					   &guest->msix);
	if (r == 0 && guest->msi_at != 0)
		r = vfiopm__guest_msi_new(host, vfiopm__guest_config_bytes(config, guest->msi_at),
					  &guest->msi);
	if (r == 0 && has_index(guest, VFIOPM_IRQ_INTX))
		r = vfiopm__guest_intx_new(host, &guest->intx);
	return r;
}

static int watch(struct vfiopm_guest *guest)
{
	int r;

	guest->epoll = vfiopm__sys_epoll_new();
	if (guest->epoll < 0)
		return guest->epoll;
	guest->timer = vfiopm__sys_timer_new();
	if (guest->timer < 0)
		return guest->timer;
	r = vfiopm__sys_epoll_add(guest->epoll, guest->timer, SOURCE_TIMER);
	if (r == 0)
		r = vfiopm__sys_epoll_add(guest->epoll, vfiopm__guest_pm_get_fd(guest->pm),
					  SOURCE_PM);
	if (r == 0 && guest->msix)
		r = vfiopm__sys_epoll_add(guest->epoll, vfiopm__guest_msix_get_fd(guest->msix),
					  SOURCE_MSIX);
	return r;
}

static int create_parts(struct vfiopm_guest *guest, struct vfiopm_device *dev, void *data)
{
	int r = vfiopm__guest_host_init(&guest->host, dev, &guest->ops, data);

	if (r == 0)
		r = vfiopm__guest_config_new(&guest->host, &guest->config);
	if (r == 0) {
		guest->pm_at = vfiopm__guest_config_find(guest->config, VFIOPM__CAPABILITY_PM);
		r = vfiopm__guest_pm_new(&guest->host, guest->config, &guest->pm);
	}
	if (r == 0)
		r = create_interrupts(guest);
	if (r < 0)
		return r;
	return watch(guest);
}

VFIOPM__PUBLIC int vfiopm_guest_new(struct vfiopm_device *dev, const struct vfiopm_guest_ops *ops,
				    size_t ops_size, void *data, struct vfiopm_guest **ret_guest)
{
	struct vfiopm_guest *guest;
	struct vfiopm_guest_ops known;
	int r;

	if (!dev || !ops || !ret_guest)
		return -EINVAL;
	r = vfiopm__ops_copy(&known, sizeof(known), ops, ops_size);
	if (r < 0)
		return r;
	if (!known.route || !known.irqfd)
		return -EINVAL;
	guest = calloc(1, sizeof(*guest));
	if (!guest)
		return -ENOMEM;
	guest->ops = known;
	guest->epoll = guest->timer = -1;
	guest->unsettled = true;
	pthread_mutex_init(&guest->lock, NULL);
	r = create_parts(guest, dev, data);
	if (r < 0) {
		vfiopm_guest_free(guest);
		return r;
	}
	*ret_guest = guest;
	return 0;
}

VFIOPM__PUBLIC struct vfiopm_guest *vfiopm_guest_free(struct vfiopm_guest *guest)
{
	if (!guest)
		return NULL;
	vfiopm__guest_intx_free(guest->intx);
	vfiopm__guest_msi_free(guest->msi);
	vfiopm__guest_msix_free(guest->msix);
	vfiopm__guest_pm_free(guest->pm);
	vfiopm__guest_config_free(guest->config);
	vfiopm__guest_host_end(&guest->host);
	vfiopm__sys_close(guest->timer);
	vfiopm__sys_close(guest->epoll);
	pthread_mutex_destroy(&guest->lock);
	free(guest);
	return NULL;
}
