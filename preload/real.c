// SPDX-License-Identifier: MIT
/* The functions that an object replaces. */
#include "object.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

void *real_function(void **found, const char *name)
{
	void *function = __atomic_load_n(found, __ATOMIC_ACQUIRE);

	if (function)
		return function;
	function = dlsym(RTLD_NEXT, name);
	if (!function) {
		/* A program that calls this name was linked with a C library that has it. */
		fprintf(stderr, "vfiopm: the C library has no %s\n", name);
		abort();
	}
	__atomic_store_n(found, function, __ATOMIC_RELEASE);
	return function;
}
