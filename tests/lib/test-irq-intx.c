// SPDX-License-Identifier: MIT
/* Tests of INTx, its masks and its unmask eventfd, of ERR and REQ, and of loopback. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <vfiopm/vfiopm.h>

#include "host.h"
#include "irq-fixture.h"
#include "raw.h"
#include "test.h"
#include "testbed.h"

/* ---- INTx ---- */

static void intx_delivery_and_mask(void **state)
{
	struct irq_fixture fixture;
	int event;

	(void)state;
	irq_fixture_open(&fixture);
	event = fixture.events[0];
	expect_errno(EINVAL, vfiopm_irq_mask(fixture.dev, VFIOPM_IRQ_INTX, 0));
	expect_errno(EINVAL, vfiopm_irq_unmask(fixture.dev, VFIOPM_IRQ_INTX, 0));
	expect_errno(EINVAL, vfiopm_irq_trigger(fixture.dev, VFIOPM_IRQ_INTX, 0));
	expect_issues(&fixture, 1,
		      vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_INTX, 0, event));
	expect_issues(&fixture, 0,
		      vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_INTX, 0, event));
	testbed_fire(&fixture.raw, VFIOPM_IRQ_INTX, 0);
	assert_true(irq_arrives(event));
	testbed_clear(&fixture.raw);

	/* The kernel has masked INTx. The next interrupt arrives at the unmask. */
	testbed_fire(&fixture.raw, VFIOPM_IRQ_INTX, 0);
	usleep(20000);
	assert_int_equal(raw_take(event), 0);
	expect_issues(&fixture, 1, vfiopm_irq_unmask(fixture.dev, VFIOPM_IRQ_INTX, 0));
	assert_true(irq_arrives(event));
	testbed_clear(&fixture.raw);
	expect_issues(&fixture, 1, vfiopm_irq_unmask(fixture.dev, VFIOPM_IRQ_INTX, 0));

	/* A mask by the library has the same effect. */
	expect_issues(&fixture, 1, vfiopm_irq_mask(fixture.dev, VFIOPM_IRQ_INTX, 0));
	testbed_fire(&fixture.raw, VFIOPM_IRQ_INTX, 0);
	usleep(20000);
	assert_int_equal(raw_take(event), 0);
	expect_ok(vfiopm_irq_unmask(fixture.dev, VFIOPM_IRQ_INTX, 0));
	assert_true(irq_arrives(event));
	testbed_clear(&fixture.raw);

	/* INTx stays enabled with another eventfd, and with none. */
	expect_issues(&fixture, 1,
		      vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_INTX, 0, fixture.events[1]));
	expect_issues(&fixture, 1, vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_INTX, 0, -1));
	expect_issues(&fixture, 1, vfiopm_irq_disable(fixture.dev, VFIOPM_IRQ_INTX));
	expect_issues(&fixture, 0, vfiopm_irq_disable(fixture.dev, VFIOPM_IRQ_INTX));
	irq_fixture_close(&fixture);
}

static void intx_unmask_eventfd_is_replaced(void **state)
{
	int closed = raw_closed_fd(), file = open("/dev/null", O_RDWR);
	struct irq_fixture fixture;
	uint64_t one = 1;

	(void)state;
	irq_fixture_open(&fixture);
	expect_errno(EINVAL, vfiopm_irq_set_unmask_eventfd(fixture.dev, VFIOPM_IRQ_INTX, 0,
							   fixture.events[1]));
	expect_errno(ENOTTY, vfiopm_irq_set_unmask_eventfd(fixture.dev, VFIOPM_IRQ_MSIX, 0,
							   fixture.events[1]));
	expect_ok(vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_INTX, 0, fixture.events[0]));
	expect_issues(&fixture, 0,
		      vfiopm_irq_set_unmask_eventfd(fixture.dev, VFIOPM_IRQ_INTX, 0, -1));
	expect_issues(
		&fixture, 1,
		vfiopm_irq_set_unmask_eventfd(fixture.dev, VFIOPM_IRQ_INTX, 0, fixture.events[1]));
	expect_issues(
		&fixture, 0,
		vfiopm_irq_set_unmask_eventfd(fixture.dev, VFIOPM_IRQ_INTX, 0, fixture.events[1]));
	/* The kernel cannot replace the eventfd: the library removes it and sets the new one. */
	expect_issues(
		&fixture, 2,
		vfiopm_irq_set_unmask_eventfd(fixture.dev, VFIOPM_IRQ_INTX, 0, fixture.events[2]));
	expect_errno(EBADF, vfiopm_irq_set_unmask_eventfd(fixture.dev, VFIOPM_IRQ_INTX, 0, closed));
	expect_errno(EINVAL, vfiopm_irq_set_unmask_eventfd(fixture.dev, VFIOPM_IRQ_INTX, 0, file));
	expect_errno(EINVAL, vfiopm_irq_set_unmask_eventfd(fixture.dev, VFIOPM_IRQ_INTX, 0, -2));

	testbed_fire(&fixture.raw, VFIOPM_IRQ_INTX, 0);
	assert_true(irq_arrives(fixture.events[0]));
	testbed_clear(&fixture.raw);
	/* A signal of the eventfd unmasks INTx, so the next interrupt arrives. */
	assert_int_equal(write(fixture.events[2], &one, sizeof(one)), sizeof(one));
	testbed_fire(&fixture.raw, VFIOPM_IRQ_INTX, 0);
	assert_true(irq_arrives(fixture.events[0]));
	testbed_clear(&fixture.raw);

	/* A disable of INTx removes the unmask eventfd. */
	expect_issues(&fixture, 1, vfiopm_irq_disable(fixture.dev, VFIOPM_IRQ_INTX));
	expect_ok(vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_INTX, 0, fixture.events[0]));
	expect_issues(
		&fixture, 1,
		vfiopm_irq_set_unmask_eventfd(fixture.dev, VFIOPM_IRQ_INTX, 0, fixture.events[2]));
	expect_issues(&fixture, 1,
		      vfiopm_irq_set_unmask_eventfd(fixture.dev, VFIOPM_IRQ_INTX, 0, -1));
	close(file);
	irq_fixture_close(&fixture);
}

/* Another fd of the device has set an unmask eventfd. */
static void intx_unmask_eventfd_of_another_fd(void **state)
{
	struct irq_fixture fixture;

	(void)state;
	irq_fixture_open(&fixture);
	expect_ok(vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_INTX, 0, fixture.events[0]));
	assert_int_equal(raw_set_unmask_eventfd(fixture.raw.device, fixture.events[1]), 0);
	expect_errno(EBUSY, vfiopm_irq_set_unmask_eventfd(fixture.dev, VFIOPM_IRQ_INTX, 0,
							  fixture.events[2]));
	assert_int_equal(raw_set_unmask_eventfd(fixture.raw.device, -1), 0);
	expect_ok(
		vfiopm_irq_set_unmask_eventfd(fixture.dev, VFIOPM_IRQ_INTX, 0, fixture.events[2]));
	irq_fixture_close(&fixture);
}

static void only_intx_can_be_masked(void **state)
{
	struct irq_fixture fixture;

	(void)state;
	irq_fixture_open(&fixture);
	expect_ok(irq_set(&fixture, 0, fixture.events[0]));
	expect_errno(ENOTTY, vfiopm_irq_mask(fixture.dev, VFIOPM_IRQ_MSIX, 0));
	expect_errno(ENOTTY, vfiopm_irq_unmask(fixture.dev, VFIOPM_IRQ_MSIX, 0));
	expect_errno(ENOTTY, vfiopm_irq_mask(fixture.dev, VFIOPM_IRQ_REQ, 0));
	assert_int_equal(irq_issued(&fixture), 1);
	irq_fixture_close(&fixture);
}

static void trigger_signals_the_eventfd(void **state)
{
	struct irq_fixture fixture;

	(void)state;
	irq_fixture_open(&fixture);
	expect_errno(EINVAL, vfiopm_irq_trigger(fixture.dev, VFIOPM_IRQ_MSIX, 0));
	expect_errno(EINVAL, vfiopm_irq_trigger(fixture.dev, VFIOPM_IRQ_REQ, 0));
	expect_ok(irq_set(&fixture, 2, fixture.events[2]));
	expect_issues(&fixture, 1, vfiopm_irq_trigger(fixture.dev, VFIOPM_IRQ_MSIX, 2));
	assert_int_equal(raw_take(fixture.events[2]), 1);
	expect_issues(&fixture, 0, vfiopm_irq_trigger(fixture.dev, VFIOPM_IRQ_MSIX, 1));
	irq_fixture_close(&fixture);
}

static void err_and_req(void **state)
{
	struct irq_fixture fixture;

	(void)state;
	irq_fixture_open(&fixture);
	for (uint32_t i = VFIOPM_IRQ_ERR; i <= VFIOPM_IRQ_REQ; i++) {
		expect_issues(&fixture, 0, vfiopm_irq_reserve(fixture.dev, i, 1));
		expect_issues(&fixture, 0, vfiopm_irq_disable(fixture.dev, i));
		expect_issues(&fixture, 1,
			      vfiopm_irq_set_signaling(fixture.dev, i, 0, fixture.events[0]));
		expect_issues(&fixture, 1,
			      vfiopm_irq_set_signaling(fixture.dev, i, 0, fixture.events[1]));
		expect_issues(&fixture, 1, vfiopm_irq_trigger(fixture.dev, i, 0));
		assert_int_equal(raw_take(fixture.events[0]), 0);
		assert_int_equal(raw_take(fixture.events[1]), 1);
		expect_issues(&fixture, 1, vfiopm_irq_set_signaling(fixture.dev, i, 0, -1));
		expect_issues(&fixture, 0, vfiopm_irq_disable(fixture.dev, i));
		expect_issues(&fixture, 1,
			      vfiopm_irq_set_signaling(fixture.dev, i, 0, fixture.events[1]));
		expect_issues(&fixture, 1, vfiopm_irq_disable(fixture.dev, i));
	}
	irq_fixture_close(&fixture);
}

static void closed_device_fd(void **state)
{
	struct irq_fixture fixture;
	int fd;

	(void)state;
	irq_fixture_open(&fixture);
	fd = fcntl(fixture.raw.device, F_DUPFD_CLOEXEC, 300);
	assert_true(fd >= 300);
	vfiopm_device_free(fixture.dev);
	expect_ok(vfiopm_device_new_from_fd(fd, &fixture.dev));
	expect_ok(vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_INTX, 0, fixture.events[0]));
	close(fd);
	expect_errno(EBADF,
		     vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_INTX, 0, fixture.events[1]));
	expect_errno(EBADF, vfiopm_irq_set_signaling_range(fixture.dev, VFIOPM_IRQ_REQ, 0, 1,
							   fixture.events));
	expect_errno(EBADF, vfiopm_irq_mask(fixture.dev, VFIOPM_IRQ_INTX, 0));
	expect_errno(EBADF, vfiopm_irq_unmask(fixture.dev, VFIOPM_IRQ_INTX, 0));
	expect_errno(EBADF, vfiopm_irq_trigger(fixture.dev, VFIOPM_IRQ_INTX, 0));
	expect_errno(EBADF, vfiopm_irq_disable(fixture.dev, VFIOPM_IRQ_INTX));
	expect_ok(vfiopm_irq_begin(fixture.dev));
	expect_ok(vfiopm_irq_disable(fixture.dev, VFIOPM_IRQ_INTX));
	expect_errno(EBADF, vfiopm_irq_commit(fixture.dev));
	vfiopm_device_free(fixture.dev);
	expect_ok(vfiopm_device_new_from_fd(fixture.raw.device, &fixture.dev));
	irq_fixture_close(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_TESTBED(intx_delivery_and_mask),
		ON_TESTBED(intx_unmask_eventfd_is_replaced),
		ON_TESTBED(intx_unmask_eventfd_of_another_fd),
		ON_TESTBED(only_intx_can_be_masked),
		ON_TESTBED(trigger_signals_the_eventfd),
		ON_TESTBED(err_and_req),
		ON_TESTBED(closed_device_fd),
	};

	return cmocka_run_group_tests_name("irq-intx", tests, NULL, NULL);
}
