/* SPDX-License-Identifier: MIT */
/* The system calls of the library. Each function returns -errno on failure; none blocks. */
#ifndef VFIOPM_SYS_H
#define VFIOPM_SYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Returns the kernel's value, which can be positive. */
int vfiopm__sys_ioctl(int fd, unsigned long request, void *arg);
/* For an ioctl that returns 0 or fails; -EPROTO if it returns a positive value. */
int vfiopm__sys_command(int fd, unsigned long request, void *arg);
int vfiopm__sys_open_node(const char *path);
/* Accepts -1. No caller could react to a failed close, so none is reported. */
void vfiopm__sys_close(int fd);
int vfiopm__sys_duplicate(int fd);
bool vfiopm__sys_is_open(int fd);

/* Regions of a device fd. A read and a write return the number of bytes. */
int64_t vfiopm__sys_pread(int fd, void *bytes, size_t count, uint64_t offset);
int64_t vfiopm__sys_pwrite(int fd, const void *bytes, size_t count, uint64_t offset);
int vfiopm__sys_map(int fd, uint64_t offset, size_t length, bool reads, bool writes,
		    uint8_t **ret_address);
void vfiopm__sys_unmap(uint8_t *address, size_t length);
uint64_t vfiopm__sys_page_size(void);

/* An eventfd with O_CLOEXEC and O_NONBLOCK. */
int vfiopm__sys_eventfd_new(void);
/* Does the eventfd hold a count? The count stays. */
bool vfiopm__sys_eventfd_readable(int fd);
/* Take the count; -EAGAIN if the count is 0. */
int vfiopm__sys_eventfd_take(int fd, uint64_t *ret_count);
/* -EAGAIN if the eventfd is full, so that it is readable anyway. */
int vfiopm__sys_eventfd_add(int fd, uint64_t count);
/* Add 1 to an eventfd that cannot be full because its counts are taken. */
int vfiopm__sys_eventfd_signal(int fd);
/* Is an open fd of this name in /proc/self/fd? 1, 0, or -errno where /proc cannot be read. */
int vfiopm__sys_is_anonymous(int fd, const char *name);
int vfiopm__sys_is_eventfd(int fd);
/* Do two fds refer to the same open file description? 1, 0, or -errno where the kernel does not
 * answer: F_DUPFD_QUERY fails with EINVAL before 6.10, kcmp(2) can be forbidden. */
int vfiopm__sys_same_by_query(int fd, int other);
int vfiopm__sys_same_by_kcmp(int fd, int other);

/* An epoll fd; each fd that it watches has a number of the caller's. */
int vfiopm__sys_epoll_new(void);
int vfiopm__sys_epoll_add(int epoll, int fd, uint32_t number);
/* The fd counts as readable only when something is added to it. */
int vfiopm__sys_epoll_add_edge(int epoll, int fd, uint32_t number);
void vfiopm__sys_epoll_remove(int epoll, int fd);
/* The numbers of the fds that are readable now; returns how many there are. */
#define VFIOPM__EPOLL_MOST 64
int vfiopm__sys_epoll_poll(int epoll, uint32_t ret_numbers[VFIOPM__EPOLL_MOST]);

/* The time since the boot. */
uint64_t vfiopm__sys_now_ms(void);
/* A timer that is readable from a time on. */
int vfiopm__sys_timer_new(void);
/* Set the time, which ends an earlier one; 0 stands for no time. */
void vfiopm__sys_timer_set(int timer, uint64_t at_ms);
/* Set a time from now on, which ends an earlier one; 0 stands for no time. */
void vfiopm__sys_timer_start(int timer, uint64_t ms);

#endif
