/* SPDX-License-Identifier: MIT */
/* The version of libvfiopm. See vfiopm_version(3). */
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

/* A version as one number, which #if can compare. A later version has a greater number. */
#define VFIOPM_MAKE_VERSION(major, minor, micro)                                                   \
	(UINT32_C(0x10000) * (major) + UINT32_C(0x100) * (minor) + UINT32_C(1) * (micro))

#define VFIOPM_VERSION                                                                             \
	VFIOPM_MAKE_VERSION(VFIOPM_VERSION_MAJOR, VFIOPM_VERSION_MINOR, VFIOPM_VERSION_MICRO)

/*
 * Return the version of the library that the program runs with, as VFIOPM_MAKE_VERSION() computes
 * it. The version of the headers that the program was compiled with is VFIOPM_VERSION.
 *
 * Wakes the device: no. Thread-safe: yes. Since: 0.1.
 */
uint32_t vfiopm_get_version(void);

#ifdef __cplusplus
}
#endif

#endif
