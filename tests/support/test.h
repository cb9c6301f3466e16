/* SPDX-License-Identifier: MIT */
/* What every test program includes: cmocka, and the few assertions of our own. */
#ifndef TEST_H
#define TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/*
 * A call of the library gives this errno. tests/checks/man.py reads these lines in
 * the source: they are the proof of what a man page says.
 */
#define expect_errno(error, call) assert_int_equal(call, -(error))

#define expect_ok(call)		  assert_int_equal(call, 0)

/* Skip the rest of a test, and say why. */
#define skip_because(reason)                                                                       \
	do {                                                                                       \
		print_message("# skipped: %s\n", reason);                                          \
		skip();                                                                            \
	} while (0)

#endif
