// SPDX-License-Identifier: MIT
/* How an object finds the command that preloaded it. */
#include "object.h"

#include <stdlib.h>
#include <string.h>

const char *preload_directory(const char **cache, const char *variable, size_t most)
{
	const char *found = __atomic_load_n(cache, __ATOMIC_ACQUIRE);

	/* A program can change its environment. */
	if (!found) {
		found = getenv(variable);
		found = found && strlen(found) < most ? strdup(found) : "";
		if (!found)
			abort();
		__atomic_store_n(cache, found, __ATOMIC_RELEASE);
	}
	return *found ? found : NULL;
}
