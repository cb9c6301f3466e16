// SPDX-License-Identifier: MIT
/*
 * The state machine of one MSI-X vector, checked exhaustively: every state that can be
 * reached at all, at any depth, by the device raising an interrupt between any two steps and
 * the guest and the VMM masking, unmasking, dispatching and changing the way in any order.
 * And what the choice of the way, and of the trap of the PBA, make of a guest.
 */
#include <string.h>

#include "lib/private.h"
#include "test.h"

/* ---- the world around a vector ---- */

enum call { IDLE, MASKING, UNMASKING, DISPATCHING, GOING_BACK };

/* Counts end at 2: more differ in nothing from that. */
#define COUNT_MOST 2

struct state {
	struct vfiopm__vector vector;
	enum call call;
	uint8_t irqfd, user;	      /* the counts of the eventfds */
	enum vfiopm__trigger trigger; /* VFIO's */
	bool attached;		      /* KVM's */
	bool owed;		      /* raised, and nothing delivered since */
	int waiting;		      /* interrupts that wait somewhere; those that meet are one */
	/* Of an unmask: did anything wait, was anything raised since, was how much delivered? */
	bool waited, raised;
	uint8_t delivered;
	bool has_irqfd;
	/* Before the call: what it goes back to if a step fails. */
	bool was_masked, had_irqfd;
	uint32_t was_way;
};

static void add(uint8_t *count)
{
	if (*count < COUNT_MOST)
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
		return "put into an attached irqfd";
	state->waiting -= state->irqfd > 0;
	add(&state->irqfd);
	return NULL;
}

static const char *do_step(struct state *state, enum vfiopm__step step, uint64_t *ret_count)
{
	switch (step) {
	case VFIOPM__STEP_ATTACH:
		if (state->attached || !state->has_irqfd)
			return "attached twice, or without irqfd";
		state->attached = true;
		/* kvm_irqfd_assign() delivers, and leaves the count. */
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

/* What was raised while it was masked is delivered by the unmask, as one. */
static const char *end(struct state *state)
{
	bool wrong = state->delivered > 0 && !state->raised &&
		     (state->delivered > 1 || !state->waited || state->waiting > 0);

	state->call = IDLE;
	state->waited = state->raised = state->was_masked = state->had_irqfd = false;
	state->was_way = state->delivered = 0;
	return wrong ? "not delivered as one" : NULL;
}

/* One step of the call that is being made, or its end. */
static const char *go_on(struct state *state)
{
	enum vfiopm__step step = vfiopm__vector_next(&state->vector);
	const char *wrong;
	uint64_t count = 0;

	if (step == VFIOPM__STEP_NONE)
		return end(state);
	wrong = do_step(state, step, &count);
	if (state->vector.lost && state->trigger != VFIOPM__TRIGGER_NONE) {
		/* What was raised meanwhile, if anything was. */
		state->waiting += !state->vector.pending;
		state->raised = true;
	}
	vfiopm__vector_done(&state->vector, step, count);
	return wrong;
}

/* What must hold between two calls. */
static const char *check(const struct state *state)
{
	const struct vfiopm__vector *vector = &state->vector;
	bool count = vector->trigger == VFIOPM__TRIGGER_IRQFD ? state->irqfd > 0 : state->user > 0;

	if (vector->trigger != state->trigger || vector->attached != state->attached)
		return "the machine does not know what is";
	/* A call has left something for the next. */
	if (state->call != IDLE || vfiopm__vector_next(vector) != VFIOPM__STEP_NONE)
		return NULL;
	if (state->owed && state->waiting == 0)
		return "lost";
	if (vector->masked)
		return (vector->pending || count) == (state->waiting > 0)
			       ? NULL
			       : "pending is not what was raised";
	if (state->waiting > 0 && (vector->way != VFIOPM_MSIX_WAY_RELAY || state->user == 0))
		return "nobody will deliver it";
	return NULL;
}

/* ---- all that can happen ---- */

#define WAYS 3

enum {
	FIRE,
	GO_ON,
	FAIL,	  /* the step that is next, and the call goes back */
	LOSE,	  /* the same of a SET_IRQS, and VFIO has no eventfd any more */
	GIVE_UP,  /* what goes back fails too, and the call ends */
	RETRY,	  /* what is left to do */
	NO_IRQFD, /* attaching fails, and it is relayed instead */
	UNMASK,
	MASK,			/* and in this way */
	DISPATCH = MASK + WAYS, /* and from now on in this way */
	EVENTS = DISPATCH + WAYS,
};

/* slot.c, go_back() */
static bool fail_step(struct state *state)
{
	enum vfiopm__step step = vfiopm__vector_next(&state->vector);

	if (state->call == IDLE || state->call == GOING_BACK || step == VFIOPM__STEP_NONE ||
	    step == VFIOPM__STEP_TAKE_USER || step == VFIOPM__STEP_TAKE_IRQFD)
		return false;
	vfiopm__vector_want(&state->vector, state->was_masked, state->was_way);
	state->has_irqfd = state->had_irqfd;
	state->vector.no_irqfd = !state->had_irqfd;
	state->call = GOING_BACK;
	return true;
}

static bool is_trigger(enum vfiopm__step step)
{
	return step == VFIOPM__STEP_TRIGGER_IRQFD || step == VFIOPM__STEP_TRIGGER_USER;
}

/* slot.c, check_trigger() */
static bool lose_trigger(struct state *state)
{
	if (!is_trigger(vfiopm__vector_next(&state->vector)) ||
	    state->trigger == VFIOPM__TRIGGER_NONE || !fail_step(state))
		return false;
	vfiopm__vector_lose_trigger(&state->vector);
	state->trigger = VFIOPM__TRIGGER_NONE;
	return true;
}

/* slot.c, keep_masked() */
static bool give_up(struct state *state)
{
	struct vfiopm__vector *vector = &state->vector;
	uint64_t count;

	if (state->call != GOING_BACK || !is_trigger(vfiopm__vector_next(vector)))
		return false;
	if (vector->masked && vector->attached && vector->trigger == VFIOPM__TRIGGER_IRQFD) {
		do_step(state, VFIOPM__STEP_DETACH, &count);
		vfiopm__vector_done(vector, VFIOPM__STEP_DETACH, 0);
	}
	end(state);
	return true;
}

/* slot.c, update_mask() */
static bool retry(struct state *state)
{
	if (state->call != IDLE || vfiopm__vector_next(&state->vector) == VFIOPM__STEP_NONE)
		return false;
	state->call = GOING_BACK;
	return true;
}

/* slot.c, settle() */
static bool do_without_irqfd(struct state *state)
{
	if (state->call != UNMASKING || vfiopm__vector_next(&state->vector) != VFIOPM__STEP_ATTACH)
		return false;
	state->has_irqfd = false;
	state->vector.no_irqfd = true;
	state->vector.way = VFIOPM_MSIX_WAY_RELAY;
	return true;
}

static void begin_call(struct state *state, enum call call)
{
	state->call = call;
	state->was_masked = state->vector.masked;
	state->had_irqfd = state->has_irqfd;
	state->was_way = state->vector.way;
}

/* slot.c, dispatch_locked(): the take is the first step. */
static bool dispatch(struct state *state, uint32_t way)
{
	uint64_t count;

	if (state->user == 0)
		return false;
	begin_call(state, DISPATCHING);
	take(state, &state->user, &count);
	state->vector.pending = true;
	vfiopm__vector_want(&state->vector, state->vector.masked, way);
	return true;
}

static bool mask(struct state *state, uint32_t way)
{
	if (state->vector.masked)
		return false;
	begin_call(state, MASKING);
	vfiopm__vector_want(&state->vector, true, way);
	return true;
}

static bool unmask(struct state *state)
{
	if (!state->vector.masked)
		return false;
	begin_call(state, UNMASKING);
	/* What a failure has left in both eventfds may come as two. */
	state->raised = vfiopm__vector_next(&state->vector) != VFIOPM__STEP_NONE;
	vfiopm__vector_want(&state->vector, false, state->vector.way);
	state->waited = state->waiting > 0;
	return true;
}

/* Does it happen in this state? If so, what is wrong with it? */
static bool happens(struct state *state, unsigned event, const char **ret_wrong)
{
	*ret_wrong = NULL;
	if (event == FIRE) {
		*ret_wrong = fire(state);
		return true;
	}
	if (event == GO_ON && state->call != IDLE) {
		*ret_wrong = go_on(state);
		return true;
	}
	if (event == FAIL)
		return fail_step(state);
	if (event == LOSE)
		return lose_trigger(state);
	if (event == GIVE_UP)
		return give_up(state);
	if (event == RETRY)
		return retry(state);
	if (event == NO_IRQFD)
		return do_without_irqfd(state);
	if (event == GO_ON || state->call != IDLE)
		return false;
	if (event == UNMASK)
		return unmask(state);
	if (!state->has_irqfd && event != MASK + VFIOPM_MSIX_WAY_RELAY &&
	    event != DISPATCH + VFIOPM_MSIX_WAY_RELAY)
		return false;
	return event < DISPATCH ? mask(state, event - MASK) : dispatch(state, event - DISPATCH);
}

/* ---- the search ---- */

#define STATES_MOST 65536

static struct state states[STATES_MOST];
static unsigned from[STATES_MOST], by[STATES_MOST];
static unsigned count_states;

static void add_state(const struct state *state, unsigned parent, unsigned event)
{
	for (unsigned i = 0; i < count_states; i++) {
		if (memcmp(&states[i], state, sizeof(*state)) == 0)
			return;
	}
	assert_true(count_states < STATES_MOST);
	from[count_states] = parent;
	by[count_states] = event;
	memcpy(&states[count_states++], state, sizeof(*state));
}

static void tell_way_to(unsigned i)
{
	static const char *const names[EVENTS] = { "fire",
						   "go on",
						   "fail",
						   "lose the trigger",
						   "give up",
						   "retry",
						   "attach fails",
						   "unmask",
						   "mask, hold",
						   "mask, relay",
						   "mask, swap",
						   "dispatch, hold",
						   "dispatch, relay",
						   "dispatch, swap" };

	if (i > 0 && from[i] != i) {
		tell_way_to(from[i]);
		print_message("#   %s\n", names[by[i]]);
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
				tell_way_to(i);
				fail_msg("then event %u: %s", event, wrong);
			}
			add_state(&next, i, event);
		}
	}
}

/* As slot.c begins one: what is counted for the choice is no part of this. */
static void begin(bool has_irqfd, uint32_t way)
{
	struct state state;

	memset(&state, 0, sizeof(state));
	vfiopm__vector_begin(&state.vector);
	state.vector.patience = 0;
	state.vector.no_irqfd = !has_irqfd;
	state.vector.way = way;
	state.vector.trigger =
		way == VFIOPM_MSIX_WAY_HOLD ? VFIOPM__TRIGGER_IRQFD : VFIOPM__TRIGGER_USER;
	state.trigger = state.vector.trigger;
	state.has_irqfd = has_irqfd;
	add_state(&state, count_states, 0);
}

static void every_interleaving(void **state)
{
	unsigned idle = 0;

	(void)state;
	count_states = 0;
	begin(true, VFIOPM_MSIX_WAY_HOLD);
	begin(true, VFIOPM_MSIX_WAY_RELAY);
	begin(true, VFIOPM_MSIX_WAY_SWAP);
	begin(false, VFIOPM_MSIX_WAY_RELAY);
	search();
	for (unsigned i = 0; i < count_states; i++)
		idle += states[i].call == IDLE;
	print_message("# %u states, %u of them between calls: there are no others\n", count_states,
		      idle);
	/* Nobody has cut the search short. */
	assert_true(count_states > 200);
}

/* ---- the choice of the way ---- */

struct guest {
	struct vfiopm__vector vector;
	unsigned changes;
};

static void follow(struct guest *guest, uint32_t way)
{
	guest->changes += way != guest->vector.way;
	guest->vector.way = way;
}

/* So many cycles of a mask and an unmask, with so many interrupts each. */
static void run(struct guest *guest, unsigned cycles, unsigned interrupts)
{
	for (unsigned i = 0; i < cycles; i++) {
		follow(guest, vfiopm__vector_saw_mask(&guest->vector));
		for (unsigned j = 0; j < interrupts; j++) {
			if (guest->vector.way == VFIOPM_MSIX_WAY_RELAY)
				follow(guest, vfiopm__vector_saw_interrupt(&guest->vector));
		}
	}
}

static void begin_guest(struct guest *guest)
{
	*guest = (struct guest){ 0 };
	vfiopm__vector_begin(&guest->vector);
}

static void a_guest_that_masks_often_is_relayed(void **state)
{
	struct guest guest;

	(void)state;
	begin_guest(&guest);
	assert_int_equal(guest.vector.way, VFIOPM_MSIX_WAY_HOLD);
	run(&guest, 10000, 1);
	assert_int_equal(guest.vector.way, VFIOPM_MSIX_WAY_RELAY);
	assert_int_equal(guest.changes, 1);
	run(&guest, 10000, 0);
	assert_int_equal(guest.vector.way, VFIOPM_MSIX_WAY_RELAY);
	assert_int_equal(guest.changes, 1);
}

/* It is tried again, but ever less often: 10000 masks are 9 times of trying. */
static void a_guest_that_masks_seldom_is_held(void **state)
{
	struct guest guest;

	(void)state;
	begin_guest(&guest);
	run(&guest, 10000, 200);
	assert_int_equal(guest.vector.way, VFIOPM_MSIX_WAY_HOLD);
	assert_int_equal(guest.changes, 2 * 9);
}

static void a_guest_that_changes_is_followed(void **state)
{
	struct guest guest;

	(void)state;
	begin_guest(&guest);
	for (int i = 0; i < 10; i++) {
		run(&guest, 200, 1);
		assert_int_equal(guest.vector.way, VFIOPM_MSIX_WAY_RELAY);
		run(&guest, 2, 1000);
		assert_int_equal(guest.vector.way, VFIOPM_MSIX_WAY_HOLD);
	}
	assert_int_equal(guest.changes, 2 * 10);
}

/* On the edge between the two there is no swinging. */
static void a_guest_between_the_two_is_left_alone(void **state)
{
	struct guest guest;

	(void)state;
	for (unsigned interrupts = 1; interrupts <= 16; interrupts++) {
		begin_guest(&guest);
		run(&guest, 2000, interrupts);
		if (guest.changes > 14)
			fail_msg("%u interrupts for each mask: %u changes", interrupts,
				 guest.changes);
		if (interrupts != 4 && /* where one is as good as the other */
		    guest.vector.way !=
			    (interrupts < 4 ? VFIOPM_MSIX_WAY_RELAY : VFIOPM_MSIX_WAY_HOLD))
			fail_msg("%u interrupts for each mask: not in the cheaper way", interrupts);
	}
}

/* ---- the choice of the trap ---- */

static bool set_masked(struct vfiopm__trap *trap, uint32_t masked)
{
	trap->masked = masked;
	return vfiopm__trap_switches(trap);
}

static void a_trap_is_not_switched_at_each_mask(void **state)
{
	struct vfiopm__trap trap = { .policy = VFIOPM_MSIX_TRAP_AUTO, .used = 2, .masked = 2 };
	unsigned switched = vfiopm__trap_switches(&trap);

	(void)state;
	assert_true(trap.on);
	for (int i = 0; i < 10000; i++) {
		switched += set_masked(&trap, 1);
		assert_true(trap.on);
		switched += set_masked(&trap, 0);
		switched += set_masked(&trap, 1);
		assert_true(trap.on);
	}
	assert_int_equal(switched, 9);
}

/* Reads in vain, with nothing masked, end that. */
static void a_trap_in_vain_is_switched_off(void **state)
{
	struct vfiopm__trap trap = { .policy = VFIOPM_MSIX_TRAP_AUTO, .used = 1 };
	unsigned reads = 0;

	(void)state;
	for (int i = 0; i < 100; i++) {
		set_masked(&trap, 1);
		vfiopm__trap_saw_read(&trap);
		set_masked(&trap, 0);
	}
	assert_true(trap.on);
	do {
		vfiopm__trap_saw_read(&trap);
		reads++;
	} while (!vfiopm__trap_switches(&trap));
	assert_false(trap.on);
	assert_int_equal(reads, 64);
	/* With nothing in use there is nothing to trap. */
	set_masked(&trap, 1);
	assert_true(trap.on);
	trap.used = 0;
	assert_true(set_masked(&trap, 0));
	assert_false(trap.on);
}

static void a_trap_can_be_fixed(void **state)
{
	struct vfiopm__trap always = { .policy = VFIOPM_MSIX_TRAP_ALWAYS },
			    never = { .policy = VFIOPM_MSIX_TRAP_NEVER, .used = 1 };

	(void)state;
	assert_false(vfiopm__trap_switches(&always));
	always.used = 1;
	assert_true(vfiopm__trap_switches(&always));
	for (int i = 0; i < 100; i++) {
		assert_false(set_masked(&always, 1));
		assert_false(set_masked(&always, 0));
		assert_false(set_masked(&never, 1));
		assert_false(set_masked(&never, 0));
		vfiopm__trap_saw_read(&always);
	}
	assert_true(always.on);
	assert_false(never.on);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_interleaving),
		cmocka_unit_test(a_guest_that_masks_often_is_relayed),
		cmocka_unit_test(a_guest_that_masks_seldom_is_held),
		cmocka_unit_test(a_guest_that_changes_is_followed),
		cmocka_unit_test(a_guest_between_the_two_is_left_alone),
		cmocka_unit_test(a_trap_is_not_switched_at_each_mask),
		cmocka_unit_test(a_trap_in_vain_is_switched_off),
		cmocka_unit_test(a_trap_can_be_fixed),
	};

	return cmocka_run_group_tests_name("vector", tests, NULL, NULL);
}
