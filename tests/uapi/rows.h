/* SPDX-License-Identifier: MIT */
/*
 * The table of the conformance suite. A row prepares a device, makes some calls of the uAPI
 * without the library, and states their results. The same row runs on the simulator and on the
 * real kernels: test-conformance.c executes it, steps.h describes its language.
 */
#ifndef ROWS_H
#define ROWS_H

#include <stdbool.h>
#include <stddef.h>

/* The kernels that the simulator models and that the lab boots: the columns of the results. The last
 * column has the results where the device reaches D3cold, if they differ. */
enum { LINUX_5_10, LINUX_6_1, LINUX_6_12, LINUX_6_12_IOMMUFD, LINUX_7, KERNELS, D3COLD = KERNELS };

struct row {
	const char *name;   /* unique in its table */
	const char *before; /* steps that must succeed; no result is compared */
	const char *steps;
	/* The results of the steps on each kernel. NULL: the row does not run on this kernel. */
	const char *results[KERNELS + 1];
};

/* All columns: the same result everywhere, a change at a version, .. */
/* clang-format off */
#define ALL(result)	      { result, result, result, result, result }
#define CHANGED_6_1(old, new) { old, new, new, new, new }
#define CHANGED_6_5(old, new) { old, old, new, new, new }
#define CHANGED_7(old, new)   { old, old, old, old, new }
#define SINCE_6_1(result)     { NULL, result, result, result, result }
#define SINCE_6_5(result)     { NULL, NULL, result, result, result }
#define ONLY_CDEV(result)     { NULL, NULL, NULL, result, NULL }
#define EACH(...)	      { __VA_ARGS__ }
#define HOT_COLD(hot, cold)   { NULL, hot, hot, hot, hot, cold }
/* clang-format on */

struct table {
	const char *name;
	const struct row *rows;
	size_t count;
	bool starts_closed; /* the rows open the device */
	bool needs_d3cold;  /* the rows run only where the device reaches D3cold */
	/* The rows run once for each of these words, which replaces $ in their names and scripts. */
	const char *instances[3];
};

#define COUNT_OF(rows) (sizeof(rows) / sizeof((rows)[0]))

extern const struct table feature_table, power_table, irq_table, msi_table, intx_table,
	single_table, fire_table, region_table, open_table, reset_table, hot_reset_table;

#endif
