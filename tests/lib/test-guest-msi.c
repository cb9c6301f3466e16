// SPDX-License-Identifier: MIT
/*
 * MSI of a guest on the simulator: its vectors, masks, messages and failures.
 * test-guest-msi-model.c compares it with a model of the specification.
 */
#include <errno.h>
#include <string.h>

#include "host.h"
#include "part-fixture.h"
#include "testbed.h"

/* Offsets in the capability with a 64-bit address. */
#define CONTROL	     2
#define ADDRESS	     4
#define ADDRESS_HIGH 8
#define DATA	     12
#define MASKS	     16
#define PENDING	     20

#define ENABLE	     UINT32_C(1)
/* Multiple Message Enable: 1 << log2 vectors. */
#define MULTIPLE(log2) (UINT32_C(log2) << 4)

/* Next pointer 0xd0, a 64-bit address, and mask bits if the test wants them. */
static const uint8_t with_masks[24] = { 5, 0xd0, 0x80, 1 };
static const uint8_t without_masks[24] = { 5, 0xd0, 0x80, 0 };

struct msi_fixture {
	struct part_fixture part;
	struct vfiopm__guest_msi *msi;
	unsigned seen[PART_VECTORS];
};

static void open_msi(struct msi_fixture *fixture, const uint8_t *capability, unsigned vectors)
{
	*fixture = (struct msi_fixture){ 0 };
	part_fixture_open(&fixture->part, testbed_kernel(), vectors);
	expect_ok(vfiopm__guest_msi_new(&fixture->part.host, capability, &fixture->msi));
}

static void close_msi(struct msi_fixture *fixture)
{
	assert_null(vfiopm__guest_msi_free(fixture->msi));
	for (uint32_t i = 0; i < PART_VECTORS; i++)
		assert_int_equal(part_attached(&fixture->part, i), -1);
	assert_int_equal(sim_irq_active(fixture->part.sim), -1);
	part_fixture_close(&fixture->part);
}

static void put(struct msi_fixture *fixture, uint32_t offset, uint32_t width, uint32_t value)
{
	vfiopm__guest_msi_write(fixture->msi, offset, width, value);
}

static uint32_t get(const struct msi_fixture *fixture, uint32_t offset, uint32_t width)
{
	return vfiopm__guest_msi_read(fixture->msi, offset, width);
}

static void set_message(struct msi_fixture *fixture, uint64_t address, uint32_t data)
{
	put(fixture, ADDRESS, 4, (uint32_t)address);
	put(fixture, ADDRESS_HIGH, 4, (uint32_t)(address >> 32));
	put(fixture, DATA, 2, data);
}

/* The guest enables 1 << log2 vectors, and guest.c enables the part. */
static void enable(struct msi_fixture *fixture, uint32_t log2)
{
	set_message(fixture, UINT64_C(0x1fee00000), 0x40);
	put(fixture, CONTROL, 2, ENABLE | log2 << 4);
	expect_ok(vfiopm__guest_msi_enable(fixture->msi, false));
}

/* The number of interrupts that the guest has received from a vector since the last call. */
static unsigned received(struct msi_fixture *fixture, uint32_t vector)
{
	unsigned before = fixture->seen[vector];

	fixture->seen[vector] = part_interrupts(vector);
	return fixture->seen[vector] - before;
}

/* Each vector has received the one interrupt for the gap of a late enable. */
static void take_gap(struct msi_fixture *fixture, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		assert_int_equal(received(fixture, i), 1);
}

static void fire(const struct msi_fixture *fixture, uint32_t vector)
{
	part_fire(&fixture->part, VFIOPM_IRQ_MSI, vector);
}

static void arrives(struct msi_fixture *fixture, uint32_t vector)
{
	fire(fixture, vector);
	assert_int_equal(received(fixture, vector), 1);
}

/* ---- vectors and messages ---- */

static void all_vectors_take_one_ioctl(void **state)
{
	struct msi_fixture fixture;
	uint64_t before;
	unsigned fds;

	(void)state;
	open_msi(&fixture, without_masks, 8);
	fds = host_open_fds();
	assert_false(vfiopm__guest_msi_is_wanted(fixture.msi));
	before = part_issued(&fixture.part);
	enable(&fixture, 3);
	assert_true(vfiopm__guest_msi_is_wanted(fixture.msi));
	assert_true(vfiopm__guest_msi_is_on(fixture.msi));
	assert_int_equal(part_issued(&fixture.part) - before, 1);
	assert_int_equal(sim_irq_active(fixture.part.sim), VFIOPM_IRQ_MSI);
	assert_int_equal(sim_irq_allocated(fixture.part.sim), 8);
	assert_int_equal(vfiopm__guest_msi_count_fds(fixture.msi), 8);
	for (uint32_t i = 0; i < 8; i++)
		assert_int_equal(received(&fixture, i), 0);
	for (uint32_t i = 0; i < 8; i++) {
		assert_int_equal(fixture.part.route[i].address, UINT64_C(0x1fee00000));
		assert_int_equal(fixture.part.route[i].message, 0x40 + i);
		arrives(&fixture, i);
	}
	expect_ok(vfiopm__guest_msi_enable(fixture.msi, false));
	put(&fixture, CONTROL, 2, 0);
	arrives(&fixture, 5);
	expect_ok(vfiopm__guest_msi_disable(fixture.msi));
	expect_ok(vfiopm__guest_msi_disable(fixture.msi));
	/* A detach waits for the last delivery, so VFIO stops first. */
	assert_int_equal(fixture.part.early_detaches, 0);
	assert_int_equal(part_issued(&fixture.part) - before, 2);
	assert_false(vfiopm__guest_msi_is_on(fixture.msi));
	assert_int_equal(vfiopm__guest_msi_count_fds(fixture.msi), 0);
	assert_int_equal(host_open_fds(), fds);
	for (uint32_t i = 0; i < 8; i++)
		assert_int_equal(received(&fixture, i), 0);
	assert_false(vfiopm__guest_msi_has_undone_work(fixture.msi));
	assert_int_equal(fixture.part.reports, 0);
	close_msi(&fixture);
}

/* The device inserts the number of the vector into the low bits of the data. */
static void the_vector_replaces_the_low_bits_of_the_data(void **state)
{
	struct msi_fixture fixture;

	(void)state;
	open_msi(&fixture, without_masks, 4);
	enable(&fixture, 2);
	put(&fixture, DATA, 2, 0x47);
	for (uint32_t i = 0; i < 4; i++)
		assert_int_equal(fixture.part.route[i].message, 0x44 + i);
	assert_int_equal(get(&fixture, DATA, 2), 0x47);
	close_msi(&fixture);
}

/* An interrupt is delivered with the message that the guest has written. */
static void a_new_message_gets_a_new_route(void **state)
{
	struct msi_fixture fixture;
	unsigned routes;

	(void)state;
	open_msi(&fixture, without_masks, 2);
	enable(&fixture, 1);
	for (unsigned other = 0; other <= 1; other++) {
		unsigned attaches = fixture.part.attaches;

		fixture.part.other_gsi = other;
		routes = fixture.part.routes;
		put(&fixture, DATA, 2, 0x80 + 2 * other);
		assert_int_equal(fixture.part.routes - routes, 2);
		put(&fixture, DATA, 1, 0x80 + 2 * other);
		put(&fixture, ADDRESS, 4, 0xfee00003);
		assert_int_equal(fixture.part.routes - routes, 2);
		for (uint32_t i = 0; i < 2; i++) {
			int gsi = part_attached(&fixture.part, i);

			assert_int_equal(gsi >= PART_VECTORS, other);
			assert_int_equal(fixture.part.route[gsi].message, 0x80 + 2 * other + i);
			arrives(&fixture, i);
		}
		/* The VMM changes the route of a GSI in its place. */
		assert_int_equal(fixture.part.attaches - attaches, 2 * other);
		put(&fixture, ADDRESS_HIGH, 1, 2 + other);
		assert_int_equal(fixture.part.routes - routes, 4);
	}
	/* The changes issued no ioctl on the device and lost the interrupts of no vector. */
	assert_int_equal(part_issued(&fixture.part), 1);
	close_msi(&fixture);
}

/* The specification forbids this change, but a guest can make it. */
static void the_number_of_vectors_changes_while_msi_is_enabled(void **state)
{
	struct msi_fixture fixture;

	(void)state;
	open_msi(&fixture, with_masks, 8);
	enable(&fixture, 1);
	put(&fixture, CONTROL, 1, ENABLE | MULTIPLE(3));
	assert_int_equal(sim_irq_allocated(fixture.part.sim), 8);
	take_gap(&fixture, 8);
	arrives(&fixture, 7);
	put(&fixture, CONTROL, 1, ENABLE | MULTIPLE(0));
	assert_int_equal(sim_irq_allocated(fixture.part.sim), 1);
	take_gap(&fixture, 1);
	arrives(&fixture, 0);
	assert_int_equal(part_attached(&fixture.part, 1), -1);
	assert_false(vfiopm__guest_msi_has_undone_work(fixture.msi));
	close_msi(&fixture);
}

/* ---- masks ---- */

static void a_mask_issues_no_ioctl_and_keeps_interrupts(void **state)
{
	struct msi_fixture fixture;
	unsigned ioctls;

	(void)state;
	open_msi(&fixture, with_masks, 4);
	/* Masks that precede the enable: the vectors are not attached and get no route. */
	put(&fixture, MASKS, 4, 0xe);
	enable(&fixture, 2);
	assert_int_equal(fixture.part.routes, 1);
	arrives(&fixture, 0);
	for (uint32_t i = 1; i < 4; i++) {
		fire(&fixture, i);
		assert_int_equal(received(&fixture, i), 0);
	}
	assert_int_equal(get(&fixture, PENDING, 4), 0xe);
	put(&fixture, MASKS, 4, 0);
	assert_int_equal(get(&fixture, PENDING, 4), 0);
	for (uint32_t i = 1; i < 4; i++)
		assert_int_equal(received(&fixture, i), 1);

	ioctls = sim_ioctls(fixture.part.sim);
	put(&fixture, MASKS, 1, 0x4);
	for (unsigned i = 0; i < 3; i++)
		fire(&fixture, 2);
	assert_int_equal(received(&fixture, 2), 0);
	arrives(&fixture, 1);
	assert_int_equal(get(&fixture, PENDING, 1), 0x4);
	assert_int_equal(get(&fixture, PENDING, 1), 0x4);
	put(&fixture, MASKS, 1, 0x0);
	assert_int_equal(received(&fixture, 2), 1);
	assert_int_equal(get(&fixture, PENDING, 1), 0);
	arrives(&fixture, 2);
	assert_int_equal(sim_ioctls(fixture.part.sim), ioctls);
	/* What is pending stays pending while MSI is disabled. */
	put(&fixture, MASKS, 1, 0xc);
	fire(&fixture, 2);
	fire(&fixture, 3);
	assert_int_equal(get(&fixture, PENDING, 1), 0xc);
	put(&fixture, CONTROL, 1, 0);
	expect_ok(vfiopm__guest_msi_disable(fixture.msi));
	assert_int_equal(get(&fixture, PENDING, 1), 0xc);
	put(&fixture, MASKS, 1, 0x4);
	assert_int_equal(received(&fixture, 3), 0);
	put(&fixture, CONTROL, 1, ENABLE | MULTIPLE(2));
	expect_ok(vfiopm__guest_msi_enable(fixture.msi, false));
	assert_int_equal(get(&fixture, PENDING, 1), 0x4);
	assert_int_equal(received(&fixture, 3), 1);
	put(&fixture, MASKS, 1, 0);
	assert_int_equal(received(&fixture, 2), 1);
	close_msi(&fixture);
}

static void a_sleeping_device_stays_asleep(void **state)
{
	struct msi_fixture fixture;

	(void)state;
	open_msi(&fixture, with_masks, 4);
	if (!testbed_has_low_power()) {
		close_msi(&fixture);
		skip_because("the kernel has no low-power feature");
	}
	enable(&fixture, 1);
	expect_ok(vfiopm_enter(fixture.part.dev));
	assert_true(sim_is_suspended(fixture.part.sim));
	put(&fixture, MASKS, 1, 1);
	put(&fixture, DATA, 2, 0x60);
	assert_int_equal(get(&fixture, PENDING, 4), 0);
	put(&fixture, MASKS, 1, 0);
	assert_int_equal(fixture.part.route[0].message, 0x60);
	/* A change of signalling waits. Only guest.c retries a disable. */
	put(&fixture, CONTROL, 1, ENABLE | MULTIPLE(2));
	assert_true(vfiopm__guest_msi_has_undone_work(fixture.msi));
	put(&fixture, CONTROL, 1, ENABLE | MULTIPLE(1));
	assert_false(vfiopm__guest_msi_has_undone_work(fixture.msi));
	put(&fixture, CONTROL, 1, 0);
	assert_int_equal(vfiopm__guest_msi_disable(fixture.msi), -EAGAIN);
	assert_true(vfiopm__guest_msi_is_on(fixture.msi));
	assert_int_equal(part_attached(&fixture.part, 0), -1);
	assert_int_equal(part_attached(&fixture.part, 1), -1);
	assert_true(sim_is_suspended(fixture.part.sim));
	assert_int_equal(fixture.part.reports, 0);

	expect_ok(vfiopm_exit(fixture.part.dev));
	expect_ok(vfiopm__guest_msi_disable(fixture.msi));
	expect_ok(vfiopm_enter(fixture.part.dev));
	put(&fixture, CONTROL, 1, ENABLE);
	assert_int_equal(vfiopm__guest_msi_enable(fixture.msi, false), -EAGAIN);
	assert_false(vfiopm__guest_msi_is_on(fixture.msi));
	assert_true(sim_is_suspended(fixture.part.sim));
	expect_ok(vfiopm_exit(fixture.part.dev));
	expect_ok(vfiopm__guest_msi_enable(fixture.msi, true));
	take_gap(&fixture, 1);
	close_msi(&fixture);
}

/* ---- failures ---- */

/* A vector without a route holds its interrupts. The others are delivered. */
static void a_failed_route_is_retried(void **state)
{
	struct msi_fixture fixture;

	(void)state;
	open_msi(&fixture, with_masks, 2);
	fixture.part.route_result = -ENOSPC;
	fixture.part.failing_vector = 1;
	enable(&fixture, 1);
	part_expect_report(&fixture.part, "route", -ENOSPC);
	assert_true(vfiopm__guest_msi_has_undone_work(fixture.msi));
	arrives(&fixture, 0);
	fire(&fixture, 1);
	vfiopm__guest_msi_retry(fixture.msi);
	part_expect_report(&fixture.part, "route", -ENOSPC);
	assert_int_equal(get(&fixture, PENDING, 4), 2);
	fixture.part.route_result = 0;
	vfiopm__guest_msi_retry(fixture.msi);
	assert_false(vfiopm__guest_msi_has_undone_work(fixture.msi));
	assert_int_equal(received(&fixture, 1), 1);
	arrives(&fixture, 1);

	/* A message whose route fails: nothing is delivered with the old one. */
	fixture.part.route_result = -EIO;
	put(&fixture, DATA, 2, 0x60);
	assert_int_equal(part_attached(&fixture.part, 1), -1);
	fire(&fixture, 1);
	assert_int_equal(received(&fixture, 1), 0);
	fixture.part.route_result = 0;
	/* Each write retries too. */
	put(&fixture, DATA, 2, 0x60);
	assert_int_equal(received(&fixture, 1), 1);
	assert_int_equal(fixture.part.route[1].message, 0x61);
	close_msi(&fixture);
}

static void a_failed_attach_is_retried(void **state)
{
	struct msi_fixture fixture;

	(void)state;
	open_msi(&fixture, with_masks, 2);
	fixture.part.attach_result = -ENOMEM;
	enable(&fixture, 1);
	part_expect_report(&fixture.part, "irqfd", -ENOMEM);
	fire(&fixture, 0);
	fixture.part.attach_result = 0;
	vfiopm__guest_msi_retry(fixture.msi);
	assert_int_equal(fixture.part.routes, 2);
	assert_int_equal(received(&fixture, 0), 1);
	assert_int_equal(received(&fixture, 1), 0);
	arrives(&fixture, 0);
	assert_false(vfiopm__guest_msi_has_undone_work(fixture.msi));
	close_msi(&fixture);
}

/* The guest believes that the vector is masked. The object says that it is not, and retries. */
static void a_failed_mask_is_retried(void **state)
{
	struct msi_fixture fixture;

	(void)state;
	open_msi(&fixture, with_masks, 2);
	enable(&fixture, 1);
	fixture.part.detach_result = -EIO;
	put(&fixture, MASKS, 4, 1);
	part_expect_report(&fixture.part, "irqfd", -EIO);
	assert_true(vfiopm__guest_msi_has_undone_work(fixture.msi));
	arrives(&fixture, 0);
	fixture.part.detach_result = 0;
	vfiopm__guest_msi_retry(fixture.msi);
	assert_false(vfiopm__guest_msi_has_undone_work(fixture.msi));
	fire(&fixture, 0);
	assert_int_equal(received(&fixture, 0), 0);
	assert_int_equal(get(&fixture, PENDING, 4), 1);

	/* So is the detach for a message with another GSI. */
	fixture.part.detach_result = -EIO;
	fixture.part.other_gsi = true;
	put(&fixture, DATA, 2, 0x60);
	part_expect_report(&fixture.part, "irqfd", -EIO);
	assert_int_equal(part_attached(&fixture.part, 1), 1);
	/* And the one for a route that fails. */
	fixture.part.route_result = -ENOSPC;
	fixture.part.failing_vector = 1;
	put(&fixture, DATA, 2, 0x70);
	assert_int_equal(part_attached(&fixture.part, 1), 1);
	fixture.part.route_result = fixture.part.detach_result = 0;
	vfiopm__guest_msi_retry(fixture.msi);
	assert_int_equal(part_attached(&fixture.part, 1), PART_VECTORS + 1);
	assert_int_equal(fixture.part.route[PART_VECTORS + 1].message, 0x71);
	arrives(&fixture, 1);
	close_msi(&fixture);
}

/* After a failed detach the eventfd stays open, and the next enable uses it. */
static void a_failed_detach_at_disable_is_retried(void **state)
{
	struct msi_fixture fixture;

	(void)state;
	open_msi(&fixture, with_masks, 2);
	for (unsigned enabled = 0; enabled <= 1; enabled++) {
		enable(&fixture, 1);
		fixture.part.detach_result = -EIO;
		put(&fixture, CONTROL, 1, 0);
		expect_ok(vfiopm__guest_msi_disable(fixture.msi));
		part_expect_report(&fixture.part, "irqfd", -EIO);
		assert_false(vfiopm__guest_msi_is_on(fixture.msi));
		assert_true(vfiopm__guest_msi_has_undone_work(fixture.msi));
		assert_int_equal(vfiopm__guest_msi_count_fds(fixture.msi), 2);
		fixture.part.detach_result = 0;
		if (enabled) {
			unsigned routes = fixture.part.routes;

			enable(&fixture, 1);
			assert_int_equal(fixture.part.routes - routes, 2);
			arrives(&fixture, 1);
		} else {
			vfiopm__guest_msi_retry(fixture.msi);
			assert_int_equal(vfiopm__guest_msi_count_fds(fixture.msi), 0);
		}
		assert_false(vfiopm__guest_msi_has_undone_work(fixture.msi));
	}
	close_msi(&fixture);
}

static void a_failed_enable_leaves_nothing(void **state)
{
	struct msi_fixture fixture;
	unsigned calls, failures = 0;

	(void)state;
	open_msi(&fixture, with_masks, 4);
	set_message(&fixture, 0xfee00000, 0x40);
	put(&fixture, CONTROL, 1, ENABLE | MULTIPLE(2));
	sim_fail_vector(fixture.part.sim, 2, EBUSY, 1);
	assert_int_equal(vfiopm__guest_msi_enable(fixture.msi, false), -EBUSY);
	part_expect_report(&fixture.part, "vfiopm_irq_set_signaling_range", -EBUSY);
	assert_false(vfiopm__guest_msi_is_on(fixture.msi));
	assert_int_equal(vfiopm__guest_msi_count_fds(fixture.msi), 0);
	assert_int_equal(part_attached(&fixture.part, 0), -1);
	assert_int_equal(sim_irq_active(fixture.part.sim), -1);
	assert_false(vfiopm__guest_msi_has_undone_work(fixture.msi));

	/* Each call of the enable fails once. */
	sim_calls_begin();
	expect_ok(vfiopm__guest_msi_enable(fixture.msi, false));
	calls = sim_calls_end();
	expect_ok(vfiopm__guest_msi_disable(fixture.msi));
	for (unsigned i = 0; i < calls; i++) {
		int r;

		sim_calls_fail(i, EMFILE);
		r = vfiopm__guest_msi_enable(fixture.msi, false);
		sim_calls_end();
		assert_int_equal(vfiopm__guest_msi_is_on(fixture.msi), r == 0);
		if (r == 0) {
			expect_ok(vfiopm__guest_msi_disable(fixture.msi));
		} else {
			part_expect_report(&fixture.part,
					   strcmp(sim_call_name(i), "ioctl") == 0
						   ? "vfiopm_irq_set_signaling_range"
						   : "vfiopm_irq_new_eventfd",
					   r);
			failures++;
		}
		assert_false(vfiopm__guest_msi_has_undone_work(fixture.msi));
		assert_int_equal(vfiopm__guest_msi_count_fds(fixture.msi), 0);
		assert_int_equal(sim_irq_active(fixture.part.sim), -1);
	}
	/* Four eventfds with the memory for each, and one SET_IRQS. */
	assert_int_equal(failures, 9);
	close_msi(&fixture);
}

static void a_failed_disable_leaves_msi_on(void **state)
{
	static const int once[] = { EIO }, twice[] = { EIO, EIO };
	struct msi_fixture fixture;

	(void)state;
	open_msi(&fixture, with_masks, 4);
	enable(&fixture, 1);
	put(&fixture, CONTROL, 1, 0);
	sim_fail_set_irqs(fixture.part.sim, once, 1);
	assert_int_equal(vfiopm__guest_msi_disable(fixture.msi), -EIO);
	part_expect_report(&fixture.part, "vfiopm_irq_disable", -EIO);
	assert_true(vfiopm__guest_msi_is_on(fixture.msi));
	/* The guest has disabled MSI, and receives nothing. */
	fire(&fixture, 0);
	assert_int_equal(received(&fixture, 0), 0);
	put(&fixture, MASKS, 4, 0);
	assert_int_equal(received(&fixture, 0), 0);
	/* It enables MSI again. */
	put(&fixture, CONTROL, 1, ENABLE | MULTIPLE(1));
	assert_int_equal(received(&fixture, 0), 1);
	arrives(&fixture, 1);

	/* A change of the number of vectors that fails is retried. */
	sim_fail_set_irqs(fixture.part.sim, twice, 2);
	put(&fixture, CONTROL, 1, ENABLE | MULTIPLE(2));
	assert_true(vfiopm__guest_msi_has_undone_work(fixture.msi));
	arrives(&fixture, 1);
	vfiopm__guest_msi_retry(fixture.msi);
	assert_true(vfiopm__guest_msi_has_undone_work(fixture.msi));
	vfiopm__guest_msi_retry(fixture.msi);
	assert_false(vfiopm__guest_msi_has_undone_work(fixture.msi));
	take_gap(&fixture, 4);
	arrives(&fixture, 3);

	/* The object can be freed while the kernel refuses to disable MSI. */
	sim_fail_set_irqs(fixture.part.sim, once, 1);
	assert_null(vfiopm__guest_msi_free(fixture.msi));
	assert_int_equal(part_attached(&fixture.part, 0), -1);
	part_fixture_close(&fixture.part);
}

/* ---- reset and creation ---- */

static void a_reset_clears_the_registers(void **state)
{
	struct msi_fixture fixture;

	(void)state;
	open_msi(&fixture, with_masks, 4);
	enable(&fixture, 1);
	put(&fixture, MASKS, 4, 1);
	fire(&fixture, 0);
	vfiopm__guest_msi_reset(fixture.msi);
	/* guest.c disables the part. */
	assert_int_equal(part_issued(&fixture.part), 1);
	assert_int_equal(get(&fixture, 0, 4), 0x0184d005);
	for (uint32_t i = 4; i < 24; i += 4)
		if (i != PENDING)
			assert_int_equal(get(&fixture, i, 4), 0);
	assert_int_equal(part_attached(&fixture.part, 1), -1);
	expect_ok(vfiopm__guest_msi_disable(fixture.msi));
	assert_int_equal(get(&fixture, PENDING, 4), 0);
	vfiopm__guest_msi_reset(fixture.msi);
	/* The next enable sets the routes again. */
	fixture.part.routes = 0;
	enable(&fixture, 1);
	assert_int_equal(fixture.part.routes, 2);
	/* Pending interrupts survive a disable, but not a reset after it. */
	put(&fixture, MASKS, 4, 1);
	for (unsigned is_reset = 0; is_reset <= 1; is_reset++) {
		fire(&fixture, 0);
		put(&fixture, CONTROL, 2, 0);
		expect_ok(vfiopm__guest_msi_disable(fixture.msi));
		assert_int_equal(get(&fixture, PENDING, 4), 1);
		if (is_reset)
			vfiopm__guest_msi_reset(fixture.msi);
		assert_int_equal(get(&fixture, PENDING, 4), !is_reset);
		enable(&fixture, 1);
	}
	assert_int_equal(received(&fixture, 0), 0);
	close_msi(&fixture);
}

static void creation_can_fail(void **state)
{
	struct msi_fixture fixture;
	struct vfiopm__guest_msi *msi = NULL;

	(void)state;
	open_msi(&fixture, with_masks, 4);
	sim_calls_fail(0, ENOMEM);
	assert_int_equal(vfiopm__guest_msi_new(&fixture.part.host, with_masks, &msi), -ENOMEM);
	sim_calls_end();
	assert_null(msi);
	assert_null(vfiopm__guest_msi_free(NULL));
	close_msi(&fixture);
}

/* A VMM that has an open batch for other indexes does not delay the guest. */
static void an_open_batch_delays_nothing(void **state)
{
	struct msi_fixture fixture;

	(void)state;
	open_msi(&fixture, with_masks, 1);
	expect_ok(vfiopm_irq_begin(fixture.part.dev));
	enable(&fixture, 0);
	arrives(&fixture, 0);
	expect_ok(vfiopm__guest_msi_disable(fixture.msi));
	assert_int_equal(sim_irq_active(fixture.part.sim), -1);
	expect_ok(vfiopm_irq_commit(fixture.part.dev));
	close_msi(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_vectors_take_one_ioctl),
		cmocka_unit_test(the_vector_replaces_the_low_bits_of_the_data),
		cmocka_unit_test(a_new_message_gets_a_new_route),
		cmocka_unit_test(the_number_of_vectors_changes_while_msi_is_enabled),
		cmocka_unit_test(a_mask_issues_no_ioctl_and_keeps_interrupts),
		cmocka_unit_test(a_sleeping_device_stays_asleep),
		cmocka_unit_test(a_failed_route_is_retried),
		cmocka_unit_test(a_failed_attach_is_retried),
		cmocka_unit_test(a_failed_mask_is_retried),
		cmocka_unit_test(a_failed_detach_at_disable_is_retried),
		cmocka_unit_test(a_failed_enable_leaves_nothing),
		cmocka_unit_test(a_failed_disable_leaves_msi_on),
		cmocka_unit_test(a_reset_clears_the_registers),
		cmocka_unit_test(creation_can_fail),
		cmocka_unit_test(an_open_batch_delays_nothing),
	};

	return cmocka_run_group_tests_name("guest-msi", tests, NULL, NULL);
}
