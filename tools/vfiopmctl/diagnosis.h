/* SPDX-License-Identifier: MIT */
/*
 * The diagnosis: what blocks D3cold for a device, derived from the facts. The checks run in the
 * order in which their findings have to be fixed.
 */
#ifndef DIAGNOSIS_H
#define DIAGNOSIS_H

#include "facts.h"

#define MAX_FINDINGS 64
#define MAX_UNKNOWN  12
#define MAX_WORDS    400

struct finding {
	const char *id;
	char what[MAX_WORDS], where[MAX_WORDS], why[MAX_WORDS], fix[MAX_WORDS];
};

struct diagnosis {
	/* Input. */
	struct device_facts facts;
	bool is_vfio; /* bound to a VFIO driver */
	bool has_group;
	bool is_probed; /* the device was opened, and has_feature is valid */
	bool has_feature;
	const char *probe_failure; /* why the device could not be opened, or NULL */
	/* Output of diagnose(). */
	struct finding findings[MAX_FINDINGS];
	unsigned count;
	char unknown[MAX_UNKNOWN][MAX_WORDS]; /* what could not be determined */
	unsigned unknown_count;
};

void diagnose(struct diagnosis *diagnosis);

#endif
