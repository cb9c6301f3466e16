// SPDX-License-Identifier: MIT
#include <string.h>

#include <vfiopm/power.h>

#include "dialect.h"
#include "lib/uapi.h"
#include "raw.h"
#include "test.h"
#include "testbed.h"

#define D3HOT 3

int dialect_of_kernel(void)
{
	static const struct {
		const char *name;
		int dialect;
	} patches[] = {
		{ "v2", VFIOPM_DIALECT_V2 },
		{ "v3", VFIOPM_DIALECT_V3 },
		{ "v4", VFIOPM_DIALECT_V4 },
	};
	const char *kernel = testbed_kernel();
	size_t length = strlen(kernel);

	for (size_t i = 0; i < sizeof(patches) / sizeof(patches[0]); i++) {
		if (strcmp(kernel + length - 2, patches[i].name) == 0)
			return patches[i].dialect;
	}
	return testbed_has_low_power() ? VFIOPM_DIALECT_MAINLINE : VFIOPM_DIALECT_NONE;
}

int dialect_detected(void)
{
	int dialect = dialect_of_kernel();

	return dialect == VFIOPM_DIALECT_V2 ? VFIOPM_DIALECT_NONE : dialect;
}

static int feature_3(int fd, uint32_t operation, uint64_t *value)
{
	struct {
		uint32_t argsz, flags;
		uint64_t value;
	} request = { 16, 3 | operation, *value };
	int r = raw_ioctl(fd, VFIO_DEVICE_FEATURE, &request);

	*value = request.value;
	return r;
}

static int v2_set(int fd, uint32_t state)
{
	uint32_t request[4] = { 8, state };

	return raw_ioctl(fd, VFIO_DEVICE_BIND_IOMMUFD, request);
}

static int v3_set(int fd, uint64_t state)
{
	return feature_3(fd, VFIO_DEVICE_FEATURE_SET, &state);
}

static void set_pmcsr(int fd, uint8_t state)
{
	expect_ok(raw_write_config(fd, raw_pm_capability(fd) + 4, state));
}

int dialect_enter(int fd, bool once)
{
	switch (dialect_of_kernel()) {
	case VFIOPM_DIALECT_V2:
		set_pmcsr(fd, D3HOT);
		return v2_set(fd, 1);
	case VFIOPM_DIALECT_V3:
		set_pmcsr(fd, D3HOT);
		return v3_set(fd, 1);
	case VFIOPM_DIALECT_V4:
		return v3_set(fd, once ? 5 : 1);
	default:
		return raw_enter(fd);
	}
}

int dialect_exit(int fd)
{
	int r;

	switch (dialect_of_kernel()) {
	case VFIOPM_DIALECT_V2:
		r = v2_set(fd, 0);
		set_pmcsr(fd, 0);
		return r;
	case VFIOPM_DIALECT_V3:
		r = v3_set(fd, 0);
		set_pmcsr(fd, 0);
		return r;
	case VFIOPM_DIALECT_V4:
		return v3_set(fd, 2);
	default:
		return raw_exit(fd);
	}
}

uint64_t dialect_get(int fd)
{
	uint64_t value = UINT64_MAX;

	expect_ok(feature_3(fd, VFIO_DEVICE_FEATURE_GET, &value));
	return value;
}

unsigned dialect_pmcsr(int fd)
{
	uint8_t byte;

	expect_ok(raw_read_config(fd, raw_pm_capability(fd) + 4, &byte));
	return byte & 3;
}
