// SPDX-License-Identifier: MIT
/*
 * Random sequences of calls of the uAPI on a kernel and on the simulator, compared after each step:
 * see differential.h. Without a kernel, that is without VFIOPM_LAB_DEVICE, two simulated devices are
 * compared.
 *
 *   VFIOPM_LAB_PEER                the address of a second device, a function of the same device and
 *                                  in its group
 *   VFIOPM_DIFFERENTIAL_SEED       the seed of the sequences (default 1)
 *   VFIOPM_DIFFERENTIAL_SEQUENCES  their number (default 2000)
 *   VFIOPM_DIFFERENTIAL_FIRST      the number of the first one (default 0)
 *   VFIOPM_DIFFERENTIAL_STOP       1: exit with 1 at the first difference, without shrinking it
 *
 * An argument is a sequence: the program executes it alone, and prints the results.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "differential.h"
#include "sim.h"

#define LENGTH		50
#define DIFFERENCES_MAX 10

static uint64_t setting(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text && *text ? strtoull(text, NULL, 0) : otherwise;
}

static struct pair pair;

/* ---- the two sides ---- */

static bool has_d3cold(void)
{
	const char *d3cold = getenv("VFIOPM_LAB_D3COLD");

	return d3cold && strcmp(d3cold, "1") == 0;
}

/* Only the first function of the device has a power resource (tests/lab/d3cold.asl). */
static void add_model(struct side *side, const char *address)
{
	bool is_first = side->device_count == 0;
	struct sim_machine machine = {
		.address = address,
		.kernel = getenv("VFIOPM_LAB_KERNEL"),
		.target = is_first && has_d3cold() ? SIM_D3COLD : SIM_D3HOT,
		.shares_group = !is_first,
	};

	side_add_device(side, sim_add(&machine), address);
}

static void add_models(struct side *side, const char *first, const char *second)
{
	side_begin(side, true);
	add_model(side, first);
	if (getenv("VFIOPM_LAB_PEER"))
		add_model(side, second);
}

static void write_text(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	if (!file || fputs(text, file) < 0 || fclose(file) != 0) {
		printf("Bail out! %s cannot be written\n", path);
		exit(99);
	}
}

/* The port would switch off both devices, and the resume of one would wake the other one some time later
 * (pci.c, pci_wakeup_bus()). Therefore the port stays on. */
static void add_peer(struct side *side, const char *peer)
{
	side_host_write(side, "../power/control", "on");
	side_add_device(side, NULL, peer);
	/* The devices of vfiopm-sim are bound. */
	if (getenv("VFIOPM_SIM"))
		return;
	side_host_write(side, "driver_override", "vfio-pci");
	write_text("/sys/bus/pci/drivers_probe", peer);
}

static bool has_cdevs(const struct side *model)
{
	int fd = side_open(model, "/dev/iommu", O_RDWR);

	if (fd >= 0)
		side_close(model, fd);
	return fd >= 0;
}

static void begin(void)
{
	const char *device = getenv("VFIOPM_LAB_DEVICE"), *peer = getenv("VFIOPM_LAB_PEER");

	add_models(&pair.model, "0000:01:00.0", "0000:01:00.1");
	if (device) {
		side_begin(&pair.kernel, false);
		side_add_device(&pair.kernel, NULL, device);
		if (peer)
			add_peer(&pair.kernel, peer);
	} else {
		add_models(&pair.kernel, "0000:02:00.0", "0000:02:00.1");
	}
	/* The registers of the device of vfiopm-sim have no effect. */
	pair.cannot_fire = getenv("VFIOPM_SIM");
	catch_faults();
	generate_hot_resets(pair.kernel.is_model || has_d3cold());
	generate_two_devices(peer);
	pair.has_cdevs = has_cdevs(&pair.model);
	generate_cdevs(pair.has_cdevs);
	pair_reopen(&pair);
}

/* ---- the report ---- */

static unsigned long steps_done;

static void report(const char *title, struct sequence *sequence, const char *text)
{
	static char steps[16384];
	char of_shrunk[4096];
	unsigned step, length = sequence->count;

	printf("# %s, step: %s\n", title, text);
	if (setting("VFIOPM_DIFFERENTIAL_STOP", 0))
		exit(1);
	pair_reopen(&pair);
	steps[0] = '\0';
	if (!pair_shrink(&pair, sequence)) {
		sequence_print(sequence, steps, sizeof(steps));
		printf("#   not on a device that was just opened: %s\n", steps);
		return;
	}
	sequence_print(sequence, steps, sizeof(steps));
	printf("#   shrunk from %u steps to %u:\n#   { \"%s\", \"\" },\n", length, sequence->count,
	       steps);
	pair_reopen(&pair);
	if (!pair_run(&pair, sequence, &step, of_shrunk, sizeof(of_shrunk)))
		printf("#   %s\n", of_shrunk);
	pair_reopen(&pair);
}

/* Returns true if both sides behave the same. */
static bool try_sequence(const char *title, struct sequence *sequence)
{
	char text[4096];
	unsigned step;
	bool same = pair_run(&pair, sequence, &step, text, sizeof(text));

	steps_done += sequence->count;
	if (same)
		return true;
	/* The steps behind the difference are not part of it. */
	if (step < sequence->count)
		sequence->count = step + 1;
	report(title, sequence, text);
	fflush(stdout);
	return false;
}

static unsigned run_regressions(void)
{
	static struct sequence sequence;
	unsigned differences = 0;
	char title[64];

	for (size_t i = 0; i < regression_count; i++) {
		pair_reopen(&pair);
		sequence_parse(regressions[i].steps, &sequence);
		snprintf(title, sizeof(title), "regression %zu", i);
		differences += !try_sequence(title, &sequence);
	}
	return differences;
}

static unsigned run_random(uint64_t seed, unsigned first, unsigned count)
{
	static struct sequence sequence;
	unsigned differences = 0;
	char title[96];

	pair_reopen(&pair);
	for (unsigned i = first; i < first + count && differences < DIFFERENCES_MAX; i++) {
		sequence_generate(seed, i, LENGTH, &sequence);
		snprintf(title, sizeof(title), "seed %" PRIu64 ", sequence %u", seed, i);
		differences += !try_sequence(title, &sequence);
	}
	return differences;
}

static int run_one(const char *text)
{
	static struct sequence sequence;

	sequence_parse(text, &sequence);
	if (!try_sequence("argument", &sequence))
		return 1;
	printf("no difference in %u steps\n", sequence.count);
	return 0;
}

int main(int argc, char **argv)
{
	uint64_t seed = setting("VFIOPM_DIFFERENTIAL_SEED", 1);
	unsigned count = (unsigned)setting("VFIOPM_DIFFERENTIAL_SEQUENCES", 2000);
	unsigned first = (unsigned)setting("VFIOPM_DIFFERENTIAL_FIRST", 0);
	unsigned differences, of_regressions;

	begin();
	if (argc > 1)
		return run_one(argv[1]);
	printf("1..2\n");
	of_regressions = run_regressions();
	printf("%sok 1 - %zu sequences of regressions, %u differences\n",
	       of_regressions ? "not " : "", regression_count, of_regressions);
	steps_done = 0;
	differences = run_random(seed, first, count);
	printf("%sok 2 - %u sequences, %lu steps, %u differences to the %s, seed %" PRIu64 "\n",
	       differences ? "not " : "", count, steps_done, differences,
	       pair.kernel.is_model ? "other device" : "simulator", seed);
	side_close_all(&pair.kernel);
	side_close_all(&pair.model);
	return differences || of_regressions;
}
