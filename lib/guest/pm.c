// SPDX-License-Identifier: MIT
/*
 * The power of a guest's function: the PM capability, the virtual power resource, and the wakes of
 * the host.
 *
 * The guest's view is what the guest has done: the power of the resource, and the state in PMCSR.
 * Without power, and in D3hot with PME enabled, the device is in low power. In D3hot without PME,
 * the device is in D3hot. In both cases the guest's memory slots are removed. In D0 the device is
 * awake and mapped. reach() brings the device to the state that a view requires, step by step. If a
 * step of a change fails, reach() brings the device back to the view before the change.
 *
 * vfio-pci hides the PME bits of the device (vfio_pci_config.c, init_pci_cap_pm_perm(), 6.1). The
 * host's own kernel enables PME before it suspends the device (pci-driver.c,
 * pci_pm_runtime_suspend(); pci.c, pci_finish_runtime_suspend(), 6.1), and VFIO reports the resume.
 * So this file keeps the PME bits that the guest sees, and only low power makes a PME possible.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <vfiopm/power.h>
#include <vfiopm/quiesce.h>
#include <vfiopm/readout.h>

#include "../lock.h"
#include "../sys.h"
#include "parts.h"

/* include/uapi/linux/pci_regs.h. PCI Bus Power Management Interface Specification 1.2, 3.2. */
#define PMC		 2
#define PMCSR		 4
#define PMC_D1		 0x0200
#define PMC_D2		 0x0400
#define PMC_PME		 0xf800
#define PMC_PME_D3HOT	 0x4000
#define PMC_PME_D3COLD	 0x8000
#define PMCSR_STATE	 0x0003
#define PMCSR_D0	 0x0000
#define PMCSR_D3HOT	 0x0003
#define PMCSR_PME_ENABLE 0x0100
#define PMCSR_PME_STATUS 0x8000
#define PMCSR_PME	 (PMCSR_PME_ENABLE | PMCSR_PME_STATUS)
#define CAPABILITY_SIZE	 8

/* A host that reads the configuration space of the sleeping device wakes it. The device enters low
 * power again after a delay, which doubles with each such wake, until the device has slept for the
 * longest delay. A resume from D3cold takes 0.1 to 0.2 s, so the device would otherwise do nothing
 * but resume. */
#define DELAY_LEAST_MS 100
#define DELAY_MOST_MS  10000

enum request { NO_REQUEST = -1, REQUEST_OFF, REQUEST_ON };
enum source { SOURCE_WAKE, SOURCE_REQUEST, SOURCE_TIMER, SOURCES };

/* What the guest has done to its device. */
struct view {
	bool powered;
	uint16_t state; /* PMCSR_STATE */
	bool sleeps;	/* the device must be in low power */
};

struct vfiopm__guest_pm {
	struct vfiopm__guest_host *host;
	struct vfiopm__guest_config *config;
	uint32_t
		offset; /* of the capability in configuration space; 0: the device has no PM capability */
	uint8_t capability[CAPABILITY_SIZE]; /* without PMCSR */
	int fds[SOURCES], epoll;

	/* What the guest reads. A writer holds the lock. */
	_Atomic uint16_t pmcsr;
	_Atomic bool powered;
	_Atomic bool undone; /* a step that was to restore the view has failed */

	pthread_mutex_t lock; /* protects the members below; held during the steps */
	struct view view;
	uint16_t device_state; /* the power state that was written to the device */
	bool entered;	       /* low power was entered; the host can have woken the device since */
	bool pme_due;	       /* dispatch has to call wake() */
	bool waiting;	       /* the timer counts the delay, not the time of undisturbed sleep */
	unsigned delay_ms, delay_least_ms, delay_most_ms;

	/* The hook runs in entries and exits, also in those of the VMM beside this object. */
	struct vfiopm_quiesce *hook;
	pthread_mutex_t memory_lock; /* protects the members below */
	bool awake;		     /* the view does not sleep */
	bool wants_mapped;
	bool mapped;
	bool quiesced;

	pthread_mutex_t request_lock; /* protects the members below */
	enum request request;
	unsigned replaced[2]; /* requests that a later call has replaced, by the wanted power */
};

/* The step that has failed. */
struct failure {
	const char *call;
	int error;
};

static bool fails(struct failure *failure, const char *call, int error)
{
	*failure = (struct failure){ call, error };
	return error < 0;
}

static bool has_pme(const struct vfiopm__guest_pm *pm)
{
	return pm->capability[PMC + 1] & PMC_PME >> 8;
}

static bool is_in_low_power(const struct vfiopm__guest_pm *pm)
{
	return pm->entered && vfiopm__guest_is_in_low_power(pm->host);
}

/* ---- the guest's memory and configuration space ---- */

/* The lock of the memory is held. */
static int update_mapped(struct vfiopm__guest_pm *pm)
{
	const struct vfiopm_guest_ops *ops = pm->host->ops;
	bool on = pm->wants_mapped && !pm->quiesced;
	int r = pm->mapped != on && ops->mappings ? ops->mappings(pm->host->data, on) : 0;

	if (r == 0)
		pm->mapped = on;
	return r > 0 ? -EPROTO : r;
}

/* The shadow is read as late as possible before the entry. */
static int quiesce(void *data)
{
	struct vfiopm__guest_pm *pm = data;
	int r, again;

	VFIOPM__HOLD(&pm->memory_lock);
	pm->quiesced = true;
	r = update_mapped(pm);
	if (r == 0)
		r = vfiopm__guest_config_sleep(pm->config);
	if (r == 0)
		return 0;
	pm->quiesced = false;
	again = update_mapped(pm);
	if (again < 0) {
		vfiopm__guest_broken(pm->host, "mappings", again);
		pm->undone = true;
	}
	return r;
}

/* A guest without power gets its memory back from wake_up(). */
static int restore(void *data)
{
	struct vfiopm__guest_pm *pm = data;
	int r;

	VFIOPM__HOLD(&pm->memory_lock);
	pm->quiesced = false;
	r = update_mapped(pm);
	pm->quiesced = r < 0;
	if (r == 0 && pm->awake)
		vfiopm__guest_config_wake(pm->config);
	return r;
}

static bool set_mapped(struct vfiopm__guest_pm *pm, bool on, struct failure *failure)
{
	VFIOPM__HOLD(&pm->memory_lock);
	pm->wants_mapped = on;
	return !fails(failure, "mappings", update_mapped(pm));
}

static void set_awake(struct vfiopm__guest_pm *pm, bool awake)
{
	VFIOPM__HOLD(&pm->memory_lock);
	pm->awake = awake;
	if (awake && !pm->quiesced)
		vfiopm__guest_config_wake(pm->config);
}

/* ---- steps ---- */

static void wait_for(struct vfiopm__guest_pm *pm, bool delay, unsigned ms)
{
	pm->waiting = delay;
	vfiopm__sys_timer_start(pm->fds[SOURCE_TIMER], ms);
}

static bool enter(struct vfiopm__guest_pm *pm, struct failure *failure)
{
	struct vfiopm_device *dev = pm->host->dev;

	/* Without PME nobody waits for a wake. After a plain entry the kernel suspends the device
	 * again by itself. */
	if (has_pme(pm) ? fails(failure, "vfiopm_enter_wakeup",
				vfiopm_enter_wakeup(dev, pm->fds[SOURCE_WAKE]))
			: fails(failure, "vfiopm_enter", vfiopm_enter(dev)))
		return false;
	pm->entered = true;
	/* The shortest delay needs no reset. */
	wait_for(pm, false, pm->delay_ms > pm->delay_least_ms ? pm->delay_most_ms : 0);
	return true;
}

static bool go_to_sleep(struct vfiopm__guest_pm *pm, struct failure *failure)
{
	if (!set_mapped(pm, false, failure))
		return false;
	set_awake(pm, false);
	return is_in_low_power(pm) || enter(pm, failure);
}

static bool wake_up(struct vfiopm__guest_pm *pm, uint16_t state, struct failure *failure)
{
	/* Since Linux 7.2 only an exit restores exported DMA-bufs, so a wake by the host does not
	 * make the exit superfluous. */
	if (pm->entered && fails(failure, "vfiopm_exit", vfiopm_exit(pm->host->dev)))
		return false;
	pm->entered = false;
	if (state != PMCSR_D0 && !set_mapped(pm, false, failure))
		return false;
	/* Before the write: the parts then leave what the kernel would refuse. */
	if (state != PMCSR_D0)
		pm->host->is_below_d0 = true;
	/* A device that was in D3hot before it entered low power, and did not suspend, is in D3hot
	 * still. A suspend leads through D0 (vfio_pci_core.c, vfio_pci_core_runtime_suspend(),
	 * 6.1). */
	if (state != pm->device_state &&
	    fails(failure, "vfiopm_region_write",
		  vfiopm__guest_config_write_device(pm->config, pm->offset + PMCSR, state)))
		return false;
	pm->device_state = state;
	pm->host->is_below_d0 = state != PMCSR_D0;
	if (state == PMCSR_D0 && !set_mapped(pm, true, failure))
		return false;
	set_awake(pm, true);
	return true;
}

static bool reach(struct vfiopm__guest_pm *pm, const struct view *view, struct failure *failure)
{
	return view->sleeps ? go_to_sleep(pm, failure) : wake_up(pm, view->state, failure);
}

/* ---- a changed view ---- */

static bool is_pme_asserted(const struct vfiopm__guest_pm *pm)
{
	return (pm->pmcsr & PMCSR_PME) == PMCSR_PME;
}

/* Enter low power again, some time after the host has woken the device. A guest that has its PME
 * pending is about to turn the device on. */
static void schedule_entry(struct vfiopm__guest_pm *pm)
{
	if (pm->waiting || !pm->view.sleeps || is_in_low_power(pm) || is_pme_asserted(pm))
		return;
	wait_for(pm, true, pm->delay_ms);
	pm->delay_ms *= 2;
	if (pm->delay_ms > pm->delay_most_ms)
		pm->delay_ms = pm->delay_most_ms;
}

static void reset_delay(struct vfiopm__guest_pm *pm)
{
	pm->delay_ms = pm->delay_least_ms;
	wait_for(pm, false, 0);
}

/* Bring the device to the state that the view requires. What fails stays undone, and is retried. */
static int restore_view(struct vfiopm__guest_pm *pm)
{
	struct failure failure;

	pm->undone = !reach(pm, &pm->view, &failure);
	if (!pm->undone)
		return 0;
	vfiopm__guest_broken(pm->host, failure.call, failure.error);
	schedule_entry(pm);
	return failure.error;
}

static int change_view(struct vfiopm__guest_pm *pm, const struct view *view)
{
	struct failure failure;

	if (!reach(pm, view, &failure)) {
		vfiopm__guest_broken(pm->host, failure.call, failure.error);
		restore_view(pm);
		return failure.error;
	}
	pm->undone = false;
	if (!view->sleeps)
		reset_delay(pm);
	pm->view = *view;
	pm->pmcsr = (uint16_t)((pm->pmcsr & ~PMCSR_STATE) | view->state);
	pm->powered = view->powered;
	return 0;
}

/* ---- PME ---- */

static void set_pme(struct vfiopm__guest_pm *pm, uint16_t pmcsr, bool is_wake)
{
	bool was_asserted = is_pme_asserted(pm);

	pm->pmcsr = pmcsr;
	if (!is_pme_asserted(pm) || (was_asserted && !is_wake))
		return;
	pm->pme_due = true;
	vfiopm__sys_eventfd_add(pm->fds[SOURCE_REQUEST], 1);
}

/* PME_Status does not depend on PME_En. */
static void take_wakes(struct vfiopm__guest_pm *pm)
{
	if (!has_pme(pm) || vfiopm_take_wake(pm->host->dev) != 1)
		return;
	set_pme(pm, pm->pmcsr | PMCSR_PME_STATUS, true);
	schedule_entry(pm);
}

/* ---- the registers ---- */

static bool has_state(const struct vfiopm__guest_pm *pm, uint16_t state)
{
	uint16_t needs = state == 1 ? PMC_D1 : state == 2 ? PMC_D2 : 0;

	return needs == 0 || (pm->capability[PMC + 1] & needs >> 8);
}

uint32_t vfiopm__guest_pm_read(struct vfiopm__guest_pm *pm, uint32_t offset, uint32_t width)
{
	uint16_t pmcsr = pm->pmcsr;
	uint32_t value = 0;

	for (uint32_t i = 0; i < width; i++) {
		uint32_t at = offset + i, byte = at < CAPABILITY_SIZE ? pm->capability[at] : 0xff;

		if (at == PMCSR)
			byte = pmcsr & 0xff;
		if (at == PMCSR + 1)
			byte = pmcsr >> 8;
		value |= byte << 8 * i;
	}
	return value;
}

/* The bits of PMCSR that this access writes, and their values. */
static uint16_t written(uint32_t offset, uint32_t width, uint32_t value, uint16_t *ret_value)
{
	uint16_t mask = 0;

	*ret_value = 0;
	for (uint32_t i = 0; i < width; i++) {
		uint32_t byte = offset + i - PMCSR;

		if (byte > 1)
			continue;
		mask |= (uint16_t)(0xff << 8 * byte);
		*ret_value |= (uint16_t)((value >> 8 * i & 0xff) << 8 * byte);
	}
	return mask;
}

void vfiopm__guest_pm_write(struct vfiopm__guest_pm *pm, uint32_t offset, uint32_t width,
			    uint32_t value)
{
	uint16_t bits, mask = written(offset, width, value, &bits);
	struct view view;

	VFIOPM__HOLD(&pm->lock);
	if (has_pme(pm) && (mask & PMCSR_PME)) {
		uint16_t pmcsr = pm->pmcsr & (uint16_t)~PMCSR_PME_ENABLE;

		if (bits & PMCSR_PME_STATUS)
			pmcsr &= (uint16_t)~PMCSR_PME_STATUS;
		set_pme(pm, pmcsr | (bits & PMCSR_PME_ENABLE), false);
	}
	view = pm->view;
	if ((mask & PMCSR_STATE) && has_state(pm, bits & PMCSR_STATE))
		view.state = bits & PMCSR_STATE;
	/* Low power that was entered for PME lasts until the guest leaves D3hot. */
	view.sleeps = !view.powered || (view.state == PMCSR_D3HOT &&
					(pm->view.sleeps || (pm->pmcsr & PMCSR_PME_ENABLE)));
	if (view.state != pm->view.state || view.sleeps != pm->view.sleeps)
		change_view(pm, &view);
	schedule_entry(pm);
}

/* ---- the power resource ---- */

static int set_power(struct vfiopm__guest_pm *pm, bool on)
{
	struct view view = { .powered = on,
			     .state = on ? PMCSR_D0 : pm->view.state,
			     .sleeps = !on };
	int r;

	/* The power is on, so a D3hot that the guest has written stays. */
	if (on && pm->view.powered)
		return pm->undone ? restore_view(pm) : 0;
	r = change_view(pm, &view);
	/* Without power, PME_En and PME_Status survive only if D3cold supports PME. */
	if (r == 0 && !(pm->capability[PMC + 1] & PMC_PME_D3COLD >> 8))
		pm->pmcsr &= PMCSR_STATE;
	return r;
}

/* Make this the request that dispatch finds. Dispatch also reports the one that it replaces. */
static void replace_request(struct vfiopm__guest_pm *pm, enum request request)
{
	VFIOPM__HOLD(&pm->request_lock);
	if (pm->request != NO_REQUEST)
		pm->replaced[pm->request]++;
	else if (request == NO_REQUEST)
		return;
	pm->request = request;
	vfiopm__sys_eventfd_add(pm->fds[SOURCE_REQUEST], 1);
}

int vfiopm__guest_pm_power(struct vfiopm__guest_pm *pm, bool on)
{
	VFIOPM__HOLD(&pm->lock);
	replace_request(pm, NO_REQUEST);
	take_wakes(pm);
	return set_power(pm, on);
}

void vfiopm__guest_pm_begin_power(struct vfiopm__guest_pm *pm, bool on)
{
	replace_request(pm, on ? REQUEST_ON : REQUEST_OFF);
}

int vfiopm__guest_pm_is_powered(const struct vfiopm__guest_pm *pm)
{
	return pm->powered;
}

int vfiopm__guest_pm_reset(struct vfiopm__guest_pm *pm)
{
	static const struct view view = { .powered = true, .state = PMCSR_D0 };
	int r;

	VFIOPM__HOLD(&pm->lock);
	replace_request(pm, NO_REQUEST);
	r = change_view(pm, &view);
	vfiopm_take_wake(pm->host->dev);
	pm->pmcsr &= PMCSR_STATE;
	pm->pme_due = false;
	return r;
}

bool vfiopm__guest_pm_has_undone_work(const struct vfiopm__guest_pm *pm)
{
	return pm->undone;
}

int vfiopm__guest_pm_retry(struct vfiopm__guest_pm *pm)
{
	VFIOPM__HOLD(&pm->lock);
	return pm->undone ? restore_view(pm) : 0;
}

/* ---- events ---- */

int vfiopm__guest_pm_get_fd(const struct vfiopm__guest_pm *pm)
{
	return pm->epoll;
}

unsigned vfiopm__guest_pm_count_fds(const struct vfiopm__guest_pm *pm)
{
	(void)pm;
	return SOURCES + 1;
}

static void handle_timer(struct vfiopm__guest_pm *pm)
{
	bool waited = pm->waiting;

	if (!vfiopm__sys_eventfd_readable(pm->fds[SOURCE_TIMER]))
		return;
	wait_for(pm, false, 0);
	if (!waited)
		reset_delay(pm);
	else if (!is_pme_asserted(pm))
		restore_view(pm);
}

/* What dispatch reports to the VMM, after it has released the locks. */
struct report {
	enum request request;
	int error;
	unsigned replaced[2];
	bool pme;
};

static void take_request(struct vfiopm__guest_pm *pm, struct report *ret_report)
{
	VFIOPM__HOLD(&pm->request_lock);
	*ret_report = (struct report){
		.request = pm->request,
		.replaced = { pm->replaced[REQUEST_OFF], pm->replaced[REQUEST_ON] },
	};
	pm->request = NO_REQUEST;
	pm->replaced[REQUEST_OFF] = pm->replaced[REQUEST_ON] = 0;
}

static void handle_events(struct vfiopm__guest_pm *pm, struct report *ret_report)
{
	uint64_t count;

	VFIOPM__HOLD(&pm->lock);
	vfiopm__sys_eventfd_take(pm->fds[SOURCE_REQUEST], &count);
	take_wakes(pm);
	handle_timer(pm);
	/* In the lock: a later call of another thread has its effect later. */
	take_request(pm, ret_report);
	if (ret_report->request != NO_REQUEST)
		ret_report->error = set_power(pm, ret_report->request == REQUEST_ON);
	ret_report->pme = pm->pme_due;
	pm->pme_due = false;
}

static int report_powered(struct vfiopm__guest_pm *pm, int on, int error)
{
	const struct vfiopm_guest_ops *ops = pm->host->ops;

	if (ops->powered)
		ops->powered(pm->host->data, on, error);
	return 1;
}

int vfiopm__guest_pm_dispatch(struct vfiopm__guest_pm *pm)
{
	struct report report;
	int handled = 0;

	handle_events(pm, &report);
	for (int on = REQUEST_OFF; on <= REQUEST_ON; on++) {
		for (unsigned i = 0; i < report.replaced[on]; i++)
			handled += report_powered(pm, on, -ECANCELED);
	}
	if (report.request != NO_REQUEST)
		handled += report_powered(pm, report.request == REQUEST_ON, report.error);
	if (report.pme) {
		pm->host->ops->wake(pm->host->data);
		handled++;
	}
	return handled;
}

/* ---- the object ---- */

/* The capability as the guest sees it. D3cold loses the registers, so No_Soft_Reset is 0. The data
 * register is optional, and absent. */
static void fill_capability(struct vfiopm__guest_pm *pm)
{
	uint8_t *capability = pm->capability;
	uint32_t features = 0, is_allowed;

	memcpy(capability, vfiopm__guest_config_bytes(pm->config, pm->offset), CAPABILITY_SIZE);
	capability[PMC + 1] &= (uint8_t) ~(PMC_PME >> 8);
	pm->device_state = capability[PMCSR] & PMCSR_STATE;
	capability[PMCSR + 3] = 0;
	vfiopm_get_features(pm->host->dev, &features);
	if (!pm->host->ops->wake || !(features & VFIOPM_FEATURE_ENTER_WAKEUP))
		return;
	capability[PMC + 1] |= PMC_PME_D3HOT >> 8;
	if (vfiopm_readout_get_d3cold_allowed(pm->host->dev, &is_allowed) == 0 && is_allowed)
		capability[PMC + 1] |= PMC_PME_D3COLD >> 8;
}

static int open_fds(struct vfiopm__guest_pm *pm)
{
	int r = 0;

	for (int i = 0; i < SOURCES; i++)
		pm->fds[i] = -1;
	pm->epoll = vfiopm__sys_epoll_new();
	if (pm->epoll < 0)
		return pm->epoll;
	for (int i = 0; i < SOURCES && r == 0; i++) {
		pm->fds[i] =
			i == SOURCE_TIMER ? vfiopm__sys_timer_new() : vfiopm__sys_eventfd_new();
		r = pm->fds[i] < 0 ? pm->fds[i]
				   : vfiopm__sys_epoll_add(pm->epoll, pm->fds[i], (uint32_t)i);
	}
	return r;
}

static const struct vfiopm_quiesce_ops hook_ops = { .quiesce = quiesce, .restore = restore };

int vfiopm__guest_pm_new(struct vfiopm__guest_host *host, struct vfiopm__guest_config *config,
			 struct vfiopm__guest_pm **ret_pm)
{
	struct vfiopm__guest_pm *pm;
	int r;

	pm = calloc(1, sizeof(*pm));
	if (!pm)
		return -ENOMEM;
	pm->host = host;
	pm->config = config;
	pm->offset = vfiopm__guest_config_find(config, VFIOPM__CAPABILITY_PM);
	pm->request = NO_REQUEST;
	pthread_mutex_init(&pm->lock, NULL);
	pthread_mutex_init(&pm->memory_lock, NULL);
	pthread_mutex_init(&pm->request_lock, NULL);
	r = open_fds(pm);
	if (r < 0) {
		vfiopm__guest_pm_free(pm);
		return r;
	}
	if (pm->offset != 0)
		fill_capability(pm);
	pm->view = (struct view){ .powered = true, .state = pm->device_state };
	pm->host->is_below_d0 = pm->device_state != PMCSR_D0;
	pm->pmcsr = pm->device_state;
	pm->powered = true;
	pm->awake = pm->mapped = pm->wants_mapped = true;
	vfiopm__guest_pm_set_delays(pm, DELAY_LEAST_MS, DELAY_MOST_MS);
	r = vfiopm_quiesce_new(host->dev, &hook_ops, sizeof(hook_ops), pm, &pm->hook);
	if (r < 0) {
		vfiopm__guest_pm_free(pm);
		return r;
	}
	*ret_pm = pm;
	return 0;
}

struct vfiopm__guest_pm *vfiopm__guest_pm_free(struct vfiopm__guest_pm *pm)
{
	if (!pm)
		return NULL;
	vfiopm_quiesce_free(pm->hook);
	vfiopm__sys_close(pm->epoll);
	for (int i = 0; i < SOURCES; i++)
		vfiopm__sys_close(pm->fds[i]);
	pthread_mutex_destroy(&pm->request_lock);
	pthread_mutex_destroy(&pm->memory_lock);
	pthread_mutex_destroy(&pm->lock);
	free(pm);
	return NULL;
}

void vfiopm__guest_pm_set_delays(struct vfiopm__guest_pm *pm, unsigned least_ms, unsigned most_ms)
{
	VFIOPM__HOLD(&pm->lock);
	pm->delay_ms = pm->delay_least_ms = least_ms;
	pm->delay_most_ms = most_ms;
}
