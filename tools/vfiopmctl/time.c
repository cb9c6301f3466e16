// SPDX-License-Identifier: MIT
/* The clock, and the parser of a TIME. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ctl.h"

int64_t ctl_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t ctl_parse_time(const char *text)
{
	static const struct {
		const char *name;
		double ms;
	} units[] = { { "ms", 1 }, { "s", 1000 }, { "", 1000 }, { "m", 60000 }, { "h", 3600000 } };
	double number;
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return -1;
	number = strtod(text, &end);
	/* strtod() also parses exponents and hexadecimal numbers, which are not accepted. */
	if (end != text + strspn(text, "0123456789."))
		return -1;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		double ms = number * units[i].ms;

		if (strcmp(end, units[i].name) == 0)
			return ms <= (double)CTL_MAX_TIME_MS ? (int64_t)(ms + 0.5) : -1;
	}
	return -1;
}
