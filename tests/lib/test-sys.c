// SPDX-License-Identifier: MIT
/* The system calls of the library, each on its own: what they return where it is not obvious. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "lib/sys.h"
#include "raw.h"
#include "sim.h"
#include "test.h"

/* The caller's eventfd can be a blocking one, and another reader can be faster. */
static void a_take_never_blocks(void **state)
{
	int blocking = eventfd(0, EFD_CLOEXEC);
	uint64_t count = 99;

	(void)state;
	assert_false(fcntl(blocking, F_GETFL) & O_NONBLOCK);
	assert_false(vfiopm__sys_eventfd_readable(blocking));
	/* A take that blocked would be ended by the signal, with EINTR. */
	alarm(5);
	assert_int_equal(vfiopm__sys_eventfd_take(blocking, &count), -EAGAIN);
	alarm(0);
	raw_add(blocking, 3);
	assert_true(vfiopm__sys_eventfd_readable(blocking));
	expect_ok(vfiopm__sys_eventfd_take(blocking, &count));
	assert_int_equal(count, 3);
	assert_false(vfiopm__sys_eventfd_readable(blocking));
	close(blocking);
}

/* poll() reports a closed fd as an event, and a full eventfd is still readable. */
static void only_a_count_is_readable(void **state)
{
	int event = raw_eventfd(), closed = raw_closed_fd();

	(void)state;
	assert_false(vfiopm__sys_eventfd_readable(closed));
	assert_false(vfiopm__sys_eventfd_readable(-1));
	raw_add(event, UINT64_MAX - 1);
	assert_true(vfiopm__sys_eventfd_readable(event));
	close(event);
}

static void an_add_never_blocks(void **state)
{
	int blocking = eventfd(0, EFD_CLOEXEC);

	(void)state;
	expect_ok(vfiopm__sys_eventfd_add(blocking, 5));
	expect_ok(vfiopm__sys_eventfd_signal(blocking));
	assert_int_equal(raw_take(blocking), 6);
	raw_add(blocking, UINT64_MAX - 1);
	alarm(5);
	assert_int_equal(vfiopm__sys_eventfd_add(blocking, 1), -EAGAIN);
	alarm(0);
	close(blocking);
}

static void a_failed_write_is_reported(void **state)
{
	int reader = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)state;
	assert_int_equal(vfiopm__sys_eventfd_add(reader, 1), -EBADF);
	assert_int_equal(vfiopm__sys_eventfd_signal(reader), -EBADF);
	close(reader);
}

static void new_fds_are_private(void **state)
{
	int event = vfiopm__sys_eventfd_new(), epoll = vfiopm__sys_epoll_new();
	int duplicate = vfiopm__sys_duplicate(event);
	int node = vfiopm__sys_open_node("/dev/null");

	(void)state;
	assert_true(fcntl(event, F_GETFD) & FD_CLOEXEC);
	assert_true(fcntl(event, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(epoll, F_GETFD) & FD_CLOEXEC);
	assert_true(fcntl(duplicate, F_GETFD) & FD_CLOEXEC);
	assert_true(fcntl(node, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(fcntl(node, F_GETFL) & O_ACCMODE, O_RDWR);
	vfiopm__sys_close(event);
	vfiopm__sys_close(epoll);
	vfiopm__sys_close(duplicate);
	vfiopm__sys_close(node);
	assert_false(vfiopm__sys_is_open(event));
	vfiopm__sys_close(-1);
}

/* The link of a timerfd in /proc has the length of an eventfd's. */
static void only_an_eventfd_is_an_eventfd(void **state)
{
	int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC), event = raw_eventfd();
	int file = open("/dev/null", O_RDWR | O_CLOEXEC), closed = raw_closed_fd();

	(void)state;
	assert_int_equal(vfiopm__sys_is_eventfd(event), 1);
	assert_int_equal(vfiopm__sys_is_eventfd(timer), 0);
	assert_int_equal(vfiopm__sys_is_eventfd(file), 0);
	assert_int_equal(vfiopm__sys_is_eventfd(closed), -ENOENT);
	close(timer);
	close(event);
	close(file);
}

static void files_are_compared(void **state)
{
	int event = raw_eventfd(), other = raw_eventfd();
	int duplicate = vfiopm__sys_duplicate(event), closed = raw_closed_fd();
	int r = vfiopm__sys_same_by_query(event, duplicate);

	(void)state;
	/* Before 6.10. */
	if (r != -EINVAL) {
		assert_int_equal(r, 1);
		assert_int_equal(vfiopm__sys_same_by_query(event, other), 0);
		assert_int_equal(vfiopm__sys_same_by_query(event, closed), 0);
	}
	/* Later kernels check that the other fd is open; some versions do not. */
	sim_calls_fail(0, EBADF);
	assert_int_equal(vfiopm__sys_same_by_query(event, duplicate), 0);
	sim_calls_fail(0, EINVAL);
	assert_int_equal(vfiopm__sys_same_by_query(event, duplicate), -EINVAL);
	sim_calls_end();

	assert_int_equal(vfiopm__sys_same_by_kcmp(event, duplicate), 1);
	assert_int_equal(vfiopm__sys_same_by_kcmp(event, other), 0);
	assert_int_equal(vfiopm__sys_same_by_kcmp(other, event), 0);
	assert_int_equal(vfiopm__sys_same_by_kcmp(event, closed), 0);
	close(event);
	close(other);
	close(duplicate);
}

static void epoll_returns_the_numbers_of_readable_fds(void **state)
{
	int epoll = vfiopm__sys_epoll_new(), one = raw_eventfd(), other = raw_eventfd();
	int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	uint32_t numbers[VFIOPM__EPOLL_MOST];

	(void)state;
	expect_ok(vfiopm__sys_epoll_add(epoll, one, 7));
	expect_ok(vfiopm__sys_epoll_add(epoll, other, 2047));
	assert_int_equal(vfiopm__sys_epoll_add(epoll, one, 7), -EEXIST);
	/* A regular file cannot be polled, so it is no eventfd. */
	assert_int_equal(vfiopm__sys_epoll_add(epoll, file, 7), -EINVAL);
	assert_int_equal(vfiopm__sys_epoll_poll(epoll, numbers), 0);
	raw_add(other, 1);
	assert_int_equal(vfiopm__sys_epoll_poll(epoll, numbers), 1);
	assert_int_equal(numbers[0], 2047);
	vfiopm__sys_epoll_remove(epoll, other);
	assert_int_equal(vfiopm__sys_epoll_poll(epoll, numbers), 0);
	sim_calls_fail(0, EINTR);
	assert_int_equal(vfiopm__sys_epoll_poll(epoll, numbers), -EINTR);
	sim_calls_end();
	close(epoll);
	close(one);
	close(other);
	close(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_take_never_blocks),
		cmocka_unit_test(only_a_count_is_readable),
		cmocka_unit_test(an_add_never_blocks),
		cmocka_unit_test(a_failed_write_is_reported),
		cmocka_unit_test(new_fds_are_private),
		cmocka_unit_test(only_an_eventfd_is_an_eventfd),
		cmocka_unit_test(files_are_compared),
		cmocka_unit_test(epoll_returns_the_numbers_of_readable_fds),
	};

	return cmocka_run_group_tests_name("sys", tests, NULL, NULL);
}
