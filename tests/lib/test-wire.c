// SPDX-License-Identifier: MIT
/* The requests of VFIO_DEVICE_FEATURE, compared with the kernel's numbers. */
#include "lib/uapi.h"
#include "lib/wire.h"
#include "test.h"

static void requests(void **state)
{
	struct vfiopm__feature request;

	(void)state;
	vfiopm__wire_enter(&request);
	assert_int_equal(request.argsz, 8);
	assert_int_equal(request.flags, 3 | 1 << 17);
	vfiopm__wire_enter_wakeup(&request, 42);
	assert_int_equal(request.argsz, 16);
	assert_int_equal(request.flags, 4 | 1 << 17);
	assert_int_equal(request.wakeup_eventfd, 42);
	assert_int_equal(request.reserved, 0);
	vfiopm__wire_exit(&request);
	assert_int_equal(request.argsz, 8);
	assert_int_equal(request.flags, 5 | 1 << 17);
	vfiopm__wire_probe(&request, 3, true);
	assert_int_equal(request.argsz, 8);
	assert_int_equal(request.flags, 3 | 1 << 18 | 1 << 16);
	vfiopm__wire_probe(&request, 4, false);
	assert_int_equal(request.flags, 4 | 1 << 18 | 1 << 17);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests),
	};

	return cmocka_run_group_tests_name("wire", tests, NULL, NULL);
}
