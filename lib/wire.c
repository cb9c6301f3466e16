// SPDX-License-Identifier: MIT
/*
 * Pure translation between the kernel's words and the library's: the structs of
 * VFIO's ioctls, PCI addresses, the texts of sysfs and fdinfo. No system call,
 * no memory of its own, and no trust in what it is given.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "private.h"
#include "uapi.h"

/* ---- VFIO_DEVICE_FEATURE ---- */

/* A header alone. A longer argsz could mean something else to an older dialect
 * of the interface, where feature 3 took a payload. */
static void header(struct vfiopm__feature *request, uint32_t flags)
{
	*request = (struct vfiopm__feature){
		.argsz = offsetof(struct vfiopm__feature, wakeup_eventfd),
		.flags = flags,
	};
}

void vfiopm__wire_probe(struct vfiopm__feature *ret_request, uint32_t feature, bool get)
{
	header(ret_request, feature | VFIO_DEVICE_FEATURE_PROBE |
				    (get ? VFIO_DEVICE_FEATURE_GET : VFIO_DEVICE_FEATURE_SET));
}

void vfiopm__wire_enter(struct vfiopm__feature *ret_request)
{
	header(ret_request, VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY | VFIO_DEVICE_FEATURE_SET);
}

void vfiopm__wire_enter_wakeup(struct vfiopm__feature *ret_request, int wakeup_fd)
{
	*ret_request = (struct vfiopm__feature){
		.argsz = sizeof(*ret_request),
		.flags = VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP | VFIO_DEVICE_FEATURE_SET,
		.wakeup_eventfd = wakeup_fd,
	};
}

void vfiopm__wire_exit(struct vfiopm__feature *ret_request)
{
	header(ret_request, VFIO_DEVICE_FEATURE_LOW_POWER_EXIT | VFIO_DEVICE_FEATURE_SET);
}

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

/* Reads min to max hexadecimal digits and the character that must end them. */
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

int vfiopm__wire_parse_address(const char *text, char ret[VFIOPM__ADDRESS_SIZE])
{
	uint32_t domain, bus, slot, function;

	/* The widths are those of the kernel's "%04x:%02x:%02x.%d" (pci_setup_device()). */
	text = hex_field(text, 4, 8, ':', &domain);
	if (text)
		text = hex_field(text, 2, 2, ':', &bus);
	if (text)
		text = hex_field(text, 2, 2, '.', &slot);
	if (text)
		text = hex_field(text, 1, 1, '\0', &function);
	if (!text || slot > 0x1f || function > 7)
		return -EINVAL;

	snprintf(ret, VFIOPM__ADDRESS_SIZE, "%04" PRIx32 ":%02" PRIx32 ":%02" PRIx32 ".%" PRIx32,
		 domain, bus, slot, function);
	return 0;
}

/* ---- sysfs ---- */

/* Decimal digits and nothing else, up to end. */
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

int vfiopm__wire_parse_group(const char *link_target, uint32_t *ret_group)
{
	const char *slash = strrchr(link_target, '/');
	const char *name = slash ? slash + 1 : link_target;
	uint64_t number;

	if (decimal(name, name + strlen(name), &number) < 0 || number > UINT32_MAX)
		return -EPROTO;
	*ret_group = (uint32_t)number;
	return 0;
}

/* An attribute's value is one line. */
static size_t line_length(const char *text)
{
	return strcspn(text, "\n");
}

int vfiopm__wire_parse_number(const char *text, uint64_t *ret_number)
{
	return decimal(text, text + line_length(text), ret_number);
}

int vfiopm__wire_parse_flag(const char *text, uint32_t *ret_flag)
{
	uint64_t number;

	if (vfiopm__wire_parse_number(text, &number) < 0 || number > 1)
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

int vfiopm__wire_parse_power_state(const char *text, uint32_t *ret_state)
{
	return parse_word(text, power_states, COUNT(power_states), ret_state);
}

int vfiopm__wire_parse_runtime_status(const char *text, uint32_t *ret_status)
{
	return parse_word(text, runtime_statuses, COUNT(runtime_statuses), ret_status);
}

int vfiopm__wire_parse_control(const char *text, uint32_t *ret_control)
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

int vfiopm__wire_parse_fdinfo(const char *text, char *ret_path, size_t size)
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
