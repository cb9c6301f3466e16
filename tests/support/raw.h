/* SPDX-License-Identifier: MIT */
/*
 * VFIO calls without the library. A test uses them to test the kernel itself, or to act as the
 * program that passes an fd to the library.
 */
#ifndef RAW_H
#define RAW_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A device that is opened by its group. */
struct raw {
	int device;
	int group;
	int iommu; /* the container */
};

/* Fail the test if the device cannot be opened. */
void raw_open(struct raw *ret_raw);
void raw_close(struct raw *raw);
/* Open another fd of the same device. */
int raw_open_again(const struct raw *raw);

/* Each function returns the result of the call, or -errno. */
int raw_ioctl(int fd, unsigned long request, void *arg);
int raw_feature(int fd, uint32_t argsz, uint32_t flags);
int raw_probe(int fd, uint32_t feature);
int raw_enter(int fd);
int raw_enter_wakeup(int fd, int32_t wakeup_fd);
int raw_exit(int fd);
int raw_info(int fd);
/* SET_IRQS. The data are `count` bytes (DATA_BOOL), `count` fds (DATA_EVENTFD) or nothing. */
int raw_set_irqs(int fd, uint32_t index, uint32_t flags, uint32_t start, uint32_t count,
		 const void *data);
/* SET_IRQS: set the eventfd of one vector; set the eventfd that unmasks INTx. */
int raw_set_irqs_eventfd(int fd, uint32_t index, uint32_t vector, int32_t eventfd);
int raw_set_unmask_eventfd(int fd, int32_t eventfd);
/* Transfer one byte of configuration space, or of another region. */
int raw_read_config(int fd, unsigned offset, uint8_t *ret_byte);
int raw_write_config(int fd, unsigned offset, uint8_t byte);
int raw_read_region(int fd, unsigned index, uint64_t offset);
int raw_write_region(int fd, unsigned index, uint64_t offset);
/* Enable the device's memory, so that BAR 0 can be read and mapped. */
void raw_enable_memory(int fd);
/* Map the first page of BAR 0. */
volatile uint32_t *raw_map(int fd);
void raw_unmap(volatile uint32_t *map);
/* True if a read of the mapping raises SIGBUS. */
int raw_faults(volatile uint32_t *map);
/* The offset of the power management capability. */
unsigned raw_pm_capability(int fd);

/* Allocate memory that an inaccessible page follows directly. */
void *raw_at_end_of_memory(size_t size, char **ret_pages);
void raw_free_memory(char *pages);
/* The number of a closed fd. It is too large for an open() of the test to reuse it. */
int raw_closed_fd(void);

/* Create an eventfd with count 0. */
int raw_eventfd(void);
/* Add to the count. */
void raw_add(int eventfd, uint64_t count);
/* Read and clear the count; 0 if the eventfd is not signaled. */
uint64_t raw_take(int eventfd);
/* True if the eventfd is signaled. The count is not read. */
int raw_readable(int eventfd);

#endif
