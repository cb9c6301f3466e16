// SPDX-License-Identifier: MIT
/*
 * Threads on the power of one guest's function, on the simulator: two vCPUs read the configuration
 * space, one turns the device off and on, one thread dispatches, and the host wakes the device. A
 * build with ThreadSanitizer (scripts/build threads) also detects data races.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "guest-parts.h"
#include "host.h"

#define ROUNDS 300

struct shared {
	struct guest_parts parts;
	atomic_bool stop;
	atomic_uint wrong, served;
};

static void *read_config(void *data)
{
	struct shared *shared = data;
	uint32_t value;

	while (!shared->stop) {
		int r = vfiopm__guest_config_read(shared->parts.config, 0, 4, &value);

		shared->served += r == 1;
		if (r < 0 || (r == 1 && value != 0x10d38086))
			shared->wrong++;
		if ((vfiopm__guest_pm_read(shared->parts.pm, PMCSR - PM, 4) & 0xffff7efc) != 0)
			shared->wrong++;
		vfiopm__guest_config_write(shared->parts.config, 4, 2, 0);
	}
	return NULL;
}

static void *dispatch(void *data)
{
	struct shared *shared = data;

	while (!shared->stop) {
		vfiopm__guest_pm_dispatch(shared->parts.pm);
		vfiopm__guest_pm_retry(shared->parts.pm);
		usleep(100);
	}
	return NULL;
}

static void *wake_device(void *data)
{
	struct shared *shared = data;

	while (!shared->stop) {
		sim_hold_awake(shared->parts.sim, true);
		sim_hold_awake(shared->parts.sim, false);
		usleep(300);
	}
	return NULL;
}

static void threads_read_while_the_power_changes(void **state)
{
	static struct shared shared;
	static void *(*const run[])(void *data) = { read_config, read_config, dispatch,
						    wake_device };
	pthread_t threads[4];

	(void)state;
	guest_parts_open(&shared.parts, NULL, WITH_WAKE);
	vfiopm__guest_pm_set_delays(shared.parts.pm, 1, 4);
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, run[i], &shared), 0);
	for (int i = 0; i < ROUNDS; i++) {
		guest_write_pmcsr(&shared.parts, i % 2 ? 0x8100 : 0x0103);
		expect_ok(vfiopm__guest_pm_power(shared.parts.pm, false));
		assert_int_equal(vfiopm__guest_pm_is_powered(shared.parts.pm), 0);
		usleep((unsigned)i % 7 * 300);
		expect_ok(vfiopm__guest_pm_power(shared.parts.pm, true));
		assert_int_equal(vfiopm__guest_pm_is_powered(shared.parts.pm), 1);
		assert_false(sim_is_engaged(shared.parts.sim));
	}
	shared.stop = true;
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(shared.wrong, 0);
	assert_true(shared.served > 0);
	assert_int_equal(shared.parts.reports, 0);
	guest_parts_close(&shared.parts);
}

/* The VMM enters and exits low power beside the guest, in any order with the guest's own changes.
 * Each call can fail, and no thread waits for ever. */
static void *enter_and_exit(void *data)
{
	struct shared *shared = data;

	while (!shared->stop) {
		vfiopm_enter(shared->parts.dev);
		vfiopm_exit(shared->parts.dev);
	}
	return NULL;
}

static void vmm_enters_beside_the_guest(void **state)
{
	static struct shared shared;
	static void *(*const run[])(void *data) = { read_config, enter_and_exit, dispatch };
	pthread_t threads[3];

	(void)state;
	guest_parts_open(&shared.parts, NULL, WITH_WAKE);
	for (int i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, run[i], &shared), 0);
	for (int i = 0; i < ROUNDS; i++) {
		vfiopm__guest_pm_power(shared.parts.pm, false);
		guest_write_pmcsr(&shared.parts, 0x0103);
		vfiopm__guest_pm_power(shared.parts.pm, true);
		guest_write_pmcsr(&shared.parts, 0x8000);
	}
	shared.stop = true;
	for (int i = 0; i < 3; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	expect_ok(vfiopm__guest_pm_reset(shared.parts.pm));
	expect_ok(vfiopm_exit(shared.parts.dev));
	assert_int_equal(shared.wrong, 0);
	assert_true(shared.parts.mapped);
	assert_false(sim_is_engaged(shared.parts.sim));
	guest_parts_close(&shared.parts);
}

/* The vCPUs begin changes, and each is reported once. */
struct beginner {
	struct guest_parts *parts;
	bool on;
};

static void *begin_changes(void *data)
{
	struct beginner *beginner = data;

	for (int i = 0; i < ROUNDS; i++)
		vfiopm__guest_pm_begin_power(beginner->parts->pm, beginner->on);
	return NULL;
}

static unsigned reported[2];

static void count_powered(void *data, int on, int error)
{
	(void)data;
	assert_true(error == 0 || error == -ECANCELED);
	reported[on]++;
}

static void each_begun_change_is_reported_once(void **state)
{
	struct guest_parts parts;
	struct beginner beginners[2] = { { &parts, false }, { &parts, true } };
	pthread_t threads[2];

	(void)state;
	guest_parts_open(&parts, NULL, 0);
	parts.ops.powered = count_powered;
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, begin_changes, &beginners[i]),
				 0);
	for (int i = 0; i < ROUNDS; i++)
		vfiopm__guest_pm_dispatch(parts.pm);
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	vfiopm__guest_pm_dispatch(parts.pm);
	assert_int_equal(reported[0], ROUNDS);
	assert_int_equal(reported[1], ROUNDS);
	guest_parts_close(&parts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads_read_while_the_power_changes),
		cmocka_unit_test(vmm_enters_beside_the_guest),
		cmocka_unit_test(each_begun_change_is_reported_once),
	};

	return cmocka_run_group_tests_name("guest-pm-threads", tests, NULL, NULL);
}
