// SPDX-License-Identifier: MIT
/*
 * The conformance suite: executes the rows of rows-*.c on what is below, the simulator or a real
 * kernel. Each row is a test. It prints a line "# = TABLE: ROW: RESULTS", which must be the same on
 * the simulator and on the kernel that it models (tests/lab/batch --compare).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rows.h"
#include "steps.h"
#include "test.h"
#include "testbed.h"

static const struct table *const tables[] = {
	&feature_table, &power_table, &irq_table,    &msi_table,
	&intx_table,	&fire_table,  &region_table, &open_table,
};

#define ROWS_MAX 1000

/* The parameter of a test: its row. */
static struct entry {
	const struct table *table;
	const struct row *row;
	char name[160];
} entries[ROWS_MAX];
static struct CMUnitTest tests[ROWS_MAX];
static size_t count;

static int kernel(void)
{
	static const char *const names[KERNELS] = { "5.10", "6.1", "6.12", "6.12-iommufd", "7" };

	for (int i = 0; i < KERNELS; i++) {
		if (strcmp(names[i], testbed_kernel()) == 0)
			return i;
	}
	fprintf(stderr, "rows.h has no column for the kernel %s\n", testbed_kernel());
	exit(99);
}

static const char *expected(const struct row *row)
{
	return row->results[testbed_has_d3cold() && row->results[D3COLD] ? D3COLD : kernel()];
}

static void run_row(void **state)
{
	const struct entry *entry = *state;
	const struct row *row = entry->row;
	char results[1024] = "";
	struct steps steps;

	steps_begin(&steps, !entry->table->starts_closed);
	if (steps_prepare(&steps, row->before, results, sizeof(results)))
		steps_run(&steps, row->steps, results, sizeof(results));
	else
		strncat(results, " in the preparation", sizeof(results) - strlen(results) - 1);
	steps_end(&steps);
	printf("# = %s: %s\n", entry->name, results);
	if (strcmp(results, expected(row)) != 0)
		fail_msg("%s: \"%s\", not \"%s\"", entry->name, results, expected(row));
}

static void add(const struct table *table, const struct row *row)
{
	struct entry *entry = &entries[count];

	assert_true(count < ROWS_MAX);
	*entry = (struct entry){ .table = table, .row = row };
	snprintf(entry->name, sizeof(entry->name), "%s: %s", table->name, row->name);
	for (size_t i = 0; i < count; i++) {
		if (strcmp(entries[i].name, entry->name) == 0)
			fail_msg("two rows have the name \"%s\"", entry->name);
	}
	tests[count++] = (struct CMUnitTest){ .name = entry->name,
					      .test_func = run_row,
					      .setup_func = testbed_setup,
					      .teardown_func = testbed_teardown,
					      .initial_state = entry };
}

int main(int argc, char **argv)
{
	for (size_t i = 0; i < COUNT_OF(tables); i++) {
		for (size_t j = 0; j < tables[i]->count; j++) {
			const struct row *row = &tables[i]->rows[j];

			/* An argument selects a table. */
			if (row->results[kernel()] &&
			    (argc < 2 || strcmp(argv[1], tables[i]->name) == 0))
				add(tables[i], row);
		}
	}
	return _cmocka_run_group_tests("conformance", tests, count, NULL, NULL);
}
