/* SPDX-License-Identifier: MIT */
/*
 * The lab's device, as far as it raises interrupts: QEMU's e1000e, which does so on its
 * driver's wish, without DMA. It is reached by reads and writes on the device fd, which
 * wake a sleeping device.
 */
#ifndef E1000E_H
#define E1000E_H

#include <stdbool.h>
#include <stdint.h>

/* Raise one of the five MSI-X vectors, or MSI or INTx, as VFIO has enabled them. */
void e1000e_fire(int device_fd, bool msix, uint32_t vector);
/* Acknowledge all: INTx falls, and the next is not merged with it. The latter also waits until
 * the index may be disabled. */
void e1000e_acknowledge(int device_fd);
void e1000e_clear(int device_fd);

#endif
