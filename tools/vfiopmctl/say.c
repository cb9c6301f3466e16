// SPDX-License-Identifier: MIT
/* Messages. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ctl.h"

void ctl_say(const char *format, ...)
{
	va_list args;

	fputs("vfiopmctl: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

/* A terminal interprets control characters, among them ESC and, in UTF-8, U+0080 to U+009F. */
const char *ctl_quote(const char *text)
{
	static char quoted[200];
	size_t length = 0;

	quoted[length++] = '\'';
	/* The end needs 5 bytes: "...'" and the NUL; an escape needs 4. */
	for (; *text && length + 9 <= sizeof(quoted); text++) {
		unsigned char byte = (unsigned char)*text;

		if (byte == '\\' || byte == '\'')
			length += (size_t)sprintf(quoted + length, "\\%c", byte);
		else if (byte < 0x20 || byte > 0x7e)
			length += (size_t)sprintf(quoted + length, "\\x%02x", byte);
		else
			quoted[length++] = (char)byte;
	}
	strcpy(quoted + length, *text ? "...'" : "'");
	return quoted;
}
