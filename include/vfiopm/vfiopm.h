/* SPDX-License-Identifier: MIT */
/* The umbrella header: everything that libvfiopm offers. See vfiopm(7). */
#ifndef VFIOPM_VFIOPM_H
#define VFIOPM_VFIOPM_H

#include <vfiopm/device.h>
#include <vfiopm/irq.h>
#include <vfiopm/power.h>
#include <vfiopm/readout.h>

#endif
