// SPDX-License-Identifier: MIT
/*
 * Interrupts of a simulated device: VFIO_DEVICE_GET_IRQ_INFO and VFIO_DEVICE_SET_IRQS
 * in the kernel's order of checks (drivers/vfio/vfio_main.c,
 * vfio_set_irqs_validate_and_prepare(); drivers/vfio/pci/vfio_pci_intrs.c, 6.1 and
 * 6.12), and the device that raises them.
 */
#include <errno.h>
#include <string.h>

#include "internal.h"
#include "lib/uapi.h"

/* In the tables 0 is none, so that a device of zeroes has no interrupts. */
static int fd_of(int entry)
{
	return entry - 1;
}

static void drop(int *entry)
{
	if (*entry)
		sim_real_close(fd_of(*entry));
	*entry = 0;
}

static void signal_entry(int entry)
{
	if (entry)
		sim_signal(fd_of(entry));
}

/* ---- what there is ---- */

static uint32_t vectors_of(const struct sim_device *device, uint32_t index)
{
	switch (index) {
	case VFIO_PCI_MSI_IRQ_INDEX:
		return device->machine.msi_vectors ? device->machine.msi_vectors : 1;
	case VFIO_PCI_MSIX_IRQ_INDEX:
		return device->machine.msix_vectors ? device->machine.msix_vectors : 5;
	default:
		return index < VFIO_PCI_NUM_IRQS;
	}
}

static uint32_t flags_of(const struct sim_device *device, uint32_t index)
{
	if (index == VFIO_PCI_INTX_IRQ_INDEX)
		return VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_MASKABLE | VFIO_IRQ_INFO_AUTOMASKED;
	if (index == VFIO_PCI_MSIX_IRQ_INDEX && device->kernel->dynamic_msix)
		return VFIO_IRQ_INFO_EVENTFD;
	return VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_NORESIZE;
}

int sim_get_irq_info(const struct sim_device *device, void *arg)
{
	struct vfio_irq_info info;

	if (sim_from_user(&info, arg, sizeof(info)) < 0)
		return -EFAULT;
	if (info.argsz < sizeof(info) || info.index >= VFIO_PCI_NUM_IRQS)
		return -EINVAL;
	info.flags = flags_of(device, info.index);
	info.count = vectors_of(device, info.index);
	return sim_to_user(arg, &info, sizeof(info));
}

static bool is(const struct sim_device *device, int type)
{
	return device->irqs.type == type;
}

/* ---- INTx ---- */

static void intx_mask(struct sim_irqs *irqs)
{
	if (!irqs->intx_masked)
		irqs->intx_off_in_device = true;
	irqs->intx_masked = true;
}

/* vfio_intx_handler(): masks, then signals. */
static bool intx_raise(struct sim_irqs *irqs)
{
	if (!irqs->intx_level || irqs->intx_off_in_device || irqs->intx_masked ||
	    irqs->type != SIM_INTX)
		return false;
	intx_mask(irqs);
	signal_entry(irqs->triggers[0]);
	return irqs->triggers[0];
}

/* vfio_pci_intx_unmask_handler(): does nothing to what it believes is not masked. */
static void intx_unmask(struct sim_irqs *irqs)
{
	if (irqs->intx_off_in_config || !irqs->intx_masked)
		return;
	irqs->intx_masked = false;
	irqs->intx_off_in_device = false;
	intx_raise(irqs);
}

/* vfio_send_intx_eventfd() */
static void intx_loop_back(struct sim_irqs *irqs)
{
	if (!irqs->intx_off_in_config)
		signal_entry(irqs->triggers[0]);
}

/* vfio_pci_config.c, vfio_basic_config_write() */
void sim_irqs_config(struct sim_device *device, bool off)
{
	struct sim_irqs *irqs = &device->irqs;

	if (off == irqs->intx_off_in_config)
		return;
	irqs->intx_off_in_config = off;
	if (is(device, SIM_INTX) && off)
		intx_mask(irqs);
	if (is(device, SIM_INTX) && !off)
		intx_unmask(irqs);
}

/*
 * vfio_pci_core_runtime_suspend() and _resume(). Between them the PCI core saves and
 * restores configuration space, and DisINTx with it: what an eventfd unmasks meanwhile is
 * masked again in the device, and the kernel does not know.
 */
void sim_irqs_suspend(struct sim_device *device)
{
	struct sim_irqs *irqs = &device->irqs;

	irqs->pm_intx_masked = is(device, SIM_INTX) && !irqs->intx_masked;
	if (irqs->pm_intx_masked)
		intx_mask(irqs);
	irqs->saved_intx_off = irqs->intx_off_in_device;
}

void sim_irqs_resume(struct sim_device *device)
{
	struct sim_irqs *irqs = &device->irqs;

	irqs->intx_off_in_device = irqs->saved_intx_off;
	if (irqs->pm_intx_masked)
		intx_unmask(irqs);
}

/* ---- the eventfd that unmasks INTx (drivers/vfio/virqfd.c) ---- */

/* How many devices have one. */
static int unmask_eventfds;

/* vfio_virqfd_enable(): a count that is there unmasks, and is left there. */
static void unmask_eventfd_set(struct sim_irqs *irqs, int eventfd)
{
	irqs->unmask = eventfd + 1;
	unmask_eventfds++;
	irqs->unmask_left = sim_eventfd_count(eventfd);
	if (irqs->unmask_left)
		intx_unmask(irqs);
}

static void unmask_eventfd_forget(struct sim_irqs *irqs)
{
	unmask_eventfds -= irqs->unmask != 0;
	drop(&irqs->unmask);
}

/* virqfd_shutdown(): takes the count. */
static void unmask_eventfd_remove(struct sim_irqs *irqs)
{
	uint64_t count;

	if (irqs->unmask)
		sim_real_take(fd_of(irqs->unmask), &count);
	unmask_eventfd_forget(irqs);
}

/* virqfd_wakeup(), which the kernel runs in the signal itself, and we when next something
 * is looked at: takes the count and unmasks. */
static void unmask_eventfd_look(struct sim_device *device)
{
	struct sim_irqs *irqs = &device->irqs;
	uint64_t left = irqs->unmask_left, count = sim_eventfd_count(fd_of(irqs->unmask));

	irqs->unmask_left = count;
	if (count <= left) /* the user may have taken from it */
		return;
	if (!device->kernel->leaves_count) {
		sim_real_take(fd_of(irqs->unmask), &count);
		irqs->unmask_left = sim_eventfd_count(fd_of(irqs->unmask)); /* a semaphore's */
	}
	intx_unmask(irqs);
}

void sim_irqs_look(void)
{
	for (int i = 0; i < SIM_DEVICES && unmask_eventfds; i++) {
		struct sim_device *device = sim_device_at(i);

		if (device && device->irqs.unmask)
			unmask_eventfd_look(device);
	}
}

static bool is_ours(int fd)
{
	for (int i = 0; i < SIM_DEVICES; i++) {
		const struct sim_device *device = sim_device_at(i);

		if (!device)
			continue;
		if (sim_kvm_holds(fd) || fd == device->wake || fd == fd_of(device->irqs.unmask) ||
		    fd == fd_of(device->irqs.alone[0]) || fd == fd_of(device->irqs.alone[1]))
			return true;
		for (int j = 0; j < SIM_VECTORS; j++) {
			if (fd == fd_of(device->irqs.triggers[j]))
				return true;
		}
	}
	return false;
}

static bool is_users(int fd, int eventfd)
{
	return sim_is_same_file(fd, eventfd) && !is_ours(fd);
}

bool sim_irqs_unmasks(int fd)
{
	for (int i = 0; i < SIM_DEVICES && unmask_eventfds; i++) {
		const struct sim_device *device = sim_device_at(i);

		if (device && device->irqs.unmask && sim_is_same_file(fd, fd_of(device->irqs.unmask)))
			return true;
	}
	return false;
}

bool sim_is_open(int eventfd)
{
	return sim_real_any_fd(is_users, eventfd);
}

/* virqfd_wakeup(), EPOLLHUP: it ends with its file, which what the kernel holds keeps not. */
void sim_irqs_closed(void)
{
	for (int i = 0; i < SIM_DEVICES; i++) {
		struct sim_device *device = sim_device_at(i);

		if (device && device->irqs.unmask &&
		    !sim_is_open(fd_of(device->irqs.unmask)))
			unmask_eventfd_forget(&device->irqs);
	}
}

/* ---- SET_IRQS on INTx ---- */

/* What a SET_IRQS asks for, checked as far as it is the same for all. */
struct request {
	uint32_t data, action, index, start, count;
	const uint8_t *bools;
	const int32_t *fds;
};

/* The eventfd is looked at before it is asked whether there is one. */
static int set_unmask_eventfd(struct sim_irqs *irqs, int fd)
{
	int eventfd;

	if (fd < 0) {
		unmask_eventfd_remove(irqs);
		return 0;
	}
	eventfd = sim_eventfd(fd);
	if (eventfd < 0)
		return eventfd;
	if (irqs->unmask) {
		sim_real_close(eventfd);
		return -EBUSY;
	}
	unmask_eventfd_set(irqs, eventfd);
	return 0;
}

static int intx_mask_or_unmask(struct sim_device *device, const struct request *request)
{
	bool unmasks = request->action == VFIO_IRQ_SET_ACTION_UNMASK;

	if (!is(device, SIM_INTX) || request->start != 0 || request->count != 1)
		return -EINVAL;
	if (request->data == VFIO_IRQ_SET_DATA_EVENTFD)
		return unmasks ? set_unmask_eventfd(&device->irqs, request->fds[0]) : -ENOTTY;
	if (request->data == VFIO_IRQ_SET_DATA_BOOL && !request->bools[0])
		return 0;
	if (unmasks)
		intx_unmask(&device->irqs);
	else
		intx_mask(&device->irqs);
	return 0;
}

static void intx_enable(struct sim_irqs *irqs)
{
	irqs->type = SIM_INTX;
	irqs->allocated = 1;
	irqs->intx_masked = irqs->intx_off_in_config;
	irqs->intx_off_in_device = irqs->intx_masked;
	intx_raise(irqs);
}

static void intx_disable(struct sim_irqs *irqs)
{
	unmask_eventfd_remove(irqs);
	drop(&irqs->triggers[0]);
	irqs->type = SIM_NO_TYPE;
	irqs->allocated = 0;
	irqs->intx_masked = false;
}

/* vfio_intx_set_signal(): a bad fd leaves the old eventfd where it is. */
static int intx_set_signal(struct sim_irqs *irqs, int fd)
{
	int eventfd = -1;

	if (fd >= 0) {
		eventfd = sim_eventfd(fd);
		if (eventfd < 0)
			return eventfd;
	}
	drop(&irqs->triggers[0]);
	irqs->triggers[0] = eventfd + 1;
	return 0;
}

static int intx_trigger(struct sim_device *device, const struct request *request)
{
	struct sim_irqs *irqs = &device->irqs;
	bool active = is(device, SIM_INTX);
	int r;

	if (active && request->count == 0 && request->data == VFIO_IRQ_SET_DATA_NONE) {
		intx_disable(irqs);
		return 0;
	}
	if (!(active || is(device, SIM_NO_TYPE)) || request->start != 0 || request->count != 1)
		return -EINVAL;
	if (request->data == VFIO_IRQ_SET_DATA_EVENTFD) {
		r = intx_set_signal(irqs, request->fds[0]);
		if (r == 0 && !active)
			intx_enable(irqs);
		return r;
	}
	if (!active)
		return -EINVAL;
	if (request->data == VFIO_IRQ_SET_DATA_NONE || request->bools[0])
		intx_loop_back(irqs);
	return 0;
}

/* ---- MSI and MSI-X ---- */

static void msi_disable(struct sim_device *device)
{
	struct sim_irqs *irqs = &device->irqs;

	for (uint32_t i = 0; i < SIM_VECTORS && i < vectors_of(device, (uint32_t)irqs->type); i++) {
		drop(&irqs->triggers[i]);
		irqs->has_irq[i] = false;
	}
	irqs->type = SIM_NO_TYPE;
	irqs->allocated = 0;
}

/* vfio_msi_enable(). A positive number: there are just so many, and nothing is enabled. MSI
 * asks for D0 first (drivers/pci/msi/msi.c, __pci_enable_msi_range() and _msix_range()). */
static int msi_enable(struct sim_device *device, uint32_t index, uint32_t count)
{
	struct sim_irqs *irqs = &device->irqs;

	if (count == 0 && index == VFIO_PCI_MSIX_IRQ_INDEX)
		return -ERANGE;
	if (device->power != SIM_D0)
		return -EINVAL;
	if (count == 0)
		return -ERANGE;
	if (irqs->limit && count > irqs->limit)
		return (int)irqs->limit;
	irqs->type = (int)index;
	irqs->allocated = count;
	for (uint32_t i = 0; i < count; i++)
		irqs->has_irq[i] = true;
	return 0;
}

/* vfio_msi_alloc_irq(): what it allocates stays so until the index is disabled. */
static int alloc_irq(struct sim_device *device, uint32_t vector)
{
	struct sim_irqs *irqs = &device->irqs;

	if (irqs->has_irq[vector])
		return 0;
	if (!is(device, SIM_MSIX) || !device->kernel->dynamic_msix)
		return -EINVAL;
	if (irqs->limit && irqs->allocated >= irqs->limit)
		return -ENOSPC;
	irqs->has_irq[vector] = true;
	irqs->allocated++;
	return 0;
}

/* request_irq(): unmasks a vector of MSI-X, which then sends what is pending. */
static int request_irq(struct sim_device *device, uint32_t vector, int eventfd)
{
	struct sim_irqs *irqs = &device->irqs;

	if (irqs->fail_times > 0 && irqs->fail_vector == vector) {
		irqs->fail_times--;
		return -irqs->fail_errno;
	}
	irqs->triggers[vector] = eventfd + 1;
	if (is(device, SIM_MSIX) && irqs->pending[vector])
		signal_entry(irqs->triggers[vector]);
	irqs->pending[vector] = false;
	return 0;
}

/* vfio_msi_set_vector_signal(): what was there goes before the new one is looked at. */
static int set_vector(struct sim_device *device, uint32_t vector, int fd)
{
	int eventfd, r;

	drop(&device->irqs.triggers[vector]);
	if (fd < 0)
		return 0;
	r = alloc_irq(device, vector);
	if (r < 0)
		return r;
	eventfd = sim_eventfd(fd);
	if (eventfd < 0)
		return eventfd;
	r = request_irq(device, vector, eventfd);
	if (r < 0)
		sim_real_close(eventfd);
	return r;
}

/* 6.1: the vectors of the first enable are all there are (vdev->num_ctx). */
static bool is_beyond(const struct sim_device *device, const struct request *request)
{
	return device->kernel->checks_range && request->start + request->count > device->irqs.allocated;
}

static int set_block(struct sim_device *device, const struct request *request)
{
	if (is_beyond(device, request) ||
	    (device->kernel->checks_range && request->start >= device->irqs.allocated))
		return -EINVAL;
	for (uint32_t i = 0; i < request->count; i++) {
		int r = set_vector(device, request->start + i, request->fds[i]);

		if (r == 0)
			continue;
		for (uint32_t j = 0; j <= i; j++)
			drop(&device->irqs.triggers[request->start + j]);
		return r;
	}
	return 0;
}

static int msi_loop_back(struct sim_device *device, const struct request *request)
{
	if (!is(device, (int)request->index) || is_beyond(device, request))
		return -EINVAL;
	for (uint32_t i = 0; i < request->count; i++) {
		if (request->data == VFIO_IRQ_SET_DATA_NONE || request->bools[i])
			signal_entry(device->irqs.triggers[request->start + i]);
	}
	return 0;
}

static int msi_trigger(struct sim_device *device, const struct request *request)
{
	bool active = is(device, (int)request->index);
	int r;

	if (active && request->count == 0 && request->data == VFIO_IRQ_SET_DATA_NONE) {
		msi_disable(device);
		return 0;
	}
	if (!active && !is(device, SIM_NO_TYPE))
		return -EINVAL;
	if (request->data != VFIO_IRQ_SET_DATA_EVENTFD)
		return msi_loop_back(device, request);
	if (active)
		return set_block(device, request);
	r = msi_enable(device, request->index, request->start + request->count);
	if (r != 0)
		return r;
	r = set_block(device, request);
	if (r < 0)
		msi_disable(device);
	return r;
}

/* ---- ERR and REQ ---- */

static int alone_set(struct sim_device *device, int *entry, int fd)
{
	int eventfd;

	if (fd < -1)
		return device->kernel->refuses_below_minus_one ? -EINVAL : 0;
	if (fd == -1) {
		drop(entry);
		return 0;
	}
	eventfd = sim_eventfd(fd);
	if (eventfd < 0)
		return eventfd;
	drop(entry);
	*entry = eventfd + 1;
	return 0;
}

/* vfio_pci_set_ctx_trigger_single() */
static int alone_trigger(struct sim_device *device, const struct request *request)
{
	int *entry = &device->irqs.alone[request->index - VFIO_PCI_ERR_IRQ_INDEX];

	if (request->start != 0 || request->count > 1)
		return -EINVAL;
	if (request->data == VFIO_IRQ_SET_DATA_NONE) {
		if (!*entry)
			return -EINVAL;
		if (request->count)
			signal_entry(*entry);
		else
			drop(entry);
		return 0;
	}
	if (request->count == 0)
		return -EINVAL;
	if (request->data == VFIO_IRQ_SET_DATA_EVENTFD)
		return alone_set(device, entry, request->fds[0]);
	if (request->bools[0])
		signal_entry(*entry);
	return 0;
}

/* ---- SET_IRQS ---- */

/* vfio_pci_set_irqs_ioctl() */
static int dispatch(struct sim_device *device, const struct request *request)
{
	bool triggers = request->action == VFIO_IRQ_SET_ACTION_TRIGGER;

	if (__builtin_popcount(request->action) != 1)
		return -ENOTTY;
	if (request->index == VFIO_PCI_INTX_IRQ_INDEX)
		return triggers ? intx_trigger(device, request)
				: intx_mask_or_unmask(device, request);
	if (!triggers)
		return -ENOTTY;
	if (request->index <= VFIO_PCI_MSIX_IRQ_INDEX)
		return msi_trigger(device, request);
	return alone_trigger(device, request);
}

static size_t size_of_data(uint32_t data)
{
	switch (data) {
	case VFIO_IRQ_SET_DATA_BOOL:
		return sizeof(uint8_t);
	case VFIO_IRQ_SET_DATA_EVENTFD:
		return sizeof(int32_t);
	default:
		return 0;
	}
}

/* vfio_set_irqs_validate_and_prepare(): the size of the data, or -EINVAL. */
static int check_header(const struct sim_device *device, const struct vfio_irq_set *set)
{
	uint32_t data = set->flags & VFIO_IRQ_SET_DATA_TYPE_MASK;
	uint32_t vectors = vectors_of(device, set->index);
	size_t size;

	if (set->argsz < sizeof(*set) || set->index >= VFIO_PCI_NUM_IRQS ||
	    set->count >= UINT32_MAX - set->start ||
	    set->flags & ~(uint32_t)(VFIO_IRQ_SET_DATA_TYPE_MASK | VFIO_IRQ_SET_ACTION_TYPE_MASK))
		return -EINVAL;
	if (set->start >= vectors || set->start + set->count > vectors)
		return -EINVAL;
	if (__builtin_popcount(data) != 1)
		return -EINVAL;
	size = set->count * size_of_data(data);
	return set->argsz - sizeof(*set) < size ? -EINVAL : (int)size;
}

int sim_set_irqs_ioctl(struct sim_device *device, void *arg)
{
	static int32_t data[SIM_VECTORS]; /* under the simulator's lock */
	struct vfio_irq_set set;
	struct request request;
	int size;

	device->irqs.set_irqs++;
	if (sim_from_user(&set, arg, sizeof(set)) < 0)
		return -EFAULT;
	size = check_header(device, &set);
	if (size < 0)
		return size;
	if (size && sim_from_user(data, (const char *)arg + sizeof(set), (size_t)size) < 0)
		return -EFAULT;
	request = (struct request){
		.data = set.flags & VFIO_IRQ_SET_DATA_TYPE_MASK,
		.action = set.flags & VFIO_IRQ_SET_ACTION_TYPE_MASK,
		.index = set.index,
		.start = set.start,
		.count = set.count,
		.bools = (const uint8_t *)data,
		.fds = data,
	};
	return dispatch(device, &request);
}

/* The last close of the device (vfio_pci_core_disable(), which resets it). */
void sim_irqs_release(struct sim_device *device)
{
	struct sim_irqs *irqs = &device->irqs;

	if (is(device, SIM_INTX))
		intx_disable(irqs);
	else if (!is(device, SIM_NO_TYPE))
		msi_disable(device);
	drop(&irqs->alone[0]);
	drop(&irqs->alone[1]);
	irqs->intx_level = false;
	irqs->intx_off_in_config = false;
	memset(irqs->pending, 0, sizeof(irqs->pending));
}

/* ---- the test's side ---- */

/* A vector of MSI-X without handler is masked, and remembered by the device. */
static bool msi_raise(struct sim_device *device, uint32_t vector)
{
	struct sim_irqs *irqs = &device->irqs;

	irqs->pending[vector] = is(device, SIM_MSIX) && !irqs->triggers[vector];
	signal_entry(irqs->triggers[vector]);
	return irqs->triggers[vector];
}

static bool raise_irq(struct sim_device *device, uint32_t index, uint32_t vector)
{
	struct sim_irqs *irqs = &device->irqs;

	if (vector >= vectors_of(device, index))
		return false;
	if (index >= VFIO_PCI_ERR_IRQ_INDEX) {
		signal_entry(irqs->alone[index - VFIO_PCI_ERR_IRQ_INDEX]);
		return irqs->alone[index - VFIO_PCI_ERR_IRQ_INDEX];
	}
	if (device->power != SIM_D0)
		return false;
	if (index == VFIO_PCI_INTX_IRQ_INDEX) {
		irqs->intx_level = true;
		return intx_raise(irqs);
	}
	return is(device, (int)index) && msi_raise(device, vector);
}

bool sim_fire(struct sim_device *device, uint32_t index, uint32_t vector)
{
	bool delivered;

	sim_lock();
	sim_irqs_look();
	delivered = raise_irq(device, index, vector);
	sim_unlock();
	return delivered;
}

void sim_clear_intx(struct sim_device *device)
{
	sim_lock();
	sim_irqs_look();
	device->irqs.intx_level = false;
	sim_unlock();
}

void sim_look(void)
{
	sim_lock();
	sim_irqs_look();
	sim_kvm_look();
	sim_unlock();
}

int sim_irq_eventfd(const struct sim_device *device, uint32_t index, uint32_t vector)
{
	int entry = 0;

	sim_lock();
	if (vector < vectors_of(device, index)) {
		if (index >= VFIO_PCI_ERR_IRQ_INDEX)
			entry = device->irqs.alone[index - VFIO_PCI_ERR_IRQ_INDEX];
		else if (is(device, (int)index))
			entry = device->irqs.triggers[vector];
	}
	sim_unlock();
	return fd_of(entry);
}

int sim_irq_active(const struct sim_device *device)
{
	int type;

	sim_lock();
	type = device->irqs.type;
	sim_unlock();
	return type;
}

unsigned sim_irq_allocated(const struct sim_device *device)
{
	unsigned count;

	sim_lock();
	count = device->irqs.allocated;
	sim_unlock();
	return count;
}

unsigned sim_set_irqs(const struct sim_device *device)
{
	unsigned count;

	sim_lock();
	count = device->irqs.set_irqs;
	sim_unlock();
	return count;
}

void sim_fail_vector(struct sim_device *device, uint32_t vector, int error, unsigned times)
{
	sim_lock();
	device->irqs.fail_vector = vector;
	device->irqs.fail_errno = error;
	device->irqs.fail_times = times;
	sim_unlock();
}

void sim_limit_vectors(struct sim_device *device, unsigned limit)
{
	sim_lock();
	device->irqs.limit = limit;
	sim_unlock();
}
