// SPDX-License-Identifier: MIT
/*
 * An object that the test preloads after that of vfiopm-trace. It suspends the device of vfiopm-sim
 * between the look of vfiopm-trace at the status and VFIO_DEVICE_GET_INFO.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include <linux/vfio.h>

int ioctl(int fd, unsigned long request, ...)
{
	int (*next)(int fd, unsigned long request, ...);
	va_list args;
	void *arg;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	*(void **)&next = dlsym(RTLD_NEXT, "ioctl");
	if (request == VFIO_DEVICE_GET_INFO &&
	    system("\"$VFIOPM_SIM_COMMAND\" ctl suspend now >/dev/null") != 0)
		abort();
	return next(fd, request, arg);
}
