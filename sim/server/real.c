// SPDX-License-Identifier: MIT
/*
 * The calls that the model makes, in the process of vfiopm-sim. This process has one thread, so the
 * model needs no lock.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/uio.h>
#include <unistd.h>

#include "server.h"

void sim_lock(void)
{
}

void sim_unlock(void)
{
}

/* Only a test makes an ioctl wait (sim_hold_ioctls()). */
void sim_wait(void)
{
	abort();
}

void sim_changed(void)
{
}

/* ---- signals of eventfds that programs make ---- */

int real_epoll(void)
{
	static int epoll = -1;

	if (epoll < 0)
		epoll = epoll_create1(EPOLL_CLOEXEC);
	if (epoll < 0)
		die("epoll_create1: %m");
	return epoll;
}

/* Edge-triggered: on Linux 5.10 the count stays in the eventfd. */
void sim_watch(int eventfd)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };

	if (epoll_ctl(real_epoll(), EPOLL_CTL_ADD, eventfd, &event) < 0)
		die("epoll_ctl: %m");
}

void sim_unwatch(int eventfd)
{
	epoll_ctl(real_epoll(), EPOLL_CTL_DEL, eventfd, NULL);
}

/* ---- calls on real files ---- */

static int lowest;

void real_set_lowest(int fd)
{
	lowest = fd;
}

#define REAL_CALL(name) name
#include "sim/real-calls.h"

/* The eventfds of 2048 vectors must not use the low numbers, which file.c needs for handles. */
int sim_real_fcntl(int fd, int command, int arg)
{
	if (command == F_DUPFD_CLOEXEC && arg < lowest)
		arg = lowest;
	return fcntl(fd, command, arg);
}
