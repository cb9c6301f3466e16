// SPDX-License-Identifier: MIT
/*
 * Calls each function that the preloaded object replaces, by its name, on a simulated path or file.
 * `run` compares the names with those of the object. Prints a line for each name that fails.
 *
 * usage: names list | names
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <linux/vfio.h>

#define SYSFS	  "/sys/bus/pci/devices/0000:01:00.0"
#define REAL	  "/sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0"
#define ATTRIBUTE SYSFS "/power/control"
#define CONFIG_AT ((off_t)VFIO_PCI_CONFIG_REGION_INDEX << 40)
#define TEXT	  "auto\n"

static int device, directory;

/* The function with this type. */
#define CALL(type, function) ((type)(uintptr_t)(function))

/* ---- opening ---- */

/* The vendor in configuration space. */
static bool is_vendor(ssize_t length, const uint8_t *bytes)
{
	return length == 2 && bytes[0] == 0x86 && bytes[1] == 0x80;
}

/* Without O_CLOEXEC the fd stays open on exec(2). */
static bool opens(int fd)
{
	char text[16] = "";
	bool right = fd >= 0 && pread(fd, text, sizeof(text), 0) == strlen(TEXT) &&
		     strcmp(text, TEXT) == 0 && fcntl(fd, F_GETFD) == 0;

	close(fd);
	return right;
}

static bool test_open(void *function)
{
	return opens(CALL(int (*)(const char *, int, ...), function)(ATTRIBUTE, O_RDONLY));
}

static bool test_openat(void *function)
{
	return opens(CALL(int (*)(int, const char *, int, ...),
			  function)(directory, "power/control", O_RDONLY));
}

static bool test_creat(void *function)
{
	int fd = CALL(int (*)(const char *, mode_t), function)(ATTRIBUTE, 0644);
	bool right = fd >= 0 && write(fd, "auto", 4) == 4;

	close(fd);
	return right;
}

static bool test_fopen(void *function)
{
	FILE *(*call)(const char *, const char *) =
		CALL(FILE * (*)(const char *, const char *), function);
	FILE *stream = call(ATTRIBUTE, "re"), *config = call(SYSFS "/config", "re");
	char text[16] = "";
	uint8_t bytes[2];
	bool right = stream && fgets(text, sizeof(text), stream) && strcmp(text, TEXT) == 0 &&
		     config && is_vendor((ssize_t)fread(bytes, 1, 2, config), bytes);

	if (stream)
		fclose(stream);
	if (config)
		fclose(config);
	return right;
}

/* ---- open files ---- */

/* A call that succeeds leaves errno, also with a number as its argument. */
static bool test_ioctl(void *function)
{
	int (*call)(int, unsigned long, ...) = CALL(int (*)(int, unsigned long, ...), function);
	struct vfio_device_info info = { .argsz = sizeof(info) };
	int container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC), on = 1;
	bool right;

	errno = 0;
	right = call(device, VFIO_DEVICE_GET_INFO, &info) == 0 &&
		info.num_irqs == VFIO_PCI_NUM_IRQS &&
		call(container, VFIO_CHECK_EXTENSION, VFIO_TYPE1_IOMMU) == 1 && errno == 0 &&
		call(container, FIONCLEX) == 0 && fcntl(container, F_GETFD) == 0 &&
		call(container, FIOCLEX) == 0 && fcntl(container, F_GETFD) == FD_CLOEXEC &&
		call(container, FIONBIO, &on) == 0 && (fcntl(container, F_GETFL) & O_NONBLOCK);
	close(container);
	return right;
}

static bool test_pread(void *function)
{
	uint8_t bytes[2];

	return is_vendor(CALL(ssize_t(*)(int, void *, size_t, off_t, size_t),
			      function)(device, bytes, 2, CONFIG_AT, sizeof(bytes)),
			 bytes);
}

static bool test_pwrite(void *function)
{
	uint8_t command = 6, found = 0;

	return CALL(ssize_t(*)(int, const void *, size_t, off_t), function)(device, &command, 1,
									    CONFIG_AT + 4) == 1 &&
	       pread(device, &found, 1, CONFIG_AT + 4) == 1 && found == command;
}

static bool test_preadv(void *function)
{
	uint8_t bytes[2];
	struct iovec vectors[] = { { bytes, 1 }, { bytes + 1, 1 } };

	return is_vendor(CALL(ssize_t(*)(int, const struct iovec *, int, off_t),
			      function)(device, vectors, 2, CONFIG_AT),
			 bytes);
}

static bool test_pwritev(void *function)
{
	uint8_t bytes[2] = { 2, 0 }, found = 0;
	struct iovec vectors[] = { { bytes, 1 }, { bytes + 1, 1 } };

	return CALL(ssize_t(*)(int, const struct iovec *, int, off_t),
		    function)(device, vectors, 2, CONFIG_AT + 4) == 2 &&
	       pread(device, &found, 1, CONFIG_AT + 4) == 1 && found == 2;
}

/* A read of an attribute at the position of its open file, twice. */
static bool test_read(void *function)
{
	ssize_t (*call)(int, void *, size_t, size_t) =
		CALL(ssize_t(*)(int, void *, size_t, size_t), function);
	int fd = open(ATTRIBUTE, O_RDONLY | O_CLOEXEC);
	char text[16] = "";
	bool right = call(fd, text, 2, sizeof(text)) == 2 &&
		     call(fd, text + 2, 9, sizeof(text) - 2) == (ssize_t)strlen(TEXT) - 2 &&
		     strcmp(text, TEXT) == 0;

	close(fd);
	return right;
}

static bool test_readv(void *function)
{
	int fd = open(ATTRIBUTE, O_RDONLY | O_CLOEXEC);
	char text[16] = "";
	struct iovec vectors[] = { { text, 2 }, { text + 2, 9 } };
	bool right = CALL(ssize_t(*)(int, const struct iovec *, int), function)(fd, vectors, 2) ==
			     (ssize_t)strlen(TEXT) &&
		     strcmp(text, TEXT) == 0;

	close(fd);
	return right;
}

static bool fails_with_wrong_value(ssize_t r)
{
	return r < 0 && errno == EINVAL;
}

static bool test_write(void *function)
{
	int fd = open(ATTRIBUTE, O_WRONLY | O_CLOEXEC);
	ssize_t (*call)(int, const void *, size_t) =
		CALL(ssize_t(*)(int, const void *, size_t), function);
	bool right = call(fd, "auto", 4) == 4 && fails_with_wrong_value(call(fd, "frob", 4));

	close(fd);
	return right;
}

static bool test_writev(void *function)
{
	int fd = open(ATTRIBUTE, O_WRONLY | O_CLOEXEC);
	struct iovec vector = { (char[]){ "frob" }, 4 };
	bool right = fails_with_wrong_value(
		CALL(ssize_t(*)(int, const struct iovec *, int), function)(fd, &vector, 1));

	close(fd);
	return right;
}

static bool test_mmap(void *function)
{
	void *(*call)(void *, size_t, int, int, int, off_t) =
		CALL(void *(*)(void *, size_t, int, int, int, off_t), function);
	volatile uint8_t *bar = call(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, device, 0);
	uint8_t byte = 0;

	if (bar == MAP_FAILED)
		return false;
	bar[8] = 77;
	return pread(device, &byte, 1, 8) == 1 && byte == 77 &&
	       munmap((void *)(uintptr_t)bar, 4096) == 0 &&
	       call(NULL, 4096, PROT_READ, MAP_SHARED, device, CONFIG_AT) == MAP_FAILED;
}

/* An attribute has a position, a VFIO file has none. */
static bool test_lseek(void *function)
{
	off_t (*call)(int, off_t, int) = CALL(off_t(*)(int, off_t, int), function);
	int fd = open(ATTRIBUTE, O_RDONLY | O_CLOEXEC);
	char text[16] = "";
	bool right = call(fd, 2, SEEK_SET) == 2 && read(fd, text, sizeof(text)) == 3 &&
		     strcmp(text, TEXT + 2) == 0 && call(device, 0, SEEK_CUR) < 0 &&
		     errno == ESPIPE;

	close(fd);
	return right;
}

/* ---- status ---- */

static bool is_node(int r, const struct stat *status)
{
	return r == 0 && S_ISCHR(status->st_mode) && status->st_rdev != 0;
}

static bool test_stat(void *function)
{
	struct stat status;

	return is_node(CALL(int (*)(const char *, struct stat *), function)("/dev/vfio/7", &status),
		       &status);
}

static bool test_lstat(void *function)
{
	struct stat status;

	return CALL(int (*)(const char *, struct stat *), function)(SYSFS, &status) == 0 &&
	       S_ISLNK(status.st_mode);
}

static bool test_fstat(void *function)
{
	struct stat status;
	int fd = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	bool right = is_node(CALL(int (*)(int, struct stat *), function)(fd, &status), &status);

	close(fd);
	return right;
}

static bool test_fstatat(void *function)
{
	struct stat status;

	return CALL(int (*)(int, const char *, struct stat *, int), function)(directory, "power",
									      &status, 0) == 0 &&
	       S_ISDIR(status.st_mode);
}

static bool test_xstat(void *function)
{
	struct stat status;

	return is_node(CALL(int (*)(int, const char *, struct stat *), function)(1, "/dev/vfio/7",
										 &status),
		       &status);
}

static bool test_lxstat(void *function)
{
	struct stat status;

	return CALL(int (*)(int, const char *, struct stat *), function)(1, SYSFS, &status) == 0 &&
	       S_ISLNK(status.st_mode);
}

static bool test_fxstat(void *function)
{
	struct stat status;
	int fd = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	bool right =
		is_node(CALL(int (*)(int, int, struct stat *), function)(1, fd, &status), &status);

	close(fd);
	return right;
}

static bool test_fxstatat(void *function)
{
	struct stat status;

	return CALL(int (*)(int, int, const char *, struct stat *, int),
		    function)(1, directory, "power", &status, 0) == 0 &&
	       S_ISDIR(status.st_mode);
}

static bool test_statx(void *function)
{
	struct statx status;

	return CALL(int (*)(int, const char *, int, unsigned, struct statx *),
		    function)(AT_FDCWD, "/dev/vfio/7", 0, STATX_BASIC_STATS, &status) == 0 &&
	       S_ISCHR(status.stx_mode);
}

static bool test_access(void *function)
{
	return CALL(int (*)(const char *, int), function)("/dev/vfio/7", R_OK | W_OK) == 0 &&
	       CALL(int (*)(const char *, int), function)("/dev/vfio/8", F_OK) < 0;
}

static bool test_faccessat(void *function)
{
	return CALL(int (*)(int, const char *, int, int), function)(directory, "config", R_OK, 0) ==
	       0;
}

static bool test_getxattr(void *function)
{
	return CALL(ssize_t(*)(const char *, const char *, void *, size_t),
		    function)("/dev/vfio/7", "user.name", NULL, 0) < 0 &&
	       errno != ENOENT;
}

/* ---- links and directories ---- */

static bool is_group(ssize_t length, const char *target)
{
	static const char end[] = "/kernel/iommu_groups/7";

	return length > (ssize_t)strlen(end) &&
	       strncmp(target + length - strlen(end), end, strlen(end)) == 0;
}

static bool test_readlink(void *function)
{
	char target[128];

	return is_group(CALL(ssize_t(*)(const char *, char *, size_t, size_t), function)(
				SYSFS "/iommu_group", target, sizeof(target), sizeof(target)),
			target);
}

static bool test_readlinkat(void *function)
{
	char target[128];

	return is_group(CALL(ssize_t(*)(int, const char *, char *, size_t, size_t), function)(
				directory, "iommu_group", target, sizeof(target), sizeof(target)),
			target);
}

static bool test_realpath(void *function)
{
	char path[PATH_MAX] = "";

	return CALL(char *(*)(const char *, char *, size_t), function)(SYSFS, path, sizeof(path)) &&
	       strcmp(path, REAL) == 0;
}

static bool test_canonicalize(void *function)
{
	char *path = CALL(char *(*)(const char *), function)(SYSFS);
	bool right = path && strcmp(path, REAL) == 0;

	free(path);
	return right;
}

static bool test_opendir(void *function)
{
	DIR *stream = CALL(DIR * (*)(const char *), function)("/dev/vfio");
	bool found = false;
	struct dirent *entry;

	while (stream && (entry = readdir(stream)) != NULL)
		found |= strcmp(entry->d_name, "vfio") == 0;
	if (stream)
		closedir(stream);
	return found;
}

static bool are_devices(int count, struct dirent **entries)
{
	bool right = count == 4; /* with ".", ".." and the bridge */

	for (int i = 0; i < count; i++)
		free(entries[i]);
	free(entries);
	return right;
}

static bool test_scandir(void *function)
{
	struct dirent **entries = NULL;
	int count = CALL(int (*)(const char *, struct dirent ***, void *, void *),
			 function)("/sys/bus/pci/devices", &entries, NULL, NULL);

	return are_devices(count, entries);
}

static bool test_scandirat(void *function)
{
	struct dirent **entries = NULL;
	int bus = open("/sys/bus", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int count = CALL(int (*)(int, const char *, struct dirent ***, void *, void *),
			 function)(bus, "pci/devices", &entries, NULL, NULL);

	close(bus);
	return are_devices(count, entries);
}

static bool test_chdir(void *function)
{
	bool right =
		CALL(int (*)(const char *), function)(SYSFS) == 0 && access("vendor", R_OK) == 0;

	return chdir("/") == 0 && right;
}

static bool test_getcwd(void *function)
{
	char path[PATH_MAX] = "";
	bool right = chdir(SYSFS) == 0 &&
		     CALL(char *(*)(char *, size_t, size_t), function)(path, sizeof(path),
								       sizeof(path)) &&
		     strcmp(path, REAL) == 0;

	return chdir("/") == 0 && right;
}

static bool test_glob(void *function)
{
	glob_t found = { 0 };
	bool right = CALL(int (*)(const char *, int, void *, glob_t *),
			  function)("/sys/bus/pci/devices/*:01:*", 0, NULL, &found) == 0 &&
		     found.gl_pathc == 1 && strcmp(found.gl_pathv[0], SYSFS) == 0;

	globfree(&found);
	return right;
}

/* ---- all names ---- */

static const struct {
	const char *names; /* separated by spaces */
	bool (*test)(void *function);
} tests[] = {
	{ "open open64 __open_2 __open64_2", test_open },
	{ "openat openat64 __openat_2 __openat64_2", test_openat },
	{ "creat creat64", test_creat },
	{ "fopen fopen64", test_fopen },
	{ "ioctl", test_ioctl },
	{ "read __read_chk", test_read },
	{ "write", test_write },
	{ "pread pread64 __pread_chk __pread64_chk", test_pread },
	{ "pwrite pwrite64", test_pwrite },
	{ "readv", test_readv },
	{ "writev", test_writev },
	{ "preadv preadv64", test_preadv },
	{ "pwritev pwritev64", test_pwritev },
	{ "mmap mmap64", test_mmap },
	{ "lseek lseek64", test_lseek },
	{ "stat stat64", test_stat },
	{ "lstat lstat64", test_lstat },
	{ "fstat fstat64", test_fstat },
	{ "fstatat fstatat64", test_fstatat },
	{ "__xstat __xstat64", test_xstat },
	{ "__lxstat __lxstat64", test_lxstat },
	{ "__fxstat __fxstat64", test_fxstat },
	{ "__fxstatat __fxstatat64", test_fxstatat },
	{ "statx", test_statx },
	{ "access eaccess euidaccess", test_access },
	{ "faccessat", test_faccessat },
	{ "getxattr lgetxattr", test_getxattr },
	{ "readlink __readlink_chk", test_readlink },
	{ "readlinkat __readlinkat_chk", test_readlinkat },
	{ "realpath __realpath_chk", test_realpath },
	{ "canonicalize_file_name", test_canonicalize },
	{ "opendir", test_opendir },
	{ "scandir scandir64", test_scandir },
	{ "scandirat scandirat64", test_scandirat },
	{ "chdir", test_chdir },
	{ "getcwd __getcwd_chk", test_getcwd },
	{ "glob glob64", test_glob },
};

static bool open_device(void)
{
	int container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	int group = open("/dev/vfio/7", O_RDWR | O_CLOEXEC);

	if (ioctl(group, VFIO_GROUP_SET_CONTAINER, &container) < 0 ||
	    ioctl(container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU) < 0)
		return false;
	device = ioctl(group, VFIO_GROUP_GET_DEVICE_FD, "0000:01:00.0");
	directory = open(SYSFS, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return device >= 0 && directory >= 0;
}

int main(int argc, char **argv)
{
	bool lists = argc > 1 && strcmp(argv[1], "list") == 0;
	int failed = 0;

	if (!lists && !open_device()) {
		printf("the device was not opened\n");
		return 1;
	}
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		char names[128], *rest = names;

		snprintf(names, sizeof(names), "%s", tests[i].names);
		for (char *name = strsep(&rest, " "); name; name = strsep(&rest, " ")) {
			void *function = dlsym(RTLD_DEFAULT, name);

			if (lists) {
				printf("%s\n", name);
			} else if (!function || !tests[i].test(function)) {
				printf("%s\n", name);
				failed = 1;
			}
		}
	}
	return failed;
}
