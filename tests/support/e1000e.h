/* SPDX-License-Identifier: MIT */
/*
 * Interrupts and DMA of the lab's device, QEMU's e1000e: its driver can make it raise each interrupt
 * by a register, without DMA. These functions read and write the device fd, which resumes a suspended
 * device.
 */
#ifndef E1000E_H
#define E1000E_H

#include <stdbool.h>
#include <stdint.h>

/* Raise one of the five MSI-X vectors, or MSI or INTx, as VFIO has enabled them. */
void e1000e_fire(int device_fd, bool msix, uint32_t vector);
/* Acknowledge all interrupts: INTx falls, and the next interrupt is not merged with this one.
 * e1000e_clear() also waits until the index can be disabled. */
void e1000e_acknowledge(int device_fd);
void e1000e_clear(int device_fd);

/* Let the transmit unit fetch a descriptor at iova and write its status back. Returns true if the
 * status has arrived in page, which is mapped there. */
bool e1000e_dma(int device_fd, uint8_t *page, uint64_t iova);

#endif
