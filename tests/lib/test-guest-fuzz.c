// SPDX-License-Identifier: MIT
/*
 * A guest makes random accesses of any width to its MSI-X table, PBA and capability, while the
 * device raises interrupts. The test compares each value that the guest reads, the message of each
 * vector that can deliver, and the number of interrupts with a model. The model follows the PCI
 * Express Base Specification, section 7.7.2, and knows nothing of the library.
 *
 * VFIOPM_FUZZ_STEPS and VFIOPM_FUZZ_SEED set the number of accesses and the seed of each run.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"
#include "testbed.h"
#include "vmm-fixture.h"

#define MOST_VECTORS 70
#define PBA_SIZE     16
#define LONGEST	     24

/* ---- the model ---- */

struct model {
	unsigned vectors;
	bool enabled, function_mask;
	uint8_t table[16 * MOST_VECTORS];
	bool pending[MOST_VECTORS];
	unsigned delivered[MOST_VECTORS];
};

static bool model_is_masked(const struct model *model, unsigned vector)
{
	return !model->enabled || model->function_mask || (model->table[16 * vector + 12] & 1);
}

static uint64_t model_address(const struct model *model, unsigned vector)
{
	uint64_t address;

	memcpy(&address, &model->table[16 * vector], sizeof(address));
	return address;
}

static uint32_t model_message(const struct model *model, unsigned vector)
{
	uint32_t message;

	memcpy(&message, &model->table[16 * vector + 8], sizeof(message));
	return message;
}

/* "If a masked vector has its Pending bit set, and software unmasks it, the function must send the
 * message." */
static void model_send_pending(struct model *model)
{
	for (unsigned i = 0; i < model->vectors; i++) {
		if (!model_is_masked(model, i) && model->pending[i]) {
			model->pending[i] = false;
			model->delivered[i]++;
		}
	}
}

static void model_write_byte(struct model *model, uint64_t at, uint8_t byte)
{
	if (at % 16 == 0)
		byte &= 0xfc; /* the address of a message is aligned */
	if (at % 16 == 12)
		byte &= 1;
	if (at % 16 > 12)
		byte = 0;
	model->table[at] = byte;
}

static void model_raise(struct model *model, unsigned vector)
{
	model->pending[vector] = true;
	model_send_pending(model);
}

static void model_reset(struct model *model)
{
	model->enabled = model->function_mask = false;
	memset(model->table, 0, sizeof(model->table));
	memset(model->pending, 0, sizeof(model->pending));
	for (unsigned i = 0; i < model->vectors; i++)
		model->table[16 * i + 12] = 1;
}

/* ---- the run ---- */

struct run {
	struct vmm_fixture vmm;
	struct sim_device *sim;
	struct model model;
	uint64_t random;
	uint64_t step, accesses, interrupts;
};

static uint32_t random_below(struct run *run, uint32_t end)
{
	run->random ^= run->random << 13;
	run->random ^= run->random >> 7;
	run->random ^= run->random << 17;
	return (uint32_t)(run->random >> 32) % end;
}

static void random_bytes(struct run *run, uint8_t *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		bytes[i] = (uint8_t)random_below(run, 256);
}

#define require(run, condition)                                                                    \
	do {                                                                                       \
		if (!(condition))                                                                  \
			fail_msg("step %" PRIu64 ": not true: %s", (run)->step, #condition);       \
	} while (0)

static size_t table_size(const struct run *run)
{
	return 16 * (size_t)run->model.vectors;
}

/* An access that begins up to 8 bytes before the region, and can cross both of its ends. */
static size_t random_access(struct run *run, uint64_t start, size_t size, uint64_t *ret_offset)
{
	static const size_t widths[] = { 1, 2, 4, 8, 4, 8, 4, 8, 3, 5, 6, 7, 16, LONGEST };
	size_t length = widths[random_below(run, sizeof(widths) / sizeof(widths[0]))];
	uint64_t at = random_below(run, (uint32_t)size + 16);

	if (random_below(run, 2))
		at -= at % (length & 7 ? 1 : length);
	*ret_offset = start + at;
	if (start >= 8)
		*ret_offset -= 8;
	return length;
}

static bool is_in(uint64_t at, uint64_t start, uint64_t size)
{
	return at >= start && at - start < size;
}

static bool touches_registers(const struct run *run, uint64_t offset, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (is_in(offset + i, run->vmm.table, table_size(run)) ||
		    is_in(offset + i, run->vmm.pba, (run->model.vectors + 63) / 64 * 8))
			return true;
	}
	return false;
}

static void write_registers(struct run *run, uint64_t offset, size_t length, const uint8_t *bytes)
{
	struct model *model = &run->model;

	require(run, vfiopm_guest_msix_write(run->vmm.guest, run->vmm.bar, offset, length, bytes) ==
			     touches_registers(run, offset, length));
	for (size_t i = 0; i < length; i++) {
		if (is_in(offset + i, run->vmm.table, table_size(run)))
			model_write_byte(model, offset + i - run->vmm.table, bytes[i]);
	}
	model_send_pending(model);
}

static void write_randomly(struct run *run)
{
	uint8_t bytes[LONGEST];
	uint64_t offset;
	size_t length = random_access(run, run->vmm.table, table_size(run), &offset);

	random_bytes(run, bytes, length);
	write_registers(run, offset, length, bytes);
}

static void write_pba(struct run *run)
{
	uint8_t bytes[LONGEST];
	uint64_t offset;
	size_t length = random_access(run, run->vmm.pba, PBA_SIZE, &offset);

	random_bytes(run, bytes, length);
	write_registers(run, offset, length, bytes);
}

/* As a driver does. */
static void write_mask_bit(struct run *run)
{
	uint32_t vector = random_below(run, run->model.vectors);
	uint8_t bytes[4] = { (uint8_t)random_below(run, 2) };

	write_registers(run, run->vmm.table + 16 * vector + 12, sizeof(bytes), bytes);
}

static void write_message(struct run *run)
{
	uint32_t vector = random_below(run, run->model.vectors);
	uint8_t bytes[8];

	random_bytes(run, bytes, sizeof(bytes));
	if (random_below(run, 2)) {
		write_registers(run, run->vmm.table + 16 * vector, 8, bytes);
	} else { /* a write of 64 bits in two halves */
		write_registers(run, run->vmm.table + 16 * vector, 4, bytes);
		write_registers(run, run->vmm.table + 16 * vector + 4, 4, bytes + 4);
	}
}

/* While MSI-X is disabled, the specification does not define the pending bits. */
static void read_registers(struct run *run, uint64_t start, size_t size)
{
	const struct model *model = &run->model;
	uint8_t bytes[LONGEST];
	uint64_t offset;
	size_t length = random_access(run, start, size, &offset);

	memset(bytes, 0xa5, sizeof(bytes));
	require(run, vfiopm_guest_msix_read(run->vmm.guest, run->vmm.bar, offset, length, bytes) ==
			     touches_registers(run, offset, length));
	if (!touches_registers(run, offset, length))
		return;
	for (size_t i = 0; i < length; i++) {
		uint64_t at = offset + i;
		uint8_t expected = 0;

		if (is_in(at, run->vmm.table, table_size(run)))
			expected = model->table[at - run->vmm.table];
		for (uint64_t bit = 0; bit < 8 && is_in(at, run->vmm.pba, PBA_SIZE); bit++) {
			uint64_t vector = 8 * (at - run->vmm.pba) + bit;

			if (vector < model->vectors && model->pending[vector])
				expected |= (uint8_t)(1 << bit);
		}
		if (!is_in(at, run->vmm.pba, PBA_SIZE) || model->enabled)
			require(run, bytes[i] == expected);
	}
}

static void read_table(struct run *run)
{
	read_registers(run, run->vmm.table, table_size(run));
}

static void read_pba(struct run *run)
{
	read_registers(run, run->vmm.pba, PBA_SIZE);
}

/* A write of 1, 2 or 4 bytes that contains the upper byte of the control word. */
static void write_control(struct run *run)
{
	struct model *model = &run->model;
	uint32_t bits = random_below(run, 0x10000), width = 1u << random_below(run, 3);
	uint32_t offset = width == 1 ? 3 : width == 2 ? 2 : 0;

	if (random_below(run, 4))
		bits |= VMM_MSIX_ENABLE;
	if (random_below(run, 4))
		bits &= ~VMM_MSIX_MASK;
	vmm_config_write(&run->vmm, run->vmm.msix + offset, width, bits << 16 >> 8 * offset);
	model->enabled = bits & VMM_MSIX_ENABLE;
	model->function_mask = bits & VMM_MSIX_MASK;
	model_send_pending(model);
}

static void read_control(struct run *run)
{
	const struct model *model = &run->model;
	uint32_t control = vmm_config_read(&run->vmm, run->vmm.msix + 2, 2);

	require(run, control == (model->vectors - 1) + (model->enabled ? 0x8000u : 0) +
					(model->function_mask ? 0x4000u : 0));
}

/* A device whose MSI-X is disabled raises INTx. */
static void raise_vector(struct run *run)
{
	uint32_t vector = random_below(run, run->model.vectors);

	if (!run->model.enabled)
		return;
	sim_fire(run->sim, VFIOPM_IRQ_MSIX, vector);
	model_raise(&run->model, vector);
	run->interrupts++;
}

static void set_policy(struct run *run)
{
	require(run, vfiopm_guest_set_policy(run->vmm.guest, random_below(run, 3)) == 0);
}

static void change_gsis(struct run *run)
{
	run->vmm.new_gsis = random_below(run, 2);
}

/* The device keeps an interrupt of a vector that is not in use beyond the reset of the guest, which
 * does not reset the device. A read of the PBA brings all vectors into use. */
static void reset(struct run *run)
{
	if (!run->model.enabled || random_below(run, 10) > 0)
		return;
	vmm_pba_read(&run->vmm);
	require(run, vfiopm_guest_reset(run->vmm.guest) == 0);
	model_reset(&run->model);
}

/* A vector that can deliver has the message of the guest, and each interrupt has arrived. */
static void compare(struct run *run)
{
	const struct model *model = &run->model;

	vmm_dispatch(&run->vmm);
	for (uint32_t i = 0; i < model->vectors; i++)
		require(run, vmm_count(&run->vmm, VFIOPM_IRQ_MSIX, i) == model->delivered[i]);
	for (int i = 0; i < run->vmm.gsi_count; i++) {
		const struct vmm_gsi *gsi = &run->vmm.gsis[i];

		if (gsi->fd < 0 || gsi->index != VFIOPM_IRQ_MSIX ||
		    model_is_masked(model, gsi->vector))
			continue;
		require(run, gsi->address == model_address(model, gsi->vector));
		require(run, gsi->message == model_message(model, gsi->vector));
	}
	for (uint32_t i = 0; i < model->vectors; i++) {
		if (!model_is_masked(model, i))
			require(run, vmm_attached(&run->vmm, VFIOPM_IRQ_MSIX, i) >= 0);
	}
	require(run, run->vmm.reports == 0);
}

static void step(struct run *run)
{
	static void (*const steps[])(struct run * run) = {
		write_randomly, write_randomly, write_randomly, write_pba,     write_mask_bit,
		write_mask_bit, write_mask_bit, write_message,	write_control, read_table,
		read_pba,	read_control,	raise_vector,	raise_vector,  raise_vector,
		raise_vector,	set_policy,	change_gsis,	reset,
	};

	steps[random_below(run, sizeof(steps) / sizeof(steps[0]))](run);
	compare(run);
}

static uint64_t number_from(const char *variable, uint64_t otherwise)
{
	const char *text = getenv(variable);

	return text ? strtoull(text, NULL, 0) : otherwise;
}

static void run_on(const char *kernel, unsigned vectors, uint64_t steps)
{
	struct sim_machine machine = { .kernel = kernel, .msix_vectors = vectors };
	struct run *run = calloc(1, sizeof(*run));
	uint64_t seed = number_from("VFIOPM_FUZZ_SEED", 0x9e3779b97f4a7c15 + vectors);

	assert_non_null(run);
	print_message("# %s, %u vectors: %" PRIu64 " steps with seed %#" PRIx64 "\n", kernel,
		      vectors, steps, seed);
	run->random = seed;
	run->sim = sim_add(&machine);
	run->model.vectors = vectors;
	model_reset(&run->model);
	vmm_fixture_open_fd(&run->vmm, sim_open_device(run->sim));
	for (; run->step < steps; run->step++)
		step(run);
	print_message("# %" PRIu64 " interrupts\n", run->interrupts);
	vmm_fixture_close_fd(&run->vmm);
	sim_reset();
	free(run);
}

static void random_accesses_to_a_small_table(void **state)
{
	(void)state;
	run_on("6.12", 5, number_from("VFIOPM_FUZZ_STEPS", 100000));
}

static void random_accesses_without_resize(void **state)
{
	(void)state;
	run_on("6.1", 5, number_from("VFIOPM_FUZZ_STEPS", 100000));
}

static void random_accesses_to_a_large_table(void **state)
{
	(void)state;
	run_on("6.12", MOST_VECTORS, number_from("VFIOPM_FUZZ_STEPS", 10000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_accesses_to_a_small_table),
		cmocka_unit_test(random_accesses_without_resize),
		cmocka_unit_test(random_accesses_to_a_large_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
