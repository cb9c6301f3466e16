/* SPDX-License-Identifier: MIT */
/*
 * A guest that counts its interrupts: a virtual machine with one GSI per MSI-X vector. In the
 * lab a virtual processor handles and counts the interrupts (nested KVM). On the simulator
 * there is no processor: the simulated KVM counts the interrupts that it asserts.
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
/* Stop the processor. Interrupts then stay pending. */
void guest_halt(struct guest *guest);

int guest_vm(const struct guest *guest);
/* The GSI of one of the first five vectors. */
uint32_t guest_gsi(uint32_t vector);
/* The number of interrupts of a vector that the guest has handled. */
unsigned guest_interrupts(const struct guest *guest, uint32_t vector);

#endif
