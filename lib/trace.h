/* SPDX-License-Identifier: MIT */
/*
 * The trace of one device: the caller's function that is called for each traced event, and ioctls
 * that are traced.
 */
#ifndef VFIOPM_TRACE_H
#define VFIOPM_TRACE_H

#include <pthread.h>
#include <stdint.h>

typedef void vfiopm__trace_function(void *data, uint32_t event, const char *call, int result);

struct vfiopm__trace {
	pthread_mutex_t setting;
	void *data; /* written before function is published */
	vfiopm__trace_function *_Atomic function;
};

void vfiopm__trace_init(struct vfiopm__trace *trace);
void vfiopm__trace_destroy(struct vfiopm__trace *trace);
/* Returns 0, or -EALREADY if a function is set. */
int vfiopm__trace_set(struct vfiopm__trace *trace, vfiopm__trace_function *function, void *data);
void vfiopm__trace_event(const struct vfiopm__trace *trace, uint32_t event, const char *call,
			 int result);

/* Issue and trace an ioctl on the device fd, which returns 0 or fails. */
#define VFIOPM__ISSUE(dev, request, arg)                                                           \
	vfiopm__trace_ioctl(&(dev)->trace, (dev)->fds.device, request, #request, arg)
int vfiopm__trace_ioctl(const struct vfiopm__trace *trace, int device_fd, unsigned long request,
			const char *call, void *arg);

#endif
