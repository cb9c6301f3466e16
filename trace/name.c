// SPDX-License-Identifier: MIT
/* The names and the meaning of calls. */
#include <stdio.h>

#include "lib/uapi.h"
#include "trace.h"

#define NAME(name)                                                                                 \
	{                                                                                          \
		name, #name                                                                        \
	}

static const struct {
	uint32_t request;
	const char *name;
} names[] = {
	NAME(VFIO_DEVICE_GET_INFO),	  NAME(VFIO_DEVICE_GET_REGION_INFO),
	NAME(VFIO_DEVICE_GET_IRQ_INFO),	  NAME(VFIO_DEVICE_SET_IRQS),
	NAME(VFIO_DEVICE_RESET),	  NAME(VFIO_DEVICE_GET_PCI_HOT_RESET_INFO),
	NAME(VFIO_DEVICE_PCI_HOT_RESET),  NAME(VFIO_DEVICE_QUERY_GFX_PLANE),
	NAME(VFIO_DEVICE_GET_GFX_DMABUF), NAME(VFIO_DEVICE_IOEVENTFD),
	NAME(VFIO_DEVICE_BIND_IOMMUFD),	  NAME(VFIO_DEVICE_ATTACH_IOMMUFD_PT),
};

static const char *const features[] = {
	[VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY] = "LOW_POWER_ENTRY",
	[VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP] = "LOW_POWER_ENTRY_WITH_WAKEUP",
	[VFIO_DEVICE_FEATURE_LOW_POWER_EXIT] = "LOW_POWER_EXIT",
};

static uint32_t feature_of(const struct trace_call *call)
{
	return call->feature & VFIO_DEVICE_FEATURE_MASK;
}

static bool sets_feature(const struct trace_call *call)
{
	return call->kind == TRACE_IOCTL && call->request == VFIO_DEVICE_FEATURE &&
	       (call->feature & ~(uint32_t)VFIO_DEVICE_FEATURE_MASK) == VFIO_DEVICE_FEATURE_SET;
}

static void name_feature(const struct trace_call *call, char ret[64])
{
	uint32_t feature = feature_of(call);

	if (!sets_feature(call))
		snprintf(ret, 64, "VFIO_DEVICE_FEATURE %s %u",
			 call->feature & VFIO_DEVICE_FEATURE_PROBE ? "probe" : "get",
			 (unsigned)feature);
	else if (feature < sizeof(features) / sizeof(features[0]) && features[feature])
		snprintf(ret, 64, "VFIO_DEVICE_FEATURE %s", features[feature]);
	else
		snprintf(ret, 64, "VFIO_DEVICE_FEATURE set %u", (unsigned)feature);
}

void name_call(const struct trace_call *call, char ret[64])
{
	if (call->kind != TRACE_IOCTL) {
		snprintf(ret, 64, "%s", call->kind == TRACE_READ ? "read" : "write");
		return;
	}
	if (call->request == VFIO_DEVICE_FEATURE) {
		name_feature(call, ret);
		return;
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (names[i].request == call->request) {
			snprintf(ret, 64, "%s", names[i].name);
			return;
		}
	}
	snprintf(ret, 64, "ioctl %#x", (unsigned)call->request);
}

bool is_entry(const struct trace_call *call)
{
	return sets_feature(call) &&
	       (feature_of(call) == VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY ||
		feature_of(call) == VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP);
}

bool is_exit(const struct trace_call *call)
{
	return sets_feature(call) && feature_of(call) == VFIO_DEVICE_FEATURE_LOW_POWER_EXIT;
}

bool is_reset(const struct trace_call *call)
{
	return call->kind == TRACE_IOCTL &&
	       (call->request == VFIO_DEVICE_RESET || call->request == VFIO_DEVICE_PCI_HOT_RESET);
}
