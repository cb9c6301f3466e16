// SPDX-License-Identifier: MIT
/*
 * Tests of the parser of GET_REGION_INFO: capabilities, and answers that no correct kernel returns.
 * Each answer ends at an inaccessible page, so that a read beyond it ends the test.
 */
#include <errno.h>
#include <string.h>

#include <vfiopm/region.h>

#include "lib/region-info.h"
#include "lib/uapi.h"
#include "raw.h"
#include "test.h"

#define SIZE UINT64_C(0x10000)
#define INFO sizeof(struct vfio_region_info)

/* An answer under construction. */
struct answer {
	uint8_t bytes[512];
	size_t size;
};

static struct vfio_region_info *info_of(struct answer *answer)
{
	return (struct vfio_region_info *)(void *)answer->bytes;
}

static struct answer begin(uint32_t flags)
{
	struct answer answer = { .size = INFO };

	*info_of(&answer) = (struct vfio_region_info){
		.argsz = INFO, .flags = flags, .index = 2, .size = SIZE, .offset = 0x20000
	};
	return answer;
}

static void put32(struct answer *answer, size_t at, uint32_t value)
{
	memcpy(answer->bytes + at, &value, sizeof(value));
}

static void put64(struct answer *answer, size_t at, uint64_t value)
{
	memcpy(answer->bytes + at, &value, sizeof(value));
}

/* Append a capability of `size` bytes that is the last one. Returns its offset. */
static size_t append(struct answer *answer, uint16_t id, uint16_t version, size_t size)
{
	size_t at = answer->size;

	put32(answer, at, id | (uint32_t)version << 16);
	put32(answer, at + 4, 0);
	answer->size += size;
	if (!info_of(answer)->cap_offset) {
		info_of(answer)->flags |= VFIO_REGION_INFO_FLAG_CAPS;
		info_of(answer)->cap_offset = (uint32_t)at;
	}
	return at;
}

static void link_to(struct answer *answer, size_t from, size_t to)
{
	put32(answer, from + 4, (uint32_t)to);
}

static size_t append_sparse(struct answer *answer, uint32_t count, const uint64_t (*areas)[2])
{
	size_t at = append(answer, VFIO_REGION_INFO_CAP_SPARSE_MMAP, 1, 16 + count * 16);

	put32(answer, at + 8, count);
	for (uint32_t i = 0; i < count; i++) {
		put64(answer, at + 16 + i * 16, areas[i][0]);
		put64(answer, at + 24 + i * 16, areas[i][1]);
	}
	return at;
}

static size_t append_type(struct answer *answer, uint32_t type, uint32_t subtype)
{
	size_t at = append(answer, VFIO_REGION_INFO_CAP_TYPE, 1, 16);

	put32(answer, at + 8, type);
	put32(answer, at + 12, subtype);
	return at;
}

/* Parse the answer at the end of memory, and check the areas while it is there. */
static int parse_with(const struct answer *answer, struct vfiopm__region_info *info,
		      const uint64_t (*areas)[2])
{
	char *pages;
	uint8_t *bytes = raw_at_end_of_memory(answer->size, &pages);
	int r;

	memcpy(bytes, answer->bytes, answer->size);
	r = vfiopm__region_info_parse(bytes, answer->size, info);
	for (uint32_t i = 0; r == 0 && areas && i < info->area_count; i++) {
		uint64_t offset, length;

		vfiopm__region_info_area(info, i, &offset, &length);
		assert_true(offset == areas[i][0]);
		assert_true(length == areas[i][1]);
	}
	raw_free_memory(pages);
	return r;
}

static int parse(const struct answer *answer)
{
	struct vfiopm__region_info info = { .size = 42 };
	int r = parse_with(answer, &info, NULL);

	/* A failure writes nothing. */
	if (r < 0)
		assert_true(info.size == 42);
	return r;
}

#define expect_malformed(answer) assert_int_equal(parse(answer), -EPROTO)

/* ---- correct answers ---- */

static void without_capabilities(void **state)
{
	static const uint64_t whole[][2] = { { 0, SIZE } };
	struct answer answer = begin(0x8007 & ~VFIO_REGION_INFO_FLAG_CAPS);
	struct vfiopm__region_info info;

	(void)state;
	expect_ok(parse_with(&answer, &info, whole));
	assert_true(info.size == SIZE);
	assert_true(info.offset == 0x20000);
	/* Unknown flags are left out. */
	assert_int_equal(info.flags, VFIOPM_REGION_FLAG_READ | VFIOPM_REGION_FLAG_WRITE |
					     VFIOPM_REGION_FLAG_MMAP);
	assert_false(info.has_type);
	assert_int_equal(info.area_count, 1);

	answer = begin(VFIO_REGION_INFO_FLAG_READ);
	expect_ok(parse_with(&answer, &info, NULL));
	assert_int_equal(info.area_count, 0);

	/* A BAR that the device does not have. */
	answer = begin(VFIO_REGION_INFO_FLAG_MMAP);
	info_of(&answer)->size = 0;
	expect_ok(parse_with(&answer, &info, NULL));
	assert_int_equal(info.area_count, 0);
}

static void all_capabilities(void **state)
{
	static const uint64_t areas[][2] = { { 0, 0x1000 }, { 0x2000, 0 }, { 0x3000, 0xd000 } };
	struct answer answer = begin(7);
	struct vfiopm__region_info info;
	size_t sparse, unknown, type, newer;

	(void)state;
	sparse = append_sparse(&answer, 3, areas);
	unknown = append(&answer, 77, 1, 24);
	type = append_type(&answer, 0x80008086, 3);
	newer = append(&answer, VFIO_REGION_INFO_CAP_TYPE, 2, 8);
	link_to(&answer, sparse, unknown);
	link_to(&answer, unknown, type);
	link_to(&answer, type, newer);
	link_to(&answer, newer, append(&answer, VFIO_REGION_INFO_CAP_MSIX_MAPPABLE, 1, 8));
	expect_ok(parse_with(&answer, &info, areas));
	assert_int_equal(info.flags, 7 | VFIOPM_REGION_FLAG_MSIX_MAPPABLE);
	assert_true(info.has_type);
	assert_int_equal(info.type, 0x80008086);
	assert_int_equal(info.subtype, 3);
	assert_int_equal(info.area_count, 3);
}

static void no_area_can_be_mapped(void **state)
{
	struct answer answer = begin(7);
	struct vfiopm__region_info info;

	(void)state;
	append_sparse(&answer, 0, NULL);
	expect_ok(parse_with(&answer, &info, NULL));
	assert_int_equal(info.area_count, 0);
	/* Areas without the flag. */
	answer = begin(3);
	append_sparse(&answer, 1, (const uint64_t[][2]){ { 0, 0x1000 } });
	expect_ok(parse_with(&answer, &info, NULL));
	assert_int_equal(info.area_count, 0);
}

/* ---- malformed answers ---- */

static void region_beyond_the_end_of_a_file(void **state)
{
	struct answer answer = begin(7);

	(void)state;
	info_of(&answer)->size = UINT64_MAX;
	expect_malformed(&answer);
	info_of(&answer)->size = UINT64_C(1) << 63;
	expect_malformed(&answer);
	info_of(&answer)->size = SIZE;
	info_of(&answer)->offset = INT64_MAX;
	expect_malformed(&answer);
	info_of(&answer)->offset = UINT64_MAX - 1;
	expect_malformed(&answer);
	info_of(&answer)->offset = INT64_MAX - SIZE;
	expect_ok(parse(&answer));
}

static void chain_outside_the_answer(void **state)
{
	static const uint32_t offsets[] = { 0,	      1,  INFO - 1, INFO + 1,	INFO + 7,
					    INFO + 8, 99, 4096,	    UINT32_MAX, UINT32_MAX - 7 };
	struct answer answer = begin(7);

	(void)state;
	append(&answer, VFIO_REGION_INFO_CAP_MSIX_MAPPABLE, 1, 8);
	expect_ok(parse(&answer));
	for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
		info_of(&answer)->cap_offset = offsets[i];
		expect_malformed(&answer);
	}
	/* No byte follows the struct. */
	answer.size = INFO;
	info_of(&answer)->cap_offset = INFO;
	expect_malformed(&answer);
}

static void chain_that_does_not_go_forward(void **state)
{
	struct answer answer = begin(7);
	size_t first = append(&answer, 77, 1, 16), second = append(&answer, 78, 1, 16);
	/* To itself, backwards, into the capability, into the struct, beyond the end. */
	const size_t bad[] = { second, first,		second + 1,	 second + 7, 1,
			       8,      answer.size + 1, answer.size - 7, UINT32_MAX };

	(void)state;
	link_to(&answer, first, second);
	expect_ok(parse(&answer));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		link_to(&answer, second, bad[i]);
		expect_malformed(&answer);
	}
	/* A header that ends exactly at the end of the answer. */
	link_to(&answer, second, answer.size - 8);
	expect_ok(parse(&answer));
}

static void capability_that_is_too_short(void **state)
{
	struct answer answer = begin(7);
	size_t at, next;

	(void)state;
	at = append_type(&answer, 1, 2);
	answer.size -= 1;
	expect_malformed(&answer);
	answer.size += 1;
	/* The next capability begins inside. */
	next = append(&answer, 77, 1, 8);
	link_to(&answer, at, next - 1);
	expect_malformed(&answer);
	link_to(&answer, at, next);
	expect_ok(parse(&answer));

	answer = begin(7);
	append(&answer, VFIO_REGION_INFO_CAP_SPARSE_MMAP, 1, 15);
	expect_malformed(&answer);
}

static void sparse_areas_that_do_not_fit(void **state)
{
	static const uint32_t counts[] = { 2, 3, 0x10000000, UINT32_MAX };
	static const uint64_t bad[][2] = {
		{ 0, SIZE + 1 },	{ 1, SIZE },	{ SIZE, 1 }, { UINT64_MAX, 2 },
		{ 0x1000, UINT64_MAX }, { SIZE + 1, 0 }
	};
	static const uint64_t good[][2] = { { 0, SIZE }, { SIZE - 1, 1 }, { SIZE, 0 } };
	struct answer answer;
	size_t at;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		answer = begin(7);
		append_sparse(&answer, 1, &bad[i]);
		expect_malformed(&answer);
	}
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		answer = begin(7);
		at = append_sparse(&answer, 1, &good[i]);
		expect_ok(parse(&answer));
	}
	/* More areas than the capability has space for. */
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		put32(&answer, at + 8, counts[i]);
		expect_malformed(&answer);
	}
	/* Two lists of areas. */
	answer = begin(7);
	at = append_sparse(&answer, 1, &good[0]);
	link_to(&answer, at, append_sparse(&answer, 1, &good[1]));
	expect_malformed(&answer);
}

/* Random changes of a correct answer: the parser never reads beyond it, and each area that it
 * reports is inside the region. */
static void random_answers(void **state)
{
	static const uint64_t areas[][2] = { { 0, 0x1000 }, { 0x3000, 0xd000 } };
	uint64_t seed = 88172645463325252;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		struct answer answer = begin(15);
		struct vfiopm__region_info info;
		size_t first = append_sparse(&answer, 2, areas);
		char *pages;
		uint8_t *bytes;

		link_to(&answer, first, append_type(&answer, 1, 2));
		for (int changes = 0; changes < 3; changes++) {
			seed ^= seed << 13;
			seed ^= seed >> 7;
			seed ^= seed << 17;
			answer.bytes[(seed >> 32) % answer.size] = (uint8_t)seed;
		}
		bytes = raw_at_end_of_memory(answer.size, &pages);
		memcpy(bytes, answer.bytes, answer.size);
		if (vfiopm__region_info_parse(bytes, answer.size, &info) == 0) {
			for (uint32_t n = 0; n < info.area_count; n++) {
				uint64_t offset, length;

				vfiopm__region_info_area(&info, n, &offset, &length);
				assert_true(length <= info.size && offset <= info.size - length);
			}
		}
		raw_free_memory(pages);
	}
}

/* ---- pieces without holes ---- */

static void pieces_around_holes(void **state)
{
	static const struct vfiopm__range area = { 0x1000, 0x9000 }, none[2];
	static const struct {
		struct vfiopm__range holes[2], pieces[4];
		uint64_t page;
	} cases[] = {
		/* In the middle, at the end, and at the start. */
		{ { { 0x4000, 0x4050 } }, { { 0x1000, 0x4000 }, { 0x5000, 0x9000 } }, 0x1000 },
		{ { { 0x8ff0, 0x9000 } }, { { 0x1000, 0x8000 } }, 0x1000 },
		{ { { 0x1000, 0x1001 } }, { { 0x2000, 0x9000 } }, 0x1000 },
		/* Both in one page, in both orders. */
		{ { { 0x4000, 0x4050 }, { 0x4800, 0x4808 } },
		  { { 0x1000, 0x4000 }, { 0x5000, 0x9000 } },
		  0x1000 },
		{ { { 0x6000, 0x6008 }, { 0x3000, 0x3050 } },
		  { { 0x1000, 0x3000 }, { 0x4000, 0x6000 }, { 0x7000, 0x9000 } },
		  0x1000 },
		/* Over the border of two pages, and in one page of 16 KiB. */
		{ { { 0x3ff8, 0x4008 } }, { { 0x1000, 0x3000 }, { 0x5000, 0x9000 } }, 0x1000 },
		{ { { 0x5000, 0x5008 } }, { { 0 } }, 0x4000 },
		/* Outside the area, and all of it. */
		{ { { 0, 8 }, { 0x9000, 0xa000 } }, { { 0x1000, 0x9000 } }, 0x1000 },
		{ { { 0, 0x10000 } }, { { 0 } }, 0x1000 },
	};
	struct vfiopm__range piece;
	uint32_t n = 0;

	(void)state;
	assert_true(vfiopm__region_info_piece(area, none, 0x1000, &n, &piece));
	assert_true(piece.start == area.start && piece.end == area.end);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (uint32_t k = 0; k < 4; k++) {
			const struct vfiopm__range *wanted = &cases[i].pieces[k];
			bool found;

			n = k;
			found = vfiopm__region_info_piece(area, cases[i].holes, cases[i].page, &n,
							  &piece);
			assert_int_equal(found, wanted->end > 0);
			if (!found)
				break;
			assert_true(piece.start == wanted->start && piece.end == wanted->end);
		}
	}
}

#define BYTES 0x200u /* of the region: pages of 16 to 64 bytes stand for those of a host */

static struct vfiopm__range random_range(uint64_t random)
{
	uint64_t start = random % BYTES, length = (random >> 16) % 97;

	return (struct vfiopm__range){ start, start + length < BYTES ? start + length : BYTES };
}

static bool overlaps(struct vfiopm__range range, uint64_t start, uint64_t end)
{
	return range.start < end && range.end > start;
}

/* The pieces are the pages that a map of all pages finds. No two pieces touch. */
static void pieces_are_those_of_a_map(void **state)
{
	uint64_t seed = 88172645463325252;
	unsigned most = 0;

	(void)state;
	for (int i = 0; i < 200000; i++) {
		struct vfiopm__range area, holes[2], *of_random[] = { &area, holes, holes + 1 };
		struct vfiopm__range piece = { 0 };
		uint64_t page = UINT64_C(16) << i % 3, last = 0;
		unsigned pieces = 0;

		for (int k = 0; k < 3; k++) {
			seed ^= seed << 13;
			seed ^= seed >> 7;
			seed ^= seed << 17;
			*of_random[k] = random_range(seed >> 16);
		}
		/* A larger area, and sometimes one hole or none. */
		area.end = area.end * 3 < BYTES ? area.end * 3 : BYTES;
		for (int k = 0; k < 2; k++) {
			if (holes[k].start == holes[k].end)
				holes[k] = (struct vfiopm__range){ 0 };
		}
		for (uint64_t at = 0; at < BYTES; at += page) {
			bool free = at >= area.start && at + page <= area.end &&
				    !overlaps(holes[0], at, at + page) &&
				    !overlaps(holes[1], at, at + page);
			uint32_t n = pieces;

			if (free && at >= piece.end) {
				assert_true(
					vfiopm__region_info_piece(area, holes, page, &n, &piece));
				assert_true(piece.start == at && piece.end > at);
				assert_true(pieces == 0 || at > last);
				pieces++;
				last = piece.end;
			}
			assert_int_equal(free, at >= piece.start && at < piece.end);
		}
		for (uint32_t n = pieces, before = n; before < pieces + 3; n = ++before) {
			assert_false(vfiopm__region_info_piece(area, holes, page, &n, &piece));
			assert_int_equal(n, before - pieces);
		}
		most = pieces > most ? pieces : most;
	}
	assert_int_equal(most, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_capabilities),
		cmocka_unit_test(all_capabilities),
		cmocka_unit_test(no_area_can_be_mapped),
		cmocka_unit_test(region_beyond_the_end_of_a_file),
		cmocka_unit_test(chain_outside_the_answer),
		cmocka_unit_test(chain_that_does_not_go_forward),
		cmocka_unit_test(capability_that_is_too_short),
		cmocka_unit_test(sparse_areas_that_do_not_fit),
		cmocka_unit_test(random_answers),
		cmocka_unit_test(pieces_around_holes),
		cmocka_unit_test(pieces_are_those_of_a_map),
	};

	return cmocka_run_group_tests_name("region-info", tests, NULL, NULL);
}
