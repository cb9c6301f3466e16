// SPDX-License-Identifier: MIT
/*
 * Tests of the signaling calls: delivery, the number of ioctls, the identity of eventfds, and bad
 * arguments.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include <vfiopm/vfiopm.h>

#include "host.h"
#include "irq-fixture.h"
#include "raw.h"
#include "test.h"
#include "testbed.h"

/* ---- the indexes ---- */

static void counts_and_flags(void **state)
{
	static const uint32_t counts[] = { 1, 1, VECTORS, 1, 1 };
	struct irq_fixture fixture;
	uint32_t value;

	(void)state;
	irq_fixture_open(&fixture);
	for (uint32_t i = 0; i < 5; i++) {
		expect_ok(vfiopm_irq_get_count(fixture.dev, i, &value));
		assert_int_equal(value, counts[i]);
		expect_ok(vfiopm_irq_get_flags(fixture.dev, i, &value));
		assert_true(value & VFIOPM_IRQ_FLAG_EVENTFD);
		assert_int_equal(!!(value & VFIOPM_IRQ_FLAG_MASKABLE), i == VFIOPM_IRQ_INTX);
		assert_int_equal(!!(value & VFIOPM_IRQ_FLAG_AUTOMASKED), i == VFIOPM_IRQ_INTX);
		expect_ok(vfiopm_irq_get_available(fixture.dev, i, &value));
		assert_int_equal(value, 0);
	}
	/* x86 allocates MSI-X vectors one by one since 6.5. */
	assert_int_equal(irq_is_dynamic(&fixture), testbed_kernel_is_at_least(6, 5));
	irq_fixture_close(&fixture);
}

/* ---- setting eventfds ---- */

static void each_vector_arrives(void **state)
{
	struct irq_fixture fixture;

	(void)state;
	irq_fixture_open(&fixture);
	expect_issues(&fixture, 1,
		      vfiopm_irq_set_signaling_range(fixture.dev, VFIOPM_IRQ_MSIX, 0, VECTORS,
						     fixture.events));
	for (uint32_t i = 0; i < VECTORS; i++)
		irq_fires_into(&fixture, VFIOPM_IRQ_MSIX, i, fixture.events[i]);
	expect_issues(&fixture, 1, vfiopm_irq_disable(fixture.dev, VFIOPM_IRQ_MSIX));
	expect_issues(&fixture, 0, vfiopm_irq_disable(fixture.dev, VFIOPM_IRQ_MSIX));
	irq_fixture_close(&fixture);
}

static void unchanged_eventfd_issues_no_ioctl(void **state)
{
	struct irq_fixture fixture;
	uint64_t before;

	(void)state;
	irq_fixture_open(&fixture);
	expect_issues(&fixture, 0, irq_set(&fixture, 3, -1));
	expect_issues(&fixture, 1, irq_set(&fixture, 3, fixture.events[3]));
	before = irq_saved(&fixture);
	for (int i = 0; i < 10000; i++)
		expect_ok(irq_set(&fixture, 3, fixture.events[3]));
	assert_int_equal(irq_issued(&fixture), 1);
	assert_int_equal(irq_saved(&fixture) - before, 10000);
	irq_fires_into(&fixture, VFIOPM_IRQ_MSIX, 3, fixture.events[3]);
	expect_issues(&fixture, 1, irq_set(&fixture, 3, -1));
	expect_issues(&fixture, 0, irq_set(&fixture, 3, -1));
	irq_fixture_close(&fixture);
}

static void changes_share_ioctls(void **state)
{
	int all[VECTORS], same[VECTORS];
	struct irq_fixture fixture;

	(void)state;
	irq_fixture_open(&fixture);
	for (int i = 0; i < VECTORS; i++)
		all[i] = same[i] = i % 2 ? -1 : fixture.events[i];
	/* Vectors 0, 2 and 4 change: one ioctl. */
	expect_issues(
		&fixture, 1,
		vfiopm_irq_set_signaling_range(fixture.dev, VFIOPM_IRQ_MSIX, 0, VECTORS, all));
	expect_issues(
		&fixture, 0,
		vfiopm_irq_set_signaling_range(fixture.dev, VFIOPM_IRQ_MSIX, 0, VECTORS, same));
	/* Vectors 1 and 3 change: two ioctls, because vector 2 between them is live. Setting it
	 * again would free and request its handler. */
	all[1] = fixture.events[1];
	all[3] = fixture.events[3];
	expect_issues(
		&fixture, 2,
		vfiopm_irq_set_signaling_range(fixture.dev, VFIOPM_IRQ_MSIX, 0, VECTORS, all));
	for (uint32_t i = 0; i < VECTORS; i++)
		irq_fires_into(&fixture, VFIOPM_IRQ_MSIX, i, fixture.events[i]);
	/* Vectors 0 to 3 change: one ioctl. */
	expect_issues(&fixture, 1,
		      vfiopm_irq_set_signaling_range(fixture.dev, VFIOPM_IRQ_MSIX, 0, 4,
						     (int[]){ -1, -1, -1, -1 }));
	irq_fires_into(&fixture, VFIOPM_IRQ_MSIX, 4, fixture.events[4]);
	/* Vectors 0 and 3 change: one ioctl, because the vectors between them have no eventfd. */
	expect_issues(&fixture, 1,
		      vfiopm_irq_set_signaling_range(
			      fixture.dev, VFIOPM_IRQ_MSIX, 0, 4,
			      (int[]){ fixture.events[0], -1, -1, fixture.events[3] }));
	irq_fires_into(&fixture, VFIOPM_IRQ_MSIX, 0, fixture.events[0]);
	irq_fires_into(&fixture, VFIOPM_IRQ_MSIX, 3, fixture.events[3]);
	irq_fixture_close(&fixture);
}

static void vectors_set_one_by_one(void **state)
{
	struct irq_fixture fixture;

	(void)state;
	irq_fixture_open(&fixture);
	expect_issues(&fixture, 1, irq_set(&fixture, 0, fixture.events[0]));
	for (uint32_t i = 1; i < VECTORS; i++) {
		/* An index with NORESIZE is enabled again with 1, 2, 4 and 5 vectors. */
		bool grows = !irq_is_dynamic(&fixture) && i != 3;

		expect_issues(&fixture, grows ? 2 : 1, irq_set(&fixture, i, fixture.events[i]));
		/* Growth disables the index for a moment. The library signals the live vectors
		 * once, because interrupts of the gap are unknown. */
		for (uint32_t j = 0; j < VECTORS; j++)
			assert_int_equal(raw_take(fixture.events[j]), grows && j < i);
		for (uint32_t j = 0; j <= i; j++)
			irq_fires_into(&fixture, VFIOPM_IRQ_MSIX, j, fixture.events[j]);
	}
	irq_fixture_close(&fixture);
}

static void reserved_vectors(void **state)
{
	struct irq_fixture fixture;

	(void)state;
	irq_fixture_open(&fixture);
	expect_issues(&fixture, 1, vfiopm_irq_reserve(fixture.dev, VFIOPM_IRQ_MSIX, VECTORS));
	expect_issues(&fixture, 0, vfiopm_irq_reserve(fixture.dev, VFIOPM_IRQ_MSIX, VECTORS));
	expect_issues(&fixture, 0, vfiopm_irq_reserve(fixture.dev, VFIOPM_IRQ_MSIX, 1));
	for (uint32_t i = 0; i < VECTORS; i++) {
		expect_issues(&fixture, 1, irq_set(&fixture, i, fixture.events[i]));
		irq_fires_into(&fixture, VFIOPM_IRQ_MSIX, i, fixture.events[i]);
	}
	expect_issues(&fixture, 1, vfiopm_irq_disable(fixture.dev, VFIOPM_IRQ_MSIX));

	/* A reservation of more vectors while one is live. */
	expect_issues(&fixture, 1, irq_set(&fixture, 1, fixture.events[1]));
	expect_issues(&fixture, irq_is_dynamic(&fixture) ? 0 : 2,
		      vfiopm_irq_reserve(fixture.dev, VFIOPM_IRQ_MSIX, VECTORS));
	assert_int_equal(raw_take(fixture.events[1]), !irq_is_dynamic(&fixture));
	irq_fires_into(&fixture, VFIOPM_IRQ_MSIX, 1, fixture.events[1]);
	expect_issues(&fixture, 1, irq_set(&fixture, 4, fixture.events[4]));
	irq_fires_into(&fixture, VFIOPM_IRQ_MSIX, 4, fixture.events[4]);

	expect_errno(EINVAL, vfiopm_irq_reserve(fixture.dev, VFIOPM_IRQ_MSIX, 0));
	expect_errno(EINVAL, vfiopm_irq_reserve(fixture.dev, VFIOPM_IRQ_MSIX, VECTORS + 1));
	expect_errno(EINVAL, vfiopm_irq_reserve(fixture.dev, VFIOPM_IRQ_MSIX, UINT32_MAX));
	irq_fixture_close(&fixture);
}

/* ---- batches ---- */

static void batch_issues_the_net_change(void **state)
{
	struct irq_fixture fixture;

	(void)state;
	irq_fixture_open(&fixture);
	expect_issues(&fixture, 0, vfiopm_irq_commit(fixture.dev));
	expect_ok(vfiopm_irq_begin(fixture.dev));
	for (uint32_t i = 0; i < VECTORS; i++)
		expect_issues(&fixture, 0, irq_set(&fixture, i, fixture.events[VECTORS - 1 - i]));
	/* A later change of the same vector replaces the earlier one. */
	for (uint32_t i = 0; i < VECTORS; i++)
		expect_issues(&fixture, 0, irq_set(&fixture, i, fixture.events[i]));
	expect_issues(&fixture, 0, irq_set(&fixture, 2, -1));
	/* Batches nest. The outermost commit issues the changes. */
	expect_ok(vfiopm_irq_begin(fixture.dev));
	expect_issues(&fixture, 0, vfiopm_irq_commit(fixture.dev));
	expect_issues(&fixture, 1, vfiopm_irq_commit(fixture.dev));
	assert_int_equal(irq_saved(&fixture), 2 * VECTORS);
	for (uint32_t i = 0; i < VECTORS; i++) {
		if (i != 2)
			irq_fires_into(&fixture, VFIOPM_IRQ_MSIX, i, fixture.events[i]);
	}

	/* A change and its reverse issue nothing. */
	expect_ok(vfiopm_irq_begin(fixture.dev));
	expect_ok(irq_set(&fixture, 0, fixture.events[1]));
	expect_ok(irq_set(&fixture, 0, fixture.events[0]));
	expect_issues(&fixture, 0, vfiopm_irq_commit(fixture.dev));
	expect_issues(&fixture, 0, vfiopm_irq_commit(fixture.dev));
	irq_fixture_close(&fixture);
}

/* One batch can disable an index and set another one. */
static void batch_switches_the_index(void **state)
{
	struct irq_fixture fixture;

	(void)state;
	irq_fixture_open(&fixture);
	expect_ok(irq_set(&fixture, 0, fixture.events[0]));
	expect_ok(vfiopm_irq_begin(fixture.dev));
	expect_ok(vfiopm_irq_disable(fixture.dev, VFIOPM_IRQ_MSIX));
	expect_ok(vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_INTX, 0, fixture.events[1]));
	expect_errno(EBUSY, irq_set(&fixture, 0, fixture.events[0]));
	expect_ok(irq_set(&fixture, 0, -1));
	/* A reservation does not wait for the commit, and the kernel still has MSI-X enabled. */
	expect_issues(&fixture, 0, vfiopm_irq_begin(fixture.dev));
	expect_errno(EBUSY, vfiopm_irq_reserve(fixture.dev, VFIOPM_IRQ_MSI, 1));
	expect_issues(&fixture, 0, vfiopm_irq_commit(fixture.dev));
	expect_issues(&fixture, 2, vfiopm_irq_commit(fixture.dev));
	expect_issues(&fixture, 1, vfiopm_irq_trigger(fixture.dev, VFIOPM_IRQ_INTX, 0));
	assert_int_equal(raw_take(fixture.events[1]), 1);

	/* A disable followed by a new eventfd issues only the difference. */
	expect_ok(vfiopm_irq_disable(fixture.dev, VFIOPM_IRQ_INTX));
	expect_ok(irq_set(&fixture, 0, fixture.events[0]));
	expect_ok(irq_set(&fixture, 4, fixture.events[4]));
	expect_ok(vfiopm_irq_begin(fixture.dev));
	expect_ok(vfiopm_irq_disable(fixture.dev, VFIOPM_IRQ_MSIX));
	expect_ok(irq_set(&fixture, 0, fixture.events[1]));
	expect_issues(&fixture, 1, vfiopm_irq_commit(fixture.dev));
	irq_fires_into(&fixture, VFIOPM_IRQ_MSIX, 0, fixture.events[1]);
	irq_fixture_close(&fixture);
}

/* ---- the identity of eventfds ---- */

/* A new eventfd reuses the fd number of a closed one. */
static void reused_fd_number_is_detected(void **state)
{
	struct irq_fixture fixture;
	int old, again;

	(void)state;
	irq_fixture_open(&fixture);
	old = raw_eventfd();
	expect_ok(irq_set(&fixture, 0, old));
	close(old);
	again = raw_eventfd();
	assert_int_equal(again, old);
	expect_issues(&fixture, 1, irq_set(&fixture, 0, again));
	irq_fires_into(&fixture, VFIOPM_IRQ_MSIX, 0, again);
	/* A duplicate with another fd number is the same eventfd. */
	old = dup(again);
	expect_issues(&fixture, 0, irq_set(&fixture, 0, old));
	close(old);
	close(again);
	/* The kernel still holds the eventfd, although the caller has closed its fds. */
	expect_issues(&fixture, 1, irq_set(&fixture, 0, -1));
	irq_fixture_close(&fixture);
}

/* Forbid the calls that compare files, for the rest of this thread. */
static int forbid_comparison(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_kcmp, 3, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fcntl, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 1027 /* F_DUPFD_QUERY */, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = sizeof(filter) / sizeof(filter[0]), .filter = filter };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0 ? -errno : 0;
}

struct sandbox {
	struct irq_fixture fixture;
	int fd;
	const char *problem;
};

static void *set_without_comparison(void *data)
{
	struct sandbox *sandbox = data;
	uint64_t before, after, saved;

	if (forbid_comparison() < 0) {
		sandbox->problem = "seccomp does not work here";
		return NULL;
	}
	vfiopm_irq_get_stats(sandbox->fixture.dev, &before, &saved);
	/* The same eventfd: the library cannot compare it, so it issues the ioctl. */
	if (irq_set(&sandbox->fixture, 0, sandbox->fd) != 0)
		sandbox->problem = "the same eventfd cannot be set";
	close(sandbox->fd);
	if (eventfd(0, EFD_NONBLOCK) != sandbox->fd ||
	    irq_set(&sandbox->fixture, 0, sandbox->fd) != 0)
		sandbox->problem = "the other eventfd cannot be set";
	vfiopm_irq_get_stats(sandbox->fixture.dev, &after, &saved);
	if (after - before != 2)
		sandbox->problem = "the library omitted a necessary ioctl";
	return NULL;
}

static void reused_fd_number_without_comparison(void **state)
{
	struct sandbox sandbox = { 0 };
	pthread_t thread;

	(void)state;
	irq_fixture_open(&sandbox.fixture);
	sandbox.fd = raw_eventfd();
	expect_ok(irq_set(&sandbox.fixture, 0, sandbox.fd));
	assert_int_equal(pthread_create(&thread, NULL, set_without_comparison, &sandbox), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	if (sandbox.problem)
		fail_msg("%s", sandbox.problem);
	irq_fires_into(&sandbox.fixture, VFIOPM_IRQ_MSIX, 0, sandbox.fd);
	close(sandbox.fd);
	irq_fixture_close(&sandbox.fixture);
}

static void library_eventfds(void **state)
{
	struct irq_fixture fixture;
	int a = -1, b = -1;

	(void)state;
	irq_fixture_open(&fixture);
	expect_ok(vfiopm_irq_new_eventfd(fixture.dev, &a));
	expect_ok(vfiopm_irq_new_eventfd(fixture.dev, &b));
	assert_true(fcntl(a, F_GETFD) & FD_CLOEXEC);
	expect_issues(&fixture, 1, irq_set(&fixture, 0, a));
	expect_issues(&fixture, 0, irq_set(&fixture, 0, a));
	expect_issues(&fixture, 1, irq_set(&fixture, 0, b));
	expect_errno(EBUSY, vfiopm_irq_free_eventfd(fixture.dev, b));
	irq_fires_into(&fixture, VFIOPM_IRQ_MSIX, 0, b);
	expect_ok(vfiopm_irq_free_eventfd(fixture.dev, a));
	expect_errno(EINVAL, vfiopm_irq_free_eventfd(fixture.dev, a));
	expect_errno(EINVAL, vfiopm_irq_free_eventfd(fixture.dev, fixture.events[0]));
	expect_errno(EINVAL, vfiopm_irq_free_eventfd(NULL, b));
	expect_errno(EINVAL, vfiopm_irq_new_eventfd(NULL, &a));
	expect_errno(EINVAL, vfiopm_irq_new_eventfd(fixture.dev, NULL));
	irq_fixture_close(&fixture);
}

/* ---- interrupts during changes ---- */

#define INTERRUPTS   300
#define REPLACEMENTS 1000

struct source {
	const struct irq_fixture *fixture;
	int a, b;
	uint64_t counted;
	atomic_bool done;
};

/* Raise one interrupt after the other, and wait for each. If one is lost, the thread ends early. */
static void *raise_interrupts(void *data)
{
	struct source *source = data;

	for (int i = 0; i < INTERRUPTS; i++) {
		struct pollfd pollfds[2] = { { .fd = source->a, .events = POLLIN },
					     { .fd = source->b, .events = POLLIN } };

		testbed_fire(&source->fixture->raw, VFIOPM_IRQ_MSIX, 0);
		if (poll(pollfds, 2, 2000) < 1)
			break;
		source->counted += raw_take(source->a) + raw_take(source->b);
		testbed_clear(&source->fixture->raw);
	}
	source->done = true;
	return NULL;
}

static void replacement_loses_no_interrupt(void **state)
{
	struct source source = { 0 };
	struct irq_fixture fixture;
	pthread_t thread;
	int replacements = 0;

	(void)state;
	irq_fixture_open(&fixture);
	source.fixture = &fixture;
	source.a = fixture.events[0];
	source.b = fixture.events[1];
	expect_ok(irq_set(&fixture, 0, source.a));
	assert_int_equal(pthread_create(&thread, NULL, raise_interrupts, &source), 0);
	while (replacements < REPLACEMENTS || !source.done) {
		int r = irq_set(&fixture, 0, replacements++ % 2 ? source.a : source.b);

		if (r < 0)
			break;
	}
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(irq_issued(&fixture), replacements + 1);
	assert_int_equal(source.counted, INTERRUPTS);
	assert_true(replacements >= REPLACEMENTS);
	irq_fixture_close(&fixture);
}

/* ---- exclusion and bad input ---- */

static void indexes_exclude_one_another(void **state)
{
	struct irq_fixture fixture;

	(void)state;
	irq_fixture_open(&fixture);
	expect_ok(irq_set(&fixture, 0, fixture.events[0]));
	expect_errno(EBUSY,
		     vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_INTX, 0, fixture.events[1]));
	expect_errno(EBUSY,
		     vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_MSI, 0, fixture.events[1]));
	expect_errno(EBUSY, vfiopm_irq_reserve(fixture.dev, VFIOPM_IRQ_MSI, 1));
	expect_errno(EBUSY, vfiopm_irq_set_signaling_range(fixture.dev, VFIOPM_IRQ_MSI, 0, 1,
							   fixture.events));
	/* INTx has no eventfd, so -1 is no change. */
	expect_ok(vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_INTX, 0, -1));
	assert_int_equal(irq_issued(&fixture), 1);
	/* MSI-X without eventfds is still enabled. */
	expect_ok(irq_set(&fixture, 0, -1));
	assert_int_equal(vfiopm_irq_is_enabled(fixture.dev, VFIOPM_IRQ_MSIX), 1);
	assert_int_equal(vfiopm_irq_is_enabled(fixture.dev, VFIOPM_IRQ_MSI), 0);
	expect_errno(EBUSY,
		     vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_MSI, 0, fixture.events[1]));
	expect_ok(vfiopm_irq_disable(fixture.dev, VFIOPM_IRQ_MSIX));
	assert_int_equal(vfiopm_irq_is_enabled(fixture.dev, VFIOPM_IRQ_MSIX), 0);
	expect_ok(vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_MSI, 0, fixture.events[1]));
	assert_int_equal(vfiopm_irq_is_enabled(fixture.dev, VFIOPM_IRQ_MSI), 1);
	/* ERR and REQ are independent of the other indexes. */
	expect_ok(vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_ERR, 0, fixture.events[2]));
	expect_ok(vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_REQ, 0, fixture.events[3]));
	assert_int_equal(vfiopm_irq_is_enabled(fixture.dev, VFIOPM_IRQ_REQ), 1);
	expect_ok(vfiopm_irq_trigger(fixture.dev, VFIOPM_IRQ_MSI, 0));
	expect_ok(vfiopm_irq_trigger(fixture.dev, VFIOPM_IRQ_ERR, 0));
	expect_ok(vfiopm_irq_trigger(fixture.dev, VFIOPM_IRQ_REQ, 0));
	for (int i = 1; i < 4; i++)
		assert_int_equal(raw_take(fixture.events[i]), 1);
	irq_fixture_close(&fixture);
}

static void out_of_range_numbers_are_refused(void **state)
{
	static const uint32_t wrong[] = { VECTORS, VECTORS + 1, 0x7fffffff, 0x80000000,
					  UINT32_MAX };
	int many[VECTORS + 1];
	struct irq_fixture fixture;
	uint32_t value;

	(void)state;
	irq_fixture_open(&fixture);
	for (int i = 0; i <= VECTORS; i++)
		many[i] = -1;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		expect_errno(EINVAL,
			     vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_MSIX, wrong[i], -1));
		expect_errno(EINVAL,
			     vfiopm_irq_set_signaling(fixture.dev, wrong[i], 0, fixture.events[0]));
		expect_errno(EINVAL, vfiopm_irq_set_signaling_range(fixture.dev, VFIOPM_IRQ_MSIX,
								    wrong[i], 1, many));
		expect_errno(EINVAL, vfiopm_irq_set_signaling_range(fixture.dev, VFIOPM_IRQ_MSIX, 1,
								    wrong[i], many));
		expect_errno(EINVAL, vfiopm_irq_set_signaling_range(fixture.dev, VFIOPM_IRQ_MSIX,
								    wrong[i], wrong[i], many));
		expect_errno(EINVAL, vfiopm_irq_trigger(fixture.dev, VFIOPM_IRQ_MSIX, wrong[i]));
		expect_errno(EINVAL, vfiopm_irq_mask(fixture.dev, VFIOPM_IRQ_INTX, wrong[i]));
		expect_errno(EINVAL, vfiopm_irq_unmask(fixture.dev, wrong[i], 0));
		expect_errno(EINVAL, vfiopm_irq_disable(fixture.dev, wrong[i]));
		expect_errno(EINVAL, vfiopm_irq_is_enabled(fixture.dev, wrong[i]));
		expect_errno(EINVAL, vfiopm_irq_get_count(fixture.dev, wrong[i], &value));
		expect_errno(EINVAL, vfiopm_irq_get_flags(fixture.dev, wrong[i], &value));
		expect_errno(EINVAL, vfiopm_irq_get_available(fixture.dev, wrong[i], &value));
		expect_errno(EINVAL, vfiopm_irq_set_unmask_eventfd(fixture.dev, wrong[i], 0, -1));
	}
	expect_errno(EINVAL,
		     vfiopm_irq_set_signaling_range(fixture.dev, VFIOPM_IRQ_MSIX, 0, 0, many));
	expect_errno(EINVAL,
		     vfiopm_irq_set_signaling_range(fixture.dev, VFIOPM_IRQ_MSIX, 0, 1, NULL));
	expect_errno(EINVAL, vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_MSIX, 0, -2));
	expect_errno(EINVAL, vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_MSIX, 0, INT_MIN));
	assert_int_equal(irq_issued(&fixture), 0);
	irq_fixture_close(&fixture);
}

static void null_arguments_are_refused(void **state)
{
	struct irq_fixture fixture;
	uint32_t value;
	uint64_t number;
	int fd = -1;

	(void)state;
	irq_fixture_open(&fixture);
	expect_errno(EINVAL, vfiopm_irq_get_count(NULL, 0, &value));
	expect_errno(EINVAL, vfiopm_irq_get_count(fixture.dev, 0, NULL));
	expect_errno(EINVAL, vfiopm_irq_get_flags(NULL, 0, &value));
	expect_errno(EINVAL, vfiopm_irq_get_flags(fixture.dev, 0, NULL));
	expect_errno(EINVAL, vfiopm_irq_get_available(NULL, 0, &value));
	expect_errno(EINVAL, vfiopm_irq_get_available(fixture.dev, 0, NULL));
	expect_errno(EINVAL, vfiopm_irq_get_stats(NULL, &number, &number));
	expect_errno(EINVAL, vfiopm_irq_get_stats(fixture.dev, NULL, &number));
	expect_errno(EINVAL, vfiopm_irq_get_stats(fixture.dev, &number, NULL));
	expect_errno(EINVAL, vfiopm_irq_set_signaling(NULL, 0, 0, -1));
	expect_errno(EINVAL, vfiopm_irq_set_signaling_range(NULL, 0, 0, 1, &fd));
	expect_errno(EINVAL, vfiopm_irq_reserve(NULL, VFIOPM_IRQ_MSIX, 1));
	expect_errno(EINVAL, vfiopm_irq_disable(NULL, 0));
	expect_errno(EINVAL, vfiopm_irq_is_enabled(NULL, 0));
	expect_errno(EINVAL, vfiopm_irq_mask(NULL, 0, 0));
	expect_errno(EINVAL, vfiopm_irq_unmask(NULL, 0, 0));
	expect_errno(EINVAL, vfiopm_irq_trigger(NULL, 0, 0));
	expect_errno(EINVAL, vfiopm_irq_set_unmask_eventfd(NULL, 0, 0, -1));
	expect_errno(EINVAL, vfiopm_irq_begin(NULL));
	expect_errno(EINVAL, vfiopm_irq_commit(NULL));
	irq_fixture_close(&fixture);
}

/* The kernel would tear down the vectors before a bad fd. The library refuses the fd first. */
static void bad_fd_leaves_the_block_unchanged(void **state)
{
	int closed = raw_closed_fd(), file = open("/dev/null", O_RDWR);
	struct irq_fixture fixture;
	unsigned fds;

	(void)state;
	irq_fixture_open(&fixture);
	expect_ok(vfiopm_irq_set_signaling_range(fixture.dev, VFIOPM_IRQ_MSIX, 0, VECTORS,
						 fixture.events));
	fds = host_open_fds();
	for (int i = 0; i < 2; i++) {
		int bad[3] = { fixture.events[4], i ? file : closed, fixture.events[4] };

		if (i)
			expect_errno(EINVAL, vfiopm_irq_set_signaling_range(
						     fixture.dev, VFIOPM_IRQ_MSIX, 1, 3, bad));
		else
			expect_errno(EBADF, vfiopm_irq_set_signaling_range(
						    fixture.dev, VFIOPM_IRQ_MSIX, 1, 3, bad));
		assert_int_equal(irq_issued(&fixture), 1);
		assert_int_equal(host_open_fds(), fds);
		for (uint32_t j = 0; j < VECTORS; j++)
			irq_fires_into(&fixture, VFIOPM_IRQ_MSIX, j, fixture.events[j]);
	}
	expect_errno(EBADF, vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_MSIX, 0, closed));
	expect_errno(EINVAL, vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_MSIX, 0, file));
	assert_int_equal(irq_issued(&fixture), 1);
	close(file);
	irq_fixture_close(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_TESTBED(counts_and_flags),
		ON_TESTBED(each_vector_arrives),
		ON_TESTBED(unchanged_eventfd_issues_no_ioctl),
		ON_TESTBED(changes_share_ioctls),
		ON_TESTBED(vectors_set_one_by_one),
		ON_TESTBED(reserved_vectors),
		ON_TESTBED(batch_issues_the_net_change),
		ON_TESTBED(batch_switches_the_index),
		ON_TESTBED(reused_fd_number_is_detected),
		ON_TESTBED(reused_fd_number_without_comparison),
		ON_TESTBED(library_eventfds),
		ON_TESTBED(replacement_loses_no_interrupt),
		ON_TESTBED(indexes_exclude_one_another),
		ON_TESTBED(out_of_range_numbers_are_refused),
		ON_TESTBED(null_arguments_are_refused),
		ON_TESTBED(bad_fd_leaves_the_block_unchanged),
	};

	return cmocka_run_group_tests_name("irq", tests, NULL, NULL);
}
