// SPDX-License-Identifier: MIT
/* The report at the end, for people and for programs. vfiopm-trace(1) defines each figure. */
#include <inttypes.h>

#include "trace.h"

/* ---- sums ---- */

struct sums {
	uint64_t wakes, unchanged_wakes, lost_ms, unchanged_lost_ms;
};

static struct sums sum(const struct device *device)
{
	struct sums sums = { 0 };

	for (size_t i = 0; i < device->waker_count; i++) {
		const struct waker *waker = &device->wakers[i];

		sums.wakes += waker->count;
		sums.lost_ms += waker->lost_ms;
		if (!waker->is_unchanged)
			continue;
		sums.unchanged_wakes += waker->count;
		sums.unchanged_lost_ms += waker->lost_ms;
	}
	return sums;
}

/* ---- text ---- */

static void show_time(FILE *to, const struct device *device)
{
	uint64_t all = device->asleep_ms + device->awake_ms;

	if (!device->has_power) {
		fprintf(to, "  sysfs has no figures of runtime PM for this device\n");
		return;
	}
	fprintf(to, "  asleep %" PRIu64 ".%03" PRIu64 " s of %" PRIu64 ".%03" PRIu64 " s",
		device->asleep_ms / 1000, device->asleep_ms % 1000, all / 1000, all % 1000);
	if (all > 0)
		fprintf(to, " (%.1f %%)", 100.0 * (double)device->asleep_ms / (double)all);
	fprintf(to, ", %" PRIu64 " entries to low power, %" PRIu64 " exits\n", device->entries,
		device->exits);
}

static void show_calls(FILE *to, const struct device *device)
{
	fprintf(to, "  %-47s %8s %6s %6s %10s %8s\n", "call", "count", "failed", "woke", "us",
		"most us");
	for (size_t i = 0; i < device->call_count; i++) {
		const struct call_count *call = &device->calls[i];

		fprintf(to,
			"  %-47s %8" PRIu64 " %6" PRIu64 " %6" PRIu64 " %10" PRIu64 " %8" PRIu64
			"\n",
			call->name, call->count, call->failed, call->woke, call->ns / 1000,
			call->longest_ns / 1000);
	}
}

static void show_wakers(FILE *to, const struct device *device)
{
	struct sums sums = sum(device);

	fprintf(to, "  SET_IRQS: %" PRIu64 " changed nothing, %" PRIu64 " of them were not sent",
		device->unchanged, device->elided);
	fprintf(to, " (%" PRIu64 " while the device slept)\n", device->elided_asleep);
	fprintf(to,
		"  wakes: %" PRIu64 ", of them %" PRIu64
		" by SET_IRQS that changed nothing; time lost: %" PRIu64 " ms, of it %" PRIu64
		" ms\n",
		sums.wakes, sums.unchanged_wakes, sums.lost_ms, sums.unchanged_lost_ms);
	for (size_t i = 0; i < device->waker_count; i++) {
		const struct waker *waker = &device->wakers[i];

		fprintf(to, "    %8" PRIu64 " x %s%s, from %s: %" PRIu64 " ms\n", waker->count,
			waker->call, waker->is_unchanged ? " (unchanged)" : "", waker->caller,
			waker->lost_ms);
	}
}

void report_text(FILE *to)
{
	if (device_count == 0)
		fprintf(to, "vfiopm-trace: the program has opened no VFIO device\n");
	for (int i = 0; i < device_count; i++) {
		fprintf(to, "vfiopm-trace: device %s\n", devices[i].name);
		show_time(to, &devices[i]);
		show_calls(to, &devices[i]);
		show_wakers(to, &devices[i]);
	}
}

/* ---- JSON ---- */

static void put_string(FILE *to, const char *text)
{
	putc('"', to);
	for (; *text; text++) {
		unsigned char byte = (unsigned char)*text;

		if (byte < 0x20 || byte == '"' || byte == '\\' || byte >= 0x7f)
			fprintf(to, "\\u%04x", (unsigned)byte);
		else
			putc(byte, to);
	}
	putc('"', to);
}

static void put_calls(FILE *to, const struct device *device)
{
	fprintf(to, "  \"calls\": [");
	for (size_t i = 0; i < device->call_count; i++) {
		const struct call_count *call = &device->calls[i];

		fprintf(to, "%s\n   {\"call\": ", i ? "," : "");
		put_string(to, call->name);
		fprintf(to,
			", \"count\": %" PRIu64 ", \"failed\": %" PRIu64 ", \"woke\": %" PRIu64
			", \"total_us\": %" PRIu64 ", \"longest_us\": %" PRIu64 "}",
			call->count, call->failed, call->woke, call->ns / 1000,
			call->longest_ns / 1000);
	}
	fprintf(to, "],\n");
}

static void put_wakers(FILE *to, const struct device *device)
{
	fprintf(to, "  \"wakers\": [");
	for (size_t i = 0; i < device->waker_count; i++) {
		const struct waker *waker = &device->wakers[i];

		fprintf(to, "%s\n   {\"call\": ", i ? "," : "");
		put_string(to, waker->call);
		fprintf(to, ", \"unchanged\": %s, \"caller\": ",
			waker->is_unchanged ? "true" : "false");
		put_string(to, waker->caller);
		fprintf(to, ", \"count\": %" PRIu64 ", \"lost_ms\": %" PRIu64 "}", waker->count,
			waker->lost_ms);
	}
	fprintf(to, "]}");
}

static void put_device(FILE *to, const struct device *device)
{
	struct sums sums = sum(device);

	fprintf(to, " {\"device\": ");
	put_string(to, device->name);
	fprintf(to,
		",\n  \"has_power\": %s, \"asleep_ms\": %" PRIu64 ", \"awake_ms\": %" PRIu64
		", \"entries\": %" PRIu64 ", \"exits\": %" PRIu64 ",\n",
		device->has_power ? "true" : "false", device->asleep_ms, device->awake_ms,
		device->entries, device->exits);
	fprintf(to,
		"  \"set_irqs\": %" PRIu64 ", \"unchanged\": %" PRIu64 ", \"elided\": %" PRIu64
		", \"elided_asleep\": %" PRIu64 ",\n",
		device->set_irqs, device->unchanged, device->elided, device->elided_asleep);
	fprintf(to,
		"  \"wakes\": %" PRIu64 ", \"unchanged_wakes\": %" PRIu64 ", \"lost_ms\": %" PRIu64
		", \"unchanged_lost_ms\": %" PRIu64 ",\n",
		sums.wakes, sums.unchanged_wakes, sums.lost_ms, sums.unchanged_lost_ms);
	put_calls(to, device);
	put_wakers(to, device);
}

void report_json(FILE *to, bool elides, int status)
{
	fprintf(to, "{\"version\": 1, \"elide\": %s, \"status\": %d, \"devices\": [",
		elides ? "true" : "false", status);
	for (int i = 0; i < device_count; i++) {
		fprintf(to, "%s\n", i ? "," : "");
		put_device(to, &devices[i]);
	}
	fprintf(to, "]}\n");
}
