// SPDX-License-Identifier: MIT
/* Steps as text, in the language of tests/uapi/steps.h. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "differential.h"
#include "lib/uapi.h"

static const struct {
	const char *name;
	/* The words behind the name that are no words of the step. */
	const char *rest;
} verbs[VERBS] = {
	[FEATURE] = { "FEATURE", "" },
	[GET_INFO] = { "GET_INFO", "" },
	[GET_REGION_INFO] = { "GET_REGION_INFO", "" },
	[GET_IRQ_INFO] = { "GET_IRQ_INFO", "" },
	[SET_IRQS] = { "SET_IRQS", "" },
	[RESET] = { "RESET", "" },
	[HOT_RESET_INFO] = { "HOT_RESET_INFO", "" },
	[HOT_RESET] = { "HOT_RESET", "" },
	[IOEVENTFD] = { "IOEVENTFD", "" },
	[GET_STATUS] = { "GET_STATUS", "" },
	[IOCTL] = { "IOCTL", "" },
	[GET_DEVICE_FD] = { "GET_DEVICE_FD", "" },
	[DUP] = { "dup", "" },
	[CLOSE] = { "close", "" },
	[REOPEN] = { "reopen", "" },
	[READ] = { "read", "" },
	[WRITE] = { "write", "" },
	[PEEK] = { "peek", "" },
	[POKE] = { "poke", "" },
	[CONFIG] = { "config", "" },
	[MMAP] = { "mmap", "" },
	[MAP] = { "map", "" },
	[UNMAP] = { "unmap", "" },
	[ADD] = { "add", "" },
	[TAKE] = { "take", "" },
	[CONTROL] = { "host", "power/control" },
	[D3COLD_ALLOWED] = { "host", "d3cold_allowed" },
	[HOST_RESET] = { "host", "reset" },
	[LSPCI] = { "lspci", "" },
	[FIRE] = { "fire", "" },
	[SWITCH] = { "switch", "" },
};

static const char *const slots[SLOTS] = {
	"dev", "group", "container", "e0",     "e1", "e2", "e3",    "e4",
	"w",   "s",	"null",	     "closed", "a",  "b",  "other",
};

/* ---- constants ---- */

enum kind { A_FEATURE, FEATURE_FLAGS, IRQ_FLAGS, INDEX, REGION, CONTROL_VALUE, WAY, KINDS };

static const struct constant {
	enum kind kind;
	const char *name;
	uint32_t value;
} constants[] = {
	{ A_FEATURE, "ENTRY", VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY },
	{ A_FEATURE, "WAKEUP", VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP },
	{ A_FEATURE, "EXIT", VFIO_DEVICE_FEATURE_LOW_POWER_EXIT },
	{ FEATURE_FLAGS, "GET", VFIO_DEVICE_FEATURE_GET },
	{ FEATURE_FLAGS, "SET", VFIO_DEVICE_FEATURE_SET },
	{ FEATURE_FLAGS, "PROBE", VFIO_DEVICE_FEATURE_PROBE },
	{ IRQ_FLAGS, "NONE", VFIO_IRQ_SET_DATA_NONE },
	{ IRQ_FLAGS, "BOOL", VFIO_IRQ_SET_DATA_BOOL },
	{ IRQ_FLAGS, "EVENTFD", VFIO_IRQ_SET_DATA_EVENTFD },
	{ IRQ_FLAGS, "MASK", VFIO_IRQ_SET_ACTION_MASK },
	{ IRQ_FLAGS, "UNMASK", VFIO_IRQ_SET_ACTION_UNMASK },
	{ IRQ_FLAGS, "TRIGGER", VFIO_IRQ_SET_ACTION_TRIGGER },
	{ INDEX, "INTX", VFIO_PCI_INTX_IRQ_INDEX },
	{ INDEX, "MSI", VFIO_PCI_MSI_IRQ_INDEX },
	{ INDEX, "MSIX", VFIO_PCI_MSIX_IRQ_INDEX },
	{ INDEX, "ERR", VFIO_PCI_ERR_IRQ_INDEX },
	{ INDEX, "REQ", VFIO_PCI_REQ_IRQ_INDEX },
	{ REGION, "BAR0", VFIO_PCI_BAR0_REGION_INDEX },
	{ REGION, "BAR1", VFIO_PCI_BAR1_REGION_INDEX },
	{ REGION, "BAR2", VFIO_PCI_BAR2_REGION_INDEX },
	{ REGION, "BAR3", VFIO_PCI_BAR3_REGION_INDEX },
	{ REGION, "BAR4", VFIO_PCI_BAR4_REGION_INDEX },
	{ REGION, "BAR5", VFIO_PCI_BAR5_REGION_INDEX },
	{ REGION, "ROM", VFIO_PCI_ROM_REGION_INDEX },
	{ REGION, "CONFIG", VFIO_PCI_CONFIG_REGION_INDEX },
	{ REGION, "VGA", VFIO_PCI_VGA_REGION_INDEX },
	{ CONTROL_VALUE, "auto", 0 },
	{ CONTROL_VALUE, "on", 1 },
	{ WAY, "cdev", 1 },
};

#define CONSTANTS (sizeof(constants) / sizeof(constants[0]))

/* The kind of the constants of a word, or KINDS. */
static enum kind kind_of(enum verb verb, unsigned word)
{
	switch (verb) {
	case FEATURE:
		return word == 2 ? FEATURE_FLAGS : KINDS;
	case SET_IRQS:
		return word == 2 ? IRQ_FLAGS : word == 3 ? INDEX : KINDS;
	case GET_IRQ_INFO:
		return word == 3 ? INDEX : KINDS;
	case GET_REGION_INFO:
		return word == 3 ? REGION : KINDS;
	case FIRE:
		return word == 0 ? INDEX : KINDS;
	case READ:
	case WRITE:
	case PEEK:
	case POKE:
	case MMAP:
		return word == 0 ? REGION : KINDS;
	case CONTROL:
		return CONTROL_VALUE;
	case REOPEN:
		return WAY;
	default:
		return KINDS;
	}
}

/* ---- printing ---- */

void text_append(char *text, size_t size, const char *format, ...)
{
	size_t length = strlen(text);
	va_list args;

	va_start(args, format);
	vsnprintf(text + length, size - length, format, args);
	va_end(args);
}

static void print_feature(uint32_t feature, char *text, size_t size)
{
	for (size_t i = 0; i < CONSTANTS; i++) {
		if (constants[i].kind == A_FEATURE && constants[i].value == feature) {
			text_append(text, size, "%s", constants[i].name);
			return;
		}
	}
	text_append(text, size, "%u", feature);
}

static void print_flags(enum kind kind, uint32_t value, char *text, size_t size)
{
	const char *separator = "";

	if (kind == FEATURE_FLAGS) {
		print_feature(value & VFIO_DEVICE_FEATURE_MASK, text, size);
		value &= ~(uint32_t)VFIO_DEVICE_FEATURE_MASK;
		separator = "|";
	}
	for (size_t i = 0; i < CONSTANTS; i++) {
		if (constants[i].kind != kind || !(value & constants[i].value))
			continue;
		text_append(text, size, "%s%s", separator, constants[i].name);
		value &= ~constants[i].value;
		separator = "|";
	}
	if (value || !*separator)
		text_append(text, size, "%s%#x", separator, value);
}

static void print_word(const struct step *step, unsigned word, char *text, size_t size)
{
	enum kind kind = kind_of(step->verb, word);
	uint32_t value = (uint32_t)step->words[word];

	text_append(text, size, " ");
	if (IS_FD(step->words[word])) {
		text_append(text, size, "%s", slots[SLOT_OF(step->words[word])]);
		return;
	}
	if (kind == FEATURE_FLAGS || kind == IRQ_FLAGS) {
		print_flags(kind, value, text, size);
		return;
	}
	for (size_t i = 0; i < CONSTANTS; i++) {
		if (constants[i].kind == kind && constants[i].value == value) {
			text_append(text, size, "%s", constants[i].name);
			return;
		}
	}
	if (value > UINT32_MAX - 16)
		text_append(text, size, "%d", (int)value);
	else
		text_append(text, size, value < 100 ? "%u" : "%#x", value);
}

void step_print(const struct step *step, char *text, size_t size)
{
	text_append(text, size, "%s", verbs[step->verb].name);
	if (*verbs[step->verb].rest)
		text_append(text, size, " %s", verbs[step->verb].rest);
	for (unsigned i = 0; i < step->count; i++)
		print_word(step, i, text, size);
	if (step->verb == GET_DEVICE_FD)
		text_append(text, size, " self");
	if (step->verb == HOST_RESET)
		text_append(text, size, " 1");
}

void sequence_print(const struct sequence *sequence, char *text, size_t size)
{
	for (unsigned i = 0; i < sequence->count; i++) {
		text_append(text, size, i ? "; " : "");
		step_print(&sequence->steps[i], text, size);
	}
}

/* ---- parsing ---- */

static void wrong(const char *what, const char *text)
{
	fprintf(stderr, "%s: \"%s\"\n", what, text);
	abort();
}

static bool parse_constant(const char *part, size_t length, uint32_t *value)
{
	for (size_t i = 0; i < CONSTANTS; i++) {
		if (strlen(constants[i].name) == length &&
		    strncmp(constants[i].name, part, length) == 0) {
			*value |= constants[i].value;
			return true;
		}
	}
	return false;
}

static uint64_t parse_word(const char *word)
{
	uint32_t value = 0;

	for (unsigned i = 0; i < SLOTS; i++) {
		if (strcmp(slots[i], word) == 0)
			return FD_WORD(i);
	}
	for (const char *part = word;;) {
		size_t length = strcspn(part, "|");
		char *end;

		if (!parse_constant(part, length, &value)) {
			value |= (uint32_t)strtoll(part, &end, 0);
			if (end != part + length || end == part)
				wrong("no such word", word);
		}
		if (!part[length])
			return value;
		part += length + 1;
	}
}

static enum verb parse_verb(const char *name, char **rest)
{
	for (unsigned i = 0; i < VERBS; i++) {
		if (strcmp(verbs[i].name, name) != 0)
			continue;
		if (!*verbs[i].rest)
			return (enum verb)i;
		if (strncmp(*rest, verbs[i].rest, strlen(verbs[i].rest)) == 0) {
			*rest += strlen(verbs[i].rest);
			return (enum verb)i;
		}
	}
	wrong("no such verb", name);
	return VERBS;
}

static void parse_step(char *text, struct step *step)
{
	char *rest = NULL, *word = strtok_r(text, " ", &rest);

	if (!word)
		wrong("an empty step", text);
	*step = (struct step){ .verb = parse_verb(word, &rest) };
	while ((word = strtok_r(NULL, " ", &rest)) != NULL) {
		if (strcmp(word, "self") == 0 || step->verb == HOST_RESET)
			continue;
		if (step->count == WORDS_MAX)
			wrong("too many words", word);
		step->words[step->count++] = strcmp(word, "private") == 0 ? 1 : parse_word(word);
	}
}

void sequence_parse(const char *text, struct sequence *sequence)
{
	char copy[8192], *rest = NULL;

	if (strlen(text) >= sizeof(copy))
		wrong("too long", text);
	strcpy(copy, text);
	sequence->count = 0;
	for (char *step = strtok_r(copy, ";", &rest); step; step = strtok_r(NULL, ";", &rest)) {
		if (sequence->count == STEPS_MAX)
			wrong("too many steps", text);
		parse_step(step, &sequence->steps[sequence->count++]);
	}
}
