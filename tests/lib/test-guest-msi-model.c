// SPDX-License-Identifier: MIT
/*
 * MSI of a guest, compared with a model of the PCI Local Bus Specification 3.0, 6.8.1, on the
 * simulator: random accesses of any width, and a device that raises interrupts. The registers, the
 * messages and the number of interrupts must be equal after each step.
 */
#include <errno.h>
#include <string.h>

#include "part-fixture.h"
#include "sim-fixture.h"

#define ENABLE 1u

/* The capability as the specification describes it, in groups of 4 bytes. */
struct model {
	bool is_64, has_masks;
	unsigned capable; /* log2 of the vectors */
	unsigned enable, multiple;
	uint32_t low, high, data, masks, pending;
	bool on;
	unsigned count;
	unsigned interrupts[PART_VECTORS];
};

static uint32_t model_size(const struct model *model)
{
	return (model->is_64 ? 16u : 12u) + (model->has_masks ? 8 : 0);
}

static uint32_t pending_offset(const struct model *model)
{
	return model->has_masks ? model_size(model) - 4 : UINT32_MAX;
}

/* The register of 4 bytes that can be written, or NULL. */
static uint32_t *model_register(struct model *model, uint32_t offset)
{
	uint32_t *with_64[] = { NULL, &model->low, &model->high, &model->data, &model->masks };
	uint32_t *with_32[] = { NULL, &model->low, &model->data, &model->masks };

	if (offset >= model_size(model) || offset == pending_offset(model))
		return NULL;
	return model->is_64 ? with_64[offset / 4] : with_32[offset / 4];
}

static uint32_t model_writable(const struct model *model, const uint32_t *found)
{
	if (found == &model->low)
		return 0xfffffffc;
	if (found == &model->data)
		return 0xffff;
	if (found == &model->masks && model->capable < 5)
		return (1u << (1u << model->capable)) - 1;
	return 0xffffffff;
}

static uint32_t model_read(struct model *model, uint32_t offset)
{
	if (offset == 0)
		return 0xd005u | (model->enable | model->capable << 1 | model->multiple << 4 |
				  (unsigned)model->is_64 << 7 | (unsigned)model->has_masks << 8)
					 << 16;
	if (offset == pending_offset(model))
		return model->pending;
	return model_register(model, offset) ? *model_register(model, offset) : 0;
}

static bool is_masked(const struct model *model, unsigned vector)
{
	return model->masks >> vector & 1;
}

/* The device sends a message, or sets the pending bit. */
static void model_raise(struct model *model, unsigned vector)
{
	if (!model->on || vector >= model->count)
		return;
	if (is_masked(model, vector))
		model->pending |= 1u << vector;
	else
		model->interrupts[vector]++;
}

static void model_send_pending(struct model *model)
{
	uint32_t pending = model->pending;

	if (!model->on)
		return;
	model->pending = 0;
	for (unsigned i = 0; i < PART_VECTORS; i++) {
		if (pending >> i & 1)
			model_raise(model, i);
	}
}

/* A change of the number of vectors while MSI is enabled has a gap, and raises one interrupt of each
 * vector. Pending interrupts of vectors that are no longer enabled end. */
static void model_turn_on(struct model *model)
{
	bool has_gap = model->on;

	model->on = true;
	model->count = 1u << model->multiple;
	model_send_pending(model);
	for (unsigned i = 0; has_gap && i < model->count; i++)
		model_raise(model, i);
}

static void model_write(struct model *model, uint32_t offset, uint32_t mask, uint32_t value)
{
	uint32_t *found;

	if (offset == 0) {
		if (mask >> 16 & 1)
			model->enable = value >> 16 & 1;
		if (mask >> 20 & 1)
			model->multiple = value >> 20 & 7;
		if (model->multiple > model->capable)
			model->multiple = model->capable;
		if (!model->enable)
			model->on = false;
		else if (!model->on || model->count != 1u << model->multiple)
			model_turn_on(model);
		return;
	}
	found = model_register(model, offset);
	if (!found)
		return;
	mask &= model_writable(model, found);
	*found = (*found & ~mask) | (value & mask);
	model_send_pending(model);
}

/* ---- the comparison ---- */

struct pair {
	struct part_fixture part;
	struct vfiopm__guest_msi *msi;
	struct model model;
};

static void open_pair(struct pair *pair, bool is_64, bool has_masks, unsigned capable)
{
	uint8_t capability[24] = { 5, 0xd0, 0, 0 };

	capability[2] = (uint8_t)(capable << 1 | (unsigned)is_64 << 7);
	/* The extended message data that the device can have is not shown. */
	capability[3] = (uint8_t)(6 | (unsigned)has_masks);
	*pair = (struct pair){ 0 };
	pair->model.is_64 = is_64;
	pair->model.has_masks = has_masks;
	pair->model.capable = capable;
	part_fixture_open(&pair->part, NULL, 1u << capable);
	expect_ok(vfiopm__guest_msi_new(&pair->part.host, capability, &pair->msi));
	assert_int_equal(vfiopm__guest_msi_length(pair->msi), model_size(&pair->model));
	sim_hold_awake(pair->part.sim, true);
}

static void close_pair(struct pair *pair)
{
	assert_int_equal(pair->part.reports, 0);
	vfiopm__guest_msi_free(pair->msi);
	sim_hold_awake(pair->part.sim, false);
	part_fixture_close(&pair->part);
}

/* As guest.c does after each access. */
static void follow_wish(struct pair *pair)
{
	bool wanted = vfiopm__guest_msi_is_wanted(pair->msi);

	if (wanted && !vfiopm__guest_msi_is_on(pair->msi))
		expect_ok(vfiopm__guest_msi_enable(pair->msi, false));
	if (!wanted && vfiopm__guest_msi_is_on(pair->msi))
		expect_ok(vfiopm__guest_msi_disable(pair->msi));
	assert_false(vfiopm__guest_msi_has_undone_work(pair->msi));
}

static void write_both(struct pair *pair, uint32_t offset, uint32_t width, uint32_t value)
{
	uint32_t shift = offset % 4 * 8;
	uint32_t mask = (width == 4 ? UINT32_MAX : (1u << 8 * width) - 1) << shift;

	vfiopm__guest_msi_write(pair->msi, offset, width, value);
	follow_wish(pair);
	model_write(&pair->model, offset - offset % 4, mask, value << shift);
}

/* Write a random register. Message Control and the mask bits change most often. */
static void write_at_random(struct pair *pair)
{
	static const uint32_t widths[] = { 1, 2, 4 };
	uint32_t width = widths[sim_fixture_random(3)];
	uint32_t offset = sim_fixture_random(28 / width) * width;
	uint32_t value = sim_fixture_random(UINT32_MAX);

	if (sim_fixture_random(2)) {
		offset = model_size(&pair->model) - 8;
		value &= sim_fixture_random(2) ? 0xf : UINT32_MAX;
	} else if (sim_fixture_random(4) == 0) {
		offset = width == 4 ? 0 : 2;
		if (width == 4)
			value |= ENABLE << 16;
		else
			value |= ENABLE;
	}
	write_both(pair, offset - offset % width, width, value);
}

static void compare(struct pair *pair)
{
	struct model *model = &pair->model;

	for (uint32_t offset = 0; offset < 28; offset += 4)
		assert_int_equal(vfiopm__guest_msi_read(pair->msi, offset, 4),
				 model_read(model, offset));
	for (uint32_t i = 0; i < PART_VECTORS; i++) {
		int gsi = part_attached(&pair->part, i);
		bool delivers = model->on && i < model->count && !is_masked(model, i);

		assert_int_equal(part_interrupts(i), model->interrupts[i]);
		assert_int_equal(gsi >= 0, delivers);
		if (!delivers)
			continue;
		assert_int_equal(pair->part.route[gsi].address,
				 (uint64_t)(model->is_64 ? model->high : 0) << 32 | model->low);
		assert_int_equal(pair->part.route[gsi].message,
				 model->data / model->count * model->count + i);
	}
}

static void run(bool is_64, bool has_masks, unsigned capable, unsigned steps)
{
	struct pair pair;

	open_pair(&pair, is_64, has_masks, capable);
	for (unsigned i = 0; i < steps; i++) {
		uint32_t vector = sim_fixture_random(1u << capable);

		pair.part.other_gsi = i / 64 % 2;
		if (i % 3) {
			sim_fire(pair.part.sim, VFIOPM_IRQ_MSI, vector);
			model_raise(&pair.model, vector);
		} else {
			write_at_random(&pair);
		}
		compare(&pair);
	}
	close_pair(&pair);
}

static void random_accesses_match_the_model(void **state)
{
	(void)state;
	for (unsigned form = 0; form < 4; form++) {
		for (unsigned capable = 0; capable <= 5; capable++)
			run(form & 1, form & 2, capable, 600);
	}
}

/* Reads of any width return the bytes of the registers, and 0 past the end. */
static void reads_have_any_width(void **state)
{
	struct pair pair;

	(void)state;
	open_pair(&pair, true, true, 2);
	for (uint32_t offset = 4; offset < 20; offset += 4)
		write_both(&pair, offset, 4, 0x03020100 + 0x04040404 * (offset / 4));
	for (uint32_t offset = 0; offset < 40; offset++) {
		uint32_t bytes = offset < 28 ? model_read(&pair.model, offset - offset % 4) : 0;

		assert_int_equal(vfiopm__guest_msi_read(pair.msi, offset, 1),
				 bytes >> offset % 4 * 8 & 0xff);
		if (offset % 2 == 0)
			assert_int_equal(vfiopm__guest_msi_read(pair.msi, offset, 2),
					 bytes >> offset % 4 * 8 & 0xffff);
	}
	vfiopm__guest_msi_write(pair.msi, 24, 4, UINT32_MAX);
	vfiopm__guest_msi_write(pair.msi, 22, 4, UINT32_MAX);
	compare(&pair);
	close_pair(&pair);
}

/*
 * Callbacks and SET_IRQS fail at random. After the retry no interrupt is missing: each vector that
 * has raised one since its last delivery delivers it, once, with the message of the registers.
 */
static void failures_lose_no_interrupt(void **state)
{
	static const int pattern[] = { EIO };
	struct pair pair;

	(void)state;
	open_pair(&pair, true, true, 3);
	for (unsigned i = 0; i < 3000; i++) {
		unsigned before[8];

		pair.part.route_result = sim_fixture_random(3) ? 0 : -ENOSPC;
		pair.part.failing_vector = sim_fixture_random(8);
		pair.part.attach_result = sim_fixture_random(3) ? 0 : -ENOMEM;
		pair.part.detach_result = sim_fixture_random(3) ? 0 : -EIO;
		pair.part.other_gsi = sim_fixture_random(2);
		if (sim_fixture_random(4) == 0)
			sim_fail_set_irqs(pair.part.sim, pattern, 1);
		for (unsigned j = 0; j < 4; j++) {
			vfiopm__guest_msi_write(pair.msi, 16, 4, sim_fixture_random(256));
			if (sim_fixture_random(4) == 0)
				vfiopm__guest_msi_write(pair.msi, 12, 2,
							sim_fixture_random(8) << 3);
			if (sim_fixture_random(8) == 0)
				vfiopm__guest_msi_write(pair.msi, 2, 2,
							sim_fixture_random(4) ? 0x31 : 0x30);
			if (vfiopm__guest_msi_is_wanted(pair.msi))
				vfiopm__guest_msi_enable(pair.msi, false);
			else
				vfiopm__guest_msi_disable(pair.msi);
		}

		/* The last interrupt, while everything fails or not. */
		vfiopm__guest_msi_write(pair.msi, 2, 2, 0x31);
		vfiopm__guest_msi_enable(pair.msi, false);
		for (uint32_t j = 0; j < 8; j++) {
			before[j] = part_interrupts(j);
			sim_fire(pair.part.sim, VFIOPM_IRQ_MSI, j);
		}

		pair.part.route_result = pair.part.attach_result = pair.part.detach_result = 0;
		sim_fail_set_irqs(pair.part.sim, pattern, 0);
		vfiopm__guest_msi_enable(pair.msi, true);
		vfiopm__guest_msi_write(pair.msi, 16, 4, 0);
		assert_false(vfiopm__guest_msi_has_undone_work(pair.msi));
		for (uint32_t j = 0; j < 8; j++) {
			int gsi = part_attached(&pair.part, j);

			assert_in_range(part_interrupts(j) - before[j], 1, 2);
			assert_int_equal(pair.part.route[gsi].message,
					 vfiopm__guest_msi_read(pair.msi, 12, 2) + j);
			before[j] = part_interrupts(j);
			sim_fire(pair.part.sim, VFIOPM_IRQ_MSI, j);
			assert_int_equal(part_interrupts(j) - before[j], 1);
		}
		assert_int_equal(vfiopm__guest_msi_read(pair.msi, 20, 4), 0);
	}
	pair.part.reports = 0;
	close_pair(&pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_accesses_match_the_model),
		cmocka_unit_test(reads_have_any_width),
		cmocka_unit_test(failures_lose_no_interrupt),
	};

	return cmocka_run_group_tests_name("guest-msi-model", tests, NULL, NULL);
}
