// SPDX-License-Identifier: MIT
/*
 * Failures of the signaling calls, on the simulator: at each vector of a block, and at each system
 * call, with each errno. After each failure the library's cache equals the kernel's state.
 */
#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <vfiopm/vfiopm.h>

#include "host.h"
#include "raw.h"
#include "sim-fixture.h"
#include "sim.h"
#include "test.h"

static const int errors[] = { ENOMEM, EBUSY, ENOSPC, EINVAL, EIO };

#define PATTERNS (1 << VECTORS)

/* Give this eventfd to the vectors of the pattern. The other vectors get `otherwise`, or -1. */
static void pattern_fds(int *fds, unsigned pattern, int fd, const int *otherwise)
{
	for (int i = 0; i < VECTORS; i++)
		fds[i] = pattern & 1u << i ? fd : otherwise ? otherwise[i] : -1;
}

/* Restore the old eventfds after a failure. If the library issues no ioctl for a vector, the
 * kernel must already hold the old eventfd. */
static void check_cache(const struct sim_fixture *fixture, const int *old, bool exact)
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

/* The vectors for which the kernel registers a handler: those that change. An index with NORESIZE
 * that must grow is disabled and enabled, so all its vectors get a handler. */
static unsigned registered(const struct sim_fixture *fixture, unsigned live, unsigned change)
{
	uint32_t flags;

	expect_ok(vfiopm_irq_get_flags(fixture->dev, VFIOPM_IRQ_MSIX, &flags));
	return (flags & VFIOPM_IRQ_FLAG_NORESIZE) && live &&
			       change >= 1u << (32 - __builtin_clz(live))
		       ? change | live
		       : change;
}

static void check_one_failure(struct sim_fixture *fixture, unsigned live, unsigned change,
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
	/* The library retries only ENOSPC of a growth, with fewer vectors. */
	if (r == 0 && met)
		assert_true(rebuilt && error == ENOSPC && times == 1);
	else
		assert_int_equal(r, met ? -error : 0);
	check_cache(fixture, r < 0 ? old : wanted, times == 1);
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

				check_one_failure(&fixture, live, change, position, error, 1);
				check_one_failure(&fixture, live, change, position, error, 2);
				check_one_failure(&fixture, live, change, position, error, 1000);
			}
		}
	}
	sim_fixture_close(&fixture);
}

static void failed_vectors_dynamic(void **state)
{
	(void)state;
	failures_on("6.12");
}

static void failed_vectors_noresize(void **state)
{
	(void)state;
	failures_on("6.1");
}

/* Each call that a change makes fails once, without effect. This includes the calls that restore
 * the vectors after a failure. */
static void failed_calls(void **state)
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
					check_cache(&fixture, old, false);
				else
					check_cache(&fixture, wanted, true);
				sim_fixture_close(&fixture);
				if (call >= calls)
					break;
			}
		}
	}
}

/* The kernel fails in the middle of a block, and all later ioctls fail too. The library must not
 * treat a vector as live that the kernel may have torn down. */
static void failed_restore(void **state)
{
	int old[VECTORS], wanted[VECTORS];

	(void)state;
	for (unsigned live = 1; live < PATTERNS; live++) {
		for (uint32_t position = 0; position < VECTORS; position++) {
			for (unsigned passed = 1; passed <= 4; passed++) {
				struct sim_fixture fixture;

				sim_fixture_open(&fixture, live % 2 ? "6.1" : "6.12", VECTORS);
				/* Allocate all vectors first, so that the index need not grow. */
				expect_ok(
					vfiopm_irq_reserve(fixture.dev, VFIOPM_IRQ_MSIX, VECTORS));
				pattern_fds(old, live, fixture.events[1], NULL);
				pattern_fds(wanted, PATTERNS - 1, fixture.events[3], NULL);
				expect_ok(vfiopm_irq_set_signaling_range(
					fixture.dev, VFIOPM_IRQ_MSIX, 0, VECTORS, old));
				sim_fail_vector(fixture.sim, position, ENOMEM, 1000);
				sim_ioctls_fail_after(passed, EIO);
				expect_errno(ENOMEM, vfiopm_irq_set_signaling_range(
							     fixture.dev, VFIOPM_IRQ_MSIX, 0,
							     VECTORS, wanted));
				sim_calls_end();
				sim_fail_vector(fixture.sim, 0, 0, 0);
				check_cache(&fixture, old, false);
				sim_fixture_close(&fixture);
			}
		}
	}
}

/* A full eventfd does not block the library. */
static void full_eventfd_does_not_block(void **state)
{
	int blocking = eventfd(0, 0);
	uint64_t full = UINT64_MAX - 1;
	struct sim_fixture fixture;

	(void)state;
	sim_fixture_open(&fixture, "6.1", VECTORS);
	expect_ok(vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_MSIX, 0, blocking));
	assert_int_equal(write(blocking, &full, sizeof(full)), sizeof(full));
	/* The growth signals the vectors that were live before. */
	expect_ok(vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_MSIX, 1, fixture.events[1]));
	assert_true(raw_take(blocking) == full);
	close(blocking);
	sim_fixture_close(&fixture);
}

static void host_with_too_few_vectors(void **state)
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

	/* The library first tries to double the vectors, then takes only what it needs. */
	expect_ok(vfiopm_irq_set_signaling_range(fixture.dev, VFIOPM_IRQ_MSIX, 0, 3, all));
	expect_ok(vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_MSIX, 3, all[3]));
	assert_int_equal(sim_irq_allocated(fixture.sim), 4);
	/* get_available() returns the number of the last failed enable, not the current limit. */
	sim_limit_vectors(fixture.sim, 5);
	expect_errno(ENOSPC, vfiopm_irq_reserve(fixture.dev, VFIOPM_IRQ_MSIX, VECTORS));
	sim_limit_vectors(fixture.sim, 4);
	expect_ok(vfiopm_irq_get_available(fixture.dev, VFIOPM_IRQ_MSIX, &available));
	assert_int_equal(available, 5);
	/* If even the needed vectors are not available, nothing changes. */
	expect_errno(ENOSPC, vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_MSIX, 4, all[4]));
	for (uint32_t i = 0; i < VECTORS; i++)
		assert_true(
			sim_fixture_same(sim_fixture_eventfd(&fixture, i), i < 4 ? all[i] : -1));
	expect_ok(vfiopm_irq_begin(fixture.dev));
	expect_ok(vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_MSIX, 5, all[5]));
	expect_errno(ENOSPC, vfiopm_irq_commit(fixture.dev));

	/* A failure of one index does not prevent the changes of another index of the batch. */
	expect_ok(vfiopm_irq_begin(fixture.dev));
	expect_ok(vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_MSIX, 5, all[5]));
	expect_ok(vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_REQ, 0, fixture.events[1]));
	expect_errno(ENOSPC, vfiopm_irq_commit(fixture.dev));
	assert_true(sim_irq_eventfd(fixture.sim, VFIOPM_IRQ_REQ, 0) >= 0);
	/* A later commit does not report the failure again. */
	expect_ok(vfiopm_irq_commit(fixture.dev));
	for (uint32_t i = 0; i < VECTORS; i++)
		assert_true(
			sim_fixture_same(sim_fixture_eventfd(&fixture, i), i < 4 ? all[i] : -1));
	sim_fixture_close(&fixture);
}

/* If the kernel refuses another eventfd for ERR or REQ, it keeps the old one. The library injects
 * nothing, because a signal of ERR or REQ has a meaning. */
static void refused_err_and_req_signal_nothing(void **state)
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
		/* Call 2 is the ioctl. Two comparisons come before. */
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

/* Another fd has already disabled the index. The disable succeeds. */
static void disable_after_a_disable_by_another_fd(void **state)
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

/* ---- other results of the kernel ---- */

static void kernel_errnos_are_returned(void **state)
{
	struct sim_fixture fixture;
	int event, owned;

	(void)state;
	sim_fixture_open(&fixture, "6.12", VECTORS);
	event = fixture.events[0];
	owned = fixture.events[1];

	/* INTx with an eventfd of the library: the only call is the ioctl. */
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
	/* An eventfd of the caller: the first call duplicates it. */
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
	/* The kernel refuses another eventfd. The library restores the old one. */
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
		static const int injected[] = { EBUSY, EIO, ENODEV, ENOMEM };

		expect_ok(vfiopm_irq_begin(fixture.dev));
		expect_ok(vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_INTX, 0, owned));
		sim_calls_fail(0, injected[i]);
		switch (injected[i]) {
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

/* The ioctl returns a positive number where the kernel never does. */
static void unexpected_positive_results(void **state)
{
	int both[2];
	struct sim_fixture fixture;

	(void)state;
	sim_fixture_open(&fixture, "6.1", VECTORS);
	expect_ok(vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_MSIX, 0, fixture.events[1]));
	/* Growth disables the index first. With eventfds of the library this is call 0. */
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
	fixture.expected[0] = fixture.events[1];
	fixture.enabled = true;
	sim_fixture_check(&fixture);

	expect_ok(vfiopm_irq_disable(fixture.dev, VFIOPM_IRQ_MSIX));
	/* INTx has one vector, so a smaller number is impossible. */
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

static void new_eventfd_errnos(void **state)
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

/* The failed reserve of a batch leaves the index disabled, and the changes of the batch wanted. */
static void a_failed_reserve_keeps_the_changes_of_a_batch(void **state)
{
	static const int pattern[] = { 0, EIO, EIO };
	struct sim_fixture fixture;
	unsigned fds;

	(void)state;
	sim_fixture_open(&fixture, "6.1", VECTORS);
	fds = host_open_fds();
	expect_ok(vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_MSIX, 0, fixture.events[0]));
	expect_ok(vfiopm_irq_begin(fixture.dev));
	expect_ok(vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_MSIX, 0, fixture.events[2]));
	sim_fail_set_irqs(fixture.sim, pattern, 3);
	expect_errno(EIO, vfiopm_irq_reserve(fixture.dev, VFIOPM_IRQ_MSIX, VECTORS));
	assert_int_equal(sim_irq_active(fixture.sim), -1);
	expect_ok(vfiopm_irq_commit(fixture.dev));
	assert_true(sim_fixture_same(sim_fixture_eventfd(&fixture, 0), fixture.events[2]));
	expect_ok(vfiopm_irq_disable(fixture.dev, VFIOPM_IRQ_MSIX));
	assert_int_equal(host_open_fds(), fds);
	sim_fixture_close(&fixture);
}

/* The kernel drops the unmask eventfd of INTx with INTx, and so does the library. */
static void a_disable_closes_the_duplicate_of_the_unmask_eventfd(void **state)
{
	struct sim_fixture fixture;
	unsigned fds;

	(void)state;
	sim_fixture_open(&fixture, "6.12", VECTORS);
	fds = host_open_fds();
	expect_ok(vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_INTX, 0, fixture.events[0]));
	expect_ok(
		vfiopm_irq_set_unmask_eventfd(fixture.dev, VFIOPM_IRQ_INTX, 0, fixture.events[2]));
	expect_ok(vfiopm_irq_disable(fixture.dev, VFIOPM_IRQ_INTX));
	assert_int_equal(host_open_fds(), fds);
	sim_fixture_close(&fixture);
}

/* A reserve that fails on a kernel that cannot resize can leave the index disabled. The commit of
 * the open batch must not enable it again with -1: that would exclude INTx. */
static void a_commit_does_not_enable_a_lost_index(void **state)
{
	static const int pattern[] = { 0, EIO, EIO };
	struct sim_fixture fixture;

	(void)state;
	sim_fixture_open(&fixture, "6.1", VECTORS);
	expect_ok(vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_MSIX, 0, fixture.events[0]));
	expect_ok(vfiopm_irq_begin(fixture.dev));
	expect_ok(vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_MSIX, 0, -1));
	sim_fail_set_irqs(fixture.sim, pattern, 3);
	expect_errno(EIO, vfiopm_irq_reserve(fixture.dev, VFIOPM_IRQ_MSIX, VECTORS));
	assert_int_equal(sim_irq_active(fixture.sim), -1);
	expect_ok(vfiopm_irq_commit(fixture.dev));
	assert_int_equal(sim_irq_active(fixture.sim), -1);
	expect_ok(vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_INTX, 0, fixture.events[0]));
	sim_fixture_close(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(failed_vectors_dynamic),
		cmocka_unit_test(failed_vectors_noresize),
		cmocka_unit_test(failed_calls),
		cmocka_unit_test(failed_restore),
		cmocka_unit_test(full_eventfd_does_not_block),
		cmocka_unit_test(host_with_too_few_vectors),
		cmocka_unit_test(refused_err_and_req_signal_nothing),
		cmocka_unit_test(disable_after_a_disable_by_another_fd),
		cmocka_unit_test(kernel_errnos_are_returned),
		cmocka_unit_test(unexpected_positive_results),
		cmocka_unit_test(new_eventfd_errnos),
		cmocka_unit_test(a_commit_does_not_enable_a_lost_index),
		cmocka_unit_test(a_failed_reserve_keeps_the_changes_of_a_batch),
		cmocka_unit_test(a_disable_closes_the_duplicate_of_the_unmask_eventfd),
	};

	return cmocka_run_group_tests_name("irq-failures", tests, NULL, NULL);
}
