/* SPDX-License-Identifier: MIT */
/* The registers of the e1000e that make it raise interrupts. */
#ifndef E1000E_REGISTERS_H
#define E1000E_REGISTERS_H

#define CTRL_EXT      0x0018
#define CTRL_EXT_MSIX (UINT32_C(1) << 31)
#define ICR	      0x00c0
#define ICS	      0x00c8
#define IMS	      0x00d0
#define IVAR	      0x00e4
/* Receive queues 0 and 1 to vectors 0 and 1, transmit queues to 2 and 3, the rest to 4. */
#define IVAR_ONE_EACH UINT32_C(0x000cba98)
/* The causes of the five vectors, in ICS, IMS and ICR. */
#define CAUSE(vector) (UINT32_C(1) << (20 + (vector)))
#define ALL_CAUSES    (UINT32_C(0x1f) << 20)

#endif
