// SPDX-License-Identifier: MIT
/* The interpreter of the steps: words, results, and the files of a row. */
#define _GNU_SOURCE
#include "steps.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/uapi.h"
#include "test.h"
#include "testbed.h"

/* ---- words ---- */

static const char *const fd_names[STEP_FDS] = {
	"dev", "group", "container", "e0", "e1", "e2", "e3", "e4", "w", "null", "closed", "a", "b",
};

static const struct {
	const char *name;
	uint32_t value;
} constants[] = {
	{ "ENTRY", VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY },
	{ "WAKEUP", VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP },
	{ "EXIT", VFIO_DEVICE_FEATURE_LOW_POWER_EXIT },
	{ "GET", VFIO_DEVICE_FEATURE_GET },
	{ "SET", VFIO_DEVICE_FEATURE_SET },
	{ "PROBE", VFIO_DEVICE_FEATURE_PROBE },
	{ "NONE", VFIO_IRQ_SET_DATA_NONE },
	{ "BOOL", VFIO_IRQ_SET_DATA_BOOL },
	{ "EVENTFD", VFIO_IRQ_SET_DATA_EVENTFD },
	{ "MASK", VFIO_IRQ_SET_ACTION_MASK },
	{ "UNMASK", VFIO_IRQ_SET_ACTION_UNMASK },
	{ "TRIGGER", VFIO_IRQ_SET_ACTION_TRIGGER },
	{ "INTX", VFIO_PCI_INTX_IRQ_INDEX },
	{ "MSI", VFIO_PCI_MSI_IRQ_INDEX },
	{ "MSIX", VFIO_PCI_MSIX_IRQ_INDEX },
	{ "ERR", VFIO_PCI_ERR_IRQ_INDEX },
	{ "REQ", VFIO_PCI_REQ_IRQ_INDEX },
	{ "BAR0", VFIO_PCI_BAR0_REGION_INDEX },
	{ "BAR1", VFIO_PCI_BAR1_REGION_INDEX },
	{ "BAR2", VFIO_PCI_BAR2_REGION_INDEX },
	{ "BAR3", VFIO_PCI_BAR3_REGION_INDEX },
	{ "BAR4", VFIO_PCI_BAR4_REGION_INDEX },
	{ "BAR5", VFIO_PCI_BAR5_REGION_INDEX },
	{ "ROM", VFIO_PCI_ROM_REGION_INDEX },
	{ "CONFIG", VFIO_PCI_CONFIG_REGION_INDEX },
	{ "VGA", VFIO_PCI_VGA_REGION_INDEX },
};

static int find_fd(const char *word)
{
	for (int i = 0; i < STEP_FDS; i++) {
		if (strcmp(fd_names[i], word) == 0)
			return i;
	}
	return -1;
}

static bool find_constant(const char *word, size_t length, uint32_t *value)
{
	for (size_t i = 0; i < sizeof(constants) / sizeof(constants[0]); i++) {
		if (strlen(constants[i].name) == length &&
		    strncmp(constants[i].name, word, length) == 0) {
			*value |= constants[i].value;
			return true;
		}
	}
	return false;
}

static bool read_number(const char *word, size_t length, uint32_t *value)
{
	bool inverted = word[0] == '~';
	bool bit = strncmp(word, "bit", 3) == 0;
	const char *digits = word + (bit ? 3 : inverted);
	char *end;
	uint32_t number = (uint32_t)strtoll(digits, &end, 0);

	if (end == digits || end != word + length)
		return false;
	*value |= bit ? UINT32_C(1) << number : inverted ? ~number : number;
	return true;
}

static void check_word(const struct steps *steps, int word)
{
	if (word >= steps->count)
		fail_msg("\"%s\" has too few words", steps->words[0]);
}

uint32_t steps_value(const struct steps *steps, int word)
{
	const char *part;
	uint32_t value = 0;

	check_word(steps, word);
	part = steps->words[word];
	if (find_fd(part) >= 0)
		return (uint32_t)steps->fds[find_fd(part)];
	for (;;) {
		size_t length = strcspn(part, "|");

		if (!find_constant(part, length, &value) && !read_number(part, length, &value))
			fail_msg("there is no \"%s\"", part);
		if (!part[length])
			return value;
		part += length + 1;
	}
}

int *steps_fd(struct steps *steps, int word)
{
	int fd;

	check_word(steps, word);
	fd = find_fd(steps->words[word]);
	if (fd < 0)
		fail_msg("there is no fd \"%s\"", steps->words[word]);
	return &steps->fds[fd];
}

struct raw steps_raw(const struct steps *steps)
{
	return (struct raw){ .device = steps->fds[FD_DEV],
			     .group = steps->fds[FD_GROUP],
			     .iommu = steps->fds[FD_CONTAINER] };
}

/* ---- results ---- */

static void append(char *text, size_t size, const char *more)
{
	if (strlen(text) + strlen(more) + 3 > size)
		fail_msg("the results are too long: %s", text);
	if (*text)
		strcat(text, ", ");
	strcat(text, more);
}

int steps_take_counts(struct steps *steps)
{
	int found = 0;

	for (int i = FD_E0; i <= FD_W; i++) {
		size_t length = strlen(steps->result);
		uint64_t count = steps->fds[i] < 0 ? 0 : raw_take(steps->fds[i]);

		if (!count)
			continue;
		found++;
		snprintf(steps->result + length, sizeof(steps->result) - length, "%s%s=%llu",
			 length ? " " : "", fd_names[i], (unsigned long long)count);
	}
	return found;
}

static const struct verb *find_verb(const char *name)
{
	for (const struct verb *verb = step_calls; verb->name; verb++) {
		if (strcmp(verb->name, name) == 0)
			return verb;
	}
	for (const struct verb *verb = step_states; verb->name; verb++) {
		if (strcmp(verb->name, name) == 0)
			return verb;
	}
	fail_msg("there is no verb \"%s\"", name);
	return NULL;
}

/* Returns a number below 0 if the step fails. The result is in steps->result. */
static int run_step(struct steps *steps, char *step)
{
	char *rest = NULL;
	int r;

	steps->count = 0;
	for (char *word = strtok_r(step, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
		if (steps->count == STEP_WORDS)
			fail_msg("too many words after \"%s\"", steps->words[0]);
		steps->words[steps->count++] = word;
	}
	steps->result[0] = '\0';
	r = find_verb(steps->words[0])->run(steps);
	if (steps->result[0])
		return r;
	if (r < 0)
		snprintf(steps->result, sizeof(steps->result), "%s", strerrorname_np(-r));
	else
		snprintf(steps->result, sizeof(steps->result), "%d", r);
	return r;
}

static bool run(struct steps *steps, const char *script, char *text, size_t size, bool prepares)
{
	char copy[1024], *rest = NULL;

	assert_true(strlen(script) < sizeof(copy));
	strcpy(copy, script);
	for (char *step = strtok_r(copy, ";", &rest); step; step = strtok_r(NULL, ";", &rest)) {
		int r = run_step(steps, step);

		if (!prepares || r < 0)
			append(text, size, steps->result);
		if (prepares && r < 0)
			return false;
	}
	return true;
}

void steps_run(struct steps *steps, const char *script, char *text, size_t size)
{
	run(steps, script, text, size, false);
	/* What no step has expected is part of the result. */
	steps->result[0] = '\0';
	if (steps_take_counts(steps))
		append(text, size, steps->result);
}

bool steps_prepare(struct steps *steps, const char *script, char *text, size_t size)
{
	return run(steps, script, text, size, true);
}

/* ---- the files of a row ---- */

void steps_open(struct steps *steps)
{
	struct raw raw;

	raw_open(&raw);
	steps->fds[FD_DEV] = raw.device;
	steps->fds[FD_GROUP] = raw.group;
	steps->fds[FD_CONTAINER] = raw.iommu;
}

void steps_begin(struct steps *steps, bool open_device)
{
	*steps = (struct steps){ 0 };
	for (int i = 0; i < STEP_FDS; i++)
		steps->fds[i] = -1;
	steps->fds[FD_NULL] = open("/dev/null", O_RDWR | O_CLOEXEC);
	steps->fds[FD_CLOSED] = raw_closed_fd();
	for (int i = FD_E0; i <= FD_W; i++)
		steps->fds[i] = raw_eventfd();
	steps->memory = raw_at_end_of_memory(0, &steps->pages);
	if (open_device)
		steps_open(steps);
}

/* testbed_teardown() closes the fds. */
void steps_end(struct steps *steps)
{
	struct raw raw = steps_raw(steps);

	if (steps->fired)
		testbed_clear(&raw);
	if (steps->map)
		raw_unmap(steps->map);
	raw_free_memory(steps->pages);
}
