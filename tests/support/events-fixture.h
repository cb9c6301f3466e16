/* SPDX-License-Identifier: MIT */
/* The fixture of the events tests: a device with an events object that records its callbacks. */
#ifndef EVENTS_FIXTURE_H
#define EVENTS_FIXTURE_H

#include <stdatomic.h>
#include <stdbool.h>

#include <vfiopm/vfiopm.h>

#include "raw.h"

struct events_fixture {
	struct raw raw;
	struct vfiopm_device *dev;
	struct vfiopm_events *events;

	/* What the callbacks were passed. */
	atomic_uint woken, error, release, awake;
	_Atomic uint64_t generation; /* of the last wake */
	_Atomic uint32_t cause;
	_Atomic uint64_t awake_ms;

	/* A callback runs this function, if it is set. */
	void (*in_callback)(struct events_fixture *fixture);
};

/* All callbacks, with struct events_fixture as data. */
extern const struct vfiopm_events_ops events_ops;

/* Open the device, with its address, and create the object; end both. */
void events_fixture_open(struct events_fixture *fixture);
void events_fixture_close(struct events_fixture *fixture);

/* Wait at most this long until the fd is readable. Returns true if it is. */
bool events_wait(const struct events_fixture *fixture, int ms);
/* Dispatch for this long. Returns the number of events. */
unsigned events_dispatch_for(const struct events_fixture *fixture, unsigned ms);

uint64_t events_now_ms(void);

#endif
