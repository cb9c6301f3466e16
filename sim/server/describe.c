// SPDX-License-Identifier: MIT
/*
 * The files that describe a device. Each line is a key and its value; a # begins a comment. The
 * format needs no parser library. vfiopm-sim(1) documents the keys.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server.h"

/* A parser of one value writes the description. It returns NULL, or why the value is wrong. */
typedef const char *(*parser)(struct description *description, const char *value, size_t offset);

static const char *read_number(const char *text, unsigned long most, unsigned long *ret)
{
	char *end;

	errno = 0;
	*ret = strtoul(text, &end, 0);
	if (!isdigit((unsigned char)text[0]) || *end || errno)
		return "the value is not a number";
	return *ret > most ? "the number is too large" : NULL;
}

static const char *parse_number(struct description *description, const char *value, size_t offset,
				unsigned long most)
{
	unsigned long number;
	const char *reason = read_number(value, most, &number);

	if (!reason)
		*(unsigned *)(void *)((char *)description + offset) = (unsigned)number;
	return reason;
}

static const char *parse_word(struct description *description, const char *value, size_t offset)
{
	return parse_number(description, value, offset, 0xffff);
}

static const char *parse_class(struct description *description, const char *value, size_t offset)
{
	return parse_number(description, value, offset, 0xffffff);
}

static const char *parse_byte(struct description *description, const char *value, size_t offset)
{
	return parse_number(description, value, offset, 0xff);
}

static const char *parse_group(struct description *description, const char *value, size_t offset)
{
	if (strcmp(value, "none") == 0) {
		description->machine.no_group = true;
		return NULL;
	}
	if (strcmp(value, "0") == 0)
		return "the value is not a number from 1, or none";
	return parse_number(description, value, offset, 9999);
}

static const char *parse_text(struct description *description, const char *value, size_t offset)
{
	char *text = strdup(value);

	if (!text)
		return "there is no memory";
	*(char **)(void *)((char *)description + offset) = text;
	return NULL;
}

static const char *parse_address(struct description *description, const char *value, size_t offset)
{
	unsigned domain, bus, slot, function;
	char rest, text[32];

	if (sscanf(value, "%4x:%2x:%2x.%1u%c", &domain, &bus, &slot, &function, &rest) == 4 &&
	    slot < 32 && function < 8) {
		snprintf(text, sizeof(text), "%04x:%02x:%02x.%u", domain, bus, slot, function);
		if (strcmp(text, value) == 0)
			return parse_text(description, value, offset);
	}
	return "the value is not a PCI address like 0000:01:00.0";
}

static const char *parse_driver(struct description *description, const char *value, size_t offset)
{
	bool none = strcmp(value, "none") == 0;

	description->machine.not_bound = strcmp(value, "vfio-pci") != 0;
	*(const char **)(void *)((char *)description + offset) = NULL;
	return none ? NULL : parse_text(description, value, offset);
}

static const char *parse_msix(struct description *description, const char *value, size_t offset)
{
	description->machine.no_msix = strcmp(value, "0") == 0;
	return parse_number(description, value, offset, SIM_VECTORS);
}

static const char *parse_msi(struct description *description, const char *value, size_t offset)
{
	unsigned long number;
	const char *reason = read_number(value, 32, &number);

	if (!reason && (number == 0 || (number & (number - 1))))
		return "the number of MSI vectors is a power of two from 1 to 32";
	return reason ? reason : parse_number(description, value, offset, 32);
}

/* A size, perhaps with the unit K or M. */
static const char *parse_bar(struct description *description, const char *value, size_t offset)
{
	unsigned long size, unit = 1;
	char digits[16], *last;
	const char *reason;

	snprintf(digits, sizeof(digits), "%s", value);
	last = digits + strlen(digits) - 1;
	if (*last == 'K' || *last == 'M') {
		unit = *last == 'K' ? 1 << 10 : 1 << 20;
		*last = '\0';
	}
	reason = read_number(digits, 16 << 20, &size);
	if (reason)
		return reason;
	size *= unit;
	if (size < 4 || (size > 256 && size < 4096) || size > 16 << 20 || (size & (size - 1)))
		return "the size is a power of two from 4K to 16M, or to 256 for ports";
	*(uint32_t *)(void *)((char *)description + offset) = (uint32_t)size;
	return NULL;
}

static const char *parse_table(struct description *description, const char *value, size_t offset)
{
	struct sim_machine *machine = &description->machine;
	unsigned bar, at;
	char rest;

	(void)offset;
	if (sscanf(value, "bar%1u %i%c", &bar, (int *)&at, &rest) != 2 || bar >= SIM_BARS || at % 8)
		return "the value is not like bar3 0x2000";
	machine->table_bar = bar;
	machine->table_offset = at;
	description->has_table = true;
	return NULL;
}

static const char *parse_pm(struct description *description, const char *value, size_t offset)
{
	struct sim_machine *machine = &description->machine;

	(void)offset;
	machine->no_pm = strcmp(value, "none") == 0;
	machine->target = strcmp(value, "d3cold") == 0 ? SIM_D3COLD
			  : machine->no_pm	       ? SIM_D0
						       : SIM_D3HOT;
	if (!machine->no_pm && strcmp(value, "d3cold") != 0 && strcmp(value, "d3hot") != 0)
		return "the value must be none, d3hot or d3cold";
	return NULL;
}

static const char *parse_low_power(struct description *description, const char *value,
				   size_t offset)
{
	(void)offset;
	description->machine.no_low_power = strcmp(value, "no") == 0;
	if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0)
		return "the value is yes or no";
	return NULL;
}

static const struct key {
	const char *name;
	parser parse;
	size_t offset;
} keys[] = {
	{ "name", parse_text, offsetof(struct description, name) },
	{ "address", parse_address, offsetof(struct description, machine.address) },
	{ "vendor", parse_word, offsetof(struct description, vendor) },
	{ "device", parse_word, offsetof(struct description, device) },
	{ "class", parse_class, offsetof(struct description, class) },
	{ "revision", parse_byte, offsetof(struct description, revision) },
	{ "driver", parse_driver, offsetof(struct description, driver) },
	{ "group", parse_group, offsetof(struct description, group) },
	{ "msi", parse_msi, offsetof(struct description, machine.msi_vectors) },
	{ "msix", parse_msix, offsetof(struct description, machine.msix_vectors) },
	{ "bar0", parse_bar, offsetof(struct description, machine.bar_sizes[0]) },
	{ "bar1", parse_bar, offsetof(struct description, machine.bar_sizes[1]) },
	{ "bar2", parse_bar, offsetof(struct description, machine.bar_sizes[2]) },
	{ "bar3", parse_bar, offsetof(struct description, machine.bar_sizes[3]) },
	{ "bar4", parse_bar, offsetof(struct description, machine.bar_sizes[4]) },
	{ "bar5", parse_bar, offsetof(struct description, machine.bar_sizes[5]) },
	{ "rom", parse_bar, offsetof(struct description, machine.rom_size) },
	{ "msix-table", parse_table, 0 },
	{ "pm", parse_pm, 0 },
	{ "low-power", parse_low_power, 0 },
};

#define KEYS (sizeof(keys) / sizeof(keys[0]))

/* ---- lines ---- */

/* Remove the comment and the spaces at both ends. */
static char *strip(char *line)
{
	size_t length;

	line[strcspn(line, "#\r\n")] = '\0';
	line += strspn(line, " \t");
	length = strlen(line);
	while (length > 0 && isspace((unsigned char)line[length - 1]))
		line[--length] = '\0';
	return line;
}

static const char *parse_line(struct description *description, char *line, bool *seen)
{
	size_t length = strcspn(line, " \t");
	char *value = line + length + strspn(line + length, " \t");

	line[length] = '\0';
	for (size_t i = 0; i < KEYS; i++) {
		if (strcmp(keys[i].name, line) != 0)
			continue;
		if (seen[i])
			return "an earlier line has this key";
		if (!*value)
			return "the value is missing";
		seen[i] = true;
		return keys[i].parse(description, value, keys[i].offset);
	}
	return "there is no such key";
}

/* The lines are correct, but do they fit together? */
static const char *check_table(const struct description *description)
{
	const struct sim_machine *machine = &description->machine;
	uint32_t vectors = machine->msix_vectors ? machine->msix_vectors : 5, most = 0;
	uint64_t end = machine->table_offset;

	for (int i = 0; i < SIM_BARS; i++)
		most = most > machine->bar_sizes[i] ? most : machine->bar_sizes[i];
	if (most == 0 && description->has_table)
		return "msix-table needs the lines of the BARs";
	if (machine->no_msix || (most == 0 && vectors <= 512))
		return NULL;
	/* fill_config() chooses the place of the PBA. */
	end += (vectors <= 512 ? 0x2000 : 0x8000) + (vectors + 63) / 64 * 8;
	if (end > machine->bar_sizes[machine->table_bar])
		return "the MSI-X table and its PBA do not fit into their BAR";
	return NULL;
}

int describe(const char *path, struct description *ret, char *message, size_t size)
{
	FILE *file = fopen(path, "re");
	bool seen[KEYS] = { false };
	const char *reason = NULL;
	char text[256];
	unsigned line = 0;

	if (!file) {
		snprintf(message, size, "%s: %m", path);
		return -1;
	}
	*ret = (struct description){
		.machine = { .target = SIM_D3HOT },
		.name = "device",
		.driver = "vfio-pci",
		.vendor = 0x8086,
		.device = 0x10d3,
		.class = 0x020000,
	};
	while (!reason && fgets(text, sizeof(text), file)) {
		char *stripped, whole[sizeof(text)];

		line++;
		if (strlen(text) == sizeof(text) - 1)
			reason = "the line is too long";
		stripped = strip(text);
		strcpy(whole, stripped);
		if (!reason && *stripped)
			reason = parse_line(ret, stripped, seen);
		if (reason)
			snprintf(message, size, "%s:%u: %s: %s", path, line, whole, reason);
	}
	if (!reason && ferror(file)) {
		snprintf(message, size, "%s: %m", path);
		reason = message;
	}
	fclose(file);
	if (!reason) {
		reason = check_table(ret);
		if (reason)
			snprintf(message, size, "%s:%u: %s", path, line, reason);
	}
	return reason ? -1 : 0;
}
