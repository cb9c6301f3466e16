// SPDX-License-Identifier: MIT
/*
 * The guest in the lab: a KVM virtual machine with one processor in real mode. The processor
 * halts, handles the interrupts of five vectors and of INTx, and counts them in the guest's memory.
 */
#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/kvm.h>

#include "test.h"

#define GSI_FIRST 32
#define VECTORS	  5
/* INTx has the handler and the GSI after those of the vectors, and this pin of the I/O APIC. */
#define HANDLERS  (VECTORS + 1)
#define INTX_PIN  10
#define RTE_LEVEL (UINT64_C(1) << 15)

/* The layout of the guest's memory. */
#define MEMORY_SIZE 0x10000
#define CODE	    0x1000
#define COUNTERS    0x2000
#define READY	    0x3000
#define STACK	    0x8000

/* The address of the local APIC. The segment register es has this base. */
#define APIC_BASE 0xfee00000

/* Offsets in the local APIC: 0xf0 is the spurious interrupt vector register, which has the
 * enable bit; 0xb0 is EOI. Each handler is 32 bytes long. */
__asm__(".pushsection .rodata\n"
	".code16\n"
	"guest_code:\n"
	"	movl $0x1ff, %es:0xf0\n"
	"	movl $1, 0x3000\n"
	"	sti\n"
	"1:	hlt\n"
	"	jmp 1b\n"
	"	.balign 32\n"
	"guest_handlers:\n"
	"	.irp vector, 0, 1, 2, 3, 4, 5\n"
	"	lock incl (0x2000 + 4 * \\vector)\n"
	"	movl $0, %es:0xb0\n"
	"	iret\n"
	"	.balign 32\n"
	"	.endr\n"
	"guest_code_end:\n"
	".code64\n"
	".popsection\n");

extern const char guest_code[], guest_handlers[], guest_code_end[];

struct routes {
	struct kvm_irq_routing head;
	struct kvm_irq_routing_entry entries[HANDLERS];
};

struct guest {
	struct routes routes;
	int kvm, vm, vcpu;
	struct kvm_run *run;
	size_t run_size;
	char *memory;
	pthread_t thread;
	atomic_bool stopping;
};

static int call(int fd, unsigned long request, void *arg)
{
	int r = ioctl(fd, request, arg);

	if (r < 0)
		fail_msg("KVM ioctl 0x%lx: %s", request, strerror(errno));
	return r;
}

static void fill_memory(struct guest *guest)
{
	struct kvm_userspace_memory_region region = { .memory_size = MEMORY_SIZE };
	size_t first = (size_t)(guest_handlers - guest_code);

	guest->memory =
		mmap(NULL, MEMORY_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(guest->memory, MAP_FAILED);
	memcpy(guest->memory + CODE, guest_code, (size_t)(guest_code_end - guest_code));
	for (unsigned i = 0; i < HANDLERS; i++) {
		uint16_t entry[2] = { (uint16_t)(CODE + first + 32 * i), 0 };

		memcpy(guest->memory + sizeof(entry) * GUEST_MESSAGE(i), entry, sizeof(entry));
	}
	region.userspace_addr = (uintptr_t)guest->memory;
	call(guest->vm, KVM_SET_USER_MEMORY_REGION, &region);
}

void guest_set_routes(const struct guest *guest)
{
	struct routes routes = guest->routes;

	call(guest->vm, KVM_SET_GSI_ROUTING, &routes);
}

void guest_set_route(struct guest *guest, uint32_t vector, uint64_t address, uint32_t message)
{
	struct kvm_irq_routing_entry *entry = &guest->routes.entries[vector];

	assert_in_range(vector, 0, VECTORS - 1);
	entry->u.msi.address_hi = (uint32_t)(address >> 32);
	entry->u.msi.address_lo = (uint32_t)address;
	entry->u.msi.data = message;
	guest_set_routes(guest);
}

static void fill_routes(struct guest *guest)
{
	guest->routes.head.nr = HANDLERS;
	for (unsigned i = 0; i < VECTORS; i++)
		guest->routes.entries[i] = (struct kvm_irq_routing_entry){
			.gsi = GSI_FIRST + i,
			.type = KVM_IRQ_ROUTING_MSI,
			.u.msi = { .address_lo = (uint32_t)GUEST_ADDRESS,
				   .data = GUEST_MESSAGE(i) },
		};
	guest->routes.entries[GUEST_INTX] = (struct kvm_irq_routing_entry){
		.gsi = GSI_FIRST + GUEST_INTX,
		.type = KVM_IRQ_ROUTING_IRQCHIP,
		.u.irqchip = { .irqchip = KVM_IRQCHIP_IOAPIC, .pin = INTX_PIN },
	};
	guest_set_routes(guest);
}

/* The guest's firmware would program the I/O APIC. */
static void set_intx_pin(const struct guest *guest)
{
	struct kvm_irqchip chip = { .chip_id = KVM_IRQCHIP_IOAPIC };

	call(guest->vm, KVM_GET_IRQCHIP, &chip);
	chip.chip.ioapic.redirtbl[INTX_PIN].bits = GUEST_MESSAGE(GUEST_INTX) | RTE_LEVEL;
	call(guest->vm, KVM_SET_IRQCHIP, &chip);
}

static void set_registers(const struct guest *guest)
{
	struct kvm_sregs sregs;
	struct kvm_regs regs = { .rip = CODE, .rsp = STACK, .rflags = 2 };

	call(guest->vcpu, KVM_GET_SREGS, &sregs);
	sregs.cs.base = sregs.cs.selector = 0;
	sregs.es.base = APIC_BASE;
	sregs.es.selector = 0;
	call(guest->vcpu, KVM_SET_SREGS, &sregs);
	call(guest->vcpu, KVM_SET_REGS, &regs);
}

/* A processor drops interrupts until its local APIC is enabled. */
static void wait_ready(const struct guest *guest)
{
	const _Atomic uint32_t *ready = (const void *)(guest->memory + READY);

	for (int i = 0; i < 5000 && !*ready; i++)
		usleep(1000);
	if (!*ready)
		fail_msg("the guest does not run");
}

static void interrupt_run(int number)
{
	(void)number;
}

/* KVM handles the halt itself. KVM_RUN returns only if it is interrupted or fails. */
static void *run_processor(void *data)
{
	struct guest *guest = data;

	while (!guest->stopping) {
		if (ioctl(guest->vcpu, KVM_RUN, 0) == 0 || errno != EINTR)
			return guest;
	}
	return NULL;
}

struct guest *guest_start(void)
{
	struct guest *guest = calloc(1, sizeof(*guest));
	struct sigaction action = { .sa_handler = interrupt_run };

	assert_non_null(guest);
	guest->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (guest->kvm < 0)
		fail_msg("/dev/kvm: %s (run this program with tests/lab/run --kvm)",
			 strerror(errno));
	guest->vm = call(guest->kvm, KVM_CREATE_VM, 0);
	call(guest->vm, KVM_CREATE_IRQCHIP, 0);
	guest->vcpu = call(guest->vm, KVM_CREATE_VCPU, 0);
	guest->run_size = (size_t)call(guest->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	guest->run =
		mmap(NULL, guest->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, guest->vcpu, 0);
	assert_ptr_not_equal(guest->run, MAP_FAILED);
	fill_memory(guest);
	fill_routes(guest);
	set_intx_pin(guest);
	set_registers(guest);
	sigaction(SIGUSR1, &action, NULL);
	expect_ok(pthread_create(&guest->thread, NULL, run_processor, guest));
	wait_ready(guest);
	return guest;
}

void guest_halt(struct guest *guest)
{
	void *failed;

	if (guest->stopping)
		return;
	guest->stopping = true;
	guest->run->immediate_exit = 1;
	pthread_kill(guest->thread, SIGUSR1);
	expect_ok(pthread_join(guest->thread, &failed));
	if (failed)
		fail_msg("the guest's processor stopped, exit reason %u", guest->run->exit_reason);
}

void guest_stop(struct guest *guest)
{
	guest_halt(guest);
	munmap(guest->run, guest->run_size);
	munmap(guest->memory, MEMORY_SIZE);
	close(guest->vcpu);
	close(guest->vm);
	close(guest->kvm);
	free(guest);
}

int guest_vm(const struct guest *guest)
{
	return guest->vm;
}

uint32_t guest_gsi(uint32_t vector)
{
	return GSI_FIRST + vector;
}

unsigned guest_interrupts(const struct guest *guest, uint32_t vector)
{
	const _Atomic uint32_t *counters = (const void *)(guest->memory + COUNTERS);

	return counters[vector];
}
