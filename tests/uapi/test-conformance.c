// SPDX-License-Identifier: MIT
/*
 * The conformance suite: executes the rows of rows-*.c on the simulator or on a real kernel. Each row
 * is a test. The test prints a line "# = TABLE: ROW: RESULTS", which must be the same on a kernel and
 * on the simulator of this kernel (tests/lab/batch --compare).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rows.h"
#include "steps.h"
#include "test.h"
#include "testbed.h"

static const struct table *const tables[] = {
	&feature_table, &power_table,  &irq_table,  &msi_table,	  &intx_table,	    &single_table,
	&fire_table,	&region_table, &open_table, &reset_table, &hot_reset_table,
};

#define ROWS_MAX 2000

/* The parameter of a test: its row. */
static struct entry {
	const struct table *table;
	const struct row *row;
	const char *instance; /* NULL: the table has none */
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

/* Copy a name or a script of a row. */
static void instantiate(const struct entry *entry, const char *from, char *to, size_t size)
{
	size_t length = 0;

	for (; *from; from++) {
		const char *part = *from == '$' ? entry->instance : NULL;

		length += (size_t)snprintf(to + length, size - length, "%.*s",
					   part ? (int)strlen(part) : 1, part ? part : from);
		assert_true(length < size);
	}
	to[length] = '\0';
}

static void run_row(void **state)
{
	const struct entry *entry = *state;
	const struct row *row = entry->row;
	char script[1024], results[1024] = "";
	struct steps steps;
	bool prepared;

	steps_begin(&steps, !entry->table->starts_closed);
	instantiate(entry, row->before, script, sizeof(script));
	prepared = steps_prepare(&steps, script, results, sizeof(results));
	instantiate(entry, row->steps, script, sizeof(script));
	if (prepared)
		steps_run(&steps, script, results, sizeof(results));
	else
		strncat(results, " in the preparation", sizeof(results) - strlen(results) - 1);
	steps_end(&steps);
	printf("# = %s: %s\n", entry->name, results);
	if (strcmp(results, expected(row)) != 0)
		fail_msg("%s: \"%s\", not \"%s\"", entry->name, results, expected(row));
}

static void add(const struct table *table, const struct row *row, const char *instance)
{
	struct entry *entry = &entries[count];
	char name[128];

	assert_true(count < ROWS_MAX);
	*entry = (struct entry){ .table = table, .row = row, .instance = instance };
	instantiate(entry, row->name, name, sizeof(name));
	snprintf(entry->name, sizeof(entry->name), "%s: %s", table->name, name);
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

static void add_all(const struct table *table, const char *instance)
{
	for (size_t i = 0; i < table->count; i++) {
		if (table->rows[i].results[kernel()])
			add(table, &table->rows[i], instance);
	}
}

/* Arguments select tables. Without one, all rows run. */
static bool is_selected(const struct table *table, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], table->name) == 0)
			return true;
	}
	return argc < 2;
}

int main(int argc, char **argv)
{
	for (size_t i = 0; i < COUNT_OF(tables); i++) {
		const char *const *instance = tables[i]->instances;

		if (!is_selected(tables[i], argc, argv) ||
		    (tables[i]->needs_d3cold && !testbed_has_d3cold()))
			continue;
		do
			add_all(tables[i], *instance);
		while (*instance && *++instance);
	}
	return _cmocka_run_group_tests("conformance", tests, count, NULL, NULL);
}
