// SPDX-License-Identifier: MIT
/* The fixture of the tests of struct vfiopm_guest. */
#include "vmm-fixture.h"

#include <poll.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/kcmp.h>

#include "testbed.h"

/* ---- the callbacks ---- */

static struct vmm_gsi *find_gsi(struct vmm_fixture *fixture, uint32_t index, uint32_t vector)
{
	struct vmm_gsi *gsi = fixture->gsis;

	for (; gsi < &fixture->gsis[fixture->gsi_count]; gsi++) {
		if (gsi->index == index && gsi->vector == vector &&
		    (!fixture->new_gsis || gsi->fd < 0))
			return gsi;
	}
	assert_true(fixture->gsi_count < VMM_GSIS);
	fixture->gsi_count++;
	*gsi = (struct vmm_gsi){
		.index = index, .vector = vector, .fd = -1, .resample_fd = -1, .stuck = -1
	};
	return gsi;
}

static int route(void *data, uint32_t index, uint32_t vector, uint64_t address, uint32_t message)
{
	struct vmm_fixture *fixture = data;
	struct vmm_gsi *gsi;

	fixture->routes++;
	if (fixture->route_error)
		return -fixture->route_error;
	gsi = find_gsi(fixture, index, vector);
	vmm_deliver(fixture);
	gsi->address = address;
	gsi->message = message;
	return VMM_FIRST_GSI + (int)(gsi - fixture->gsis);
}

/* An irqfd that could not be detached is detached when the library has closed its eventfd
 * (virt/kvm/eventfd.c, irqfd_wakeup(), EPOLLHUP). */
static void note_close(struct vmm_gsi *gsi)
{
	if (gsi->stuck < 0 ||
	    syscall(SYS_kcmp, getpid(), getpid(), KCMP_FILE, gsi->fd, gsi->stuck) == 0)
		return;
	close(gsi->stuck);
	gsi->stuck = gsi->fd = gsi->resample_fd = -1;
}

static void note_closes(struct vmm_fixture *fixture)
{
	for (int i = 0; i < fixture->gsi_count; i++)
		note_close(&fixture->gsis[i]);
}

static void note_failed_detach(struct vmm_gsi *gsi)
{
	if (gsi->stuck < 0)
		gsi->stuck = dup(gsi->fd);
	assert_true(gsi->stuck >= 0);
}

static int irqfd(void *data, uint32_t number, int fd, int resample_fd, int on)
{
	struct vmm_fixture *fixture = data;
	struct vmm_gsi *gsi = &fixture->gsis[number - VMM_FIRST_GSI];
	int error = on ? fixture->attach_error : fixture->detach_error;

	assert_in_range(number, VMM_FIRST_GSI, VMM_FIRST_GSI + fixture->gsi_count - 1);
	assert_int_equal(resample_fd >= 0, gsi->index == VFIOPM_IRQ_INTX);
	if (on)
		fixture->attaches++;
	else
		fixture->detaches++;
	vmm_deliver(fixture);
	/* An eventfd is attached and detached in turn. */
	assert_int_equal(gsi->fd, on ? -1 : fd);
	if (error && !on)
		note_failed_detach(gsi);
	if (error)
		return -error;
	if (gsi->stuck >= 0)
		close(gsi->stuck);
	gsi->stuck = -1;
	gsi->fd = on ? fd : -1;
	gsi->resample_fd = on ? resample_fd : -1;
	/* The count that an eventfd holds when it is attached is one interrupt
	 * (virt/kvm/eventfd.c, kvm_irqfd_assign()). */
	if (on)
		gsi->count += raw_take(fd) > 0;
	return 0;
}

static int mappings(void *data, int on)
{
	struct vmm_fixture *fixture = data;

	if (on)
		fixture->mapped++;
	else
		fixture->unmapped++;
	return on ? -fixture->map_error : -fixture->unmap_error;
}

static void wake(void *data)
{
	((struct vmm_fixture *)data)->woken++;
}

static void broken(void *data, const char *call, int error)
{
	struct vmm_fixture *fixture = data;

	fixture->reports++;
	fixture->call = call;
	fixture->error = error;
}

static void powered(void *data, int on, int error)
{
	struct vmm_fixture *fixture = data;

	fixture->powered = on;
	fixture->powered_error = error;
}

const struct vfiopm_guest_ops vmm_ops = {
	.route = route,
	.irqfd = irqfd,
	.mappings = mappings,
	.wake = wake,
	.broken = broken,
	.powered = powered,
};

/* ---- accesses ---- */

uint32_t vmm_config_read(struct vmm_fixture *fixture, uint32_t offset, uint32_t width)
{
	uint32_t value = 0;
	int r = vfiopm_guest_config_read(fixture->guest, offset, width, &value);

	assert_in_range(r, 0, 1);
	for (uint32_t i = 0; r == 0 && i < width; i++) {
		uint8_t byte;

		expect_ok(raw_read_config(fixture->irq.fd, offset + i, &byte));
		value |= (uint32_t)byte << 8 * i;
	}
	return value;
}

void vmm_config_write(struct vmm_fixture *fixture, uint32_t offset, uint32_t width, uint32_t value)
{
	assert_int_equal(vfiopm_guest_config_write(fixture->guest, offset, width, value), 1);
}

void vmm_table_write(struct vmm_fixture *fixture, uint64_t at, uint64_t value, size_t width)
{
	assert_int_equal(vfiopm_guest_msix_write(fixture->guest, fixture->bar, fixture->table + at,
						 width, &value),
			 1);
}

uint64_t vmm_table_read(struct vmm_fixture *fixture, uint64_t at, size_t width)
{
	uint64_t value = 0;

	assert_int_equal(vfiopm_guest_msix_read(fixture->guest, fixture->bar, fixture->table + at,
						width, &value),
			 1);
	return value;
}

uint64_t vmm_pba_read(struct vmm_fixture *fixture)
{
	uint64_t value = 0;

	assert_int_equal(vfiopm_guest_msix_read(fixture->guest, fixture->bar, fixture->pba,
						sizeof(value), &value),
			 1);
	return value;
}

void vmm_program(struct vmm_fixture *fixture, uint32_t vector)
{
	vmm_table_write(fixture, 16 * vector, (uint32_t)VMM_ADDRESS(vector), 4);
	vmm_table_write(fixture, 16 * vector + 4, VMM_ADDRESS(vector) >> 32, 4);
	vmm_table_write(fixture, 16 * vector + 8, VMM_MESSAGE(vector), 4);
}

void vmm_set_mask(struct vmm_fixture *fixture, uint32_t vector, bool masked)
{
	vmm_table_write(fixture, 16 * vector + 12, masked, 4);
}

void vmm_msix_control(struct vmm_fixture *fixture, uint32_t bits)
{
	vmm_config_write(fixture, fixture->msix + 2, 2, bits);
}

/* ---- interrupts ---- */

void vmm_deliver(struct vmm_fixture *fixture)
{
	note_closes(fixture);
	for (int i = 0; i < fixture->gsi_count; i++) {
		struct vmm_gsi *gsi = &fixture->gsis[i];

		if (gsi->fd >= 0)
			gsi->count += (unsigned)raw_take(gsi->fd);
	}
}

void vmm_dispatch(struct vmm_fixture *fixture)
{
	struct pollfd pollfd = { .fd = vfiopm_guest_get_fd(fixture->guest), .events = POLLIN };

	while (poll(&pollfd, 1, 0) == 1)
		assert_true(vfiopm_guest_dispatch(fixture->guest) >= 0);
	vmm_deliver(fixture);
}

unsigned vmm_count(const struct vmm_fixture *fixture, uint32_t index, uint32_t vector)
{
	unsigned count = 0;

	for (int i = 0; i < fixture->gsi_count; i++) {
		if (fixture->gsis[i].index == index && fixture->gsis[i].vector == vector)
			count += fixture->gsis[i].count;
	}
	return count;
}

void vmm_guest_has(struct vmm_fixture *fixture, uint32_t vector, unsigned count)
{
	for (int i = 0; i < 2000; i++) {
		vmm_dispatch(fixture);
		if (vmm_count(fixture, VFIOPM_IRQ_MSIX, vector) >= count)
			break;
		if (testbed_is_simulated())
			break;
		usleep(1000);
	}
	assert_int_equal(vmm_count(fixture, VFIOPM_IRQ_MSIX, vector), count);
}

void vmm_fire(struct vmm_fixture *fixture, uint32_t index, uint32_t vector)
{
	testbed_fire(&fixture->irq.raw, index, vector);
	testbed_let_arrive();
	testbed_clear(&fixture->irq.raw);
	vmm_deliver(fixture);
}

int vmm_attached(const struct vmm_fixture *fixture, uint32_t index, uint32_t vector)
{
	for (int i = 0; i < fixture->gsi_count; i++) {
		const struct vmm_gsi *gsi = &fixture->gsis[i];

		if (gsi->index == index && gsi->vector == vector && gsi->fd >= 0)
			return VMM_FIRST_GSI + i;
	}
	return -1;
}

void vmm_expect_report(struct vmm_fixture *fixture, const char *call, int error)
{
	assert_int_equal(fixture->reports, 1);
	assert_string_equal(fixture->call, call);
	assert_int_equal(fixture->error, -error);
	fixture->reports = 0;
}

/* ---- the fixture ---- */

static void find_capabilities(struct vmm_fixture *fixture)
{
	uint32_t offset = vmm_config_read(fixture, 0x34, 1);

	while (offset != 0) {
		switch (vmm_config_read(fixture, offset, 1)) {
		case 0x01:
			fixture->pm = offset;
			break;
		case 0x05:
			fixture->msi = offset;
			break;
		case 0x10:
			fixture->express = offset;
			break;
		case 0x11:
			fixture->msix = offset;
			break;
		default:
			break;
		}
		offset = vmm_config_read(fixture, offset + 1, 1);
	}
	if (fixture->msix == 0)
		return;
	fixture->bar = vmm_config_read(fixture, fixture->msix + 4, 4) & 7;
	fixture->table = vmm_config_read(fixture, fixture->msix + 4, 4) & ~UINT32_C(7);
	fixture->pba = vmm_config_read(fixture, fixture->msix + 8, 4) & ~UINT32_C(7);
}

void vmm_fixture_start(struct vmm_fixture *fixture, const struct vfiopm_guest_ops *ops)
{
	expect_ok(vfiopm_guest_new(fixture->irq.dev, ops, sizeof(*ops), fixture, &fixture->guest));
	find_capabilities(fixture);
}

static void stop(struct vmm_fixture *fixture)
{
	assert_null(vfiopm_guest_free(fixture->guest));
	note_closes(fixture);
	for (int i = 0; i < fixture->gsi_count; i++)
		assert_int_equal(fixture->gsis[i].fd, -1);
}

void vmm_fixture_open(struct vmm_fixture *fixture)
{
	*fixture = (struct vmm_fixture){ 0 };
	irq_fixture_open(&fixture->irq);
	vmm_fixture_start(fixture, &vmm_ops);
}

void vmm_fixture_close(struct vmm_fixture *fixture)
{
	stop(fixture);
	irq_fixture_close(&fixture->irq);
}

void vmm_fixture_open_fd(struct vmm_fixture *fixture, int fd)
{
	*fixture = (struct vmm_fixture){ .irq.fd = fd };
	expect_ok(vfiopm_device_new_from_fd(fd, &fixture->irq.dev));
	vmm_fixture_start(fixture, &vmm_ops);
}

void vmm_fixture_close_fd(struct vmm_fixture *fixture)
{
	stop(fixture);
	vfiopm_device_free(fixture->irq.dev);
	close(fixture->irq.fd);
}
