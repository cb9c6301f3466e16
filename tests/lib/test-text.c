// SPDX-License-Identifier: MIT
/* Tests of the parsers of texts of the kernel, with valid and hostile input. */
#include <errno.h>
#include <string.h>

#include <vfiopm/readout.h>

#include "lib/text.h"
#include "test.h"

static void addresses(void **state)
{
	static const struct {
		const char *text, *spelling;
	} good[] = {
		{ "0000:01:00.0", "0000:01:00.0" },
		{ "0000:FF:1F.7", "0000:ff:1f.7" },
		{ "abcd:EF:0a.3", "abcd:ef:0a.3" },
		{ "10000:e1:00.0", "10000:e1:00.0" }, /* behind a VMD */
		{ "00001:02:03.4", "0001:02:03.4" },  /* as the kernel would write it */
		{ "ffffffff:ff:1f.7", "ffffffff:ff:1f.7" },
	};
	char address[VFIOPM__ADDRESS_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		expect_ok(vfiopm__text_parse_address(good[i].text, address));
		assert_string_equal(address, good[i].spelling);
	}
	assert_int_equal(vfiopm__text_parse_address("0000:01:00.0\t", address), -EINVAL);
}

/* An address in which any one byte is replaced is parsed correctly or refused. */
static void addresses_changed(void **state)
{
	char address[VFIOPM__ADDRESS_SIZE];

	(void)state;
	for (size_t at = 0; at < 12; at++) {
		for (int byte = 0; byte < 256; byte++) {
			char text[] = "0000:01:00.0";

			text[at] = (char)byte;
			if (vfiopm__text_parse_address(text, address) < 0)
				continue;
			assert_int_equal(strlen(address), 12);
			assert_int_equal(strspn(address, "0123456789abcdef:."), 12);
			assert_int_equal(address[4], ':');
			assert_int_equal(address[10], '.');
		}
	}
}

static void groups(void **state)
{
	uint32_t group = 0;

	(void)state;
	expect_ok(vfiopm__text_parse_group("17", &group));
	assert_int_equal(group, 17);
	expect_ok(vfiopm__text_parse_group("4294967295", &group));
	assert_int_equal(vfiopm__text_parse_group("4294967296", &group), -EPROTO);
	assert_int_equal(vfiopm__text_parse_group("18446744073709551617", &group), -EPROTO);
	assert_int_equal(vfiopm__text_parse_group("", &group), -EPROTO);
	assert_int_equal(vfiopm__text_parse_group("-1", &group), -EPROTO);
	assert_int_equal(vfiopm__text_parse_group("1x", &group), -EPROTO);
	assert_int_equal(group, 4294967295);
}

static void values(void **state)
{
	uint32_t value = 99;
	uint64_t number = 99;

	(void)state;
	expect_ok(vfiopm__text_parse_power_state("D3cold\n", &value));
	assert_int_equal(value, VFIOPM_POWER_STATE_D3COLD);
	expect_ok(vfiopm__text_parse_power_state("D0", &value));
	assert_int_equal(value, VFIOPM_POWER_STATE_D0);
	assert_int_equal(vfiopm__text_parse_power_state("D", &value), -EPROTO);
	assert_int_equal(vfiopm__text_parse_power_state("D00", &value), -EPROTO);
	assert_int_equal(vfiopm__text_parse_power_state("", &value), -EPROTO);
	expect_ok(vfiopm__text_parse_runtime_status("suspending\n", &value));
	assert_int_equal(value, VFIOPM_RUNTIME_SUSPENDING);
	expect_ok(vfiopm__text_parse_control("auto\n", &value));
	assert_int_equal(value, VFIOPM_CONTROL_AUTO);
	expect_ok(vfiopm__text_parse_flag("1\n", &value));
	assert_int_equal(value, 1);
	assert_int_equal(vfiopm__text_parse_flag("\n", &value), -EPROTO);
	expect_ok(vfiopm__text_parse_number("18446744073709551599\n", &number));
	assert_true(number == UINT64_C(18446744073709551599));
	assert_int_equal(vfiopm__text_parse_number("99999999999999999999\n", &number), -EPROTO);
	assert_int_equal(vfiopm__text_parse_number(" 1\n", &number), -EPROTO);
	assert_int_equal(vfiopm__text_parse_number("1 \n", &number), -EPROTO);
	assert_true(number == UINT64_C(18446744073709551599));
}

static void fdinfo(void **state)
{
	static const char text[] = "pos:\t0\nflags:\t02000002\nmnt_id:\t15\nino:\t1\n"
				   "vfio-device-syspath: /sys/devices/pci0000:00/0000:01:00.0\n";
	char path[256], small[20], exact[7];

	(void)state;
	expect_ok(vfiopm__text_parse_fdinfo(text, path, sizeof(path)));
	assert_string_equal(path, "/sys/devices/pci0000:00/0000:01:00.0");
	assert_int_equal(vfiopm__text_parse_fdinfo(text, small, sizeof(small)), -ENOENT);
	assert_int_equal(vfiopm__text_parse_fdinfo("", path, sizeof(path)), -ENOENT);
	assert_int_equal(vfiopm__text_parse_fdinfo("pos:\t0\n", path, sizeof(path)), -ENOENT);
	assert_int_equal(
		vfiopm__text_parse_fdinfo("vfio-device-syspath: /etc/x\n", path, sizeof(path)),
		-ENOENT);
	assert_int_equal(vfiopm__text_parse_fdinfo("vfio-device-syspath: ", path, sizeof(path)),
			 -ENOENT);
	assert_int_equal(
		vfiopm__text_parse_fdinfo("x vfio-device-syspath: /sys/a\n", path, sizeof(path)),
		-ENOENT);
	expect_ok(vfiopm__text_parse_fdinfo("vfio-device-syspath: /sys/a", path, sizeof(path)));
	assert_string_equal(path, "/sys/a");
	/* The NUL needs a byte too. */
	expect_ok(vfiopm__text_parse_fdinfo("vfio-device-syspath: /sys/a", exact, sizeof(exact)));
	assert_int_equal(
		vfiopm__text_parse_fdinfo("vfio-device-syspath: /sys/ab", exact, sizeof(exact)),
		-ENOENT);
}

/* Each name parses back to its value; the name of any other value is NULL. */
static void names(void **state)
{
	uint32_t value;

	(void)state;
	for (uint32_t i = 0; i <= VFIOPM_POWER_STATE_ERROR; i++) {
		expect_ok(
			vfiopm__text_parse_power_state(vfiopm_readout_power_state_name(i), &value));
		assert_int_equal(value, i);
	}
	for (uint32_t i = 0; i <= VFIOPM_RUNTIME_UNSUPPORTED; i++) {
		expect_ok(vfiopm__text_parse_runtime_status(vfiopm_readout_runtime_status_name(i),
							    &value));
		assert_int_equal(value, i);
	}
	for (uint32_t i = 0; i <= VFIOPM_CONTROL_ON; i++) {
		expect_ok(vfiopm__text_parse_control(vfiopm_readout_control_name(i), &value));
		assert_int_equal(value, i);
	}
	assert_null(vfiopm_readout_power_state_name(VFIOPM_POWER_STATE_ERROR + 1));
	assert_null(vfiopm_readout_runtime_status_name(VFIOPM_RUNTIME_UNSUPPORTED + 1));
	assert_null(vfiopm_readout_control_name(UINT32_MAX));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses), cmocka_unit_test(addresses_changed),
		cmocka_unit_test(groups),    cmocka_unit_test(values),
		cmocka_unit_test(fdinfo),    cmocka_unit_test(names),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
