// SPDX-License-Identifier: MIT
/*
 * Generates random sequences. Most arguments are valid or at a border, because a random number
 * rarely passes the first check of a call. Each sequence has a subject that it prefers.
 *
 * A step must not harm the device of the lab, and must not depend on its registers: a write changes
 * only the registers that the model has.
 */
#include <string.h>

#include "differential.h"
#include "lib/uapi.h"

static bool hot_resets, two_devices, cdevs;

void generate_hot_resets(bool can)
{
	hot_resets = can;
}

void generate_two_devices(bool are)
{
	two_devices = are;
}

void generate_cdevs(bool exist)
{
	cdevs = exist;
}

/* ---- random numbers ---- */

static uint64_t state;

/* splitmix64 (Steele, Lea, Flood, 2014) */
static uint64_t next(void)
{
	uint64_t z = state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static unsigned below(unsigned limit)
{
	return (unsigned)(next() % limit);
}

static bool chance(unsigned percent)
{
	return below(100) < percent;
}

#define PICK(array) ((array)[below(sizeof(array) / sizeof((array)[0]))])

/* ---- words ---- */

static void add_word(struct step *step, uint64_t word)
{
	if (step->count < WORDS_MAX)
		step->words[step->count++] = word;
}

/* A fd of the device: mostly that of the current one. */
static uint64_t device_fd(void)
{
	static const enum slot others[] = { SLOT_A,	    SLOT_B,    SLOT_A,	    SLOT_GROUP,
					    SLOT_CONTAINER, SLOT_NULL, SLOT_CLOSED, SLOT_E0 };

	if (two_devices && chance(10))
		return FD_WORD(SLOT_OTHER);
	return FD_WORD(chance(92) ? SLOT_DEV : PICK(others));
}

static uint64_t good_eventfd(void)
{
	return FD_WORD(SLOT_E0 + below(chance(85) ? EVENTS - 1 : EVENTS));
}

static uint64_t event_fd(void)
{
	static const uint64_t others[] = {
		UINT32_MAX,
		UINT32_MAX,
		UINT32_MAX,
		UINT32_MAX - 1,
		FD_WORD(SLOT_CLOSED),
		FD_WORD(SLOT_NULL),
		FD_WORD(SLOT_DEV),
		FD_WORD(SLOT_CLOSED),
		FD_WORD(SLOT_NULL),
		0x80000000,
		FD_WORD(SLOT_CONTAINER),
		100000,
	};

	return chance(75) ? good_eventfd() : PICK(others);
}

/* A size, which is sometimes wrong. */
static uint32_t around(uint32_t size)
{
	static const int32_t offsets[] = { -1, 1, -4, 4, 8, -8, 4096 };

	if (chance(90))
		return size;
	return chance(20) ? 0 : size + (uint32_t)PICK(offsets);
}

/* Drop the last words of an argument: the call reads an inaccessible page. */
static void cut(struct step *step)
{
	if (chance(3) && step->count > 1)
		step->count -= 1 + below(step->count - 1);
}

/* ---- power ---- */

static uint32_t feature_flags(void)
{
	static const uint32_t operations[] = {
		VFIO_DEVICE_FEATURE_GET,
		VFIO_DEVICE_FEATURE_PROBE,
		VFIO_DEVICE_FEATURE_PROBE | VFIO_DEVICE_FEATURE_SET,
		VFIO_DEVICE_FEATURE_PROBE | VFIO_DEVICE_FEATURE_GET,
		VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_SET,
		VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_PROBE,
		0,
	};
	uint32_t flags = chance(92) ? 3 + below(3) : chance(80) ? below(14) : below(65536);

	flags |= chance(85) ? VFIO_DEVICE_FEATURE_SET : PICK(operations);
	return chance(97) ? flags : flags | UINT32_C(1) << (19 + below(13));
}

static void make_feature(struct step *step)
{
	uint32_t flags = feature_flags();

	add_word(step, device_fd());
	/* On a container, this is VFIO_IOMMU_DIRTY_PAGES, and small numbers are its flags. */
	if (step->words[0] == FD_WORD(SLOT_CONTAINER))
		flags |= VFIO_DEVICE_FEATURE_SET;
	add_word(step, around((flags & 0xffff) == 4 ? 16 : 8));
	add_word(step, flags);
	if ((flags & 0xffff) == 4 || chance(10)) {
		add_word(step, event_fd());
		add_word(step, chance(90) ? 0 : below(1000));
	}
	cut(step);
}

static void make_control(struct step *step)
{
	add_word(step, below(2));
}

static void make_host(struct step *step)
{
	unsigned which = below(10);

	step->verb = which < 5	 ? CONTROL
		     : which < 8 ? D3COLD_ALLOWED
		     : which < 9 ? HOST_RESET
				 : LSPCI;
	if (step->verb == CONTROL || step->verb == D3COLD_ALLOWED)
		make_control(step);
}

/* ---- interrupts ---- */

static uint32_t irq_index(void)
{
	static const uint32_t wrong[] = { 5, 6, 100, UINT32_MAX };

	if (chance(3))
		return PICK(wrong);
	return chance(60) ? below(3) : below(5);
}

static uint32_t irq_flags(void)
{
	static const uint32_t data[] = { VFIO_IRQ_SET_DATA_NONE, VFIO_IRQ_SET_DATA_BOOL,
					 VFIO_IRQ_SET_DATA_EVENTFD, VFIO_IRQ_SET_DATA_EVENTFD };
	static const uint32_t actions[] = { VFIO_IRQ_SET_ACTION_MASK, VFIO_IRQ_SET_ACTION_UNMASK,
					    VFIO_IRQ_SET_ACTION_UNMASK };

	if (chance(3))
		return below(128);
	return PICK(data) | (chance(80) ? VFIO_IRQ_SET_ACTION_TRIGGER : PICK(actions));
}

static uint32_t irq_count(uint32_t index)
{
	static const uint32_t wrong[] = { 5, 6, 7, 2048, 0x40000000, 0x80000000, UINT32_MAX };

	if (chance(3))
		return PICK(wrong);
	if (chance(15))
		return 0;
	return index == VFIO_PCI_MSIX_IRQ_INDEX ? 1 + below(5) : chance(95) ? 1 : 2;
}

static uint32_t irq_start(uint32_t index)
{
	static const uint32_t wrong[] = { 1, 5, 6, 2048, 0x80000000, UINT32_MAX };

	if (chance(3))
		return PICK(wrong);
	return index == VFIO_PCI_MSIX_IRQ_INDEX && chance(70) ? below(5) : 0;
}

static void add_irq_data(struct step *step, uint32_t flags, uint32_t count)
{
	bool all_good = chance(50);

	if (flags & VFIO_IRQ_SET_DATA_EVENTFD) {
		for (uint32_t i = 0; i < count && i < 8; i++)
			add_word(step, all_good ? good_eventfd() : event_fd());
	} else if (flags & VFIO_IRQ_SET_DATA_BOOL) {
		for (uint32_t i = 0; i < count && i < 8; i += 4)
			add_word(step, (uint32_t)next() & 0x03010101);
	}
}

static void make_set_irqs(struct step *step)
{
	uint32_t index = irq_index(), flags = irq_flags();
	uint32_t start = irq_start(index), count = irq_count(index);
	uint32_t size = flags & VFIO_IRQ_SET_DATA_EVENTFD ? 4 : flags & VFIO_IRQ_SET_DATA_BOOL;

	/* Masking exists for INTx. */
	if ((flags & (VFIO_IRQ_SET_ACTION_MASK | VFIO_IRQ_SET_ACTION_UNMASK)) && chance(80)) {
		index = VFIO_PCI_INTX_IRQ_INDEX;
		start = 0;
		count = 1;
	}
	/* The first number behind the vectors is wrong for a count of 0, too. */
	if (count == 0 && chance(30))
		start = index == VFIO_PCI_MSIX_IRQ_INDEX ? 5 : 1;
	add_word(step, device_fd());
	add_word(step, around(20 + (size > 2 ? 4 : size != 0) * count));
	add_word(step, flags);
	add_word(step, index);
	add_word(step, start);
	add_word(step, count);
	add_irq_data(step, flags, count);
	cut(step);
}

/* Disable an index, so that another one can be enabled. */
static void make_disable(struct step *step)
{
	step->verb = SET_IRQS;
	add_word(step, FD_WORD(SLOT_DEV));
	add_word(step, 20);
	add_word(step, VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER);
	add_word(step, below(3));
	add_word(step, 0);
	add_word(step, 0);
}

static void make_fire(struct step *step)
{
	uint32_t index = chance(50) ? VFIO_PCI_INTX_IRQ_INDEX : VFIO_PCI_MSIX_IRQ_INDEX;

	add_word(step, index);
	add_word(step, index == VFIO_PCI_MSIX_IRQ_INDEX ? below(5) : 0);
}

/* A valid enable: the other steps often need an enabled index. */
static void make_enable(struct step *step)
{
	uint32_t index = below(3);
	uint32_t count = index == VFIO_PCI_MSIX_IRQ_INDEX ? 1 + below(5) : 1;

	add_word(step, FD_WORD(SLOT_DEV));
	add_word(step, 20 + 4 * count);
	add_word(step, VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER);
	add_word(step, index);
	add_word(step, 0);
	add_word(step, count);
	for (uint32_t i = 0; i < count; i++)
		add_word(step, chance(85) ? good_eventfd() : UINT32_MAX);
}

/* The loopback of all vectors shows which of them have an eventfd. */
static void make_loopback(struct step *step)
{
	uint32_t index = below(5);

	add_word(step, FD_WORD(SLOT_DEV));
	add_word(step, 20);
	add_word(step, VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER);
	add_word(step, index);
	add_word(step, 0);
	add_word(step, index == VFIO_PCI_MSIX_IRQ_INDEX ? (chance(60) ? 5 : 1 + below(4)) : 1);
}

static void make_irq_info(struct step *step)
{
	add_word(step, device_fd());
	add_word(step, around(16));
	add_word(step, chance(80) ? 0 : UINT32_MAX);
	add_word(step, irq_index());
	add_word(step, UINT32_MAX);
	cut(step);
}

static void make_eventfd_step(struct step *step)
{
	static const uint32_t counts[] = { 1, 1, 1, 2, 3, 100, 0 };

	step->verb = chance(60) ? ADD : TAKE;
	add_word(step, chance(97) ? good_eventfd() : FD_WORD(SLOT_CLOSED));
	if (step->verb == ADD)
		add_word(step, PICK(counts));
}

/* ---- information and resets ---- */

static void make_info(struct step *step)
{
	static const uint32_t sizes[] = { 16, 20, 24, 32 };

	add_word(step, device_fd());
	add_word(step, around(PICK(sizes)));
	for (int i = 0; i < 5; i++)
		add_word(step, UINT32_MAX);
	cut(step);
}

static void make_region_info(struct step *step)
{
	static const uint32_t wrong[] = { 8, 9, 10, 1000, UINT32_MAX };

	add_word(step, device_fd());
	add_word(step, around(chance(80) ? 32 : 40));
	add_word(step, UINT32_MAX);
	add_word(step, chance(90) ? below(9) : PICK(wrong));
	for (int i = 0; i < 7; i++)
		add_word(step, UINT32_MAX);
	cut(step);
}

static void make_reset(struct step *step)
{
	add_word(step, device_fd());
}

/* On a container, the numbers of these calls are those of VFIO_IOMMU_GET_INFO and
 * VFIO_IOMMU_MAP_DMA. */
static uint64_t no_container(void)
{
	uint64_t fd = device_fd();

	return fd == FD_WORD(SLOT_CONTAINER) ? FD_WORD(SLOT_GROUP) : fd;
}

static void make_hot_reset_info(struct step *step)
{
	static const uint32_t sizes[] = { 12, 20, 20, 20, 28 };

	add_word(step, no_container());
	add_word(step, around(PICK(sizes)));
	for (int i = 0; i < 6; i++)
		add_word(step, UINT32_MAX);
	cut(step);
}

static void make_hot_reset(struct step *step)
{
	uint32_t count = chance(80) ? 1 : below(4);

	/* The iommufd stands for the groups of a device that is open by its cdev. */
	if (cdevs && hot_resets && chance(50))
		count = 0;
	else if (cdevs && count == 0)
		count = 1;
	add_word(step, no_container());
	add_word(step, around(12 + 4 * count));
	add_word(step, chance(95) ? 0 : 1);
	add_word(step, count);
	for (uint32_t i = 0; i < count; i++)
		add_word(step, chance(70) ? FD_WORD(hot_resets ? SLOT_GROUP : SLOT_CONTAINER)
					  : event_fd());
	cut(step);
}

static void make_ioctl(struct step *step)
{
	/* Not those that other verbs make, and not 18, which binds a device. */
	static const uint32_t numbers[] = { 0, 1, 3, 5, 20, 21, 22, 23, 60, 99 };

	add_word(step, chance(90) ? FD_WORD(SLOT_DEV) : FD_WORD(SLOT_A));
	add_word(step, PICK(numbers));
}

/* STATUS of the e1000e cannot be written. */
static void make_ioeventfd(struct step *step)
{
	static const uint32_t flags[] = { 1, 2, 4, 4, 4, 8, 16, 0, 3 };
	static const uint32_t regions[] = { 0x000, 0x000, 0x000, 0x200, 0x400, 0x600, 0x700 };

	add_word(step, FD_WORD(SLOT_DEV));
	add_word(step, around(32));
	add_word(step, PICK(flags));
	add_word(step, chance(95) ? 8 : 0x20000);
	add_word(step, PICK(regions));
	add_word(step, 0);
	add_word(step, 0);
	add_word(step, event_fd());
	cut(step);
}

static void make_get_status(struct step *step)
{
	add_word(step, chance(80) ? FD_WORD(SLOT_GROUP) : device_fd());
	add_word(step, around(8));
	add_word(step, UINT32_MAX);
	cut(step);
}

/* ---- files ---- */

static void make_files(struct step *step)
{
	static const uint64_t events[] = { FD_WORD(SLOT_E0), FD_WORD(SLOT_W), FD_WORD(SLOT_E0 + 1),
					   FD_WORD(SLOT_S) };
	unsigned which = below(20);

	if (which < 8) {
		step->verb = GET_DEVICE_FD;
		add_word(step, FD_WORD(SLOT_A + below(2)));
		add_word(step, chance(95) ? FD_WORD(SLOT_GROUP) : FD_WORD(SLOT_NULL));
	} else if (which < 11) {
		step->verb = DUP;
		add_word(step, FD_WORD(SLOT_A + below(2)));
		add_word(step, device_fd());
	} else if (which < 18) {
		step->verb = CLOSE;
		add_word(step, chance(80) ? FD_WORD(SLOT_A + below(2)) : PICK(events));
	} else {
		step->verb = chance(50) ? REOPEN : CLOSE;
		if (step->verb == CLOSE)
			add_word(step, FD_WORD(SLOT_DEV));
	}
}

/* ---- regions ---- */

static void make_config(struct step *step)
{
	static const struct {
		uint32_t offset;
		uint8_t values[4];
	} registers[] = {
		{ 4, { 0, 2, 3, 7 } },		{ 4, { 3, 3, 3, 3 } },
		{ 5, { 0, 4, 1, 5 } },		{ 0xcc, { 0, 3, 0, 1 } },
		{ 0xcc, { 0, 0, 0, 0 } },	{ 0xcd, { 0, 1, 0x80, 0x81 } },
		{ 0xd2, { 0, 1, 0x80, 0xff } }, { 0xa3, { 0, 0x80, 0x40, 0xc0 } },
		{ 0x3c, { 0, 1, 11, 255 } },	{ 0x10, { 0, 0xff, 0xf0, 1 } },
		{ 0x1a, { 0, 0xff, 0x12, 1 } }, { 0x33, { 0, 0xff, 0xfe, 1 } },
		{ 0, { 0, 1, 2, 3 } },
	};
	unsigned which = below(sizeof(registers) / sizeof(registers[0]));

	add_word(step, registers[which].offset);
	if (chance(60))
		add_word(step, registers[which].values[below(4)]);
}

static uint32_t region(void)
{
	static const uint32_t wrong[] = { 8, 9, 10, 100, 0x7fffff };

	return chance(95) ? below(8) : PICK(wrong);
}

static uint32_t offset_in(uint32_t index)
{
	static const uint32_t ends[] = { 0x20,	  0x3ffc, 0x4000, 0x1fffc, 0x20000,
					 0x40000, 0xffc,  0xfff,  0x1000,  UINT32_MAX };
	static const uint32_t config[] = { 0,	 4,    5,    0x34, 0x3c, 0xa0, 0xa2, 0xa4,
					   0xc8, 0xca, 0xcc, 0xd0, 0xd2, 0x10, 0x2c, 0x30 };

	if (chance(15))
		return PICK(ends);
	if (index == VFIO_PCI_CONFIG_REGION_INDEX)
		return PICK(config);
	return index == VFIO_PCI_BAR2_REGION_INDEX || chance(20) ? 0 : 8;
}

static void make_access(struct step *step)
{
	static const uint32_t counts[] = { 1, 2, 4, 4, 8, 3, 0, 16 };
	uint32_t index = region();

	step->verb = chance(70) ? READ : WRITE;
	/* A write of several registers of configuration space is a write of COMMAND. */
	if (step->verb == WRITE && index == VFIO_PCI_CONFIG_REGION_INDEX)
		index = VFIO_PCI_BAR0_REGION_INDEX;
	add_word(step, index);
	add_word(step, offset_in(index));
	add_word(step, step->verb == READ ? PICK(counts) : below(5));
}

static void make_mmap(struct step *step)
{
	static const uint32_t offsets[] = { 0, 0, 0, 0x1000, 0x1f000, 0x20000, 8 };
	static const uint32_t lengths[] = { 0x1000, 0x1000, 0x4000, 0x20000, 1, 0 };

	add_word(step, region());
	add_word(step, PICK(offsets));
	add_word(step, PICK(lengths));
	if (chance(10))
		add_word(step, 1);
}

static void make_nothing(struct step *step)
{
	(void)step;
}

/* ---- sequences ---- */

enum subject { POWER, IRQS, REGIONS, ALL_EQUAL, SUBJECTS };

/* How often a kind of step occurs, for each subject. */
static const struct {
	enum verb verb;
	void (*make)(struct step *step);
	unsigned weights[SUBJECTS];
} kinds[] = {
	{ FEATURE, make_feature, { 40, 10, 10, 15 } },
	{ CONTROL, make_host, { 12, 3, 4, 6 } },
	{ SET_IRQS, make_set_irqs, { 8, 60, 8, 20 } },
	{ SET_IRQS, make_disable, { 2, 10, 2, 5 } },
	{ SET_IRQS, make_enable, { 3, 8, 2, 5 } },
	{ SET_IRQS, make_loopback, { 3, 15, 1, 5 } },
	{ FIRE, make_fire, { 3, 15, 1, 6 } },
	{ GET_IRQ_INFO, make_irq_info, { 2, 3, 2, 5 } },
	{ ADD, make_eventfd_step, { 4, 8, 2, 8 } },
	{ GET_INFO, make_info, { 2, 1, 2, 5 } },
	{ GET_REGION_INFO, make_region_info, { 2, 1, 5, 5 } },
	{ RESET, make_reset, { 2, 1, 2, 2 } },
	{ HOT_RESET_INFO, make_hot_reset_info, { 1, 1, 1, 4 } },
	{ HOT_RESET, make_hot_reset, { 1, 1, 1, 2 } },
	{ IOCTL, make_ioctl, { 1, 1, 1, 2 } },
	{ IOEVENTFD, make_ioeventfd, { 0, 0, 2, 1 } },
	{ GET_STATUS, make_get_status, { 1, 0, 0, 1 } },
	{ CLOSE, make_files, { 6, 5, 5, 10 } },
	{ REOPEN, make_nothing, { 3, 0, 0, 0 } },
	{ CONFIG, make_config, { 5, 6, 25, 8 } },
	{ READ, make_access, { 4, 2, 25, 8 } },
	{ MMAP, make_mmap, { 2, 0, 8, 4 } },
	{ MAP, make_nothing, { 4, 1, 5, 3 } },
	{ UNMAP, make_nothing, { 1, 0, 1, 1 } },
};

#define KINDS_OF_STEPS (sizeof(kinds) / sizeof(kinds[0]))

static void make_step(enum subject subject, struct step *step)
{
	unsigned total = 0, at;
	size_t i = 0;

	if (two_devices && chance(15)) {
		*step = (struct step){ .verb = SWITCH };
		return;
	}
	for (size_t j = 0; j < KINDS_OF_STEPS; j++)
		total += kinds[j].weights[subject];
	at = below(total);
	while (at >= kinds[i].weights[subject])
		at -= kinds[i++].weights[subject];
	*step = (struct step){ .verb = kinds[i].verb };
	kinds[i].make(step);
}

void sequence_generate(uint64_t seed, unsigned number, unsigned length, struct sequence *sequence)
{
	enum subject subject;

	state = seed;
	state = next() + number * UINT64_C(0x2545f4914f6cdd1d);
	subject = (enum subject)below(SUBJECTS);
	sequence->count = 0;
	/* The devices begin active. In half of the sequences, the host lets the first one suspend. */
	if (chance(50))
		sequence->steps[sequence->count++] = (struct step){ .verb = CONTROL, .count = 1 };
	if (cdevs && chance(40))
		sequence->steps[sequence->count++] =
			(struct step){ .verb = REOPEN, .count = 1, .words = { 1 } };
	if (chance(60))
		sequence->steps[sequence->count++] = (struct step){ .verb = MAP };
	while (sequence->count < length)
		make_step(subject, &sequence->steps[sequence->count++]);
}

bool sequence_needs_reopen(const struct sequence *sequence)
{
	for (unsigned i = 0; i < sequence->count; i++) {
		const struct step *step = &sequence->steps[i];

		if (step->verb == IOEVENTFD || step->verb == REOPEN ||
		    (step->verb == CLOSE && step->words[0] == FD_WORD(SLOT_DEV)))
			return true;
	}
	return false;
}
