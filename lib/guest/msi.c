// SPDX-License-Identifier: MIT
/*
 * MSI of a guest. The registers are in memory, so the guest's accesses to them do not reach the
 * device. A masked vector is a detached line: the count of its eventfd is the pending bit, and a
 * mask issues no ioctl on the device. vfio-pci has no mask for vectors of MSI (vfio_pci_intrs.c,
 * vfio_pci_set_irqs_ioctl(), 6.1: ENOTTY).
 *
 * This part does not use vfiopm_msix(3). The relay mode of that object changes the eventfd that VFIO
 * signals, and a vector of MSI without a mask bit loses the interrupts that it raises during the
 * change (vfio_pci_intrs.c, vfio_msi_set_vector_signal(), 6.1). Without relay mode a vector needs
 * one eventfd instead of two, and no epoll fd. No thread has to wait for MSI, and an interrupt
 * causes no exit to the VMM.
 */
#include <errno.h>
#include <stdlib.h>

#include "../irq.h"
#include "../sys.h"
#include "line.h"

/* The registers: PCI Local Bus Specification 3.0, 6.8.1. */
#define CONTROL		     2
#define CONTROL_ENABLE	     0x0001
#define CONTROL_CAPABLE	     0x000e /* Multiple Message Capable, and its shift */
#define CONTROL_CAPABLE_BIT  1
#define CONTROL_MULTIPLE     0x0070 /* Multiple Message Enable */
#define CONTROL_MULTIPLE_BIT 4
#define CONTROL_64	     0x0080
#define CONTROL_HAS_MASKS    0x0100
#define ADDRESS		     4
#define ADDRESS_HIGH	     8
#define DATA_32		     8
#define DATA_64		     12
#define MASKS_32	     12
#define MASKS_64	     16
#define SIZE		     24

#define MAX_VECTORS	     32
#define MAX_VECTORS_LOG2     5

struct vfiopm__guest_msi {
	struct vfiopm__guest_host *host;
	uint32_t length;
	bool is_64, has_masks;
	uint8_t bytes[SIZE], writable[SIZE];
	uint32_t count;	  /* vectors that VFIO signals; 0: MSI is off */
	uint32_t carried; /* vectors that are pending since MSI was disabled */
	bool was_reset;	  /* since the last enable: what is pending ends */
	bool has_undone_work;
	struct vfiopm__guest_line lines[MAX_VECTORS];
};

/* ---- registers ---- */

static uint32_t get(const struct vfiopm__guest_msi *msi, uint32_t offset, uint32_t width)
{
	uint32_t value = 0;

	for (uint32_t i = 0; i < width && offset + i < SIZE; i++)
		value |= (uint32_t)msi->bytes[offset + i] << 8 * i;
	return value;
}

static void put(uint8_t *bytes, uint32_t offset, uint32_t width, uint32_t value)
{
	for (uint32_t i = 0; i < width; i++)
		bytes[offset + i] = (uint8_t)(value >> 8 * i);
}

static uint32_t masks_offset(const struct vfiopm__guest_msi *msi)
{
	return msi->is_64 ? MASKS_64 : MASKS_32;
}

static uint32_t count_wanted(const struct vfiopm__guest_msi *msi)
{
	return UINT32_C(1) << ((get(msi, CONTROL, 2) & CONTROL_MULTIPLE) >> CONTROL_MULTIPLE_BIT);
}

static uint64_t get_address(const struct vfiopm__guest_msi *msi)
{
	uint64_t high = msi->is_64 ? get(msi, ADDRESS_HIGH, 4) : 0;

	return high << 32 | get(msi, ADDRESS, 4);
}

/* The device replaces the low bits of the data with the number of the vector. */
static uint32_t get_message(const struct vfiopm__guest_msi *msi, uint32_t vector)
{
	uint32_t data = get(msi, msi->is_64 ? DATA_64 : DATA_32, 2);

	return (data & ~(msi->count - 1)) | vector;
}

static bool is_masked(const struct vfiopm__guest_msi *msi, uint32_t vector)
{
	return msi->has_masks && get(msi, masks_offset(msi), 4) >> vector & 1;
}

/* Multiple Message Enable cannot exceed what the device has. */
static void limit_count(struct vfiopm__guest_msi *msi)
{
	uint32_t control = get(msi, CONTROL, 2);
	uint32_t most = (control & CONTROL_CAPABLE) >> CONTROL_CAPABLE_BIT << CONTROL_MULTIPLE_BIT;

	if ((control & CONTROL_MULTIPLE) > most)
		put(msi->bytes, CONTROL, 2, (control & ~(uint32_t)CONTROL_MULTIPLE) | most);
}

bool vfiopm__guest_msi_is_wanted(const struct vfiopm__guest_msi *msi)
{
	return get(msi, CONTROL, 2) & CONTROL_ENABLE;
}

/* ---- interrupts ---- */

/* Attach each line that is not masked, and detach the others. A line that cannot be attached holds
 * its interrupts until the retry. */
static void settle(struct vfiopm__guest_msi *msi)
{
	msi->has_undone_work = false;
	for (uint32_t i = 0; i < msi->count; i++) {
		struct vfiopm__guest_line *line = &msi->lines[i];
		int r;

		if (vfiopm__guest_msi_is_wanted(msi) && !is_masked(msi, i))
			r = vfiopm__guest_line_attach(msi->host, line, VFIOPM_IRQ_MSI, i,
						      get_address(msi), get_message(msi, i));
		else
			r = vfiopm__guest_line_detach(msi->host, line);
		msi->has_undone_work |= r < 0;
	}
}

static void turn_off(struct vfiopm__guest_msi *msi)
{
	msi->count = 0;
	msi->has_undone_work = false;
	for (uint32_t i = 0; i < MAX_VECTORS; i++)
		msi->has_undone_work |= vfiopm__guest_line_close(msi->host, &msi->lines[i]) < 0;
}

/* One SET_IRQS for all vectors. The call that ends in _now does not join a batch of the VMM. */
static int signal_lines(struct vfiopm__guest_msi *msi)
{
	int fds[MAX_VECTORS];
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < msi->count; i++) {
		r = vfiopm__guest_line_open(msi->host, &msi->lines[i], false);
		fds[i] = msi->lines[i].fd;
	}
	if (r < 0)
		return r;
	settle(msi);
	r = vfiopm__irq_set_now(msi->host->dev, VFIOPM_IRQ_MSI, 0, msi->count, fds);
	if (r < 0)
		vfiopm__guest_broken(msi->host, "vfiopm_irq_set_signaling_range", r);
	return r;
}

static uint32_t get_pending(const struct vfiopm__guest_msi *msi)
{
	uint32_t pending = msi->carried;

	for (uint32_t i = 0; i < msi->count; i++)
		pending |= (uint32_t)vfiopm__guest_line_is_pending(&msi->lines[i]) << i;
	return pending;
}

/*
 * The lines are attached before VFIO signals them, so no interrupt of an enabled vector waits.
 *
 * An enable during the guest's write loses nothing: the guest regards what the device raised until
 * the end of its write as raised before MSI was enabled. After a late enable, interrupts that the
 * device raised since the write are unknown. Inject one into each vector: a spurious interrupt is
 * harmless, a lost one can hang the driver.
 */
int vfiopm__guest_msi_enable(struct vfiopm__guest_msi *msi, bool late)
{
	int r;

	if (msi->count > 0)
		return 0;
	if (vfiopm__guest_is_asleep(msi->host))
		return -EAGAIN;
	msi->count = count_wanted(msi);
	r = signal_lines(msi);
	if (r < 0) {
		turn_off(msi);
		return r;
	}
	for (uint32_t i = 0; i < msi->count; i++) {
		if (late || msi->carried >> i & 1)
			vfiopm__sys_eventfd_add(msi->lines[i].fd, 1);
	}
	msi->carried = 0;
	msi->was_reset = false;
	return 0;
}

/* VFIO stops signaling the lines before they are detached. The detach then waits until KVM has
 * delivered what was signaled. Pending interrupts stay pending. */
int vfiopm__guest_msi_disable(struct vfiopm__guest_msi *msi)
{
	int r;

	if (msi->count == 0)
		return 0;
	r = vfiopm__guest_is_asleep(msi->host) ? -EAGAIN : 0;
	if (r == 0) {
		r = vfiopm__irq_disable_now(msi->host->dev, VFIOPM_IRQ_MSI);
		if (r < 0)
			vfiopm__guest_broken(msi->host, "vfiopm_irq_disable", r);
	}
	if (r == 0) {
		msi->carried = msi->was_reset ? 0 : get_pending(msi);
		turn_off(msi);
	} else {
		settle(msi); /* nothing is delivered if the guest has cleared MSI Enable */
	}
	return r;
}

/* Reach what the registers say, except for MSI Enable, which guest.c applies. */
static void apply(struct vfiopm__guest_msi *msi)
{
	if (msi->count == 0) {
		turn_off(msi);
	} else if (count_wanted(msi) == msi->count || !vfiopm__guest_msi_is_wanted(msi)) {
		settle(msi);
	} else {
		/* The specification forbids a change of the number of vectors while MSI is enabled.
		 * The kernel cannot make this change without a gap. */
		if (vfiopm__guest_msi_disable(msi) < 0)
			msi->has_undone_work = true;
		else
			vfiopm__guest_msi_enable(msi, true);
	}
}

bool vfiopm__guest_msi_is_on(const struct vfiopm__guest_msi *msi)
{
	return msi->count > 0;
}

bool vfiopm__guest_msi_has_undone_work(const struct vfiopm__guest_msi *msi)
{
	return msi->has_undone_work;
}

void vfiopm__guest_msi_retry(struct vfiopm__guest_msi *msi)
{
	apply(msi);
}

/* ---- the guest's accesses ---- */

uint32_t vfiopm__guest_msi_length(const struct vfiopm__guest_msi *msi)
{
	return msi->length;
}

uint32_t vfiopm__guest_msi_read(struct vfiopm__guest_msi *msi, uint32_t offset, uint32_t width)
{
	if (msi->has_masks)
		put(msi->bytes, masks_offset(msi) + 4, 4, get_pending(msi));
	return get(msi, offset, width);
}

void vfiopm__guest_msi_write(struct vfiopm__guest_msi *msi, uint32_t offset, uint32_t width,
			     uint32_t value)
{
	for (uint32_t i = offset; i < offset + width && i < SIZE; i++, value >>= 8)
		msi->bytes[i] =
			(uint8_t)((msi->bytes[i] & ~msi->writable[i]) | (value & msi->writable[i]));
	limit_count(msi);
	/* guest.c applies MSI Enable. Until the disable the lines stay attached, so that what the
	 * device has sent is delivered. */
	if (msi->count > 0 && vfiopm__guest_msi_is_wanted(msi))
		apply(msi);
}

/* ---- creation and reset ---- */

void vfiopm__guest_msi_reset(struct vfiopm__guest_msi *msi)
{
	for (uint32_t i = 0; i < SIZE; i++)
		msi->bytes[i] &= (uint8_t)~msi->writable[i];
	msi->carried = 0;
	msi->was_reset = true;
	if (msi->count > 0)
		apply(msi);
}

/* The guest sees as many vectors as VFIO has. */
static uint32_t count_log2(const struct vfiopm__guest_msi *msi)
{
	uint32_t count = 0, log2 = 0;

	vfiopm_irq_get_count(msi->host->dev, VFIOPM_IRQ_MSI, &count);
	while (log2 < MAX_VECTORS_LOG2 && UINT32_C(2) << log2 <= count)
		log2++;
	return log2;
}

static void init_registers(struct vfiopm__guest_msi *msi, const uint8_t *capability)
{
	/* Extended message data is not shown: VFIO does not know it (vfio_pci_config.c,
	 * init_pci_cap_msi_perm(), 6.1). */
	uint32_t shown = CONTROL_64 | CONTROL_HAS_MASKS, log2 = count_log2(msi);
	uint32_t control = (capability[CONTROL] | (uint32_t)capability[CONTROL + 1] << 8) & shown;

	msi->is_64 = control & CONTROL_64;
	msi->has_masks = control & CONTROL_HAS_MASKS;
	msi->length = masks_offset(msi) + (msi->has_masks ? 8 : 0);
	put(msi->bytes, 0, 2, capability[0] | (uint32_t)capability[1] << 8);
	put(msi->bytes, CONTROL, 2, control | log2 << CONTROL_CAPABLE_BIT);
	put(msi->writable, CONTROL, 2, CONTROL_ENABLE | CONTROL_MULTIPLE);
	put(msi->writable, ADDRESS, 4, ~UINT32_C(3));
	if (msi->is_64)
		put(msi->writable, ADDRESS_HIGH, 4, UINT32_MAX);
	put(msi->writable, msi->is_64 ? DATA_64 : DATA_32, 2, UINT16_MAX);
	if (msi->has_masks)
		put(msi->writable, masks_offset(msi), 4,
		    UINT32_MAX >> (MAX_VECTORS - (UINT32_C(1) << log2)));
}

int vfiopm__guest_msi_new(struct vfiopm__guest_host *host, const uint8_t *capability,
			  struct vfiopm__guest_msi **ret_msi)
{
	struct vfiopm__guest_msi *msi = calloc(1, sizeof(*msi));

	if (!msi)
		return -ENOMEM;
	msi->host = host;
	for (uint32_t i = 0; i < MAX_VECTORS; i++)
		vfiopm__guest_line_init(&msi->lines[i]);
	init_registers(msi, capability);
	*ret_msi = msi;
	return 0;
}

struct vfiopm__guest_msi *vfiopm__guest_msi_free(struct vfiopm__guest_msi *msi)
{
	if (!msi)
		return NULL;
	vfiopm__guest_msi_disable(msi);
	turn_off(msi);
	free(msi);
	return NULL;
}

unsigned vfiopm__guest_msi_count_fds(const struct vfiopm__guest_msi *msi)
{
	unsigned count = 0;

	for (uint32_t i = 0; i < MAX_VECTORS; i++)
		count += vfiopm__guest_line_count_fds(&msi->lines[i]);
	return count;
}
