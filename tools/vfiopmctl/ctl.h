/* SPDX-License-Identifier: MIT */
/*
 * What the files of vfiopmctl know of one another: a file for each command, and what they
 * share. See vfiopmctl(1).
 */
#ifndef CTL_H
#define CTL_H

#include <stdbool.h>
#include <stdint.h>

#include <vfiopm/discover.h>
#include <vfiopm/vfiopm.h>

struct json_object;

/* ---- main.c ---- */

/* The exit statuses; vfiopmctl(1) says what each means. */
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
	CTL_AWAKE = 9, /* doctor has found what keeps the device awake */
};

struct ctl_options {
	bool json, all, wakeup, again, open;
	int64_t for_ms; /* -1: without end */
	int64_t interval_ms;
	char *const *devices; /* device_count addresses */
	int device_count;
};

/* ---- the commands: each gives an exit status ---- */

int ctl_list(const struct ctl_options *options);
int ctl_show(const struct ctl_options *options);
int ctl_probe(const struct ctl_options *options);
int ctl_enter(const struct ctl_options *options);
int ctl_watch(const struct ctl_options *options);
int ctl_doctor(const struct ctl_options *options);

/* ---- say.c: messages and failures ---- */

/* "vfiopmctl: ..." to stderr. */
void ctl_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same of a device that could not be looked up, or opened, with what to do: the status. */
int ctl_fail_lookup(const char *address, int error);
int ctl_fail_open(const char *address, int error);

/* ---- json.c: what json-c leaves to do ---- */

/* text may be NULL, which is null. */
void ctl_json_add_text(struct json_object *object, const char *key, const char *text);
void ctl_json_add_number(struct json_object *object, const char *key, int64_t number);
void ctl_json_add_double(struct json_object *object, const char *key, double number);
void ctl_json_add_bool(struct json_object *object, const char *key, bool value);
void ctl_json_add_null(struct json_object *object, const char *key);
void ctl_json_add(struct json_object *object, const char *key, struct json_object *value);
/* Print it as a document of its own, on several lines or on one, and free it. */
void ctl_json_print(struct json_object *object);
void ctl_json_print_line(struct json_object *object);

/* ---- power.c: the power of a device, as a command shows it ---- */

/* Each is -1 where it is not known. */
struct ctl_power {
	int64_t state, status, control, d3cold_allowed, suspended_ms;
	bool gone; /* the device is not there any more */
};

struct ctl_power ctl_power_of(const struct vfiopm_discover_device *device);
/* "D3cold", "suspended", "auto"; "?" where it is not known. The status of one gone is "gone". */
const char *ctl_state_name(const struct ctl_power *power);
const char *ctl_status_name(const struct ctl_power *power);
const char *ctl_control_name(const struct ctl_power *power);
struct json_object *ctl_power_json(const struct ctl_power *power);

/* ---- show.c ---- */

struct json_object *ctl_device_json(const struct vfiopm_discover_device *device);

/* ---- signals.c ---- */

/* An fd that is readable when the command is to end; -1 with errno. */
int ctl_open_signals(void);

/* ---- time.c ---- */

int64_t ctl_now_ms(void);
/* "10s", "500ms", "5m", "2h", "10": -1 for what is no time. */
int64_t ctl_parse_time(const char *text);

#endif
