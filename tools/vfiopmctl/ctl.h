/* SPDX-License-Identifier: MIT */
/*
 * The internal interfaces of vfiopmctl: one file for each command, and the files that the
 * commands share. See vfiopmctl(1).
 */
#ifndef CTL_H
#define CTL_H

#include <stdbool.h>
#include <stdint.h>

#include <vfiopm/discover.h>
#include <vfiopm/vfiopm.h>

struct json_object;

/* ---- main.c ---- */

/* The exit statuses. vfiopmctl(1) describes them. */
enum ctl_status {
	CTL_OK = 0,
	CTL_FAILED = 1,
	CTL_USAGE = 2,
	CTL_NO_DEVICE = 3,
	CTL_NO_PERMISSION = 4,
	CTL_NOT_VFIO = 5,
	CTL_NO_IOMMU = 6,
	CTL_NO_FEATURE = 7,
	CTL_BUSY = 8,
	CTL_AWAKE = 9, /* doctor: D3cold is blocked, or the device is awake */
	CTL_NO_SYSFS = 10,
};

struct ctl_options {
	bool json, all, wakeup, again, open;
	int64_t for_ms; /* -1: no limit */
	int64_t interval_ms;
	char *const *devices; /* device_count addresses */
	int device_count;
};

/* ---- the commands; each returns an exit status ---- */

int ctl_list(const struct ctl_options *options);
int ctl_show(const struct ctl_options *options);
int ctl_probe(const struct ctl_options *options);
int ctl_enter(const struct ctl_options *options);
int ctl_watch(const struct ctl_options *options);
int ctl_doctor(const struct ctl_options *options);

/* ---- say.c: messages ---- */

/* Print "vfiopmctl: ..." and a newline to standard error. */
void ctl_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* text in quotes, with every byte escaped that is not printable ASCII. A long text is cut. The
 * next call overwrites the result. */
const char *ctl_quote(const char *text);

/* ---- failure.c: what a failure means; each prints a message and returns an exit status ---- */

/* Of vfiopm_discover_device_new(). */
int ctl_fail_lookup(const char *address, int error);
/* Of vfiopm_discover_list_new(). */
int ctl_fail_list(int error);
/* Of vfiopm_device_open(). */
int ctl_fail_open(const char *address, int error);
/* A list is empty: CTL_OK, or the status that says why sysfs could not be read. */
int ctl_report_no_devices(bool all);

/* ---- json.c: additions to json-c ---- */

/* A text that is NULL becomes null. */
void ctl_json_add_text(struct json_object *object, const char *key, const char *text);
void ctl_json_add_number(struct json_object *object, const char *key, int64_t number);
void ctl_json_add_double(struct json_object *object, const char *key, double number);
void ctl_json_add_bool(struct json_object *object, const char *key, bool value);
void ctl_json_add_null(struct json_object *object, const char *key);
void ctl_json_add(struct json_object *object, const char *key, struct json_object *value);
/* Print and free a document: on several lines, or on one line. */
void ctl_json_print(struct json_object *object);
void ctl_json_print_line(struct json_object *object);

/* ---- power.c: the power of a device ---- */

/* A value is -1 if it is unknown. */
struct ctl_power {
	int64_t state, status, control, d3cold_allowed, suspended_ms;
	bool gone; /* the device has been removed */
};

struct ctl_power ctl_power_of(const struct vfiopm_discover_device *device);
/* "D3cold", "suspended", "auto"; "?" if unknown. The status of a removed device is "gone". */
const char *ctl_state_name(const struct ctl_power *power);
const char *ctl_status_name(const struct ctl_power *power);
const char *ctl_control_name(const struct ctl_power *power);
struct json_object *ctl_power_json(const struct ctl_power *power);

/* ---- show.c ---- */

struct json_object *ctl_device_json(const struct vfiopm_discover_device *device);

/* ---- signals.c ---- */

/* An fd that becomes readable when the command is to end, or -1 with errno. */
int ctl_open_signals(void);

/* ---- time.c ---- */

#define CTL_MAX_TIME_MS (INT64_C(366) * 24 * 3600 * 1000)

int64_t ctl_now_ms(void);
/* Milliseconds of "0.5s", "500ms", "5m", "2h" or "10"; -1 if the text is not a time, or is more
 * than CTL_MAX_TIME_MS. */
int64_t ctl_parse_time(const char *text);

#endif
