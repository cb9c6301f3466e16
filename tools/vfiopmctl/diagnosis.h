/* SPDX-License-Identifier: MIT */
/*
 * What stands in the way of a device's D3cold, as the facts have it. Each cause has a function
 * in diagnosis.c that looks at the facts and says what it finds. They are asked in the order
 * of what stands in the way most: what comes first is to be mended first.
 */
#ifndef DIAGNOSIS_H
#define DIAGNOSIS_H

#include "facts.h"

#define FINDINGS_MOST 64
#define UNKNOWN_MOST  12
#define WORDS	      400

struct finding {
	const char *id;
	char what[WORDS], where[WORDS], why[WORDS], fix[WORDS];
};

struct diagnosis {
	/* To be filled in first. */
	struct facts facts;
	bool vfio; /* bound to a VFIO driver */
	bool has_group;
	bool asked; /* the device was opened, and asked for the feature: */
	bool has_feature;
	const char *unasked; /* why it could not be opened, or NULL */
	/* What diagnose() finds, and what it says it cannot see. */
	struct finding findings[FINDINGS_MOST];
	unsigned count;
	char unknown[UNKNOWN_MOST][WORDS];
	unsigned unknown_count;
};

void diagnose(struct diagnosis *diagnosis);

#endif
