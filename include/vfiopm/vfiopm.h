/* SPDX-License-Identifier: MIT */
/*
 * The umbrella header of libvfiopm. It includes all public headers except <vfiopm/kvm.h>, which
 * only a VMM with KVM needs, and <vfiopm/discover.h>, which belongs to libvfiopm-udev. See
 * vfiopm(7).
 */
#ifndef VFIOPM_VFIOPM_H
#define VFIOPM_VFIOPM_H

#include <vfiopm/device.h>
#include <vfiopm/events.h>
#include <vfiopm/guest.h>
#include <vfiopm/irq.h>
#include <vfiopm/msix.h>
#include <vfiopm/power.h>
#include <vfiopm/quiesce.h>
#include <vfiopm/readout.h>
#include <vfiopm/region.h>
#include <vfiopm/reset.h>
#include <vfiopm/version.h>

#endif
