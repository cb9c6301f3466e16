// SPDX-License-Identifier: MIT
/*
 * vfiopm-sim runs a program with simulated VFIO devices. This process has the model of the devices,
 * and serves the calls that the preloaded object (../preload) passes on. The program is its child.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server.h"

const char command_name[] = "vfiopm-sim";

static char directory[SIM_PATH_MAX];

/* ---- the command line ---- */

struct options {
	const char *control; /* an additional path of the control socket */
	const char *devices[SIM_DEVICES];
	int device_count;
	char **program;
};

static const char *const profiles[][2] = {
	{ "5.10", "5.10" }, { "6.1", "6.1" },
	{ "6.12", "6.12" }, { "6.12-iommufd", "6.12-iommufd" },
	{ "7", "7" },	    { "7.x", "7" },
	{ "v2", "v2" },	    { "v3", "v3" },
	{ "v4", "v4" },
};

static void usage(FILE *to)
{
	fprintf(to,
		"Usage: vfiopm-sim [--profile KERNEL] [--device FILE]... [--control SOCKET]\n"
		"                  [--] PROGRAM [ARGUMENT]...\n"
		"       vfiopm-sim ctl [--control SOCKET] COMMAND [ARGUMENT]...\n"
		"  Runs PROGRAM with simulated VFIO devices in place of /dev/vfio, /dev/iommu\n"
		"  and the PCI devices in /sys.\n"
		"  --profile KERNEL  5.10, 6.1, 6.12, 6.12-iommufd or 7.x; or the low-power\n"
		"                    patches v2, v3 or v4. The default is 6.12.\n"
		"  --device FILE     the description of a device: a path, or e1000e (default)\n"
		"                    or nvme\n"
		"  --control SOCKET  the path of the control socket\n"
		"  ctl COMMAND       devices, state, counts, log, wake, raise, suspend, fail or\n"
		"                    reset; see vfiopm-sim(1)\n"
		"  --help, --version\n");
}

static void choose_profile(const char *name)
{
	for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++) {
		if (strcmp(profiles[i][0], name) == 0) {
			setenv("VFIOPM_SIM_KERNEL", profiles[i][1], 1);
			return;
		}
	}
	die("there is no profile '%s'; see: vfiopm-sim --help", name);
}

static void parse(int argc, char **argv, struct options *options)
{
	static const struct option names[] = {
		{ "profile", required_argument, NULL, 'p' },
		{ "device", required_argument, NULL, 'd' },
		{ "control", required_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' },
		{ 0 },
	};
	int option;

	setenv("VFIOPM_SIM_KERNEL", "6.12", 1);
	while ((option = getopt_long(argc, argv, "+h", names, NULL)) >= 0) {
		switch (option) {
		case 'p':
			choose_profile(optarg);
			break;
		case 'd':
			if (options->device_count == SIM_DEVICES)
				die("there can be %d devices", SIM_DEVICES);
			options->devices[options->device_count++] = optarg;
			break;
		case 'c':
			options->control = optarg;
			break;
		case 'h':
			usage(stdout);
			exit(0);
		case 'v':
			printf("vfiopm-sim %s\n", VERSION);
			exit(0);
		default:
			exit(125);
		}
	}
	if (optind == argc) {
		usage(stderr);
		exit(125);
	}
	options->program = argv + optind;
}

/* ---- files beside this command, or where they are installed ---- */

static void find_description(const char *name, char *ret, size_t size)
{
	char beside[128], installed[PATH_MAX];
	struct stat status;

	/* The program's source can have a directory of this name. */
	if (strchr(name, '/') || (stat(name, &status) == 0 && !S_ISDIR(status.st_mode))) {
		snprintf(ret, size, "%s", name);
		return;
	}
	snprintf(beside, sizeof(beside), "devices/%s", name);
	snprintf(installed, sizeof(installed), DEVICES "/%s", name);
	find_file(beside, installed, ret, size);
}

/* ---- devices ---- */

static struct description descriptions[SIM_DEVICES];

const char *name_of_device(int number)
{
	return descriptions[number].name;
}

static void add_device(const char *name, int number)
{
	char path[PATH_MAX], message[PATH_MAX + 256];
	struct description *description = &descriptions[number];
	struct sim_device *device;
	uint32_t identity, class;

	find_description(name, path, sizeof(path));
	if (describe(path, description, message, sizeof(message)) < 0)
		die("%s", message);
	if (sim_device_by_address(description->machine.address ? description->machine.address
							       : "0000:01:00.0"))
		die("%s: an earlier device has the same address", path);
	device = sim_add(&description->machine);
	if (description->group)
		device->group = description->group;
	identity = description->vendor | description->device << 16;
	class = description->revision | description->class << 8;
	/* Each first open restores what sim_set_config() stores (sim_device_opened()). */
	sim_set_config(device, 0, &identity, sizeof(identity));
	sim_set_config(device, 8, &class, sizeof(class));
	tree_add(description, device, number);
}

/* drivers/vfio/vfio.c, vfio_dev_viable(), 5.10. Since 6.0, drivers with driver_managed_dma. */
static bool is_of_host(const struct description *description)
{
	const char *driver = description->driver;

	return description->machine.not_bound && driver && !strstr(driver, "vfio") &&
	       strcmp(driver, "pci-stub") != 0 && strcmp(driver, "pcieport") != 0;
}

/* A device with a driver of the host makes its group unusable. */
static void mark_group(int number)
{
	struct sim_device *device = NULL;

	if (!is_of_host(&descriptions[number]) || descriptions[number].machine.no_group)
		return;
	while ((device = sim_next_in_group(sim_device_at(number)->group, device)) != NULL)
		device->machine.peer_on_host = true;
}

/* ---- sockets ---- */

static int listen_at(const char *path, int type)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct stat status;
	int fd;

	if (strlen(path) >= sizeof(address.sun_path))
		die("%s: the path of the socket is too long", path);
	memcpy(address.sun_path, path, strlen(path));
	/* The socket of an earlier run. bind() reports every other file. */
	if (lstat(path, &status) == 0 && S_ISSOCK(status.st_mode))
		unlink(path);
	fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(fd, 128) < 0)
		die("%s: %m", path);
	return fd;
}

static int listen_in_directory(const char *name, int type)
{
	char path[SIM_PATH_MAX + 16];

	snprintf(path, sizeof(path), "%s%s", directory, name);
	return listen_at(path, type);
}

/* ---- the program ---- */

static void exec_program(const struct options *options, const struct rlimit *files,
			 const sigset_t *signals)
{
	char object[PATH_MAX];

	find_file("vfiopm-sim.so", PRELOAD, object, sizeof(object));
	preload_object(object, AFTER);
	/* libudev refuses a /sys that is another file system. */
	setenv("SYSTEMD_DEVICE_VERIFY_SYSFS", "0", 1);
	setenv(SIM_VARIABLE, directory, 1);
	unsetenv("VFIOPM_SIM_KERNEL");
	setrlimit(RLIMIT_NOFILE, files);
	run_program(options->program, signals);
}

/* ---- the loop ---- */

#define CLIENTS 64

/* A client of the control socket, with the part of a line that it has sent. */
static struct client {
	int fd;
	size_t length;
	char line[256];
} clients[CLIENTS];

static void add_to(int epoll, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0)
		die("epoll_ctl: %m");
}

static void accept_client(int epoll, int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		return;
	for (int i = 0; i < CLIENTS; i++) {
		if (clients[i].fd == 0) {
			clients[i] = (struct client){ .fd = fd };
			add_to(epoll, fd);
			return;
		}
	}
	close(fd);
}

/* Returns false at the end of the connection. */
static bool serve_client(struct client *client)
{
	size_t room = sizeof(client->line) - 1 - client->length;
	ssize_t length = recv(client->fd, client->line + client->length, room, MSG_DONTWAIT);
	char *end;

	if (length <= 0)
		return false;
	client->length += (size_t)length;
	client->line[client->length] = '\0';
	while ((end = strchr(client->line, '\n')) != NULL) {
		*end = '\0';
		control(client->line, client->fd);
		client->length -= (size_t)(end + 1 - client->line);
		memmove(client->line, end + 1, client->length + 1);
	}
	return client->length < sizeof(client->line) - 1;
}

static struct client *client_of(int fd)
{
	for (int i = 0; i < CLIENTS; i++) {
		if (clients[i].fd == fd)
			return &clients[i];
	}
	return NULL;
}

/* The program sends its call at once, so there is often no need to wait for it. */
static void accept_call(int epoll, int listener)
{
	int connection = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	if (connection < 0)
		return;
	if (!sim_real_poll(connection, POLLIN)) {
		add_to(epoll, connection);
		return;
	}
	serve(connection);
	close(connection);
}

static void handle_programs(void)
{
	struct epoll_event events[16];

	epoll_wait(real_epoll(), events, 16, 0);
	files_update();
	sim_virqfds_handle_signals();
}

/* Returns the exit status of the program, or -1 while it runs. */
static int handle_signal(int signals, pid_t program)
{
	struct signalfd_siginfo info;
	int status;
	pid_t ended;

	if (read(signals, &info, sizeof(info)) != sizeof(info))
		return -1;
	if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGHUP)
		kill(program, (int)info.ssi_signo);
	while ((ended = waitpid(-1, &status, WNOHANG)) > 0) {
		if (ended == program)
			return exit_status(status);
	}
	return -1;
}

static int loop(int calls, int control_sockets[2], int signals, pid_t program)
{
	int epoll = epoll_create1(EPOLL_CLOEXEC), status = -1;

	add_to(epoll, calls);
	add_to(epoll, control_sockets[0]);
	if (control_sockets[1] >= 0)
		add_to(epoll, control_sockets[1]);
	add_to(epoll, signals);
	add_to(epoll, real_epoll());
	while (status < 0) {
		struct epoll_event event;
		struct client *client;
		int fd;

		/* A last close sends no event. Its time counts for runtime_suspended_time. */
		if (epoll_wait(epoll, &event, 1, files_are_open() ? 20 : -1) <= 0) {
			files_update();
			continue;
		}
		fd = event.data.fd;
		client = client_of(fd);
		if (fd == calls) {
			accept_call(epoll, calls);
		} else if (fd == control_sockets[0] || fd == control_sockets[1]) {
			accept_client(epoll, fd);
		} else if (fd == signals) {
			status = handle_signal(signals, program);
		} else if (fd == real_epoll()) {
			handle_programs();
		} else if (client && !serve_client(client)) {
			close(fd);
			client->fd = 0;
		} else if (!client) {
			serve(fd);
			close(fd);
		}
	}
	return status;
}

/* ---- the start ---- */

int main(int argc, char **argv)
{
	struct options options = { 0 };
	int calls, control_sockets[2] = { -1, -1 }, signals, status;
	struct rlimit limit;
	sigset_t old;
	pid_t program;

	if (argc > 1 && strcmp(argv[1], "ctl") == 0)
		return control_client(argc - 1, argv + 1);
	parse(argc, argv, &options);
	program_check(options.program[0]);
	/* The model has one eventfd for each vector of a device. */
	limit = raise_limit();
	real_set_lowest(limit.rlim_max > 2048 ? 1024 : (int)limit.rlim_max / 2);
	make_directory(directory, sizeof(directory));
	tree_make(directory);
	if (options.device_count == 0)
		options.devices[options.device_count++] = "e1000e";
	for (int i = 0; i < options.device_count; i++)
		add_device(options.devices[i], i);
	for (int i = 0; i < options.device_count; i++)
		mark_group(i);
	calls = listen_in_directory(SIM_SOCKET, SOCK_SEQPACKET);
	control_sockets[0] = listen_in_directory(SIM_CONTROL, SOCK_STREAM);
	if (options.control)
		control_sockets[1] = listen_at(options.control, SOCK_STREAM);

	signals = begin_signals(&old);
	program = fork();
	if (program < 0)
		die("fork: %m");
	if (program == 0)
		exec_program(&options, &limit, &old);
	status = loop(calls, control_sockets, signals, program);
	if (options.control)
		unlink(options.control);
	remove_directory();
	return status;
}
