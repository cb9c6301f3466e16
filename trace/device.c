// SPDX-License-Identifier: MIT
/*
 * The devices and their figures. The kernel's figures come from sysfs. Reading these attributes does
 * not wake a device (drivers/base/power/sysfs.c, 6.1: the files of runtime PM take no reference).
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/text.h"
#include "lib/uapi.h"
#include "trace.h"

struct device devices[TRACE_DEVICES];
int device_count;

/* ---- sysfs ---- */

static int open_attribute(const struct device *device, const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "/sys/bus/%s/devices/%s/power/%s",
		 device->is_pci ? "pci" : "platform", device->name, name);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static void read_attribute(int fd, char *ret, size_t size)
{
	ssize_t length = fd < 0 ? 0 : pread(fd, ret, size - 1, 0);

	ret[length < 0 ? 0 : length] = '\0';
}

static uint64_t read_number(int fd)
{
	char text[32];

	read_attribute(fd, text, sizeof(text));
	return strtoull(text, NULL, 10);
}

static bool status_is(const struct device *device, const char *first, const char *second)
{
	char text[32];

	read_attribute(device->status, text, sizeof(text));
	text[strcspn(text, "\n")] = '\0';
	return strcmp(text, first) == 0 || strcmp(text, second) == 0;
}

static struct figures read_figures(const struct device *device)
{
	return (struct figures){ .suspended = read_number(device->suspended_time),
				 .active = read_number(device->active_time) };
}

/* The count of an eventfd, which stays (fs/eventfd.c, eventfd_show_fdinfo()). */
static uint64_t read_eventfd(int eventfd)
{
	static const char key[] = "eventfd-count:";
	char path[64], text[512];
	const char *line;
	int fd;

	if (eventfd < 0)
		return 0;
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", eventfd);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	read_attribute(fd, text, sizeof(text));
	if (fd >= 0)
		close(fd);
	line = strstr(text, key);
	return line ? strtoull(line + strlen(key), NULL, 16) : 0;
}

/* ---- devices ---- */

/* The name of a cdev, like vfio0, stands for its device. */
static void resolve(const char *name, char ret[TRACE_TEXT])
{
	char path[PATH_MAX], target[PATH_MAX];

	snprintf(path, sizeof(path), "/sys/class/vfio-dev/%s/device", name);
	if (strchr(name, ':') || !realpath(path, target))
		snprintf(ret, TRACE_TEXT, "%s", name);
	else
		snprintf(ret, TRACE_TEXT, "%.100s", strrchr(target, '/') + 1);
}

int device_find(const char *name)
{
	struct device *device = &devices[device_count];
	char resolved[TRACE_TEXT], address[VFIOPM__ADDRESS_SIZE];

	resolve(name, resolved);
	for (int i = 0; i < device_count; i++) {
		if (strcmp(devices[i].name, resolved) == 0)
			return i;
	}
	if (device_count == TRACE_DEVICES)
		return -1;
	/* Names of platform devices can have a colon, too: LNRO0005:00, soc:sensor. */
	*device = (struct device){ .is_pci = vfiopm__text_parse_address(resolved, address) == 0,
				   .wakeup = -1 };
	snprintf(device->name, sizeof(device->name), "%s", resolved);
	device->status = open_attribute(device, "runtime_status");
	device->suspended_time = open_attribute(device, "runtime_suspended_time");
	device->active_time = open_attribute(device, "runtime_active_time");
	device->has_power =
		device->status >= 0 && device->suspended_time >= 0 && device->active_time >= 0;
	if (irqs_new(&device->irqs) < 0)
		die("no memory");
	return device_count++;
}

/* The awake time since the last wake belongs to the access that caused the wake. */
static void charge(struct device *device)
{
	if (device->culprit)
		device->wakers[device->culprit - 1].lost_ms +=
			device->last.active - device->culprit_since;
	device->culprit = 0;
}

void device_update(struct device *device)
{
	struct figures figures;

	if (device->users == 0)
		return;
	figures = read_figures(device);
	device->asleep_ms += figures.suspended - device->last.suspended;
	device->awake_ms += figures.active - device->last.active;
	device->last = figures;
}

static void set_low_power(struct device *device, bool is_engaged, int wakeup)
{
	if (device->wakeup >= 0)
		close(device->wakeup);
	device->is_engaged = is_engaged;
	device->wakeup = wakeup;
}

void device_use(struct device *device)
{
	if (device->users++ == 0)
		device->last = read_figures(device);
}

void device_unuse(struct device *device)
{
	device_update(device);
	if (--device->users > 0)
		return;
	charge(device);
	irqs_forget(device->irqs);
	set_low_power(device, false, -1);
}

void device_finish(struct device *device)
{
	device_update(device);
	charge(device);
	device->users = 0;
}

/* ---- accesses ---- */

static struct call_count *find_call(struct device *device, const struct trace_call *call)
{
	struct call_count *grown;
	char name[64];

	name_call(call, name);
	for (size_t i = 0; i < device->call_count; i++) {
		if (strcmp(device->calls[i].name, name) == 0)
			return &device->calls[i];
	}
	grown = realloc(device->calls, (device->call_count + 1) * sizeof(*grown));
	if (!grown)
		die("no memory");
	device->calls = grown;
	device->calls[device->call_count] = (struct call_count){ 0 };
	memcpy(device->calls[device->call_count].name, name, sizeof(name));
	return &device->calls[device->call_count++];
}

static size_t find_waker(struct device *device, const char *call, const char *caller,
			 bool is_unchanged)
{
	struct waker *grown;

	for (size_t i = 0; i < device->waker_count; i++) {
		const struct waker *waker = &device->wakers[i];

		if (strcmp(waker->call, call) == 0 && strcmp(waker->caller, caller) == 0 &&
		    waker->is_unchanged == is_unchanged)
			return i;
	}
	grown = realloc(device->wakers, (device->waker_count + 1) * sizeof(*grown));
	if (!grown)
		die("no memory");
	device->wakers = grown;
	device->wakers[device->waker_count] = (struct waker){
		.call = strdup(call),
		.is_unchanged = is_unchanged,
	};
	snprintf(device->wakers[device->waker_count].caller, TRACE_TEXT, "%s", caller);
	return device->waker_count++;
}

void device_begin(struct device *device, struct access *access)
{
	device_update(device);
	access->was_asleep = status_is(device, "suspended", "suspending");
	access->wakeup_count = read_eventfd(device->wakeup);
	access->is_unchanged = device->is_pci && irqs_is_unchanged(device->irqs, access);
}

static void count(struct device *device, const struct access *access)
{
	bool is_set_irqs =
		access->call.kind == TRACE_IOCTL && access->call.request == VFIO_DEVICE_SET_IRQS;

	find_call(device, &access->call)->count++;
	device->set_irqs += is_set_irqs;
	device->unchanged += access->is_unchanged;
}

void device_elide(struct device *device, const struct access *access)
{
	count(device, access);
	device->elided++;
	device->elided_asleep += access->was_asleep;
}

/* Did the access wake the device, which was asleep? A read or write of nothing, or of a region that
 * does not exist, does not (vfio_pci_core.c, vfio_pci_rw(), 6.1). EIO: the resume failed. */
static bool has_woken(const struct device *device, const struct trace_call *call, int64_t result)
{
	uint64_t region = (uint64_t)call->offset >> 40; /* vfio_pci_core.h, VFIO_PCI_OFFSET_SHIFT */

	if (call->kind != TRACE_IOCTL &&
	    (call->size == 0 || (result == -EINVAL && region >= VFIO_PCI_NUM_REGIONS)))
		return false;
	return result != -EIO || !status_is(device, "suspended", "error");
}

/* The kernel signals the wakeup eventfd once, when it resumes the device. This also shows a suspend
 * after the look at the status. */
static bool has_signalled(const struct device *device, const struct access *access)
{
	return read_eventfd(device->wakeup) > access->wakeup_count;
}

static void note_wake(struct device *device, const struct access *access, const char *name,
		      const struct trace_end *end)
{
	size_t waker = find_waker(device, name, end->caller, access->is_unchanged);

	charge(device);
	device->wakers[waker].count++;
	device->culprit = waker + 1;
	device->culprit_since = device->last.active;
}

void device_end(struct device *device, struct access *access, const struct trace_end *end)
{
	struct call_count *call;
	bool woke = (access->was_asleep && has_woken(device, &access->call, end->result)) ||
		    has_signalled(device, access);

	count(device, access);
	call = find_call(device, &access->call);
	call->failed += end->result < 0;
	call->woke += woke;
	call->ns += end->ns;
	if (end->ns > call->longest_ns)
		call->longest_ns = end->ns;
	if (woke)
		note_wake(device, access, call->name, end);
	access->was_asleep = woke;
	/* The program wants the device on after an exit, and off after an entry. */
	if (end->result == 0 && (is_entry(&access->call) || is_exit(&access->call))) {
		if (!woke)
			charge(device);
		device->culprit = 0;
		device->entries += is_entry(&access->call);
		device->exits += is_exit(&access->call);
		set_low_power(device, is_entry(&access->call),
			      access->fd_count > 0 ? access->fds[0] : -1);
		access->fd_count = 0;
	}
	irqs_note(device->irqs, access, end->result);
}
