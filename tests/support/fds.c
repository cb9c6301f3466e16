// SPDX-License-Identifier: MIT
/* host_open_fds(). It is in a separate file because it needs no testbed. */
#include <dirent.h>

#include "host.h"
#include "test.h"

unsigned host_open_fds(void)
{
	DIR *directory = opendir("/proc/self/fd");
	unsigned count = 0;

	assert_non_null(directory);
	while (readdir(directory))
		count++;
	closedir(directory);
	return count;
}
