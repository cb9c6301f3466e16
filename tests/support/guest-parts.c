// SPDX-License-Identifier: MIT
/* The fixture of the tests of the power part of struct vfiopm_guest. */
#include "guest-parts.h"

#include <poll.h>
#include <unistd.h>

#include "host.h"
#include "raw.h"
#include "testbed.h"

static int no_route(void *data, uint32_t index, uint32_t vector, uint64_t address, uint32_t message)
{
	(void)data, (void)index, (void)vector, (void)address, (void)message;
	fail_msg("a call on power has changed a route");
	return 0;
}

static int no_irqfd(void *data, uint32_t gsi, int fd, int resample_fd, int on)
{
	(void)data, (void)gsi, (void)fd, (void)resample_fd, (void)on;
	fail_msg("a call on power has changed an irqfd");
	return 0;
}

static int mappings(void *data, int on)
{
	struct guest_parts *parts = data;

	/* The library calls this only to change it, and never maps a device in low power. */
	assert_int_equal(parts->mapped, !on);
	if (on)
		assert_false(vfiopm__guest_is_asleep(&parts->host));
	if (parts->mappings_fail[on])
		return -parts->mappings_fail[on];
	parts->mapped = on;
	parts->maps += on == 1;
	parts->unmaps += on == 0;
	return 0;
}

static void wake(void *data)
{
	struct guest_parts *parts = data;

	parts->wakes++;
}

static void broken(void *data, const char *call, int error)
{
	struct guest_parts *parts = data;

	parts->reports++;
	parts->broken_call = call;
	parts->broken_error = error;
}

static void powered(void *data, int on, int error)
{
	struct guest_parts *parts = data;

	assert_in_range(parts->powered, 0, 3);
	parts->powered_on[parts->powered] = on;
	parts->powered_error[parts->powered] = error;
	parts->powered++;
}

void guest_parts_open(struct guest_parts *parts, const struct sim_machine *machine, int how)
{
	*parts = (struct guest_parts){
		.mapped = true,
		.ops = { .route = no_route,
			 .irqfd = no_irqfd,
			 .mappings = mappings,
			 .wake = how & WITH_WAKE ? wake : NULL,
			 .broken = broken,
			 .powered = powered },
	};
	parts->sim = sim_add(machine);
	parts->fd = sim_open_device(parts->sim);
	expect_ok(vfiopm_device_new_from_fd(parts->fd, &parts->dev));
	if (how & WITH_ADDRESS)
		expect_ok(vfiopm_device_set_address(parts->dev, testbed_device()));
	expect_ok(vfiopm__guest_host_init(&parts->host, parts->dev, &parts->ops, parts));
	expect_ok(vfiopm__guest_config_new(&parts->host, &parts->config));
	expect_ok(vfiopm__guest_pm_new(&parts->host, parts->config, &parts->pm));
}

void guest_parts_open_off(struct guest_parts *parts, uint32_t delay_ms)
{
	guest_parts_open(parts, NULL, WITH_ADDRESS | WITH_WAKE);
	vfiopm__guest_pm_set_delays(parts->pm, delay_ms, 60000);
	expect_ok(vfiopm__guest_pm_power(parts->pm, false));
}

void guest_parts_close(struct guest_parts *parts)
{
	assert_null(vfiopm__guest_pm_free(parts->pm));
	assert_null(vfiopm__guest_config_free(parts->config));
	vfiopm__guest_host_end(&parts->host);
	vfiopm_device_free(parts->dev);
	close(parts->fd);
	sim_reset();
}

uint16_t guest_pmcsr(const struct guest_parts *parts)
{
	return (uint16_t)vfiopm__guest_pm_read(parts->pm, PMCSR - PM, 2);
}

void guest_write_pmcsr(const struct guest_parts *parts, uint16_t value)
{
	vfiopm__guest_pm_write(parts->pm, PMCSR - PM, 2, value);
}

/* The state that the device's own PMCSR has. This resumes a suspended device. */
unsigned guest_device_state(const struct guest_parts *parts)
{
	uint8_t byte;

	expect_ok(raw_read_config(parts->fd, PMCSR, &byte));
	return byte & 3;
}

bool guest_is_readable(const struct guest_parts *parts)
{
	struct pollfd pollfd = { .fd = vfiopm__guest_pm_get_fd(parts->pm), .events = POLLIN };

	return poll(&pollfd, 1, 0) == 1;
}

/* Dispatch until nothing is left. Returns the number of handled events. */
int guest_dispatch_all(const struct guest_parts *parts)
{
	int handled = 0;

	for (int i = 0; i < 10 && guest_is_readable(parts); i++)
		handled += vfiopm__guest_pm_dispatch(parts->pm);
	assert_false(guest_is_readable(parts));
	return handled;
}

/* Wait until the object's timer is due, for at most 5 s. */
void guest_dispatch_timer(const struct guest_parts *parts)
{
	struct pollfd pollfd = { .fd = vfiopm__guest_pm_get_fd(parts->pm), .events = POLLIN };

	assert_int_equal(poll(&pollfd, 1, 5000), 1);
	assert_int_equal(vfiopm__guest_pm_dispatch(parts->pm), 0);
}

void guest_expect_asleep(const struct guest_parts *parts)
{
	assert_true(sim_is_suspended(parts->sim));
	assert_true(sim_is_engaged(parts->sim));
	assert_false(parts->mapped);
}

void guest_expect_on(const struct guest_parts *parts)
{
	uint32_t value;

	assert_false(sim_is_engaged(parts->sim));
	assert_true(parts->mapped);
	assert_int_equal(vfiopm__guest_pm_is_powered(parts->pm), 1);
	assert_int_equal(vfiopm__guest_config_read(parts->config, 0, 4, &value), 0);
	assert_int_equal(guest_device_state(parts), D0);
}
