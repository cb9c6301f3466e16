/* SPDX-License-Identifier: MIT */
/* The public functions are visible; everything else is hidden (lib/meson.build). */
#ifndef VFIOPM_EXPORT_H
#define VFIOPM_EXPORT_H

#define VFIOPM__PUBLIC __attribute__((visibility("default")))

#endif
