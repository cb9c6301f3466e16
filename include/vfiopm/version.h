/* SPDX-License-Identifier: MIT */
/* The version of libvfiopm. See vfiopm(7). */
#ifndef VFIOPM_VERSION_H
#define VFIOPM_VERSION_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The version of these headers. */
#define VFIOPM_VERSION_MAJOR UINT32_C(0)
#define VFIOPM_VERSION_MINOR UINT32_C(1)
#define VFIOPM_VERSION_MICRO UINT32_C(0)

/* A version as one number; a later version is greater. */
#define VFIOPM_MAKE_VERSION(major, minor, micro)                                                   \
	((uint32_t)(major) << 16 | (uint32_t)(minor) << 8 | (uint32_t)(micro))

#define VFIOPM_VERSION                                                                             \
	VFIOPM_MAKE_VERSION(VFIOPM_VERSION_MAJOR, VFIOPM_VERSION_MINOR, VFIOPM_VERSION_MICRO)

/*
 * Return the version of the library that the program runs with, as VFIOPM_MAKE_VERSION() makes
 * it. May be called from any thread. Does not wake a device. Since 0.1.
 */
uint32_t vfiopm_get_version(void);

#ifdef __cplusplus
}
#endif

#endif
