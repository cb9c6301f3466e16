/* SPDX-License-Identifier: MIT */
/* The umbrella header: everything that libvfiopm offers, but for <vfiopm/kvm.h>. See
 * vfiopm(7). */
#ifndef VFIOPM_VFIOPM_H
#define VFIOPM_VFIOPM_H

#include <vfiopm/device.h>
#include <vfiopm/irq.h>
#include <vfiopm/msix.h>
#include <vfiopm/power.h>
#include <vfiopm/readout.h>
#include <vfiopm/version.h>

#endif
