// SPDX-License-Identifier: MIT
/*
 * Tests of regions that need the simulator: answers of the kernel that a test cannot produce, calls
 * that fail, and the system calls that an access makes.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include <vfiopm/vfiopm.h>

#include "lib/irq.h"
#include "lib/uapi.h"
#include "raw.h"
#include "sim.h"
#include "test.h"

#define PAGE	 UINT64_C(0x1000)
#define COMMAND	 4
#define PM	 0xc8
#define EXPRESS	 0xe0
#define MSIX	 0xa0
#define BAR_SIZE UINT64_C(0x20000)
#define RW_MMAP	 7

struct fixture {
	struct sim_device *sim;
	struct vfiopm_device *dev;
	int fd, wakeup;
	struct vfiopm_region *bar;
	atomic_bool done;
};

static void fixture_open_machine(struct fixture *fixture, const struct sim_machine *machine)
{
	fixture->sim = sim_add(machine);
	fixture->fd = sim_open_device(fixture->sim);
	fixture->wakeup = raw_eventfd();
	fixture->bar = NULL;
	expect_ok(vfiopm_device_new_from_fd(fixture->fd, &fixture->dev));
}

static void fixture_open(struct fixture *fixture)
{
	fixture_open_machine(fixture, NULL);
	expect_ok(vfiopm_region_new(fixture->dev, VFIOPM_REGION_BAR0, &fixture->bar));
}

static void fixture_close(struct fixture *fixture)
{
	vfiopm_region_free(fixture->bar);
	vfiopm_device_free(fixture->dev);
	close(fixture->wakeup);
	close(fixture->fd);
	sim_reset();
}

static int read32(struct vfiopm_region *region, uint64_t offset)
{
	uint32_t value;

	return vfiopm_region_read(region, offset, sizeof(value), 0, &value);
}

/* The number of system calls of one aligned read. */
static unsigned calls_of_a_read(struct vfiopm_region *region, uint64_t offset)
{
	sim_calls_begin();
	expect_ok(read32(region, offset));
	return sim_calls_end();
}

/* ---- answers to GET_REGION_INFO ---- */

/* An answer with sparse areas. */
struct answer {
	struct vfio_region_info info;
	struct {
		struct vfio_info_cap_header header;
		uint32_t nr_areas, reserved;
	} sparse;
	struct vfio_region_sparse_mmap_area areas[30];
};

static struct answer make_answer(uint32_t index, uint32_t flags, uint32_t areas)
{
	const size_t size = offsetof(struct answer, areas) +
			    areas * sizeof(struct vfio_region_sparse_mmap_area);

	return (struct answer){
		.info = { .argsz = (uint32_t)size,
			  .flags = flags | VFIO_REGION_INFO_FLAG_CAPS,
			  .index = index,
			  .cap_offset = sizeof(struct vfio_region_info),
			  .size = BAR_SIZE,
			  .offset = (uint64_t)index << 40 },
		.sparse = { .header = { .id = VFIO_REGION_INFO_CAP_SPARSE_MMAP, .version = 1 },
			    .nr_areas = areas },
	};
}

static void malformed_answer(void **state)
{
	struct answer answer = make_answer(5, RW_MMAP, 0);
	struct vfiopm_region *region = NULL;
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture);
	answer.sparse.header.next = sizeof(answer.info);
	sim_set_region_answer(fixture.sim, 5, &answer, answer.info.argsz);
	expect_errno(EPROTO, vfiopm_region_new(fixture.dev, 5, &region));
	assert_null(region);
	fixture_close(&fixture);
}

static void long_answers(void **state)
{
	struct answer answer = make_answer(5, RW_MMAP, 30);
	uint64_t offset, length;
	struct fixture fixture;
	unsigned before;

	(void)state;
	fixture_open(&fixture);
	vfiopm_region_free(fixture.bar);
	for (uint64_t i = 0; i < 30; i++)
		answer.areas[i] =
			(struct vfio_region_sparse_mmap_area){ .offset = i * PAGE, .size = 1 };
	sim_set_region_answer(fixture.sim, 5, &answer, sizeof(answer));
	/* The second ioctl has a buffer for all. */
	before = sim_ioctls(fixture.sim);
	expect_ok(vfiopm_region_new(fixture.dev, 5, &fixture.bar));
	assert_int_equal(sim_ioctls(fixture.sim) - before, 2);
	expect_ok(vfiopm_region_get_area(fixture.bar, 29, &offset, &length));
	assert_true(offset == 29 * PAGE && length == 1);
	expect_errno(ENOENT, vfiopm_region_get_area(fixture.bar, 30, &offset, &length));
	fixture.bar = vfiopm_region_free(fixture.bar);
	/* The second ioctl fails. */
	sim_ioctl_fails_after(1, EIO);
	expect_errno(EIO, vfiopm_region_new(fixture.dev, 5, &fixture.bar));
	sim_calls_end();
	/* No kernel needs so much. */
	answer.info.argsz = 65537;
	before = sim_ioctls(fixture.sim);
	expect_errno(EPROTO, vfiopm_region_new(fixture.dev, 5, &fixture.bar));
	assert_int_equal(sim_ioctls(fixture.sim) - before, 1);
	assert_null(fixture.bar);
	fixture_close(&fixture);
}

static void type_of_a_region(void **state)
{
	struct {
		struct vfio_region_info info;
		struct vfio_region_info_cap_type type;
	} answer = { .info = { .argsz = sizeof(answer),
			       .flags = 3 | VFIO_REGION_INFO_FLAG_CAPS,
			       .cap_offset = sizeof(struct vfio_region_info) },
		     .type = { .header = { .id = VFIO_REGION_INFO_CAP_TYPE, .version = 1 },
			       .type = 0x80008086,
			       .subtype = 2 } };
	uint32_t type = 0, subtype = 0;
	struct fixture fixture;

	(void)state;
	fixture_open_machine(&fixture, NULL);
	sim_set_region_answer(fixture.sim, 4, &answer, sizeof(answer));
	expect_ok(vfiopm_region_new(fixture.dev, 4, &fixture.bar));
	expect_ok(vfiopm_region_get_type(fixture.bar, &type, &subtype));
	assert_int_equal(type, 0x80008086);
	assert_int_equal(subtype, 2);
	fixture_close(&fixture);
}

static void creation_that_fails(void **state)
{
	struct vfiopm_region *region = NULL;
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture);
	/* The answer, then the object. */
	for (unsigned i = 0; i < 3; i += 2) {
		sim_calls_fail(i, ENOMEM);
		expect_errno(ENOMEM, vfiopm_region_new(fixture.dev, 0, &region));
		sim_calls_end();
		assert_string_equal(sim_call_name(i), "calloc");
	}
	expect_ok(vfiopm_enter(fixture.dev));
	sim_fail_resume(fixture.sim, true);
	expect_errno(EIO, vfiopm_region_new(fixture.dev, 0, &region));
	assert_null(region);
	sim_fail_resume(fixture.sim, false);
	fixture_close(&fixture);
}

/* ---- sparse areas ---- */

static void open_sparse(struct fixture *fixture, struct answer *answer)
{
	*answer = make_answer(0, RW_MMAP, 3);
	answer->areas[0] = (struct vfio_region_sparse_mmap_area){ .offset = 0, .size = PAGE };
	answer->areas[1] = (struct vfio_region_sparse_mmap_area){ .offset = 2 * PAGE, .size = 0 };
	answer->areas[2] =
		(struct vfio_region_sparse_mmap_area){ .offset = 4 * PAGE, .size = 2 * PAGE };
	fixture_open_machine(fixture, NULL);
	sim_set_region_answer(fixture->sim, 0, answer, sizeof(*answer));
	expect_ok(vfiopm_region_new(fixture->dev, 0, &fixture->bar));
}

static void sparse_areas(void **state)
{
	uint64_t offset, length;
	struct fixture fixture;
	struct answer answer;
	uint32_t value = 42;
	void *address;

	(void)state;
	open_sparse(&fixture, &answer);
	/* The empty area is left out. */
	expect_ok(vfiopm_region_get_area(fixture.bar, 1, &offset, &length));
	assert_true(offset == 4 * PAGE && length == 2 * PAGE);
	expect_errno(ENOENT, vfiopm_region_get_area(fixture.bar, 2, &offset, &length));
	sim_calls_begin();
	expect_ok(vfiopm_region_map(fixture.bar));
	assert_int_equal(sim_calls_end(), 2);
	expect_ok(vfiopm_region_get_address(fixture.bar, 0, PAGE, &address));
	expect_ok(vfiopm_region_get_address(fixture.bar, 5 * PAGE, PAGE, &address));
	expect_errno(ENOENT, vfiopm_region_get_address(fixture.bar, 1, PAGE, &address));
	expect_errno(ENOENT, vfiopm_region_get_address(fixture.bar, PAGE, 1, &address));
	expect_errno(ENOENT, vfiopm_region_get_address(fixture.bar, 4 * PAGE - 1, 2, &address));
	expect_errno(ENOENT, vfiopm_region_get_address(fixture.bar, 6 * PAGE, 1, &address));
	/* Memory inside an area, the fd outside, and over the end of an area. */
	expect_ok(vfiopm_region_write(fixture.bar, PAGE, sizeof(value), 0, &value));
	/* GET_REGION_INFO, the list, four headers, the MSI-X table, COMMAND and PMCSR. */
	assert_int_equal(calls_of_a_read(fixture.bar, PAGE - 4), 9);
	assert_int_equal(calls_of_a_read(fixture.bar, PAGE - 4), 0);
	assert_int_equal(calls_of_a_read(fixture.bar, 5 * PAGE), 0);
	assert_int_equal(calls_of_a_read(fixture.bar, PAGE), 1);
	assert_int_equal(calls_of_a_read(fixture.bar, PAGE - 2), 1);
	assert_int_equal(calls_of_a_read(fixture.bar, 6 * PAGE), 1);
	expect_ok(vfiopm_region_read(fixture.bar, PAGE, sizeof(value), 0, &value));
	assert_int_equal(value, 42);
	fixture_close(&fixture);
}

static void failed_map_is_rolled_back(void **state)
{
	struct fixture fixture;
	struct answer answer;
	void *address;

	(void)state;
	open_sparse(&fixture, &answer);
	sim_calls_fail(0, EBUSY);
	expect_errno(EBUSY, vfiopm_region_map(fixture.bar));
	sim_calls_fail(1, ENOMEM);
	expect_errno(ENOMEM, vfiopm_region_map(fixture.bar));
	sim_calls_end();
	expect_errno(ENOENT, vfiopm_region_get_address(fixture.bar, 0, 1, &address));
	expect_errno(ENOENT, vfiopm_region_get_address(fixture.bar, 4 * PAGE, 1, &address));
	fixture.bar = vfiopm_region_free(fixture.bar);
	/* The kernel refuses an area that is no page. */
	answer.areas[0].offset = 1;
	expect_ok(vfiopm_region_new(fixture.dev, 0, &fixture.bar));
	expect_errno(EINVAL, vfiopm_region_map(fixture.bar));
	fixture_close(&fixture);
}

static void flags_limit_accesses(void **state)
{
	struct answer answer =
		make_answer(0, VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_MMAP, 1);
	struct fixture fixture;
	uint32_t value = 42;

	(void)state;
	answer.areas[0].size = PAGE;
	fixture_open_machine(&fixture, NULL);
	sim_set_region_answer(fixture.sim, 0, &answer, sizeof(answer));
	expect_ok(vfiopm_region_new(fixture.dev, 0, &fixture.bar));
	expect_ok(vfiopm_region_map(fixture.bar));
	expect_errno(EINVAL, vfiopm_region_write(fixture.bar, 0, 4, 0, &value));
	expect_ok(vfiopm_region_read(fixture.bar, 0, 4, 0, &value));
	assert_int_equal(value, 0);
	vfiopm_region_free(fixture.bar);
	answer.info.flags ^= VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
	expect_ok(vfiopm_region_new(fixture.dev, 0, &fixture.bar));
	expect_ok(vfiopm_region_map(fixture.bar));
	expect_ok(vfiopm_region_write(fixture.bar, 0, 4, 0, &value));
	expect_errno(EINVAL, vfiopm_region_read(fixture.bar, 0, 4, 0, &value));
	assert_int_equal(value, UINT32_MAX);
	fixture_close(&fixture);
}

/* ---- accesses ---- */

/* Each width and alignment, through memory and through the fd. */
static void accesses_of_any_width(void **state)
{
	uint8_t expected[64], seen[64], bytes[24];
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture);
	for (uint8_t i = 0; i < sizeof(expected); i++)
		expected[i] = (uint8_t)(i * 7 + 1);
	expect_ok(vfiopm_region_write(fixture.bar, 0x100, sizeof(expected), 0, expected));
	for (int mapped = 0; mapped < 2; mapped++) {
		for (uint64_t at = 0; at < 24; at++) {
			for (size_t length = 1; length <= sizeof(bytes); length++) {
				expect_ok(vfiopm_region_read(fixture.bar, 0x100 + at, length, 0,
							     bytes));
				assert_memory_equal(bytes, expected + at, length);
				for (size_t i = 0; i < length; i++)
					expected[at + i] = bytes[i] = (uint8_t)(bytes[i] * 3 + 5);
				expect_ok(vfiopm_region_write(fixture.bar, 0x100 + at, length, 0,
							      bytes));
				expect_ok(vfiopm_region_read(fixture.bar, 0x100, sizeof(seen), 0,
							     seen));
				assert_memory_equal(seen, expected, sizeof(seen));
			}
		}
		expect_ok(vfiopm_region_map(fixture.bar));
	}
	fixture_close(&fixture);
}

/* Write eight equal bytes, again and again. */
static void *write_patterns(void *data)
{
	struct fixture *fixture = data;

	for (uint64_t i = 0; i < 1000000; i++) {
		uint64_t value = (i & 0xff) * UINT64_C(0x0101010101010101);

		vfiopm_region_write(fixture->bar, 0x100, sizeof(value), 0, &value);
	}
	fixture->done = true;
	return NULL;
}

/* The device sees an aligned access as one access. */
static void aligned_access_is_not_split(void **state)
{
	struct fixture fixture;
	pthread_t thread;
	unsigned torn = 0;
	void *address;

	(void)state;
	fixture_open(&fixture);
	fixture.done = false;
	expect_ok(vfiopm_region_map(fixture.bar));
	expect_ok(vfiopm_region_get_address(fixture.bar, 0x100, 8, &address));
	assert_int_equal(pthread_create(&thread, NULL, write_patterns, &fixture), 0);
	while (!fixture.done) {
		uint64_t value = *(volatile uint64_t *)address;

		torn += value != (value & 0xff) * UINT64_C(0x0101010101010101);
	}
	pthread_join(thread, NULL);
	assert_int_equal(torn, 0);
	fixture_close(&fixture);
}

/* Only a write to the configuration space makes the library read COMMAND and PMCSR again. */
static void memory_is_used_without_system_calls(void **state)
{
	struct vfiopm_region *config;
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture);
	expect_ok(vfiopm_region_new(fixture.dev, VFIOPM_REGION_CONFIG, &config));
	assert_int_equal(calls_of_a_read(fixture.bar, 8), 1);
	expect_ok(vfiopm_region_map(fixture.bar));
	expect_ok(read32(fixture.bar, 8));
	for (int i = 0; i < 3; i++)
		assert_int_equal(calls_of_a_read(fixture.bar, 8), 0);
	expect_ok(read32(config, 0));
	assert_int_equal(calls_of_a_read(fixture.bar, 8), 0);
	expect_ok(vfiopm_region_write(config, 0x3c, 1, 0, "\1"));
	assert_int_equal(calls_of_a_read(fixture.bar, 8), 2);
	assert_int_equal(calls_of_a_read(fixture.bar, 8), 0);
	/* Off: both are known, so only the access itself is a call. */
	expect_ok(vfiopm_region_write(config, COMMAND, 1, 0, "\0"));
	expect_errno(EIO, vfiopm_region_read(fixture.bar, 8, 1, 0, &(uint8_t){ 0 }));
	sim_calls_begin();
	expect_errno(EIO, vfiopm_region_read(fixture.bar, 8, 1, 0, &(uint8_t){ 0 }));
	assert_int_equal(sim_calls_end(), 1);
	vfiopm_region_free(config);
	fixture_close(&fixture);
}

static void accesses_that_fail(void **state)
{
	struct fixture fixture;
	uint64_t value = 0;

	(void)state;
	fixture_open(&fixture);
	sim_calls_fail(0, EBUSY);
	expect_errno(EBUSY, vfiopm_region_read(fixture.bar, 0, 8, 0, &value));
	assert_true(value == UINT64_MAX);
	sim_calls_fail(0, ENOMEM);
	expect_errno(ENOMEM, vfiopm_region_read(fixture.bar, 0, 8, 0, &value));
	sim_calls_fail(0, EBUSY);
	expect_errno(EBUSY, vfiopm_region_write(fixture.bar, 0, 8, 0, &value));
	sim_calls_fail(0, ENOMEM);
	expect_errno(ENOMEM, vfiopm_region_write(fixture.bar, 0, 8, 0, &value));
	/* No byte is transferred. */
	sim_calls_answer(0, 0);
	expect_errno(EPROTO, vfiopm_region_read(fixture.bar, 0, 8, 0, &value));
	sim_calls_answer(0, 0);
	expect_errno(EPROTO, vfiopm_region_write(fixture.bar, 0, 8, 0, &value));
	/* The first part is transferred, the second fails. */
	sim_calls_answer(1, 0);
	expect_ok(vfiopm_region_write(fixture.bar, 0, 8, 0, "\1\2\3\4\5\6\7\10"));
	sim_calls_answer(0, 3);
	value = 0;
	expect_ok(vfiopm_region_read(fixture.bar, 0, 8, 0, &value));
	assert_int_equal(sim_calls_end(), 2);
	assert_true(value == UINT64_C(0x0807060504000000));
	sim_calls_answer(0, 3);
	expect_ok(vfiopm_region_write(fixture.bar, 0, 8, 0, "\11\11\11\11\11\11\11\11"));
	assert_int_equal(sim_calls_end(), 2);
	expect_ok(vfiopm_region_read(fixture.bar, 0, 8, 0, &value));
	assert_true(value == UINT64_C(0x0909090909030201));
	fixture_close(&fixture);
}

/* The access fails if the device cannot be resumed, and the device stays in low power. */
static void device_that_cannot_be_resumed(void **state)
{
	struct fixture fixture;
	uint32_t value = 0;

	(void)state;
	fixture_open(&fixture);
	expect_ok(vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
	assert_true(sim_is_suspended(fixture.sim));
	sim_fail_resume(fixture.sim, true);
	expect_errno(EIO, vfiopm_region_read(fixture.bar, 8, 4, VFIOPM_REGION_WAKE, &value));
	assert_int_equal(value, UINT32_MAX);
	expect_errno(EIO, vfiopm_region_write(fixture.bar, 8, 4, VFIOPM_REGION_WAKE, &value));
	assert_int_equal(vfiopm_get_state(fixture.dev), VFIOPM_STATE_LOW_POWER_WAKEUP);
	sim_fail_resume(fixture.sim, false);
	expect_ok(vfiopm_region_read(fixture.bar, 8, 4, VFIOPM_REGION_WAKE, &value));
	assert_int_equal(vfiopm_take_wake(fixture.dev), 0);
	assert_true(sim_is_suspended(fixture.sim));
	fixture_close(&fixture);
}

/* The kernel refuses the entry after an access: the device stays on, and the eventfd says so. */
static void refused_entry_after_an_access(void **state)
{
	struct fixture fixture;
	uint32_t value = 0;

	(void)state;
	fixture_open(&fixture);
	expect_ok(vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
	sim_ioctls_fail_after(0, EINVAL);
	expect_ok(vfiopm_region_read(fixture.bar, 8, 4, VFIOPM_REGION_WAKE, &value));
	sim_calls_end();
	assert_int_equal(vfiopm_get_state(fixture.dev), VFIOPM_STATE_WOKEN);
	assert_true(raw_readable(fixture.wakeup));
	assert_int_equal(vfiopm_take_wake(fixture.dev), 1);
	expect_ok(read32(fixture.bar, 8));
	fixture_close(&fixture);
}

static int run(struct fixture *fixture, int operation)
{
	struct vfiopm_region *region;
	uint32_t value = 0;
	int r;

	if (operation == 0)
		return vfiopm_region_read(fixture->bar, 8, 4, VFIOPM_REGION_WAKE, &value);
	if (operation == 1)
		return vfiopm_region_write(fixture->bar, 8, 4, VFIOPM_REGION_WAKE, &value);
	r = vfiopm_region_new(fixture->dev, 0, &region);
	if (r == 0)
		vfiopm_region_free(region);
	return r;
}

/* Each ioctl, read and write of an access to an armed device fails. The state stays the kernel's,
 * and there is a wake exactly if low power has ended. */
static void each_call_of_an_access_fails(void **state)
{
	struct fixture fixture;

	(void)state;
	for (int operation = 0; operation < 3; operation++) {
		unsigned count = 1;

		for (unsigned i = 0; i < count; i++) {
			const char *call;
			bool engaged;

			fixture_open(&fixture);
			expect_ok(vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
			sim_calls_begin();
			expect_ok(run(&fixture, operation));
			count = sim_calls_end();
			call = sim_call_name(i);
			/* A poll() and a preadv2() of an eventfd cannot fail here. */
			if (strcmp(call, "poll") != 0 && strcmp(call, "preadv2") != 0) {
				sim_calls_fail(i, ENOMEM);
				run(&fixture, operation);
				sim_calls_end();
			}
			engaged = sim_is_engaged(fixture.sim);
			assert_int_equal(vfiopm_get_state(fixture.dev),
					 engaged ? VFIOPM_STATE_LOW_POWER_WAKEUP
						 : VFIOPM_STATE_WOKEN);
			assert_int_equal(vfiopm_take_wake(fixture.dev), !engaged);
			expect_ok(run(&fixture, operation));
			fixture_close(&fixture);
		}
	}
}

/* ---- what is known of the configuration space ---- */

/* If a call fails, the access uses the fd, and the next access tries again. */
static void unknown_configuration_space(void **state)
{
	struct fixture fixture;
	unsigned fails = 0, calls;

	(void)state;
	do {
		for (int shorter = 0; shorter < 2; shorter++) {
			fixture_open(&fixture);
			expect_ok(vfiopm_region_map(fixture.bar));
			if (shorter && fails > 0)
				sim_calls_answer(fails, 1);
			else
				sim_calls_fail(fails, EIO);
			expect_ok(read32(fixture.bar, 8));
			calls = sim_calls_end();
			expect_ok(read32(fixture.bar, 8));
			assert_int_equal(calls_of_a_read(fixture.bar, 8), 0);
			fixture_close(&fixture);
		}
		fails++;
	} while (calls == fails + 1);
	/* Each of nine calls has failed, then none. */
	assert_int_equal(fails, 10);
}

static void no_power_management(void **state)
{
	const struct sim_machine machine = { .no_pm = true, .no_msix = true };
	struct fixture fixture;

	(void)state;
	fixture_open_machine(&fixture, &machine);
	expect_ok(vfiopm_region_new(fixture.dev, 0, &fixture.bar));
	expect_ok(vfiopm_region_map(fixture.bar));
	expect_ok(read32(fixture.bar, 0));
	assert_int_equal(calls_of_a_read(fixture.bar, 0), 0);
	fixture_close(&fixture);
}

/* A list with a loop, a list that points into the header, and no list. */
static void bad_list_of_capabilities(void **state)
{
	static const struct {
		unsigned offset;
		uint8_t byte;
	} cases[] = { { EXPRESS + 1, PM },   { EXPRESS + 1, EXPRESS },
		      { EXPRESS + 1, 0x3c }, { EXPRESS + 1, 0xff },
		      { 0x34, 0 },	     { 0x34, 0x20 } };
	struct fixture fixture;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fixture_open(&fixture);
		sim_set_config(fixture.sim, cases[i].offset, &cases[i].byte, 1);
		expect_ok(vfiopm_region_map(fixture.bar));
		expect_ok(read32(fixture.bar, 8));
		assert_int_equal(calls_of_a_read(fixture.bar, 8), 0);
		fixture_close(&fixture);
	}
}

/* A BAR with registers and the MSI-X table: memory before and behind the table, the fd inside. */
static void msix_table_between_registers(void **state)
{
	static const struct {
		uint64_t offset;
		unsigned calls;
	} cases[] = { { 0x2ff8, 0 }, { 0x2ffc, 0 }, { 0x2ffd, 1 }, { 0x3000, 1 },
		      { 0x304c, 1 }, { 0x304f, 1 }, { 0x3050, 0 }, { 0x4000, 0 } };
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture);
	/* The table of five vectors is at 0x3000 of BAR 0. */
	sim_set_config(fixture.sim, MSIX + 4, "\0\x30\0\0", 4);
	expect_ok(vfiopm_region_map(fixture.bar));
	expect_ok(read32(fixture.bar, 0));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(calls_of_a_read(fixture.bar, cases[i].offset), cases[i].calls);
	fixture_close(&fixture);
}

/* A device that is not PCI has neither COMMAND nor PMCSR. */
static void device_that_is_not_pci(void **state)
{
	const struct sim_machine machine = { .platform_irqs = "L" };
	struct answer answer = make_answer(0, RW_MMAP, 1);
	int event = raw_eventfd(), unmask = raw_eventfd();
	uint64_t offset, length;
	struct fixture fixture;
	unsigned ioctls;

	(void)state;
	fixture_open_machine(&fixture, &machine);
	expect_errno(EINVAL, vfiopm_region_new(fixture.dev, 0, &fixture.bar));
	answer.areas[0].size = PAGE;
	sim_set_region_answer(fixture.sim, 0, &answer, sizeof(answer));
	expect_ok(vfiopm_region_new(fixture.dev, 0, &fixture.bar));
	expect_ok(vfiopm_region_map(fixture.bar));
	assert_int_equal(calls_of_a_read(fixture.bar, 8), 0);
	sim_calls_begin();
	expect_ok(vfiopm_region_get_guest_area(fixture.bar, 0, &offset, &length));
	assert_int_equal(sim_calls_end(), 0);
	assert_true(offset == 0 && length == PAGE);
	/* Index 0 is no INTx there. */
	expect_ok(vfiopm_irq_set_signaling(fixture.dev, 0, 0, event));
	expect_ok(vfiopm_irq_set_unmask_eventfd(fixture.dev, 0, 0, unmask));
	ioctls = sim_ioctls(fixture.sim);
	expect_ok(vfiopm__irq_restore_intx(fixture.dev));
	assert_int_equal(sim_ioctls(fixture.sim), ioctls);
	close(event);
	close(unmask);
	fixture_close(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(malformed_answer),
		cmocka_unit_test(long_answers),
		cmocka_unit_test(type_of_a_region),
		cmocka_unit_test(creation_that_fails),
		cmocka_unit_test(sparse_areas),
		cmocka_unit_test(failed_map_is_rolled_back),
		cmocka_unit_test(flags_limit_accesses),
		cmocka_unit_test(accesses_of_any_width),
		cmocka_unit_test(aligned_access_is_not_split),
		cmocka_unit_test(memory_is_used_without_system_calls),
		cmocka_unit_test(accesses_that_fail),
		cmocka_unit_test(device_that_cannot_be_resumed),
		cmocka_unit_test(refused_entry_after_an_access),
		cmocka_unit_test(each_call_of_an_access_fails),
		cmocka_unit_test(unknown_configuration_space),
		cmocka_unit_test(no_power_management),
		cmocka_unit_test(bad_list_of_capabilities),
		cmocka_unit_test(msix_table_between_registers),
		cmocka_unit_test(device_that_is_not_pci),
	};

	return cmocka_run_group_tests_name("region-corners", tests, NULL, NULL);
}
