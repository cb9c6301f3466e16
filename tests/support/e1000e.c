// SPDX-License-Identifier: MIT
/* Registers of the e1000e: its interrupts, and its transmit unit. */
#include "e1000e.h"

#include <string.h>
#include <unistd.h>

#include "e1000e-registers.h"
#include "test.h"

/* The transmit unit, and a legacy descriptor with a status that is written back. */
#define TCTL			  0x0400
#define TCTL_ENABLE		  UINT32_C(2)
#define TDBAL			  0x3800
#define TDBAH			  0x3804
#define TDLEN			  0x3808
#define TDH			  0x3810
#define TDT			  0x3818
#define RING_SIZE		  128
#define FRAME_OFFSET		  1024
#define FRAME_SIZE		  60
#define DESCRIPTOR_COMMAND	  11
#define DESCRIPTOR_STATUS	  12
#define COMMAND_END_AND_REPORT	  0x09
#define STATUS_DONE		  1

#define CONFIG_OFFSET		  (INT64_C(7) << 40)
#define COMMAND			  4
#define COMMAND_MEMORY_AND_MASTER 6

static void write_register(int fd, off_t offset, uint32_t value)
{
	assert_int_equal(pwrite(fd, &value, sizeof(value), offset), sizeof(value));
}

static uint32_t read_register(int fd, off_t offset)
{
	uint32_t value;

	assert_int_equal(pread(fd, &value, sizeof(value), offset), sizeof(value));
	return value;
}

static void enable(int device_fd)
{
	uint8_t command = COMMAND_MEMORY_AND_MASTER; /* the byte above has DisINTx */

	assert_int_equal(pwrite(device_fd, &command, sizeof(command), CONFIG_OFFSET + COMMAND),
			 sizeof(command));
}

void e1000e_fire(int device_fd, bool msix, uint32_t vector)
{
	enable(device_fd);
	if (msix) {
		write_register(device_fd, CTRL_EXT,
			       read_register(device_fd, CTRL_EXT) | CTRL_EXT_MSIX);
		write_register(device_fd, IVAR, IVAR_ONE_EACH);
	}
	write_register(device_fd, IMS, ALL_CAUSES);
	write_register(device_fd, ICS, CAUSE(vector));
}

void e1000e_acknowledge(int device_fd)
{
	read_register(device_fd, ICR);
	write_register(device_fd, ICR, UINT32_MAX);
	/* An interrupt starts a throttling timer of about 130 us, and a further interrupt waits
	 * for its end. From then on QEMU 7.2 sends each interrupt twice, because it does not
	 * clear the flag for the waiting one (hw/net/e1000e_core.c,
	 * e1000e_postpone_interrupt()). Wait for the end of the timer. */
	usleep(300);
}

void e1000e_clear(int device_fd)
{
	e1000e_acknowledge(device_fd);
	/* QEMU asserts that MSI-X is still enabled when the timer ends
	 * (e1000e_intrmgr_on_msix_throttling_timer()). */
	usleep(2000);
}

bool e1000e_dma(int device_fd, uint8_t *page, uint64_t iova)
{
	uint64_t frame = iova + FRAME_OFFSET;
	uint16_t length = FRAME_SIZE;
	volatile uint8_t *status = page + DESCRIPTOR_STATUS;

	memset(page, 0, RING_SIZE);
	memcpy(page, &frame, sizeof(frame));
	memcpy(page + sizeof(frame), &length, sizeof(length));
	page[DESCRIPTOR_COMMAND] = COMMAND_END_AND_REPORT;

	enable(device_fd);
	write_register(device_fd, TCTL, 0);
	write_register(device_fd, TDBAL, (uint32_t)iova);
	write_register(device_fd, TDBAH, 0);
	write_register(device_fd, TDLEN, RING_SIZE);
	write_register(device_fd, TDH, 0);
	write_register(device_fd, TDT, 0);
	write_register(device_fd, TCTL, TCTL_ENABLE);
	write_register(device_fd, TDT, 1);
	for (int i = 0; i < 100 && !(*status & STATUS_DONE); i++)
		usleep(1000);
	write_register(device_fd, TCTL, 0);
	return *status & STATUS_DONE;
}
