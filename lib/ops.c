// SPDX-License-Identifier: MIT
/* Structs that the caller passes with their size. */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "ops.h"

int vfiopm__ops_copy(void *ret_ops, size_t known_size, const void *ops, size_t size)
{
	const uint8_t *bytes = ops;

	for (size_t i = known_size; i < size; i++) {
		if (bytes[i] != 0)
			return -EINVAL;
	}
	memset(ret_ops, 0, known_size);
	memcpy(ret_ops, ops, size < known_size ? size : known_size);
	return 0;
}
