// SPDX-License-Identifier: MIT
/*
 * vfiopm-trace on a real kernel. The program trace-calls, which knows only the kernel's header, sends
 * SET_IRQS to a device in low power. The report of vfiopm-trace is compared with what the program reads
 * from the kernel: the figures of runtime PM and the count of the wakeup eventfd.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host.h"
#include "test.h"
#include "testbed.h"

#define REPORT "/tmp/trace-report"
#define OUTPUT "/tmp/trace-output"

/* What the program saw, and the text of the report. */
struct run {
	long calls, asleep_before, signals, suspended, active, whole;
	long last_result;
	char report[16384], output[16384];
};

static void read_file(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? -1 : read(fd, text, size - 1);

	assert_true(length >= 0);
	text[length] = '\0';
	close(fd);
}

static void execute(char *command)
{
	int count = 0, fd = open(OUTPUT, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	char *argv[128];

	for (char *word = strtok(command, " "); word; word = strtok(NULL, " "))
		argv[count++] = word;
	argv[count] = NULL;
	dup2(fd, 1);
	dup2(fd, 2);
	execv(argv[0], argv);
	_exit(99);
}

static void run_trace(bool elides, const char *steps, struct run *run)
{
	char command[512];
	const char *line;
	int status;
	pid_t child;

	snprintf(command, sizeof(command), "./vfiopm-trace --json=" REPORT "%s -- ./trace-calls %s",
		 elides ? " --elide" : "", steps);
	fflush(stdout);
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		execute(command);
	assert_int_equal(waitpid(child, &status, 0), child);
	read_file(OUTPUT, run->output, sizeof(run->output));
	if (status != 0)
		print_message("# %s", run->output);
	assert_int_equal(status, 0);
	read_file(REPORT, run->report, sizeof(run->report));
	line = strstr(run->output, "kernel: ");
	assert_non_null(line);
	assert_int_equal(sscanf(line,
				"kernel: calls %ld asleep-before %ld signals %ld suspended %ld "
				"active %ld",
				&run->calls, &run->asleep_before, &run->signals, &run->suspended,
				&run->active),
			 5);
	line = strstr(run->output, "whole ");
	assert_non_null(line);
	run->whole = atol(line + strlen("whole "));
	line = strstr(run->output, "count = ");
	run->last_result = line ? atol(line + strlen("count = ")) : 0;
}

static long reported(const struct run *run, const char *name)
{
	char key[64];
	const char *found;

	snprintf(key, sizeof(key), "\"%s\": ", name);
	found = strstr(run->report, key);
	assert_non_null(found);
	return atol(found + strlen(key));
}

static double share(const struct run *run)
{
	return 100.0 * (double)run->suspended / (double)(run->suspended + run->active);
}

static void show(const char *what, const struct run *run)
{
	print_message("#   %-38s %5ld of %ld  %5ld  %5ld  %6ld ms  %6.2f %%\n", what,
		      reported(run, "set_irqs") - reported(run, "elided"),
		      reported(run, "set_irqs"), reported(run, "unchanged"), reported(run, "wakes"),
		      reported(run, "lost_ms"), share(run));
}

static void show_title(const char *title)
{
	print_message("# %s, Linux %s, device to %s:\n"
		      "#   %-38s %11s  %5s  %5s  %9s  %8s\n",
		      title, testbed_kernel(), testbed_has_d3cold() ? "D3cold" : "D3hot", "",
		      "SET_IRQS", "same", "wakes", "lost", "asleep");
}

/* A negative result is an errno. */
static void expect_successes(const struct run *run)
{
	for (const char *at = run->output; (at = strstr(at, " = ")) != NULL; at += 3)
		assert_true(atol(at + 3) >= 0);
}

static void expect_times(const struct run *run)
{
	assert_int_equal(reported(run, "asleep_ms"), run->whole);
	assert_true(reported(run, "awake_ms") >= run->active);
}

#define RESENDS 50

static void unchanged_eventfd_in_low_power(void **state)
{
	static const char steps[] = "open , figures , new 0 , set 2 0 0 , enter , sleep 300 , "
				    "resend 50 10 2 0 0 , sleep 100 , exit , figures , close 0";
	static struct run plain, elided;

	(void)state;
	testbed_need_low_power();
	run_trace(false, steps, &plain);
	run_trace(true, steps, &elided);
	show_title("SET_IRQS with the same eventfd every 10 ms");
	show("low power, vfiopm-trace", &plain);
	show("low power, vfiopm-trace --elide", &elided);

	expect_successes(&plain);
	expect_successes(&elided);
	assert_int_equal(reported(&plain, "set_irqs"), RESENDS + 1);
	assert_int_equal(reported(&plain, "unchanged"), RESENDS);
	assert_int_equal(reported(&plain, "elided"), 0);
	assert_int_equal(plain.asleep_before, RESENDS);
	assert_int_equal(reported(&plain, "unchanged_wakes"), plain.asleep_before);
	assert_int_equal(reported(&plain, "wakes"), plain.asleep_before + 1); /* the exit */
	assert_int_equal(reported(&elided, "set_irqs"), RESENDS + 1);
	assert_int_equal(reported(&elided, "elided"), RESENDS);
	assert_int_equal(reported(&elided, "elided_asleep"), RESENDS);
	assert_int_equal(reported(&elided, "unchanged_wakes"), 0);
	assert_int_equal(reported(&elided, "wakes"), 1);
	expect_times(&plain);
	expect_times(&elided);
	assert_true(share(&elided) > share(&plain) + 20);
}

static void unchanged_eventfd_with_wakeup(void **state)
{
	static const char steps[] =
		"open , figures , new 0 , new 1 , set 2 0 0 , wakeup 1 , sleep 300 , "
		"resend 50 10 2 0 0 , exit , figures , count 1 , close 0";
	static struct run plain, elided;

	(void)state;
	testbed_need_low_power();
	run_trace(false, steps, &plain);
	run_trace(true, steps, &elided);
	show_title("the same, with wakeup and a new entry after each wake");
	show("with wakeup, vfiopm-trace", &plain);
	show("with wakeup, vfiopm-trace --elide", &elided);
	print_message("#   counts of the wakeup eventfd: %ld, and %ld with --elide\n",
		      plain.signals + plain.last_result, elided.signals + elided.last_result);

	expect_successes(&plain);
	expect_successes(&elided);
	assert_int_equal(reported(&plain, "unchanged"), RESENDS);
	assert_int_equal(reported(&plain, "unchanged_wakes"), plain.signals);
	assert_int_equal(reported(&plain, "wakes"), plain.signals + plain.last_result);
	assert_int_equal(plain.signals, RESENDS);
	assert_int_equal(reported(&plain, "entries"), RESENDS + 1);
	assert_int_equal(reported(&elided, "elided"), RESENDS);
	assert_int_equal(elided.signals, 0);
	assert_int_equal(reported(&elided, "wakes"), elided.last_result);
	assert_int_equal(elided.last_result, 1); /* the exit */
	assert_int_equal(reported(&elided, "entries"), 1);
	expect_times(&plain);
	expect_times(&elided);
	assert_true(share(&elided) > share(&plain) + 20);
}

static void device_by_its_cdev(void **state)
{
	static const char steps[] = "cdev , figures , new 0 , set 2 0 0 , enter , sleep 300 , "
				    "resend 5 10 2 0 0 , sleep 100 , exit , figures , close 0";
	static struct run elided;

	(void)state;
	testbed_need_low_power();
	if (!testbed_has_cdev())
		skip_because("the kernel has no device cdev");
	run_trace(true, steps, &elided);
	expect_successes(&elided);
	assert_int_equal(reported(&elided, "elided_asleep"), 5);
	assert_int_equal(reported(&elided, "wakes"), 1);
	expect_times(&elided);
}

/* hw/vfio/pci.c, QEMU 7.2: vfio_msix_vector_release() replaces the eventfd of a vector that has an
 * irqfd, and vfio_msix_vector_do_use() restores it. The eventfd of a vector without an irqfd stays, and
 * vfio_msix_vector_do_use() sends it again. */
static void masks_as_a_vmm_toggles_them(void **state)
{
	static const char irqfd[] =
		"open , figures , new 0 , new 1 , set 2 0 0 , enter , sleep 300 , "
		"toggle 20 10 2 0 0 1 , sleep 100 , exit , figures , close 0";
	static const char no_irqfd[] = "open , figures , new 0 , set 2 0 0 , enter , sleep 300 , "
				       "resend 20 20 2 0 0 , sleep 100 , exit , figures , close 0";
	static struct run plain, elided;

	(void)state;
	testbed_need_low_power();
	show_title("20 masks and unmasks as QEMU makes them");
	run_trace(false, irqfd, &plain);
	run_trace(true, irqfd, &elided);
	show("with irqfd, vfiopm-trace", &plain);
	show("with irqfd, vfiopm-trace --elide", &elided);
	assert_int_equal(reported(&plain, "set_irqs"), 41);
	assert_int_equal(reported(&plain, "unchanged"), 0);
	assert_int_equal(reported(&elided, "elided"), 0);
	assert_int_equal(reported(&plain, "wakes"), plain.asleep_before + 1);
	assert_int_equal(reported(&elided, "wakes"), elided.asleep_before + 1);
	expect_times(&plain);
	expect_times(&elided);

	run_trace(false, no_irqfd, &plain);
	run_trace(true, no_irqfd, &elided);
	show("without irqfd, vfiopm-trace", &plain);
	show("without irqfd, vfiopm-trace --elide", &elided);
	assert_int_equal(reported(&plain, "set_irqs"), 21);
	assert_int_equal(reported(&plain, "unchanged"), 20);
	assert_int_equal(reported(&plain, "unchanged_wakes"), plain.asleep_before);
	assert_int_equal(reported(&elided, "elided"), 20);
	assert_int_equal(reported(&elided, "wakes"), 1);
	assert_true(share(&elided) > share(&plain) + 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_TESTBED(unchanged_eventfd_in_low_power),
		ON_TESTBED(unchanged_eventfd_with_wakeup),
		ON_TESTBED(device_by_its_cdev),
		ON_TESTBED(masks_as_a_vmm_toggles_them),
	};

	return cmocka_run_group_tests_name("trace", tests, NULL, NULL);
}
