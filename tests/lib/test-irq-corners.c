// SPDX-License-Identifier: MIT
/* Rare cases of the IRQ calls, on the simulator: MSI with several vectors, eventfds that are only
 * wanted, and failures of failures. */
#include <errno.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <vfiopm/vfiopm.h>

#include "calls.h"
#include "raw.h"
#include "sim-fixture.h"
#include "sim.h"
#include "test.h"

static int set(const struct sim_fixture *fixture, uint32_t vector, int fd)
{
	return vfiopm_irq_set_signaling(fixture->dev, VFIOPM_IRQ_MSIX, vector, fd);
}

static int set_unmask(const struct sim_fixture *fixture, int fd)
{
	return vfiopm_irq_set_unmask_eventfd(fixture->dev, VFIOPM_IRQ_INTX, 0, fd);
}

/* The number of SET_IRQS that an unmask eventfd takes. The call must succeed. */
static unsigned ioctls_of_unmask(const struct sim_fixture *fixture, int fd)
{
	unsigned before = sim_set_irqs(fixture->sim);

	expect_ok(set_unmask(fixture, fd));
	return sim_set_irqs(fixture->sim) - before;
}

/* No kernel can resize MSI: its vectors are one block of a power of two. */
static void msi_growth_signals_what_was_down(void **state)
{
	const struct sim_machine machine = { .msi_vectors = 4 };
	int events[4], fd = sim_open_device(sim_add(&machine));
	struct vfiopm_device *dev;

	(void)state;
	expect_ok(vfiopm_device_new_from_fd(fd, &dev));
	for (uint32_t i = 0; i < 4; i++) {
		events[i] = raw_eventfd();
		expect_ok(vfiopm_irq_set_signaling(dev, VFIOPM_IRQ_MSI, i, events[i]));
		/* The third vector grows 2 to 4, so the fourth needs no growth. */
		for (uint32_t j = 0; j <= i; j++)
			assert_int_equal(raw_take(events[j]), j < i && i < 3);
	}
	vfiopm_device_free(dev);
	for (uint32_t i = 0; i < 4; i++)
		close(events[i]);
	close(fd);
	sim_reset();
}

static void a_wanted_eventfd_is_in_use(void **state)
{
	struct sim_fixture fixture;
	int own;

	(void)state;
	sim_fixture_open(&fixture, "6.12", VECTORS);
	own = fixture.events[1];
	expect_ok(vfiopm_irq_begin(fixture.dev));
	expect_ok(set(&fixture, 2, own));
	expect_errno(EBUSY, vfiopm_irq_free_eventfd(fixture.dev, own));
	expect_ok(vfiopm_irq_commit(fixture.dev));
	/* The kernel still has it until the commit. */
	expect_ok(vfiopm_irq_begin(fixture.dev));
	expect_ok(set(&fixture, 2, -1));
	expect_errno(EBUSY, vfiopm_irq_free_eventfd(fixture.dev, own));
	expect_ok(vfiopm_irq_commit(fixture.dev));
	expect_ok(vfiopm_irq_free_eventfd(fixture.dev, own));
	expect_errno(EINVAL, vfiopm_irq_free_eventfd(fixture.dev, own));
	sim_fixture_close(&fixture);
}

static void an_unmask_eventfd_that_stays_is_still_set(void **state)
{
	struct sim_fixture fixture;

	(void)state;
	sim_fixture_open(&fixture, "6.12", VECTORS);
	expect_ok(vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_INTX, 0, fixture.events[0]));
	expect_ok(set_unmask(&fixture, fixture.events[1]));
	/* The kernel does not remove the old one, so the new one is not sent. */
	sim_ioctls_fail_after(0, EIO);
	expect_errno(EIO, set_unmask(&fixture, fixture.events[3]));
	assert_int_equal(sim_calls_named("ioctl"), 1);
	sim_calls_end();
	assert_int_equal(ioctls_of_unmask(&fixture, fixture.events[1]), 0);
	expect_errno(EBUSY, vfiopm_irq_free_eventfd(fixture.dev, fixture.events[1]));
	expect_ok(vfiopm_irq_free_eventfd(fixture.dev, fixture.events[3]));
	sim_fixture_close(&fixture);
}

static void an_unmask_eventfd_that_is_lost_is_forgotten(void **state)
{
	struct sim_fixture fixture;

	(void)state;
	sim_fixture_open(&fixture, "6.12", VECTORS);
	expect_ok(vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_INTX, 0, fixture.events[0]));
	expect_ok(set_unmask(&fixture, fixture.events[1]));
	/* The old one is removed, then the new one and the restore of the old one fail. */
	sim_ioctls_fail_after(1, ENOMEM);
	expect_errno(ENOMEM, set_unmask(&fixture, fixture.events[3]));
	assert_int_equal(sim_calls_named("ioctl"), 3);
	sim_calls_end();
	assert_int_equal(ioctls_of_unmask(&fixture, -1), 0);
	assert_int_equal(ioctls_of_unmask(&fixture, fixture.events[1]), 1);
	/* Removing is not replacing: nothing is restored. */
	sim_ioctls_fail_after(1, ENOMEM);
	expect_ok(set_unmask(&fixture, -1));
	assert_int_equal(sim_calls_named("ioctl"), 1);
	sim_calls_end();
	sim_fixture_close(&fixture);
}

static void an_eventfd_of_any_index_is_in_use(void **state)
{
	struct sim_fixture fixture;
	int own;

	(void)state;
	sim_fixture_open(&fixture, "6.12", VECTORS);
	own = fixture.events[1];
	for (uint32_t i = VFIOPM_IRQ_INTX; i <= VFIOPM_IRQ_REQ; i++) {
		expect_ok(vfiopm_irq_set_signaling(fixture.dev, i, 0, own));
		expect_errno(EBUSY, vfiopm_irq_free_eventfd(fixture.dev, own));
		expect_ok(vfiopm_irq_disable(fixture.dev, i));
	}
	expect_ok(vfiopm_irq_free_eventfd(fixture.dev, own));
	sim_fixture_close(&fixture);
}

/* A driver without this ioctl fails with ENOTTY, and vfio-pci fails with EINVAL for ERR of a device
 * without PCIe. */
static void an_index_that_is_missing_has_no_vectors(void **state)
{
	static const int errors[] = { ENOTTY, EINVAL };
	struct sim_device *sim = sim_add(NULL);
	int fd = sim_open_device(sim);
	struct vfiopm_device *dev;
	unsigned ioctls = 0;
	uint32_t vectors;

	(void)state;
	sim_calls_begin();
	expect_ok(vfiopm_device_new_from_fd(fd, &dev));
	ioctls = sim_calls_named("ioctl");
	sim_calls_end();
	vfiopm_device_free(dev);
	for (unsigned i = 0; i < 2; i++) {
		/* The last ioctl reads the last index. */
		sim_ioctl_fails_after(ioctls - 1, errors[i]);
		expect_ok(vfiopm_device_new_from_fd(fd, &dev));
		sim_calls_end();
		expect_ok(vfiopm_irq_get_count(dev, VFIOPM_IRQ_ERR, &vectors));
		assert_int_equal(vectors, 1);
		expect_ok(vfiopm_irq_get_count(dev, VFIOPM_IRQ_REQ, &vectors));
		assert_int_equal(vectors, 0);
		expect_errno(EINVAL, vfiopm_irq_set_signaling(dev, VFIOPM_IRQ_REQ, 0, -1));
		vfiopm_device_free(dev);
	}
	close(fd);
	sim_reset();
}

/* Two indexes fail in one batch. */
static void commit_returns_the_first_error(void **state)
{
	struct sim_fixture fixture;

	(void)state;
	sim_fixture_open(&fixture, "6.12", VECTORS);
	expect_ok(vfiopm_irq_begin(fixture.dev));
	expect_ok(set(&fixture, 0, fixture.events[1]));
	expect_ok(vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_REQ, 0, fixture.events[1]));
	sim_fail_vector(fixture.sim, 0, ENOMEM, 1);
	sim_ioctls_fail_after(1, EIO);
	expect_errno(ENOMEM, vfiopm_irq_commit(fixture.dev));
	assert_int_equal(sim_calls_named("ioctl"), 2);
	sim_calls_end();
	sim_fixture_close(&fixture);
}

/* A vector that a failure left unknown is known again when a later failure restores it. */
static void a_restored_vector_is_known(void **state)
{
	struct sim_fixture fixture;
	unsigned before;

	(void)state;
	sim_fixture_open(&fixture, "6.12", VECTORS);
	expect_ok(set(&fixture, 0, fixture.events[1]));
	/* The change fails, and so do the two restores and the removal. */
	sim_fail_set_irqs(fixture.sim, (const int[]){ ENOMEM, EIO, EIO, EIO }, 4);
	expect_errno(ENOMEM, set(&fixture, 0, fixture.events[3]));
	/* The vector is sent again, with a change that fails, and the restore succeeds. */
	sim_fail_set_irqs(fixture.sim, (const int[]){ ENOMEM }, 1);
	expect_errno(ENOMEM, set(&fixture, 0, fixture.events[3]));
	sim_fail_set_irqs(fixture.sim, NULL, 0);
	before = sim_set_irqs(fixture.sim);
	expect_ok(set(&fixture, 0, fixture.events[1]));
	assert_int_equal(sim_set_irqs(fixture.sim), before);
	assert_true(sim_fixture_same(sim_fixture_eventfd(&fixture, 0), fixture.events[1]));
	sim_fixture_close(&fixture);
}

/* Without /proc, as in a sandbox, only the kernel can check whether an fd is an eventfd. */
static void an_eventfd_is_accepted_without_proc(void **state)
{
	struct sim_fixture fixture;
	unsigned calls;

	(void)state;
	sim_fixture_open(&fixture, "6.12", VECTORS);
	expect_ok(set(&fixture, 0, fixture.events[0]));
	sim_calls_begin();
	expect_ok(set(&fixture, 0, fixture.events[2]));
	calls = sim_calls_end();
	sim_calls_fail(calls_find(calls, "readlink", 0), ENOENT);
	expect_ok(set(&fixture, 0, fixture.events[0]));
	sim_calls_end();
	assert_true(sim_fixture_same(sim_fixture_eventfd(&fixture, 0), fixture.events[0]));
	sim_fixture_close(&fixture);
}

/* A kernel before 6.10 is asked once for F_DUPFD_QUERY, and kcmp(2) compares from then on. */
static void a_missing_query_is_not_repeated(void **state)
{
	struct sim_fixture fixture;
	unsigned before;

	(void)state;
	sim_fixture_open(&fixture, "6.12", VECTORS);
	expect_ok(set(&fixture, 0, fixture.events[0]));
	before = sim_set_irqs(fixture.sim);
	sim_calls_fail(0, EINVAL);
	expect_ok(set(&fixture, 0, fixture.events[0]));
	assert_int_equal(sim_calls_named("fcntl"), 1);
	sim_calls_begin();
	expect_ok(set(&fixture, 0, fixture.events[0]));
	assert_int_equal(sim_calls_end(), 0);
	assert_int_equal(sim_set_irqs(fixture.sim), before);
	sim_fixture_close(&fixture);
}

/* The link of a timerfd in /proc has the length of an eventfd's. */
static void a_timerfd_is_refused(void **state)
{
	int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	struct sim_fixture fixture;
	unsigned before;

	(void)state;
	sim_fixture_open(&fixture, "6.12", VECTORS);
	before = sim_set_irqs(fixture.sim);
	expect_errno(EINVAL, set(&fixture, 0, timer));
	assert_int_equal(sim_set_irqs(fixture.sim), before);
	sim_fixture_close(&fixture);
	close(timer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(msi_growth_signals_what_was_down),
		cmocka_unit_test(a_wanted_eventfd_is_in_use),
		cmocka_unit_test(an_unmask_eventfd_that_stays_is_still_set),
		cmocka_unit_test(an_unmask_eventfd_that_is_lost_is_forgotten),
		cmocka_unit_test(an_eventfd_of_any_index_is_in_use),
		cmocka_unit_test(an_index_that_is_missing_has_no_vectors),
		cmocka_unit_test(commit_returns_the_first_error),
		cmocka_unit_test(a_restored_vector_is_known),
		cmocka_unit_test(an_eventfd_is_accepted_without_proc),
		cmocka_unit_test(a_missing_query_is_not_repeated),
		cmocka_unit_test(a_timerfd_is_refused),
	};

	return cmocka_run_group_tests_name("irq-corners", tests, NULL, NULL);
}
