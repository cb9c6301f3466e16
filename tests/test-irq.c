// SPDX-License-Identifier: MIT
/*
 * The interrupt calls of the library, with a device that raises real interrupts: an
 * e1000e with five MSI-X vectors, or the simulator's.
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
#include "raw.h"
#include "test.h"
#include "world.h"

#define VECTORS 5

struct bench {
	struct raw raw;
	struct vfiopm_device *dev;
	int events[VECTORS];
};

static void bench_open(struct bench *bench)
{
	raw_open(&bench->raw);
	expect_ok(vfiopm_device_new_from_fd(bench->raw.device, &bench->dev));
	expect_ok(vfiopm_device_set_address(bench->dev, world_device()));
	for (int i = 0; i < VECTORS; i++)
		bench->events[i] = raw_eventfd();
}

static void bench_close(struct bench *bench)
{
	vfiopm_device_free(bench->dev);
	for (int i = 0; i < VECTORS; i++)
		close(bench->events[i]);
	raw_close(&bench->raw);
}

static int set(const struct bench *bench, uint32_t vector, int fd)
{
	return vfiopm_irq_set_signaling(bench->dev, VFIOPM_IRQ_MSIX, vector, fd);
}

static uint64_t issued(const struct bench *bench)
{
	uint64_t issued, saved;

	expect_ok(vfiopm_irq_get_stats(bench->dev, &issued, &saved));
	return issued;
}

static uint64_t saved(const struct bench *bench)
{
	uint64_t issued, saved;

	expect_ok(vfiopm_irq_get_stats(bench->dev, &issued, &saved));
	return saved;
}

/* How many ioctls does a call take? */
#define expect_issues(bench, count, call)                                      \
	do {                                                                   \
		uint64_t before_ = issued(bench);                              \
		expect_ok(call);                                               \
		assert_int_equal(issued(bench) - before_, count);              \
	} while (0)

/* An interrupt comes when it comes: wait, but not for ever. */
static bool arrives(int event)
{
	struct pollfd pollfd = { .fd = event, .events = POLLIN };

	return poll(&pollfd, 1, 2000) == 1;
}

static void fires_into(const struct bench *bench, uint32_t vector, int event)
{
	assert_int_equal(raw_take(event), 0);
	world_fire(&bench->raw, VFIOPM_IRQ_MSIX, vector);
	if (!arrives(event))
		fail_msg("vector %u does not arrive", vector);
	assert_int_equal(raw_take(event), 1);
	world_clear(&bench->raw);
}

static bool is_dynamic(const struct bench *bench)
{
	uint32_t flags;

	expect_ok(vfiopm_irq_get_flags(bench->dev, VFIOPM_IRQ_MSIX, &flags));
	return !(flags & VFIOPM_IRQ_FLAG_NORESIZE);
}

/* ---- what the device has ---- */

static void counts_and_flags(void **state)
{
	static const uint32_t counts[] = { 1, 1, VECTORS, 1, 1 };
	struct bench bench;
	uint32_t value;

	(void)state;
	bench_open(&bench);
	for (uint32_t i = 0; i < 5; i++) {
		expect_ok(vfiopm_irq_get_count(bench.dev, i, &value));
		assert_int_equal(value, counts[i]);
		expect_ok(vfiopm_irq_get_flags(bench.dev, i, &value));
		assert_true(value & VFIOPM_IRQ_FLAG_EVENTFD);
		assert_int_equal(!!(value & VFIOPM_IRQ_FLAG_MASKABLE), i == VFIOPM_IRQ_INTX);
		assert_int_equal(!!(value & VFIOPM_IRQ_FLAG_AUTOMASKED), i == VFIOPM_IRQ_INTX);
		expect_ok(vfiopm_irq_get_available(bench.dev, i, &value));
		assert_int_equal(value, 0);
	}
	/* x86 allocates MSI-X vectors one by one since 6.5. */
	assert_int_equal(is_dynamic(&bench), world_kernel_is_at_least(6, 5));
	bench_close(&bench);
}

/* ---- setting ---- */

static void every_vector_arrives(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench);
	expect_issues(&bench, 1,
		      vfiopm_irq_set_signaling_range(bench.dev, VFIOPM_IRQ_MSIX, 0, VECTORS,
						     bench.events));
	for (uint32_t i = 0; i < VECTORS; i++)
		fires_into(&bench, i, bench.events[i]);
	expect_issues(&bench, 1, vfiopm_irq_disable(bench.dev, VFIOPM_IRQ_MSIX));
	expect_issues(&bench, 0, vfiopm_irq_disable(bench.dev, VFIOPM_IRQ_MSIX));
	bench_close(&bench);
}

static void unchanged_costs_nothing(void **state)
{
	struct bench bench;
	uint64_t before;

	(void)state;
	bench_open(&bench);
	expect_issues(&bench, 0, set(&bench, 3, -1));
	expect_issues(&bench, 1, set(&bench, 3, bench.events[3]));
	before = saved(&bench);
	for (int i = 0; i < 10000; i++)
		expect_ok(set(&bench, 3, bench.events[3]));
	assert_int_equal(issued(&bench), 1);
	assert_int_equal(saved(&bench) - before, 10000);
	fires_into(&bench, 3, bench.events[3]);
	expect_issues(&bench, 1, set(&bench, 3, -1));
	expect_issues(&bench, 0, set(&bench, 3, -1));
	bench_close(&bench);
}

static void runs(void **state)
{
	int all[VECTORS], same[VECTORS];
	struct bench bench;

	(void)state;
	bench_open(&bench);
	for (int i = 0; i < VECTORS; i++)
		all[i] = same[i] = i % 2 ? -1 : bench.events[i];
	/* 0, 2 and 4: one ioctl. */
	expect_issues(&bench, 1, vfiopm_irq_set_signaling_range(bench.dev, VFIOPM_IRQ_MSIX, 0, VECTORS, all));
	expect_issues(&bench, 0, vfiopm_irq_set_signaling_range(bench.dev, VFIOPM_IRQ_MSIX, 0, VECTORS, same));
	/* 1 and 3 beside: 2 is between them, and is not sent again. */
	all[1] = bench.events[1];
	all[3] = bench.events[3];
	expect_issues(&bench, 2, vfiopm_irq_set_signaling_range(bench.dev, VFIOPM_IRQ_MSIX, 0, VECTORS, all));
	for (uint32_t i = 0; i < VECTORS; i++)
		fires_into(&bench, i, bench.events[i]);
	/* All but 4: one run. */
	expect_issues(&bench, 1, vfiopm_irq_set_signaling_range(bench.dev, VFIOPM_IRQ_MSIX, 0, 4,
								(int[]){ -1, -1, -1, -1 }));
	fires_into(&bench, 4, bench.events[4]);
	/* 0 and 3: what is between is unset, and bridged. */
	expect_issues(&bench, 1, vfiopm_irq_set_signaling_range(bench.dev, VFIOPM_IRQ_MSIX, 0, 4,
								(int[]){ bench.events[0], -1, -1,
									 bench.events[3] }));
	fires_into(&bench, 0, bench.events[0]);
	fires_into(&bench, 3, bench.events[3]);
	bench_close(&bench);
}

static void one_by_one(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench);
	expect_issues(&bench, 1, set(&bench, 0, bench.events[0]));
	for (uint32_t i = 1; i < VECTORS; i++) {
		/* Without resizing: 1, 2, 4 and 5 vectors. */
		bool grows = !is_dynamic(&bench) && i != 3;

		expect_issues(&bench, grows ? 2 : 1, set(&bench, i, bench.events[i]));
		/* What was down in between is signalled, for the case of a lost interrupt. */
		for (uint32_t j = 0; j < VECTORS; j++)
			assert_int_equal(raw_take(bench.events[j]), grows && j < i);
		for (uint32_t j = 0; j <= i; j++)
			fires_into(&bench, j, bench.events[j]);
	}
	bench_close(&bench);
}

static void reserved(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench);
	expect_issues(&bench, 1, vfiopm_irq_reserve(bench.dev, VFIOPM_IRQ_MSIX, VECTORS));
	expect_issues(&bench, 0, vfiopm_irq_reserve(bench.dev, VFIOPM_IRQ_MSIX, VECTORS));
	expect_issues(&bench, 0, vfiopm_irq_reserve(bench.dev, VFIOPM_IRQ_MSIX, 1));
	for (uint32_t i = 0; i < VECTORS; i++) {
		expect_issues(&bench, 1, set(&bench, i, bench.events[i]));
		fires_into(&bench, i, bench.events[i]);
	}
	expect_issues(&bench, 1, vfiopm_irq_disable(bench.dev, VFIOPM_IRQ_MSIX));

	/* More, with some live. */
	expect_issues(&bench, 1, set(&bench, 1, bench.events[1]));
	expect_issues(&bench, is_dynamic(&bench) ? 0 : 2,
		      vfiopm_irq_reserve(bench.dev, VFIOPM_IRQ_MSIX, VECTORS));
	assert_int_equal(raw_take(bench.events[1]), !is_dynamic(&bench));
	fires_into(&bench, 1, bench.events[1]);
	expect_issues(&bench, 1, set(&bench, 4, bench.events[4]));
	fires_into(&bench, 4, bench.events[4]);

	expect_errno(EINVAL, vfiopm_irq_reserve(bench.dev, VFIOPM_IRQ_MSIX, 0));
	expect_errno(EINVAL, vfiopm_irq_reserve(bench.dev, VFIOPM_IRQ_MSIX, VECTORS + 1));
	expect_errno(EINVAL, vfiopm_irq_reserve(bench.dev, VFIOPM_IRQ_MSIX, UINT32_MAX));
	bench_close(&bench);
}

/* ---- batches ---- */

static void batch(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench);
	expect_errno(EINVAL, vfiopm_irq_commit(bench.dev));
	expect_ok(vfiopm_irq_begin(bench.dev));
	for (uint32_t i = 0; i < VECTORS; i++)
		expect_issues(&bench, 0, set(&bench, i, bench.events[VECTORS - 1 - i]));
	/* Changed before it was done, and again. */
	for (uint32_t i = 0; i < VECTORS; i++)
		expect_issues(&bench, 0, set(&bench, i, bench.events[i]));
	expect_issues(&bench, 0, set(&bench, 2, -1));
	/* Nested: the outermost counts. */
	expect_ok(vfiopm_irq_begin(bench.dev));
	expect_issues(&bench, 0, vfiopm_irq_commit(bench.dev));
	expect_issues(&bench, 1, vfiopm_irq_commit(bench.dev));
	assert_int_equal(saved(&bench), 2 * VECTORS);
	for (uint32_t i = 0; i < VECTORS; i++) {
		if (i != 2)
			fires_into(&bench, i, bench.events[i]);
	}

	/* There and back is no change. */
	expect_ok(vfiopm_irq_begin(bench.dev));
	expect_ok(set(&bench, 0, bench.events[1]));
	expect_ok(set(&bench, 0, bench.events[0]));
	expect_issues(&bench, 0, vfiopm_irq_commit(bench.dev));
	expect_errno(EINVAL, vfiopm_irq_commit(bench.dev));
	bench_close(&bench);
}

/* From one index to another: what is disabled is out of the way. */
static void batch_changes_index(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench);
	expect_ok(set(&bench, 0, bench.events[0]));
	expect_ok(vfiopm_irq_begin(bench.dev));
	expect_ok(vfiopm_irq_disable(bench.dev, VFIOPM_IRQ_MSIX));
	expect_ok(vfiopm_irq_set_signaling(bench.dev, VFIOPM_IRQ_INTX, 0, bench.events[1]));
	expect_errno(EBUSY, set(&bench, 0, bench.events[0]));
	expect_ok(set(&bench, 0, -1));
	/* But not yet of what is done at once. */
	expect_issues(&bench, 0, vfiopm_irq_begin(bench.dev));
	expect_errno(EBUSY, vfiopm_irq_reserve(bench.dev, VFIOPM_IRQ_MSI, 1));
	expect_issues(&bench, 0, vfiopm_irq_commit(bench.dev));
	expect_issues(&bench, 2, vfiopm_irq_commit(bench.dev));
	expect_issues(&bench, 1, vfiopm_irq_trigger(bench.dev, VFIOPM_IRQ_INTX, 0));
	assert_int_equal(raw_take(bench.events[1]), 1);

	/* Disabled and set again: what remains is the change. */
	expect_ok(vfiopm_irq_disable(bench.dev, VFIOPM_IRQ_INTX));
	expect_ok(set(&bench, 0, bench.events[0]));
	expect_ok(set(&bench, 4, bench.events[4]));
	expect_ok(vfiopm_irq_begin(bench.dev));
	expect_ok(vfiopm_irq_disable(bench.dev, VFIOPM_IRQ_MSIX));
	expect_ok(set(&bench, 0, bench.events[1]));
	expect_issues(&bench, 1, vfiopm_irq_commit(bench.dev));
	fires_into(&bench, 0, bench.events[1]);
	bench_close(&bench);
}

/* ---- identity ---- */

/* The number of a closed eventfd comes back as another one. */
static void reused_number(void **state)
{
	struct bench bench;
	int old, again;

	(void)state;
	bench_open(&bench);
	old = raw_eventfd();
	expect_ok(set(&bench, 0, old));
	close(old);
	again = raw_eventfd();
	assert_int_equal(again, old);
	expect_issues(&bench, 1, set(&bench, 0, again));
	fires_into(&bench, 0, again);
	/* And a duplicate, of another number, is no change. */
	old = dup(again);
	expect_issues(&bench, 0, set(&bench, 0, old));
	close(old);
	close(again);
	/* Closed by the caller, it is signalled all the same: nothing is lost but to him. */
	expect_issues(&bench, 1, set(&bench, 0, -1));
	bench_close(&bench);
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
	struct bench bench;
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
	vfiopm_irq_get_stats(refused->bench.dev, &before, &saved);
	/* The same: it cannot be told, so it is sent. */
	if (set(&refused->bench, 0, refused->fd) != 0)
		refused->complaint = "the same eventfd cannot be set";
	close(refused->fd);
	if (eventfd(0, EFD_NONBLOCK) != refused->fd || set(&refused->bench, 0, refused->fd) != 0)
		refused->complaint = "the other eventfd cannot be set";
	vfiopm_irq_get_stats(refused->bench.dev, &after, &saved);
	if (after - before != 2)
		refused->complaint = "an ioctl was saved that could not be";
	return NULL;
}

static void reused_number_when_comparing_is_refused(void **state)
{
	struct refused refused = { 0 };
	pthread_t thread;

	(void)state;
	bench_open(&refused.bench);
	refused.fd = raw_eventfd();
	expect_ok(set(&refused.bench, 0, refused.fd));
	assert_int_equal(pthread_create(&thread, NULL, set_refused, &refused), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	if (refused.complaint)
		fail_msg("%s", refused.complaint);
	fires_into(&refused.bench, 0, refused.fd);
	close(refused.fd);
	bench_close(&refused.bench);
}

static void own_eventfds(void **state)
{
	struct bench bench;
	int a = -1, b = -1;

	(void)state;
	bench_open(&bench);
	expect_ok(vfiopm_irq_new_eventfd(bench.dev, &a));
	expect_ok(vfiopm_irq_new_eventfd(bench.dev, &b));
	assert_true(fcntl(a, F_GETFD) & FD_CLOEXEC);
	expect_issues(&bench, 1, set(&bench, 0, a));
	expect_issues(&bench, 0, set(&bench, 0, a));
	expect_issues(&bench, 1, set(&bench, 0, b));
	expect_errno(EBUSY, vfiopm_irq_free_eventfd(bench.dev, b));
	fires_into(&bench, 0, b);
	expect_ok(vfiopm_irq_free_eventfd(bench.dev, a));
	expect_errno(EINVAL, vfiopm_irq_free_eventfd(bench.dev, a));
	expect_errno(EINVAL, vfiopm_irq_free_eventfd(bench.dev, bench.events[0]));
	expect_errno(EINVAL, vfiopm_irq_free_eventfd(NULL, b));
	expect_errno(EINVAL, vfiopm_irq_new_eventfd(NULL, &a));
	expect_errno(EINVAL, vfiopm_irq_new_eventfd(bench.dev, NULL));
	bench_close(&bench);
}

/* ---- under fire ---- */

#define SHOTS 300
#define SWAPS 1000

struct shooter {
	const struct bench *bench;
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

		world_fire(&shooter->bench->raw, VFIOPM_IRQ_MSIX, 0);
		if (poll(pollfds, 2, 2000) < 1)
			break;
		shooter->counted += raw_take(shooter->a) + raw_take(shooter->b);
		world_clear(&shooter->bench->raw);
	}
	shooter->done = true;
	return NULL;
}

static void swaps_under_fire(void **state)
{
	struct shooter shooter = { 0 };
	struct bench bench;
	pthread_t thread;
	int swaps = 0;

	(void)state;
	bench_open(&bench);
	shooter.bench = &bench;
	shooter.a = bench.events[0];
	shooter.b = bench.events[1];
	expect_ok(set(&bench, 0, shooter.a));
	assert_int_equal(pthread_create(&thread, NULL, shoot, &shooter), 0);
	while (swaps < SWAPS || !shooter.done) {
		int r = set(&bench, 0, swaps++ % 2 ? shooter.a : shooter.b);

		if (r < 0)
			break;
	}
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(issued(&bench), swaps + 1);
	assert_int_equal(shooter.counted, SHOTS);
	assert_true(swaps >= SWAPS);
	bench_close(&bench);
}

/* ---- exclusion and bad input ---- */

static void exclusion(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench);
	expect_ok(set(&bench, 0, bench.events[0]));
	expect_errno(EBUSY, vfiopm_irq_set_signaling(bench.dev, VFIOPM_IRQ_INTX, 0, bench.events[1]));
	expect_errno(EBUSY, vfiopm_irq_set_signaling(bench.dev, VFIOPM_IRQ_MSI, 0, bench.events[1]));
	expect_errno(EBUSY, vfiopm_irq_reserve(bench.dev, VFIOPM_IRQ_MSI, 1));
	expect_errno(EBUSY, vfiopm_irq_set_signaling_range(bench.dev, VFIOPM_IRQ_MSI, 0, 1, bench.events));
	/* Nothing is what they have. */
	expect_ok(vfiopm_irq_set_signaling(bench.dev, VFIOPM_IRQ_INTX, 0, -1));
	assert_int_equal(issued(&bench), 1);
	/* Unset it is enabled still. */
	expect_ok(set(&bench, 0, -1));
	expect_errno(EBUSY, vfiopm_irq_set_signaling(bench.dev, VFIOPM_IRQ_MSI, 0, bench.events[1]));
	expect_ok(vfiopm_irq_disable(bench.dev, VFIOPM_IRQ_MSIX));
	expect_ok(vfiopm_irq_set_signaling(bench.dev, VFIOPM_IRQ_MSI, 0, bench.events[1]));
	/* ERR and REQ are for themselves. */
	expect_ok(vfiopm_irq_set_signaling(bench.dev, VFIOPM_IRQ_ERR, 0, bench.events[2]));
	expect_ok(vfiopm_irq_set_signaling(bench.dev, VFIOPM_IRQ_REQ, 0, bench.events[3]));
	expect_ok(vfiopm_irq_trigger(bench.dev, VFIOPM_IRQ_MSI, 0));
	expect_ok(vfiopm_irq_trigger(bench.dev, VFIOPM_IRQ_ERR, 0));
	expect_ok(vfiopm_irq_trigger(bench.dev, VFIOPM_IRQ_REQ, 0));
	for (int i = 1; i < 4; i++)
		assert_int_equal(raw_take(bench.events[i]), 1);
	bench_close(&bench);
}

static void hostile_numbers(void **state)
{
	static const uint32_t wrong[] = { VECTORS, VECTORS + 1, 0x7fffffff, 0x80000000, UINT32_MAX };
	int many[VECTORS + 1];
	struct bench bench;
	uint32_t value;

	(void)state;
	bench_open(&bench);
	for (int i = 0; i <= VECTORS; i++)
		many[i] = -1;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		expect_errno(EINVAL, vfiopm_irq_set_signaling(bench.dev, VFIOPM_IRQ_MSIX, wrong[i], -1));
		expect_errno(EINVAL, vfiopm_irq_set_signaling(bench.dev, wrong[i], 0, bench.events[0]));
		expect_errno(EINVAL, vfiopm_irq_set_signaling_range(bench.dev, VFIOPM_IRQ_MSIX, wrong[i], 1, many));
		expect_errno(EINVAL, vfiopm_irq_set_signaling_range(bench.dev, VFIOPM_IRQ_MSIX, 1, wrong[i], many));
		expect_errno(EINVAL, vfiopm_irq_set_signaling_range(bench.dev, VFIOPM_IRQ_MSIX, wrong[i], wrong[i], many));
		expect_errno(EINVAL, vfiopm_irq_trigger(bench.dev, VFIOPM_IRQ_MSIX, wrong[i]));
		expect_errno(EINVAL, vfiopm_irq_mask(bench.dev, VFIOPM_IRQ_INTX, wrong[i]));
		expect_errno(EINVAL, vfiopm_irq_unmask(bench.dev, wrong[i], 0));
		expect_errno(EINVAL, vfiopm_irq_disable(bench.dev, wrong[i]));
		expect_errno(EINVAL, vfiopm_irq_get_count(bench.dev, wrong[i], &value));
		expect_errno(EINVAL, vfiopm_irq_get_flags(bench.dev, wrong[i], &value));
		expect_errno(EINVAL, vfiopm_irq_get_available(bench.dev, wrong[i], &value));
		expect_errno(EINVAL, vfiopm_irq_set_unmask_eventfd(bench.dev, wrong[i], 0, -1));
	}
	expect_errno(EINVAL, vfiopm_irq_set_signaling_range(bench.dev, VFIOPM_IRQ_MSIX, 0, 0, many));
	expect_errno(EINVAL, vfiopm_irq_set_signaling_range(bench.dev, VFIOPM_IRQ_MSIX, 0, 1, NULL));
	expect_errno(EINVAL, vfiopm_irq_set_signaling(bench.dev, VFIOPM_IRQ_MSIX, 0, -2));
	expect_errno(EINVAL, vfiopm_irq_set_signaling(bench.dev, VFIOPM_IRQ_MSIX, 0, INT_MIN));
	assert_int_equal(issued(&bench), 0);
	bench_close(&bench);
}

static void nulls(void **state)
{
	struct bench bench;
	uint32_t value;
	uint64_t number;
	int fd = -1;

	(void)state;
	bench_open(&bench);
	expect_errno(EINVAL, vfiopm_irq_get_count(NULL, 0, &value));
	expect_errno(EINVAL, vfiopm_irq_get_count(bench.dev, 0, NULL));
	expect_errno(EINVAL, vfiopm_irq_get_flags(NULL, 0, &value));
	expect_errno(EINVAL, vfiopm_irq_get_flags(bench.dev, 0, NULL));
	expect_errno(EINVAL, vfiopm_irq_get_available(NULL, 0, &value));
	expect_errno(EINVAL, vfiopm_irq_get_available(bench.dev, 0, NULL));
	expect_errno(EINVAL, vfiopm_irq_get_stats(NULL, &number, &number));
	expect_errno(EINVAL, vfiopm_irq_get_stats(bench.dev, NULL, &number));
	expect_errno(EINVAL, vfiopm_irq_get_stats(bench.dev, &number, NULL));
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
	expect_errno(EINVAL, vfiopm_irq_set_deferred(NULL, 1));
	expect_errno(EINVAL, vfiopm_irq_set_deferred(bench.dev, 2));
	bench_close(&bench);
}

/* A bad fd in the middle of a block: the kernel would tear down what is before it. */
static void bad_fds(void **state)
{
	int closed = raw_closed_fd(), file = open("/dev/null", O_RDWR);
	struct bench bench;
	unsigned fds;

	(void)state;
	bench_open(&bench);
	expect_ok(vfiopm_irq_set_signaling_range(bench.dev, VFIOPM_IRQ_MSIX, 0, VECTORS, bench.events));
	fds = host_open_fds();
	for (int i = 0; i < 2; i++) {
		int bad[3] = { bench.events[4], i ? file : closed, bench.events[4] };

		if (i)
			expect_errno(EINVAL, vfiopm_irq_set_signaling_range(bench.dev, VFIOPM_IRQ_MSIX, 1, 3, bad));
		else
			expect_errno(EBADF, vfiopm_irq_set_signaling_range(bench.dev, VFIOPM_IRQ_MSIX, 1, 3, bad));
		assert_int_equal(issued(&bench), 1);
		assert_int_equal(host_open_fds(), fds);
		for (uint32_t j = 0; j < VECTORS; j++)
			fires_into(&bench, j, bench.events[j]);
	}
	expect_errno(EBADF, vfiopm_irq_set_signaling(bench.dev, VFIOPM_IRQ_MSIX, 0, closed));
	expect_errno(EINVAL, vfiopm_irq_set_signaling(bench.dev, VFIOPM_IRQ_MSIX, 0, file));
	assert_int_equal(issued(&bench), 1);
	close(file);
	bench_close(&bench);
}

/* ---- INTx ---- */

static void intx(void **state)
{
	struct bench bench;
	int event;

	(void)state;
	bench_open(&bench);
	event = bench.events[0];
	expect_errno(EINVAL, vfiopm_irq_mask(bench.dev, VFIOPM_IRQ_INTX, 0));
	expect_errno(EINVAL, vfiopm_irq_unmask(bench.dev, VFIOPM_IRQ_INTX, 0));
	expect_errno(EINVAL, vfiopm_irq_trigger(bench.dev, VFIOPM_IRQ_INTX, 0));
	expect_issues(&bench, 1, vfiopm_irq_set_signaling(bench.dev, VFIOPM_IRQ_INTX, 0, event));
	expect_issues(&bench, 0, vfiopm_irq_set_signaling(bench.dev, VFIOPM_IRQ_INTX, 0, event));
	world_fire(&bench.raw, VFIOPM_IRQ_INTX, 0);
	assert_true(arrives(event));
	assert_int_equal(raw_take(event), 1);
	world_clear(&bench.raw);

	/* The kernel has masked it: the next comes with the unmask. */
	world_fire(&bench.raw, VFIOPM_IRQ_INTX, 0);
	usleep(20000);
	assert_int_equal(raw_take(event), 0);
	expect_issues(&bench, 1, vfiopm_irq_unmask(bench.dev, VFIOPM_IRQ_INTX, 0));
	assert_true(arrives(event));
	assert_int_equal(raw_take(event), 1);
	world_clear(&bench.raw);
	expect_issues(&bench, 1, vfiopm_irq_unmask(bench.dev, VFIOPM_IRQ_INTX, 0));

	/* Masked by us. */
	expect_issues(&bench, 1, vfiopm_irq_mask(bench.dev, VFIOPM_IRQ_INTX, 0));
	world_fire(&bench.raw, VFIOPM_IRQ_INTX, 0);
	usleep(20000);
	assert_int_equal(raw_take(event), 0);
	expect_ok(vfiopm_irq_unmask(bench.dev, VFIOPM_IRQ_INTX, 0));
	assert_true(arrives(event));
	world_clear(&bench.raw);

	/* Another eventfd, then none, and it is enabled still. */
	expect_issues(&bench, 1, vfiopm_irq_set_signaling(bench.dev, VFIOPM_IRQ_INTX, 0, bench.events[1]));
	expect_issues(&bench, 1, vfiopm_irq_set_signaling(bench.dev, VFIOPM_IRQ_INTX, 0, -1));
	expect_issues(&bench, 1, vfiopm_irq_disable(bench.dev, VFIOPM_IRQ_INTX));
	expect_issues(&bench, 0, vfiopm_irq_disable(bench.dev, VFIOPM_IRQ_INTX));
	bench_close(&bench);
}

static void intx_unmask_eventfd(void **state)
{
	int closed = raw_closed_fd(), file = open("/dev/null", O_RDWR);
	struct bench bench;
	uint64_t one = 1;

	(void)state;
	bench_open(&bench);
	expect_errno(EINVAL, vfiopm_irq_set_unmask_eventfd(bench.dev, VFIOPM_IRQ_INTX, 0, bench.events[1]));
	expect_errno(ENOTTY, vfiopm_irq_set_unmask_eventfd(bench.dev, VFIOPM_IRQ_MSIX, 0, bench.events[1]));
	expect_ok(vfiopm_irq_set_signaling(bench.dev, VFIOPM_IRQ_INTX, 0, bench.events[0]));
	expect_issues(&bench, 0, vfiopm_irq_set_unmask_eventfd(bench.dev, VFIOPM_IRQ_INTX, 0, -1));
	expect_issues(&bench, 1, vfiopm_irq_set_unmask_eventfd(bench.dev, VFIOPM_IRQ_INTX, 0, bench.events[1]));
	expect_issues(&bench, 0, vfiopm_irq_set_unmask_eventfd(bench.dev, VFIOPM_IRQ_INTX, 0, bench.events[1]));
	/* The kernel has no replace. */
	expect_issues(&bench, 2, vfiopm_irq_set_unmask_eventfd(bench.dev, VFIOPM_IRQ_INTX, 0, bench.events[2]));
	expect_errno(EBADF, vfiopm_irq_set_unmask_eventfd(bench.dev, VFIOPM_IRQ_INTX, 0, closed));
	expect_errno(EINVAL, vfiopm_irq_set_unmask_eventfd(bench.dev, VFIOPM_IRQ_INTX, 0, file));
	expect_errno(EINVAL, vfiopm_irq_set_unmask_eventfd(bench.dev, VFIOPM_IRQ_INTX, 0, -2));

	world_fire(&bench.raw, VFIOPM_IRQ_INTX, 0);
	assert_true(arrives(bench.events[0]));
	raw_take(bench.events[0]);
	world_clear(&bench.raw);
	/* Signalled, it unmasks: the next interrupt arrives. */
	assert_int_equal(write(bench.events[2], &one, sizeof(one)), sizeof(one));
	world_fire(&bench.raw, VFIOPM_IRQ_INTX, 0);
	assert_true(arrives(bench.events[0]));
	world_clear(&bench.raw);

	/* It goes with INTx. */
	expect_issues(&bench, 1, vfiopm_irq_disable(bench.dev, VFIOPM_IRQ_INTX));
	expect_ok(vfiopm_irq_set_signaling(bench.dev, VFIOPM_IRQ_INTX, 0, bench.events[0]));
	expect_issues(&bench, 1, vfiopm_irq_set_unmask_eventfd(bench.dev, VFIOPM_IRQ_INTX, 0, bench.events[2]));
	expect_issues(&bench, 1, vfiopm_irq_set_unmask_eventfd(bench.dev, VFIOPM_IRQ_INTX, 0, -1));
	close(file);
	bench_close(&bench);
}

/* One that another fd has set. */
static void intx_unmask_eventfd_of_another(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench);
	expect_ok(vfiopm_irq_set_signaling(bench.dev, VFIOPM_IRQ_INTX, 0, bench.events[0]));
	assert_int_equal(raw_set_unmask_eventfd(bench.raw.device, bench.events[1]), 0);
	expect_errno(EBUSY, vfiopm_irq_set_unmask_eventfd(bench.dev, VFIOPM_IRQ_INTX, 0, bench.events[2]));
	assert_int_equal(raw_set_unmask_eventfd(bench.raw.device, -1), 0);
	expect_ok(vfiopm_irq_set_unmask_eventfd(bench.dev, VFIOPM_IRQ_INTX, 0, bench.events[2]));
	bench_close(&bench);
}

static void not_maskable(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench);
	expect_ok(set(&bench, 0, bench.events[0]));
	expect_errno(ENOTTY, vfiopm_irq_mask(bench.dev, VFIOPM_IRQ_MSIX, 0));
	expect_errno(ENOTTY, vfiopm_irq_unmask(bench.dev, VFIOPM_IRQ_MSIX, 0));
	expect_errno(ENOTTY, vfiopm_irq_mask(bench.dev, VFIOPM_IRQ_REQ, 0));
	assert_int_equal(issued(&bench), 1);
	bench_close(&bench);
}

static void loopback(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench);
	expect_errno(EINVAL, vfiopm_irq_trigger(bench.dev, VFIOPM_IRQ_MSIX, 0));
	expect_errno(EINVAL, vfiopm_irq_trigger(bench.dev, VFIOPM_IRQ_REQ, 0));
	expect_ok(set(&bench, 2, bench.events[2]));
	expect_issues(&bench, 1, vfiopm_irq_trigger(bench.dev, VFIOPM_IRQ_MSIX, 2));
	assert_int_equal(raw_take(bench.events[2]), 1);
	expect_issues(&bench, 0, vfiopm_irq_trigger(bench.dev, VFIOPM_IRQ_MSIX, 1));
	bench_close(&bench);
}

static void err_and_req(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench);
	for (uint32_t i = VFIOPM_IRQ_ERR; i <= VFIOPM_IRQ_REQ; i++) {
		expect_issues(&bench, 0, vfiopm_irq_reserve(bench.dev, i, 1));
		expect_issues(&bench, 0, vfiopm_irq_disable(bench.dev, i));
		expect_issues(&bench, 1, vfiopm_irq_set_signaling(bench.dev, i, 0, bench.events[0]));
		expect_issues(&bench, 1, vfiopm_irq_set_signaling(bench.dev, i, 0, bench.events[1]));
		expect_issues(&bench, 1, vfiopm_irq_trigger(bench.dev, i, 0));
		assert_int_equal(raw_take(bench.events[0]), 0);
		assert_int_equal(raw_take(bench.events[1]), 1);
		expect_issues(&bench, 1, vfiopm_irq_set_signaling(bench.dev, i, 0, -1));
		expect_issues(&bench, 0, vfiopm_irq_disable(bench.dev, i));
		expect_issues(&bench, 1, vfiopm_irq_set_signaling(bench.dev, i, 0, bench.events[1]));
		expect_issues(&bench, 1, vfiopm_irq_disable(bench.dev, i));
	}
	bench_close(&bench);
}

static void closed_device_fd(void **state)
{
	struct bench bench;
	int fd;

	(void)state;
	bench_open(&bench);
	fd = fcntl(bench.raw.device, F_DUPFD_CLOEXEC, 300);
	assert_true(fd >= 300);
	vfiopm_device_free(bench.dev);
	expect_ok(vfiopm_device_new_from_fd(fd, &bench.dev));
	expect_ok(vfiopm_irq_set_signaling(bench.dev, VFIOPM_IRQ_INTX, 0, bench.events[0]));
	close(fd);
	expect_errno(EBADF, vfiopm_irq_set_signaling(bench.dev, VFIOPM_IRQ_INTX, 0, bench.events[1]));
	expect_errno(EBADF, vfiopm_irq_set_signaling_range(bench.dev, VFIOPM_IRQ_REQ, 0, 1, bench.events));
	expect_errno(EBADF, vfiopm_irq_mask(bench.dev, VFIOPM_IRQ_INTX, 0));
	expect_errno(EBADF, vfiopm_irq_unmask(bench.dev, VFIOPM_IRQ_INTX, 0));
	expect_errno(EBADF, vfiopm_irq_trigger(bench.dev, VFIOPM_IRQ_INTX, 0));
	expect_errno(EBADF, vfiopm_irq_disable(bench.dev, VFIOPM_IRQ_INTX));
	expect_ok(vfiopm_irq_begin(bench.dev));
	expect_ok(vfiopm_irq_disable(bench.dev, VFIOPM_IRQ_INTX));
	expect_errno(EBADF, vfiopm_irq_commit(bench.dev));
	vfiopm_device_free(bench.dev);
	expect_ok(vfiopm_device_new_from_fd(bench.raw.device, &bench.dev));
	bench_close(&bench);
}

/* ---- asleep ---- */

static void bench_sleep(struct bench *bench, int wakeup)
{
	expect_ok(vfiopm_enter_wakeup(bench->dev, wakeup));
	host_sees_deep_sleep();
}

static void unchanged_does_not_wake(void **state)
{
	int wakeup = raw_eventfd(), own = -1;
	struct bench bench;

	(void)state;
	if (!world_has_low_power())
		skip_because("this kernel has no low-power feature");
	bench_open(&bench);
	expect_ok(vfiopm_irq_new_eventfd(bench.dev, &own));
	expect_ok(set(&bench, 0, own));
	expect_ok(set(&bench, 1, bench.events[1]));
	bench_sleep(&bench, wakeup);
	for (int i = 0; i < 10000; i++) {
		expect_ok(set(&bench, 0, own));
		expect_ok(set(&bench, 1, bench.events[1]));
		expect_ok(set(&bench, 2, -1));
		/* What is refused is refused from memory. */
		if (i % 100 == 0) {
			expect_errno(EINVAL, vfiopm_irq_set_signaling(bench.dev, VFIOPM_IRQ_MSIX, 99, own));
			expect_errno(EBUSY, vfiopm_irq_set_signaling(bench.dev, VFIOPM_IRQ_INTX, 0, own));
		}
	}
	assert_true(host_shows("power/runtime_status", "suspended"));
	assert_false(raw_readable(wakeup));
	expect_ok(vfiopm_exit(bench.dev));
	fires_into(&bench, 1, bench.events[1]);
	close(wakeup);
	bench_close(&bench);
}

static void a_change_wakes(void **state)
{
	int wakeup = raw_eventfd();
	struct bench bench;

	(void)state;
	if (!world_has_low_power())
		skip_because("this kernel has no low-power feature");
	bench_open(&bench);
	expect_ok(set(&bench, 0, bench.events[0]));
	bench_sleep(&bench, wakeup);
	expect_issues(&bench, 1, set(&bench, 0, bench.events[1]));
	assert_int_equal(vfiopm_get_state(bench.dev), VFIOPM_STATE_WOKEN);
	assert_int_equal(raw_take(wakeup), 1);
	fires_into(&bench, 0, bench.events[1]);
	close(wakeup);
	bench_close(&bench);
}

static void deferred_until_exit(void **state)
{
	int wakeup = raw_eventfd();
	struct bench bench;

	(void)state;
	if (!world_has_low_power())
		skip_because("this kernel has no low-power feature");
	bench_open(&bench);
	/* So that no change has to make room. */
	expect_ok(vfiopm_irq_reserve(bench.dev, VFIOPM_IRQ_MSIX, VECTORS));
	expect_ok(set(&bench, 0, bench.events[0]));
	expect_ok(vfiopm_irq_set_deferred(bench.dev, 1));
	/* Awake, nothing is deferred. */
	expect_issues(&bench, 1, set(&bench, 1, bench.events[1]));
	bench_sleep(&bench, wakeup);
	expect_issues(&bench, 0, set(&bench, 0, bench.events[2]));
	expect_issues(&bench, 0, set(&bench, 1, bench.events[3]));
	assert_true(host_shows("power/runtime_status", "suspended"));
	assert_false(raw_readable(wakeup));
	/* Both in one. */
	expect_issues(&bench, 1, vfiopm_exit(bench.dev));
	fires_into(&bench, 0, bench.events[2]);
	fires_into(&bench, 1, bench.events[3]);
	close(wakeup);
	bench_close(&bench);
}

static void deferred_until_a_wake(void **state)
{
	int wakeup = raw_eventfd();
	struct bench bench;

	(void)state;
	if (!world_has_low_power())
		skip_because("this kernel has no low-power feature");
	bench_open(&bench);
	/* So that no change has to make room. */
	expect_ok(vfiopm_irq_reserve(bench.dev, VFIOPM_IRQ_MSIX, VECTORS));
	expect_ok(vfiopm_irq_set_deferred(bench.dev, 1));
	expect_ok(set(&bench, 0, bench.events[0]));
	expect_ok(set(&bench, 1, bench.events[1]));
	bench_sleep(&bench, wakeup);
	expect_issues(&bench, 0, set(&bench, 0, bench.events[2]));
	host_wake();
	/* An interrupt before the commit goes where the kernel has it. */
	fires_into(&bench, 0, bench.events[0]);
	expect_issues(&bench, 1, vfiopm_irq_commit(bench.dev));
	fires_into(&bench, 0, bench.events[2]);

	/* Or the first change after the wake takes it along: 0 and 1 in one. */
	raw_take(wakeup);
	bench_sleep(&bench, wakeup);
	expect_issues(&bench, 0, set(&bench, 0, bench.events[3]));
	host_wake();
	expect_issues(&bench, 1, set(&bench, 1, bench.events[4]));
	fires_into(&bench, 0, bench.events[3]);
	fires_into(&bench, 1, bench.events[4]);
	close(wakeup);
	bench_close(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(counts_and_flags),
		IN_WORLD(every_vector_arrives),
		IN_WORLD(unchanged_costs_nothing),
		IN_WORLD(runs),
		IN_WORLD(one_by_one),
		IN_WORLD(reserved),
		IN_WORLD(batch),
		IN_WORLD(batch_changes_index),
		IN_WORLD(reused_number),
		IN_WORLD(reused_number_when_comparing_is_refused),
		IN_WORLD(own_eventfds),
		IN_WORLD(swaps_under_fire),
		IN_WORLD(exclusion),
		IN_WORLD(hostile_numbers),
		IN_WORLD(nulls),
		IN_WORLD(bad_fds),
		IN_WORLD(intx),
		IN_WORLD(intx_unmask_eventfd),
		IN_WORLD(intx_unmask_eventfd_of_another),
		IN_WORLD(not_maskable),
		IN_WORLD(loopback),
		IN_WORLD(err_and_req),
		IN_WORLD(closed_device_fd),
		IN_WORLD(unchanged_does_not_wake),
		IN_WORLD(a_change_wakes),
		IN_WORLD(deferred_until_exit),
		IN_WORLD(deferred_until_a_wake),
	};

	return cmocka_run_group_tests_name("irq", tests, NULL, NULL);
}
