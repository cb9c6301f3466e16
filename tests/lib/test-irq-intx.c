// SPDX-License-Identifier: MIT
/* INTx with its masks, ERR and REQ, and loopback. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <vfiopm/vfiopm.h>

#include "host.h"
#include "irq.h"
#include "raw.h"
#include "test.h"
#include "world.h"

/* ---- INTx ---- */

static void intx(void **state)
{
	struct irq_bench bench;
	int event;

	(void)state;
	irq_bench_open(&bench);
	event = bench.events[0];
	expect_errno(EINVAL, vfiopm_irq_mask(bench.dev, VFIOPM_IRQ_INTX, 0));
	expect_errno(EINVAL, vfiopm_irq_unmask(bench.dev, VFIOPM_IRQ_INTX, 0));
	expect_errno(EINVAL, vfiopm_irq_trigger(bench.dev, VFIOPM_IRQ_INTX, 0));
	expect_issues(&bench, 1, vfiopm_irq_set_signaling(bench.dev, VFIOPM_IRQ_INTX, 0, event));
	expect_issues(&bench, 0, vfiopm_irq_set_signaling(bench.dev, VFIOPM_IRQ_INTX, 0, event));
	world_fire(&bench.raw, VFIOPM_IRQ_INTX, 0);
	assert_true(irq_arrives(event));
	assert_int_equal(raw_take(event), 1);
	world_clear(&bench.raw);

	/* The kernel has masked it: the next comes with the unmask. */
	world_fire(&bench.raw, VFIOPM_IRQ_INTX, 0);
	usleep(20000);
	assert_int_equal(raw_take(event), 0);
	expect_issues(&bench, 1, vfiopm_irq_unmask(bench.dev, VFIOPM_IRQ_INTX, 0));
	assert_true(irq_arrives(event));
	assert_int_equal(raw_take(event), 1);
	world_clear(&bench.raw);
	expect_issues(&bench, 1, vfiopm_irq_unmask(bench.dev, VFIOPM_IRQ_INTX, 0));

	/* Masked by us. */
	expect_issues(&bench, 1, vfiopm_irq_mask(bench.dev, VFIOPM_IRQ_INTX, 0));
	world_fire(&bench.raw, VFIOPM_IRQ_INTX, 0);
	usleep(20000);
	assert_int_equal(raw_take(event), 0);
	expect_ok(vfiopm_irq_unmask(bench.dev, VFIOPM_IRQ_INTX, 0));
	assert_true(irq_arrives(event));
	world_clear(&bench.raw);

	/* Another eventfd, then none, and it is enabled still. */
	expect_issues(&bench, 1,
		      vfiopm_irq_set_signaling(bench.dev, VFIOPM_IRQ_INTX, 0, bench.events[1]));
	expect_issues(&bench, 1, vfiopm_irq_set_signaling(bench.dev, VFIOPM_IRQ_INTX, 0, -1));
	expect_issues(&bench, 1, vfiopm_irq_disable(bench.dev, VFIOPM_IRQ_INTX));
	expect_issues(&bench, 0, vfiopm_irq_disable(bench.dev, VFIOPM_IRQ_INTX));
	irq_bench_close(&bench);
}

static void intx_unmask_eventfd(void **state)
{
	int closed = raw_closed_fd(), file = open("/dev/null", O_RDWR);
	struct irq_bench bench;
	uint64_t one = 1;

	(void)state;
	irq_bench_open(&bench);
	expect_errno(EINVAL,
		     vfiopm_irq_set_unmask_eventfd(bench.dev, VFIOPM_IRQ_INTX, 0, bench.events[1]));
	expect_errno(ENOTTY,
		     vfiopm_irq_set_unmask_eventfd(bench.dev, VFIOPM_IRQ_MSIX, 0, bench.events[1]));
	expect_ok(vfiopm_irq_set_signaling(bench.dev, VFIOPM_IRQ_INTX, 0, bench.events[0]));
	expect_issues(&bench, 0, vfiopm_irq_set_unmask_eventfd(bench.dev, VFIOPM_IRQ_INTX, 0, -1));
	expect_issues(
		&bench, 1,
		vfiopm_irq_set_unmask_eventfd(bench.dev, VFIOPM_IRQ_INTX, 0, bench.events[1]));
	expect_issues(
		&bench, 0,
		vfiopm_irq_set_unmask_eventfd(bench.dev, VFIOPM_IRQ_INTX, 0, bench.events[1]));
	/* The kernel has no replace. */
	expect_issues(
		&bench, 2,
		vfiopm_irq_set_unmask_eventfd(bench.dev, VFIOPM_IRQ_INTX, 0, bench.events[2]));
	expect_errno(EBADF, vfiopm_irq_set_unmask_eventfd(bench.dev, VFIOPM_IRQ_INTX, 0, closed));
	expect_errno(EINVAL, vfiopm_irq_set_unmask_eventfd(bench.dev, VFIOPM_IRQ_INTX, 0, file));
	expect_errno(EINVAL, vfiopm_irq_set_unmask_eventfd(bench.dev, VFIOPM_IRQ_INTX, 0, -2));

	world_fire(&bench.raw, VFIOPM_IRQ_INTX, 0);
	assert_true(irq_arrives(bench.events[0]));
	raw_take(bench.events[0]);
	world_clear(&bench.raw);
	/* Signalled, it unmasks: the next interrupt arrives. */
	assert_int_equal(write(bench.events[2], &one, sizeof(one)), sizeof(one));
	world_fire(&bench.raw, VFIOPM_IRQ_INTX, 0);
	assert_true(irq_arrives(bench.events[0]));
	world_clear(&bench.raw);

	/* It goes with INTx. */
	expect_issues(&bench, 1, vfiopm_irq_disable(bench.dev, VFIOPM_IRQ_INTX));
	expect_ok(vfiopm_irq_set_signaling(bench.dev, VFIOPM_IRQ_INTX, 0, bench.events[0]));
	expect_issues(
		&bench, 1,
		vfiopm_irq_set_unmask_eventfd(bench.dev, VFIOPM_IRQ_INTX, 0, bench.events[2]));
	expect_issues(&bench, 1, vfiopm_irq_set_unmask_eventfd(bench.dev, VFIOPM_IRQ_INTX, 0, -1));
	close(file);
	irq_bench_close(&bench);
}

/* One that another fd has set. */
static void intx_unmask_eventfd_of_another(void **state)
{
	struct irq_bench bench;

	(void)state;
	irq_bench_open(&bench);
	expect_ok(vfiopm_irq_set_signaling(bench.dev, VFIOPM_IRQ_INTX, 0, bench.events[0]));
	assert_int_equal(raw_set_unmask_eventfd(bench.raw.device, bench.events[1]), 0);
	expect_errno(EBUSY,
		     vfiopm_irq_set_unmask_eventfd(bench.dev, VFIOPM_IRQ_INTX, 0, bench.events[2]));
	assert_int_equal(raw_set_unmask_eventfd(bench.raw.device, -1), 0);
	expect_ok(vfiopm_irq_set_unmask_eventfd(bench.dev, VFIOPM_IRQ_INTX, 0, bench.events[2]));
	irq_bench_close(&bench);
}

static void not_maskable(void **state)
{
	struct irq_bench bench;

	(void)state;
	irq_bench_open(&bench);
	expect_ok(irq_set(&bench, 0, bench.events[0]));
	expect_errno(ENOTTY, vfiopm_irq_mask(bench.dev, VFIOPM_IRQ_MSIX, 0));
	expect_errno(ENOTTY, vfiopm_irq_unmask(bench.dev, VFIOPM_IRQ_MSIX, 0));
	expect_errno(ENOTTY, vfiopm_irq_mask(bench.dev, VFIOPM_IRQ_REQ, 0));
	assert_int_equal(irq_issued(&bench), 1);
	irq_bench_close(&bench);
}

static void loopback(void **state)
{
	struct irq_bench bench;

	(void)state;
	irq_bench_open(&bench);
	expect_errno(EINVAL, vfiopm_irq_trigger(bench.dev, VFIOPM_IRQ_MSIX, 0));
	expect_errno(EINVAL, vfiopm_irq_trigger(bench.dev, VFIOPM_IRQ_REQ, 0));
	expect_ok(irq_set(&bench, 2, bench.events[2]));
	expect_issues(&bench, 1, vfiopm_irq_trigger(bench.dev, VFIOPM_IRQ_MSIX, 2));
	assert_int_equal(raw_take(bench.events[2]), 1);
	expect_issues(&bench, 0, vfiopm_irq_trigger(bench.dev, VFIOPM_IRQ_MSIX, 1));
	irq_bench_close(&bench);
}

static void err_and_req(void **state)
{
	struct irq_bench bench;

	(void)state;
	irq_bench_open(&bench);
	for (uint32_t i = VFIOPM_IRQ_ERR; i <= VFIOPM_IRQ_REQ; i++) {
		expect_issues(&bench, 0, vfiopm_irq_reserve(bench.dev, i, 1));
		expect_issues(&bench, 0, vfiopm_irq_disable(bench.dev, i));
		expect_issues(&bench, 1,
			      vfiopm_irq_set_signaling(bench.dev, i, 0, bench.events[0]));
		expect_issues(&bench, 1,
			      vfiopm_irq_set_signaling(bench.dev, i, 0, bench.events[1]));
		expect_issues(&bench, 1, vfiopm_irq_trigger(bench.dev, i, 0));
		assert_int_equal(raw_take(bench.events[0]), 0);
		assert_int_equal(raw_take(bench.events[1]), 1);
		expect_issues(&bench, 1, vfiopm_irq_set_signaling(bench.dev, i, 0, -1));
		expect_issues(&bench, 0, vfiopm_irq_disable(bench.dev, i));
		expect_issues(&bench, 1,
			      vfiopm_irq_set_signaling(bench.dev, i, 0, bench.events[1]));
		expect_issues(&bench, 1, vfiopm_irq_disable(bench.dev, i));
	}
	irq_bench_close(&bench);
}

static void closed_device_fd(void **state)
{
	struct irq_bench bench;
	int fd;

	(void)state;
	irq_bench_open(&bench);
	fd = fcntl(bench.raw.device, F_DUPFD_CLOEXEC, 300);
	assert_true(fd >= 300);
	vfiopm_device_free(bench.dev);
	expect_ok(vfiopm_device_new_from_fd(fd, &bench.dev));
	expect_ok(vfiopm_irq_set_signaling(bench.dev, VFIOPM_IRQ_INTX, 0, bench.events[0]));
	close(fd);
	expect_errno(EBADF,
		     vfiopm_irq_set_signaling(bench.dev, VFIOPM_IRQ_INTX, 0, bench.events[1]));
	expect_errno(EBADF,
		     vfiopm_irq_set_signaling_range(bench.dev, VFIOPM_IRQ_REQ, 0, 1, bench.events));
	expect_errno(EBADF, vfiopm_irq_mask(bench.dev, VFIOPM_IRQ_INTX, 0));
	expect_errno(EBADF, vfiopm_irq_unmask(bench.dev, VFIOPM_IRQ_INTX, 0));
	expect_errno(EBADF, vfiopm_irq_trigger(bench.dev, VFIOPM_IRQ_INTX, 0));
	expect_errno(EBADF, vfiopm_irq_disable(bench.dev, VFIOPM_IRQ_INTX));
	expect_ok(vfiopm_irq_begin(bench.dev));
	expect_ok(vfiopm_irq_disable(bench.dev, VFIOPM_IRQ_INTX));
	expect_errno(EBADF, vfiopm_irq_commit(bench.dev));
	vfiopm_device_free(bench.dev);
	expect_ok(vfiopm_device_new_from_fd(bench.raw.device, &bench.dev));
	irq_bench_close(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(intx),
		IN_WORLD(intx_unmask_eventfd),
		IN_WORLD(intx_unmask_eventfd_of_another),
		IN_WORLD(not_maskable),
		IN_WORLD(loopback),
		IN_WORLD(err_and_req),
		IN_WORLD(closed_device_fd),
	};

	return cmocka_run_group_tests_name("irq-intx", tests, NULL, NULL);
}
