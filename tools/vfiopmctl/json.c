// SPDX-License-Identifier: MIT
/* Objects of json-c: building, printing and freeing. */
#include <stdio.h>
#include <stdlib.h>

#include <json-c/json.h>

#include "ctl.h"

/* json-c returns NULL if there is no memory, but NULL is also its null. */
static struct json_object *require(struct json_object *value)
{
	if (!value) {
		ctl_say("out of memory");
		exit(CTL_FAILED);
	}
	return value;
}

void ctl_json_add(struct json_object *object, const char *key, struct json_object *value)
{
	if (json_object_object_add(object, key, value) != 0) {
		ctl_say("out of memory");
		exit(CTL_FAILED);
	}
}

void ctl_json_add_null(struct json_object *object, const char *key)
{
	ctl_json_add(object, key, NULL);
}

void ctl_json_add_text(struct json_object *object, const char *key, const char *text)
{
	ctl_json_add(object, key, text ? require(json_object_new_string(text)) : NULL);
}

void ctl_json_add_number(struct json_object *object, const char *key, int64_t number)
{
	ctl_json_add(object, key, require(json_object_new_int64(number)));
}

/* With one decimal digit; the numbers are percentages. */
void ctl_json_add_double(struct json_object *object, const char *key, double number)
{
	char text[32];

	snprintf(text, sizeof(text), "%.1f", number);
	ctl_json_add(object, key, require(json_object_new_double_s(number, text)));
}

void ctl_json_add_bool(struct json_object *object, const char *key, bool value)
{
	ctl_json_add(object, key, require(json_object_new_boolean(value)));
}

static void print(struct json_object *object, int flags)
{
	puts(json_object_to_json_string_ext(object, flags | JSON_C_TO_STRING_NOSLASHESCAPE));
	fflush(stdout);
	json_object_put(object);
}

void ctl_json_print(struct json_object *object)
{
	print(object, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED);
}

void ctl_json_print_line(struct json_object *object)
{
	print(object, JSON_C_TO_STRING_PLAIN);
}
