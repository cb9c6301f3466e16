// SPDX-License-Identifier: MIT
/*
 * Parsers and names of the kernel's texts: PCI addresses, IOMMU group numbers, sysfs
 * attributes and fdinfo. The functions have no side effects, make no system call, allocate
 * no memory, and validate every byte of their input.
 */
#include "text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <vfiopm/readout.h>

#include "export.h"

/* ---- PCI addresses ---- */

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Parse min to max hexadecimal digits, which the character end must follow. Returns the text
 * after end, or NULL. */
static const char *hex_field(const char *text, int min, int max, char end, uint32_t *ret_value)
{
	uint32_t value = 0;
	int digits = 0;

	while (digits < max && hex_digit(*text) >= 0) {
		value = value << 4 | (uint32_t)hex_digit(*text++);
		digits++;
	}
	if (digits < min || *text != end)
		return NULL;
	*ret_value = value;
	return text + 1;
}

int vfiopm__text_parse_address(const char *text, char ret_address[VFIOPM__ADDRESS_SIZE])
{
	uint32_t domain, bus, slot, function;

	/* The field widths follow the kernel's format "%04x:%02x:%02x.%d"
	 * (drivers/pci/probe.c, pci_setup_device()). */
	text = hex_field(text, 4, 8, ':', &domain);
	if (text)
		text = hex_field(text, 2, 2, ':', &bus);
	if (text)
		text = hex_field(text, 2, 2, '.', &slot);
	if (text)
		text = hex_field(text, 1, 1, '\0', &function);
	if (!text || slot > 0x1f || function > 7)
		return -EINVAL;

	snprintf(ret_address, VFIOPM__ADDRESS_SIZE,
		 "%04" PRIx32 ":%02" PRIx32 ":%02" PRIx32 ".%" PRIx32, domain, bus, slot, function);
	return 0;
}

/* ---- UUIDs ---- */

int vfiopm__text_parse_uuid(const char *text, uint8_t ret_uuid[16])
{
	for (int i = 0; i < 16; i++) {
		int high, low;

		if ((i == 4 || i == 6 || i == 8 || i == 10) && *text++ != '-')
			return -EINVAL;
		high = hex_digit(text[0]);
		low = high < 0 ? high : hex_digit(text[1]);
		if (low < 0)
			return -EINVAL;
		ret_uuid[i] = (uint8_t)(high << 4 | low);
		text += 2;
	}
	return *text ? -EINVAL : 0;
}

/* ---- values of sysfs attributes ---- */

/* Parse the decimal number between text and end. Any other character is an error. */
static int decimal(const char *text, const char *end, uint64_t *ret_number)
{
	uint64_t number = 0;

	if (text == end)
		return -EPROTO;
	for (; text < end; text++) {
		if (*text < '0' || *text > '9' || number > (UINT64_MAX - 9) / 10)
			return -EPROTO;
		number = number * 10 + (uint64_t)(*text - '0');
	}
	*ret_number = number;
	return 0;
}

int vfiopm__text_parse_group(const char *name, uint32_t *ret_group)
{
	uint64_t number;

	if (decimal(name, name + strlen(name), &number) < 0 || number > UINT32_MAX)
		return -EPROTO;
	*ret_group = (uint32_t)number;
	return 0;
}

/* The value of an attribute is one line. */
static size_t line_length(const char *text)
{
	return strcspn(text, "\n");
}

int vfiopm__text_parse_number(const char *text, uint64_t *ret_number)
{
	return decimal(text, text + line_length(text), ret_number);
}

int vfiopm__text_parse_flag(const char *text, uint32_t *ret_flag)
{
	uint64_t number;

	if (vfiopm__text_parse_number(text, &number) < 0 || number > 1)
		return -EPROTO;
	*ret_flag = (uint32_t)number;
	return 0;
}

static int parse_word(const char *text, const char *const *words, uint32_t count,
		      uint32_t *ret_index)
{
	size_t length = line_length(text);

	for (uint32_t i = 0; i < count; i++) {
		if (strlen(words[i]) == length && memcmp(words[i], text, length) == 0) {
			*ret_index = i;
			return 0;
		}
	}
	return -EPROTO;
}

#define COUNT(array) ((uint32_t)(sizeof(array) / sizeof((array)[0])))

/* drivers/pci/pci.c, pci_power_names[]. */
static const char *const power_states[] = {
	[VFIOPM_POWER_STATE_D0] = "D0",		[VFIOPM_POWER_STATE_D1] = "D1",
	[VFIOPM_POWER_STATE_D2] = "D2",		[VFIOPM_POWER_STATE_D3HOT] = "D3hot",
	[VFIOPM_POWER_STATE_D3COLD] = "D3cold", [VFIOPM_POWER_STATE_UNKNOWN] = "unknown",
	[VFIOPM_POWER_STATE_ERROR] = "error",
};

/* drivers/base/power/sysfs.c, runtime_status_show(). */
static const char *const runtime_statuses[] = {
	[VFIOPM_RUNTIME_ACTIVE] = "active",	  [VFIOPM_RUNTIME_SUSPENDING] = "suspending",
	[VFIOPM_RUNTIME_SUSPENDED] = "suspended", [VFIOPM_RUNTIME_RESUMING] = "resuming",
	[VFIOPM_RUNTIME_ERROR] = "error",	  [VFIOPM_RUNTIME_UNSUPPORTED] = "unsupported",
};

/* drivers/base/power/sysfs.c, control_show(). */
static const char *const controls[] = {
	[VFIOPM_CONTROL_AUTO] = "auto",
	[VFIOPM_CONTROL_ON] = "on",
};

int vfiopm__text_parse_power_state(const char *text, uint32_t *ret_state)
{
	return parse_word(text, power_states, COUNT(power_states), ret_state);
}

int vfiopm__text_parse_runtime_status(const char *text, uint32_t *ret_status)
{
	return parse_word(text, runtime_statuses, COUNT(runtime_statuses), ret_status);
}

int vfiopm__text_parse_control(const char *text, uint32_t *ret_control)
{
	return parse_word(text, controls, COUNT(controls), ret_control);
}

VFIOPM__PUBLIC const char *vfiopm_readout_power_state_name(uint32_t state)
{
	return state < COUNT(power_states) ? power_states[state] : NULL;
}

VFIOPM__PUBLIC const char *vfiopm_readout_runtime_status_name(uint32_t status)
{
	return status < COUNT(runtime_statuses) ? runtime_statuses[status] : NULL;
}

VFIOPM__PUBLIC const char *vfiopm_readout_control_name(uint32_t control)
{
	return control < COUNT(controls) ? controls[control] : NULL;
}

/* ---- fdinfo ---- */

int vfiopm__text_parse_fdinfo(const char *text, char *ret_path, size_t size)
{
	/* drivers/vfio/vfio_main.c, vfio_device_show_fdinfo(), 6.18. */
	static const char key[] = "vfio-device-syspath: ";

	for (const char *line = text; *line; line += line_length(line), line += *line == '\n') {
		const char *path = line + sizeof(key) - 1;

		if (strncmp(line, key, sizeof(key) - 1) != 0)
			continue;
		if (strncmp(path, "/sys/", 5) != 0 || line_length(path) >= size)
			return -ENOENT;
		memcpy(ret_path, path, line_length(path));
		ret_path[line_length(path)] = '\0';
		return 0;
	}
	return -ENOENT;
}
