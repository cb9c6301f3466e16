// SPDX-License-Identifier: MIT
/*
 * Tests of many threads on one device, on the simulator. A build with ThreadSanitizer
 * (scripts/build threads) also detects data races.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <vfiopm/vfiopm.h>

#include "raw.h"
#include "sim.h"
#include "test.h"

#define THREADS		 8
#define CALLS		 100000
#define CALLS_PER_CHANGE 1000

struct worker {
	struct vfiopm_device *dev;
	uint32_t vector;
	int events[2]; /* eventfds of the library */
	int callers;   /* an eventfd of the caller */
	int failures;
};

static void *work(void *data)
{
	struct worker *worker = data;

	for (int i = 0; i < CALLS; i++) {
		int which = i / CALLS_PER_CHANGE % 3;
		int fd = which == 2 ? worker->callers : worker->events[which];

		if (vfiopm_irq_set_signaling(worker->dev, VFIOPM_IRQ_MSIX, worker->vector, fd) != 0)
			worker->failures++;
	}
	return NULL;
}

static void threads_can_change_different_vectors(void **state)
{
	struct sim_machine machine = { .msix_vectors = THREADS };
	struct sim_device *sim = sim_add(&machine);
	struct worker workers[THREADS];
	pthread_t threads[THREADS];
	struct vfiopm_device *dev;
	uint64_t issued, saved;
	int fd = sim_open_device(sim);

	(void)state;
	expect_ok(vfiopm_device_new_from_fd(fd, &dev));
	for (uint32_t i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){ .dev = dev, .vector = i, .callers = raw_eventfd() };
		expect_ok(vfiopm_irq_new_eventfd(dev, &workers[i].events[0]));
		expect_ok(vfiopm_irq_new_eventfd(dev, &workers[i].events[1]));
	}
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		assert_int_equal(workers[i].failures, 0);
	}
	expect_ok(vfiopm_irq_get_stats(dev, &issued, &saved));
	assert_int_equal(issued, THREADS * CALLS / CALLS_PER_CHANGE);
	assert_int_equal(sim_set_irqs(sim), issued);
	assert_int_equal(saved, THREADS * CALLS - issued);
	vfiopm_device_free(dev);
	for (int i = 0; i < THREADS; i++)
		close(workers[i].callers);
	close(fd);
	sim_reset();
}

/* All threads change one vector, with batches, disables, and eventfds that are created and freed.
 * The last change wins. */
static void *work_on_one_vector(void *data)
{
	struct worker *worker = data;

	for (int i = 0; i < CALLS / 50; i++) {
		int r = 0, fd;

		switch (i % 7) {
		case 0:
			r = vfiopm_irq_begin(worker->dev);
			vfiopm_irq_set_signaling(worker->dev, VFIOPM_IRQ_MSIX, 1, worker->callers);
			vfiopm_irq_commit(worker->dev);
			break;
		case 1:
			r = vfiopm_irq_disable(worker->dev, VFIOPM_IRQ_MSIX);
			break;
		case 2:
			r = vfiopm_irq_new_eventfd(worker->dev, &fd);
			vfiopm_irq_set_signaling(worker->dev, VFIOPM_IRQ_MSIX, 0, fd);
			vfiopm_irq_set_signaling(worker->dev, VFIOPM_IRQ_MSIX, 0, -1);
			/* The library refuses this if a batch of another thread still needs the
			 * eventfd. */
			vfiopm_irq_free_eventfd(worker->dev, fd);
			break;
		default:
			r = vfiopm_irq_set_signaling(worker->dev, VFIOPM_IRQ_MSIX, 0,
						     i % 2 ? worker->callers : worker->events[0]);
		}
		if (r != 0)
			worker->failures++;
	}
	return NULL;
}

static void threads_can_change_one_vector(void **state)
{
	struct sim_device *sim = sim_add(NULL);
	struct worker workers[THREADS];
	pthread_t threads[THREADS];
	struct vfiopm_device *dev;
	int fd = sim_open_device(sim);
	unsigned before;

	(void)state;
	expect_ok(vfiopm_device_new_from_fd(fd, &dev));
	for (int i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){ .dev = dev, .callers = raw_eventfd() };
		expect_ok(vfiopm_irq_new_eventfd(dev, &workers[i].events[0]));
	}
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, work_on_one_vector, &workers[i]),
				 0);
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		assert_int_equal(workers[i].failures, 0);
	}

	/* The cache equals the state of the kernel. */
	expect_ok(vfiopm_irq_set_signaling(dev, VFIOPM_IRQ_MSIX, 0, workers[0].callers));
	before = sim_set_irqs(sim);
	expect_ok(vfiopm_irq_set_signaling(dev, VFIOPM_IRQ_MSIX, 0, workers[0].callers));
	assert_int_equal(sim_set_irqs(sim), before);
	assert_true(sim_fire(sim, VFIOPM_IRQ_MSIX, 0));
	assert_int_equal(raw_take(workers[0].callers), 1);
	vfiopm_device_free(dev);
	for (int i = 0; i < THREADS; i++)
		close(workers[i].callers);
	close(fd);
	sim_reset();
}

/* ---- a call without a change does not wait for another thread ---- */

static void *change(void *data)
{
	struct worker *worker = data;

	worker->failures =
		vfiopm_irq_set_signaling(worker->dev, VFIOPM_IRQ_MSIX, 1, worker->callers);
	return NULL;
}

static void setting_an_unchanged_eventfd_does_not_block(void **state)
{
	struct sim_device *sim = sim_add(NULL);
	struct worker worker = { .callers = raw_eventfd() };
	struct vfiopm_device *dev;
	int fd = sim_open_device(sim), own;
	pthread_t thread;

	(void)state;
	expect_ok(vfiopm_device_new_from_fd(fd, &dev));
	worker.dev = dev;
	expect_ok(vfiopm_irq_new_eventfd(dev, &own));
	expect_ok(vfiopm_irq_set_signaling(dev, VFIOPM_IRQ_MSIX, 0, own));
	expect_ok(vfiopm_irq_set_signaling(dev, VFIOPM_IRQ_MSIX, 2, worker.callers));

	sim_hold_ioctls(sim, true);
	assert_int_equal(pthread_create(&thread, NULL, change, &worker), 0);
	while (sim_held_ioctls(sim) == 0)
		usleep(1000);
	/* The ioctl of the other thread is held. A call that waited for it would never return. */
	for (int i = 0; i < 1000; i++) {
		expect_ok(vfiopm_irq_set_signaling(dev, VFIOPM_IRQ_MSIX, 0, own));
		expect_ok(vfiopm_irq_set_signaling(dev, VFIOPM_IRQ_MSIX, 2, worker.callers));
		expect_ok(vfiopm_irq_set_signaling(dev, VFIOPM_IRQ_MSIX, 3, -1));
		assert_int_equal(vfiopm_get_state(dev), VFIOPM_STATE_ACTIVE);
	}
	assert_int_equal(sim_held_ioctls(sim), 1);
	sim_hold_ioctls(sim, false);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(worker.failures, 0);
	vfiopm_device_free(dev);
	close(worker.callers);
	close(fd);
	sim_reset();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads_can_change_different_vectors),
		cmocka_unit_test(threads_can_change_one_vector),
		cmocka_unit_test(setting_an_unchanged_eventfd_does_not_block),
	};

	return cmocka_run_group_tests_name("irq-threads", tests, NULL, NULL);
}
