// SPDX-License-Identifier: MIT
/*
 * vfiopmctl enter: put a device into low power and hold it there. It reports each change of the
 * power state, and ends at a signal, after --for, or at a wake that ends low power.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <json-c/json.h>

#include "ctl.h"

/* The interval of reading sysfs, which does not wake the device. */
#define SAMPLE_MS 50

struct holding {
	const struct ctl_options *options;
	const char *address;
	struct vfiopm_device *dev;
	int signals, request, wakeup; /* fds; wakeup is -1 without --wakeup */
	int64_t began_ms;
	uint64_t slept_ms; /* the suspended time before the entry */
	uint32_t state, status;
};

/* ---- output ---- */

static int64_t since_ms(const struct holding *holding)
{
	return ctl_now_ms() - holding->began_ms;
}

static const char *text_of(const char *name)
{
	return name ? name : "?";
}

static struct json_object *event_json(const struct holding *holding, const char *event)
{
	struct json_object *object = json_object_new_object();

	ctl_json_add_text(object, "event", event);
	ctl_json_add_text(object, "address", holding->address);
	ctl_json_add_number(object, "time_ms", since_ms(holding));
	ctl_json_add_text(object, "power_state", vfiopm_readout_power_state_name(holding->state));
	ctl_json_add_text(object, "runtime_status",
			  vfiopm_readout_runtime_status_name(holding->status));
	return object;
}

static void report(const struct holding *holding, const char *event, const char *words)
{
	if (holding->options->json) {
		ctl_json_print_line(event_json(holding, event));
		return;
	}
	printf("%8.2f s  %s\n", (double)since_ms(holding) / 1000, words);
	fflush(stdout);
}

static void report_end(struct holding *holding)
{
	uint64_t slept = holding->slept_ms;
	int64_t held = since_ms(holding);
	struct json_object *object;

	vfiopm_readout_get_suspended_time(holding->dev, &slept);
	slept -= holding->slept_ms;
	vfiopm_readout_get_power_state(holding->dev, &holding->state);
	vfiopm_readout_get_runtime_status(holding->dev, &holding->status);
	if (!holding->options->json) {
		printf("%8.2f s  left low power; suspended for %" PRIu64 " of %" PRId64 " ms\n",
		       (double)held / 1000, slept, held);
		return;
	}
	object = event_json(holding, "left");
	ctl_json_add_number(object, "suspended_ms", (int64_t)slept);
	ctl_json_print_line(object);
}

/* ---- sampling ---- */

static void sample(struct holding *holding)
{
	uint32_t state = VFIOPM_POWER_STATE_UNKNOWN, status = VFIOPM_RUNTIME_UNSUPPORTED;
	char words[64];

	vfiopm_readout_get_power_state(holding->dev, &state);
	vfiopm_readout_get_runtime_status(holding->dev, &status);
	if (state == holding->state && status == holding->status)
		return;
	holding->state = state;
	holding->status = status;
	snprintf(words, sizeof(words), "%s, %s",
		 text_of(vfiopm_readout_runtime_status_name(status)),
		 text_of(vfiopm_readout_power_state_name(state)));
	report(holding, "state", words);
}

/* ---- entering and leaving ---- */

static int enter(const struct holding *holding)
{
	uint32_t features = 0;
	int r = -ENOTTY;

	vfiopm_get_features(holding->dev, &features);
	if (holding->wakeup < 0)
		r = vfiopm_enter(holding->dev);
	else if (features & VFIOPM_FEATURE_ENTER_WAKEUP)
		r = vfiopm_enter_wakeup(holding->dev, holding->wakeup);
	if (r == -ENOTTY) {
		ctl_say("%s cannot enter low power%s: Linux is older than 6.1, or its driver does "
			"not support it",
			holding->address, holding->wakeup < 0 ? "" : " with wakeup");
		return CTL_NO_FEATURE;
	}
	if (r < 0) {
		ctl_say("%s could not enter low power: %s", holding->address, strerror(-r));
		return CTL_FAILED;
	}
	return CTL_OK;
}

/* Handle a signal of the wakeup eventfd. False if the command is to end. */
static bool handle_wake(const struct holding *holding, int *ret_status)
{
	uint64_t count;

	if (read(holding->wakeup, &count, sizeof(count)) != sizeof(count))
		return true;
	report(holding, "woken", "woken by the host; low power has ended");
	if (!holding->options->again)
		return false;
	*ret_status = enter(holding);
	if (*ret_status != CTL_OK)
		return false;
	report(holding, "entered", "entered low power again");
	return true;
}

/* The timeout of the next poll(2); 0 when --for has passed. */
static int get_timeout_ms(const struct holding *holding)
{
	int64_t left = holding->options->for_ms - since_ms(holding);

	if (holding->options->for_ms < 0 || left > SAMPLE_MS)
		return SAMPLE_MS;
	return left > 0 ? (int)left : 0;
}

static int hold(struct holding *holding)
{
	struct pollfd pollfds[3] = { { .fd = holding->signals, .events = POLLIN },
				     { .fd = holding->wakeup, .events = POLLIN },
				     { .fd = holding->request, .events = POLLIN } };
	int status = CTL_OK, timeout;

	while ((timeout = get_timeout_ms(holding)) > 0) {
		if (poll(pollfds, 3, timeout) < 0 && errno != EINTR)
			break;
		sample(holding);
		if (pollfds[0].revents)
			break;
		if (pollfds[2].revents) {
			report(holding, "requested",
			       "the kernel requests the device: it is being unbound or removed");
			break;
		}
		if ((pollfds[1].revents & POLLIN) && !handle_wake(holding, &status))
			break;
	}
	return status;
}

static int leave(struct holding *holding)
{
	int r = vfiopm_exit(holding->dev);

	if (r == 0) {
		report_end(holding);
		return CTL_OK;
	}
	ctl_say("%s could not leave low power: %s. Closing the device, which happens now, also "
		"ends "
		"low power",
		holding->address, strerror(-r));
	return CTL_FAILED;
}

static int enter_and_hold(struct holding *holding)
{
	int status, left;

	holding->began_ms = ctl_now_ms();
	vfiopm_readout_get_suspended_time(holding->dev, &holding->slept_ms);
	vfiopm_readout_get_power_state(holding->dev, &holding->state);
	vfiopm_readout_get_runtime_status(holding->dev, &holding->status);
	status = enter(holding);
	if (status != CTL_OK)
		return status;
	report(holding, "entered",
	       holding->wakeup < 0 ? "entered low power" : "entered low power with wakeup");
	status = hold(holding);
	left = leave(holding);
	return status == CTL_OK ? left : status;
}

/* ---- setting up ---- */

/* The kernel signals this eventfd when the device is to be unbound or removed, and waits until
 * the device is closed (drivers/vfio/pci/vfio_pci_core.c, vfio_pci_core_request()). */
static int open_request(struct vfiopm_device *dev)
{
	int request = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	if (request >= 0)
		vfiopm_irq_set_signaling(dev, VFIOPM_IRQ_REQ, 0, request);
	return request;
}

int ctl_enter(const struct ctl_options *options)
{
	struct holding holding = { .options = options,
				   .address = options->devices[0],
				   .wakeup = -1 };
	int r, status;

	r = vfiopm_device_open(holding.address, &holding.dev);
	if (r < 0)
		return ctl_fail_open(holding.address, r);
	vfiopm_device_get_address(holding.dev, &holding.address);
	holding.signals = ctl_open_signals();
	holding.request = open_request(holding.dev);
	if (options->wakeup)
		holding.wakeup = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (holding.signals < 0 || holding.request < 0 || (options->wakeup && holding.wakeup < 0)) {
		ctl_say("%s", strerror(errno));
		status = CTL_FAILED;
	} else {
		status = enter_and_hold(&holding);
	}
	vfiopm_device_free(holding.dev);
	return status;
}
