/* SPDX-License-Identifier: MIT */
/* The declarations that the files of vfiopm-trace share. */
#ifndef TRACE_H
#define TRACE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "preload/start.h"
#include "trace/protocol.h"

struct irqs;

/* The access of a program. */
struct access {
	struct trace_call call;
	pid_t process;
	/* The eventfds of a SET_IRQS, -1 for none, or that of an entry with wakeup. The end of the access
	 * takes them over or closes them. */
	int *fds;
	uint32_t fd_count;
	bool has_all_fds;
	/* Found at the begin. The count is that of the wakeup eventfd. */
	bool was_asleep, is_unchanged;
	uint64_t wakeup_count;
};

/* ---- irqs.c: what the kernel has for each vector, by the library's code ---- */

int irqs_new(struct irqs **ret_irqs);
/* Returns true if the access is a SET_IRQS that changes nothing. */
bool irqs_is_unchanged(struct irqs *irqs, const struct access *access);
/* The access has returned a result. Takes its fds over. */
void irqs_note(struct irqs *irqs, struct access *access, int64_t result);
void irqs_forget(struct irqs *irqs);

/* ---- device.c: the devices and their figures ---- */

struct call_count {
	char name[64];
	uint64_t count, failed, woke, ns, longest_ns;
};

/* The accesses of one kind from one caller that woke the device. */
struct waker {
	const char *call; /* the name of a struct call_count */
	char caller[TRACE_TEXT];
	bool is_unchanged;
	uint64_t count, lost_ms;
};

/* The kernel's figures in milliseconds. They contain the time that still runs. */
struct figures {
	uint64_t suspended, active;
};

struct device {
	char name[TRACE_TEXT];
	bool is_pci;
	bool has_power; /* the attributes of runtime PM can be read */
	int status, suspended_time, active_time;
	struct irqs *irqs;
	bool is_engaged; /* in low power */
	int wakeup;	 /* the eventfd of the entry, or -1 */
	uint32_t users;	 /* the processes that have the device */
	struct figures last;
	uint64_t asleep_ms, awake_ms;
	struct call_count *calls;
	size_t call_count;
	struct waker *wakers;
	size_t waker_count;
	uint64_t set_irqs, unchanged, elided, elided_asleep, entries, exits;
	/* The access that has woken the device last: number of the waker plus 1, or 0 for none. */
	size_t culprit;
	uint64_t culprit_since;
};

extern struct device devices[TRACE_DEVICES];
extern int device_count;

/* Returns the number of the device, or -1 if there are too many. */
int device_find(const char *name);
/* A process begins or ends to have the device. */
void device_use(struct device *device);
void device_unuse(struct device *device);
void device_update(struct device *device);
/* Before and after an access. */
void device_begin(struct device *device, struct access *access);
void device_elide(struct device *device, const struct access *access);
void device_end(struct device *device, struct access *access, const struct trace_end *end);
/* All processes have ended. */
void device_finish(struct device *device);

/* ---- name.c ---- */

void name_call(const struct trace_call *call, char ret[64]);
bool is_entry(const struct trace_call *call);
bool is_exit(const struct trace_call *call);
bool is_reset(const struct trace_call *call);

/* ---- calls.c: the connections of programs ---- */

void calls_begin(int epoll, const char *directory, bool elides, FILE *live);
/* epoll has reported an event with this pointer. */
void calls_handle(void *source);

/* ---- report.c ---- */

void report_text(FILE *to);
void report_json(FILE *to, bool elides, int status);

#endif
