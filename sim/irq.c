// SPDX-License-Identifier: MIT
/*
 * Interrupts of a simulated device: VFIO_DEVICE_GET_IRQ_INFO and VFIO_DEVICE_SET_IRQS with the
 * checks in the kernel's order (drivers/vfio/vfio_main.c, vfio_set_irqs_validate_and_prepare();
 * drivers/vfio/pci/vfio_pci_intrs.c, 6.1 and 6.12), and the device as the source of interrupts.
 */
#include <errno.h>
#include <string.h>

#include "internal.h"
#include "lib/uapi.h"

/* An entry is an fd plus 1, so that a device initialized with zeroes has no eventfds. */
int sim_irq_fd(int entry)
{
	return entry - 1;
}

void sim_irq_drop(int *entry)
{
	if (*entry)
		sim_real_close(sim_irq_fd(*entry));
	*entry = 0;
}

void sim_irq_signal(int entry)
{
	if (entry)
		sim_signal(sim_irq_fd(entry));
}

/* ---- GET_IRQ_INFO ---- */

uint32_t sim_irq_indexes(const struct sim_device *device)
{
	return sim_is_pci(device) ? VFIO_PCI_NUM_IRQS : sim_platform_count(device);
}

static uint32_t vectors_of(const struct sim_device *device, uint32_t index)
{
	if (!sim_is_pci(device))
		return index < sim_platform_count(device);
	switch (index) {
	case VFIO_PCI_INTX_IRQ_INDEX:
		return !device->machine.no_intx;
	case VFIO_PCI_MSI_IRQ_INDEX:
		return device->machine.msi_vectors ? device->machine.msi_vectors : 1;
	case VFIO_PCI_MSIX_IRQ_INDEX:
		if (device->machine.no_msix)
			return 0;
		return device->machine.msix_vectors ? device->machine.msix_vectors : 5;
	default:
		return index < VFIO_PCI_NUM_IRQS;
	}
}

static uint32_t flags_of(const struct sim_device *device, uint32_t index)
{
	if (!sim_is_pci(device))
		return sim_platform_flags(device, index);
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
	if (info.argsz < sizeof(info) || info.index >= sim_irq_indexes(device))
		return -EINVAL;
	info.flags = flags_of(device, info.index);
	info.count = vectors_of(device, info.index);
	return sim_to_user(arg, &info, sizeof(info));
}

bool sim_irq_type_is(const struct sim_device *device, int type)
{
	return device->irqs.type == type;
}

/* ---- the owner of an fd ---- */

bool sim_has_fd(int fd)
{
	for (int i = 0; i < SIM_DEVICES; i++) {
		const struct sim_device *device = sim_device_at(i);

		if (!device)
			continue;
		if (sim_kvm_is_duplicate(fd) || sim_virqfds_are_duplicate(fd) ||
		    fd == device->wake || fd == sim_irq_fd(device->irqs.single[0]) ||
		    fd == sim_irq_fd(device->irqs.single[1]))
			return true;
		for (int j = 0; j < SIM_VECTORS; j++) {
			if (fd == sim_irq_fd(device->irqs.triggers[j]))
				return true;
		}
		for (int j = 0; j < SIM_PLATFORM_IRQS; j++) {
			if (fd == sim_irq_fd(device->irqs.platform[j].trigger))
				return true;
		}
	}
	return false;
}

/* ---- MSI and MSI-X ---- */

static void msi_disable(struct sim_device *device)
{
	struct sim_irqs *irqs = &device->irqs;

	for (uint32_t i = 0; i < SIM_VECTORS && i < vectors_of(device, (uint32_t)irqs->type); i++) {
		sim_irq_drop(&irqs->triggers[i]);
		irqs->has_irq[i] = false;
	}
	irqs->type = SIM_NO_TYPE;
	irqs->allocated = 0;
}

/* vfio_msi_enable(). A positive result is the number of vectors that the host has; then nothing
 * is enabled. MSI checks for D0 before the count, MSI-X after it (drivers/pci/msi/msi.c,
 * __pci_enable_msi_range() and __pci_enable_msix_range()). */
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
	if (index == VFIO_PCI_MSI_IRQ_INDEX) {
		irqs->msi_queue_size = 0;
		while (1u << irqs->msi_queue_size < count)
			irqs->msi_queue_size++;
	}
	for (uint32_t i = 0; i < count; i++)
		irqs->has_irq[i] = true;
	return 0;
}

/* vfio_msi_alloc_irq(): an allocated vector stays allocated until the index is disabled. */
static int alloc_irq(struct sim_device *device, uint32_t vector)
{
	struct sim_irqs *irqs = &device->irqs;

	if (irqs->has_irq[vector])
		return 0;
	if (!sim_irq_type_is(device, SIM_MSIX) || !device->kernel->dynamic_msix)
		return -EINVAL;
	if (irqs->limit && irqs->allocated >= irqs->limit)
		return -ENOSPC;
	irqs->has_irq[vector] = true;
	irqs->allocated++;
	return 0;
}

/* request_irq() unmasks an MSI-X vector. The device then sends a pending interrupt. */
static int request_irq(struct sim_device *device, uint32_t vector, int eventfd)
{
	struct sim_irqs *irqs = &device->irqs;

	if (irqs->fail_times > 0 && irqs->fail_vector == vector) {
		irqs->fail_times--;
		return -irqs->fail_errno;
	}
	irqs->triggers[vector] = eventfd + 1;
	if (sim_irq_type_is(device, SIM_MSIX) && irqs->pending[vector]) {
		irqs->pending[vector] = false;
		sim_irq_signal(irqs->triggers[vector]);
	}
	return 0;
}

/* vfio_msi_set_vector_signal() frees the old handler before it checks the new fd. */
static int set_vector(struct sim_device *device, uint32_t vector, int fd)
{
	int eventfd, r;

	sim_irq_drop(&device->irqs.triggers[vector]);
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

/* Before 6.2 no vector beyond those of the first enable can be used (vdev->num_ctx). */
static bool is_beyond(const struct sim_device *device, const struct sim_irq_request *request)
{
	return device->kernel->checks_range &&
	       request->start + request->count > device->irqs.allocated;
}

static int set_block(struct sim_device *device, const struct sim_irq_request *request)
{
	if (is_beyond(device, request) ||
	    (device->kernel->checks_range && request->start >= device->irqs.allocated))
		return -EINVAL;
	for (uint32_t i = 0; i < request->count; i++) {
		int r = set_vector(device, request->start + i, request->fds[i]);

		if (r == 0 && i + 1 == request->count && request->fds[i] >= 0)
			r = -device->irqs.last_vector_error;
		if (r == 0)
			continue;
		for (uint32_t j = 0; j <= i; j++)
			sim_irq_drop(&device->irqs.triggers[request->start + j]);
		return r;
	}
	return 0;
}

static int msi_loop_back(struct sim_device *device, const struct sim_irq_request *request)
{
	if (!sim_irq_type_is(device, (int)request->index) || is_beyond(device, request))
		return -EINVAL;
	for (uint32_t i = 0; i < request->count; i++) {
		if (request->data == VFIO_IRQ_SET_DATA_NONE || request->bools[i])
			sim_irq_signal(device->irqs.triggers[request->start + i]);
	}
	return 0;
}

static int msi_trigger(struct sim_device *device, const struct sim_irq_request *request)
{
	bool active = sim_irq_type_is(device, (int)request->index);
	int r;

	if (active && request->count == 0 && request->data == VFIO_IRQ_SET_DATA_NONE) {
		msi_disable(device);
		return 0;
	}
	if (!active && !sim_irq_type_is(device, SIM_NO_TYPE))
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

static int single_set(struct sim_device *device, int *entry, int fd)
{
	int eventfd;

	if (fd < -1)
		return device->kernel->refuses_below_minus_one ? -EINVAL : 0;
	if (fd == -1) {
		sim_irq_drop(entry);
		return 0;
	}
	eventfd = sim_eventfd(fd);
	if (eventfd < 0)
		return eventfd;
	sim_irq_drop(entry);
	*entry = eventfd + 1;
	return 0;
}

/* vfio_pci_set_ctx_trigger_single() */
static int single_trigger(struct sim_device *device, const struct sim_irq_request *request)
{
	int *entry = &device->irqs.single[request->index - VFIO_PCI_ERR_IRQ_INDEX];

	if (request->start != 0 || request->count > 1)
		return -EINVAL;
	if (request->data == VFIO_IRQ_SET_DATA_NONE) {
		if (!*entry)
			return -EINVAL;
		if (request->count)
			sim_irq_signal(*entry);
		else
			sim_irq_drop(entry);
		return 0;
	}
	if (request->count == 0)
		return -EINVAL;
	if (request->data == VFIO_IRQ_SET_DATA_EVENTFD)
		return single_set(device, entry, request->fds[0]);
	if (request->bools[0])
		sim_irq_signal(*entry);
	return 0;
}

/* ---- SET_IRQS ---- */

/* vfio_pci_set_irqs_ioctl() */
static int pci_set_irqs(struct sim_device *device, const struct sim_irq_request *request)
{
	bool triggers = request->action == VFIO_IRQ_SET_ACTION_TRIGGER;

	if (__builtin_popcount(request->action) != 1)
		return -ENOTTY;
	if (request->index == VFIO_PCI_INTX_IRQ_INDEX)
		return triggers ? sim_intx_trigger(device, request)
				: sim_intx_mask_or_unmask(device, request);
	if (!triggers)
		return -ENOTTY;
	if (request->index <= VFIO_PCI_MSIX_IRQ_INDEX)
		return msi_trigger(device, request);
	return single_trigger(device, request);
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

/* vfio_set_irqs_validate_and_prepare(): returns the size of the data, or -EINVAL. A platform device
 * passes its number of indexes as that of vectors (vfio_platform_common.c,
 * vfio_platform_ioctl(), 6.1). */
static int check_header(const struct sim_device *device, const struct vfio_irq_set *set)
{
	uint32_t data = set->flags & VFIO_IRQ_SET_DATA_TYPE_MASK;
	uint32_t vectors =
		sim_is_pci(device) ? vectors_of(device, set->index) : sim_platform_count(device);
	size_t size;

	if (set->argsz < sizeof(*set) || set->index >= sim_irq_indexes(device) ||
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

/* The failure that the test has requested for this ioctl. */
static int next_of_pattern(struct sim_irqs *irqs)
{
	if (irqs->pattern_count == 0)
		return 0;
	irqs->pattern_count--;
	return *irqs->patterns++;
}

int sim_set_irqs_ioctl(struct sim_device *device, void *arg)
{
	static int32_t data[SIM_VECTORS]; /* the simulator's lock protects it */
	struct vfio_irq_set set;
	struct sim_irq_request request;
	int size, error;

	device->irqs.set_irqs++;
	error = next_of_pattern(&device->irqs);
	if (error == EIO)
		return -EIO;
	device->irqs.last_vector_error = error;
	if (sim_from_user(&set, arg, sizeof(set)) < 0)
		return -EFAULT;
	size = check_header(device, &set);
	if (size < 0)
		return size;
	if (size && sim_from_user(data, (const char *)arg + sizeof(set), (size_t)size) < 0)
		return -EFAULT;
	request = (struct sim_irq_request){
		.data = set.flags & VFIO_IRQ_SET_DATA_TYPE_MASK,
		.action = set.flags & VFIO_IRQ_SET_ACTION_TYPE_MASK,
		.index = set.index,
		.start = set.start,
		.count = set.count,
		.bools = (const uint8_t *)data,
		.fds = data,
	};
	return sim_is_pci(device) ? pci_set_irqs(device, &request)
				  : sim_platform_set_irqs(device, &request);
}

/* The last close of the device: vfio_pci_core_disable() also resets it. */
void sim_irqs_release(struct sim_device *device)
{
	struct sim_irqs *irqs = &device->irqs;

	if (sim_irq_type_is(device, SIM_INTX))
		sim_intx_disable(irqs);
	else if (!sim_irq_type_is(device, SIM_NO_TYPE))
		msi_disable(device);
	sim_irq_drop(&irqs->single[0]);
	sim_irq_drop(&irqs->single[1]);
	sim_platform_release(device);
	irqs->intx_level = false;
	irqs->intx_off_in_config = false;
	memset(irqs->pending, 0, sizeof(irqs->pending));
}

/* ---- the API for tests ---- */

/* An MSI-X vector without a handler is masked: its interrupt becomes pending in the PBA. */
static bool msi_raise(struct sim_device *device, uint32_t vector)
{
	struct sim_irqs *irqs = &device->irqs;

	if (sim_irq_type_is(device, SIM_MSIX) && !irqs->triggers[vector])
		irqs->pending[vector] = true;
	sim_irq_signal(irqs->triggers[vector]);
	return irqs->triggers[vector];
}

static bool raise_irq(struct sim_device *device, uint32_t index, uint32_t vector)
{
	struct sim_irqs *irqs = &device->irqs;

	if (vector >= vectors_of(device, index))
		return false;
	if (!sim_is_pci(device))
		return sim_platform_raise(device, index);
	if (index >= VFIO_PCI_ERR_IRQ_INDEX) {
		sim_irq_signal(irqs->single[index - VFIO_PCI_ERR_IRQ_INDEX]);
		return irqs->single[index - VFIO_PCI_ERR_IRQ_INDEX];
	}
	if (device->power != SIM_D0)
		return false;
	if (index == VFIO_PCI_INTX_IRQ_INDEX) {
		irqs->intx_level = true;
		return sim_intx_raise(irqs);
	}
	return sim_irq_type_is(device, (int)index) && msi_raise(device, vector);
}

bool sim_fire(struct sim_device *device, uint32_t index, uint32_t vector)
{
	bool delivered;

	sim_lock();
	sim_virqfds_handle_signals();
	delivered = raise_irq(device, index, vector);
	sim_unlock();
	return delivered;
}

void sim_clear_intx(struct sim_device *device)
{
	sim_lock();
	sim_virqfds_handle_signals();
	device->irqs.intx_level = false;
	sim_unlock();
}

void sim_handle_signals(void)
{
	sim_lock();
	sim_virqfds_handle_signals();
	sim_kvm_handle_signals();
	sim_unlock();
}

int sim_irq_eventfd(const struct sim_device *device, uint32_t index, uint32_t vector)
{
	int entry = 0;

	sim_lock();
	if (vector < vectors_of(device, index)) {
		if (!sim_is_pci(device))
			entry = device->irqs.platform[index].trigger;
		else if (index >= VFIO_PCI_ERR_IRQ_INDEX)
			entry = device->irqs.single[index - VFIO_PCI_ERR_IRQ_INDEX];
		else if (sim_irq_type_is(device, (int)index))
			entry = device->irqs.triggers[vector];
	}
	sim_unlock();
	return sim_irq_fd(entry);
}

bool sim_intx_unmasks_itself(const struct sim_device *device)
{
	int trigger = sim_irq_eventfd(device, VFIO_PCI_INTX_IRQ_INDEX, 0);

	return trigger >= 0 && device->irqs.unmask.eventfd &&
	       sim_is_same_file(trigger, sim_irq_fd(device->irqs.unmask.eventfd));
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

void sim_fail_set_irqs(struct sim_device *device, const int *errors, unsigned count)
{
	sim_lock();
	device->irqs.patterns = errors;
	device->irqs.pattern_count = count;
	sim_unlock();
}

void sim_limit_vectors(struct sim_device *device, unsigned limit)
{
	sim_lock();
	device->irqs.limit = limit;
	sim_unlock();
}
