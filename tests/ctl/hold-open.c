// SPDX-License-Identifier: MIT
/* Opens a device, and does not put it into low power. Usage: hold-open PCI-ADDRESS */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <vfiopm/vfiopm.h>

int main(int argc, char **argv)
{
	struct vfiopm_device *dev;
	int r = argc == 2 ? vfiopm_device_open(argv[1], &dev) : -22;

	if (r < 0) {
		fprintf(stderr, "hold-open: %s\n", strerror(-r));
		return 1;
	}
	pause();
	return 0;
}
