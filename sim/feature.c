// SPDX-License-Identifier: MIT
/*
 * VFIO_DEVICE_FEATURE, with the checks in the kernel's order: the first failed check decides
 * (drivers/vfio/vfio_main.c, vfio_ioctl_device_feature(); include/linux/vfio.h,
 * vfio_check_feature(); drivers/vfio/pci/vfio_pci_core.c). Also the interfaces of the
 * low-power patches v2, v3 and v4, which mainline replaced.
 */
#include <errno.h>

#include "internal.h"
#include "lib/uapi.h"

#define FEATURE_DMA_BUF	  11
#define FEATURE_MIGRATION 12

struct header {
	uint32_t argsz, flags;
};

#define OPERATIONS (VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_SET)

/* As vfio_check_feature(): returns 1 if the caller must continue, else the final result. */
static int check_feature(const struct header *header, uint32_t supported, size_t min)
{
	if (header->flags & OPERATIONS & ~supported)
		return -EINVAL;
	if (header->flags & VFIO_DEVICE_FEATURE_PROBE)
		return 0;
	if (!(header->flags & OPERATIONS))
		return -EINVAL;
	if (header->argsz - sizeof(*header) < min)
		return -EINVAL;
	return 1;
}

/* ---- mainline, 6.1 and later ---- */

static int entry(struct sim_device *device, const struct header *header)
{
	int r = check_feature(header, VFIO_DEVICE_FEATURE_SET, 0);

	return r == 1 ? sim_low_power_entry(device, -1) : r;
}

static int entry_with_wakeup(struct sim_device *device, const struct header *header,
			     const void *payload)
{
	struct {
		int32_t wakeup_eventfd;
		uint32_t reserved;
	} data;
	int r = check_feature(header, VFIO_DEVICE_FEATURE_SET, sizeof(data));
	int wake;

	if (r != 1)
		return r;
	r = sim_from_user(&data, payload, sizeof(data));
	if (r < 0)
		return r;
	if (data.wakeup_eventfd < 0)
		return -EINVAL;
	wake = sim_eventfd(data.wakeup_eventfd);
	if (wake < 0)
		return wake;
	r = sim_low_power_entry(device, wake);
	if (r < 0)
		sim_real_close(wake);
	return r;
}

static int low_power_exit(struct sim_device *device, const struct header *header)
{
	int r = check_feature(header, VFIO_DEVICE_FEATURE_SET, 0);

	if (r == 1) {
		sim_low_power_exit(device);
		r = 0;
	}
	return r;
}

/* vfio_pci_dmabuf.c, vfio_pci_core_feature_dma_buf(): the simulator exports no memory. */
static int dma_buf(const struct header *header)
{
	int r = check_feature(header, VFIO_DEVICE_FEATURE_GET, 16);

	return r == 1 ? -EOPNOTSUPP : r;
}

static int mainline(struct sim_device *device, const struct header *header, const void *payload)
{
	switch (header->flags & VFIO_DEVICE_FEATURE_MASK) {
	case VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY:
		return entry(device, header);
	case VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP:
		return entry_with_wakeup(device, header, payload);
	case VFIO_DEVICE_FEATURE_LOW_POWER_EXIT:
		return low_power_exit(device, header);
	case FEATURE_DMA_BUF:
		return device->kernel->dma_buf ? dma_buf(header) : -ENOTTY;
	case FEATURE_MIGRATION:
		return device->kernel->dma_buf ? -EINVAL : -ENOTTY;
	default:
		return -ENOTTY;
	}
}

/* ---- the patches before v5: feature 3 has GET and SET ---- */

/* The v2 and v3 patches return a positive number for misuse. */
#define POSITIVE_EINVAL 22

/* VFIO_DEVICE_POWER_MANAGEMENT of v2, which does not check argsz. The ioctl itself does not resume
 * the device. */
int sim_v2_low_power(struct sim_device *device, void *arg)
{
	struct {
		uint32_t argsz, state;
	} request;
	int r = sim_from_user(&request, arg, sizeof(request));

	if (r < 0)
		return r;
	if (request.state > 1 || (request.state == 1 && device->power < SIM_D3HOT))
		return POSITIVE_EINVAL;
	if (request.state == 0) {
		sim_low_power_exit(device);
		sim_resume(device); /* v2 ignores its result */
	} else if (!device->engaged) {
		device->usage++;
		sim_low_power_entry(device, -1);
		sim_pm_put(device);
	}
	return 0;
}

/* vfio_pci_core_feature_pm() of v3. */
static int v3_set(struct sim_device *device, const void *payload)
{
	uint64_t state;
	int r = sim_from_user(&state, payload, sizeof(state));

	if (r < 0)
		return r;
	if (state > 1 || device->engaged == (state == 1) || (state == 1 && !device->in_d3))
		return POSITIVE_EINVAL;
	if (state == 1)
		return sim_low_power_entry(device, -1);
	sim_low_power_exit(device);
	return 0;
}

#define V4_ENTER	    1
#define V4_EXIT		    2
#define V4_REENTERY_DISABLE 4

/* vfio_pci_low_power_reentry_allowed() of v4: not for a display device of NVIDIA. */
static bool disables_reentry(const struct sim_device *device)
{
	return device->config[0] == 0xde && device->config[1] == 0x10 && device->config[11] == 3;
}

static int v4_set(struct sim_device *device, const void *payload)
{
	uint32_t data[2]; /* flags, reserved */
	int r = sim_from_user(data, payload, sizeof(data));

	if (r < 0)
		return r;
	switch (data[0]) {
	case V4_ENTER:
	case V4_ENTER | V4_REENTERY_DISABLE:
		r = sim_low_power_entry(device, -1);
		if (r == 0)
			device->reentry_disabled = data[0] != V4_ENTER || disables_reentry(device);
		return r;
	case V4_EXIT:
		if (!device->engaged)
			return -EINVAL;
		sim_low_power_exit(device);
		return 0;
	default:
		return -EINVAL;
	}
}

static uint64_t v4_flags(const struct sim_device *device)
{
	bool disabled = device->engaged ? device->reentry_disabled : disables_reentry(device);

	return (device->engaged ? V4_ENTER : V4_EXIT) | (disabled ? V4_REENTERY_DISABLE : 0);
}

static int before_v5(struct sim_device *device, const struct header *header, void *payload)
{
	bool v3 = device->kernel->dialect == SIM_V3;
	uint64_t state;
	int r;

	if ((header->flags & VFIO_DEVICE_FEATURE_MASK) != VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY)
		return -ENOTTY;
	r = check_feature(header, OPERATIONS, sizeof(state));
	if (r != 1)
		return r;
	if (header->flags & VFIO_DEVICE_FEATURE_SET)
		return v3 ? v3_set(device, payload) : v4_set(device, payload);
	/* Little endian: the flags of v4, followed by its reserved word, which is 0. */
	state = v3 ? device->engaged : v4_flags(device);
	return sim_to_user(payload, &state, sizeof(state));
}

/* ---- calls of another dialect ---- */

struct request {
	struct header header;
	uint64_t payload;
};

/* Returns false unless the request enters, exits or reads low power, in any dialect. */
static bool read_request(const void *arg, struct request *request)
{
	uint32_t feature;

	request->payload = UINT64_MAX;
	if (sim_from_user(&request->header, arg, sizeof(request->header)) < 0 ||
	    (request->header.flags & VFIO_DEVICE_FEATURE_PROBE))
		return false;
	feature = request->header.flags & VFIO_DEVICE_FEATURE_MASK;
	if (feature < VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY ||
	    feature > VFIO_DEVICE_FEATURE_LOW_POWER_EXIT)
		return false;
	return request->header.argsz < sizeof(*request) ||
	       sim_from_user(request, arg, sizeof(*request)) == 0;
}

static bool is_foreign(const struct sim_device *device, const struct request *request)
{
	uint32_t feature = request->header.flags & VFIO_DEVICE_FEATURE_MASK;
	bool sets = request->header.flags & VFIO_DEVICE_FEATURE_SET;
	uint64_t payload = request->payload;

	switch (device->kernel->dialect) {
	case SIM_MAINLINE:
		return !sets || (feature != VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP &&
				 request->header.argsz != sizeof(request->header));
	case SIM_V3:
		return feature != VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY || (sets && payload > 1);
	case SIM_V4:
		return feature != VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY ||
		       (sets && payload != V4_ENTER && payload != V4_EXIT &&
			payload != (V4_ENTER | V4_REENTERY_DISABLE));
	default:
		return true;
	}
}

void sim_count_foreign(struct sim_device *device, unsigned long number, const void *arg)
{
	struct request request;

	if (number == VFIO_DEVICE_FEATURE && read_request(arg, &request)) {
		device->foreign += is_foreign(device, &request);
		device->power_calls += (request.header.flags & VFIO_DEVICE_FEATURE_SET) != 0;
	}
	if (number == VFIO_DEVICE_BIND_IOMMUFD) {
		device->foreign += device->kernel->dialect != SIM_V2;
		device->power_calls++;
	}
}

unsigned sim_foreign_calls(const struct sim_device *device)
{
	unsigned count;

	sim_lock();
	count = device->foreign;
	sim_unlock();
	return count;
}

unsigned sim_power_calls(const struct sim_device *device)
{
	unsigned count;

	sim_lock();
	count = device->power_calls;
	sim_unlock();
	return count;
}

/* ---- the common checks ---- */

int sim_feature(struct sim_device *device, void *arg)
{
	void *payload = (char *)arg + sizeof(struct header);
	struct header header;
	int r = sim_from_user(&header, arg, sizeof(header));

	if (r < 0)
		return r;
	if (header.argsz < sizeof(header))
		return -EINVAL;
	if (header.flags &
	    ~(uint32_t)(VFIO_DEVICE_FEATURE_MASK | OPERATIONS | VFIO_DEVICE_FEATURE_PROBE))
		return -EINVAL;
	if ((header.flags & OPERATIONS) == OPERATIONS &&
	    !(header.flags & VFIO_DEVICE_FEATURE_PROBE))
		return -EINVAL;
	if (device->machine.no_low_power || !sim_is_pci(device))
		return -ENOTTY;

	switch (device->kernel->dialect) {
	case SIM_MAINLINE:
		return mainline(device, &header, payload);
	case SIM_V3:
	case SIM_V4:
		return before_v5(device, &header, payload);
	default:
		return -ENOTTY;
	}
}
