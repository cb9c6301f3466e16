// SPDX-License-Identifier: MIT
/* The trace of one device. Readers take no lock: the function is set once and stays. */
#include <errno.h>
#include <stdatomic.h>

#include <vfiopm/device.h>

#include "lock.h"
#include "sys.h"
#include "trace.h"

void vfiopm__trace_init(struct vfiopm__trace *trace)
{
	pthread_mutex_init(&trace->setting, NULL);
	trace->data = NULL;
	atomic_init(&trace->function, NULL);
}

void vfiopm__trace_destroy(struct vfiopm__trace *trace)
{
	pthread_mutex_destroy(&trace->setting);
}

int vfiopm__trace_set(struct vfiopm__trace *trace, vfiopm__trace_function *function, void *data)
{
	VFIOPM__HOLD(&trace->setting);

	if (atomic_load(&trace->function))
		return -EALREADY;
	trace->data = data;
	atomic_store(&trace->function, function);
	return 0;
}

void vfiopm__trace_event(const struct vfiopm__trace *trace, uint32_t event, const char *call,
			 int result)
{
	vfiopm__trace_function *function = atomic_load(&trace->function);

	if (function)
		function(trace->data, event, call, result);
}

int vfiopm__trace_ioctl(const struct vfiopm__trace *trace, int device_fd, unsigned long request,
			const char *call, void *arg)
{
	int r = vfiopm__sys_command(device_fd, request, arg);

	vfiopm__trace_event(trace, VFIOPM_TRACE_ISSUED, call, r);
	return r;
}
