/* SPDX-License-Identifier: MIT */
/* The dialect of the kernel under test, and its calls without the library. */
#ifndef DIALECT_H
#define DIALECT_H

#include <stdbool.h>
#include <stdint.h>

/* VFIOPM_DIALECT_* of the kernel. The names of the kernels end with that of the patches: "6.1-v4". */
int dialect_of_kernel(void);
/* The dialect that the library detects at creation: v2 is not detected. */
int dialect_detected(void);

/* Enter low power with another fd, with a single shot if `once` is true (only v4); exit it. The
 * device must be awake. Both return the result of the ioctl, which can be positive. */
int dialect_enter(int fd, bool once);
int dialect_exit(int fd);
/* The state that GET returns (v3 and v4). */
uint64_t dialect_get(int fd);

/* The power state in PMCSR. A read of it resumes the device. */
unsigned dialect_pmcsr(int fd);

#endif
