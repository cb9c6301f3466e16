// SPDX-License-Identifier: MIT
/* Tests of quiesce hooks that need the simulator: calls that fail around low power. */
#include <errno.h>
#include <unistd.h>

#include <vfiopm/vfiopm.h>

#include "raw.h"
#include "sim.h"
#include "test.h"

struct fixture {
	struct sim_device *sim;
	struct vfiopm_device *dev;
	int fd;
};

static void fixture_open(struct fixture *fixture)
{
	fixture->sim = sim_add(NULL);
	fixture->fd = sim_open_device(fixture->sim);
	expect_ok(vfiopm_device_new_from_fd(fixture->fd, &fixture->dev));
}

static void fixture_close(struct fixture *fixture)
{
	vfiopm_device_free(fixture->dev);
	close(fixture->fd);
	sim_reset();
}

static int count(void *data)
{
	++*(unsigned *)data;
	return 0;
}

static void hook_without_memory(void **state)
{
	const struct vfiopm_quiesce_ops ops = { .quiesce = count };
	struct vfiopm_quiesce *hook = NULL;
	struct fixture fixture;
	unsigned calls = 0;

	(void)state;
	fixture_open(&fixture);
	sim_calls_fail(0, ENOMEM);
	expect_errno(ENOMEM, vfiopm_quiesce_new(fixture.dev, &ops, sizeof(ops), &calls, &hook));
	sim_calls_end();
	assert_null(hook);
	expect_ok(vfiopm_enter(fixture.dev));
	assert_int_equal(calls, 0);
	fixture_close(&fixture);
}

static void failed_exit_leaves_hooks_quiesced(void **state)
{
	const struct vfiopm_quiesce_ops ops = { .restore = count };
	struct vfiopm_quiesce *hook;
	struct fixture fixture;
	unsigned restored = 0;

	(void)state;
	fixture_open(&fixture);
	expect_ok(vfiopm_quiesce_new(fixture.dev, &ops, sizeof(ops), &restored, &hook));
	expect_ok(vfiopm_enter(fixture.dev));
	sim_fail_resume(fixture.sim, true);
	expect_errno(EIO, vfiopm_exit(fixture.dev));
	assert_int_equal(restored, 0);
	sim_fail_resume(fixture.sim, false);
	expect_ok(vfiopm_exit(fixture.dev));
	assert_int_equal(restored, 1);
	vfiopm_quiesce_free(hook);
	fixture_close(&fixture);
}

/* The exit, the mask and the unmask of INTx: the exit reports what failed, runs the hooks, and the
 * next exit tries again. */
static void failed_restore_of_intx(void **state)
{
	const struct vfiopm_quiesce_ops ops = { .restore = count };
	struct vfiopm_quiesce *hook;
	struct fixture fixture;
	unsigned restored = 0;
	int event = raw_eventfd(), unmask = raw_eventfd();

	(void)state;
	fixture_open(&fixture);
	expect_ok(vfiopm_quiesce_new(fixture.dev, &ops, sizeof(ops), &restored, &hook));
	expect_ok(vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_INTX, 0, event));
	expect_ok(vfiopm_irq_set_unmask_eventfd(fixture.dev, VFIOPM_IRQ_INTX, 0, unmask));
	for (unsigned fails = 1; fails <= 2; fails++) {
		expect_ok(vfiopm_enter(fixture.dev));
		raw_add(unmask, 1);
		sim_ioctl_fails_after(fails, ENOMEM);
		assert_int_equal(vfiopm_exit(fixture.dev), -ENOMEM);
		sim_calls_end();
		assert_int_equal(restored, fails);
		assert_int_equal(vfiopm_get_state(fixture.dev), VFIOPM_STATE_ACTIVE);
		expect_ok(vfiopm_exit(fixture.dev));
		assert_int_equal(restored, fails);
		assert_true(sim_fire(fixture.sim, VFIOPM_IRQ_INTX, 0));
		assert_int_equal(raw_take(event), 1);
		sim_clear_intx(fixture.sim);
		raw_add(unmask, 1);
	}
	vfiopm_quiesce_free(hook);
	close(event);
	close(unmask);
	fixture_close(&fixture);
}

/* A mask that failed is no mask, and an unmask that failed leaves it. */
static void failed_mask_of_intx(void **state)
{
	int event = raw_eventfd(), unmask = raw_eventfd();
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture);
	expect_ok(vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_INTX, 0, event));
	expect_ok(vfiopm_irq_set_unmask_eventfd(fixture.dev, VFIOPM_IRQ_INTX, 0, unmask));
	for (int masked = 0; masked < 2; masked++) {
		if (masked)
			expect_ok(vfiopm_irq_mask(fixture.dev, VFIOPM_IRQ_INTX, 0));
		sim_ioctl_fails_after(0, EIO);
		if (masked)
			expect_errno(EIO, vfiopm_irq_unmask(fixture.dev, VFIOPM_IRQ_INTX, 0));
		else
			expect_errno(EIO, vfiopm_irq_mask(fixture.dev, VFIOPM_IRQ_INTX, 0));
		sim_calls_end();
		expect_ok(vfiopm_enter(fixture.dev));
		expect_ok(vfiopm_exit(fixture.dev));
		assert_int_equal(sim_fire(fixture.sim, VFIOPM_IRQ_INTX, 0), !masked);
		sim_clear_intx(fixture.sim);
		raw_take(event);
	}
	close(event);
	close(unmask);
	fixture_close(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hook_without_memory),
		cmocka_unit_test(failed_exit_leaves_hooks_quiesced),
		cmocka_unit_test(failed_restore_of_intx),
		cmocka_unit_test(failed_mask_of_intx),
	};

	return cmocka_run_group_tests_name("quiesce-corners", tests, NULL, NULL);
}
