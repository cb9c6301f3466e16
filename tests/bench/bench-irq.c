// SPDX-License-Identifier: MIT
/*
 * What it costs to set signalling that is set already: by a plain SET_IRQS, through the
 * library with an eventfd of the caller's, and with one of the library's own. One run,
 * side by side; `ninja benchmark` runs it on the simulator, where the library's part
 * runs natively, and on real kernels in the lab.
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
	int callers, own, duplicate;
	uint64_t plain_ioctls;
};

static void plain_ioctl(struct fixture *fixture)
{
	fixture->plain_ioctls++;
	expect_ok(raw_set_irqs_eventfd(fixture->raw.device, VFIO_PCI_MSIX_IRQ_INDEX, 0,
				       fixture->callers));
}

static void with_callers(struct fixture *fixture)
{
	expect_ok(vfiopm_irq_set_signaling(fixture->dev, VFIOPM_IRQ_MSIX, 0, fixture->callers));
}

static void with_own(struct fixture *fixture)
{
	expect_ok(vfiopm_irq_set_signaling(fixture->dev, VFIOPM_IRQ_MSIX, 0, fixture->own));
}

/* What with_callers() rests on. */
static void by_query(struct fixture *fixture)
{
	fcntl(fixture->duplicate, F_DUPFD_QUERY, fixture->callers);
}

static void by_kcmp(struct fixture *fixture)
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
		      unsigned calls, double against)
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
	if (against > 0)
		printf(", %.0f times cheaper", against / ns);
	printf("\n");
	return ns;
}

static void side_by_side(void **state)
{
	struct fixture fixture = { 0 };
	double plain;

	(void)state;
	raw_open(&fixture.raw);
	expect_ok(vfiopm_device_new_from_fd(fixture.raw.device, &fixture.dev));
	fixture.callers = raw_eventfd();
	fixture.duplicate = dup(fixture.callers);
	expect_ok(vfiopm_irq_new_eventfd(fixture.dev, &fixture.own));

	printf("# an unchanged eventfd is set again, Linux %s%s\n", testbed_kernel(),
	       testbed_is_simulated() ? ", simulated: the first line is no kernel's" : "");
	with_callers(&fixture);
	plain = measure(&fixture, "SET_IRQS", plain_ioctl, 2000, 0);
	measure(&fixture, "the library, with the caller's eventfd", with_callers, 100000, plain);
	measure(&fixture, "the library, with its own eventfd", with_own, 1000000, plain);
	measure(&fixture, "fcntl(F_DUPFD_QUERY) alone", by_query, 100000, 0);
	measure(&fixture, "kcmp(KCMP_FILE) alone", by_kcmp, 100000, 0);

	vfiopm_device_free(fixture.dev);
	close(fixture.callers);
	close(fixture.duplicate);
	raw_close(&fixture.raw);
}

int main(void)
{
	const struct CMUnitTest tests[] = { ON_TESTBED(side_by_side) };

	return cmocka_run_group_tests_name("bench-irq", tests, NULL, NULL);
}
