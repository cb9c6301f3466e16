/* SPDX-License-Identifier: MIT */
/*
 * A guest that counts its interrupts: a virtual machine whose MSI-X vectors have a GSI each.
 * In the lab a real one, by nested KVM, with a processor that handles them; with the simulator
 * what its KVM asserts.
 */
#ifndef GUEST_H
#define GUEST_H

#include <stdbool.h>
#include <stdint.h>

struct guest;

/* Fails the test if it cannot. */
struct guest *guest_start(void);
void guest_stop(struct guest *guest);

/* Set its routes again, unchanged, as a VMM does that looks no further. */
void guest_set_routes(const struct guest *guest);
/* Its processor runs no more: what it is given waits. */
void guest_halt(struct guest *guest);

int guest_vm(const struct guest *guest);
/* Of the first five vectors. */
uint32_t guest_gsi(uint32_t vector);
/* The interrupts of a vector that it has handled. */
unsigned guest_interrupts(const struct guest *guest, uint32_t vector);

#endif
