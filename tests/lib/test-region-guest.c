// SPDX-License-Identifier: MIT
/*
 * Tests of the areas of a BAR that a guest can have (vfiopm_region_get_guest_area()), with places of
 * the MSI-X table and of the PBA that the e1000e does not have.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <vfiopm/vfiopm.h>

#include "lib/uapi.h"
#include "sim.h"
#include "test.h"

#define PAGE UINT64_C(0x1000)
#define MSIX 0xa0

struct fixture {
	struct sim_device *sim;
	struct vfiopm_device *dev;
	int fd;
	struct vfiopm_region *bar; /* BAR 0, which has 32 pages */
};

static void fixture_open_machine(struct fixture *fixture, const struct sim_machine *machine)
{
	fixture->sim = sim_add(machine);
	fixture->fd = sim_open_device(fixture->sim);
	expect_ok(vfiopm_device_new_from_fd(fixture->fd, &fixture->dev));
	expect_ok(vfiopm_region_new(fixture->dev, VFIOPM_REGION_BAR0, &fixture->bar));
}

static void fixture_open(struct fixture *fixture)
{
	fixture_open_machine(fixture, NULL);
}

static void fixture_close(struct fixture *fixture)
{
	vfiopm_region_free(fixture->bar);
	vfiopm_device_free(fixture->dev);
	close(fixture->fd);
	sim_reset();
}

/* Make the MSI-X capability of a new device state these places, in the form of its registers. */
static void place_msix(struct fixture *fixture, uint32_t table, uint32_t pba)
{
	const uint32_t places[2] = { table, pba };

	sim_set_config(fixture->sim, MSIX + 4, places, sizeof(places));
}

static void expect_guest_area(struct fixture *fixture, uint32_t n, uint64_t first_page,
			      uint64_t pages)
{
	uint64_t offset, length;

	expect_ok(vfiopm_region_get_guest_area(fixture->bar, n, &offset, &length));
	assert_int_equal(offset, first_page * PAGE);
	assert_int_equal(length, pages * PAGE);
}

static void expect_no_guest_area(struct fixture *fixture, uint32_t n)
{
	uint64_t offset, length;

	expect_errno(ENOENT, vfiopm_region_get_guest_area(fixture->bar, n, &offset, &length));
}

static void places_of_msix(void **state)
{
	struct fixture fixture;

	(void)state;
	/* The table in the middle of BAR 0, and the PBA of 8 bytes at its end. */
	fixture_open(&fixture);
	place_msix(&fixture, 0x8000, 0x1fff8);
	expect_guest_area(&fixture, 0, 0, 8);
	expect_guest_area(&fixture, 1, 9, 22);
	expect_no_guest_area(&fixture, 2);
	fixture_close(&fixture);
	/* Both in one page. */
	fixture_open(&fixture);
	place_msix(&fixture, 0x8000, 0x8800);
	expect_guest_area(&fixture, 0, 0, 8);
	expect_guest_area(&fixture, 1, 9, 23);
	expect_no_guest_area(&fixture, 2);
	fixture_close(&fixture);
	/* The five entries of the table have 80 bytes, and the PBA is in another BAR. */
	fixture_open(&fixture);
	place_msix(&fixture, 0x8fb8, 0x9001);
	expect_guest_area(&fixture, 0, 0, 8);
	expect_guest_area(&fixture, 1, 10, 22);
	fixture_close(&fixture);
	fixture_open(&fixture);
	place_msix(&fixture, 0x8fb1, 0x9000);
	expect_guest_area(&fixture, 0, 0, 9);
	expect_guest_area(&fixture, 1, 10, 22);
	fixture_close(&fixture);
}

/* The PBA of 65 vectors has 16 bytes. */
static void pba_of_many_vectors(void **state)
{
	const struct sim_machine machines[] = { { .msix_vectors = 64 }, { .msix_vectors = 65 } };
	struct fixture fixture;

	(void)state;
	for (uint32_t i = 0; i < 2; i++) {
		fixture_open_machine(&fixture, &machines[i]);
		place_msix(&fixture, 3, 0x8ff8);
		expect_guest_area(&fixture, 0, 0, 8);
		expect_guest_area(&fixture, 1, 9 + i, 23 - i);
		fixture_close(&fixture);
	}
}

/* The kernel lists the pages 0, 4 and 5. */
static void open_sparse(struct fixture *fixture)
{
	static const struct {
		struct vfio_region_info info;
		struct {
			struct vfio_info_cap_header header;
			uint32_t nr_areas, reserved;
		} sparse;
		struct vfio_region_sparse_mmap_area areas[2];
	} answer = {
		.info = { .argsz = sizeof(answer),
			  .flags = VFIO_REGION_INFO_FLAG_MMAP | VFIO_REGION_INFO_FLAG_CAPS,
			  .cap_offset = sizeof(struct vfio_region_info),
			  .size = 32 * PAGE },
		.sparse = { .header = { .id = VFIO_REGION_INFO_CAP_SPARSE_MMAP, .version = 1 },
			    .nr_areas = 2 },
		.areas = { { .offset = 0, .size = PAGE },
			   { .offset = 4 * PAGE, .size = 2 * PAGE } },
	};

	fixture_open(fixture);
	vfiopm_region_free(fixture->bar);
	sim_set_region_answer(fixture->sim, 0, &answer, sizeof(answer));
	expect_ok(vfiopm_region_new(fixture->dev, VFIOPM_REGION_BAR0, &fixture->bar));
}

static void sparse_areas_for_a_guest(void **state)
{
	struct fixture fixture;

	(void)state;
	open_sparse(&fixture);
	expect_guest_area(&fixture, 0, 0, 1);
	expect_guest_area(&fixture, 1, 4, 2);
	expect_no_guest_area(&fixture, 2);
	fixture_close(&fixture);
	open_sparse(&fixture);
	place_msix(&fixture, 0x2000, 0x4100);
	expect_guest_area(&fixture, 1, 5, 1);
	expect_no_guest_area(&fixture, 2);
	fixture_close(&fixture);
}

static void configuration_space_is_read_once(void **state)
{
	uint64_t offset, length;
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture);
	/* GET_REGION_INFO, the list, four headers, and the MSI-X capability. */
	sim_calls_begin();
	expect_guest_area(&fixture, 0, 0, 32);
	assert_int_equal(sim_calls_end(), 7);
	sim_calls_begin();
	expect_guest_area(&fixture, 0, 0, 32);
	expect_no_guest_area(&fixture, 1);
	assert_int_equal(sim_calls_end(), 0);
	fixture_close(&fixture);
	/* A failure is not remembered. */
	fixture_open(&fixture);
	for (unsigned i = 0; i < 7; i++) {
		sim_calls_fail(i, EIO);
		expect_errno(EIO, vfiopm_region_get_guest_area(fixture.bar, 0, &offset, &length));
		sim_calls_end();
	}
	sim_calls_answer(6, 11);
	expect_errno(EPROTO, vfiopm_region_get_guest_area(fixture.bar, 0, &offset, &length));
	sim_calls_end();
	expect_ok(vfiopm_enter(fixture.dev));
	sim_fail_resume(fixture.sim, true);
	expect_errno(EIO, vfiopm_region_get_guest_area(fixture.bar, 0, &offset, &length));
	sim_fail_resume(fixture.sim, false);
	expect_guest_area(&fixture, 0, 0, 32);
	fixture_close(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(places_of_msix),
		cmocka_unit_test(pba_of_many_vectors),
		cmocka_unit_test(sparse_areas_for_a_guest),
		cmocka_unit_test(configuration_space_is_read_once),
	};

	return cmocka_run_group_tests_name("region-guest", tests, NULL, NULL);
}
