// SPDX-License-Identifier: MIT
/* Which SET_IRQS are issued and which are saved, as the statistics and the trace report them, and
 * the counts that an eventfd gets for a gap, on the simulator. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <vfiopm/vfiopm.h>

#include "host.h"
#include "raw.h"
#include "sim-fixture.h"
#include "sim.h"
#include "test.h"

/* ---- statistics and trace ---- */

struct account {
	struct sim_fixture fixture;
	unsigned issued, saved; /* as traced */
	int result;		/* of the last ioctl */
};

static void count(void *data, uint32_t event, const char *call, int result)
{
	struct account *account = data;

	assert_string_equal(call, "VFIO_DEVICE_SET_IRQS");
	if (event == VFIOPM_TRACE_ISSUED) {
		account->issued++;
		account->result = result;
	} else {
		assert_int_equal(event, VFIOPM_TRACE_SAVED);
		assert_int_equal(result, 0);
		account->saved++;
	}
}

static void account_open(struct account *account, const char *kernel)
{
	memset(account, 0, sizeof(*account));
	sim_fixture_open(&account->fixture, kernel, VECTORS);
	expect_ok(vfiopm_device_set_trace(account->fixture.dev, count, account));
}

/* The calls since the last look, in the statistics, in the trace and in the kernel. */
static void expect_account(struct account *account, unsigned issued, unsigned saved)
{
	uint64_t all_issued, all_saved;

	expect_ok(vfiopm_irq_get_stats(account->fixture.dev, &all_issued, &all_saved));
	assert_int_equal(account->issued, all_issued);
	assert_int_equal(account->issued, sim_set_irqs(account->fixture.sim));
	assert_int_equal(account->saved, all_saved);
	assert_int_equal(account->issued, issued);
	assert_int_equal(account->saved, saved);
}

static int set(const struct account *account, uint32_t index, uint32_t vector, int fd)
{
	return vfiopm_irq_set_signaling(account->fixture.dev, index, vector, fd);
}

static void each_call_is_issued_or_saved(void **state)
{
	struct account account;
	struct vfiopm_device *dev;
	int event;

	(void)state;
	account_open(&account, "6.12");
	dev = account.fixture.dev;
	event = account.fixture.events[0];
	/* A disabled index has nothing to disable, and no eventfd to remove. */
	expect_ok(vfiopm_irq_disable(dev, VFIOPM_IRQ_MSIX));
	expect_account(&account, 0, 1);
	expect_ok(set(&account, VFIOPM_IRQ_MSIX, 2, -1));
	expect_account(&account, 0, 2);
	expect_ok(set(&account, VFIOPM_IRQ_MSIX, 2, event));
	expect_account(&account, 1, 2);
	assert_int_equal(account.result, 0);
	expect_ok(set(&account, VFIOPM_IRQ_MSIX, 2, event));
	expect_account(&account, 1, 3);
	expect_ok(vfiopm_irq_reserve(dev, VFIOPM_IRQ_MSIX, 3));
	expect_account(&account, 1, 4);
	expect_ok(vfiopm_irq_trigger(dev, VFIOPM_IRQ_MSIX, 2));
	expect_account(&account, 2, 4);
	expect_ok(vfiopm_irq_trigger(dev, VFIOPM_IRQ_MSIX, 1));
	expect_account(&account, 2, 5);
	sim_fail_vector(account.fixture.sim, 3, EBUSY, 1);
	expect_errno(EBUSY, set(&account, VFIOPM_IRQ_MSIX, 3, event));
	/* The change, and the restore of a vector that had no eventfd. */
	expect_account(&account, 4, 5);
	sim_fixture_close(&account.fixture);
}

/* A batch saves what a call for each change would have issued in addition. */
static void a_batch_saves_calls(void **state)
{
	struct account account;
	struct vfiopm_device *dev;

	(void)state;
	account_open(&account, "6.12");
	dev = account.fixture.dev;
	for (unsigned round = 0; round < 2; round++) {
		int event = account.fixture.events[round];

		expect_ok(vfiopm_irq_begin(dev));
		for (uint32_t i = 0; i < VECTORS; i++)
			expect_ok(set(&account, VFIOPM_IRQ_MSIX, i, event));
		/* Seven calls, of which the commit issues one. */
		expect_ok(set(&account, VFIOPM_IRQ_MSIX, 0, event));
		expect_account(&account, round, round * VECTORS);
		expect_ok(vfiopm_irq_commit(dev));
		expect_account(&account, round + 1, (round + 1) * VECTORS);
	}
	/* An empty batch saves nothing. */
	expect_ok(vfiopm_irq_begin(dev));
	expect_ok(vfiopm_irq_commit(dev));
	expect_account(&account, 2, 2 * VECTORS);
	sim_fixture_close(&account.fixture);
}

/* A batch stays open over the sleep. Neither an exit nor an exit that fails commits it. */
static void an_exit_commits_nothing(void **state)
{
	struct account account;
	struct vfiopm_device *dev;
	int event;

	(void)state;
	memset(&account, 0, sizeof(account));
	sim_fixture_open(&account.fixture, "6.12", VECTORS);
	dev = account.fixture.dev;
	event = account.fixture.events[0];
	expect_ok(vfiopm_irq_begin(dev));
	expect_ok(set(&account, VFIOPM_IRQ_MSIX, 0, event));
	expect_ok(vfiopm_enter(dev));
	sim_fail_resume(account.fixture.sim, true);
	expect_errno(EIO, vfiopm_exit(dev));
	sim_fail_resume(account.fixture.sim, false);
	expect_ok(vfiopm_exit(dev));
	assert_int_equal(sim_set_irqs(account.fixture.sim), 0);
	expect_ok(set(&account, VFIOPM_IRQ_MSIX, 1, event));
	assert_int_equal(sim_set_irqs(account.fixture.sim), 0);
	expect_ok(vfiopm_irq_commit(dev));
	assert_int_equal(sim_set_irqs(account.fixture.sim), 1);
	sim_fixture_close(&account.fixture);
}

/* INTx that is not enabled is refused without an ioctl, which would wake the device. */
static void disabled_intx_is_refused_from_memory(void **state)
{
	struct account account;
	struct vfiopm_device *dev;

	(void)state;
	account_open(&account, "6.12");
	dev = account.fixture.dev;
	expect_errno(EINVAL, vfiopm_irq_mask(dev, VFIOPM_IRQ_INTX, 0));
	expect_errno(EINVAL, vfiopm_irq_unmask(dev, VFIOPM_IRQ_INTX, 0));
	expect_errno(EINVAL, vfiopm_irq_trigger(dev, VFIOPM_IRQ_INTX, 0));
	expect_errno(EINVAL, vfiopm_irq_set_unmask_eventfd(dev, VFIOPM_IRQ_INTX, 0,
							   account.fixture.events[0]));
	expect_account(&account, 0, 0);
	sim_fixture_close(&account.fixture);
}

/* The unmask eventfd goes with INTx, and stays while INTx is enabled. */
static void the_unmask_eventfd_lives_as_long_as_intx(void **state)
{
	struct account account;
	struct vfiopm_device *dev;
	int unmask;

	(void)state;
	account_open(&account, "6.12");
	dev = account.fixture.dev;
	unmask = account.fixture.events[1];
	expect_ok(set(&account, VFIOPM_IRQ_INTX, 0, account.fixture.events[0]));
	expect_ok(vfiopm_irq_set_unmask_eventfd(dev, VFIOPM_IRQ_INTX, 0, unmask));
	expect_account(&account, 2, 0);
	/* Another trigger. */
	expect_ok(set(&account, VFIOPM_IRQ_INTX, 0, account.fixture.events[2]));
	expect_ok(vfiopm_irq_set_unmask_eventfd(dev, VFIOPM_IRQ_INTX, 0, unmask));
	expect_account(&account, 3, 1);
	/* Disabled and enabled, each in a batch. */
	expect_ok(vfiopm_irq_begin(dev));
	expect_ok(vfiopm_irq_disable(dev, VFIOPM_IRQ_INTX));
	expect_ok(vfiopm_irq_commit(dev));
	expect_ok(vfiopm_irq_begin(dev));
	expect_ok(set(&account, VFIOPM_IRQ_INTX, 0, account.fixture.events[0]));
	expect_ok(vfiopm_irq_commit(dev));
	expect_account(&account, 5, 1);
	expect_ok(vfiopm_irq_set_unmask_eventfd(dev, VFIOPM_IRQ_INTX, 0, unmask));
	expect_account(&account, 6, 1);
	sim_fixture_close(&account.fixture);
}

static void a_refused_unmask_eventfd_is_not_kept(void **state)
{
	struct sim_fixture fixture;
	unsigned fds;

	(void)state;
	sim_fixture_open(&fixture, "6.12", VECTORS);
	expect_ok(vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_INTX, 0, fixture.events[1]));
	fds = host_open_fds();
	sim_ioctls_fail_after(0, ENOMEM);
	expect_errno(ENOMEM, vfiopm_irq_set_unmask_eventfd(fixture.dev, VFIOPM_IRQ_INTX, 0,
							   fixture.events[0]));
	sim_calls_end();
	assert_int_equal(host_open_fds(), fds);
	sim_fixture_close(&fixture);
}

/* ---- counts for a gap ---- */

/* Each vector that was live and that a failure may have torn down gets one count, and no other. */
static void a_restored_vector_gets_one_count(void **state)
{
	static const char *const kernels[] = { "6.1", "6.12" };

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct sim_fixture fixture;
		int wanted[3];

		sim_fixture_open(&fixture, kernels[i], VECTORS);
		expect_ok(vfiopm_irq_reserve(fixture.dev, VFIOPM_IRQ_MSIX, 4));
		expect_ok(vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_MSIX, 0,
						   fixture.events[0]));
		expect_ok(vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_MSIX, 3,
						   fixture.events[2]));
		wanted[0] = wanted[1] = wanted[2] = fixture.events[1];
		sim_fail_vector(fixture.sim, 1, ENOMEM, 1);
		expect_errno(ENOMEM, vfiopm_irq_set_signaling_range(fixture.dev, VFIOPM_IRQ_MSIX, 0,
								    3, wanted));
		assert_int_equal(raw_take(fixture.events[0]), 1);
		assert_int_equal(raw_take(fixture.events[1]), 0);
		assert_int_equal(raw_take(fixture.events[2]), 0);
		sim_fixture_close(&fixture);
	}
}

/* Growth that the kernel refuses disables the index all the same. */
static void a_refused_growth_gives_one_count(void **state)
{
	struct sim_fixture fixture;

	(void)state;
	sim_fixture_open(&fixture, "6.1", VECTORS);
	expect_ok(vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_MSIX, 0, fixture.events[0]));
	expect_ok(vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_MSIX, 1, fixture.events[2]));
	assert_int_equal(raw_take(fixture.events[0]), 1);
	sim_limit_vectors(fixture.sim, 2);
	expect_errno(ENOSPC,
		     vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_MSIX, 2, fixture.events[1]));
	assert_int_equal(raw_take(fixture.events[0]), 1);
	assert_int_equal(raw_take(fixture.events[2]), 1);
	assert_int_equal(raw_take(fixture.events[1]), 0);
	sim_fixture_close(&fixture);
}

/* The host has exactly as many vectors as are needed, and one fewer than is preferred. */
static void growth_takes_what_is_needed(void **state)
{
	struct sim_fixture fixture;

	(void)state;
	for (unsigned limit = 3; limit <= 5; limit++) {
		sim_fixture_open(&fixture, "6.1", VECTORS);
		expect_ok(vfiopm_irq_reserve(fixture.dev, VFIOPM_IRQ_MSIX, 2));
		sim_limit_vectors(fixture.sim, limit);
		expect_ok(vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_MSIX, 2,
						   fixture.events[0]));
		assert_int_equal(sim_irq_allocated(fixture.sim), limit == 3 ? 3 : 4);
		sim_fixture_close(&fixture);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_call_is_issued_or_saved),
		cmocka_unit_test(a_batch_saves_calls),
		cmocka_unit_test(an_exit_commits_nothing),
		cmocka_unit_test(disabled_intx_is_refused_from_memory),
		cmocka_unit_test(the_unmask_eventfd_lives_as_long_as_intx),
		cmocka_unit_test(a_refused_unmask_eventfd_is_not_kept),
		cmocka_unit_test(a_restored_vector_gets_one_count),
		cmocka_unit_test(a_refused_growth_gives_one_count),
		cmocka_unit_test(growth_takes_what_is_needed),
	};

	return cmocka_run_group_tests_name("irq-accounting", tests, NULL, NULL);
}
