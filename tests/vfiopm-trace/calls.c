// SPDX-License-Identifier: MIT
/*
 * A program for the tests of vfiopm-trace. It knows nothing of vfiopm-trace and uses the kernel's
 * header alone. Each argument is a step; the program prints the result of each step on a line.
 *
 *   address A            the steps that follow are on this device
 *   open, cdev           open the device by its group or by its cdev; again opens another fd by the group
 *   use N, dup, close N  use the Nth device fd, a duplicate of the one in use, close one
 *   new S, same S T, close-event S, count S
 *                        a new eventfd in slot S; T is a duplicate of S; close; read the count
 *   set I V S..., bad I V, disable I, loop I V, mask, unmask, unmask-event S
 *                        SET_IRQS on index I from vector V with the eventfds of the slots; "-" is no
 *                        eventfd
 *   enter, wakeup S, exit, reset, hot-reset, info, read, write
 *   resend N MS I V S    send the same eventfd N times, MS milliseconds after each other
 *   toggle N MS I V S T  mask and unmask a vector as a VMM does: T while masked, S else
 *   figures              the second one prints how long the device was suspended since the first
 *   held                 the number of eventfds that the parent process has
 *   fork, exec           the steps that follow are those of a child, or of a new program
 *   pass                 fork; the child closes its device fd and receives that of the parent, and the
 *                        steps that follow are those of the child
 *   orphan               fork during the accesses of two threads; a signal kills the parent, and the
 *                        steps that follow are those of the child
 *   threads N            N threads that each send the eventfd of their slot to their vector 50 times
 *   raise TYPE V, fail ERRNO, suspend HOW
 *                        under vfiopm-sim: raise an interrupt, let the next SET_IRQS fail, choose when
 *                        the device suspends
 *   limit N              the limit on open files
 *   sleep MS, kill, _exit
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/vfio.h>

#include "lib/uapi.h"

#define SLOTS 64

static int slots[SLOTS], wakeup = -1;
static int devices[8], device_count, device = -1, group = -1;
static const char *address = "0000:01:00.0";

static int result(int value)
{
	return value < 0 ? -errno : value;
}

/* ---- opening ---- */

static int open_group(void)
{
	int container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	char path[64], link[256], *number;
	ssize_t length;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/iommu_group", address);
	length = readlink(path, link, sizeof(link) - 1);
	if (length < 0 || container < 0)
		return -errno;
	link[length] = '\0';
	number = strrchr(link, '/');
	snprintf(path, sizeof(path), "/dev/vfio%s", number);
	group = open(path, O_RDWR | O_CLOEXEC);
	if (group < 0 || ioctl(group, VFIO_GROUP_SET_CONTAINER, &container) < 0 ||
	    ioctl(container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU) < 0)
		return -errno;
	return 0;
}

static int add_device(int fd)
{
	if (fd < 0)
		return -errno;
	devices[device_count++] = device = fd;
	return 0;
}

static int open_device(void)
{
	int r = group < 0 ? open_group() : 0;

	return r < 0 ? r : add_device(ioctl(group, VFIO_GROUP_GET_DEVICE_FD, address));
}

static int open_cdev(void)
{
	struct vfiopm__bind_iommufd bind = { .argsz = VFIOPM__BIND_SIZE };
	int fd = open("/dev/vfio/devices/vfio0", O_RDWR | O_CLOEXEC);

	bind.iommufd = open("/dev/iommu", O_RDWR | O_CLOEXEC);
	if (fd < 0 || bind.iommufd < 0 || ioctl(fd, VFIO_DEVICE_BIND_IOMMUFD, &bind) < 0)
		return -errno;
	return add_device(fd);
}

/* ---- ioctls ---- */

static int set_irqs(int fd, uint32_t flags, uint32_t index, uint32_t start, uint32_t count,
		    const int32_t *fds)
{
	union {
		struct vfio_irq_set set;
		char bytes[sizeof(struct vfio_irq_set) + SLOTS * sizeof(int32_t)];
	} request;

	request.set = (struct vfio_irq_set){
		.argsz = (uint32_t)(sizeof(request.set) + (fds ? count * sizeof(int32_t) : 0)),
		.flags = flags,
		.index = index,
		.start = start,
		.count = count,
	};
	if (fds)
		memcpy(request.set.data, fds, count * sizeof(int32_t));
	return result(ioctl(fd, VFIO_DEVICE_SET_IRQS, &request));
}

static int set_eventfd(uint32_t index, uint32_t vector, int32_t fd)
{
	return set_irqs(device, VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER, index,
			vector, 1, &fd);
}

static int action(uint32_t what, uint32_t index, uint32_t vector, uint32_t count)
{
	return set_irqs(device, VFIO_IRQ_SET_DATA_NONE | what, index, vector, count, NULL);
}

static int feature(uint32_t number, uint32_t size, int fd)
{
	struct vfiopm__feature request = { .argsz = size,
					   .flags = VFIO_DEVICE_FEATURE_SET | number,
					   .wakeup_eventfd = fd };

	return result(ioctl(device, VFIO_DEVICE_FEATURE, &request));
}

static int enter(void)
{
	return wakeup >= 0 ? feature(VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP, 16, wakeup)
			   : feature(VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY, 8, 0);
}

static int get_info(void)
{
	struct vfio_device_info info = { .argsz = sizeof(info) };

	return result(ioctl(device, VFIO_DEVICE_GET_INFO, &info));
}

static int hot_reset(void)
{
	struct vfiopm__hot_reset request = { .argsz = 12, .count = 0 };

	request.argsz += sizeof(int32_t);
	request.count = 1;
	request.group_fds[0] = group;
	return result(ioctl(device, VFIO_DEVICE_PCI_HOT_RESET, &request));
}

/* The first bytes of configuration space. */
static int transfer(int writes)
{
	off_t offset = (off_t)VFIO_PCI_CONFIG_REGION_INDEX << 40;
	char bytes[2] = { 0 };

	return result(
		(int)(writes ? pwrite(device, bytes, 2, offset) : pread(device, bytes, 2, offset)));
}

static long take(int fd)
{
	uint64_t count = 0;

	return read(fd, &count, sizeof(count)) < 0 ? 0 : (long)count;
}

/* ---- loops, and the kernel's figures ---- */

static long attribute(const char *name, char *text, size_t size)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/power/%s", address, name);
	file = fopen(path, "re");
	if (!file || !fgets(text, (int)size, file))
		exit(99);
	fclose(file);
	return atol(text);
}

static struct {
	long calls, suspended_before, signals;
} figures;

/* A wake ends low power with wakeup. A VMM then enters it again. */
static int one_call(uint32_t index, uint32_t vector, int fd, long ms)
{
	char status[32];
	long wakes = 0;
	int r;

	usleep((useconds_t)(ms * 1000));
	attribute("runtime_status", status, sizeof(status));
	figures.calls++;
	figures.suspended_before += strncmp(status, "suspend", 7) == 0;
	r = set_eventfd(index, vector, fd);
	if (wakeup >= 0)
		wakes = take(wakeup);
	figures.signals += wakes;
	return r == 0 && wakes > 0 ? enter() : r;
}

static int loop(long count, long ms, uint32_t index, uint32_t vector, int masked, int unmasked)
{
	char text[32];
	long suspended = attribute("runtime_suspended_time", text, sizeof(text));
	long active = attribute("runtime_active_time", text, sizeof(text));
	int r = 0;

	memset(&figures, 0, sizeof(figures));
	for (long i = 0; i < count && r == 0; i++) {
		if (masked >= 0)
			r = one_call(index, vector, masked, ms);
		if (r == 0)
			r = one_call(index, vector, unmasked, ms);
	}
	suspended = attribute("runtime_suspended_time", text, sizeof(text)) - suspended;
	active = attribute("runtime_active_time", text, sizeof(text)) - active;
	printf("kernel: calls %ld asleep-before %ld signals %ld suspended %ld active %ld\n",
	       figures.calls, figures.suspended_before, figures.signals, suspended, active);
	return r;
}

static int compare_figures(void)
{
	static long before = -1;
	char text[32];
	long now = attribute("runtime_suspended_time", text, sizeof(text));

	if (before >= 0)
		printf("kernel: whole %ld\n", now - before);
	before = now;
	return 0;
}

static int count_held(void)
{
	char path[64], link[64];
	int count = 0;

	for (int i = 0; i < 1024; i++) {
		ssize_t length;

		snprintf(path, sizeof(path), "/proc/%d/fd/%d", getppid(), i);
		length = readlink(path, link, sizeof(link) - 1);
		link[length < 0 ? 0 : length] = '\0';
		count += strcmp(link, "anon_inode:[eventfd]") == 0;
	}
	return count;
}

static void *send_often(void *slot)
{
	uint32_t number = (uint32_t)(uintptr_t)slot;

	for (int i = 0; i < 50; i++) {
		if (set_eventfd(VFIO_PCI_MSIX_IRQ_INDEX, number, slots[number]) < 0)
			abort();
	}
	return NULL;
}

static int run_threads(int count)
{
	pthread_t threads[SLOTS];

	for (int i = 0; i < count; i++)
		pthread_create(&threads[i], NULL, send_often, (void *)(uintptr_t)i);
	for (int i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	return 0;
}

union fd_message {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(sizeof(int))];
};

static int send_fd(int socket, int fd)
{
	union fd_message control = { .header = { CMSG_LEN(sizeof(fd)), SOL_SOCKET, SCM_RIGHTS } };
	char nothing = 0;
	struct iovec byte = { &nothing, sizeof(nothing) };
	struct msghdr message = { .msg_iov = &byte,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control) };

	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	return result((int)sendmsg(socket, &message, 0));
}

static int receive_fd(int socket)
{
	union fd_message control;
	char bytes[1];
	struct iovec byte = { bytes, sizeof(bytes) };
	struct msghdr message = { .msg_iov = &byte,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control) };
	int fd = -1;

	if (recvmsg(socket, &message, 0) == 1 && message.msg_controllen > 0)
		memcpy(&fd, CMSG_DATA(&control.header), sizeof(fd));
	return fd;
}

static int pass_device(void)
{
	int sockets[2], status = 0;
	pid_t child;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sockets) < 0)
		return -errno;
	child = fork();
	if (child > 0) {
		send_fd(sockets[0], device);
		waitpid(child, &status, 0);
		_exit(status != 0);
	}
	close(device);
	device = receive_fd(sockets[1]);
	return device < 0 ? -EBADF : 0;
}

static void *get_regions(void *unused)
{
	struct vfio_region_info info = { .argsz = sizeof(info) };

	ioctl(device, VFIO_DEVICE_GET_REGION_INFO, &info);
	return unused;
}

/* late.c makes the access of the first thread slow, so the second one waits for the device. */
static int leave_child(void)
{
	pthread_t thread;
	pid_t parent = getpid();

	for (int i = 0; i < 2; i++) {
		pthread_create(&thread, NULL, get_regions, NULL);
		usleep(100000);
	}
	if (fork() > 0)
		raise(SIGKILL);
	while (getppid() == parent)
		usleep(1000);
	usleep(100000);
	return 0;
}

/* ---- steps ---- */

static char **words; /* of the step, after its name */

static int slot(int word)
{
	return strcmp(words[word], "-") == 0 ? -1 : slots[atoi(words[word])];
}

static uint32_t number(int word)
{
	return (uint32_t)strtoul(words[word], NULL, 10);
}

static int set_slots(int count)
{
	int32_t fds[SLOTS];

	for (int i = 2; i < count; i++)
		fds[i - 2] = slot(i);
	return set_irqs(device, VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER, number(0),
			number(1), (uint32_t)(count - 2), fds);
}

/* The new program has the number of the device fd in its environment. */
static int start_again(char **rest)
{
	char *self = realpath("/proc/self/exe", NULL), text[16], *argv[64] = { self };

	for (int i = 0; rest[i] && i < 62; i++)
		argv[i + 1] = rest[i];
	fcntl(device, F_SETFD, 0);
	snprintf(text, sizeof(text), "%d", device);
	setenv("CALLS_DEVICE", text, 1);
	fflush(stdout);
	execv(self, argv);
	return -errno;
}

static int control(const char *what, const char *first, const char *last)
{
	char command[256];

	snprintf(command, sizeof(command), "\"$VFIOPM_SIM_COMMAND\" ctl %s %s %s >/dev/null", what,
		 first, last);
	return system(command);
}

static int limit_files(uint32_t count)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = count;
	return result(setrlimit(RLIMIT_NOFILE, &limit));
}

static int open_or_close(const char *step)
{
	if (strcmp(step, "address") == 0) {
		address = words[0];
		group = -1;
		return 0;
	}
	if (strcmp(step, "open") == 0 || strcmp(step, "again") == 0)
		return open_device();
	if (strcmp(step, "cdev") == 0)
		return open_cdev();
	if (strcmp(step, "dup") == 0)
		return add_device(dup(device));
	if (strcmp(step, "use") == 0)
		return (device = devices[number(0)]) < 0;
	if (strcmp(step, "close") == 0)
		return result(close(devices[number(0)]));
	if (strcmp(step, "new") == 0)
		return (slots[number(0)] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) < 0;
	if (strcmp(step, "same") == 0)
		return (slots[number(1)] = dup(slot(0))) < 0;
	if (strcmp(step, "close-event") == 0)
		return result(close(slot(0)));
	if (strcmp(step, "count") == 0)
		return (int)take(slot(0));
	return -1000;
}

static int access_device(const char *step, int count)
{
	if (strcmp(step, "set") == 0)
		return set_slots(count);
	if (strcmp(step, "bad") == 0)
		return set_eventfd(number(0), number(1), 999);
	if (strcmp(step, "disable") == 0)
		return action(VFIO_IRQ_SET_ACTION_TRIGGER, number(0), 0, 0);
	if (strcmp(step, "loop") == 0)
		return action(VFIO_IRQ_SET_ACTION_TRIGGER, number(0), number(1), 1);
	if (strcmp(step, "unmask-event") == 0)
		return set_irqs(device, VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_UNMASK, 0,
				0, 1, (int32_t[]){ slot(0) });
	if (strcmp(step, "mask") == 0)
		return action(VFIO_IRQ_SET_ACTION_MASK, 0, 0, 1);
	if (strcmp(step, "unmask") == 0)
		return action(VFIO_IRQ_SET_ACTION_UNMASK, 0, 0, 1);
	if (strcmp(step, "wakeup") == 0)
		wakeup = slot(0);
	if (strcmp(step, "wakeup") == 0 || strcmp(step, "enter") == 0)
		return enter();
	if (strcmp(step, "exit") == 0)
		return feature(VFIO_DEVICE_FEATURE_LOW_POWER_EXIT, 8, 0);
	if (strcmp(step, "reset") == 0)
		return result(ioctl(device, VFIO_DEVICE_RESET));
	if (strcmp(step, "hot-reset") == 0)
		return hot_reset();
	if (strcmp(step, "info") == 0)
		return get_info();
	if (strcmp(step, "read") == 0 || strcmp(step, "write") == 0)
		return transfer(step[0] == 'w');
	return -1000;
}

static int other_step(const char *step)
{
	if (strcmp(step, "resend") == 0)
		return loop((long)number(0), (long)number(1), number(2), number(3), -1, slot(4));
	if (strcmp(step, "toggle") == 0)
		return loop((long)number(0), (long)number(1), number(2), number(3), slot(5),
			    slot(4));
	if (strcmp(step, "figures") == 0)
		return compare_figures();
	if (strcmp(step, "held") == 0)
		return count_held();
	if (strcmp(step, "orphan") == 0)
		return leave_child();
	if (strcmp(step, "pass") == 0)
		return pass_device();
	if (strcmp(step, "threads") == 0)
		return run_threads((int)number(0));
	if (strcmp(step, "raise") == 0)
		return control("raise", words[0], words[1]);
	if (strcmp(step, "suspend") == 0)
		return control("suspend", words[0], "");
	if (strcmp(step, "fail") == 0)
		return control("fail 1", words[0], "VFIO_DEVICE_SET_IRQS");
	if (strcmp(step, "limit") == 0)
		return limit_files(number(0));
	if (strcmp(step, "sleep") == 0)
		return usleep(number(0) * 1000);
	if (strcmp(step, "kill") == 0)
		return raise(SIGKILL);
	fprintf(stderr, "there is no step %s\n", step);
	exit(99);
}

static int run(char **argv, int count)
{
	const char *step = argv[0];
	int r;

	words = argv + 1;
	r = open_or_close(step);
	if (r == -1000)
		r = access_device(step, count - 1);
	return r == -1000 ? other_step(step) : r;
}

/* The steps are separated by the word ",". */
int main(int argc, char **argv)
{
	const char *inherited = getenv("CALLS_DEVICE");

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (inherited)
		add_device(atoi(inherited));
	for (int i = 1; i < argc;) {
		int end = i, status = 0;

		while (end < argc && strcmp(argv[end], ",") != 0)
			end++;
		if (strcmp(argv[i], "_exit") == 0)
			_exit(7);
		if (strcmp(argv[i], "exec") == 0)
			return start_again(argv + end + 1);
		if (strcmp(argv[i], "fork") == 0) {
			pid_t child = fork();

			if (child > 0) {
				waitpid(child, &status, 0);
				return status != 0;
			}
		} else {
			printf("%s = %d\n", argv[i], run(argv + i, end - i));
		}
		i = end + 1;
	}
	return 0;
}
