/* SPDX-License-Identifier: MIT */
/*
 * The guest of tinyvmm: a driver of the e1000e in 32-bit protected mode. The VMM copies this code
 * to GUEST_CODE and starts the processor there, with flat segments and with interrupts off. The
 * guest takes interrupts only in wait_for. The code has no absolute address of its own except
 * those that AT() computes, so the VMM can be a position-independent program.
 */
#include "tinyvmm.h"

/* The address of a label in the guest. */
#define AT(label) label - guest_begin + GUEST_CODE

/* The selectors in gdt. */
#define CODE 8
#define DATA 16

/* The local APIC. */
#define APIC_EOI      0xfee000b0
#define APIC_SPURIOUS 0xfee000f0
#define APIC_MESSAGE  0xfee00000 /* the address of an MSI for the first processor */

/* The configuration space: ports, registers, and bits. */
#define CONFIG_ADDRESS 0xcf8
#define CONFIG_DATA    0xcfc
#define COMMAND	       0x04
#define COMMAND_ON     0x406 /* memory, bus master, no INTx */
#define BAR0	       0x10
#define BAR3	       0x1c
#define CAPABILITIES   0x34
#define CAPABILITY_PM  0x01
#define CAPABILITY_MSIX 0x11
#define PM_PMC	       2
#define PM_PMCSR       4
#define PMC_PME_D3     0xc000 /* PME from D3hot and from D3cold */
#define PMCSR_D3HOT    0x0003
#define PMCSR_PME      0x0100 /* PME_En */
#define PMCSR_PME_SEEN 0x8000 /* PME_Status; writing 1 clears it */
#define MSIX_CONTROL   2
#define MSIX_ENABLE    0x8000

/* Where the guest puts the BARs. BAR3 has the MSI-X table at its start, and the PBA. */
#define REGISTERS 0xe0000000
#define TABLE	  0xe0100000
#define PBA	  (TABLE + 0x2000)

/* Registers of the e1000e. Each vector has one cause. */
#define STATUS	      (REGISTERS + 0x0008)
#define CTRL_EXT      (REGISTERS + 0x0018)
#define CTRL_EXT_MSIX 0x80000000
#define ICR	      (REGISTERS + 0x00c0)
#define ICS	      (REGISTERS + 0x00c8)
#define IMS	      (REGISTERS + 0x00d0)
#define IVAR	      (REGISTERS + 0x00e4)
#define IVAR_ONE_EACH 0x000cba98
#define FIRST_CAUSE   0x00100000
#define ALL_CAUSES    0x01f00000

#define READS  10000
#define ROUNDS 20 /* the interrupts of each vector */

/* Print a text. */
.macro say text
	call print
	.asciz "\text"
.endm

/* End the guest with the number of this line, unless the last comparison had this result. */
#define EXPECT(result)                                                                             \
	j##result 9f;                                                                              \
	mov $__LINE__, %eax;                                                                       \
	jmp end;                                                                                   \
9:

/* Announce a part of the story to the VMM. */
.macro story what
	mov $\what, %eax
	out %eax, $PORT_STORY
.endm

	.section .rodata
	.global guest_begin, guest_end
	.code32
guest_begin:
	mov $GUEST_STACK, %esp
	lgdt AT(gdt_register)
	lidt AT(idt_register)
	.irp number, 0, 1, 2, 3, 4
	mov $AT(msix_handler_\number), %eax
	mov $GUEST_FIRST_VECTOR + \number, %ebx
	call set_gate
	.endr
	mov $AT(wake_handler), %eax
	mov $GUEST_WAKE_VECTOR, %ebx
	call set_gate
	movl $0x1ff, APIC_SPURIOUS /* enables the local APIC */

	/* ---- the device and its capabilities ---- */

	mov $0, %ebx
	call config_read
	mov %eax, %ecx
	cmp $-1, %eax
	EXPECT(ne)
	say "There is a PCI device with the ID "
	movzwl %cx, %eax
	call print_hex
	say ":"
	mov %ecx, %eax
	shr $16, %eax
	call print_hex
	say ".\n"

	mov $CAPABILITY_PM, %ecx
	call find_capability
	mov %ebx, AT(pm)
	mov $CAPABILITY_MSIX, %ecx
	call find_capability
	mov %ebx, AT(msix)
	mov AT(pm), %ebx
	add $PM_PMC, %ebx
	call config_read
	and $PMC_PME_D3, %eax
	cmp $PMC_PME_D3, %eax
	EXPECT(e)
	say "Its PM capability shows PME support in D3hot and D3cold.\n"

	/* ---- the BARs ---- */

	/* A BAR that holds all ones reads as its size, negated. */
	mov $BAR0, %ebx
	mov $-1, %ecx
	call config_write
	call config_read
	and $~15, %eax
	neg %eax
	mov %eax, %ecx
	say "Its BAR0 has "
	mov %ecx, %eax
	call print_decimal
	say " bytes. I put it at "
	mov $REGISTERS, %eax
	call print_hex
	say ".\n"
	call set_bars

	story STORY_READ
	mov $READS, %ecx
	mov STATUS, %ebx
1:	mov STATUS, %eax
	cmp %ebx, %eax
	EXPECT(e)
	loop 1b
	cmp $-1, %eax
	EXPECT(ne)
	say "I read its status register "
	mov $READS, %eax
	call print_decimal
	say " times.\n"
	story STORY_HAS_READ

	/* ---- interrupts ---- */

	call set_msix
	say "I enabled its MSI-X vectors.\n"
	call fire_all
	say "I raised 20 interrupts on each vector, and handled"
	call print_counts
	story STORY_FIRED

	/* Vector 2 is masked: its interrupt is pending, and arrives with the unmask. */
	movl $1, TABLE + 16 * 2 + 12
	mov $2, %ecx
	call fire
	mov $1000, %eax
	call sleep
	cmpl $4, PBA
	EXPECT(e)
	cmpl $ROUNDS, GUEST_COUNTS + 4 * 2
	EXPECT(e)
	say "I masked vector 2 and raised its interrupt. It is pending in the PBA.\n"
	movl $0, TABLE + 16 * 2 + 12
	mov $ROUNDS + 1, %ebx
	call wait_for
	call acknowledge
	cmpl $0, PBA
	EXPECT(e)
	say "I unmasked vector 2, and its interrupt arrived.\n"
	story STORY_FIRED

	/* ---- power off ---- */

	say "I let the device send a PME, and put it into D3hot.\n"
	mov AT(pm), %ebx
	add $PM_PMCSR, %ebx
	mov $PMCSR_PME, %ecx
	call config_write_word
	mov $PMCSR_PME | PMCSR_D3HOT, %ecx
	call config_write_word
	cmpl $-1, STATUS
	EXPECT(e)
	say "I turn its power off.\n"
	xor %eax, %eax
	call set_power
	story STORY_OFF

	/* No access may wake the device, and none may end the guest. */
	cmpl $-1, STATUS
	EXPECT(e)
	movl $0, IMS
	cmpl $-1, TABLE
	EXPECT(e)
	say "I read and wrote its registers and its MSI-X table. Each read had all bits set.\n"
	mov $100, %ecx
1:	mov $0, %ebx
	call config_read
	loop 1b
	say "I read its configuration space 100 times.\n"
	story STORY_ASLEEP

	/* ---- wake and power on ---- */

	say "I halt, and wait for the wake interrupt.\n"
	story STORY_WAIT
	mov $1, %ebx
	mov $GUEST_VECTORS, %ecx
	call wait_for
	mov AT(pm), %ebx
	add $PM_PMCSR, %ebx
	call config_read
	test $PMCSR_PME_SEEN, %eax
	EXPECT(nz)
	say "The wake interrupt came, and PME_Status is set. I turn the power on.\n"
	mov $POWER_ON, %eax
	call set_power
	mov $PMCSR_PME_SEEN, %ecx /* also D0, and no further PME */
	call config_write_word
	call config_read
	test $PMCSR_PME_SEEN | PMCSR_PME | PMCSR_D3HOT, %eax
	EXPECT(z)

	/* A device that had no power has lost its registers. The host has restored the BARs. */
	mov $BAR0, %ebx
	call config_read
	and $~15, %eax
	cmp $REGISTERS, %eax
	EXPECT(e)
	cmpl $-1, STATUS
	EXPECT(ne)
	say "The device is on, and I find its BAR0 again. I restore its registers.\n"
	call set_bars
	call set_msix
	call fire_all
	say "I raised 20 more on each vector, and have handled"
	call print_counts
	story STORY_FIRED
	say "All is as expected.\n"
	xor %eax, %eax

/* End the guest. eax is the line of the source that failed, or 0. */
end:	out %eax, $PORT_END
	cli
	hlt

/* ---- the configuration space: ebx is the register, of the device ---- */

/* Set the address and leave the data port in edx. */
config_address:
	mov %ebx, %eax
	and $~3, %eax
	or $GUEST_DEVICE, %eax
	mov $CONFIG_ADDRESS, %edx
	out %eax, %dx
	mov %ebx, %edx
	and $3, %edx
	add $CONFIG_DATA, %edx
	ret

/* Read into eax what a register at any address has: 4, 2 or 1 bytes, as its alignment allows. */
config_read:
	call config_address
	xor %eax, %eax
	test $3, %ebx
	jnz 1f
	in %dx, %eax
	ret
1:	test $1, %ebx
	jnz 1f
	in %dx, %ax
	ret
1:	in %dx, %al
	ret

/* Write ecx, or its low 2 bytes. */
config_write:
	call config_address
	mov %ecx, %eax
	out %eax, %dx
	ret

config_write_word:
	call config_address
	mov %ecx, %eax
	out %ax, %dx
	ret

/* Find the capability ecx; returns its address in ebx. */
find_capability:
	mov $CAPABILITIES, %ebx
	call config_read
1:	movzbl %al, %ebx
	test %ebx, %ebx
	EXPECT(nz)
	call config_read
	cmp %cl, %al
	je 1f
	mov %ah, %al /* the pointer to the next capability */
	jmp 1b
1:	ret

/* ---- the device ---- */

/* Put BAR0 and BAR3 where the guest wants them, and enable memory. */
set_bars:
	mov $BAR0, %ebx
	mov $REGISTERS, %ecx
	call config_write
	call config_read
	and $~15, %eax
	cmp %ecx, %eax
	EXPECT(e)
	mov $BAR3, %ebx
	mov $TABLE, %ecx
	call config_write
	mov $COMMAND, %ebx
	mov $COMMAND_ON, %ecx
	jmp config_write_word

/* Fill the MSI-X table, enable MSI-X, and let each vector have one cause. */
set_msix:
	.irp number, 0, 1, 2, 3, 4
	movl $APIC_MESSAGE, TABLE + 16 * \number
	movl $0, TABLE + 16 * \number + 4
	movl $GUEST_FIRST_VECTOR + \number, TABLE + 16 * \number + 8
	movl $0, TABLE + 16 * \number + 12 /* not masked */
	.endr
	mov AT(msix), %ebx
	add $MSIX_CONTROL, %ebx
	mov $MSIX_ENABLE, %ecx
	call config_write_word
	orl $CTRL_EXT_MSIX, CTRL_EXT
	movl $IVAR_ONE_EACH, IVAR
	ret

/* Raise the interrupt of vector ecx. */
fire:	movl $ALL_CAUSES, IMS
	mov $FIRST_CAUSE, %eax
	shl %cl, %eax
	mov %eax, ICS
	ret

/* Clear the causes. QEMU 7.2 doubles an interrupt that follows another within 130 us. */
acknowledge:
	mov ICR, %eax
	movl $-1, ICR
	mov $300, %eax
sleep:	out %eax, $PORT_SLEEP
	ret

/* Raise ROUNDS interrupts on each vector, and handle each before the next. */
fire_all:
	mov $ROUNDS, %edi
1:	xor %ecx, %ecx
2:	mov GUEST_COUNTS(, %ecx, 4), %ebx
	inc %ebx
	call fire
	call wait_for
	call acknowledge
	inc %ecx
	cmp $GUEST_VECTORS, %ecx
	jne 2b
	dec %edi
	jnz 1b
	ret

/* Wait until the count of vector ecx is ebx. The next interrupt can come only in hlt. */
wait_for:
	cmp %ebx, GUEST_COUNTS(, %ecx, 4)
	jae 1f
	sti
	hlt
	cli
	jmp wait_for
1:	EXPECT(e)
	ret

/* Call the power resource with eax, and wait until the power has changed. */
set_power:
	mov %eax, %ecx
	out %al, $PORT_POWER
1:	mov $1000, %eax
	call sleep
	in $PORT_POWER, %al
	test $POWER_BUSY, %al
	jnz 1b
	cmp %cl, %al
	EXPECT(e)
	ret

/* ---- interrupt handlers ---- */

	.irp number, 0, 1, 2, 3, 4
msix_handler_\number:
	incl GUEST_COUNTS + 4 * \number
	movl $0, APIC_EOI
	iret
	.endr

wake_handler:
	incl GUEST_COUNTS + 4 * GUEST_VECTORS
	movl $0, APIC_EOI
	iret

/* Let the interrupt vector ebx run the handler eax, with interrupts off. */
set_gate:
	mov %ax, GUEST_IDT(, %ebx, 8)
	movw $CODE, GUEST_IDT + 2(, %ebx, 8)
	movw $0x8e00, GUEST_IDT + 4(, %ebx, 8)
	ret

/* ---- output ---- */

/* Print the text after the call instruction, and return to the instruction after the text. */
print:	pop %esi
1:	lodsb
	test %al, %al
	jz 1f
	out %al, $PORT_CONSOLE
	jmp 1b
1:	jmp *%esi

/* Print eax. */
print_hex:
	mov $16, %ebx
	jmp print_number
print_decimal:
	mov $10, %ebx
print_number:
	xor %edx, %edx
	div %ebx
	push %edx
	test %eax, %eax
	jz 1f
	call print_number
1:	pop %eax
	mov AT(digits)(%eax), %al
	out %al, $PORT_CONSOLE
	ret

/* Print the counts of the MSI-X vectors, and the end of the line. */
print_counts:
	xor %ecx, %ecx
1:	say " "
	mov GUEST_COUNTS(, %ecx, 4), %eax
	call print_decimal
	inc %ecx
	cmp $GUEST_VECTORS, %ecx
	jne 1b
	say ".\n"
	ret

/* ---- data ---- */

digits: .ascii "0123456789abcdef"
	.balign 8
gdt:	.quad 0
	.quad 0x00cf9b000000ffff /* CODE: 32 bits, base 0, limit 4 GiB */
	.quad 0x00cf93000000ffff /* DATA */
gdt_register:
	.word 23
	.long AT(gdt)
idt_register:
	.word 0x7ff
	.long GUEST_IDT
	.balign 4
pm:	.long 0
msix:	.long 0
guest_end:

	.section .note.GNU-stack, "", %progbits
