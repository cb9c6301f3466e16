// SPDX-License-Identifier: MIT
/*
 * The host of tinyvmm: what somebody else does on the host, and what the kernel has counted.
 * Neither uses VFIO.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tinyvmm.h"

int host_read_config(const char *address)
{
	char path[128], bytes[64];
	int fd, r = 0;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/config", address);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (pread(fd, bytes, sizeof(bytes), 0) < 0)
		r = -errno;
	close(fd);
	return r;
}

/* The lines look like this, with one count for each processor of the host:
 *   27:         20          0  IR-PCI-MSIX-0000:01:00.0    0-edge      vfio-msix[0](0000:01:00.0) */
static unsigned read_count(const char *line, const char *address, unsigned vector)
{
	const char *at = strchr(line, ':');
	unsigned count = 0;
	char name[64], *next;

	snprintf(name, sizeof(name), "vfio-msix[%u](%s)", vector, address);
	if (!at || !strstr(line, name))
		return 0;
	for (at++; strtoul(at, &next, 10), next != at; at = next)
		count += (unsigned)strtoul(at, NULL, 10);
	return count;
}

int host_count_interrupts(const char *address, struct host_counts *counts)
{
	FILE *file = fopen("/proc/interrupts", "re");
	unsigned now[GUEST_VECTORS] = { 0 };
	char line[4096];

	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file)) {
		for (unsigned i = 0; i < GUEST_VECTORS; i++)
			now[i] += read_count(line, address, i);
	}
	fclose(file);
	for (unsigned i = 0; i < GUEST_VECTORS; i++) {
		bool is_new = now[i] < counts->last[i];

		counts->total[i] += is_new ? now[i] : now[i] - counts->last[i];
		counts->last[i] = now[i];
	}
	return 0;
}
