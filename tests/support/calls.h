/* SPDX-License-Identifier: MIT */
/* The system calls and allocations that the simulator has recorded. */
#ifndef CALLS_H
#define CALLS_H

/* The index of the call number nth, from 0 on, of this name among the calls recorded last. Fail
 * the test if there is none. */
unsigned calls_find(unsigned count, const char *name, unsigned nth);

#endif
