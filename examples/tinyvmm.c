// SPDX-License-Identifier: MIT
/*
 * A minimal VMM: a KVM virtual machine with one processor and one PCI device, which the library
 * passes through. What the VMM has to do is its memory map and its interrupt controller. The guest
 * (tinyvmm-guest.S) drives the interrupts and the power of an e1000e. Both print each step.
 *
 * Usage: tinyvmm [PCI-ADDRESS]
 * The device must be an e1000e that the platform can put into D3cold. The exit status is 0 if
 * every step had the expected result.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/kvm.h>
#include <linux/vfio.h>
#include <vfiopm/guest.h>
#include <vfiopm/region.h>
#include <vfiopm/vfiopm.h>

#include "tinyvmm.h"

#define COMMAND	       0x04
#define COMMAND_MEMORY 2
#define BAR0	       0x10
#define BARS	       6

/* The GSIs 0 to 23 are the pins of the I/O APIC. */
#define GSI_INTX    11
#define GSI_WAKE    24
#define GSI_MSI	    25
#define GSI_MSIX    26
#define GSIS	    (GSI_MSIX + GUEST_VECTORS)

#define SLOT_MEMORY 0
#define SLOT_BARS   1 /* and the slots after it */

/* The most areas that a BAR can have here. A BAR has up to three without a list of the kernel. */
#define AREAS 8

struct area {
	uint64_t offset, length;
	void *memory;
};

struct bar {
	struct vfiopm_region *region;
	struct area areas[AREAS];
	uint32_t area_count, mapped_at;
	uint64_t size;
	uint32_t flags; /* the low bits of the register, which are read-only */
	uint32_t value; /* the register, without its flags */
};

struct vmm {
	const char *address;
	int vm, vcpu, end_fd;
	struct kvm_run *run;
	char *memory;
	struct vfiopm_device *dev;
	struct vfiopm_guest *guest;
	struct vfiopm_region *config;
	uint32_t config_address;

	/* The lock protects what the callbacks use. The VMM never holds it while it calls the guest
	 * object. */
	pthread_mutex_t lock;
	struct bar bars[BARS];
	uint32_t command;
	bool can_map;
	struct kvm_irq_routing_entry routes[GSIS];

	atomic_bool is_busy; /* a change of the power has not ended */
	atomic_uint wakes, problems;
	unsigned bar0_exits;
	struct host_counts counts;
};

/* ---- output ---- */

__attribute__((format(printf, 2, 3))) static void say(const char *who, const char *format, ...)
{
	va_list arguments;
	char text[200];

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	printf("%-6s %s\n", who, text);
}

/* After a wrong step the story goes on, and the program ends with status 1. */
static void expect(struct vmm *vmm, bool condition, const char *problem)
{
	if (condition)
		return;
	vmm->problems++;
	say("vmm:", "PROBLEM: %s.", problem);
}

static void check(const char *what, int result)
{
	if (result < 0) {
		fprintf(stderr, "%s: %s\n", what, strerror(-result));
		exit(1);
	}
}

static int call(int fd, unsigned long request, void *argument)
{
	int r = ioctl(fd, request, argument);

	return r < 0 ? -errno : r;
}

/* ---- the memory map ---- */

static int set_slot(struct vmm *vmm, uint32_t slot, uint64_t address, void *memory, uint64_t size)
{
	struct kvm_userspace_memory_region region = { slot, 0, address, size, (uintptr_t)memory };

	return call(vmm->vm, KVM_SET_USER_MEMORY_REGION, &region);
}

/* Set the slots of a BAR, or remove them if the address is 0. */
static int set_areas(struct vmm *vmm, uint32_t number, uint32_t address)
{
	const struct bar *bar = &vmm->bars[number];
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < bar->area_count; i++) {
		const struct area *area = &bar->areas[i];

		r = set_slot(vmm, SLOT_BARS + number * AREAS + i, address + area->offset,
			     area->memory, address ? area->length : 0);
	}
	return r;
}

/* The areas of a BAR are memory of the guest while the guest has enabled it and the device can serve
 * it. All other accesses to BARs exit to the VMM, and all accesses if KVM refuses the slots. */
static int update_bar(struct vmm *vmm, uint32_t number)
{
	struct bar *bar = &vmm->bars[number];
	bool map = vmm->can_map && (vmm->command & COMMAND_MEMORY) && bar->area_count > 0;
	int r;

	if (bar->mapped_at == (map ? bar->value : 0))
		return 0;
	if (bar->mapped_at) {
		check("removing a BAR", set_areas(vmm, number, 0));
		say("vmm:", "BAR%" PRIu32 " is no longer guest memory.", number);
	}
	bar->mapped_at = 0;
	if (!map || !bar->value)
		return 0;
	r = set_areas(vmm, number, bar->value);
	if (r < 0) {
		set_areas(vmm, number, 0);
		return r;
	}
	bar->mapped_at = bar->value;
	say("vmm:", "BAR%" PRIu32 " is now guest memory at %" PRIx32 "%s.", number, bar->value,
	    bar->areas[0].length < bar->size ? ", without its MSI-X table and PBA" : "");
	return 0;
}

/* Returns the first error, after all BARs were tried. */
static int update_bars(struct vmm *vmm)
{
	int first = 0;

	for (uint32_t i = 0; i < BARS; i++) {
		int r = update_bar(vmm, i);

		first = first < 0 ? first : r;
	}
	return first;
}

/* ---- callbacks of the guest object ---- */

/* Make a GSI deliver a message, and set all routes. Returns the GSI, or a negative errno. */
static int route_message(struct vmm *vmm, uint32_t gsi, uint64_t address, uint32_t message)
{
	struct kvm_irq_routing_entry route = { .gsi = gsi, .type = KVM_IRQ_ROUTING_MSI };
	struct {
		struct kvm_irq_routing head;
		struct kvm_irq_routing_entry entries[GSIS];
	} routes = { 0 };
	struct kvm_irq_routing_entry old;
	int r;

	route.u.msi.address_lo = (uint32_t)address;
	route.u.msi.address_hi = (uint32_t)(address >> 32);
	route.u.msi.data = message;
	pthread_mutex_lock(&vmm->lock);
	old = vmm->routes[gsi];
	vmm->routes[gsi] = route;
	for (unsigned i = 0; i < GSIS; i++) {
		if (vmm->routes[i].type)
			routes.entries[routes.head.nr++] = vmm->routes[i];
	}
	r = call(vmm->vm, KVM_SET_GSI_ROUTING, &routes);
	if (r < 0)
		vmm->routes[gsi] = old;
	pthread_mutex_unlock(&vmm->lock);
	return r < 0 ? r : (int)gsi;
}

static int route(void *data, uint32_t index, uint32_t vector, uint64_t address, uint32_t message)
{
	uint32_t gsi = vector + (index == VFIOPM_IRQ_MSIX ? GSI_MSIX : GSI_MSI);

	if (index == VFIOPM_IRQ_INTX)
		return GSI_INTX;
	return gsi < GSIS ? route_message(data, gsi, address, message) : -ENOSPC;
}

static int attach(void *data, uint32_t gsi, int fd, int resample_fd, int on)
{
	struct vmm *vmm = data;
	struct kvm_irqfd irqfd = { .fd = (uint32_t)fd, .gsi = gsi };

	if (!on) {
		irqfd.flags = KVM_IRQFD_FLAG_DEASSIGN;
	} else if (resample_fd >= 0) {
		irqfd.flags = KVM_IRQFD_FLAG_RESAMPLE;
		irqfd.resamplefd = (uint32_t)resample_fd;
	}
	return call(vmm->vm, KVM_IRQFD, &irqfd);
}

static int change_mappings(void *data, int on)
{
	struct vmm *vmm = data;
	int r;

	pthread_mutex_lock(&vmm->lock);
	vmm->can_map = on;
	r = update_bars(vmm);
	pthread_mutex_unlock(&vmm->lock);
	return r;
}

static void inject_wake(void *data)
{
	struct vmm *vmm = data;
	struct kvm_irq_level level = { .irq = GSI_WAKE, .level = 1 };

	vmm->wakes++;
	say("vmm:", "The host woke the device. I inject the wake interrupt.");
	check("injecting the wake interrupt", call(vmm->vm, KVM_IRQ_LINE, &level));
}

static void report_broken(void *data, const char *what, int error)
{
	struct vmm *vmm = data;

	vmm->problems++;
	say("vmm:", "PROBLEM: %s: %s.", what, strerror(-error));
}

static void report_power(void *data, int on, int error)
{
	struct vmm *vmm = data;

	expect(vmm, error == 0, "the power did not change");
	say("vmm:", "The guest's power resource is %s.", on ? "on" : "off");
	vmm->is_busy = false;
}

static const struct vfiopm_guest_ops guest_ops = {
	.route = route,
	.irqfd = attach,
	.mappings = change_mappings,
	.wake = inject_wake,
	.broken = report_broken,
	.powered = report_power,
};

/* ---- the story: what the VMM does when the guest announces a step ---- */

static uint32_t power_state(const struct vmm *vmm)
{
	uint32_t state = VFIOPM_POWER_STATE_UNKNOWN;

	check("reading power_state", vfiopm_readout_get_power_state(vmm->dev, &state));
	return state;
}

/* The kernel suspends the device some time after the entry. Later the device must stay asleep. */
static void expect_d3cold(struct vmm *vmm, bool is_later)
{
	for (int i = 0; i < 1000 && power_state(vmm) != VFIOPM_POWER_STATE_D3COLD && !is_later; i++)
		usleep(5000);
	say("host:", "The kernel reports that the device is in %s.",
	    vfiopm_readout_power_state_name(power_state(vmm)));
	expect(vmm, power_state(vmm) == VFIOPM_POWER_STATE_D3COLD, "the device is not in D3cold");
	expect(vmm, vmm->wakes == 0, "something woke the device");
}

static void compare_interrupts(struct vmm *vmm)
{
	const _Atomic uint32_t *guest = (const void *)(vmm->memory + GUEST_COUNTS);
	const unsigned *host = vmm->counts.total;

	check("counting interrupts", host_count_interrupts(vmm->address, &vmm->counts));
	say("host:", "The kernel has counted %u %u %u %u %u interrupts of the device.", host[0],
	    host[1], host[2], host[3], host[4]);
	for (unsigned i = 0; i < GUEST_VECTORS; i++)
		expect(vmm, guest[i] == host[i], "the guest has handled other interrupts");
}

static void follow_story(struct vmm *vmm, uint32_t step)
{
	if (step == STORY_READ) {
		vmm->bar0_exits = 0;
	} else if (step == STORY_HAS_READ) {
		say("vmm:", "The reads of BAR0 caused %u exits.", vmm->bar0_exits);
		expect(vmm, vmm->bar0_exits == 0, "BAR0 does not have the speed of memory");
	} else if (step == STORY_FIRED) {
		compare_interrupts(vmm);
	} else if (step == STORY_OFF || step == STORY_ASLEEP) {
		expect_d3cold(vmm, step == STORY_ASLEEP);
		check("counting interrupts", host_count_interrupts(vmm->address, &vmm->counts));
	} else if (step == STORY_WAIT) {
		say("host:", "Somebody reads the device's configuration space, as lspci does.");
		check("reading it", host_read_config(vmm->address));
	}
}

/* ---- the guest's configuration space ---- */

static struct bar *find_bar(struct vmm *vmm, uint32_t offset)
{
	return offset >= BAR0 && offset < BAR0 + 4 * BARS ? &vmm->bars[(offset - BAR0) / 4] : NULL;
}

static uint32_t read_config(struct vmm *vmm, uint32_t offset, uint32_t width)
{
	const struct bar *bar = find_bar(vmm, offset);
	uint32_t value = UINT32_MAX;

	if (bar)
		return (bar->value | bar->flags) >> 8 * (offset & 3);
	/* A read that fails has all bits set. */
	if (vfiopm_guest_config_read(vmm->guest, offset, width, &value) == 0)
		vfiopm_region_read(vmm->config, offset, width, 0, &value);
	return value;
}

static void write_config(struct vmm *vmm, uint32_t offset, uint32_t width, uint32_t value)
{
	struct bar *bar = find_bar(vmm, offset);

	/* A function without power takes no writes. */
	if (vfiopm_guest_config_write(vmm->guest, offset, width, value) != 0)
		return;
	if (!bar && vfiopm_region_write(vmm->config, offset, width, 0, &value) < 0)
		return;
	pthread_mutex_lock(&vmm->lock);
	if (bar && width == 4 && bar->size)
		bar->value = value & ~(uint32_t)(bar->size - 1) & ~UINT32_C(15);
	if (offset == COMMAND)
		vmm->command = value;
	update_bars(vmm);
	pthread_mutex_unlock(&vmm->lock);
}

/* The ports CONFIG_DATA: the device is the only one on the bus. */
static void access_config(struct vmm *vmm, bool is_write, uint32_t byte, uint32_t width, void *data)
{
	uint32_t offset = (vmm->config_address & 0xfc) + byte, value = 0;

	memcpy(&value, data, width);
	if ((vmm->config_address & ~UINT32_C(0xff)) != GUEST_DEVICE)
		value = UINT32_MAX;
	else if (is_write)
		write_config(vmm, offset, width, value);
	else
		value = read_config(vmm, offset, width);
	memcpy(data, &value, width);
}

/* ---- exits of the processor ---- */

static void print_character(char character)
{
	static bool has_begun;

	printf(has_begun ? "%c" : "guest: %c", character);
	has_begun = character != '\n';
}

/* The virtual power resource: the methods _ON, _OFF and _STA of a firmware use this port. A change
 * takes long. It is made in the thread that dispatches, and the processor goes on. */
static uint8_t access_power(struct vmm *vmm, bool is_write, uint8_t value)
{
	if (!is_write)
		return (uint8_t)((vfiopm_guest_is_powered(vmm->guest) == 1 ? POWER_ON : 0) |
				 (vmm->is_busy ? POWER_BUSY : 0));
	if (!vmm->is_busy) {
		vmm->is_busy = true;
		check("changing the power", vfiopm_guest_begin_power(vmm->guest, value & 1));
	}
	return value;
}

/* Returns the guest's exit status, or -1 while the guest runs. */
static int access_port(struct vmm *vmm)
{
	bool is_write = vmm->run->io.direction == KVM_EXIT_IO_OUT;
	char *bytes = (char *)vmm->run + vmm->run->io.data_offset;
	uint32_t width = vmm->run->io.size, value = 0;
	uint16_t port = vmm->run->io.port;

	memcpy(&value, bytes, width);
	if (port >= 0xcfc && port + width <= 0xd00) {
		access_config(vmm, is_write, port & 3, width, bytes);
	} else if (port == PORT_POWER) {
		*bytes = (char)access_power(vmm, is_write, (uint8_t)value);
	} else if (!is_write) {
		memset(bytes, 0xff, width);
	} else if (port == 0xcf8) {
		vmm->config_address = value;
	} else if (port == PORT_CONSOLE) {
		print_character((char)value);
	} else if (port == PORT_STORY) {
		follow_story(vmm, value);
	} else if (port == PORT_SLEEP) {
		usleep(value);
	} else if (port == PORT_END) {
		return (int)value;
	}
	return -1;
}

/* Find the BAR of an address, while the device can serve it. */
static struct bar *find_memory(struct vmm *vmm, uint64_t address, uint64_t *ret_offset)
{
	struct bar *found = NULL;

	pthread_mutex_lock(&vmm->lock);
	for (unsigned i = 0; i < BARS && vmm->can_map && (vmm->command & COMMAND_MEMORY); i++) {
		struct bar *bar = &vmm->bars[i];

		if (bar->value && address >= bar->value && address - bar->value < bar->size) {
			*ret_offset = address - bar->value;
			found = bar;
		}
	}
	pthread_mutex_unlock(&vmm->lock);
	return found;
}

/* A read that nobody answers has all bits set, and a write that nobody takes is dropped. */
static void access_memory(struct vmm *vmm)
{
	uint8_t *bytes = vmm->run->mmio.data;
	uint32_t length = vmm->run->mmio.len, number;
	uint64_t offset;
	struct bar *bar = find_memory(vmm, vmm->run->mmio.phys_addr, &offset);

	if (!vmm->run->mmio.is_write)
		memset(bytes, 0xff, length);
	if (!bar)
		return;
	number = (uint32_t)(bar - vmm->bars);
	vmm->bar0_exits += number == 0;
	if (vmm->run->mmio.is_write) {
		if (vfiopm_guest_msix_write(vmm->guest, number, offset, length, bytes) == 0)
			vfiopm_region_write(bar->region, offset, length, 0, bytes);
	} else if (vfiopm_guest_msix_read(vmm->guest, number, offset, length, bytes) == 0) {
		vfiopm_region_read(bar->region, offset, length, 0, bytes);
	}
}

/* The thread of the processor. */
static void *run_processor(void *data)
{
	struct vmm *vmm = data;
	int status = -1;

	while (status < 0) {
		check("KVM_RUN", call(vmm->vcpu, KVM_RUN, NULL));
		if (vmm->run->exit_reason == KVM_EXIT_IO) {
			status = access_port(vmm);
		} else if (vmm->run->exit_reason == KVM_EXIT_MMIO) {
			access_memory(vmm);
		} else {
			say("vmm:", "The processor stopped (%u).", vmm->run->exit_reason);
			exit(1);
		}
	}
	expect(vmm, status == 0, "the guest failed");
	if (status > 0)
		say("vmm:", "The line %d of tinyvmm-guest.S failed.", status);
	check("ending", eventfd_write(vmm->end_fd, 1) < 0 ? -errno : 0);
	return NULL;
}

/* ---- set-up ---- */

/* Map the guest's memory for DMA, at its own addresses. */
static void map_for_dma(struct vmm *vmm)
{
	struct vfio_iommu_type1_dma_map dma = {
		.argsz = sizeof(dma),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.vaddr = (uintptr_t)vmm->memory,
		.size = GUEST_MEMORY,
	};
	int container;

	check("getting the container", vfiopm_device_get_container(vmm->dev, &container));
	check("VFIO_IOMMU_MAP_DMA", call(container, VFIO_IOMMU_MAP_DMA, &dma));
}

/* Map a BAR, and find the areas that the guest can have. */
static void map_bar(struct bar *bar)
{
	int r = vfiopm_region_map(bar->region);

	if (r == -ENOENT)
		return;
	check("mapping a BAR", r);
	for (struct area *area = bar->areas; area < bar->areas + AREAS; area++) {
		r = vfiopm_region_get_guest_area(bar->region, bar->area_count, &area->offset,
						 &area->length);
		if (r == -ENOENT)
			return;
		check("finding an area of a BAR", r);
		check("finding an area of a BAR",
		      vfiopm_region_get_address(bar->region, area->offset, area->length,
						&area->memory));
		bar->area_count++;
	}
}

static void open_device(struct vmm *vmm)
{
	uint32_t flags;

	check(vmm->address, vfiopm_device_open(vmm->address, &vmm->dev));
	map_for_dma(vmm);
	check("opening the configuration space",
	      vfiopm_region_new(vmm->dev, VFIOPM_REGION_CONFIG, &vmm->config));
	for (uint32_t i = 0; i < BARS; i++) {
		struct bar *bar = &vmm->bars[i];

		check("opening a BAR", vfiopm_region_new(vmm->dev, i, &bar->region));
		check("opening a BAR", vfiopm_region_get_size(bar->region, &bar->size));
		check("reading a BAR", vfiopm_region_read(vmm->config, BAR0 + 4 * i, 4, 0, &flags));
		bar->flags = flags & 15;
		map_bar(bar);
	}
	check("passing the device through",
	      vfiopm_guest_new(vmm->dev, &guest_ops, sizeof(guest_ops), vmm, &vmm->guest));
	check("resetting the guest's function", vfiopm_guest_reset(vmm->guest));
}

static void make_machine(struct vmm *vmm)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC), size;

	check("/dev/kvm", kvm < 0 ? -errno : 0);
	check("KVM_CREATE_VM", vmm->vm = call(kvm, KVM_CREATE_VM, NULL));
	check("KVM_CREATE_IRQCHIP", call(vmm->vm, KVM_CREATE_IRQCHIP, NULL));
	check("KVM_CREATE_VCPU", vmm->vcpu = call(vmm->vm, KVM_CREATE_VCPU, NULL));
	check("KVM_GET_VCPU_MMAP_SIZE", size = call(kvm, KVM_GET_VCPU_MMAP_SIZE, NULL));
	vmm->run = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, vmm->vcpu, 0);
	check("mapping the processor", vmm->run == MAP_FAILED ? -errno : 0);
	vmm->memory =
		mmap(NULL, GUEST_MEMORY, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	check("mapping memory", vmm->memory == MAP_FAILED ? -errno : 0);
	memcpy(vmm->memory + GUEST_CODE, guest_begin, (size_t)(guest_end - guest_begin));
	check("setting the memory", set_slot(vmm, SLOT_MEMORY, 0, vmm->memory, GUEST_MEMORY));
	vmm->routes[GSI_INTX] = (struct kvm_irq_routing_entry){
		.gsi = GSI_INTX,
		.type = KVM_IRQ_ROUTING_IRQCHIP,
		.u.irqchip = { .irqchip = KVM_IRQCHIP_IOAPIC, .pin = GSI_INTX },
	};
	check("routing", route_message(vmm, GSI_WAKE, 0xfee00000, GUEST_WAKE_VECTOR));
}

/* 32-bit protected mode with flat segments. */
static void set_registers(struct vmm *vmm)
{
	struct kvm_segment flat = { .limit = UINT32_MAX, .present = 1, .db = 1, .s = 1, .g = 1 };
	struct kvm_regs regs = { .rip = GUEST_CODE, .rflags = 2 };
	struct kvm_sregs sregs;

	check("KVM_GET_SREGS", call(vmm->vcpu, KVM_GET_SREGS, &sregs));
	flat.selector = 16;
	flat.type = 3; /* data */
	sregs.ds = sregs.es = sregs.ss = flat;
	flat.selector = 8;
	flat.type = 11; /* code */
	sregs.cs = flat;
	sregs.cr0 |= 1; /* protected mode */
	check("KVM_SET_SREGS", call(vmm->vcpu, KVM_SET_SREGS, &sregs));
	check("KVM_SET_REGS", call(vmm->vcpu, KVM_SET_REGS, &regs));
}

/* The thread of events: until the processor has ended. */
static void dispatch(struct vmm *vmm)
{
	struct pollfd fds[2] = { { .fd = vfiopm_guest_get_fd(vmm->guest), .events = POLLIN },
				 { .fd = vmm->end_fd, .events = POLLIN } };

	while (!fds[1].revents) {
		int r = poll(fds, 2, 30000);

		check("waiting", r < 0 ? -errno : r == 0 ? -ETIMEDOUT : 0);
		if (fds[0].revents)
			check("dispatching", vfiopm_guest_dispatch(vmm->guest));
	}
}

int main(int argc, char **argv)
{
	static struct vmm vmm = { .lock = PTHREAD_MUTEX_INITIALIZER, .can_map = true };
	pthread_t processor;

	setvbuf(stdout, NULL, _IOLBF, 0);
	vmm.address = argc > 1 ? argv[1] : "0000:01:00.0";
	vmm.end_fd = eventfd(0, EFD_CLOEXEC);
	check("creating an eventfd", vmm.end_fd < 0 ? -errno : 0);
	make_machine(&vmm);
	set_registers(&vmm);
	open_device(&vmm);
	say("vmm:", "The device %s is in %s. I start the guest.", vmm.address,
	    vfiopm_readout_power_state_name(power_state(&vmm)));
	check("starting the processor", -pthread_create(&processor, NULL, run_processor, &vmm));
	dispatch(&vmm);
	pthread_join(processor, NULL);

	vfiopm_guest_free(vmm.guest);
	for (unsigned i = 0; i < BARS; i++)
		vfiopm_region_free(vmm.bars[i].region);
	vfiopm_region_free(vmm.config);
	vfiopm_device_free(vmm.dev);
	say("vmm:", vmm.problems ? "The story had problems." : "The story is as expected.");
	return vmm.problems ? 1 : 0;
}
