/* SPDX-License-Identifier: MIT */
/* Structs that the caller passes with their size: callbacks and options. */
#ifndef VFIOPM_OPS_H
#define VFIOPM_OPS_H

#include <stddef.h>

/*
 * Copy a struct of the caller, which can be built with an older or a newer header than the library.
 * Members that the caller does not have become 0. Returns 0, or -EINVAL if a member that the
 * library does not know is not 0.
 */
int vfiopm__ops_copy(void *ret_ops, size_t known_size, const void *ops, size_t size);

#endif
