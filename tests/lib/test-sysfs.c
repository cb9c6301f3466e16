// SPDX-License-Identifier: MIT
/* The reader of sysfs, on a directory of the test's own. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/sysfs.h"
#include "test.h"

static char directory[] = "/tmp/vfiopm-sysfs-XXXXXX";

static const char *at(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

static void add_file(const char *name, const char *text)
{
	FILE *file = fopen(at(name), "we");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static int make_directory(void **state)
{
	(void)state;
	return mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **state)
{
	static const char *const names[] = { "value", "link", "flat",	      "0000:02:00.0",
					     "b",     "a",    "10000:01:00.0" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unlink(at(names[i]));
	return rmdir(directory);
}

/* A text must leave a byte for the NUL. */
static void values(void **state)
{
	char text[6];

	(void)state;
	add_file("value", "auto\n");
	expect_ok(vfiopm__sysfs_read(at("value"), text, sizeof(text)));
	assert_string_equal(text, "auto\n");
	assert_int_equal(vfiopm__sysfs_read(at("value"), text, sizeof(text) - 1), -EPROTO);
	assert_int_equal(vfiopm__sysfs_read(at("missing"), text, sizeof(text)), -ENOENT);
	assert_int_equal(vfiopm__sysfs_read(directory, text, sizeof(text)), -EISDIR);
	add_file("value", "");
	expect_ok(vfiopm__sysfs_read(at("value"), text, sizeof(text)));
	assert_string_equal(text, "");
}

/* An open attribute is read from its start each time. */
static void open_attributes(void **state)
{
	int directory_fd = vfiopm__sysfs_open_directory(directory), fd;
	char text[16];

	(void)state;
	assert_true(directory_fd >= 0);
	add_file("value", "on\n");
	fd = vfiopm__sysfs_open_attribute(directory_fd, "value");
	assert_true(fd >= 0);
	expect_ok(vfiopm__sysfs_read_attribute(fd, text, sizeof(text)));
	add_file("value", "auto\n");
	expect_ok(vfiopm__sysfs_read_attribute(fd, text, sizeof(text)));
	assert_string_equal(text, "auto\n");
	assert_int_equal(write(fd, "x", 1), -1);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(fcntl(directory_fd, F_GETFD), FD_CLOEXEC);
	close(fd);
	assert_int_equal(vfiopm__sysfs_open_attribute(directory_fd, "missing"), -ENOENT);
	close(directory_fd);
	assert_int_equal(vfiopm__sysfs_open_directory(at("value")), -ENOTDIR);
	assert_int_equal(vfiopm__sysfs_open_directory(at("missing")), -ENOENT);
}

static void links(void **state)
{
	char target[sizeof("../drivers/vfio-pci")], name[sizeof("vfio-pci")];
	char large[VFIOPM__PATH_SIZE + 1];

	(void)state;
	assert_int_equal(symlink("../drivers/vfio-pci", at("link")), 0);
	expect_ok(vfiopm__sysfs_read_link(at("link"), target, sizeof(target)));
	assert_string_equal(target, "../drivers/vfio-pci");
	assert_int_equal(vfiopm__sysfs_read_link(at("link"), target, sizeof(target) - 1), -EPROTO);
	expect_ok(vfiopm__sysfs_read_link_name(at("link"), name, sizeof(name)));
	assert_string_equal(name, "vfio-pci");
	assert_int_equal(vfiopm__sysfs_read_link_name(at("link"), name, sizeof(name) - 1), -EPROTO);
	assert_int_equal(vfiopm__sysfs_read_link_name(at("missing"), name, sizeof(name)), -ENOENT);
	assert_int_equal(vfiopm__sysfs_read_link_name(directory, name, sizeof(name)), -EINVAL);

	assert_int_equal(symlink("17", at("flat")), 0);
	expect_ok(vfiopm__sysfs_read_link_name(at("flat"), name, sizeof(name)));
	assert_string_equal(name, "17");
	unlink(at("flat"));
	memset(large, 'x', sizeof(large) - 1);
	large[sizeof(large) - 1] = '\0';
	assert_int_equal(symlink(large, at("flat")), 0);
	assert_int_equal(vfiopm__sysfs_read_link_name(at("flat"), name, sizeof(name)), -EPROTO);
}

static void existence(void **state)
{
	(void)state;
	expect_ok(vfiopm__sysfs_check(directory));
	assert_int_equal(vfiopm__sysfs_check(at("missing")), -ENOENT);
	add_file("value", "");
	assert_int_equal(vfiopm__sysfs_check(at("value/below")), -ENOTDIR);
}

/* Names are in the order of PCI addresses: a domain of five digits follows all of four. */
static void lists(void **state)
{
	static const char *const order[] = { "a", "b", "0000:02:00.0", "10000:01:00.0" };
	struct vfiopm__sysfs_names names;
	char name[sizeof("0000:02:00.0")];

	(void)state;
	for (size_t i = 4; i > 0; i--)
		add_file(order[i - 1], "");
	unlink(at("value"));
	unlink(at("link"));
	unlink(at("flat"));
	expect_ok(vfiopm__sysfs_list(directory, &names));
	assert_int_equal(names.count, 4);
	for (size_t i = 0; i < 4; i++)
		assert_string_equal(vfiopm__sysfs_name(&names, i), order[i]);
	vfiopm__sysfs_free_names(&names);
	assert_int_equal(names.count, 0);
	assert_int_equal(vfiopm__sysfs_list(at("missing"), &names), -ENOENT);

	expect_ok(vfiopm__sysfs_find_name(directory, "0000:", name, sizeof(name)));
	assert_string_equal(name, "0000:02:00.0");
	expect_ok(vfiopm__sysfs_find_name(directory, "", name, sizeof(name)));
	assert_string_equal(name, "a");
	assert_int_equal(vfiopm__sysfs_find_name(directory, "x", name, sizeof(name)), -ENOENT);
	assert_int_equal(vfiopm__sysfs_find_name(directory, "1", name, sizeof(name)), -EPROTO);
	assert_int_equal(vfiopm__sysfs_find_name(at("missing"), "x", name, sizeof(name)), -ENOENT);

	assert_int_equal(vfiopm__sysfs_compare_names("0000:01:00.0", "0000:01:00.0"), 0);
	assert_true(vfiopm__sysfs_compare_names("10000:01:00.0", "0000:ff:00.0") > 0);
	assert_true(vfiopm__sysfs_compare_names("0000:ff:00.0", "10000:01:00.0") < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values), cmocka_unit_test(open_attributes),
		cmocka_unit_test(links),  cmocka_unit_test(existence),
		cmocka_unit_test(lists),
	};

	return cmocka_run_group_tests_name("sysfs", tests, make_directory, remove_directory);
}
