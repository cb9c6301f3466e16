/* SPDX-License-Identifier: MIT */
/*
 * What the simulator's own files know of one another. All of it runs under one
 * lock, which wrap.c takes. Functions that stand for the kernel give a result or -errno.
 */
#ifndef SIM_INTERNAL_H
#define SIM_INTERNAL_H

#include <fcntl.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "sim.h"

/* ---- kernel.c: what differs between kernels ---- */

enum sim_dialect { SIM_NO_LOW_POWER, SIM_V2, SIM_V3, SIM_V4, SIM_MAINLINE };

struct sim_kernel {
	const char *name;
	enum sim_dialect dialect;
	bool bind_ioctl;     /* 6.6: VFIO_DEVICE_BIND_IOMMUFD is known */
	bool cdev;	     /* and CONFIG_VFIO_DEVICE_CDEV and IOMMUFD are built */
	bool power_state;    /* 5.11: sysfs has power_state */
	bool fdinfo_path;    /* 6.18: fdinfo has the device's place in sysfs */
	bool old_groups;     /* 5.10: a negative container and, before all else, none is EINVAL */
	int wrong_container; /* errno of SET_CONTAINER with an fd of another kind */
	bool dynamic_msix;   /* 6.5, x86: MSI-X vectors are allocated one by one */
	bool checks_range;   /* before 6.2: no vector beyond those of the first enable */
	/* Before 5.11: that of the eventfd which unmasks INTx, and of an irqfd. */
	bool leaves_count;
	bool refuses_below_minus_one; /* late 6.12.y, 7.x: an fd below -1 for ERR and REQ */
};

const struct sim_kernel *sim_find_kernel(const char *name);

/* ---- device.c: one device, its runtime PM and its low power ---- */

#define SIM_DEVICES	  8
#define SIM_CONFIG_SIZE	  4096
#define SIM_BAR0_SIZE	  0x20000
#define SIM_PM_CAPABILITY 0xc8 /* where the e1000e has it */

/* The enabled type: VFIO_PCI_*_IRQ_INDEX, or none. */
#define SIM_NO_TYPE (-1)
#define SIM_INTX    0
#define SIM_MSIX    2
#define SIM_VECTORS 2048

struct sim_irqs {
	int type;
	uint32_t allocated; /* as many as has_irq says */
	bool has_irq[SIM_VECTORS];
	/* Duplicates of eventfds and 1, 0 for none. */
	int triggers[SIM_VECTORS];
	int alone[2]; /* ERR, REQ */
	int unmask;
	uint64_t unmask_left; /* of its count that which is no news */
	bool intx_masked, pm_intx_masked;
	bool intx_off_in_config;		 /* the user's DisINTx: vdev->virq_disabled */
	bool intx_off_in_device, saved_intx_off; /* the real one */
	/* The device: it raises INTx; vectors of MSI-X that it has not been let send (its PBA). */
	bool intx_level;
	bool pending[SIM_VECTORS];
	unsigned set_irqs;
	/* What the test has the host lack. */
	unsigned limit;
	uint32_t fail_vector;
	unsigned fail_times;
	int fail_errno;
};

struct sim_device {
	bool used;
	char address[17];
	unsigned group;
	struct sim_machine machine;
	const struct sim_kernel *kernel;

	/* The driver core (drivers/base/power/runtime.c). */
	int usage;
	bool suspended;
	uint64_t slept_ns, asleep_since_ns;
	bool control_on;
	bool d3cold_allowed;
	/* What the test has put in the place of an attribute. */
	struct {
		const char *name, *text;
	} replaced;
	enum sim_suspend suspend_when;
	bool resume_fails;
	bool holds_ioctls;
	unsigned held_ioctls;

	/* vfio-pci (drivers/vfio/pci/vfio_pci_core.c). */
	unsigned opens;
	bool bound_by_cdev;
	bool engaged;
	int wake; /* our duplicate of the wakeup eventfd, as the kernel's eventfd_ctx; or -1 */
	enum sim_power power;
	uint8_t config[SIM_CONFIG_SIZE];

	/* BAR 0: a memfd whose file ends at 0 while the BAR is zapped. */
	int memory;
	bool mapped;
	uint8_t bar[SIM_BAR0_SIZE];

	struct sim_irqs irqs;
	unsigned ioctls;
};

/* NULL if there is none in this place of the table. */
struct sim_device *sim_device_at(int index);
struct sim_device *sim_device_by_address(const char *address);
int sim_device_opened(struct sim_device *device);
void sim_device_closed(struct sim_device *device);
int sim_pm_get(struct sim_device *device);
void sim_pm_put(struct sim_device *device);
uint64_t sim_slept_ns(const struct sim_device *device);
/* wake: an eventfd of ours to keep, or -1. */
int sim_low_power_entry(struct sim_device *device, int wake);
void sim_low_power_exit(struct sim_device *device);
void sim_set_power(struct sim_device *device, enum sim_power power);
bool sim_memory_enabled(const struct sim_device *device);
void sim_update_mapping(struct sim_device *device);

/* ---- ioctl.c, feature.c, irq.c, intx.c, region.c: what a device fd can do ---- */

int sim_device_ioctl(struct sim_device *device, unsigned long request, void *arg);
int sim_feature(struct sim_device *device, void *arg);
int sim_get_irq_info(const struct sim_device *device, void *arg);
int sim_set_irqs_ioctl(struct sim_device *device, void *arg);
void sim_irqs_suspend(struct sim_device *device);
void sim_irqs_resume(struct sim_device *device);
void sim_irqs_release(struct sim_device *device);
/* INTx is switched off or on in configuration space. */
void sim_irqs_config(struct sim_device *device, bool off);
/* See to what the user has signalled; is this fd one that unmasks INTx; one such was closed. */
void sim_irqs_look(void);
bool sim_irqs_unmasks(int fd);
void sim_irqs_closed(void);
/* What a SET_IRQS asks for, checked as far as it is the same for all. */
struct sim_irq_request {
	uint32_t data, action, index, start, count;
	const uint8_t *bools;
	const int32_t *fds;
};

/* Is this the enabled type? */
bool sim_irqs_are(const struct sim_device *device, int type);
/* An entry of the tables: its fd, which is closed, and signalled, if there is one. */
int sim_irq_fd(int entry);
void sim_irq_drop(int *entry);
void sim_irq_signal(int entry);
/* The device raises INTx, if it is not kept from it: is somebody told? */
bool sim_intx_raise(struct sim_irqs *irqs);
int sim_intx_trigger(struct sim_device *device, const struct sim_irq_request *request);
int sim_intx_mask_or_unmask(struct sim_device *device, const struct sim_irq_request *request);
void sim_intx_disable(struct sim_irqs *irqs);
/* Has the user any fd of the eventfd that this is our duplicate of? */
bool sim_is_open(int eventfd);
/* The ioctl of the v2 patches, at the number that is VFIO_DEVICE_BIND_IOMMUFD now. */
int sim_v2_low_power(struct sim_device *device, void *arg);
ssize_t sim_region_rw(struct sim_device *device, void *buffer, size_t count, off_t offset,
		      bool write);

/* The user's memory, which may not be there: 0 or -EFAULT. */
int sim_from_user(void *to, const void *from, size_t size);
int sim_to_user(void *to, const void *from, size_t size);

/* ---- eventfd.c ---- */

/* A duplicate of an eventfd: -EBADF, or -EINVAL for another kind of file. */
int sim_eventfd(int fd);
/* Add one, without ever waiting. */
void sim_signal(int fd);
/* What it counts, untaken. */
uint64_t sim_eventfd_count(int fd);
bool sim_is_same_file(int fd, int other);

/* ---- file.c: which fd is what ---- */

enum sim_kind {
	SIM_NONE,
	SIM_DEVICE,
	SIM_CDEV, /* a device cdev that is not bound yet */
	SIM_GROUP,
	SIM_CONTAINER,
	SIM_IOMMUFD,
	SIM_DIRECTORY, /* a device's directory in sysfs */
	SIM_ATTRIBUTE,
	SIM_FDINFO,
	SIM_KVM, /* /dev/kvm */
	SIM_VM,
};

struct sim_attribute;

struct sim_file {
	enum sim_kind kind;
	struct sim_device *device; /* but for SIM_CONTAINER, SIM_IOMMUFD, SIM_KVM and SIM_VM */
	const struct sim_attribute *attribute; /* SIM_ATTRIBUTE */
	off_t position;
	int container;	   /* SIM_GROUP: the container's fd, or -1 */
	unsigned attached; /* SIM_CONTAINER: the groups that are set to it */
	bool iommu_set;	   /* SIM_CONTAINER */
};

/* NULL for an fd that is not ours. */
struct sim_file *sim_file(int fd);
struct sim_file *sim_file_of_kind(enum sim_kind kind, const struct sim_device *device);
/* A new fd, or -errno. */
int sim_file_new(enum sim_kind kind, struct sim_device *device);
/* One of the device itself, which is opened by it: no number below lowest. */
int sim_device_file_new(struct sim_device *device, int lowest);
int sim_file_close(int fd);

/* ---- node.c: /dev/vfio and /dev/iommu ---- */

int sim_open_node(const char *path);
int sim_group_ioctl(struct sim_file *group, unsigned long request, void *arg);
int sim_container_ioctl(struct sim_file *container, unsigned long request, void *arg);
int sim_iommufd_ioctl(unsigned long request, void *arg);
int sim_cdev_ioctl(struct sim_file *cdev, unsigned long request, void *arg);
int sim_attach_iommufd(const void *arg);

/* ---- kvm.c ---- */

int sim_kvm_ioctl(unsigned long request);
int sim_vm_ioctl(int vm, unsigned long request, void *arg);
void sim_vm_closed(int vm);
/* See to what was signalled; is this fd a duplicate of ours for an irqfd? */
void sim_kvm_look(void);
bool sim_kvm_holds(int fd);
/* Is this fd one of an irqfd; one such was closed. */
bool sim_kvm_uses(int fd);
void sim_kvm_closed(void);

/* ---- sysfs.c: /sys/bus/pci/devices and /proc/self/fdinfo ---- */

/* Is this a path that the simulator answers for? */
bool sim_is_sysfs(const char *path);
int sim_open_sysfs(const char *path);
/* 0 if it is the directory of a device, else -ENOENT. */
int sim_check_sysfs(const char *path);
int sim_open_attribute(struct sim_device *device, const char *name);
/* -ENOENT if the simulator has nothing to say of it. */
int sim_open_fdinfo(const char *path);
/* The length, as readlink(2). */
int sim_read_link(const char *path, char *target, size_t size);
/* The name of the entry in a device's directory vfio-dev. */
int sim_vfio_dev(const char *path, char *name, size_t size);
ssize_t sim_read_text(struct sim_file *file, void *buffer, size_t count, off_t offset);
ssize_t sim_write_attribute(struct sim_file *file, const void *buffer, size_t count);

/* ---- calls.c ---- */

/* Note a call; true if it is not to be done, with errno set. */
bool sim_call_fails(const char *name);
/* What an ioctl then gives. */
int sim_call_answer(void);

/* ---- wrap.c ---- */

void sim_lock(void);
void sim_unlock(void);
/* With the lock: give it to others until something has changed. */
void sim_wait(void);
void sim_changed(void);
/* The real calls, for the simulator's own use. */
int sim_real_open_null(void);
int sim_real_close(int fd);
ssize_t sim_real_pread(int fd, void *buffer, size_t count, off_t offset);
ssize_t sim_real_write(int fd, const void *buffer, size_t count);
ssize_t sim_real_pwrite(int fd, const void *buffer, size_t count, off_t offset);
ssize_t sim_real_readlink(const char *path, char *buffer, size_t size);
int sim_real_fcntl(int fd, int command, int arg);
/* The count of an eventfd, without waiting: 0, or -errno. */
int sim_real_take(int fd, uint64_t *ret_count);
/* Is it ready for these events now? */
bool sim_real_poll(int fd, short events);
/* A short file as a string: 0, or -errno. */
int sim_real_read_file(const char *path, char *text, size_t size);
/* Is there an fd in this process of which this is true? */
bool sim_real_any_fd(bool (*is)(int fd, int arg), int arg);

#endif
