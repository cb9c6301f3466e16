/* SPDX-License-Identifier: MIT */
/*
 * A sysfs of the test's own, for the real libudev: a user, mount and network
 * namespace with an empty file system on /sys and on /run, and the kernel's uevents as
 * the test sends them. It works as root and as anybody else, where user namespaces
 * are allowed.
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

/* NULL: there is one; else the reason why not, for skip_because(). To be asked first. */
const char *sysfs_is_missing(void);
#define NEED_SYSFS()                                                                               \
	do {                                                                                       \
		if (sysfs_is_missing())                                                            \
			skip_because(sysfs_is_missing());                                          \
	} while (0)

/* A file and what is above it, made or changed. */
void sysfs_write(const char *path, const char *text);
void sysfs_link(const char *path, const char *target);
/* It and all that is below it. */
void sysfs_remove(const char *path);
/* Another file, or directory, in the place of one that is there: from now on. */
void sysfs_cover(const char *path, const char *with);

/* A PCI device as a kernel shows it. What is 0 or NULL it does not have. */
struct sysfs_device {
	const char *address;
	const char *above;		     /* the address of the bridge above it */
	const char *vendor, *device, *class; /* NULL: those of the lab's e1000e */
	const char *driver;
	const char *group; /* "7" */
	const char *vfio;  /* "vfio0": VFIO has it (6.1) */
	bool has_cdev;	   /* and there is a node of it (6.6) */
	bool is_old;	   /* the kernel has no power_state (5.11) */
};

void sysfs_add(const struct sysfs_device *device);
void sysfs_attribute(const char *address, const char *file, const char *text);
/* A VFIO group, by its name: "7", "noiommu-7". */
void sysfs_add_vfio_group(const char *name);

/* A uevent as the kernel sends it. */
void sysfs_uevent(const char *action, const char *devpath, const char *subsystem);

/* Start and stop a udevd; NULL if it runs, else the reason why not. */
const char *sysfs_start_udevd(void);
/* Let it do nothing from now on, or go on. */
void sysfs_hold_udevd(bool hold);
void sysfs_stop_udevd(void);

#endif
