/* SPDX-License-Identifier: MIT */
/*
 * A guest that counts its interrupts: a virtual machine with one GSI per MSI-X vector, and one for
 * INTx. In the lab a virtual processor handles and counts the interrupts (nested KVM). On the
 * simulator there is no processor: the simulated KVM counts the interrupts that it asserts.
 */
#ifndef GUEST_H
#define GUEST_H

#include <stdbool.h>
#include <stdint.h>

struct guest;

/* Fail the test if the guest cannot start. */
struct guest *guest_start(void);
void guest_stop(struct guest *guest);

/* Set the unchanged GSI routes again, as a VMM does that does not compare them. */
void guest_set_routes(const struct guest *guest);
/* Make the GSI of a vector deliver this message. */
void guest_set_route(struct guest *guest, uint32_t vector, uint64_t address, uint32_t message);
/* The message that the guest counts as an interrupt of this vector. */
#define GUEST_ADDRESS	      UINT64_C(0xfee00000)
#define GUEST_MESSAGE(vector) (UINT32_C(0x30) + (vector))
/* The number of INTx in the functions below. Its GSI is level-triggered: KVM deasserts the GSI and
 * signals the resample eventfd when the processor ends the interrupt. */
#define GUEST_INTX 5
/* Stop the processor. Interrupts then stay pending. */
void guest_halt(struct guest *guest);

int guest_vm(const struct guest *guest);
/* The GSI of one of the first five vectors, or of INTx. */
uint32_t guest_gsi(uint32_t vector);
/* The number of interrupts of a vector that the guest has handled. */
unsigned guest_interrupts(const struct guest *guest, uint32_t vector);

#endif
