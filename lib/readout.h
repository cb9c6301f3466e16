/* SPDX-License-Identifier: MIT */
/* The power attributes of one device in sysfs. */
#ifndef VFIOPM_PRIVATE_READOUT_H
#define VFIOPM_PRIVATE_READOUT_H

#include <vfiopm/readout.h>

struct vfiopm__readout;

/* directory is the device's in sysfs; -ENXIO if the directory does not exist. */
int vfiopm__readout_new(const char *directory, struct vfiopm__readout **ret_readout);
void vfiopm__readout_free(struct vfiopm__readout *readout);

#endif
