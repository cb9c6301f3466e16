// SPDX-License-Identifier: MIT
/* Tests of the requests of each dialect, and of the meaning of their results. The numbers are those of
 * the kernel and of the patches. */
#include <errno.h>
#include <string.h>

#include <vfiopm/power.h>

#include "lib/dialect.h"
#include "test.h"

#define SET   (1 << 17)
#define GET   (1 << 16)
#define PROBE (1 << 18)

static const uint32_t dialects[] = { VFIOPM_DIALECT_NONE, VFIOPM_DIALECT_MAINLINE,
				     VFIOPM_DIALECT_V2, VFIOPM_DIALECT_V3, VFIOPM_DIALECT_V4 };

#define DIALECTS (sizeof(dialects) / sizeof(dialects[0]))

static const enum vfiopm__step steps[] = { VFIOPM__STEP_ENTER, VFIOPM__STEP_ENTER_WAKEUP,
					   VFIOPM__STEP_EXIT };

/* All words of a request: the ioctl, argsz, flags and the payload. */
static void expect_request(uint32_t dialect, enum vfiopm__step step, unsigned long number,
			   uint32_t argsz, uint32_t flags, uint32_t first, uint32_t second)
{
	struct vfiopm__request request;
	uint32_t words[4];

	memset(&request, 0xa5, sizeof(request));
	assert_true(vfiopm__dialect_request(dialect, step, 42, &request));
	assert_int_equal(request.number, number);
	memcpy(words, &request.body, sizeof(words));
	assert_int_equal(words[0], argsz);
	assert_int_equal(words[1], flags);
	assert_int_equal(words[2], first);
	assert_int_equal(words[3], second);
}

/* Earlier proposals of the interface gave a longer argsz another meaning. */
static void mainline_entry_and_exit_are_8_bytes(void **state)
{
	(void)state;
	expect_request(VFIOPM_DIALECT_MAINLINE, VFIOPM__STEP_ENTER, 0x3b75, 8, 3 | SET, 0, 0);
	expect_request(VFIOPM_DIALECT_MAINLINE, VFIOPM__STEP_EXIT, 0x3b75, 8, 5 | SET, 0, 0);
}

static void mainline_entry_with_wakeup_is_16_bytes(void **state)
{
	(void)state;
	expect_request(VFIOPM_DIALECT_MAINLINE, VFIOPM__STEP_ENTER_WAKEUP, 0x3b75, 16, 4 | SET, 42,
		       0);
}

static void v4_has_flags(void **state)
{
	(void)state;
	expect_request(VFIOPM_DIALECT_V4, VFIOPM__STEP_ENTER, 0x3b75, 16, 3 | SET, 1, 0);
	expect_request(VFIOPM_DIALECT_V4, VFIOPM__STEP_ENTER_WAKEUP, 0x3b75, 16, 3 | SET, 5, 0);
	expect_request(VFIOPM_DIALECT_V4, VFIOPM__STEP_EXIT, 0x3b75, 16, 3 | SET, 2, 0);
}

static void v3_has_a_state(void **state)
{
	struct vfiopm__request request;

	(void)state;
	assert_true(vfiopm__dialect_request(VFIOPM_DIALECT_V3, VFIOPM__STEP_ENTER, -1, &request));
	assert_int_equal(request.number, 0x3b75);
	assert_int_equal(request.body.argsz, 16);
	assert_int_equal(request.body.flags, 3 | SET);
	assert_int_equal(request.body.state, 1);
	expect_request(VFIOPM_DIALECT_V3, VFIOPM__STEP_EXIT, 0x3b75, 16, 3 | SET, 0, 0);
	assert_false(vfiopm__dialect_request(VFIOPM_DIALECT_V3, VFIOPM__STEP_ENTER_WAKEUP, 42,
					     &request));
}

/* 16 bytes are zero except argsz and the state: Linux 6.6 reads 16 bytes of a BIND_IOMMUFD. */
static void v2_has_an_ioctl(void **state)
{
	struct vfiopm__request request;

	(void)state;
	expect_request(VFIOPM_DIALECT_V2, VFIOPM__STEP_ENTER, 0x3b76, 8, 1, 0, 0);
	expect_request(VFIOPM_DIALECT_V2, VFIOPM__STEP_EXIT, 0x3b76, 8, 0, 0, 0);
	assert_false(vfiopm__dialect_request(VFIOPM_DIALECT_V2, VFIOPM__STEP_ENTER_WAKEUP, 42,
					     &request));
}

static void without_dialect_there_is_no_request(void **state)
{
	struct vfiopm__request request;

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_false(vfiopm__dialect_request(VFIOPM_DIALECT_NONE, steps[i], 42, &request));
}

static void features_of_the_dialects(void **state)
{
	const uint32_t enter_exit = VFIOPM_FEATURE_ENTER | VFIOPM_FEATURE_EXIT;

	(void)state;
	assert_int_equal(vfiopm__dialect_features(VFIOPM_DIALECT_NONE), 0);
	assert_int_equal(vfiopm__dialect_features(VFIOPM_DIALECT_V2), enter_exit);
	assert_int_equal(vfiopm__dialect_features(VFIOPM_DIALECT_V3), enter_exit);
	assert_int_equal(vfiopm__dialect_features(VFIOPM_DIALECT_V4),
			 enter_exit | VFIOPM_FEATURE_ENTER_ONCE);
}

static void requests_of_the_detection(void **state)
{
	struct vfiopm__feature request;

	(void)state;
	vfiopm__dialect_probe(3, GET, &request);
	assert_int_equal(request.argsz, 8);
	assert_int_equal(request.flags, 3 | GET | PROBE);
	assert_int_equal(request.state, 0);
	vfiopm__dialect_query(&request);
	assert_int_equal(request.argsz, 16);
	assert_int_equal(request.flags, 3 | GET);
	/* A kernel that writes no answer is of no dialect. */
	assert_int_equal(vfiopm__dialect_of_answer(&request), VFIOPM_DIALECT_NONE);
}

static void answers_of_the_detection(void **state)
{
	struct vfiopm__feature answer = { .state = 0 };

	(void)state;
	assert_int_equal(vfiopm__dialect_of_answer(&answer), VFIOPM_DIALECT_V3);
	for (uint32_t flags = 1; flags < 16; flags++) {
		bool is_v4 = flags == 2 || flags == 5 || flags == 6;

		answer.pm_flags = flags;
		answer.reserved = 0;
		assert_int_equal(vfiopm__dialect_of_answer(&answer),
				 is_v4 ? VFIOPM_DIALECT_V4 : VFIOPM_DIALECT_NONE);
		answer.reserved = 1;
		assert_int_equal(vfiopm__dialect_of_answer(&answer), VFIOPM_DIALECT_NONE);
	}
}

static int expected_result(uint32_t dialect, enum vfiopm__step step, int result)
{
	bool is_exit = step == VFIOPM__STEP_EXIT;

	if (result > 0)
		result = result == 22 && (dialect == VFIOPM_DIALECT_V2 ||
					  dialect == VFIOPM_DIALECT_V3)
				 ? -EINVAL
				 : -EPROTO;
	if (result == -EINVAL && is_exit &&
	    (dialect == VFIOPM_DIALECT_V3 || dialect == VFIOPM_DIALECT_V4))
		result = 0;
	return result;
}

static void meaning_of_the_results(void **state)
{
	static const int results[] = { 0, 22, 21, 1, -EINVAL, -EIO, -ENOTTY, -EBADF };

	(void)state;
	for (size_t i = 0; i < DIALECTS; i++) {
		for (size_t j = 0; j < 3; j++) {
			for (size_t k = 0; k < sizeof(results) / sizeof(results[0]); k++)
				assert_int_equal(
					vfiopm__dialect_result(dialects[i], steps[j], results[k]),
					expected_result(dialects[i], steps[j], results[k]));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mainline_entry_and_exit_are_8_bytes),
		cmocka_unit_test(mainline_entry_with_wakeup_is_16_bytes),
		cmocka_unit_test(v4_has_flags),
		cmocka_unit_test(v3_has_a_state),
		cmocka_unit_test(v2_has_an_ioctl),
		cmocka_unit_test(without_dialect_there_is_no_request),
		cmocka_unit_test(features_of_the_dialects),
		cmocka_unit_test(requests_of_the_detection),
		cmocka_unit_test(answers_of_the_detection),
		cmocka_unit_test(meaning_of_the_results),
	};

	return cmocka_run_group_tests_name("dialect-requests", tests, NULL, NULL);
}
