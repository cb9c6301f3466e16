// SPDX-License-Identifier: MIT
/*
 * An object that the test preloads after that of vfiopm-trace. It suspends the device of vfiopm-sim
 * between the look of vfiopm-trace at the status and VFIO_DEVICE_GET_INFO. It lets vfiopm-sim open
 * files beyond the limit of the program: the kernel needs no fd for an ioctl. It
 * makes VFIO_DEVICE_GET_REGION_INFO slow.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <linux/vfio.h>

int ioctl(int fd, unsigned long request, ...)
{
	int (*next)(int fd, unsigned long request, ...);
	struct rlimit limit, raised;
	va_list args;
	void *arg;
	int r;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	*(void **)&next = dlsym(RTLD_NEXT, "ioctl");
	if (request == VFIO_DEVICE_GET_INFO &&
	    system("\"$VFIOPM_SIM_COMMAND\" ctl suspend now >/dev/null") != 0)
		abort();
	if (request == VFIO_DEVICE_GET_REGION_INFO)
		usleep(400000);
	getrlimit(RLIMIT_NOFILE, &limit);
	raised = limit;
	raised.rlim_cur = raised.rlim_max;
	setrlimit(RLIMIT_NOFILE, &raised);
	r = next(fd, request, arg);
	setrlimit(RLIMIT_NOFILE, &limit);
	return r;
}
