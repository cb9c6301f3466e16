// SPDX-License-Identifier: MIT
/*
 * Interception of the guest's PBA reads. It must be on while a vector is masked, because the
 * pending bit of that vector is not in the device.
 *
 * Toggling PBA interception is expensive: it is the largest cost of a mask in QEMU when a guest
 * masks at each interrupt. Intercepting reads that the guest does not make costs nothing. So
 * interception is turned off at once only a few times; after that it stays on until reads were
 * intercepted while no vector was masked.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include <vfiopm/msix.h>

#include "lock.h"
#include "pba.h"
#include "trace.h"

#define OFFS_AT_ONCE  4
#define USELESS_READS 64

struct vfiopm__pba {
	void (*intercept)(void *data, int on); /* or NULL */
	void *data;
	const struct vfiopm__trace *trace;

	pthread_mutex_t lock; /* protects the members below */
	uint32_t policy;      /* VFIOPM_MSIX_PBA_* */
	bool on;
	uint32_t used, masked;	      /* vectors */
	uint32_t offs, useless_reads; /* since the last USELESS_READS */
	uint64_t interceptions;
};

struct vfiopm__pba *vfiopm__pba_new(void (*intercept)(void *data, int on), void *data,
				    const struct vfiopm__trace *trace)
{
	struct vfiopm__pba *pba = calloc(1, sizeof(*pba));

	if (!pba)
		return NULL;
	pba->intercept = intercept;
	pba->data = data;
	pba->trace = trace;
	pthread_mutex_init(&pba->lock, NULL);
	return pba;
}

void vfiopm__pba_free(struct vfiopm__pba *pba)
{
	if (!pba)
		return;
	pthread_mutex_destroy(&pba->lock);
	free(pba);
}

static bool should_intercept(const struct vfiopm__pba *pba)
{
	switch (pba->policy) {
	case VFIOPM_MSIX_PBA_ALWAYS:
		return pba->used > 0;
	case VFIOPM_MSIX_PBA_NEVER:
		return false;
	default:
		return pba->masked > 0 || (pba->on && pba->used > 0 && pba->offs >= OFFS_AT_ONCE);
	}
}

static void update_interception(struct vfiopm__pba *pba)
{
	bool on = should_intercept(pba);

	if (on == pba->on)
		return;
	pba->on = on;
	pba->offs += !on;
	pba->useless_reads = 0;
	if (!pba->intercept)
		return;
	pba->interceptions++;
	vfiopm__trace_event(pba->trace, VFIOPM_TRACE_CHOSE, "VFIOPM_MSIX_PBA", on);
	pba->intercept(pba->data, on);
}

void vfiopm__pba_count(struct vfiopm__pba *pba, int used, int masked)
{
	VFIOPM__HOLD(&pba->lock);

	pba->used += (uint32_t)used;
	pba->masked += (uint32_t)masked;
	update_interception(pba);
}

void vfiopm__pba_set_policy(struct vfiopm__pba *pba, uint32_t policy)
{
	VFIOPM__HOLD(&pba->lock);

	pba->policy = policy;
	update_interception(pba);
}

void vfiopm__pba_note_read(struct vfiopm__pba *pba)
{
	VFIOPM__HOLD(&pba->lock);

	if (pba->masked > 0)
		pba->useless_reads = 0;
	else if (++pba->useless_reads >= USELESS_READS)
		pba->useless_reads = pba->offs = 0;
	update_interception(pba);
}

uint64_t vfiopm__pba_get_interceptions(struct vfiopm__pba *pba)
{
	VFIOPM__HOLD(&pba->lock);

	return pba->interceptions;
}
