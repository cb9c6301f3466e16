/* SPDX-License-Identifier: MIT */
/*
 * What the checks of doctor share. A check adds a finding, or nothing. diagnosis.c checks the
 * device itself; d3cold.c checks what keeps a suspended device in D3hot.
 */
#ifndef CHECKS_H
#define CHECKS_H

#include "diagnosis.h"

/* ---- checks.c ---- */

void set_words(char words[MAX_WORDS], const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* If the array is full, the last finding is replaced. */
struct finding *add_finding(struct diagnosis *diagnosis, const char *id);
/* The words to set: what could not be determined. */
char *add_unknown(struct diagnosis *diagnosis);

const struct node_facts *device_of(const struct diagnosis *diagnosis);
bool is(const char *text, const char *value);
bool is_active(const struct node_facts *node);
bool is_suspended(const struct node_facts *node);
bool has_vfio_driver(const struct node_facts *node);

/* Attributes that an administrator sets. */
enum attribute {
	CONTROL,
	LATENCY,
	D3COLD_ALLOWED,
	OTHER_D3COLD_ALLOWED,
	PORT_CONTROL,
	PORT_LATENCY,
	PORT_D3COLD_ALLOWED,
};

void check_attribute(struct diagnosis *diagnosis, enum attribute attribute,
		     const struct node_facts *node);

/* ---- d3cold.c ---- */

/* What keeps the device in D3hot. A device in D3cold is not checked. */
void check_d3cold(struct diagnosis *diagnosis);

#endif
