// SPDX-License-Identifier: MIT
/* A private sysfs and a private udevd, in namespaces. */
#define _GNU_SOURCE
#include "private-sysfs.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/netlink.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

static const char *missing;
static pid_t udevd;

/* ---- files ---- */

static void make_parents(const char *path)
{
	char parent[512];

	for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		snprintf(parent, sizeof(parent), "%.*s", (int)(slash - path), path);
		assert_true(mkdir(parent, 0755) == 0 || errno == EEXIST);
	}
}

static bool write_file(const char *path, const char *text, int flags)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | flags, 0644);
	bool done;

	if (fd < 0)
		return false;
	done = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	close(fd);
	return done;
}

void sysfs_write(const char *path, const char *text)
{
	make_parents(path);
	assert_true(write_file(path, text, O_CREAT | O_TRUNC));
}

void sysfs_link(const char *path, const char *target)
{
	make_parents(path);
	assert_int_equal(symlink(target, path), 0);
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	(void)status;
	(void)type;
	(void)ftw;
	return remove(path);
}

void sysfs_remove(const char *path)
{
	assert_int_equal(nftw(path, remove_entry, 8, FTW_DEPTH | FTW_PHYS), 0);
}

void sysfs_cover(const char *path, const char *with)
{
	assert_int_equal(mount(with, path, NULL, MS_BIND, NULL), 0);
}

/* ---- namespaces ---- */

static bool enter_namespaces(void)
{
	char uids[64], gids[64];

	snprintf(uids, sizeof(uids), "0 %u 1", (unsigned)geteuid());
	snprintf(gids, sizeof(gids), "0 %u 1", (unsigned)getegid());
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET) < 0)
		return false;
	return write_file("/proc/self/setgroups", "deny", 0) &&
	       write_file("/proc/self/uid_map", uids, 0) &&
	       write_file("/proc/self/gid_map", gids, 0) &&
	       mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

int sysfs_group_setup(void **state)
{
	(void)state;
	if (!enter_namespaces())
		missing = "user namespaces are not allowed here";
	/* libudev offers this variable for tests: /sys can then be a file system other than
	 * sysfs. */
	return setenv("SYSTEMD_DEVICE_VERIFY_SYSFS", "0", 1);
}

const char *sysfs_is_missing(void)
{
	return missing;
}

static int mount_empty(const char *path)
{
	return mount("none", path, "tmpfs", 0, "mode=755");
}

int sysfs_setup(void **state)
{
	(void)state;
	if (missing)
		return 0;
	if (mount_empty("/sys") < 0 || mount_empty("/run") < 0)
		return -1;
	return mkdir("/sys/class", 0755) | mkdir("/sys/class/vfio-dev", 0755) |
	       mkdir("/sys/bus", 0755) | mkdir("/sys/bus/pci", 0755) |
	       mkdir("/sys/bus/pci/devices", 0755);
}

int sysfs_teardown(void **state)
{
	(void)state;
	if (missing)
		return 0;
	sysfs_stop_udevd();
	return umount2("/sys", MNT_DETACH) | umount2("/run", MNT_DETACH);
}

/* ---- devices ---- */

static void device_path(const struct sysfs_device *device, const char *file, char *ret, size_t size)
{
	snprintf(ret, size, "/sys/devices/pci0000:00/%s%s%s%s", device->above ? device->above : "",
		 device->above ? "/" : "", device->address, file);
}

static void add_file(const struct sysfs_device *device, const char *file, const char *text)
{
	char path[512];

	device_path(device, file, path, sizeof(path));
	sysfs_write(path, text);
}

static void add_link(const struct sysfs_device *device, const char *file, const char *target)
{
	char path[512];

	device_path(device, file, path, sizeof(path));
	sysfs_link(path, target);
}

static void add_numbers(const struct sysfs_device *device)
{
	const char *vendor = device->vendor ? device->vendor : "0x8086";
	const char *number = device->device ? device->device : "0x10d3";
	const char *class = device->class ? device->class : "0x020000";
	char text[256];

	snprintf(text, sizeof(text), "%s\n", vendor);
	add_file(device, "/vendor", text);
	snprintf(text, sizeof(text), "%s\n", number);
	add_file(device, "/device", text);
	snprintf(text, sizeof(text), "%s\n", class);
	add_file(device, "/class", text);
	snprintf(text, sizeof(text), "pci:v%08lXd%08lXsv00008086sd00000000bc02sc00i00\n",
		 strtoul(vendor, NULL, 16), strtoul(number, NULL, 16));
	add_file(device, "/modalias", text);
	snprintf(text, sizeof(text), "PCI_SLOT_NAME=%s\n", device->address);
	add_file(device, "/uevent", text);
}

static void add_power(const struct sysfs_device *device)
{
	if (!device->is_old)
		add_file(device, "/power_state", "D0\n");
	add_file(device, "/d3cold_allowed", "1\n");
	add_file(device, "/power/runtime_status", "active\n");
	add_file(device, "/power/runtime_suspended_time", "0\n");
	add_file(device, "/power/control", "auto\n");
}

static void add_to_group(const struct sysfs_device *device)
{
	char path[512], member[512];

	snprintf(path, sizeof(path), "/sys/kernel/iommu_groups/%s", device->group);
	add_link(device, "/iommu_group", path);
	device_path(device, "", path, sizeof(path));
	snprintf(member, sizeof(member), "/sys/kernel/iommu_groups/%s/devices/%s", device->group,
		 device->address);
	sysfs_link(member, path);
}

static void add_vfio(const struct sysfs_device *device)
{
	char file[64], path[512], entry[512], text[128] = "";

	snprintf(file, sizeof(file), "/vfio-dev/%s/uevent", device->vfio);
	if (device->has_cdev)
		snprintf(text, sizeof(text), "MAJOR=246\nMINOR=0\nDEVNAME=vfio/devices/%s\n",
			 device->vfio);
	add_file(device, file, text);
	snprintf(file, sizeof(file), "/vfio-dev/%s/subsystem", device->vfio);
	add_link(device, file, "/sys/class/vfio-dev");
	snprintf(file, sizeof(file), "/vfio-dev/%s", device->vfio);
	device_path(device, file, path, sizeof(path));
	snprintf(entry, sizeof(entry), "/sys/class/vfio-dev/%s", device->vfio);
	sysfs_link(entry, path);
}

void sysfs_add(const struct sysfs_device *device)
{
	char path[512], entry[512];

	add_numbers(device);
	add_power(device);
	add_link(device, "/subsystem", "/sys/bus/pci");
	device_path(device, "", path, sizeof(path));
	snprintf(entry, sizeof(entry), "/sys/bus/pci/devices/%s", device->address);
	sysfs_link(entry, path);
	if (device->driver) {
		snprintf(path, sizeof(path), "../../../bus/pci/drivers/%s", device->driver);
		add_link(device, "/driver", path);
	}
	if (device->group)
		add_to_group(device);
	if (device->vfio)
		add_vfio(device);
}

void sysfs_attribute(const char *address, const char *file, const char *text)
{
	char path[512];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/%s", address, file);
	if (text)
		sysfs_write(path, text);
	else
		sysfs_remove(path);
}

void sysfs_add_vfio_group(const char *name)
{
	char path[512], entry[512], text[128];

	snprintf(path, sizeof(path), "/sys/devices/virtual/vfio/%s/uevent", name);
	snprintf(text, sizeof(text), "MAJOR=245\nMINOR=0\nDEVNAME=vfio/%s\n", name);
	sysfs_write(path, text);
	snprintf(path, sizeof(path), "/sys/devices/virtual/vfio/%s/subsystem", name);
	sysfs_link(path, "/sys/class/vfio");
	snprintf(path, sizeof(path), "/sys/devices/virtual/vfio/%s", name);
	snprintf(entry, sizeof(entry), "/sys/class/vfio/%s", name);
	sysfs_link(entry, path);
}

/* ---- uevents ---- */

/* The owner of a network namespace can send uevents to it. They arrive as uevents of the kernel
 * (lib/kobject_uevent.c, uevent_net_rcv_skb(), since 4.18). */
void sysfs_uevent(const char *action, const char *devpath, const char *subsystem)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	struct nlmsghdr header = { .nlmsg_type = NLMSG_MIN_TYPE, .nlmsg_flags = NLM_F_REQUEST };
	char message[2048];
	size_t at = sizeof(header);
	int fd;

	at += (size_t)sprintf(message + at, "%s@%s", action, devpath) + 1;
	at += (size_t)sprintf(message + at, "ACTION=%s", action) + 1;
	at += (size_t)sprintf(message + at, "DEVPATH=%s", devpath) + 1;
	at += (size_t)sprintf(message + at, "SUBSYSTEM=%s", subsystem) + 1;
	header.nlmsg_len = (uint32_t)at;
	memcpy(message, &header, sizeof(header));

	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);
	assert_true(fd >= 0);
	assert_int_equal(sendto(fd, message, at, 0, (struct sockaddr *)&kernel, sizeof(kernel)),
			 at);
	close(fd);
}

/* ---- udevd ---- */

static const char *find_udevd(void)
{
	static const char *const paths[] = { "/usr/lib/systemd/systemd-udevd",
					     "/lib/systemd/systemd-udevd" };

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		if (access(paths[i], X_OK) == 0)
			return paths[i];
	}
	return NULL;
}

/* Hide the rules and the device nodes of this machine from udevd, except /dev/null. */
static void hide_machine(void)
{
	static const char *const directories[] = { "/dev", "/etc/udev", "/usr/lib/udev/rules.d",
						   "/lib/udev/rules.d" };

	sysfs_write("/run/null", "");
	sysfs_cover("/run/null", "/dev/null");
	for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++)
		assert_true(mount_empty(directories[i]) == 0 || errno == ENOENT);
	sysfs_write("/dev/null", "");
	sysfs_cover("/dev/null", "/run/null");
}

static void become_udevd(const char *path)
{
	int null;

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	/* The test still needs the files that are hidden from udevd. */
	if (unshare(CLONE_NEWNS) < 0)
		_exit(1);
	hide_machine();
	null = open("/dev/null", O_RDWR);
	dup2(null, 0);
	dup2(null, 1);
	dup2(null, 2);
	execl(path, path, (char *)NULL);
	_exit(1);
}

const char *sysfs_start_udevd(void)
{
	const char *path = find_udevd();

	if (!path)
		return "there is no systemd-udevd here";
	udevd = fork();
	assert_true(udevd >= 0);
	if (udevd == 0)
		become_udevd(path);
	for (int i = 0; i < 500; i++) {
		if (access("/run/udev/control", F_OK) == 0)
			return NULL;
		usleep(10000);
	}
	fail_msg("udevd does not start");
	return NULL;
}

void sysfs_hold_udevd(bool hold)
{
	assert_int_equal(kill(udevd, hold ? SIGSTOP : SIGCONT), 0);
}

void sysfs_stop_udevd(void)
{
	if (udevd > 0) {
		kill(udevd, SIGTERM);
		kill(udevd, SIGCONT);
		waitpid(udevd, NULL, 0);
	}
	udevd = 0;
}
