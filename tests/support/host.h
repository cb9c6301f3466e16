/* SPDX-License-Identifier: MIT */
/*
 * What an administrator of the host reads and writes in the device's sysfs directory. These
 * functions work in the same way on the simulator and on real kernels.
 */
#ifndef HOST_H
#define HOST_H

#include <stdbool.h>
#include <stddef.h>

/* An attribute of the device without its newline; false if there is none. */
bool host_read(const char *attribute, char *ret_text, size_t size);
void host_write(const char *attribute, const char *text);

/* Does an attribute have this value? */
bool host_shows(const char *attribute, const char *value);
unsigned long host_suspended_time(void);

/* Wait until the device is suspended, 5 s at most; fail the test if it does not. */
void host_wait_suspended(void);
/* Fail the test if the device, given the time, falls asleep. */
void host_stays_awake(void);
/* The state in which a suspended device is to be. */
void host_sees_deep_sleep(void);

/* Resume the device, from any power state, and let it be suspended again. */
void host_wake(void);
/* What lspci(8) does: resumes the device from D3cold, and from nothing else. */
void host_read_config(void);

/* For ten seconds, and every so many milliseconds, this is called (nothing, if it is NULL): the
 * share of them that the device was suspended, in per cent. */
double host_share_asleep(unsigned every_ms, void (*call)(void *data), void *data);

/* The fds that this process has open. */
unsigned host_open_fds(void);

#endif
