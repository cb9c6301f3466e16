/* SPDX-License-Identifier: MIT */
/* Every test program includes this header: cmocka, and the assertions that cmocka lacks. */
#ifndef TEST_H
#define TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/*
 * The call of the library returns this errno, negated. tests/checks/man.py reads these lines in
 * the source and compares them with the errnos in the man pages.
 */
#define expect_errno(error, call) assert_int_equal(call, -(error))

#define expect_ok(call)		  assert_int_equal(call, 0)

/* Skip the rest of the test and print the reason. */
#define skip_because(reason)                                                                       \
	do {                                                                                       \
		print_message("# skipped: %s\n", reason);                                          \
		skip();                                                                            \
	} while (0)

#endif
