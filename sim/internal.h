/* SPDX-License-Identifier: MIT */
/*
 * The declarations that the simulator's files share. All functions run under one lock, which
 * wrap.c takes. Functions that model the kernel return a result or -errno.
 */
#ifndef SIM_INTERNAL_H
#define SIM_INTERNAL_H

#include <fcntl.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/types.h>

#include "sim.h"

/* ---- kernel.c: the differences between kernels ---- */

enum sim_dialect { SIM_NO_LOW_POWER, SIM_V2, SIM_V3, SIM_V4, SIM_MAINLINE };

struct sim_kernel {
	const char *name;
	enum sim_dialect dialect;
	/* 5.19: a device that is not in use suspends, and BARs cannot be accessed in the D3hot that
	 * the user sets. */
	bool runtime_pm;
	bool bind_ioctl;  /* 6.6: VFIO_DEVICE_BIND_IOMMUFD exists */
	bool cdev;	  /* bind_ioctl, with CONFIG_VFIO_DEVICE_CDEV and IOMMUFD */
	bool bind_token;  /* 6.17: a bind takes and checks a VF token */
	bool power_state; /* 5.11: sysfs has power_state */
	bool fdinfo_path; /* 6.18: fdinfo contains the device's path in sysfs */
	/* 5.10: SET_CONTAINER with a negative fd is EINVAL, and GET_DEVICE_FD checks for the
	 * container (EINVAL) before it looks for the device. */
	bool old_groups;
	bool d3hot_keeps_memory; /* before 5.19: the D3hot of the user blocks no BAR */
	int wrong_container;	 /* errno of SET_CONTAINER with an fd of another kind */
	bool dynamic_msix;	 /* 6.5, x86: MSI-X vectors are allocated one by one */
	bool checks_range;	 /* before 6.2: no vector beyond those of the first enable */
	/* Before 5.11: a signal of the eventfd that unmasks INTx, or of an irqfd, leaves its count
	 * in the eventfd. */
	bool leaves_count;
	bool ioeventfd_64; /* seen on 6.1 and 6.12, not on 5.10 and 7.2: an ioeventfd of 8 bytes */
	/* 7.x: VFIO_DEVICE_FEATURE_DMA_BUF, and a feature of migration that is EINVAL instead of
	 * ENOTTY for a device that cannot migrate. */
	bool dma_buf;
	bool requests_once; /* 6.9: an interrupt of a platform device is requested at the open */
	bool refuses_below_minus_one; /* late 6.12.y, 7.x: EINVAL for an fd below -1, ERR and REQ */
};

const struct sim_kernel *sim_find_kernel(const char *name);

/* ---- device.c: a device, its runtime PM and its low power ---- */

#define SIM_DEVICES	    8
#define SIM_CONFIG_SIZE	    4096
#define SIM_CONFIG_SIZE_PCI 256
#define SIM_BARS	    6
#define SIM_REGIONS	    9
/* The offsets in the e1000e. */
#define SIM_MSIX_CAPABILITY    0xa0
#define SIM_PM_CAPABILITY      0xc8
#define SIM_PMCSR	       (SIM_PM_CAPABILITY + 4)
#define SIM_MSI_CAPABILITY     0xd0
#define SIM_EXPRESS_CAPABILITY 0xe0

/* The enabled interrupt type: VFIO_PCI_*_IRQ_INDEX, or none. */
#define SIM_NO_TYPE (-1)
#define SIM_INTX    0
#define SIM_MSI	    1
#define SIM_MSIX    2
#define SIM_VECTORS 2048
/* The IRQ indexes of a platform device. */
#define SIM_PLATFORM_IRQS 512

/* An eventfd whose signal calls a handler. All zeroes: disabled. */
struct sim_virqfd {
	int eventfd;	  /* see sim_irq_fd() */
	uint64_t handled; /* the part of its count for which the handler was called */
	bool signaled;
	struct sim_device *device;
	uint32_t index;
	void (*handler)(struct sim_device *device, uint32_t index);
	struct sim_virqfd *next;
};

struct sim_ioeventfd {
	uint64_t offset, data;
	uint32_t size; /* 0: unused */
	struct sim_virqfd virqfd;
};

#define SIM_IOEVENTFDS 8 /* 1000 in the kernel */

struct sim_platform_irq {
	int trigger; /* see sim_irq_fd() */
	struct sim_virqfd mask, unmask;
	bool masked;
	bool raised; /* the level of the interrupt line */
};

struct sim_irqs {
	int type;
	uint32_t allocated; /* the number of vectors whose has_irq is true */
	/* The exponent of the number of vectors at the last enable of MSI: vdev->msi_qmax. */
	unsigned msi_queue_size;
	bool has_irq[SIM_VECTORS];
	/* Here and below: the fd of a duplicate of an eventfd plus 1, or 0 (see sim_irq_fd()). */
	int triggers[SIM_VECTORS];
	int single[2]; /* ERR, REQ */
	struct sim_virqfd unmask;
	struct sim_platform_irq platform[SIM_PLATFORM_IRQS];
	bool intx_masked, pm_intx_masked;
	bool intx_off_in_config;		 /* the user's DisINTx: vdev->virq_disabled */
	bool intx_off_in_device, saved_intx_off; /* the DisINTx of the device */
	bool d3_intx_off;			 /* see sim_set_power_by_vfio() */
	/* State of the device: the level of INTx, and the PBA of MSI-X. */
	bool intx_level;
	bool pending[SIM_VECTORS];
	unsigned set_irqs;
	/* The failures that the test has requested. */
	unsigned limit;
	uint32_t fail_vector;
	unsigned fail_times;
	int fail_errno;
	const int *patterns; /* the errnos of the next SET_IRQS, 0 for success */
	unsigned pattern_count;
	int last_vector_error; /* of the SET_IRQS that is being handled */
};

struct sim_device {
	bool used;
	unsigned serial; /* unique among all devices of the program */
	char address[17];
	unsigned group;
	struct sim_machine machine;
	const struct sim_kernel *kernel;

	/* The driver core (drivers/base/power/runtime.c). */
	int usage;
	bool suspended;
	uint64_t begin_ns, suspended_ns, suspended_since_ns;
	bool control_on;
	bool d3cold_allowed;
	/* The attribute that the test has replaced. */
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
	int iommufd; /* if it is bound by its cdev */
	uint32_t id; /* in that iommufd */
	bool engaged;
	/* The v4 patches: no second suspend after a resume, and such a resume has happened. */
	bool reentry_disabled, resumed;
	bool in_d3; /* the v3 patches: power_state_d3, which does not change while engaged */
	int wake;   /* a duplicate of the wakeup eventfd, as the kernel's eventfd_ctx; or -1 */
	enum sim_power power;
	uint8_t config[SIM_CONFIG_SIZE];
	bool memory_on; /* the memory bit of COMMAND as the user has written it */
	uint8_t saved_command[2];
	uint8_t first_config[SIM_CONFIG_SIZE]; /* as vfio_config_init() finds it at each open */

	/* The BARs: a memfd whose file ends at 0 while the BARs are zapped. */
	int memory;
	bool mapped;
	uint8_t *bars;	    /* what the memfd contained */
	bool *page_is_used; /* the other pages of the memfd contain zeroes */
	struct sim_bar {
		bool has_ports;
		size_t size, at; /* at: in the memfd */
	} bar[SIM_BARS];
	size_t memory_size; /* of the memfd */
	/* The answers to GET_REGION_INFO that the test has replaced. */
	struct {
		const void *bytes;
		size_t size;
	} region_answers[SIM_REGIONS];

	struct sim_irqs irqs;
	struct sim_ioeventfd ioeventfds[SIM_IOEVENTFDS];
	unsigned ioctls, resets, foreign, power_calls;
};

/* False for a platform device. */
static inline bool sim_is_pci(const struct sim_device *device)
{
	return !device->machine.platform_irqs;
}

/* NULL if this entry of the table is unused. */
struct sim_device *sim_device_at(int index);
struct sim_device *sim_device_by_address(const char *address);
/* The next device of the group, or the first one behind NULL, or NULL. */
struct sim_device *sim_next_in_group(unsigned group, const struct sim_device *before);
int sim_device_opened(struct sim_device *device);
void sim_device_closed(struct sim_device *device);
int sim_pm_get(struct sim_device *device);
void sim_pm_put(struct sim_device *device);
uint64_t sim_now_ns(void);
uint64_t sim_suspended_ns(const struct sim_device *device);
/* wake is a duplicate of an eventfd, which the device owns on success, or -1. */
int sim_low_power_entry(struct sim_device *device, int wake);
void sim_low_power_exit(struct sim_device *device);
/* Returns 0, also if the device is not suspended, or -EIO. */
int sim_resume(struct sim_device *device);
void sim_set_power(struct sim_device *device, enum sim_power power);
void sim_set_power_by_vfio(struct sim_device *device, enum sim_power power);
bool sim_memory_enabled(const struct sim_device *device);
/* Write to the BARs while they are not mapped. */
void sim_write_unmapped(struct sim_device *device, const void *bytes, size_t count, size_t at);
void sim_update_mapping(struct sim_device *device);

/* ---- ioctl.c, feature.c, irq.c, intx.c, region.c: the calls on a device fd ---- */

int sim_device_ioctl(struct sim_device *device, unsigned long request, void *arg);
int sim_feature(struct sim_device *device, void *arg);
/* Count the ioctl if it is about low power, and if it belongs to another dialect than the kernel's. */
void sim_count_foreign(struct sim_device *device, unsigned long number, const void *arg);
/* The number of regions, and of IRQ indexes. A platform device has no regions here. */
uint32_t sim_regions(const struct sim_device *device);
uint32_t sim_irq_indexes(const struct sim_device *device);
int sim_get_irq_info(const struct sim_device *device, void *arg);
int sim_set_irqs_ioctl(struct sim_device *device, void *arg);
void sim_irqs_suspend(struct sim_device *device);
void sim_irqs_resume(struct sim_device *device);
void sim_irqs_release(struct sim_device *device);
/* The user set or cleared DisINTx in configuration space. */
void sim_irqs_config(struct sim_device *device, bool off);
/* A SET_IRQS request that passed the checks common to all indexes. */
struct sim_irq_request {
	uint32_t data, action, index, start, count;
	const uint8_t *bools;
	const int32_t *fds;
};

/* True if this is the enabled interrupt type. */
bool sim_irq_type_is(const struct sim_device *device, int type);
/* The fd of an entry of struct sim_irqs, -1 if the entry is empty. */
int sim_irq_fd(int entry);
/* Close it; signal it. Both do nothing if the entry is empty. */
void sim_irq_drop(int *entry);
void sim_irq_signal(int entry);
/* Deliver INTx if it is raised and not masked. Returns true if an eventfd was signaled. */
bool sim_intx_raise(struct sim_irqs *irqs);
int sim_intx_trigger(struct sim_device *device, const struct sim_irq_request *request);
int sim_intx_mask_or_unmask(struct sim_device *device, const struct sim_irq_request *request);
void sim_intx_disable(struct sim_irqs *irqs);
/* ---- platform-irq.c; each index is below sim_platform_count() ---- */

uint32_t sim_platform_count(const struct sim_device *device);
uint32_t sim_platform_flags(const struct sim_device *device, uint32_t index);
int sim_platform_set_irqs(struct sim_device *device, const struct sim_irq_request *request);
void sim_platform_release(struct sim_device *device);
/* Returns true if an eventfd was signaled. */
bool sim_platform_raise(struct sim_device *device, uint32_t index);

/* True if the model holds an eventfd by this fd. */
bool sim_has_fd(int fd);
/* The ioctl of the v2 patches. VFIO_DEVICE_BIND_IOMMUFD has its number today. */
int sim_v2_low_power(struct sim_device *device, void *arg);
/* True if this part of the device fd is in a BAR, and is not in the MSI-X table. */
bool sim_is_in_bar(const struct sim_device *device, uint64_t offset, size_t count);
/* Write to a BAR without a resume. Does nothing if its memory cannot be accessed. */
void sim_bar_write(struct sim_device *device, uint64_t offset, const void *bytes, size_t count);
int sim_ioeventfd_ioctl(struct sim_device *device, const void *arg);
void sim_ioeventfds_release(struct sim_device *device);
ssize_t sim_region_rw(struct sim_device *device, void *buffer, size_t count, off_t offset,
		      bool write);
int sim_get_region_info(const struct sim_device *device, void *arg);
/* Where mmap(2) of a device fd finds its memory: an offset in the memfd, or -errno. */
off_t sim_region_mmap(const struct sim_device *device, size_t length, int flags, off_t offset);

/* ---- reset.c ---- */

int sim_reset_ioctl(struct sim_device *device);
int sim_hot_reset_info(const struct sim_device *device, void *arg);
int sim_hot_reset(struct sim_device *device, void *arg);

/* ---- virqfd.c: eventfds that mask or unmask an interrupt ---- */

int sim_virqfd_enable(struct sim_virqfd *virqfd, struct sim_device *device, uint32_t index,
		      void (*handler)(struct sim_device *device, uint32_t index), int fd);
/* Does nothing if it is disabled. */
void sim_virqfd_disable(struct sim_virqfd *virqfd);
/* Call the handlers of those that the user has signaled. */
void sim_virqfds_handle_signals(void);
/* True if this fd of the user is one of them. Call the second function after its close. */
bool sim_virqfds_have(int fd);
void sim_virqfds_handle_close(void);
/* True if this fd is the simulator's duplicate of one of them. */
bool sim_virqfds_are_duplicate(int fd);

/* ---- eventfd.c ---- */

/* A duplicate of an eventfd; -EBADF; -EINVAL for another kind of file. */
int sim_eventfd(int fd);
/* Add 1 to an eventfd. This never blocks. */
void sim_signal(int fd);
/* Return the count of an eventfd without reading it. */
uint64_t sim_eventfd_count(int fd);
bool sim_is_same_file(int fd, int other);

/* ---- file.c: the simulated files ---- */

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

/* The DMA mappings of a container or of an iommufd. */
#define SIM_MAPPINGS 4
struct sim_mappings {
	struct {
		uint64_t iova, size; /* size 0: unused */
		uint64_t address;    /* of the process */
	} at[SIM_MAPPINGS];
};

struct sim_file {
	enum sim_kind kind;
	struct sim_device *device; /* NULL for SIM_CONTAINER, SIM_IOMMUFD, SIM_KVM and SIM_VM */
	const struct sim_attribute *attribute; /* SIM_ATTRIBUTE */
	off_t position;
	int container;		      /* SIM_GROUP: the container's fd, or -1 */
	unsigned attached;	      /* SIM_CONTAINER: the number of groups that use it */
	bool noiommu;		      /* SIM_CONTAINER: the groups have no IOMMU */
	bool iommu_set;		      /* SIM_CONTAINER */
	struct sim_mappings mappings; /* SIM_CONTAINER, SIM_IOMMUFD */
	uint32_t last_id;	      /* SIM_IOMMUFD: of its objects; the kernel starts at 1 */
	uint64_t ioas_ids;	      /* SIM_IOMMUFD: a bit for each id that is an IOAS */
};

/* NULL if the fd is not a simulated file. */
struct sim_file *sim_file(int fd);
struct sim_file *sim_file_of_kind(enum sim_kind kind, const struct sim_device *device);
/* The open file of the device's group, or NULL. */
const struct sim_file *sim_group_file(const struct sim_device *device);
/* Create a simulated file. Returns a new fd, or -errno. */
int sim_file_new(enum sim_kind kind, struct sim_device *device);
/* Open the device. Returns a new fd, which is at least `lowest`, or -errno. */
int sim_device_file_new(struct sim_device *device, int lowest);
int sim_file_close(int fd);
/* The group leaves its container. */
void sim_group_leaves(struct sim_file *group);
/* fd must be a simulated file. */
int sim_file_ioctl(int fd, unsigned long request, void *arg);
ssize_t sim_file_read(struct sim_file *file, void *buffer, size_t count, off_t offset);
ssize_t sim_file_write(struct sim_file *file, const void *buffer, size_t count, off_t offset);

/* ---- node.c: /dev/vfio and /dev/iommu ---- */

int sim_open_node(const char *path);
int sim_group_ioctl(struct sim_file *group, unsigned long request, void *arg);
int sim_container_ioctl(struct sim_file *container, unsigned long request, void *arg);
int sim_iommufd_ioctl(struct sim_file *iommufd, unsigned long request, void *arg);
int sim_cdev_ioctl(struct sim_file *cdev, unsigned long request, void *arg);
/* A bind of a device that is open. */
int sim_bind_again(const struct sim_device *device, const void *arg);
int sim_attach_iommufd(const struct sim_device *device, const void *arg);
int sim_detach_iommufd(const void *arg);

/* ---- dma.c ---- */

/* include/uapi/linux/iommufd.h, which Debian 12 does not ship. */
#define SIM_IOMMU_IOAS_MAP	_IO(';', 0x85)
#define SIM_IOMMU_IOAS_UNMAP	_IO(';', 0x86)
#define SIM_IOAS_MAP_FIXED_IOVA 1
struct sim_ioas_map {
	uint32_t size, flags, ioas_id, reserved;
	uint64_t user_va, length, iova;
};
struct sim_ioas_unmap {
	uint32_t size, ioas_id;
	uint64_t iova, length;
};

int sim_map_dma(struct sim_mappings *mappings, uint64_t iova, uint64_t size, uint64_t address);
/* Returns the size of what was mapped there, 0 if nothing was. */
uint64_t sim_unmap_dma(struct sim_mappings *mappings, uint64_t iova, uint64_t size);

/* ---- kvm.c ---- */

int sim_kvm_ioctl(unsigned long request);
int sim_vm_ioctl(int vm, unsigned long request, void *arg);
void sim_vm_closed(int vm);
/* Assert the GSIs of irqfds that were signaled. */
void sim_kvm_handle_signals(void);
/* True if this fd is the simulator's duplicate for an irqfd. */
bool sim_kvm_is_duplicate(int fd);
/* True if this fd of the user is an irqfd. Call the second function after its close. */
bool sim_kvm_is_irqfd(int fd);
void sim_kvm_handle_close(void);

/* ---- sysfs.c: /sys/bus/pci/devices and /proc/self/fdinfo ---- */

/* True if the simulator handles this path. */
bool sim_is_sysfs(const char *path);
int sim_open_sysfs(const char *path, int flags);
/* 0 if the path is the directory of a device, else -ENOENT. */
int sim_check_sysfs(const char *path);
int sim_open_attribute(struct sim_device *device, const char *name, int flags);
/* The attributes of a device, with their permissions. NULL after the last one. */
const char *sim_attribute_name(unsigned index, mode_t *ret_mode);
/* True for config, a read of which can resume the device. */
bool sim_is_config(const struct sim_file *file);
/* -ENOENT if the simulator does not handle this path. */
int sim_open_fdinfo(const char *path);
/* The link of an fd in /proc/self/fd, as readlink(2) returns it, or -ENOENT. */
int sim_read_fd_link(const char *path, char *target, size_t size);
/* Returns the length, as readlink(2) does. */
int sim_read_link(const char *path, char *target, size_t size);
/* Get the name of an entry of a directory: the length, 0 after the last entry, or -ENOENT if the
 * directory does not exist. */
int sim_directory_entry(const char *path, int index, char *name, size_t size);
ssize_t sim_read_text(struct sim_file *file, void *buffer, size_t count, off_t offset);
ssize_t sim_write_attribute(struct sim_file *file, const void *buffer, size_t count);

/* ---- calls.c ---- */

/* Record a call. If it must fail, set errno and return true. */
bool sim_call_fails(const char *name);
/* The value that an ioctl then returns. */
int sim_call_answer(void);

/* ---- the user: user.c, or server/user.c ---- */

/* Copy from or to the user's memory. Both return 0 or -EFAULT. */
int sim_from_user(void *to, const void *from, size_t size);
int sim_to_user(void *to, const void *from, size_t size);
/* sim_to_user(), after which the model does more. vfiopm-sim lets the program write only when the call
 * ends, and ignores a failure until then. */
int sim_to_user_at_once(void *to, const void *from, size_t size);
/* The simulator's fd of the file that the user's fd names, or -EBADF. It is valid until the next
 * call of this function, and the model does not close it. */
int sim_user_fd(int fd);
/* True if the user has an fd of the eventfd that this fd duplicates. */
bool sim_is_open(int eventfd);
/* A new fd, at least `lowest`, for a simulated file; or -errno. */
int sim_new_fd(enum sim_kind kind, const struct sim_device *device, int lowest);
/* The model waits for signals of this eventfd, or no longer. */
void sim_watch(int eventfd);
void sim_unwatch(int eventfd);

/* ---- the lock and the real calls: wrap.c, or server/real.c ---- */

void sim_lock(void);
void sim_unlock(void);
/* Call both with the lock. sim_wait() releases it until another thread calls sim_changed(). */
void sim_wait(void);
void sim_changed(void);
/* The real calls. The simulator's own code uses these only. */
int sim_real_open_null(void);
int sim_real_close(int fd);
ssize_t sim_real_pread(int fd, void *buffer, size_t count, off_t offset);
ssize_t sim_real_write(int fd, const void *buffer, size_t count);
ssize_t sim_real_pwrite(int fd, const void *buffer, size_t count, off_t offset);
ssize_t sim_real_readlink(const char *path, char *buffer, size_t size);
int sim_real_fcntl(int fd, int command, int arg);
/* Read the count of an eventfd without blocking. Returns 0 or -errno. */
int sim_real_take(int fd, uint64_t *ret_count);
/* True if the fd is ready for one of these events now. */
bool sim_real_poll(int fd, short events);
/* Read a short file as a string. Returns 0 or -errno. */
int sim_real_read_file(const char *path, char *text, size_t size);
/* True if this predicate holds for an fd of this process. */
bool sim_real_any_fd(bool (*matches)(int fd, int arg), int arg);

#endif
