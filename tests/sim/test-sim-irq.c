// SPDX-License-Identifier: MIT
/*
 * Interrupts as only the simulator can show them, without the library: devices with many
 * vectors, a host that has few, handlers that cannot be registered, what a real device
 * would need DMA for. And that the simulator bears many threads.
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

/* What the simulator says of an index. */
static bool shows(int type, unsigned allocated)
{
	return sim_irq_active(sim) == type && sim_irq_allocated(sim) == allocated;
}

/* ---- many vectors ---- */

static void counts(void **state)
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
	assert_true(shows(MSI, 32));
	assert_int_equal(disable(MSI), 0);
	assert_int_equal(set_all(MSIX, 0, MANY, event), 0);
	assert_true(shows(MSIX, MANY));
	for (uint32_t i = 0; i < MANY; i++)
		assert_true(sim_fire(sim, MSIX, i));
	assert_int_equal(raw_take(event), MANY);
	assert_false(sim_fire(sim, MSIX, MANY));
	assert_int_equal(sim_set_irqs(sim), 4);
	end();
}

/* What the test sees is the eventfd, not its number. */
static void readout(void **state)
{
	(void)state;
	begin(NULL);
	assert_true(shows(-1, 0));
	assert_int_equal(sim_irq_eventfd(sim, MSIX, 0), -1);
	assert_int_equal(set(MSIX, 2, event), 0);
	assert_true(shows(MSIX, 3));
	assert_int_equal(sim_irq_eventfd(sim, MSIX, 0), -1);
	assert_int_equal(sim_irq_eventfd(sim, MSI, 2), -1);
	assert_int_equal(sim_irq_eventfd(sim, MSIX, 5), -1);
	assert_int_equal(sim_irq_eventfd(sim, 5, 0), -1);
	assert_int_equal(write(sim_irq_eventfd(sim, MSIX, 2), &(uint64_t){ 7 }, 8), 8);
	assert_int_equal(raw_take(event), 7);
	assert_int_equal(disable(MSIX), 0);
	assert_true(shows(-1, 0));
	assert_int_equal(set(INTX, 0, event), 0);
	assert_true(shows(INTX, 1));
	assert_int_equal(disable(INTX), 0);
	assert_true(shows(-1, 0));
	end();
}

/* MSI cannot grow, on no kernel; where the range is not checked the block is rolled back. */
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
		assert_true(shows(MSI, 4));
		end();
	}
}

/* ---- a host that has not what is asked for ---- */

static void few_vectors(void **state)
{
	struct sim_machine machine = { .kernel = "6.12", .msix_vectors = 16, .msi_vectors = 8 };

	(void)state;
	begin(&machine);
	sim_limit_vectors(sim, 4);
	/* A positive number is a failure. */
	assert_int_equal(set_all(MSIX, 0, 5, event), 4);
	assert_true(shows(-1, 0));
	assert_int_equal(set(MSIX, 15, event), 4);
	assert_int_equal(set_all(MSI, 0, 8, event), 4);
	assert_true(shows(-1, 0));
	assert_int_equal(set_all(MSI, 0, 4, event), 0);
	assert_int_equal(disable(MSI), 0);
	/* One by one they are allocated wherever they are, as long as there are some. */
	assert_int_equal(set(MSIX, 0, event), 0);
	assert_int_equal(set(MSIX, 9, event), 0);
	assert_int_equal(set_all(MSIX, 2, 2, event), 0);
	assert_true(shows(MSIX, 4));
	assert_int_equal(set_all(MSIX, 9, 2, other), -ENOSPC);
	assert_int_equal(sim_irq_eventfd(sim, MSIX, 9), -1);
	assert_int_equal(set(MSIX, 9, -1), 0);
	assert_int_equal(set(MSIX, 10, event), -ENOSPC); /* it is kept for 9 */
	assert_int_equal(set(MSIX, 9, event), 0);
	sim_limit_vectors(sim, 0);
	assert_int_equal(set(MSIX, 10, event), 0);
	assert_true(shows(MSIX, 5));
	end();
}

static void handlers_that_fail(void **state)
{
	(void)state;
	begin(NULL);
	sim_fail_vector(sim, 1, ENOMEM, 1);
	/* The first enable is all or nothing. */
	assert_int_equal(set_all(MSIX, 0, 3, event), -ENOMEM);
	assert_true(shows(-1, 0));
	assert_int_equal(set_all(MSIX, 0, 5, event), 0);
	sim_fail_vector(sim, 2, ENOSPC, 2);
	assert_int_equal(set_all(MSIX, 1, 3, other), -ENOSPC);
	for (uint32_t i = 0; i < 5; i++)
		assert_int_equal(sim_irq_eventfd(sim, MSIX, i) >= 0, i != 1 && i != 2);
	assert_int_equal(set(MSIX, 2, event), -ENOSPC);
	assert_int_equal(set(MSIX, 2, event), 0);
	sim_fail_vector(sim, 0, EBUSY, 5);
	sim_fail_vector(sim, 0, 0, 0);
	assert_int_equal(set(MSIX, 0, other), 0);
	/* Nothing is left open. */
	assert_int_equal(disable(MSIX), 0);
	end();
}

static void no_fd_is_lost(void **state)
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

static void fires_when_it_can(void **state)
{
	(void)state;
	begin(NULL);
	assert_false(sim_fire(sim, MSIX, 0));
	assert_int_equal(set(MSIX, 0, event), 0);
	assert_true(sim_fire(sim, MSIX, 0));
	assert_false(sim_fire(sim, MSI, 0));
	/* A device that sleeps raises nothing, and is not woken by being asked to. */
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
	/* The host's own. */
	assert_false(sim_fire(sim, ERR, 0));
	assert_int_equal(set(ERR, 0, event), 0);
	assert_int_equal(set(REQ, 0, other), 0);
	assert_true(sim_fire(sim, ERR, 0));
	assert_true(sim_fire(sim, REQ, 0));
	assert_int_equal(raw_take(event), 1);
	assert_int_equal(raw_take(other), 1);
	end();
}

/* MSI-X remembers, MSI does not. */
static void without_a_handler(void **state)
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
	/* Also over a disable, as the lab's device does. */
	assert_int_equal(disable(MSIX), 0);
	assert_int_equal(set(MSIX, 0, event), 0);
	assert_int_equal(raw_take(event), 1);
	assert_int_equal(disable(MSIX), 0);
	assert_false(sim_fire(sim, MSIX, 0));
	assert_int_equal(set(MSIX, 0, event), 0);
	assert_int_equal(raw_take(event), 0);
	end();
}

/* A level that is there when somebody begins to listen is seen. */
static void raised_before_it_is_enabled(void **state)
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

static void *watcher(void *data)
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

static void many_threads(void **state)
{
	struct sim_machine machine = { .msix_vectors = THREADS };
	pthread_t threads[THREADS], watch;

	(void)state;
	begin(&machine);
	done = false;
	assert_int_equal(pthread_create(&watch, NULL, watcher, NULL), 0);
	for (uintptr_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, worker, (void *)i), 0);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	done = true;
	assert_int_equal(pthread_join(watch, NULL), 0);
	assert_true(sim_set_irqs(sim) >= THREADS * ROUNDS * 2);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts),
		cmocka_unit_test(readout),
		cmocka_unit_test(msi_beyond_the_first_enable),
		cmocka_unit_test(few_vectors),
		cmocka_unit_test(handlers_that_fail),
		cmocka_unit_test(no_fd_is_lost),
		cmocka_unit_test(fires_when_it_can),
		cmocka_unit_test(without_a_handler),
		cmocka_unit_test(raised_before_it_is_enabled),
		cmocka_unit_test(many_threads),
	};

	return cmocka_run_group_tests_name("sim-irq", tests, NULL, NULL);
}
