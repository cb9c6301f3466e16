// SPDX-License-Identifier: MIT
/*
 * Runs a sequence on both sides and compares them after each step.
 *
 * The kernel does some things asynchronously: it suspends a device after the last call, it
 * removes an eventfd that unmasks INTx after the close of its last fd. Therefore each comparison of
 * the state waits until both sides are equal, or until it is certain that they will not be. In
 * particular each step begins with a device that is either active, or suspended as the model's
 * device is: no step races with the suspend. A sequence that must keep the device active in low
 * power sets power/control to "on".
 *
 * These outcomes depend on chance, and are therefore never compared: a call that follows an entry
 * so fast that the device has not suspended yet (vfio_pci_core.c, vfio_pci_core_runtime_suspend()
 * runs in a work item); the time for which the device was suspended; and the content of registers
 * and of memory behind BARs, which the model does not have.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "differential.h"
#include "sim.h"

/* Seen: a suspend takes 20 to 30 ms. It takes no longer if the device can reach D3cold. */
#define WAIT_US 2000
#define WAITS	3000

/* The power state, in the configuration space of the e1000e. */
#define PMCSR 0xcc

/* The device leaves low power, and all interrupts are disabled. */
static const char epilogue[] =
	"host power/control on; FEATURE dev 8 EXIT|SET; SET_IRQS "
	"dev 20 "
	"NONE|TRIGGER INTX 0 0; "
	"SET_IRQS dev 20 NONE|TRIGGER MSI 0 0; SET_IRQS dev 20 NONE|TRIGGER MSIX 0 0; "
	"SET_IRQS dev 24 EVENTFD|TRIGGER ERR 0 1 -1; SET_IRQS dev 24 EVENTFD|TRIGGER REQ 0 1 -1; "
	"close a; close b; unmap; config 0xcc 0; config 0xcd 0; config 4 3; config 5 1; "
	"host d3cold_allowed 1";

/* ---- descriptions ---- */

static void describe_result(long result, char *text, size_t size)
{
	if (result < 0)
		text_append(text, size, "%s", strerrorname_np((int)-result));
	else
		text_append(text, size, "%ld", result);
}

static void describe(const struct outcome *outcome, const struct state *state, char *text,
		     size_t size)
{
	static const char *const names[EVENTS] = { "e0", "e1", "e2", "e3", "e4", "w", "s" };

	describe_result(outcome->result, text, size);
	for (unsigned i = 0; i < WORDS_MAX; i++) {
		if (outcome->words[i] != UNCHANGED)
			text_append(text, size, " [%u]=%#lx", i, (unsigned long)outcome->words[i]);
	}
	for (unsigned i = 0; i < outcome->byte_count; i++)
		text_append(text, size, "%s%02x", i ? " " : " bytes ", outcome->bytes[i]);
	for (unsigned i = 0; i < EVENTS; i++) {
		if (state->counts[i])
			text_append(text, size, " %s=%lu", names[i],
				    (unsigned long)state->counts[i]);
	}
	for (unsigned i = 0; i < DEVICES_MAX; i++) {
		const struct device_state *device = &state->devices[i];

		if (*device->status)
			text_append(text, size, "%s %s %s%s", i ? "," : "", device->status,
				    device->power_state,
				    device->faults < 0 ? ""
				    : device->faults   ? " SIGBUS"
						       : " mapped");
	}
}

/* ---- one step ---- */

static bool same_outcome(const struct outcome *one, const struct outcome *other)
{
	return memcmp(one, other, sizeof(*one)) == 0;
}

static bool same_state(const struct state *one, const struct state *other)
{
	bool same = memcmp(one->counts, other->counts, sizeof(one->counts)) == 0;

	for (unsigned i = 0; i < DEVICES_MAX; i++) {
		const struct device_state *mine = &one->devices[i], *theirs = &other->devices[i];

		same = same && strcmp(mine->status, theirs->status) == 0 &&
		       strcmp(mine->power_state, theirs->power_state) == 0 &&
		       mine->faults == theirs->faults;
	}
	return same;
}

static bool settle(struct pair *pair, struct state *kernel, struct state *model)
{
	side_observe(&pair->model, model, NULL);
	for (int i = 0; i < WAITS; i++) {
		side_observe(&pair->kernel, kernel, model);
		if (same_state(kernel, model))
			return true;
		/* Nothing is asynchronous in the model. */
		if (pair->kernel.is_model)
			return false;
		usleep(WAIT_US);
	}
	return false;
}

/* The device raises an interrupt only of the enabled index, and of an MSI-X vector that has an eventfd:
 * what stays pending in the PBA depends on the device. An INTx that unmasks itself is delivered as
 * often as the time permits. */
static bool can_fire(const struct pair *pair, uint32_t index, uint32_t vector)
{
	const struct sim_device *sim = pair->model.device->sim;

	return !pair->cannot_fire && !pair->was_in_d3hot && pair->model.fds[SLOT_DEV] >= 0 &&
	       sim_irq_active(sim) == (int)index &&
	       (index == 0 ? !sim_intx_unmasks_itself(sim)
			   : sim_irq_eventfd(sim, index, vector) >= 0);
}

static bool is_d1_or_d2(const struct step *step)
{
	return step->verb == CONFIG && step->words[0] == PMCSR && step->count > 1 &&
	       (step->words[1] & 3) % 3 != 0;
}

/* A random step can be one that the model cannot make, or that must not be made. */
static bool is_possible(const struct pair *pair, const struct step *step)
{
	switch (step->verb) {
	case FIRE:
		return can_fire(pair, (uint32_t)step->words[0], (uint32_t)step->words[1]);
	case ADD:
		/* A write of 0 to an eventfd signals it (fs/eventfd.c, eventfd_write()), but the
		 * model sees only its count. */
		return step->words[1] != 0;
	case DUP:
		/* The model in a program duplicates device fds only. */
		return step->words[1] == FD_WORD(SLOT_DEV) ||
		       step->words[1] == FD_WORD(SLOT_OTHER) || step->words[1] == FD_WORD(SLOT_A) ||
		       step->words[1] == FD_WORD(SLOT_B);
	case REOPEN:
		return step->count == 0 || pair->has_cdevs;
	default:
		/* Linux 5.10 prints an error if the device is in D3hot (pci.c,
		 * pci_raw_set_power_state()). */
		return !(pair->was_in_d3hot && is_d1_or_d2(step));
	}
}

/* The restore of COMMAND after D3hot by the user can leave INTx on in the device, while the kernel
 * keeps it as masked. An interrupt would then be a storm that the kernel ends with a complaint
 * (vfio_pci_intrs.c, vfio_intx_handler()). */
static void note_d3hot(struct pair *pair, const struct step *step)
{
	pair->was_in_d3hot |= step->verb == CONFIG && step->words[0] == PMCSR && step->count > 1 &&
			      step->words[1] == 3;
}

static bool run_step(struct pair *pair, const struct step *step, char *text, size_t size)
{
	struct outcome of_kernel, of_model;
	struct state kernel, model;
	bool same;

	if (!is_possible(pair, step))
		return true;
	note_d3hot(pair, step);
	side_execute(&pair->kernel, step, &of_kernel);
	side_execute(&pair->model, step, &of_model);
	same = settle(pair, &kernel, &model) && same_outcome(&of_kernel, &of_model);
	if (same)
		return true;
	text[0] = '\0';
	step_print(step, text, size);
	text_append(text, size, "\n#   kernel:    ");
	describe(&of_kernel, &kernel, text, size);
	text_append(text, size, "\n#   simulator: ");
	describe(&of_model, &model, text, size);
	return false;
}

/* ---- sequences ---- */

static void reopen(struct side *side)
{
	for (unsigned i = side->device_count; i > 0; i--) {
		side_select(side, i - 1);
		side_host_write(side, "power/control", "on");
		side_host_write(side, "d3cold_allowed", "1");
	}
	side_reopen(side, false);
}

void pair_reopen(struct pair *pair)
{
	reopen(&pair->kernel);
	reopen(&pair->model);
}

static void select_device(struct pair *pair, unsigned number)
{
	side_select(&pair->kernel, number);
	side_select(&pair->model, number);
}

static bool run_steps(struct pair *pair, const struct sequence *sequence, unsigned *ret_step,
		      char *text, size_t size)
{
	for (unsigned i = 0; i < sequence->count; i++) {
		*ret_step = i;
		if (!run_step(pair, &sequence->steps[i], text, size))
			return false;
	}
	return true;
}

bool pair_run(struct pair *pair, const struct sequence *sequence, unsigned *ret_step, char *text,
	      size_t size)
{
	static struct sequence restore;
	unsigned step;

	if (restore.count == 0)
		sequence_parse(epilogue, &restore);
	pair->was_in_d3hot = false;
	select_device(pair, 0);
	side_new_eventfds(&pair->kernel);
	side_new_eventfds(&pair->model);
	if (!run_steps(pair, sequence, ret_step, text, size))
		return false;
	*ret_step = sequence->count;
	for (unsigned i = pair->model.device_count; i > 0; i--) {
		select_device(pair, i - 1);
		if (!run_steps(pair, &restore, &step, text, size))
			return false;
	}
	if (sequence_needs_reopen(sequence))
		pair_reopen(pair);
	return true;
}

/* ---- shrinking ---- */

static bool differs(struct pair *pair, const struct sequence *sequence)
{
	char text[4096];
	unsigned step;
	bool same;

	pair_reopen(pair);
	same = pair_run(pair, sequence, &step, text, sizeof(text));
	pair_reopen(pair);
	return !same;
}

static void remove_steps(const struct sequence *from, unsigned first, unsigned count,
			 struct sequence *to)
{
	to->count = 0;
	for (unsigned i = 0; i < from->count; i++) {
		if (i < first || i >= first + count)
			to->steps[to->count++] = from->steps[i];
	}
}

bool pair_shrink(struct pair *pair, struct sequence *sequence)
{
	static struct sequence candidate;

	if (!differs(pair, sequence))
		return false;
	for (unsigned size = sequence->count / 2; size > 0; size = size > 1 ? size / 2 : 0) {
		for (unsigned first = 0; first < sequence->count;) {
			remove_steps(sequence, first, size, &candidate);
			if (candidate.count > 0 && differs(pair, &candidate))
				*sequence = candidate;
			else
				first += size;
		}
	}
	return true;
}
