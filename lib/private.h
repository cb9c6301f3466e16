/* SPDX-License-Identifier: MIT */
/*
 * What the library's own files know of one another. Object files (device, open, power,
 * readout, eventfds, table, irq, slot, msix, kvm) keep their structs to themselves and meet only
 * here; wire.c, text.c, runs.c, vector.c and trap.c are pure. Only sys.c and sysfs.c
 * make system calls.
 * Names begin with vfiopm__ so that the static library claims no other names.
 */
#ifndef VFIOPM_PRIVATE_H
#define VFIOPM_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <vfiopm/vfiopm.h>

/* The public functions are visible, all else is hidden (see lib/meson.build). */
#define VFIOPM__PUBLIC __attribute__((visibility("default")))

struct vfiopm__feature;
struct vfiopm__power;
struct vfiopm__readout;

/* ---- wire.c: the requests of VFIO_DEVICE_FEATURE, pure ---- */

void vfiopm__wire_probe(struct vfiopm__feature *ret_request, uint32_t feature, bool get);
void vfiopm__wire_enter(struct vfiopm__feature *ret_request);
void vfiopm__wire_enter_wakeup(struct vfiopm__feature *ret_request, int wakeup_fd);
void vfiopm__wire_exit(struct vfiopm__feature *ret_request);

/* ---- runs.c: which vectors go into one ioctl, pure ---- */

/* What an ioctl would do to a vector. */
#define VFIOPM__VECTOR_UNSET   0 /* it has no eventfd and gets none: -1 is a no-op */
#define VFIOPM__VECTOR_KEPT    1 /* it is live and does not change: not to be sent */
#define VFIOPM__VECTOR_CHANGED 2

struct vfiopm__run {
	uint32_t start, count;
};

/* The first run of changes at or after from; false if there is none. */
bool vfiopm__runs_next(const uint8_t *vectors, uint32_t count, uint32_t from,
		       struct vfiopm__run *ret_run);

/* ---- vector.c: the state of one MSI-X vector, pure ---- */

enum vfiopm__trigger { VFIOPM__TRIGGER_NONE, VFIOPM__TRIGGER_IRQFD, VFIOPM__TRIGGER_USER };

struct vfiopm__vector {
	/* What is wanted. */
	uint32_t way; /* VFIOPM_MSIX_WAY_* */
	bool masked;
	bool no_irqfd; /* it cannot be attached */

	/* What is. */
	enum vfiopm__trigger trigger; /* the eventfd that VFIO signals */
	bool attached;		      /* its irqfd */
	bool lost;    /* VFIO has let go of the trigger, by a SET_IRQS that failed */
	bool pending; /* taken from an eventfd, not delivered yet */
	bool drain_irqfd, drain_user; /* no longer the trigger, and not looked into since */

	/* What has been seen, since the way was chosen. */
	uint32_t masks, interrupts, patience;
};

enum vfiopm__step {
	VFIOPM__STEP_NONE,
	VFIOPM__STEP_ATTACH,
	VFIOPM__STEP_DETACH,
	VFIOPM__STEP_TRIGGER_IRQFD, /* have VFIO signal the irqfd */
	VFIOPM__STEP_TRIGGER_USER,
	VFIOPM__STEP_TAKE_IRQFD, /* take the count */
	VFIOPM__STEP_TAKE_USER,
	VFIOPM__STEP_PUT_IRQFD, /* add one to it */
	VFIOPM__STEP_DELIVER,	/* one interrupt */
};

/* As one begins that is used: masked, held, with no trigger. */
void vfiopm__vector_begin(struct vfiopm__vector *vector);
void vfiopm__vector_want(struct vfiopm__vector *vector, bool masked, uint32_t way);
/* What leads to what is wanted; NONE when it is reached. Of a step that failed nothing is
 * noted, and all is as it was before it. */
enum vfiopm__step vfiopm__vector_next(const struct vfiopm__vector *vector);
/* It was done; count is what a take has given. */
void vfiopm__vector_done(struct vfiopm__vector *vector, enum vfiopm__step step, uint64_t count);
/* VFIO has the trigger no more. */
void vfiopm__vector_lose_trigger(struct vfiopm__vector *vector);
/* Would it take a SET_IRQS to be masked or not, in this way? */
bool vfiopm__vector_needs_trigger(const struct vfiopm__vector *vector, bool masked, uint32_t way);
/* Note that it is masked, or was relayed: the way that suits it best. */
uint32_t vfiopm__vector_saw_mask(struct vfiopm__vector *vector);
uint32_t vfiopm__vector_saw_interrupt(struct vfiopm__vector *vector);

/* ---- trap.c: whether reads of the PBA are trapped, pure ---- */

struct vfiopm__trap {
	uint32_t policy; /* VFIOPM_MSIX_TRAP_* */
	bool on;
	uint32_t used, masked; /* vectors */
	uint32_t offs, vain;   /* seen: times switched off, reads trapped in vain */
};

bool vfiopm__trap_switches(struct vfiopm__trap *trap);
void vfiopm__trap_saw_read(struct vfiopm__trap *trap);

/* ---- sys.c: the system calls; each gives -errno on failure ---- */

/* The kernel's return value, which may be positive. */
int vfiopm__sys_ioctl(int fd, unsigned long request, void *arg);
/* An ioctl that gives 0 or fails: -EPROTO if it gives anything else. */
int vfiopm__sys_command(int fd, unsigned long request, void *arg);
int vfiopm__sys_open_node(const char *path);
/* Never fails and takes -1: nothing is left to do about a close that fails. */
void vfiopm__sys_close(int fd);
int vfiopm__sys_duplicate(int fd);
bool vfiopm__sys_is_open(int fd);
/* Is there a count in an eventfd? Looks, does not take. */
bool vfiopm__sys_eventfd_readable(int fd);
/* Take the count of an eventfd; -EAGAIN, without waiting, if there is none. */
int vfiopm__sys_eventfd_take(int fd, uint64_t *ret_count);
/* Never waits: -EAGAIN if the eventfd is full, so signalled as much as it can be. */
int vfiopm__sys_eventfd_add(int fd, uint64_t count);
/* Add one to an eventfd that cannot be full, as somebody takes its counts. */
int vfiopm__sys_eventfd_signal(int fd);
int vfiopm__sys_eventfd_new(void);
/* A set of fds to wait for, each with a number of the caller's by which it is known. */
int vfiopm__sys_epoll_new(void);
int vfiopm__sys_epoll_add(int epoll, int fd, uint32_t number);
void vfiopm__sys_epoll_remove(int epoll, int fd);
/* The numbers of those that can be read now, without waiting: how many there are. */
#define VFIOPM__EPOLL_MOST 64
int vfiopm__sys_epoll_look(int epoll, uint32_t ret_numbers[VFIOPM__EPOLL_MOST]);
/* Is an open fd an eventfd? 1, 0, or -errno where /proc may not be asked. */
int vfiopm__sys_is_eventfd(int fd);
/* Are two fds of the same file? 1, 0, or -errno where that may not be asked: by
 * F_DUPFD_QUERY, -EINVAL before 6.10; and by kcmp(2). */
int vfiopm__sys_same_by_query(int fd, int other);
int vfiopm__sys_same_by_kcmp(int fd, int other);

/* ---- open.c: from an address to a device fd ---- */

/* The fds that make a device; -1 for those that it does not have. */
struct vfiopm__fds {
	int device;
	int group;
	int iommu; /* the container or the iommufd */
};

void vfiopm__fds_close(struct vfiopm__fds *fds);

/* ---- eventfds.c: which eventfd is which ---- */

struct vfiopm__eventfds;

/* An eventfd that stays what it is: a duplicate of the caller's, or one of the
 * library's own, which nobody closes. fd is -1 for none. */
struct vfiopm__ref {
	int fd;
	bool own;
};

int vfiopm__eventfds_new(struct vfiopm__eventfds **ret_eventfds);
void vfiopm__eventfds_free(struct vfiopm__eventfds *eventfds);
/* Of a caller's fd, or -1: -EINVAL for what is no eventfd, -EBADF, -EMFILE, -ENOMEM. */
int vfiopm__ref_take(struct vfiopm__eventfds *eventfds, int fd, struct vfiopm__ref *ret_ref);
void vfiopm__ref_drop(struct vfiopm__ref ref);
/* Is it the eventfd that fd is now? False where that cannot be told. Takes no lock. */
bool vfiopm__ref_is(struct vfiopm__eventfds *eventfds, struct vfiopm__ref ref, int fd);
int vfiopm__eventfds_add_own(struct vfiopm__eventfds *eventfds, int *ret_fd);
bool vfiopm__eventfds_has_own(struct vfiopm__eventfds *eventfds, int fd);
void vfiopm__eventfds_remove_own(struct vfiopm__eventfds *eventfds, int fd);

/* ---- table.c: the signalling of one IRQ index ---- */

struct vfiopm__table;

/* All but table_has() under the lock of irq.c. */
int vfiopm__table_new(int device_fd, uint32_t index, struct vfiopm__eventfds *eventfds,
		      struct vfiopm__table **ret_table);
void vfiopm__table_free(struct vfiopm__table *table);
uint32_t vfiopm__table_count(const struct vfiopm__table *table);
uint32_t vfiopm__table_flags(const struct vfiopm__table *table);
uint32_t vfiopm__table_available(const struct vfiopm__table *table);
/* Has the kernel this eventfd for the vector, and is no other wanted? */
bool vfiopm__table_has(const struct vfiopm__table *table, uint32_t vector, int fd);
bool vfiopm__table_has_eventfd(const struct vfiopm__table *table, uint32_t vector);
bool vfiopm__table_uses(const struct vfiopm__table *table, int own_fd);
/* Is the index enabled; will it be, when what is wanted is done? */
bool vfiopm__table_is_enabled(const struct vfiopm__table *table);
/* Can it have this many vectors as it is? */
bool vfiopm__table_has_room(const struct vfiopm__table *table, uint32_t count);
bool vfiopm__table_will_be_enabled(const struct vfiopm__table *table);
/* Want an eventfd for a vector: takes the reference over. */
void vfiopm__table_want(struct vfiopm__table *table, uint32_t vector, struct vfiopm__ref ref);
void vfiopm__table_want_disabled(struct vfiopm__table *table);
bool vfiopm__table_wants_disabled(const struct vfiopm__table *table);
bool vfiopm__table_wants_anything(const struct vfiopm__table *table);
/* Do what is wanted: 0, or -errno, with all as it was. Nothing is wanted afterwards. */
int vfiopm__table_apply(struct vfiopm__table *table, const struct vfiopm_device *dev);
int vfiopm__table_reserve(struct vfiopm__table *table, const struct vfiopm_device *dev,
			  uint32_t count);
int vfiopm__table_disable(struct vfiopm__table *table, const struct vfiopm_device *dev);

/* ---- irq.c ---- */

struct vfiopm__irq;
struct vfio_irq_set;

/* Reads what the indexes are: the last that creation asks of the device. */
int vfiopm__irq_new(int device_fd, struct vfiopm__irq **ret_irq);
void vfiopm__irq_free(struct vfiopm__irq *irq);
/* Low power is over: commit what was deferred. */
void vfiopm__irq_low_power_ended(struct vfiopm_device *dev);
/* SET_IRQS, counted and traced: the kernel's return value, which may be positive. */
int vfiopm__irq_issue(const struct vfiopm_device *dev, struct vfio_irq_set *set);

/* vfiopm_irq_set_signaling_range() and vfiopm_irq_disable(), done when they return: neither
 * part of a batch nor deferred. */
int vfiopm__irq_set_at_once(struct vfiopm_device *dev, uint32_t index, uint32_t start,
			    uint32_t count, const int *fds);
int vfiopm__irq_disable_at_once(struct vfiopm_device *dev, uint32_t index);
/* Has the kernel this eventfd for the vector, for all that is known? */
bool vfiopm__irq_has(const struct vfiopm_device *dev, uint32_t index, uint32_t vector, int fd);

/* ---- slot.c: one MSI-X vector of a guest, with its eventfds ---- */

/* What msix.c has for all of them: the VMM's functions, and what it and its guest chose. */
struct vfiopm__hooks {
	struct vfiopm_msix *msix;
	struct vfiopm_device *dev;
	int (*attach)(void *data, uint32_t vector, int irqfd);
	int (*detach)(void *data, uint32_t vector, int irqfd);
	void *irqfd_data;
	int (*deliver)(void *data, uint32_t vector);
	void *deliver_data;
	_Atomic uint32_t policy;
	_Atomic bool function_masked;
};

struct vfiopm__slot;

struct vfiopm__slot *vfiopm__slot_new(uint32_t index, const struct vfiopm__hooks *hooks);
void vfiopm__slot_free(struct vfiopm__slot *slot);
/* These by one thread at a time, as msix.c sees to. In their order: the eventfds of the
 * caller's, -1 for none; its eventfds, and which of them VFIO is to have; it is used. */
void vfiopm__slot_give(struct vfiopm__slot *slot, int irqfd, int user_fd);
int vfiopm__slot_prepare(struct vfiopm__slot *slot, int epoll);
bool vfiopm__slot_has_eventfds(const struct vfiopm__slot *slot);
void vfiopm__slot_unprepare(struct vfiopm__slot *slot, int epoll);
int vfiopm__slot_first_trigger(const struct vfiopm__slot *slot);
void vfiopm__slot_begin(struct vfiopm__slot *slot, int trigger);
/* No call below works on it any more, or each does again; and, without trigger, its end. */
void vfiopm__slot_suspend(struct vfiopm__slot *slot, bool suspended);
int vfiopm__slot_end(struct vfiopm__slot *slot, int epoll);
/* These by any thread. The guest's mask bit; what the function mask makes of it. */
/* After a SET_IRQS of others that failed: have VFIO signal it again, if it does not. */
void vfiopm__slot_mend(struct vfiopm__slot *slot);
int vfiopm__slot_set_mask(struct vfiopm__slot *slot, bool masked);
int vfiopm__slot_update_mask(struct vfiopm__slot *slot);
bool vfiopm__slot_is_pending(struct vfiopm__slot *slot);
/* 1 if userspace had an interrupt, else 0. */
int vfiopm__slot_dispatch(struct vfiopm__slot *slot);
int vfiopm__slot_get_way(struct vfiopm__slot *slot, uint32_t *ret_way);
uint64_t vfiopm__slot_get_stat(struct vfiopm__slot *slot, uint32_t stat);

/* ---- msix.c ---- */

/* So many vectors more, or fewer, are in use, and are masked. */
void vfiopm__msix_count(struct vfiopm_msix *msix, int used, int masked);

/* ---- device.c ---- */

/* Takes the fds that are owned over, on success only. */
int vfiopm__device_new(const struct vfiopm__fds *fds, bool owned, struct vfiopm_device **ret_dev);
struct vfiopm__power *vfiopm__device_power(const struct vfiopm_device *dev);
struct vfiopm__irq *vfiopm__device_irq(const struct vfiopm_device *dev);
struct vfiopm__readout *vfiopm__device_readout(const struct vfiopm_device *dev);
void vfiopm__device_trace(const struct vfiopm_device *dev, uint32_t event, const char *call,
			  int result);

/* ---- power.c ---- */

/* Probes the features: the last ioctls on the device that nobody asked for. */
int vfiopm__power_new(int device_fd, struct vfiopm__power **ret_power);
void vfiopm__power_free(struct vfiopm__power *power);

/* ---- readout.c ---- */

/* -ENXIO if there is no such directory in sysfs. */
int vfiopm__readout_new(const char *directory, struct vfiopm__readout **ret_readout);
void vfiopm__readout_free(struct vfiopm__readout *readout);

#endif
