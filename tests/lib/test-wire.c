// SPDX-License-Identifier: MIT
/* The pure translation: structs to the letter, and texts that mean harm. */
#include <errno.h>
#include <string.h>

#include "lib/private.h"
#include "lib/uapi.h"
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
		expect_ok(vfiopm__wire_parse_address(good[i].text, address));
		assert_string_equal(address, good[i].spelling);
	}
	assert_int_equal(vfiopm__wire_parse_address("0000:01:00.0\t", address), -EINVAL);
}

/* Whatever one byte of an address becomes, it is an address, or it is refused. */
static void addresses_changed(void **state)
{
	char address[VFIOPM__ADDRESS_SIZE];

	(void)state;
	for (size_t at = 0; at < 12; at++) {
		for (int byte = 0; byte < 256; byte++) {
			char text[] = "0000:01:00.0";

			text[at] = (char)byte;
			if (vfiopm__wire_parse_address(text, address) < 0)
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
	expect_ok(vfiopm__wire_parse_group("../../../kernel/iommu_groups/17", &group));
	assert_int_equal(group, 17);
	expect_ok(vfiopm__wire_parse_group("4294967295", &group));
	assert_int_equal(vfiopm__wire_parse_group("groups/4294967296", &group), -EPROTO);
	assert_int_equal(vfiopm__wire_parse_group("groups/18446744073709551617", &group), -EPROTO);
	assert_int_equal(vfiopm__wire_parse_group("groups/", &group), -EPROTO);
	assert_int_equal(vfiopm__wire_parse_group("groups/-1", &group), -EPROTO);
	assert_int_equal(vfiopm__wire_parse_group("groups/1x", &group), -EPROTO);
	assert_int_equal(group, 4294967295);
}

static void values(void **state)
{
	uint32_t value = 99;
	uint64_t number = 99;

	(void)state;
	expect_ok(vfiopm__wire_parse_power_state("D3cold\n", &value));
	assert_int_equal(value, VFIOPM_POWER_STATE_D3COLD);
	expect_ok(vfiopm__wire_parse_power_state("D0", &value));
	assert_int_equal(value, VFIOPM_POWER_STATE_D0);
	assert_int_equal(vfiopm__wire_parse_power_state("D", &value), -EPROTO);
	assert_int_equal(vfiopm__wire_parse_power_state("D00", &value), -EPROTO);
	assert_int_equal(vfiopm__wire_parse_power_state("", &value), -EPROTO);
	expect_ok(vfiopm__wire_parse_runtime_status("suspending\n", &value));
	assert_int_equal(value, VFIOPM_RUNTIME_SUSPENDING);
	expect_ok(vfiopm__wire_parse_control("auto\n", &value));
	assert_int_equal(value, VFIOPM_CONTROL_AUTO);
	expect_ok(vfiopm__wire_parse_flag("1\n", &value));
	assert_int_equal(value, 1);
	assert_int_equal(vfiopm__wire_parse_flag("\n", &value), -EPROTO);
	expect_ok(vfiopm__wire_parse_number("18446744073709551599\n", &number));
	assert_true(number == UINT64_C(18446744073709551599));
	assert_int_equal(vfiopm__wire_parse_number("99999999999999999999\n", &number), -EPROTO);
	assert_int_equal(vfiopm__wire_parse_number(" 1\n", &number), -EPROTO);
	assert_int_equal(vfiopm__wire_parse_number("1 \n", &number), -EPROTO);
	assert_true(number == UINT64_C(18446744073709551599));
}

static void fdinfo(void **state)
{
	static const char text[] = "pos:\t0\nflags:\t02000002\nmnt_id:\t15\nino:\t1\n"
				   "vfio-device-syspath: /sys/devices/pci0000:00/0000:01:00.0\n";
	char path[VFIOPM__PATH_SIZE], small[20];

	(void)state;
	expect_ok(vfiopm__wire_parse_fdinfo(text, path, sizeof(path)));
	assert_string_equal(path, "/sys/devices/pci0000:00/0000:01:00.0");
	assert_int_equal(vfiopm__wire_parse_fdinfo(text, small, sizeof(small)), -ENOENT);
	assert_int_equal(vfiopm__wire_parse_fdinfo("", path, sizeof(path)), -ENOENT);
	assert_int_equal(vfiopm__wire_parse_fdinfo("pos:\t0\n", path, sizeof(path)), -ENOENT);
	assert_int_equal(
		vfiopm__wire_parse_fdinfo("vfio-device-syspath: /etc/x\n", path, sizeof(path)),
		-ENOENT);
	assert_int_equal(vfiopm__wire_parse_fdinfo("vfio-device-syspath: ", path, sizeof(path)),
			 -ENOENT);
	assert_int_equal(
		vfiopm__wire_parse_fdinfo("x vfio-device-syspath: /sys/a\n", path, sizeof(path)),
		-ENOENT);
	expect_ok(vfiopm__wire_parse_fdinfo("vfio-device-syspath: /sys/a", path, sizeof(path)));
	assert_string_equal(path, "/sys/a");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests),
		cmocka_unit_test(addresses),
		cmocka_unit_test(addresses_changed),
		cmocka_unit_test(groups),
		cmocka_unit_test(values),
		cmocka_unit_test(fdinfo),
	};

	return cmocka_run_group_tests_name("wire", tests, NULL, NULL);
}
