// SPDX-License-Identifier: MIT
/*
 * Setting signalling: that interrupts arrive, how many ioctls it takes, which eventfd is
 * which, and bad input.
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

/* ---- what the device has ---- */

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

/* ---- setting ---- */

static void every_vector_arrives(void **state)
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

static void unchanged_costs_nothing(void **state)
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

static void runs(void **state)
{
	int all[VECTORS], same[VECTORS];
	struct irq_fixture fixture;

	(void)state;
	irq_fixture_open(&fixture);
	for (int i = 0; i < VECTORS; i++)
		all[i] = same[i] = i % 2 ? -1 : fixture.events[i];
	/* 0, 2 and 4: one ioctl. */
	expect_issues(
		&fixture, 1,
		vfiopm_irq_set_signaling_range(fixture.dev, VFIOPM_IRQ_MSIX, 0, VECTORS, all));
	expect_issues(
		&fixture, 0,
		vfiopm_irq_set_signaling_range(fixture.dev, VFIOPM_IRQ_MSIX, 0, VECTORS, same));
	/* 1 and 3 beside: 2 is between them, and is not sent again. */
	all[1] = fixture.events[1];
	all[3] = fixture.events[3];
	expect_issues(
		&fixture, 2,
		vfiopm_irq_set_signaling_range(fixture.dev, VFIOPM_IRQ_MSIX, 0, VECTORS, all));
	for (uint32_t i = 0; i < VECTORS; i++)
		irq_fires_into(&fixture, VFIOPM_IRQ_MSIX, i, fixture.events[i]);
	/* All but 4: one run. */
	expect_issues(&fixture, 1,
		      vfiopm_irq_set_signaling_range(fixture.dev, VFIOPM_IRQ_MSIX, 0, 4,
						     (int[]){ -1, -1, -1, -1 }));
	irq_fires_into(&fixture, VFIOPM_IRQ_MSIX, 4, fixture.events[4]);
	/* 0 and 3: what is between is unset, and bridged. */
	expect_issues(&fixture, 1,
		      vfiopm_irq_set_signaling_range(
			      fixture.dev, VFIOPM_IRQ_MSIX, 0, 4,
			      (int[]){ fixture.events[0], -1, -1, fixture.events[3] }));
	irq_fires_into(&fixture, VFIOPM_IRQ_MSIX, 0, fixture.events[0]);
	irq_fires_into(&fixture, VFIOPM_IRQ_MSIX, 3, fixture.events[3]);
	irq_fixture_close(&fixture);
}

static void one_by_one(void **state)
{
	struct irq_fixture fixture;

	(void)state;
	irq_fixture_open(&fixture);
	expect_issues(&fixture, 1, irq_set(&fixture, 0, fixture.events[0]));
	for (uint32_t i = 1; i < VECTORS; i++) {
		/* Without resizing: 1, 2, 4 and 5 vectors. */
		bool grows = !irq_is_dynamic(&fixture) && i != 3;

		expect_issues(&fixture, grows ? 2 : 1, irq_set(&fixture, i, fixture.events[i]));
		/* What was down in between is signalled, for the case of a lost interrupt. */
		for (uint32_t j = 0; j < VECTORS; j++)
			assert_int_equal(raw_take(fixture.events[j]), grows && j < i);
		for (uint32_t j = 0; j <= i; j++)
			irq_fires_into(&fixture, VFIOPM_IRQ_MSIX, j, fixture.events[j]);
	}
	irq_fixture_close(&fixture);
}

static void reserved(void **state)
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

	/* More, with some live. */
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

static void batch(void **state)
{
	struct irq_fixture fixture;

	(void)state;
	irq_fixture_open(&fixture);
	expect_issues(&fixture, 0, vfiopm_irq_commit(fixture.dev));
	expect_ok(vfiopm_irq_begin(fixture.dev));
	for (uint32_t i = 0; i < VECTORS; i++)
		expect_issues(&fixture, 0, irq_set(&fixture, i, fixture.events[VECTORS - 1 - i]));
	/* Changed before it was done, and again. */
	for (uint32_t i = 0; i < VECTORS; i++)
		expect_issues(&fixture, 0, irq_set(&fixture, i, fixture.events[i]));
	expect_issues(&fixture, 0, irq_set(&fixture, 2, -1));
	/* Nested: the outermost counts. */
	expect_ok(vfiopm_irq_begin(fixture.dev));
	expect_issues(&fixture, 0, vfiopm_irq_commit(fixture.dev));
	expect_issues(&fixture, 1, vfiopm_irq_commit(fixture.dev));
	assert_int_equal(irq_saved(&fixture), 2 * VECTORS);
	for (uint32_t i = 0; i < VECTORS; i++) {
		if (i != 2)
			irq_fires_into(&fixture, VFIOPM_IRQ_MSIX, i, fixture.events[i]);
	}

	/* There and back is no change. */
	expect_ok(vfiopm_irq_begin(fixture.dev));
	expect_ok(irq_set(&fixture, 0, fixture.events[1]));
	expect_ok(irq_set(&fixture, 0, fixture.events[0]));
	expect_issues(&fixture, 0, vfiopm_irq_commit(fixture.dev));
	expect_issues(&fixture, 0, vfiopm_irq_commit(fixture.dev));
	irq_fixture_close(&fixture);
}

/* From one index to another: what is disabled is out of the way. */
static void batch_changes_index(void **state)
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
	/* But not yet of what is done at once. */
	expect_issues(&fixture, 0, vfiopm_irq_begin(fixture.dev));
	expect_errno(EBUSY, vfiopm_irq_reserve(fixture.dev, VFIOPM_IRQ_MSI, 1));
	expect_issues(&fixture, 0, vfiopm_irq_commit(fixture.dev));
	expect_issues(&fixture, 2, vfiopm_irq_commit(fixture.dev));
	expect_issues(&fixture, 1, vfiopm_irq_trigger(fixture.dev, VFIOPM_IRQ_INTX, 0));
	assert_int_equal(raw_take(fixture.events[1]), 1);

	/* Disabled and set again: what remains is the change. */
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

/* ---- identity ---- */

/* The number of a closed eventfd comes back as another one. */
static void reused_number(void **state)
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
	/* And a duplicate, of another number, is no change. */
	old = dup(again);
	expect_issues(&fixture, 0, irq_set(&fixture, 0, old));
	close(old);
	close(again);
	/* Closed by the caller, it is signalled all the same: nothing is lost but to him. */
	expect_issues(&fixture, 1, irq_set(&fixture, 0, -1));
	irq_fixture_close(&fixture);
}

/* Refuse what can compare files, in this thread and for good. */
static int refuse_comparing(void)
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

struct refused {
	struct irq_fixture fixture;
	int fd;
	const char *complaint;
};

static void *set_refused(void *data)
{
	struct refused *refused = data;
	uint64_t before, after, saved;

	if (refuse_comparing() < 0) {
		refused->complaint = "seccomp does not work here";
		return NULL;
	}
	vfiopm_irq_get_stats(refused->fixture.dev, &before, &saved);
	/* The same: it cannot be told, so it is sent. */
	if (irq_set(&refused->fixture, 0, refused->fd) != 0)
		refused->complaint = "the same eventfd cannot be set";
	close(refused->fd);
	if (eventfd(0, EFD_NONBLOCK) != refused->fd ||
	    irq_set(&refused->fixture, 0, refused->fd) != 0)
		refused->complaint = "the other eventfd cannot be set";
	vfiopm_irq_get_stats(refused->fixture.dev, &after, &saved);
	if (after - before != 2)
		refused->complaint = "an ioctl was saved that could not be";
	return NULL;
}

static void reused_number_when_comparing_is_refused(void **state)
{
	struct refused refused = { 0 };
	pthread_t thread;

	(void)state;
	irq_fixture_open(&refused.fixture);
	refused.fd = raw_eventfd();
	expect_ok(irq_set(&refused.fixture, 0, refused.fd));
	assert_int_equal(pthread_create(&thread, NULL, set_refused, &refused), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	if (refused.complaint)
		fail_msg("%s", refused.complaint);
	irq_fires_into(&refused.fixture, VFIOPM_IRQ_MSIX, 0, refused.fd);
	close(refused.fd);
	irq_fixture_close(&refused.fixture);
}

static void own_eventfds(void **state)
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

/* ---- under fire ---- */

#define SHOTS 300
#define SWAPS 1000

struct shooter {
	const struct irq_fixture *fixture;
	int a, b;
	uint64_t counted;
	atomic_bool done;
};

/* One shot after the other, each when the one before has arrived: if one is lost, the
 * next never comes. */
static void *shoot(void *data)
{
	struct shooter *shooter = data;

	for (int i = 0; i < SHOTS; i++) {
		struct pollfd pollfds[2] = { { .fd = shooter->a, .events = POLLIN },
					     { .fd = shooter->b, .events = POLLIN } };

		testbed_fire(&shooter->fixture->raw, VFIOPM_IRQ_MSIX, 0);
		if (poll(pollfds, 2, 2000) < 1)
			break;
		shooter->counted += raw_take(shooter->a) + raw_take(shooter->b);
		testbed_clear(&shooter->fixture->raw);
	}
	shooter->done = true;
	return NULL;
}

static void swaps_under_fire(void **state)
{
	struct shooter shooter = { 0 };
	struct irq_fixture fixture;
	pthread_t thread;
	int swaps = 0;

	(void)state;
	irq_fixture_open(&fixture);
	shooter.fixture = &fixture;
	shooter.a = fixture.events[0];
	shooter.b = fixture.events[1];
	expect_ok(irq_set(&fixture, 0, shooter.a));
	assert_int_equal(pthread_create(&thread, NULL, shoot, &shooter), 0);
	while (swaps < SWAPS || !shooter.done) {
		int r = irq_set(&fixture, 0, swaps++ % 2 ? shooter.a : shooter.b);

		if (r < 0)
			break;
	}
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(irq_issued(&fixture), swaps + 1);
	assert_int_equal(shooter.counted, SHOTS);
	assert_true(swaps >= SWAPS);
	irq_fixture_close(&fixture);
}

/* ---- exclusion and bad input ---- */

static void exclusion(void **state)
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
	/* Nothing is what they have. */
	expect_ok(vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_INTX, 0, -1));
	assert_int_equal(irq_issued(&fixture), 1);
	/* Unset it is enabled still. */
	expect_ok(irq_set(&fixture, 0, -1));
	expect_errno(EBUSY,
		     vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_MSI, 0, fixture.events[1]));
	expect_ok(vfiopm_irq_disable(fixture.dev, VFIOPM_IRQ_MSIX));
	expect_ok(vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_MSI, 0, fixture.events[1]));
	/* ERR and REQ are for themselves. */
	expect_ok(vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_ERR, 0, fixture.events[2]));
	expect_ok(vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_REQ, 0, fixture.events[3]));
	expect_ok(vfiopm_irq_trigger(fixture.dev, VFIOPM_IRQ_MSI, 0));
	expect_ok(vfiopm_irq_trigger(fixture.dev, VFIOPM_IRQ_ERR, 0));
	expect_ok(vfiopm_irq_trigger(fixture.dev, VFIOPM_IRQ_REQ, 0));
	for (int i = 1; i < 4; i++)
		assert_int_equal(raw_take(fixture.events[i]), 1);
	irq_fixture_close(&fixture);
}

static void hostile_numbers(void **state)
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

static void nulls(void **state)
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
	expect_errno(EINVAL, vfiopm_irq_mask(NULL, 0, 0));
	expect_errno(EINVAL, vfiopm_irq_unmask(NULL, 0, 0));
	expect_errno(EINVAL, vfiopm_irq_trigger(NULL, 0, 0));
	expect_errno(EINVAL, vfiopm_irq_set_unmask_eventfd(NULL, 0, 0, -1));
	expect_errno(EINVAL, vfiopm_irq_begin(NULL));
	expect_errno(EINVAL, vfiopm_irq_commit(NULL));
	irq_fixture_close(&fixture);
}

/* A bad fd in the middle of a block: the kernel would tear down what is before it. */
static void bad_fds(void **state)
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
		ON_TESTBED(every_vector_arrives),
		ON_TESTBED(unchanged_costs_nothing),
		ON_TESTBED(runs),
		ON_TESTBED(one_by_one),
		ON_TESTBED(reserved),
		ON_TESTBED(batch),
		ON_TESTBED(batch_changes_index),
		ON_TESTBED(reused_number),
		ON_TESTBED(reused_number_when_comparing_is_refused),
		ON_TESTBED(own_eventfds),
		ON_TESTBED(swaps_under_fire),
		ON_TESTBED(exclusion),
		ON_TESTBED(hostile_numbers),
		ON_TESTBED(nulls),
		ON_TESTBED(bad_fds),
	};

	return cmocka_run_group_tests_name("irq", tests, NULL, NULL);
}
