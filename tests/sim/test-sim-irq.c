// SPDX-License-Identifier: MIT
/*
 * Interrupt tests for which a real kernel offers no means, without the library: devices with many
 * vectors, a host with few vectors, and handlers whose registration fails. The last test uses
 * the simulator from many threads.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "host.h"
#include "lib/uapi.h"
#include "raw.h"
#include "sim.h"
#include "test.h"

#define INTX VFIO_PCI_INTX_IRQ_INDEX
#define MSI  VFIO_PCI_MSI_IRQ_INDEX
#define MSIX VFIO_PCI_MSIX_IRQ_INDEX
#define ERR  VFIO_PCI_ERR_IRQ_INDEX
#define REQ  VFIO_PCI_REQ_IRQ_INDEX

#define MANY 2048

static struct sim_device *sim;
static int fd, event, other;

static void begin(const struct sim_machine *machine)
{
	sim = sim_add(machine);
	fd = sim_open_device(sim);
	assert_true(fd >= 0);
	event = raw_eventfd();
	other = raw_eventfd();
}

static void end(void)
{
	close(fd);
	close(event);
	close(other);
	sim_reset();
}

static int set(uint32_t index, uint32_t vector, int eventfd)
{
	return raw_set_irqs_eventfd(fd, index, vector, eventfd);
}

static int set_all(uint32_t index, uint32_t start, uint32_t count, int eventfd)
{
	int fds[MANY];

	for (uint32_t i = 0; i < count; i++)
		fds[i] = eventfd;
	return raw_set_irqs(fd, index, VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER,
			    start, count, fds);
}

static int disable(uint32_t index)
{
	return raw_set_irqs(fd, index, VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER, 0, 0,
			    NULL);
}

/* True if this type is enabled, with this number of allocated vectors. */
static bool is_enabled(int type, unsigned allocated)
{
	return sim_irq_active(sim) == type && sim_irq_allocated(sim) == allocated;
}

/* ---- many vectors ---- */

static void all_vectors_can_be_used(void **state)
{
	struct sim_machine machine = { .msix_vectors = MANY, .msi_vectors = 32 };
	struct vfio_irq_info info = { .argsz = sizeof(info) };

	(void)state;
	begin(&machine);
	info.index = MSI;
	assert_int_equal(raw_ioctl(fd, VFIO_DEVICE_GET_IRQ_INFO, &info), 0);
	assert_int_equal(info.count, 32);
	info.index = MSIX;
	assert_int_equal(raw_ioctl(fd, VFIO_DEVICE_GET_IRQ_INFO, &info), 0);
	assert_int_equal(info.count, MANY);
	assert_int_equal(set_all(MSI, 0, 32, event), 0);
	assert_int_equal(set_all(MSI, 31, 2, event), -EINVAL);
	assert_true(is_enabled(MSI, 32));
	assert_int_equal(disable(MSI), 0);
	assert_int_equal(set_all(MSIX, 0, MANY, event), 0);
	assert_true(is_enabled(MSIX, MANY));
	for (uint32_t i = 0; i < MANY; i++)
		assert_true(sim_fire(sim, MSIX, i));
	assert_int_equal(raw_take(event), MANY);
	assert_false(sim_fire(sim, MSIX, MANY));
	assert_int_equal(sim_set_irqs(sim), 4);
	end();
}

/* sim_irq_eventfd() returns a duplicate, so the test compares the eventfds and not their
 * numbers. */
static void simulator_shows_eventfds(void **state)
{
	(void)state;
	begin(NULL);
	assert_true(is_enabled(-1, 0));
	assert_int_equal(sim_irq_eventfd(sim, MSIX, 0), -1);
	assert_int_equal(set(MSIX, 2, event), 0);
	assert_true(is_enabled(MSIX, 3));
	assert_int_equal(sim_irq_eventfd(sim, MSIX, 0), -1);
	assert_int_equal(sim_irq_eventfd(sim, MSI, 2), -1);
	assert_int_equal(sim_irq_eventfd(sim, MSIX, 5), -1);
	assert_int_equal(sim_irq_eventfd(sim, 5, 0), -1);
	assert_int_equal(write(sim_irq_eventfd(sim, MSIX, 2), &(uint64_t){ 7 }, 8), 8);
	assert_int_equal(raw_take(event), 7);
	assert_int_equal(disable(MSIX), 0);
	assert_true(is_enabled(-1, 0));
	assert_int_equal(set(INTX, 0, event), 0);
	assert_true(is_enabled(INTX, 1));
	assert_int_equal(disable(INTX), 0);
	assert_true(is_enabled(-1, 0));
	end();
}

/* MSI cannot grow on any kernel. A kernel without the range check tears down the block. */
static void msi_beyond_the_first_enable(void **state)
{
	static const char *const kernels[] = { "6.1", "6.12", "7" };

	(void)state;
	for (size_t i = 0; i < sizeof(kernels) / sizeof(kernels[0]); i++) {
		struct sim_machine machine = { .kernel = kernels[i], .msi_vectors = 8 };
		bool checked = strcmp(kernels[i], "6.1") == 0;

		begin(&machine);
		assert_int_equal(set_all(MSI, 0, 4, event), 0);
		assert_int_equal(set_all(MSI, 3, 2, other), -EINVAL);
		assert_int_equal(sim_irq_eventfd(sim, MSI, 3) >= 0, checked);
		assert_true(sim_irq_eventfd(sim, MSI, 2) >= 0);
		assert_int_equal(set_all(MSI, 4, 4, -1), checked ? -EINVAL : 0);
		assert_true(is_enabled(MSI, 4));
		end();
	}
}

/* ---- failures of the host ---- */

static void host_with_few_vectors(void **state)
{
	struct sim_machine machine = { .kernel = "6.12", .msix_vectors = 16, .msi_vectors = 8 };

	(void)state;
	begin(&machine);
	sim_limit_vectors(sim, 4);
	/* A positive result is a failure: the number of vectors that the host has. */
	assert_int_equal(set_all(MSIX, 0, 5, event), 4);
	assert_true(is_enabled(-1, 0));
	assert_int_equal(set(MSIX, 15, event), 4);
	assert_int_equal(set_all(MSI, 0, 8, event), 4);
	assert_true(is_enabled(-1, 0));
	assert_int_equal(set_all(MSI, 0, 4, event), 0);
	assert_int_equal(disable(MSI), 0);
	/* Vectors are allocated one by one, at any number, until the limit. */
	assert_int_equal(set(MSIX, 0, event), 0);
	assert_int_equal(set(MSIX, 9, event), 0);
	assert_int_equal(set_all(MSIX, 2, 2, event), 0);
	assert_true(is_enabled(MSIX, 4));
	assert_int_equal(set_all(MSIX, 9, 2, other), -ENOSPC);
	assert_int_equal(sim_irq_eventfd(sim, MSIX, 9), -1);
	assert_int_equal(set(MSIX, 9, -1), 0);
	assert_int_equal(set(MSIX, 10, event), -ENOSPC); /* vector 9 stays allocated */
	assert_int_equal(set(MSIX, 9, event), 0);
	sim_limit_vectors(sim, 0);
	assert_int_equal(set(MSIX, 10, event), 0);
	assert_true(is_enabled(MSIX, 5));
	end();
}

static void failing_handlers(void **state)
{
	(void)state;
	begin(NULL);
	sim_fail_vector(sim, 1, ENOMEM, 1);
	/* If the first enable fails, the index stays disabled. */
	assert_int_equal(set_all(MSIX, 0, 3, event), -ENOMEM);
	assert_true(is_enabled(-1, 0));
	assert_int_equal(set_all(MSIX, 0, 5, event), 0);
	sim_fail_vector(sim, 2, ENOSPC, 2);
	assert_int_equal(set_all(MSIX, 1, 3, other), -ENOSPC);
	for (uint32_t i = 0; i < 5; i++)
		assert_int_equal(sim_irq_eventfd(sim, MSIX, i) >= 0, i != 1 && i != 2);
	assert_int_equal(set(MSIX, 2, event), -ENOSPC);
	assert_int_equal(set(MSIX, 2, event), 0);
	/* A request for 0 failures ends the earlier request. */
	sim_fail_vector(sim, 0, EBUSY, 5);
	sim_fail_vector(sim, 0, 0, 0);
	assert_int_equal(set(MSIX, 0, other), 0);
	assert_int_equal(disable(MSIX), 0);
	end();
}

static void no_fd_leaks(void **state)
{
	unsigned before = host_open_fds();

	(void)state;
	for (int i = 0; i < 3; i++) {
		begin(NULL);
		assert_int_equal(set_all(MSIX, 0, 5, event), 0);
		assert_int_equal(set_all(MSIX, 0, 5, other), 0);
		sim_fail_vector(sim, 3, ENOMEM, 1);
		assert_int_equal(set_all(MSIX, 0, 5, event), -ENOMEM);
		assert_int_equal(set(REQ, 0, event), 0);
		assert_int_equal(set(ERR, 0, event), 0);
		assert_int_equal(disable(MSIX), 0);
		assert_int_equal(set(INTX, 0, event), 0);
		assert_int_equal(raw_set_unmask_eventfd(fd, other), 0);
		assert_int_equal(raw_set_unmask_eventfd(fd, event), -EBUSY);
		end();
	}
	assert_int_equal(host_open_fds(), before);
}

/* ---- the device ---- */

static void fire_needs_d0_and_an_eventfd(void **state)
{
	(void)state;
	begin(NULL);
	assert_false(sim_fire(sim, MSIX, 0));
	assert_int_equal(set(MSIX, 0, event), 0);
	assert_true(sim_fire(sim, MSIX, 0));
	assert_false(sim_fire(sim, MSI, 0));
	/* A suspended device raises nothing, and sim_fire() does not resume it. */
	assert_int_equal(raw_enter(fd), 0);
	assert_true(sim_is_suspended(sim));
	assert_false(sim_fire(sim, MSIX, 0));
	assert_true(sim_is_suspended(sim));
	sim_hold_awake(sim, true);
	assert_true(sim_fire(sim, MSIX, 0));
	sim_hold_awake(sim, false);
	assert_true(sim_is_suspended(sim));
	assert_int_equal(raw_exit(fd), 0);
	assert_int_equal(raw_take(event), 2);
	/* The host raises ERR and REQ. */
	assert_false(sim_fire(sim, ERR, 0));
	assert_int_equal(set(ERR, 0, event), 0);
	assert_int_equal(set(REQ, 0, other), 0);
	assert_true(sim_fire(sim, ERR, 0));
	assert_true(sim_fire(sim, REQ, 0));
	assert_int_equal(raw_take(event), 1);
	assert_int_equal(raw_take(other), 1);
	end();
}

/* Without an eventfd an MSI-X interrupt becomes pending. An MSI interrupt is lost. */
static void msix_becomes_pending_and_msi_is_lost(void **state)
{
	(void)state;
	begin(NULL);
	assert_int_equal(set(MSI, 0, -1), 0);
	assert_false(sim_fire(sim, MSI, 0));
	assert_int_equal(set(MSI, 0, event), 0);
	assert_int_equal(raw_take(event), 0);
	assert_int_equal(disable(MSI), 0);
	assert_int_equal(set(MSIX, 0, -1), 0);
	assert_false(sim_fire(sim, MSIX, 0));
	/* A pending interrupt survives a disable, as in the lab's device, and a use of MSI. */
	assert_int_equal(disable(MSIX), 0);
	assert_int_equal(set(MSI, 0, event), 0);
	assert_true(sim_fire(sim, MSI, 0));
	assert_int_equal(raw_take(event), 1);
	assert_int_equal(disable(MSI), 0);
	assert_int_equal(set(MSIX, 0, event), 0);
	assert_int_equal(raw_take(event), 1);
	assert_int_equal(disable(MSIX), 0);
	assert_false(sim_fire(sim, MSIX, 0));
	assert_int_equal(set(MSIX, 0, event), 0);
	assert_int_equal(raw_take(event), 0);
	end();
}

/* INTx is a level: an enable delivers an interrupt that was raised before. */
static void intx_raised_before_the_enable_arrives(void **state)
{
	(void)state;
	begin(NULL);
	assert_false(sim_fire(sim, INTX, 0));
	assert_int_equal(set(INTX, 0, event), 0);
	assert_int_equal(raw_take(event), 1);
	sim_clear_intx(sim);
	end();
}

/* ---- many threads ---- */

#define THREADS 8
#define ROUNDS	2000

static atomic_bool done;

static void *worker(void *data)
{
	uint32_t vector = (uint32_t)(uintptr_t)data;
	int mine = raw_eventfd();

	for (int i = 0; i < ROUNDS; i++) {
		set(MSIX, vector, i % 2 ? mine : event);
		set_all(MSIX, 0, THREADS, event);
		sim_fire(sim, MSIX, vector);
		sim_irq_eventfd(sim, MSIX, vector);
		if (vector == 0 && i % 64 == 0) {
			disable(MSIX);
			set(INTX, 0, event);
			raw_set_unmask_eventfd(fd, mine);
			sim_fire(sim, INTX, 0);
			sim_clear_intx(sim);
			disable(INTX);
		}
		raw_take(mine);
	}
	close(mine);
	return NULL;
}

static void *reader(void *data)
{
	(void)data;
	while (!done) {
		sim_irq_active(sim);
		sim_irq_allocated(sim);
		sim_set_irqs(sim);
		sim_ioctls(sim);
		sim_is_suspended(sim);
		sim_is_engaged(sim);
		raw_take(event);
	}
	return NULL;
}

static void threads_use_one_device(void **state)
{
	struct sim_machine machine = { .msix_vectors = THREADS };
	pthread_t threads[THREADS], reading;

	(void)state;
	begin(&machine);
	done = false;
	assert_int_equal(pthread_create(&reading, NULL, reader, NULL), 0);
	for (uintptr_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, worker, (void *)i), 0);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	done = true;
	assert_int_equal(pthread_join(reading, NULL), 0);
	assert_true(sim_set_irqs(sim) >= THREADS * ROUNDS * 2);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_vectors_can_be_used),
		cmocka_unit_test(simulator_shows_eventfds),
		cmocka_unit_test(msi_beyond_the_first_enable),
		cmocka_unit_test(host_with_few_vectors),
		cmocka_unit_test(failing_handlers),
		cmocka_unit_test(no_fd_leaks),
		cmocka_unit_test(fire_needs_d0_and_an_eventfd),
		cmocka_unit_test(msix_becomes_pending_and_msi_is_lost),
		cmocka_unit_test(intx_raised_before_the_enable_arrives),
		cmocka_unit_test(threads_use_one_device),
	};

	return cmocka_run_group_tests_name("sim-irq", tests, NULL, NULL);
}
