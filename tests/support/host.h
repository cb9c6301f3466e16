/* SPDX-License-Identifier: MIT */
/*
 * The host's view of the device: the attributes in its sysfs directory, which an administrator
 * reads and writes. The functions are the same for the simulator and for real kernels.
 */
#ifndef HOST_H
#define HOST_H

#include <stdbool.h>
#include <stddef.h>

/* Read an attribute of the device without its newline. Returns false if it does not exist. */
bool host_read(const char *attribute, char *ret_text, size_t size);
void host_write(const char *attribute, const char *text);

/* True if an attribute has this value. */
bool host_shows(const char *attribute, const char *value);
unsigned long host_suspended_time(void);

/* Wait at most 5 s until the device is suspended. Fail the test if it is not. */
void host_wait_suspended(void);
/* Wait as long as a suspend needs. Fail the test if the device suspends. */
void host_stays_awake(void);
/* Wait until the device is suspended. Fail the test if it is not in the testbed's deepest power
 * state, D3hot or D3cold. */
void host_sees_deep_sleep(void);

/* Resume the device from any power state, then allow it to suspend again. */
void host_wake(void);
/* Read config in sysfs, as lspci(8) does. This resumes the device from D3cold only. */
void host_read_config(void);

/* For ten seconds, call a function once per `every_ms` milliseconds; NULL calls none. Returns the
 * time that the device was suspended, in per cent. */
double host_share_asleep(unsigned every_ms, void (*call)(void *data), void *data);

/* The number of fds that this process has open. */
unsigned host_open_fds(void);

#endif
