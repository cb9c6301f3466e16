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
#include "world.h"

struct bench {
	struct raw raw;
	struct vfiopm_device *dev;
	int callers, own, duplicate;
	uint64_t plain_ioctls;
};

static void plain_ioctl(struct bench *bench)
{
	bench->plain_ioctls++;
	expect_ok(raw_set_irqs_eventfd(bench->raw.device, VFIO_PCI_MSIX_IRQ_INDEX, 0,
				       bench->callers));
}

static void with_callers(struct bench *bench)
{
	expect_ok(vfiopm_irq_set_signaling(bench->dev, VFIOPM_IRQ_MSIX, 0, bench->callers));
}

static void with_own(struct bench *bench)
{
	expect_ok(vfiopm_irq_set_signaling(bench->dev, VFIOPM_IRQ_MSIX, 0, bench->own));
}

/* What with_callers() rests on. */
static void by_query(struct bench *bench)
{
	fcntl(bench->duplicate, F_DUPFD_QUERY, bench->callers);
}

static void by_kcmp(struct bench *bench)
{
	pid_t self = getpid();

	syscall(SYS_kcmp, self, self, KCMP_FILE, bench->duplicate, bench->callers);
}

static uint64_t issued(const struct bench *bench)
{
	uint64_t issued, saved;

	expect_ok(vfiopm_irq_get_stats(bench->dev, &issued, &saved));
	return issued + bench->plain_ioctls;
}

static double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static double measure(struct bench *bench, const char *name, void (*call)(struct bench *),
		      unsigned calls, double against)
{
	uint64_t ioctls;
	double begin, ns;

	call(bench);
	ioctls = issued(bench);
	begin = now_ns();
	for (unsigned i = 0; i < calls; i++)
		call(bench);
	ns = (now_ns() - begin) / calls;
	ioctls = issued(bench) - ioctls;
	printf("%-44s %10.1f ns %8.0f ioctls per 1000", name, ns, 1000.0 * (double)ioctls / calls);
	if (against > 0)
		printf(", %.0f times cheaper", against / ns);
	printf("\n");
	return ns;
}

static void side_by_side(void **state)
{
	struct bench bench = { 0 };
	double plain;

	(void)state;
	raw_open(&bench.raw);
	expect_ok(vfiopm_device_new_from_fd(bench.raw.device, &bench.dev));
	bench.callers = raw_eventfd();
	bench.duplicate = dup(bench.callers);
	expect_ok(vfiopm_irq_new_eventfd(bench.dev, &bench.own));

	printf("# an unchanged eventfd is set again, Linux %s%s\n", world_kernel(),
	       world_is_simulated() ? ", simulated: the first line is no kernel's" : "");
	with_callers(&bench);
	plain = measure(&bench, "SET_IRQS", plain_ioctl, 2000, 0);
	measure(&bench, "the library, with the caller's eventfd", with_callers, 100000, plain);
	measure(&bench, "the library, with its own eventfd", with_own, 1000000, plain);
	measure(&bench, "fcntl(F_DUPFD_QUERY) alone", by_query, 100000, 0);
	measure(&bench, "kcmp(KCMP_FILE) alone", by_kcmp, 100000, 0);

	vfiopm_device_free(bench.dev);
	close(bench.callers);
	close(bench.duplicate);
	raw_close(&bench.raw);
}

int main(void)
{
	const struct CMUnitTest tests[] = { IN_WORLD(side_by_side) };

	return cmocka_run_group_tests_name("bench-irq", tests, NULL, NULL);
}
