// SPDX-License-Identifier: MIT
/*
 * A guest switches between INTx, MSI and MSI-X at random, while the device raises interrupts of the
 * type that is enabled. Callbacks and SET_IRQS fail at random: after the last failure the guest has
 * what its registers state, and no interrupt is lost. The same steps without failures also invent
 * no interrupt, with each policy of MSI-X.
 *
 * VFIOPM_FUZZ_STEPS and VFIOPM_FUZZ_SEED set the number of steps and the seed of each run.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "sim.h"
#include "testbed.h"
#include "vmm-fixture.h"

#define MSI_VECTORS  4
#define MSI_ENABLE   UINT32_C(1)
#define MSI_MULTIPLE UINT32_C(0x20) /* 4 vectors */
#define MSI_MASKS    16		    /* the offset of the mask bits */

/* What the specification says of one type. A masked vector keeps one interrupt. */
struct vectors {
	unsigned count;
	uint32_t masks, pending;
	unsigned delivered[VECTORS];
	/* With failures: the last interrupt of these vectors was raised when the guest had received
	 * this number, and can wait for a delivery. */
	uint32_t owed;
	unsigned had[VECTORS];
};

struct run {
	struct vmm_fixture vmm;
	struct sim_device *sim;
	bool msi_enabled, msix_enabled, function_mask;
	struct vectors msi, msix;
	bool level, handled; /* INTx: the line; the guest has ended the last interrupt */
	unsigned intx_delivered;
	uint64_t random, step;
	unsigned switches, interrupts;
};

static uint32_t random_below(struct run *run, uint32_t end)
{
	run->random ^= run->random << 13;
	run->random ^= run->random >> 7;
	run->random ^= run->random << 17;
	return (uint32_t)(run->random >> 32) % end;
}

#define require(run, condition)                                                                    \
	do {                                                                                       \
		if (!(condition))                                                                  \
			fail_msg("step %" PRIu64 ": not true: %s", (run)->step, #condition);       \
	} while (0)

/* ---- the model ---- */

static uint32_t type_of(const struct run *run)
{
	if (run->msix_enabled)
		return VFIOPM_IRQ_MSIX;
	return run->msi_enabled ? VFIOPM_IRQ_MSI : VFIOPM_IRQ_INTX;
}

static void send_pending(struct vectors *vectors, bool sends)
{
	for (unsigned i = 0; sends && i < vectors->count; i++) {
		if (!(vectors->pending & ~vectors->masks & 1u << i))
			continue;
		vectors->pending &= ~(1u << i);
		vectors->delivered[i]++;
	}
}

/* The line is delivered once, until the guest ends the interrupt. */
static void deliver(struct run *run)
{
	uint32_t type = type_of(run);

	send_pending(&run->msix, type == VFIOPM_IRQ_MSIX && !run->function_mask);
	send_pending(&run->msi, type == VFIOPM_IRQ_MSI);
	if (type == VFIOPM_IRQ_INTX && run->level && run->handled) {
		run->handled = false;
		run->intx_delivered++;
	}
}

/* An enabled INTx is not masked. */
static void note_switch(struct run *run, uint32_t before)
{
	if (before == type_of(run))
		return;
	run->switches++;
	run->handled = true;
}

/* ---- steps ---- */

static void write_msix(struct run *run)
{
	uint32_t before = type_of(run);

	run->msix_enabled = random_below(run, 2);
	run->function_mask = random_below(run, 4) == 0;
	vmm_msix_control(&run->vmm, (run->msix_enabled ? VMM_MSIX_ENABLE : 0) |
					    (run->function_mask ? VMM_MSIX_MASK : 0));
	note_switch(run, before);
}

static void write_msi(struct run *run)
{
	uint32_t before = type_of(run);

	run->msi_enabled = random_below(run, 2);
	vmm_config_write(&run->vmm, run->vmm.msi + 2, 2,
			 MSI_MULTIPLE | (run->msi_enabled ? MSI_ENABLE : 0));
	note_switch(run, before);
}

static void write_msix_mask(struct run *run)
{
	uint32_t vector = random_below(run, VECTORS);
	bool masked = random_below(run, 2);

	vmm_set_mask(&run->vmm, vector, masked);
	run->msix.masks &= ~(1u << vector);
	run->msix.masks |= (uint32_t)masked << vector;
}

static void write_msi_masks(struct run *run)
{
	run->msi.masks = random_below(run, 1 << MSI_VECTORS);
	vmm_config_write(&run->vmm, run->vmm.msi + MSI_MASKS, 4, run->msi.masks);
}

/* While a failure keeps another type enabled, the device does not raise the type that the guest
 * wants. */
static void raise_one(struct run *run)
{
	uint32_t type = type_of(run);
	struct vectors *vectors = type == VFIOPM_IRQ_MSIX ? &run->msix : &run->msi;
	uint32_t vector = type == VFIOPM_IRQ_INTX ? 0 : random_below(run, vectors->count);

	if (sim_irq_active(run->sim) != (int)type)
		return;
	if (type == VFIOPM_IRQ_INTX) {
		run->level = true;
	} else {
		vmm_deliver(&run->vmm);
		vectors->pending |= 1u << vector;
		vectors->owed |= 1u << vector;
		vectors->had[vector] = vmm_count(&run->vmm, type, vector);
	}
	run->interrupts++;
	sim_fire(run->sim, type, vector);
}

/* The driver has handled the device, in some cases not all of it, and ends the interrupt. */
static void end_intx(struct run *run)
{
	int gsi = -1;

	for (int i = 0; i < run->vmm.gsi_count; i++) {
		if (run->vmm.gsis[i].index == VFIOPM_IRQ_INTX && run->vmm.gsis[i].fd >= 0)
			gsi = i;
	}
	if (type_of(run) != VFIOPM_IRQ_INTX || gsi < 0 || run->handled)
		return;
	if (random_below(run, 4)) {
		sim_clear_intx(run->sim);
		run->level = false;
	}
	run->handled = true;
	raw_add(run->vmm.gsis[gsi].resample_fd, 1);
	sim_handle_signals();
}

static void set_policy(struct run *run)
{
	require(run, vfiopm_guest_set_policy(run->vmm.guest, random_below(run, 3)) == 0);
}

static void step(struct run *run)
{
	static void (*const steps[])(struct run * run) = {
		write_msix, write_msi, write_msix_mask, write_msi_masks, raise_one,
		raise_one,  raise_one, raise_one,	end_intx,	 set_policy,
	};

	steps[random_below(run, sizeof(steps) / sizeof(steps[0]))](run);
	deliver(run);
}

/* ---- comparison ---- */

static void compare_counts(struct run *run, const struct vectors *vectors, uint32_t index)
{
	for (unsigned i = 0; i < vectors->count; i++)
		require(run, vmm_count(&run->vmm, index, i) == vectors->delivered[i]);
}

static void compare_attached(struct run *run, const struct vectors *vectors, uint32_t index)
{
	bool on = type_of(run) == index, masks_all = index == VFIOPM_IRQ_MSIX && run->function_mask;

	for (unsigned i = 0; i < vectors->count; i++) {
		bool delivers = on && !masks_all && !(vectors->masks >> i & 1);

		/* In relay mode the irqfd of a masked MSI-X vector stays attached. */
		if (delivers || !on)
			require(run, (vmm_attached(&run->vmm, index, i) >= 0) == delivers);
	}
}

static void compare_types(struct run *run)
{
	vmm_dispatch(&run->vmm);
	require(run, sim_irq_active(run->sim) == (int)type_of(run));
	compare_attached(run, &run->msix, VFIOPM_IRQ_MSIX);
	compare_attached(run, &run->msi, VFIOPM_IRQ_MSI);
	require(run, (vmm_attached(&run->vmm, VFIOPM_IRQ_INTX, 0) >= 0) ==
			     (type_of(run) == VFIOPM_IRQ_INTX));
}

static uint32_t read_msi_pending(struct run *run)
{
	return vmm_config_read(&run->vmm, run->vmm.msi + MSI_MASKS + 4, 4);
}

static void compare(struct run *run)
{
	compare_types(run);
	compare_counts(run, &run->msix, VFIOPM_IRQ_MSIX);
	compare_counts(run, &run->msi, VFIOPM_IRQ_MSI);
	require(run, vmm_count(&run->vmm, VFIOPM_IRQ_INTX, 0) == run->intx_delivered);
	if (type_of(run) == VFIOPM_IRQ_MSIX)
		require(run, vmm_pba_read(&run->vmm) == run->msix.pending);
	require(run, read_msi_pending(run) == run->msi.pending);
}

/* ---- runs ---- */

static uint64_t number_from(const char *variable, uint64_t otherwise)
{
	const char *text = getenv(variable);

	return text ? strtoull(text, NULL, 0) : otherwise;
}

static void begin(struct run *run, const char *kernel, uint64_t steps)
{
	struct sim_machine machine = { .kernel = kernel, .msi_vectors = MSI_VECTORS };
	uint64_t seed = number_from("VFIOPM_FUZZ_SEED", 0x9e3779b97f4a7c15);
	/* MSI with mask bits does not fit between the capabilities of the e1000e. */
	const uint8_t msi[] = { 5, 0xe0, 0x84, 1 }, msi_at = 0x60;

	*run = (struct run){ .random = seed, .handled = true };
	print_message("# %s: %" PRIu64 " steps with seed %#" PRIx64 "\n", kernel, steps, seed);
	run->sim = sim_add(&machine);
	sim_set_config(run->sim, msi_at, msi, sizeof(msi));
	sim_set_config(run->sim, 0xc8 + 1, &msi_at, sizeof(msi_at));
	vmm_fixture_open_fd(&run->vmm, sim_open_device(run->sim));
	assert_int_equal(run->vmm.msi, msi_at);
	run->msix.count = VECTORS;
	run->msix.masks = (1 << VECTORS) - 1;
	run->msi.count = MSI_VECTORS;
	for (uint32_t i = 0; i < VECTORS; i++)
		vmm_program(&run->vmm, i);
}

static void end(struct run *run)
{
	print_message("# %u switches, %u interrupts\n", run->switches, run->interrupts);
	vmm_fixture_close_fd(&run->vmm);
	sim_reset();
}

static void run_on(const char *kernel)
{
	static struct run run;
	uint64_t steps = number_from("VFIOPM_FUZZ_STEPS", 50000);

	begin(&run, kernel, steps);
	for (; run.step < steps; run.step++) {
		step(&run);
		compare(&run);
	}
	assert_int_equal(run.vmm.reports, 0);
	end(&run);
}

static void random_switches(void **state)
{
	(void)state;
	run_on("6.12");
}

static void random_switches_without_resize(void **state)
{
	(void)state;
	run_on("6.1");
}

/* ---- failures ---- */

static void fail_at_random(struct run *run)
{
	static int errors[8];

	for (unsigned i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		errors[i] = random_below(run, 3) ? 0 : EIO;
	sim_fail_set_irqs(run->sim, errors, sizeof(errors) / sizeof(errors[0]));
	run->vmm.route_error = random_below(run, 3) ? 0 : ENOSPC;
	run->vmm.attach_error = random_below(run, 3) ? 0 : ENOMEM;
	run->vmm.detach_error = random_below(run, 4) ? 0 : EBUSY;
}

static void end_failures(struct run *run)
{
	uint32_t value;

	sim_fail_set_irqs(run->sim, NULL, 0);
	run->vmm.route_error = run->vmm.attach_error = run->vmm.detach_error = 0;
	/* Each access retries. */
	for (int i = 0; i < 3; i++)
		vfiopm_guest_config_read(run->vmm.guest, 0, 4, &value);
}

/* An interrupt that was raised has been delivered, or is pending. */
static void nothing_is_lost(struct run *run, struct vectors *vectors, uint32_t index,
			    uint64_t pending)
{
	for (unsigned i = 0; type_of(run) == index && i < vectors->count; i++) {
		bool is_delivered = vmm_count(&run->vmm, index, i) > vectors->had[i];

		if (vectors->owed >> i & 1)
			require(run, is_delivered || (pending >> i & 1));
		if (is_delivered)
			vectors->owed &= ~(1u << i);
	}
}

/* The accesses alone have restored the vectors that are not masked. */
static void all_vectors_are_live(struct run *run)
{
	for (unsigned i = 0; type_of(run) == VFIOPM_IRQ_MSIX && i < run->msix.count; i++) {
		bool is_masked = run->msix.masks >> i & 1 || run->function_mask;

		require(run, is_masked || sim_irq_eventfd(run->sim, VFIOPM_IRQ_MSIX, i) >= 0);
	}
}

/* Each vector that is not masked delivers exactly one interrupt for one of the device. */
static void all_vectors_deliver(struct run *run, const struct vectors *vectors, uint32_t index)
{
	for (unsigned i = 0; type_of(run) == index && i < vectors->count; i++) {
		bool is_masked =
			vectors->masks >> i & 1 || (index == VFIOPM_IRQ_MSIX && run->function_mask);
		unsigned before = vmm_count(&run->vmm, index, i);

		if (is_masked)
			continue;
		sim_fire(run->sim, index, i);
		vmm_dispatch(&run->vmm);
		require(run, vmm_count(&run->vmm, index, i) == before + 1);
	}
}

static void intx_delivers(struct run *run)
{
	unsigned before;

	if (type_of(run) != VFIOPM_IRQ_INTX)
		return;
	run->handled = false;
	end_intx(run);
	sim_clear_intx(run->sim);
	run->level = run->handled = false;
	end_intx(run);
	vmm_deliver(&run->vmm);
	before = vmm_count(&run->vmm, VFIOPM_IRQ_INTX, 0);
	sim_fire(run->sim, VFIOPM_IRQ_INTX, 0);
	vmm_deliver(&run->vmm);
	require(run, vmm_count(&run->vmm, VFIOPM_IRQ_INTX, 0) == before + 1);
	run->level = true;
	run->handled = false;
}

static void random_switches_with_failures(void **state)
{
	static struct run run;
	uint64_t steps = number_from("VFIOPM_FUZZ_STEPS", 50000);

	(void)state;
	begin(&run, "6.12", steps);
	while (run.step < steps) {
		uint32_t length = 1 + random_below(&run, 6);

		fail_at_random(&run);
		for (uint32_t i = 0; i < length; i++, run.step++)
			step(&run);
		end_failures(&run);
		all_vectors_are_live(&run);
		compare_types(&run);
		nothing_is_lost(&run, &run.msix, VFIOPM_IRQ_MSIX,
				type_of(&run) == VFIOPM_IRQ_MSIX ? vmm_pba_read(&run.vmm) : 0);
		nothing_is_lost(&run, &run.msi, VFIOPM_IRQ_MSI, read_msi_pending(&run));
		all_vectors_deliver(&run, &run.msix, VFIOPM_IRQ_MSIX);
		all_vectors_deliver(&run, &run.msi, VFIOPM_IRQ_MSI);
		intx_delivers(&run);
	}
	assert_int_not_equal(run.vmm.reports, 0);
	end(&run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_switches),
		cmocka_unit_test(random_switches_without_resize),
		cmocka_unit_test(random_switches_with_failures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
