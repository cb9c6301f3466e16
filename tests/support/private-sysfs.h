/* SPDX-License-Identifier: MIT */
/*
 * A private sysfs for tests with the real libudev: a user, mount and network namespace with
 * empty file systems on /sys and /run, in which the test sends the uevents of the kernel. Root
 * and any other user can run it if user namespaces are allowed.
 */
#ifndef PRIVATE_SYSFS_H
#define PRIVATE_SYSFS_H

#include <stdbool.h>
#include <stdint.h>

/* cmocka's setup and teardown of a group and of a test. */
int sysfs_group_setup(void **state);
int sysfs_setup(void **state);
int sysfs_teardown(void **state);
#define IN_SYSFS(test) cmocka_unit_test_setup_teardown(test, sysfs_setup, sysfs_teardown)

/* Returns NULL if the private sysfs exists, else the reason for skip_because(). A test begins
 * with NEED_SYSFS(). */
const char *sysfs_is_missing(void);
#define NEED_SYSFS()                                                                               \
	do {                                                                                       \
		if (sysfs_is_missing())                                                            \
			skip_because(sysfs_is_missing());                                          \
	} while (0)

/* Create or overwrite a file, or create a link, with all missing parent directories. */
void sysfs_write(const char *path, const char *text);
void sysfs_link(const char *path, const char *target);
/* Remove a file or a whole directory. */
void sysfs_remove(const char *path);
/* Bind-mount another file or directory over an existing one. */
void sysfs_cover(const char *path, const char *with);

/* A PCI device as the kernel presents it. The device lacks what is false or NULL. */
struct sysfs_device {
	const char *address;
	const char *above;		     /* the address of the bridge above the device */
	const char *vendor, *device, *class; /* NULL: those of the lab's e1000e */
	const char *driver;
	const char *group; /* "7" */
	const char *vfio;  /* "vfio0": its entry in vfio-dev (since 6.1) */
	bool has_cdev;	   /* that entry has a device node (since 6.6) */
	bool is_old;	   /* the kernel has no power_state (before 5.11) */
};

void sysfs_add(const struct sysfs_device *device);
/* Write an attribute of a device. A NULL text removes it. */
void sysfs_attribute(const char *address, const char *file, const char *text);
/* Add a VFIO group by its name: "7", "noiommu-7". */
void sysfs_add_vfio_group(const char *name);

/* Send a uevent as the kernel sends it. */
void sysfs_uevent(const char *action, const char *devpath, const char *subsystem);

/* Start a udevd. Returns NULL, or the reason for skip_because(). */
const char *sysfs_start_udevd(void);
/* Stop the process by SIGSTOP, or continue it. */
void sysfs_hold_udevd(bool hold);
/* Terminate the udevd. */
void sysfs_stop_udevd(void);

#endif
