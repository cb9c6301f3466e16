// SPDX-License-Identifier: MIT
/* The recording of wrapped calls, and the choice of the call that fails. */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "internal.h"

static struct {
	bool recording;
	unsigned count;
	const char *names[SIM_CALLS_MAX];
	unsigned index; /* the call that fails */
	int error;	/* its errno; 0: no call fails */
	int answer;	/* the value that it returns */
	bool after;	/* instead of `index`: all ioctls fail after this number of them */
	unsigned ioctls;
	bool once; /* with `after`: only one ioctl fails */
} calls;

static bool is_to_fail(const char *name)
{
	if (!calls.after)
		return (calls.error || calls.answer >= 0) && calls.count == calls.index;
	if (strcmp(name, "ioctl") != 0)
		return false;
	if (calls.ioctls-- > 0)
		return false;
	calls.ioctls = calls.once ? UINT_MAX : 0;
	return true;
}

bool sim_call_fails(const char *name)
{
	bool fails;

	if (!calls.recording || calls.count >= SIM_CALLS_MAX)
		return false;
	fails = is_to_fail(name);
	calls.names[calls.count++] = name;
	if (fails)
		errno = calls.error;
	return fails;
}

int sim_call_answer(void)
{
	return calls.answer;
}

void sim_calls_begin(void)
{
	calls.recording = true;
	calls.count = 0;
	calls.error = 0;
	calls.answer = -1;
	calls.after = calls.once = false;
}

void sim_ioctls_fail_after(unsigned ioctls, int error)
{
	sim_calls_fail(0, error);
	calls.after = true;
	calls.ioctls = ioctls;
}

void sim_ioctl_fails_after(unsigned ioctls, int error)
{
	sim_ioctls_fail_after(ioctls, error);
	calls.once = true;
}

void sim_calls_fail(unsigned index, int error)
{
	sim_calls_begin();
	calls.index = index;
	calls.error = error;
}

void sim_calls_answer(unsigned index, int value)
{
	sim_calls_begin();
	calls.index = index;
	calls.answer = value;
}

unsigned sim_calls_end(void)
{
	calls.recording = false;
	return calls.count;
}

const char *sim_call_name(unsigned index)
{
	return calls.names[index];
}

unsigned sim_calls_named(const char *name)
{
	unsigned count = 0;

	for (unsigned i = 0; i < calls.count; i++)
		count += strcmp(calls.names[i], name) == 0;
	return count;
}
