// SPDX-License-Identifier: MIT
/*
 * Benchmark: the cost of setting an eventfd that a vector already has. It compares SET_IRQS, the
 * library with an eventfd of the caller, and the library with an eventfd that the library
 * created, in one run. `ninja benchmark` runs it on real kernels in the lab and on the simulator.
 * On the simulator only the times of the library count.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <linux/kcmp.h>

#include <vfiopm/vfiopm.h>

#include "lib/uapi.h"
#include "raw.h"
#include "test.h"
#include "testbed.h"

struct fixture {
	struct raw raw;
	struct vfiopm_device *dev;
	int callers, librarys, duplicate;
	uint64_t plain_ioctls;
};

static void plain_ioctl(struct fixture *fixture)
{
	fixture->plain_ioctls++;
	expect_ok(raw_set_irqs_eventfd(fixture->raw.device, VFIO_PCI_MSIX_IRQ_INDEX, 0,
				       fixture->callers));
}

static void set_callers_eventfd(struct fixture *fixture)
{
	expect_ok(vfiopm_irq_set_signaling(fixture->dev, VFIOPM_IRQ_MSIX, 0, fixture->callers));
}

static void set_librarys_eventfd(struct fixture *fixture)
{
	expect_ok(vfiopm_irq_set_signaling(fixture->dev, VFIOPM_IRQ_MSIX, 0, fixture->librarys));
}

/* The library compares an eventfd of the caller by one of the following two calls. */
static void compare_by_query(struct fixture *fixture)
{
	fcntl(fixture->duplicate, F_DUPFD_QUERY, fixture->callers);
}

static void compare_by_kcmp(struct fixture *fixture)
{
	pid_t self = getpid();

	syscall(SYS_kcmp, self, self, KCMP_FILE, fixture->duplicate, fixture->callers);
}

static uint64_t issued(const struct fixture *fixture)
{
	uint64_t issued, saved;

	expect_ok(vfiopm_irq_get_stats(fixture->dev, &issued, &saved));
	return issued + fixture->plain_ioctls;
}

static double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static double measure(struct fixture *fixture, const char *name, void (*call)(struct fixture *),
		      unsigned calls, double baseline_ns)
{
	uint64_t ioctls;
	double begin, ns;

	call(fixture);
	ioctls = issued(fixture);
	begin = now_ns();
	for (unsigned i = 0; i < calls; i++)
		call(fixture);
	ns = (now_ns() - begin) / calls;
	ioctls = issued(fixture) - ioctls;
	printf("%-44s %10.1f ns %8.0f ioctls per 1000", name, ns, 1000.0 * (double)ioctls / calls);
	if (baseline_ns > 0)
		printf(", %.0f times cheaper", baseline_ns / ns);
	printf("\n");
	return ns;
}

static void setting_an_unchanged_eventfd(void **state)
{
	struct fixture fixture = { 0 };
	double plain;

	(void)state;
	raw_open(&fixture.raw);
	expect_ok(vfiopm_device_new_from_fd(fixture.raw.device, &fixture.dev));
	fixture.callers = raw_eventfd();
	fixture.duplicate = dup(fixture.callers);
	expect_ok(vfiopm_irq_new_eventfd(fixture.dev, &fixture.librarys));

	printf("# setting an unchanged eventfd, Linux %s%s\n", testbed_kernel(),
	       testbed_is_simulated() ? ", simulated: the first line measures no kernel" : "");
	set_callers_eventfd(&fixture);
	plain = measure(&fixture, "SET_IRQS", plain_ioctl, 2000, 0);
	measure(&fixture, "the library, with the caller's eventfd", set_callers_eventfd, 100000,
		plain);
	measure(&fixture, "the library, with its own eventfd", set_librarys_eventfd, 1000000,
		plain);
	measure(&fixture, "fcntl(F_DUPFD_QUERY) alone", compare_by_query, 100000, 0);
	measure(&fixture, "kcmp(KCMP_FILE) alone", compare_by_kcmp, 100000, 0);

	vfiopm_device_free(fixture.dev);
	close(fixture.callers);
	close(fixture.duplicate);
	raw_close(&fixture.raw);
}

int main(void)
{
	const struct CMUnitTest tests[] = { ON_TESTBED(setting_an_unchanged_eventfd) };

	return cmocka_run_group_tests_name("bench-irq", tests, NULL, NULL);
}
