/* SPDX-License-Identifier: MIT */
/*
 * The language of the conformance suite. A script is a list of steps that semicolons separate. A
 * step is a verb and its words: "SET_IRQS dev 24 EVENTFD|TRIGGER MSIX 0 1 e0; close e0".
 *
 * Words
 *   dev              the fd of the device, opened by its group
 *   group, container the fds by which it was opened
 *   e0 to e4, w      eventfds with the count 0
 *   null, closed     an fd of /dev/null; the number of an fd that is not open
 *   a, b             fds that the script opens
 *   7, 0x1f, -1, ~0  numbers; bit19 is 1 << 19
 *   ENTRY|SET        the constants of the uAPI (steps.c), combined
 *
 * Verbs that are calls of the uAPI are in steps-calls.c; their result is the returned value or the
 * name of the errno. Verbs for what the host and the device do are in steps-state.c.
 */
#ifndef STEPS_H
#define STEPS_H

#include <stdbool.h>
#include <stdint.h>

#include "raw.h"

enum {
	FD_DEV,
	FD_GROUP,
	FD_CONTAINER,
	FD_E0,
	FD_W = FD_E0 + 5,
	FD_NULL,
	FD_CLOSED,
	FD_A,
	FD_B,
	STEP_FDS
};

#define STEP_EVENTS 6 /* FD_E0 to FD_W */
#define STEP_WORDS  24
#define STEP_RESULT 256

struct steps {
	int fds[STEP_FDS];	/* -1: not open */
	volatile uint32_t *map; /* the first page of BAR 0, or NULL */
	bool fired;		/* the device has raised an interrupt that is not cleared */
	/* The argument of the last ioctl, which an inaccessible page follows. */
	uint32_t *memory;
	char *pages;

	/* The step that is being executed. words[0] is the verb. */
	const char *words[STEP_WORDS];
	int count;
	char result[STEP_RESULT]; /* empty: the result is a number */
};

/* Create the files of a row, and open the device if the row starts with an open one. */
void steps_begin(struct steps *steps, bool open);
void steps_end(struct steps *steps);

/* Open the container, the group and the device. */
void steps_open(struct steps *steps);

/* Execute a script. Append the result of each step to this text. */
void steps_run(struct steps *steps, const char *script, char *text, size_t size);
/* Execute a script that prepares a row: stop at the first step that fails, append its result, and
 * return false. */
bool steps_prepare(struct steps *steps, const char *script, char *text, size_t size);

/* ---- for the verbs ---- */

struct verb {
	const char *name;
	/* Returns the result: a number or -errno. A verb with another kind of result writes it to
	 * steps->result; it returns -1 if it must not be in a preparation. */
	int (*run)(struct steps *steps);
};

extern const struct verb step_calls[], step_states[]; /* the name of the last verb is NULL */

/* The value of a word of the step. Fail the test if the word is missing or unknown. */
uint32_t steps_value(const struct steps *steps, int word);
/* The variable of a word that names an fd. */
int *steps_fd(struct steps *steps, int word);
/* The fds of the open device, for the functions of the testbed. */
struct raw steps_raw(const struct steps *steps);
/* Add the eventfds that have a count to the result ("e0=1 w=1"), and clear their counts. Returns
 * their number. */
int steps_take_counts(struct steps *steps);

#endif
