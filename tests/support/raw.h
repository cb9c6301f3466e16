/* SPDX-License-Identifier: MIT */
/*
 * VFIO without the library: what tests use to see the kernel itself, or to be the
 * program that hands the library an fd.
 */
#ifndef RAW_H
#define RAW_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A device opened by its group, or by its cdev where there is no group. */
struct raw {
	int device;
	int group;
	int iommu; /* the container or the iommufd */
};

/* Fails the test if it cannot. */
void raw_open(struct raw *ret_raw);
void raw_close(struct raw *raw);
/* Another fd of the same device, by the group. */
int raw_open_again(const struct raw *raw);

/* Each gives the result, or -errno. */
int raw_ioctl(int fd, unsigned long request, void *arg);
int raw_feature(int fd, uint32_t argsz, uint32_t flags);
int raw_probe(int fd, uint32_t feature);
int raw_enter(int fd);
int raw_enter_wakeup(int fd, int32_t wakeup_fd);
int raw_exit(int fd);
int raw_info(int fd);
/* SET_IRQS, with count times what the flags speak of: bytes, fds or nothing. */
int raw_set_irqs(int fd, uint32_t index, uint32_t flags, uint32_t start, uint32_t count,
		 const void *data);
/* The same: trigger one vector by an eventfd; have one unmask INTx. */
int raw_set_irqs_eventfd(int fd, uint32_t index, uint32_t vector, int32_t eventfd);
int raw_set_unmask_eventfd(int fd, int32_t eventfd);
/* A byte of configuration space; one of another region. */
int raw_read_config(int fd, unsigned offset, uint8_t *ret_byte);
int raw_write_config(int fd, unsigned offset, uint8_t byte);
int raw_read_region(int fd, unsigned index, uint64_t offset);
int raw_write_region(int fd, unsigned index, uint64_t offset);
/* Enable the device's memory, so that BAR 0 can be read and mapped. */
void raw_enable_memory(int fd);
/* A page of BAR 0. */
volatile uint32_t *raw_map(int fd);
void raw_unmap(volatile uint32_t *map);
/* Does reading it raise SIGBUS? */
int raw_faults(volatile uint32_t *map);
/* The offset of the power management capability. */
unsigned raw_pm_capability(int fd);

/* So many bytes that end where the process's memory does. */
void *raw_at_end_of_memory(size_t size, char **ret_pages);
void raw_free_memory(char *pages);
/* The number of an fd that is not open, and that no open will give. */
int raw_closed_fd(void);

/* An eventfd with nothing in it. */
int raw_eventfd(void);
/* Signal it so often. */
void raw_add(int eventfd, uint64_t count);
/* Take its count, 0 if there is none; and just look whether there is one. */
uint64_t raw_take(int eventfd);
int raw_readable(int eventfd);

#endif
