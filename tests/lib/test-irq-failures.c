// SPDX-License-Identifier: MIT
/*
 * Changes of signalling that fail, on the simulator: at every vector of a block, at every
 * call, with every errno. What the library then believes is what the kernel has.
 */
#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <vfiopm/vfiopm.h>

#include "raw.h"
#include "sim-fixture.h"
#include "sim.h"
#include "test.h"

static const int errors[] = { ENOMEM, EBUSY, ENOSPC, EINVAL, EIO };

#define PATTERNS (1 << VECTORS)

/* Live vectors by a pattern, on one eventfd; to be changed by another, to another. */
static void pattern_fds(int *fds, unsigned pattern, int fd, const int *otherwise)
{
	for (int i = 0; i < VECTORS; i++)
		fds[i] = pattern & 1u << i ? fd : otherwise ? otherwise[i] : -1;
}

/* After a failure: what the library takes for unchanged is what the kernel has. */
static void check_truth(const struct sim_fixture *fixture, const int *old, bool exact)
{
	for (uint32_t i = 0; i < VECTORS; i++) {
		unsigned before = sim_set_irqs(fixture->sim);
		int has = sim_fixture_eventfd(fixture, i);

		expect_ok(vfiopm_irq_set_signaling(fixture->dev, VFIOPM_IRQ_MSIX, i, old[i]));
		if (sim_set_irqs(fixture->sim) == before)
			assert_true(sim_fixture_same(has, old[i]));
		else
			assert_false(exact);
		assert_true(sim_fixture_same(sim_fixture_eventfd(fixture, i), old[i]));
	}
}

/* Which vectors get a handler: those that change; and all, if an index that cannot be
 * resized is disabled to have more. */
static unsigned registered(const struct sim_fixture *fixture, unsigned live, unsigned change)
{
	uint32_t flags;

	expect_ok(vfiopm_irq_get_flags(fixture->dev, VFIOPM_IRQ_MSIX, &flags));
	return (flags & VFIOPM_IRQ_FLAG_NORESIZE) && live &&
			       change >= 1u << (32 - __builtin_clz(live))
		       ? change | live
		       : change;
}

static void one_failure(struct sim_fixture *fixture, unsigned live, unsigned change,
			uint32_t position, int error, unsigned times)
{
	bool met = registered(fixture, live, change) & 1u << position;
	bool rebuilt = live && change >= 1u << (32 - __builtin_clz(live));
	int old[VECTORS], wanted[VECTORS], r;

	pattern_fds(old, live, fixture->events[0], NULL);
	pattern_fds(wanted, change, fixture->events[1], old);
	expect_ok(vfiopm_irq_set_signaling_range(fixture->dev, VFIOPM_IRQ_MSIX, 0, VECTORS, old));

	sim_fail_vector(fixture->sim, position, error, times);
	r = vfiopm_irq_set_signaling_range(fixture->dev, VFIOPM_IRQ_MSIX, 0, VECTORS, wanted);
	sim_fail_vector(fixture->sim, 0, 0, 0);
	/* The one retry there is: of ENOSPC, with fewer vectors. */
	if (r == 0 && met)
		assert_true(rebuilt && error == ENOSPC && times == 1);
	else
		assert_int_equal(r, met ? -error : 0);
	check_truth(fixture, r < 0 ? old : wanted, times == 1);
	expect_ok(vfiopm_irq_disable(fixture->dev, VFIOPM_IRQ_MSIX));
}

static void failures_on(const char *kernel)
{
	struct sim_fixture fixture;

	sim_fixture_open(&fixture, kernel, VECTORS);
	for (unsigned live = 0; live < PATTERNS; live += 1 + sim_fixture_random(3)) {
		for (unsigned change = 1; change < PATTERNS; change += 1 + sim_fixture_random(5)) {
			for (uint32_t position = 0; position < VECTORS; position++) {
				int error = errors[sim_fixture_random(5)];

				one_failure(&fixture, live, change, position, error, 1);
				one_failure(&fixture, live, change, position, error, 2);
				one_failure(&fixture, live, change, position, error, 1000);
			}
		}
	}
	sim_fixture_close(&fixture);
}

static void truth_after_failure_dynamic(void **state)
{
	(void)state;
	failures_on("6.12");
}

static void truth_after_failure_noresize(void **state)
{
	(void)state;
	failures_on("6.1");
}

/* The ioctl itself fails, before or without being looked at by the kernel: whichever of
 * the calls that a change makes it is, and also those that repair. */
static void truth_after_failed_calls(void **state)
{
	static const char *const kernels[] = { "6.1", "6.12" };
	int old[VECTORS], wanted[VECTORS];

	(void)state;
	for (unsigned i = 0; i < 2 * PATTERNS; i++) {
		for (size_t e = 0; e < sizeof(errors) / sizeof(errors[0]); e++) {
			for (unsigned call = 0;; call++) {
				struct sim_fixture fixture;
				unsigned calls;
				int r;

				sim_fixture_open(&fixture, kernels[i % 2], VECTORS);
				pattern_fds(old, i / 2, fixture.events[0], NULL);
				pattern_fds(wanted, i * 37 / 2 + 1, fixture.events[3], old);
				expect_ok(vfiopm_irq_set_signaling_range(
					fixture.dev, VFIOPM_IRQ_MSIX, 0, VECTORS, old));
				sim_calls_fail(call, errors[e]);
				r = vfiopm_irq_set_signaling_range(fixture.dev, VFIOPM_IRQ_MSIX, 0,
								   VECTORS, wanted);
				calls = sim_calls_end();
				if (r < 0)
					check_truth(&fixture, old, false);
				else
					check_truth(&fixture, wanted, true);
				sim_fixture_close(&fixture);
				if (call >= calls)
					break;
			}
		}
	}
}

/* The kernel fails in the middle of a block, and refuses to say anything more: of the
 * vectors that it may have torn down, none is taken for live. */
static void truth_when_nothing_can_be_put_back(void **state)
{
	int old[VECTORS], wanted[VECTORS];

	(void)state;
	for (unsigned live = 1; live < PATTERNS; live++) {
		for (uint32_t position = 0; position < VECTORS; position++) {
			for (unsigned let = 1; let <= 4; let++) {
				struct sim_fixture fixture;

				sim_fixture_open(&fixture, live % 2 ? "6.1" : "6.12", VECTORS);
				/* Room for all, so that it is a block and not a new start. */
				expect_ok(
					vfiopm_irq_reserve(fixture.dev, VFIOPM_IRQ_MSIX, VECTORS));
				pattern_fds(old, live, fixture.events[1], NULL);
				pattern_fds(wanted, PATTERNS - 1, fixture.events[3], NULL);
				expect_ok(vfiopm_irq_set_signaling_range(
					fixture.dev, VFIOPM_IRQ_MSIX, 0, VECTORS, old));
				sim_fail_vector(fixture.sim, position, ENOMEM, 1000);
				sim_ioctls_fail_after(let, EIO);
				expect_errno(ENOMEM, vfiopm_irq_set_signaling_range(
							     fixture.dev, VFIOPM_IRQ_MSIX, 0,
							     VECTORS, wanted));
				sim_calls_end();
				sim_fail_vector(fixture.sim, 0, 0, 0);
				check_truth(&fixture, old, false);
				sim_fixture_close(&fixture);
			}
		}
	}
}

/* What is no more than a full counter does not hold the library up. */
static void full_eventfd(void **state)
{
	int blocking = eventfd(0, 0);
	uint64_t full = UINT64_MAX - 1;
	struct sim_fixture fixture;

	(void)state;
	sim_fixture_open(&fixture, "6.1", VECTORS);
	expect_ok(vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_MSIX, 0, blocking));
	assert_int_equal(write(blocking, &full, sizeof(full)), sizeof(full));
	/* Grows, and signals what was down in between. */
	expect_ok(vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_MSIX, 1, fixture.events[1]));
	assert_true(raw_take(blocking) == full);
	close(blocking);
	sim_fixture_close(&fixture);
}

static void too_few_vectors(void **state)
{
	struct sim_fixture fixture;
	uint32_t available = 99;
	int all[VECTORS];

	(void)state;
	sim_fixture_open(&fixture, "6.1", VECTORS);
	pattern_fds(all, PATTERNS - 1, fixture.events[0], NULL);
	sim_limit_vectors(fixture.sim, 4);
	expect_errno(ENOSPC,
		     vfiopm_irq_set_signaling_range(fixture.dev, VFIOPM_IRQ_MSIX, 0, VECTORS, all));
	expect_ok(vfiopm_irq_get_available(fixture.dev, VFIOPM_IRQ_MSIX, &available));
	assert_int_equal(available, 4);
	assert_int_equal(sim_irq_active(fixture.sim), -1);
	expect_errno(ENOSPC, vfiopm_irq_reserve(fixture.dev, VFIOPM_IRQ_MSIX, 5));
	expect_errno(ENOSPC, vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_MSIX, 4, all[4]));

	/* Growing finds the twice as many not to be had, and takes what it needs. */
	expect_ok(vfiopm_irq_set_signaling_range(fixture.dev, VFIOPM_IRQ_MSIX, 0, 3, all));
	expect_ok(vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_MSIX, 3, all[3]));
	assert_int_equal(sim_irq_allocated(fixture.sim), 4);
	/* That was no failure, so nothing is said of it. */
	sim_limit_vectors(fixture.sim, 5);
	expect_errno(ENOSPC, vfiopm_irq_reserve(fixture.dev, VFIOPM_IRQ_MSIX, VECTORS));
	sim_limit_vectors(fixture.sim, 4);
	expect_ok(vfiopm_irq_get_available(fixture.dev, VFIOPM_IRQ_MSIX, &available));
	assert_int_equal(available, 5);
	/* And if even that is not to be had, all is as it was. */
	expect_errno(ENOSPC, vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_MSIX, 4, all[4]));
	for (uint32_t i = 0; i < VECTORS; i++)
		assert_true(
			sim_fixture_same(sim_fixture_eventfd(&fixture, i), i < 4 ? all[i] : -1));
	expect_ok(vfiopm_irq_begin(fixture.dev));
	expect_ok(vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_MSIX, 5, all[5]));
	expect_errno(ENOSPC, vfiopm_irq_commit(fixture.dev));

	/* An index that fails does not keep another index of the batch from its changes. */
	expect_ok(vfiopm_irq_begin(fixture.dev));
	expect_ok(vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_MSIX, 5, all[5]));
	expect_ok(vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_REQ, 0, fixture.events[1]));
	expect_errno(ENOSPC, vfiopm_irq_commit(fixture.dev));
	assert_true(sim_irq_eventfd(fixture.sim, VFIOPM_IRQ_REQ, 0) >= 0);
	/* The failure was reported once. */
	expect_ok(vfiopm_irq_commit(fixture.dev));
	for (uint32_t i = 0; i < VECTORS; i++)
		assert_true(
			sim_fixture_same(sim_fixture_eventfd(&fixture, i), i < 4 ? all[i] : -1));
	sim_fixture_close(&fixture);
}

/* The kernel keeps the eventfd of ERR and REQ when it refuses another, and a count of these
 * is no mere interrupt: none is added. */
static void a_refused_request_asks_for_nothing(void **state)
{
	struct sim_fixture fixture;

	(void)state;
	sim_fixture_open(&fixture, "6.12", VECTORS);
	for (uint32_t index = VFIOPM_IRQ_ERR; index <= VFIOPM_IRQ_REQ; index++) {
		sim_calls_fail(0, ENOMEM);
		expect_errno(ENOMEM,
			     vfiopm_irq_set_signaling(fixture.dev, index, 0, fixture.events[1]));
		sim_calls_end();
		expect_ok(vfiopm_irq_set_signaling(fixture.dev, index, 0, fixture.events[1]));
		/* It is compared twice, then set. */
		sim_calls_fail(2, ENOMEM);
		expect_errno(ENOMEM,
			     vfiopm_irq_set_signaling(fixture.dev, index, 0, fixture.events[3]));
		sim_calls_end();
		assert_int_equal(raw_take(fixture.events[1]), 0);
		assert_true(sim_fixture_same(sim_irq_eventfd(fixture.sim, index, 0),
					     fixture.events[1]));
	}
	sim_fixture_close(&fixture);
}

/* Disabled already, by another: that is what was asked for. */
static void disabled_by_another(void **state)
{
	uint32_t disable[] = { 20, 1 | 32, VFIOPM_IRQ_MSIX, 0, 0 };
	struct sim_fixture fixture;

	(void)state;
	sim_fixture_open(&fixture, "6.12", VECTORS);
	expect_ok(vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_MSIX, 0, fixture.events[1]));
	expect_ok(raw_ioctl(fixture.fd, 0x3b6e, disable));
	expect_ok(vfiopm_irq_disable(fixture.dev, VFIOPM_IRQ_MSIX));
	expect_ok(vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_INTX, 0, fixture.events[1]));
	sim_fixture_close(&fixture);
}

/* ---- what else the kernel can answer ---- */

static void kernel_errnos(void **state)
{
	struct sim_fixture fixture;
	int event, owned;

	(void)state;
	sim_fixture_open(&fixture, "6.12", VECTORS);
	event = fixture.events[0];
	owned = fixture.events[1];

	/* INTx: request_irq() and the like. The library's own eventfd: one call, the ioctl. */
	sim_calls_fail(0, ENODEV);
	expect_errno(ENODEV, vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_INTX, 0, owned));
	sim_calls_fail(0, EBUSY);
	expect_errno(EBUSY,
		     vfiopm_irq_set_signaling_range(fixture.dev, VFIOPM_IRQ_INTX, 0, 1, &owned));
	sim_calls_fail(0, ENODEV);
	expect_errno(ENODEV,
		     vfiopm_irq_set_signaling_range(fixture.dev, VFIOPM_IRQ_INTX, 0, 1, &owned));
	sim_calls_fail(0, EIO);
	expect_errno(EIO, vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_INTX, 0, owned));
	sim_calls_fail(0, EIO);
	expect_errno(EIO,
		     vfiopm_irq_set_signaling_range(fixture.dev, VFIOPM_IRQ_INTX, 0, 1, &owned));
	sim_calls_fail(0, ENOMEM);
	expect_errno(ENOMEM,
		     vfiopm_irq_set_signaling_range(fixture.dev, VFIOPM_IRQ_INTX, 0, 1, &owned));
	/* A duplicate of a caller's. */
	sim_calls_fail(0, EMFILE);
	expect_errno(EMFILE, vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_INTX, 0, event));
	sim_calls_fail(0, ENOMEM);
	expect_errno(ENOMEM, vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_INTX, 0, event));
	sim_calls_fail(0, EMFILE);
	expect_errno(EMFILE,
		     vfiopm_irq_set_signaling_range(fixture.dev, VFIOPM_IRQ_INTX, 0, 1, &event));

	sim_calls_fail(0, ENODEV);
	expect_errno(ENODEV, vfiopm_irq_reserve(fixture.dev, VFIOPM_IRQ_INTX, 1));
	sim_calls_fail(0, EBADF);
	expect_errno(EBADF, vfiopm_irq_reserve(fixture.dev, VFIOPM_IRQ_MSIX, 1));
	sim_calls_fail(0, EIO);
	expect_errno(EIO, vfiopm_irq_reserve(fixture.dev, VFIOPM_IRQ_MSIX, 1));
	sim_calls_fail(0, ENOMEM);
	expect_errno(ENOMEM, vfiopm_irq_reserve(fixture.dev, VFIOPM_IRQ_MSIX, 1));
	sim_calls_end();

	expect_ok(vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_INTX, 0, owned));
	sim_calls_fail(0, EIO);
	expect_errno(EIO, vfiopm_irq_mask(fixture.dev, VFIOPM_IRQ_INTX, 0));
	sim_calls_fail(0, EIO);
	expect_errno(EIO, vfiopm_irq_unmask(fixture.dev, VFIOPM_IRQ_INTX, 0));
	sim_calls_fail(0, EIO);
	expect_errno(EIO, vfiopm_irq_trigger(fixture.dev, VFIOPM_IRQ_INTX, 0));
	sim_calls_fail(0, EIO);
	expect_errno(EIO, vfiopm_irq_disable(fixture.dev, VFIOPM_IRQ_INTX));
	sim_calls_fail(0, EIO);
	expect_errno(EIO, vfiopm_irq_set_unmask_eventfd(fixture.dev, VFIOPM_IRQ_INTX, 0, owned));
	sim_calls_fail(0, EMFILE);
	expect_errno(EMFILE, vfiopm_irq_set_unmask_eventfd(fixture.dev, VFIOPM_IRQ_INTX, 0, event));
	sim_calls_fail(0, ENOMEM);
	expect_errno(ENOMEM, vfiopm_irq_set_unmask_eventfd(fixture.dev, VFIOPM_IRQ_INTX, 0, event));
	sim_calls_end();
	expect_ok(
		vfiopm_irq_set_unmask_eventfd(fixture.dev, VFIOPM_IRQ_INTX, 0, fixture.events[3]));
	expect_errno(EBUSY, vfiopm_irq_free_eventfd(fixture.dev, fixture.events[3]));
	expect_ok(vfiopm_irq_set_unmask_eventfd(fixture.dev, VFIOPM_IRQ_INTX, 0, owned));
	/* Another is refused: the one before comes back. */
	sim_calls_fail(4, ENOMEM);
	expect_errno(ENOMEM, vfiopm_irq_set_unmask_eventfd(fixture.dev, VFIOPM_IRQ_INTX, 0, event));
	sim_calls_end();
	{
		unsigned before = sim_set_irqs(fixture.sim);

		expect_ok(vfiopm_irq_set_unmask_eventfd(fixture.dev, VFIOPM_IRQ_INTX, 0, owned));
		assert_int_equal(sim_set_irqs(fixture.sim), before);
	}

	expect_ok(vfiopm_irq_disable(fixture.dev, VFIOPM_IRQ_INTX));
	for (size_t i = 0; i < 4; i++) {
		static const int given[] = { EBUSY, EIO, ENODEV, ENOMEM };

		expect_ok(vfiopm_irq_begin(fixture.dev));
		expect_ok(vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_INTX, 0, owned));
		sim_calls_fail(0, given[i]);
		switch (given[i]) {
		case EBUSY:
			expect_errno(EBUSY, vfiopm_irq_commit(fixture.dev));
			break;
		case EIO:
			expect_errno(EIO, vfiopm_irq_commit(fixture.dev));
			break;
		case ENODEV:
			expect_errno(ENODEV, vfiopm_irq_commit(fixture.dev));
			break;
		default:
			expect_errno(ENOMEM, vfiopm_irq_commit(fixture.dev));
		}
		sim_calls_end();
	}
	sim_fixture_close(&fixture);
}

/* A positive number where there can be none. */
static void impossible_answers(void **state)
{
	int both[2];
	struct sim_fixture fixture;

	(void)state;
	sim_fixture_open(&fixture, "6.1", VECTORS);
	expect_ok(vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_MSIX, 0, fixture.events[1]));
	/* To make room the index is disabled: the first call with the library's eventfds. */
	both[0] = both[1] = fixture.events[1];
	sim_calls_answer(0, 7);
	expect_errno(EPROTO,
		     vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_MSIX, 1, fixture.events[1]));
	sim_calls_answer(0, 7);
	expect_errno(EPROTO,
		     vfiopm_irq_set_signaling_range(fixture.dev, VFIOPM_IRQ_MSIX, 1, 2, both));
	sim_calls_answer(0, 7);
	expect_errno(EPROTO, vfiopm_irq_reserve(fixture.dev, VFIOPM_IRQ_MSIX, 2));
	expect_ok(vfiopm_irq_begin(fixture.dev));
	expect_ok(vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_MSIX, 1, fixture.events[1]));
	sim_calls_answer(0, 7);
	expect_errno(EPROTO, vfiopm_irq_commit(fixture.dev));
	sim_calls_answer(0, 7);
	expect_errno(EPROTO, vfiopm_irq_trigger(fixture.dev, VFIOPM_IRQ_MSIX, 0));
	sim_calls_answer(0, 7);
	expect_errno(EPROTO, vfiopm_irq_disable(fixture.dev, VFIOPM_IRQ_MSIX));
	sim_calls_end();
	fixture.believed[0] = fixture.events[1];
	fixture.enabled = true;
	sim_fixture_check(&fixture);

	expect_ok(vfiopm_irq_disable(fixture.dev, VFIOPM_IRQ_MSIX));
	/* Of INTx there cannot be fewer. */
	sim_calls_answer(0, 7);
	expect_errno(EPROTO,
		     vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_INTX, 0, fixture.events[1]));
	sim_calls_end();
	expect_ok(vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_INTX, 0, fixture.events[1]));
	sim_calls_answer(0, 7);
	expect_errno(EPROTO, vfiopm_irq_mask(fixture.dev, VFIOPM_IRQ_INTX, 0));
	sim_calls_answer(0, 7);
	expect_errno(EPROTO, vfiopm_irq_unmask(fixture.dev, VFIOPM_IRQ_INTX, 0));
	sim_calls_answer(0, 7);
	expect_errno(EPROTO, vfiopm_irq_set_unmask_eventfd(fixture.dev, VFIOPM_IRQ_INTX, 0,
							   fixture.events[3]));
	sim_calls_end();
	sim_fixture_close(&fixture);
}

static void own_eventfd_errnos(void **state)
{
	struct sim_fixture fixture;
	int fd;

	(void)state;
	sim_fixture_open(&fixture, "6.12", VECTORS);
	sim_calls_fail(0, ENOMEM);
	expect_errno(ENOMEM, vfiopm_irq_new_eventfd(fixture.dev, &fd));
	sim_calls_fail(1, EMFILE);
	expect_errno(EMFILE, vfiopm_irq_new_eventfd(fixture.dev, &fd));
	sim_calls_fail(1, ENFILE);
	expect_errno(ENFILE, vfiopm_irq_new_eventfd(fixture.dev, &fd));
	sim_calls_end();
	sim_fixture_close(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(truth_after_failure_dynamic),
		cmocka_unit_test(truth_after_failure_noresize),
		cmocka_unit_test(truth_after_failed_calls),
		cmocka_unit_test(truth_when_nothing_can_be_put_back),
		cmocka_unit_test(full_eventfd),
		cmocka_unit_test(too_few_vectors),
		cmocka_unit_test(a_refused_request_asks_for_nothing),
		cmocka_unit_test(disabled_by_another),
		cmocka_unit_test(kernel_errnos),
		cmocka_unit_test(impossible_answers),
		cmocka_unit_test(own_eventfd_errnos),
	};

	return cmocka_run_group_tests_name("irq-failures", tests, NULL, NULL);
}
