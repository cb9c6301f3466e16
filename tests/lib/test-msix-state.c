// SPDX-License-Identifier: MIT
/*
 * The state machine of one MSI-X vector, checked exhaustively. The search visits every reachable
 * state, at any depth. The device raises an interrupt between any two steps; the guest and the
 * VMM mask, unmask, dispatch and change the mode in any order; any step can fail.
 */
#include <string.h>

#include <vfiopm/msix.h>

#include "lib/msix-state.h"
#include "test.h"

/* ---- the environment of a vector ---- */

enum call { IDLE, MASKING, UNMASKING, DISPATCHING, ROLLING_BACK };

/* Counts saturate at 2: a larger count behaves like 2. */
#define COUNT_MAX 2

struct state {
	struct vfiopm__msix_state vector;
	enum call call;
	uint8_t irqfd, user;		   /* the counts of the eventfds */
	enum vfiopm__msix_trigger trigger; /* the eventfd that VFIO signals */
	bool attached;			   /* KVM has the irqfd */
	bool owed;			   /* raised, and no interrupt delivered since */
	int waiting;			   /* interrupts that wait; one eventfd holds at most one */
	/* During an unmask. */
	bool waited;	   /* an interrupt waited when the unmask began */
	bool raised;	   /* an interrupt was raised since */
	uint8_t delivered; /* the number of deliveries since */
	bool has_irqfd;
	/* The state before the call, which a failed call returns to. */
	bool was_masked, had_irqfd;
	uint32_t was_mode;
};

static void add(uint8_t *count)
{
	if (*count < COUNT_MAX)
		++*count;
}

static const char *deliver(struct state *state)
{
	if (state->vector.masked && state->call == IDLE)
		return "delivered while masked";
	state->owed = false;
	if (state->call == UNMASKING)
		add(&state->delivered);
	return NULL;
}

static const char *deliver_waiting(struct state *state)
{
	if (--state->waiting < 0)
		return "delivered twice";
	return deliver(state);
}

/* virt/kvm/eventfd.c, irqfd_wakeup() */
static const char *fire(struct state *state)
{
	uint8_t *count = state->trigger == VFIOPM__TRIGGER_IRQFD ? &state->irqfd : &state->user;

	state->owed = true;
	if (state->trigger == VFIOPM__TRIGGER_NONE)
		return NULL;
	state->raised |= state->call != IDLE;
	if (state->attached && count == &state->irqfd) {
		state->irqfd = 0;
		return deliver(state);
	}
	state->waiting += *count == 0;
	add(count);
	return NULL;
}

static void take(struct state *state, uint8_t *count, uint64_t *ret_count)
{
	state->waiting -= *count > 0 && state->vector.pending;
	*ret_count = *count;
	*count = 0;
}

static const char *put(struct state *state)
{
	if (state->attached)
		return "a count is put into an attached irqfd";
	state->waiting -= state->irqfd > 0;
	add(&state->irqfd);
	return NULL;
}

static const char *do_step(struct state *state, enum vfiopm__msix_step step, uint64_t *ret_count)
{
	switch (step) {
	case VFIOPM__STEP_ATTACH:
		if (state->attached || !state->has_irqfd)
			return "attached twice, or without an irqfd";
		state->attached = true;
		/* kvm_irqfd_assign() delivers and leaves the count. */
		return state->irqfd > 0 ? deliver_waiting(state) : NULL;
	case VFIOPM__STEP_DETACH:
		if (!state->attached)
			return "detached twice";
		state->attached = false;
		state->irqfd = 0;
		return NULL;
	case VFIOPM__STEP_TRIGGER_IRQFD:
		state->trigger = VFIOPM__TRIGGER_IRQFD;
		return NULL;
	case VFIOPM__STEP_TRIGGER_USER:
		state->trigger = VFIOPM__TRIGGER_USER;
		return NULL;
	case VFIOPM__STEP_TAKE_IRQFD:
		take(state, &state->irqfd, ret_count);
		return NULL;
	case VFIOPM__STEP_TAKE_USER:
		take(state, &state->user, ret_count);
		return NULL;
	case VFIOPM__STEP_PUT_IRQFD:
		return put(state);
	case VFIOPM__STEP_DELIVER:
		if (state->vector.masked)
			return "delivered while masked";
		if (state->attached)
			state->irqfd = 0;
		return deliver_waiting(state);
	case VFIOPM__STEP_NONE:
		break;
	}
	return NULL;
}

/* All interrupts raised while the vector was masked are one interrupt after the unmask. */
static const char *end(struct state *state)
{
	bool wrong = state->delivered > 0 && !state->raised &&
		     (state->delivered > 1 || !state->waited || state->waiting > 0);

	state->call = IDLE;
	state->waited = state->raised = state->was_masked = state->had_irqfd = false;
	state->was_mode = state->delivered = 0;
	return wrong ? "an unmask does not deliver one interrupt" : NULL;
}

/* Make one step of the current call, or end the call. */
static const char *step_on(struct state *state)
{
	enum vfiopm__msix_step step = vfiopm__msix_state_next(&state->vector);
	const char *wrong;
	uint64_t count = 0;

	if (step == VFIOPM__STEP_NONE)
		return end(state);
	wrong = do_step(state, step, &count);
	if (state->vector.gap && state->trigger != VFIOPM__TRIGGER_NONE) {
		/* The library injects one interrupt for the unknown ones of the gap. */
		state->waiting += !state->vector.pending;
		state->raised = true;
	}
	vfiopm__msix_state_done(&state->vector, step, count);
	return wrong;
}

/* Check the invariants. Most of them hold only between two calls. */
static const char *check(const struct state *state)
{
	const struct vfiopm__msix_state *vector = &state->vector;
	bool count = vector->trigger == VFIOPM__TRIGGER_IRQFD ? state->irqfd > 0 : state->user > 0;

	if (vector->attached != state->attached)
		return "the state does not match the environment";
	/* VFIO has lost the trigger. The next call notes that loss. */
	if (state->call == IDLE && state->trigger == VFIOPM__TRIGGER_NONE)
		return NULL;
	if (vector->trigger != state->trigger)
		return "the state does not match the environment";
	/* A call is in progress, or a failed call has left work to the next call. */
	if (state->call != IDLE || vfiopm__msix_state_next(vector) != VFIOPM__STEP_NONE)
		return NULL;
	if (state->owed && state->waiting == 0)
		return "an interrupt is lost";
	if (vector->masked)
		return (vector->pending || count) == (state->waiting > 0)
			       ? NULL
			       : "the pending bit does not show the raised interrupt";
	if (state->waiting > 0 && (vector->mode != VFIOPM_MSIX_MODE_RELAY || state->user == 0))
		return "no step will deliver the waiting interrupt";
	return NULL;
}

/* ---- events ---- */

#define MODES 2

enum {
	FIRE,
	STEP,
	FAIL,	   /* the next step fails, and the call rolls back */
	FAIL_LOSE, /* the next SET_IRQS fails, VFIO has no eventfd, and the call rolls back */
	GIVE_UP,   /* a step of the roll-back fails too, and the call ends */
	LOSE,	   /* VFIO loses this eventfd when the SET_IRQS of another vector fails */
	RETRY,	   /* a call only retries the work that failed earlier */
	NO_IRQFD,  /* attaching fails, and the vector changes to relay mode */
	UNMASK,
	MASK,			 /* one event for each mode: mask in this mode */
	DISPATCH = MASK + MODES, /* one event for each mode: dispatch and choose this mode */
	EVENTS = DISPATCH + MODES,
};

/* msix-vector.c, note_lost_trigger() */
static void note_lost_trigger(struct state *state)
{
	if (state->vector.trigger != VFIOPM__TRIGGER_NONE && state->trigger == VFIOPM__TRIGGER_NONE)
		vfiopm__msix_state_lose_trigger(&state->vector);
}

/* msix-vector.c, roll_back() */
static bool fail_step(struct state *state)
{
	enum vfiopm__msix_step step = vfiopm__msix_state_next(&state->vector);

	if (state->call == IDLE || state->call == ROLLING_BACK || step == VFIOPM__STEP_NONE ||
	    step == VFIOPM__STEP_TAKE_USER || step == VFIOPM__STEP_TAKE_IRQFD)
		return false;
	vfiopm__msix_state_want(&state->vector, state->was_masked, state->was_mode);
	state->has_irqfd = state->had_irqfd;
	state->vector.no_irqfd = !state->had_irqfd;
	state->call = ROLLING_BACK;
	return true;
}

static bool is_trigger(enum vfiopm__msix_step step)
{
	return step == VFIOPM__STEP_TRIGGER_IRQFD || step == VFIOPM__STEP_TRIGGER_USER;
}

static bool fail_and_lose_trigger(struct state *state)
{
	if (!is_trigger(vfiopm__msix_state_next(&state->vector)) ||
	    state->trigger == VFIOPM__TRIGGER_NONE || !fail_step(state))
		return false;
	state->trigger = VFIOPM__TRIGGER_NONE;
	note_lost_trigger(state);
	return true;
}

/* The failing step is never a detach: if the hypervisor does not detach the irqfd, no step can mask
 * the vector. */
static bool give_up(struct state *state)
{
	enum vfiopm__msix_step step = vfiopm__msix_state_next(&state->vector);

	if (state->call != ROLLING_BACK || step == VFIOPM__STEP_NONE ||
	    step == VFIOPM__STEP_DETACH || step == VFIOPM__STEP_TAKE_USER ||
	    step == VFIOPM__STEP_TAKE_IRQFD)
		return false;
	end(state);
	return true;
}

static bool lose_trigger(struct state *state)
{
	if (state->call != IDLE || state->trigger == VFIOPM__TRIGGER_NONE)
		return false;
	state->trigger = VFIOPM__TRIGGER_NONE;
	return true;
}

/* msix-vector.c, vfiopm__msix_vector_update_mask() */
static bool retry(struct state *state)
{
	if (state->call != IDLE)
		return false;
	note_lost_trigger(state);
	if (vfiopm__msix_state_next(&state->vector) == VFIOPM__STEP_NONE)
		return false;
	state->call = ROLLING_BACK;
	return true;
}

/* msix-vector.c, make_steps() */
static bool do_without_irqfd(struct state *state)
{
	if (state->call != UNMASKING ||
	    vfiopm__msix_state_next(&state->vector) != VFIOPM__STEP_ATTACH)
		return false;
	state->has_irqfd = false;
	state->vector.no_irqfd = true;
	state->vector.mode = VFIOPM_MSIX_MODE_RELAY;
	return true;
}

static void begin_call(struct state *state, enum call call)
{
	note_lost_trigger(state);
	state->call = call;
	state->was_masked = state->vector.masked;
	state->had_irqfd = state->has_irqfd;
	state->was_mode = state->vector.mode;
}

/* msix-vector.c, vfiopm__msix_vector_dispatch(): the take is the first step. */
static bool dispatch(struct state *state, uint32_t mode)
{
	uint64_t count;

	if (state->user == 0)
		return false;
	begin_call(state, DISPATCHING);
	take(state, &state->user, &count);
	state->vector.pending = true;
	vfiopm__msix_state_want(&state->vector, state->vector.masked, mode);
	return true;
}

static bool mask(struct state *state, uint32_t mode)
{
	if (state->vector.masked)
		return false;
	begin_call(state, MASKING);
	vfiopm__msix_state_want(&state->vector, true, mode);
	return true;
}

static bool unmask(struct state *state)
{
	if (!state->vector.masked)
		return false;
	begin_call(state, UNMASKING);
	/* After a failure both eventfds can hold a count, which can arrive as two interrupts. */
	state->raised = vfiopm__msix_state_next(&state->vector) != VFIOPM__STEP_NONE;
	vfiopm__msix_state_want(&state->vector, false, state->vector.mode);
	state->waited = state->waiting > 0;
	return true;
}

/* Apply an event. Returns false if the event cannot happen in this state. Sets *ret_wrong to a
 * description of a violated invariant, or to NULL. */
static bool happens(struct state *state, unsigned event, const char **ret_wrong)
{
	*ret_wrong = NULL;
	if (event == FIRE) {
		*ret_wrong = fire(state);
		return true;
	}
	if (event == STEP && state->call != IDLE) {
		*ret_wrong = step_on(state);
		return true;
	}
	if (event == FAIL)
		return fail_step(state);
	if (event == FAIL_LOSE)
		return fail_and_lose_trigger(state);
	if (event == LOSE)
		return lose_trigger(state);
	if (event == GIVE_UP)
		return give_up(state);
	if (event == RETRY)
		return retry(state);
	if (event == NO_IRQFD)
		return do_without_irqfd(state);
	if (event == STEP || state->call != IDLE)
		return false;
	if (event == UNMASK)
		return unmask(state);
	if (!state->has_irqfd && event != MASK + VFIOPM_MSIX_MODE_RELAY &&
	    event != DISPATCH + VFIOPM_MSIX_MODE_RELAY)
		return false;
	return event < DISPATCH ? mask(state, event - MASK) : dispatch(state, event - DISPATCH);
}

/* ---- the search ---- */

#define STATES_MAX 65536

static struct state states[STATES_MAX];
static unsigned parents[STATES_MAX], events[STATES_MAX];
static unsigned count_states;

static void add_state(const struct state *state, unsigned parent, unsigned event)
{
	for (unsigned i = 0; i < count_states; i++) {
		if (memcmp(&states[i], state, sizeof(*state)) == 0)
			return;
	}
	assert_true(count_states < STATES_MAX);
	parents[count_states] = parent;
	events[count_states] = event;
	memcpy(&states[count_states++], state, sizeof(*state));
}

static void print_path_to(unsigned i)
{
	static const char *const names[EVENTS] = {
		[FIRE] = "fire",
		[STEP] = "step",
		[FAIL] = "the step fails",
		[FAIL_LOSE] = "the step fails and loses the trigger",
		[GIVE_UP] = "the roll-back fails",
		[LOSE] = "another vector's failure loses the trigger",
		[RETRY] = "retry",
		[NO_IRQFD] = "attach fails",
		[UNMASK] = "unmask",
		[MASK + VFIOPM_MSIX_MODE_HOLD] = "mask, hold",
		[MASK + VFIOPM_MSIX_MODE_RELAY] = "mask, relay",
		[DISPATCH + VFIOPM_MSIX_MODE_HOLD] = "dispatch, hold",
		[DISPATCH + VFIOPM_MSIX_MODE_RELAY] = "dispatch, relay",
	};

	if (i > 0 && parents[i] != i) {
		print_path_to(parents[i]);
		print_message("#   %s\n", names[events[i]]);
	}
}

static void search(void)
{
	for (unsigned i = 0; i < count_states; i++) {
		for (unsigned event = 0; event < EVENTS; event++) {
			struct state next;
			const char *wrong;

			memcpy(&next, &states[i], sizeof(next));
			if (!happens(&next, event, &wrong))
				continue;
			if (!wrong)
				wrong = check(&next);
			if (wrong) {
				print_path_to(i);
				fail_msg("then event %u: %s", event, wrong);
			}
			add_state(&next, i, event);
		}
	}
}

/* msix-vector.c, vfiopm__msix_vector_begin() */
static void begin(bool has_irqfd, uint32_t mode)
{
	struct state state;

	memset(&state, 0, sizeof(state));
	state.vector.masked = true;
	state.vector.no_irqfd = !has_irqfd;
	state.vector.mode = mode;
	state.vector.trigger =
		mode == VFIOPM_MSIX_MODE_HOLD ? VFIOPM__TRIGGER_IRQFD : VFIOPM__TRIGGER_USER;
	state.trigger = state.vector.trigger;
	state.has_irqfd = has_irqfd;
	add_state(&state, count_states, 0);
}

static void no_interleaving_loses_or_duplicates_an_interrupt(void **state)
{
	unsigned idle = 0;

	(void)state;
	count_states = 0;
	begin(true, VFIOPM_MSIX_MODE_HOLD);
	begin(true, VFIOPM_MSIX_MODE_RELAY);
	begin(false, VFIOPM_MSIX_MODE_RELAY);
	search();
	for (unsigned i = 0; i < count_states; i++)
		idle += states[i].call == IDLE;
	print_message("# %u states, %u of them between calls\n", count_states, idle);
	/* The search did not end early. */
	assert_true(count_states > 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(
		no_interleaving_loses_or_duplicates_an_interrupt) };

	return cmocka_run_group_tests_name("msix-state", tests, NULL, NULL);
}
