// SPDX-License-Identifier: MIT
/* Tests of the VFIO_DEVICE_FEATURE requests, compared with the kernel's numbers. */
#include "lib/uapi.h"
#include "lib/wire.h"
#include "test.h"

/* Earlier proposals of the interface gave a longer argsz another meaning. */
static void requests_without_payload_are_8_bytes(void **state)
{
	struct vfiopm__feature request = { .wakeup_eventfd = 42, .reserved = 42 };

	(void)state;
	vfiopm__wire_feature(&request, 3 | 1 << 17);
	assert_int_equal(request.argsz, 8);
	assert_int_equal(request.flags, 3 | 1 << 17);
	assert_int_equal(request.wakeup_eventfd, 0);
	assert_int_equal(request.reserved, 0);
}

static void an_entry_with_wakeup_is_16_bytes(void **state)
{
	struct vfiopm__feature request = { .reserved = 42 };

	(void)state;
	vfiopm__wire_enter_wakeup(&request, 42);
	assert_int_equal(request.argsz, 16);
	assert_int_equal(request.flags, 4 | 1 << 17);
	assert_int_equal(request.wakeup_eventfd, 42);
	assert_int_equal(request.reserved, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_without_payload_are_8_bytes),
		cmocka_unit_test(an_entry_with_wakeup_is_16_bytes),
	};

	return cmocka_run_group_tests_name("wire", tests, NULL, NULL);
}
