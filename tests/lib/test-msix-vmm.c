// SPDX-License-Identifier: MIT
/*
 * The MSI-X object as VMMs and guests use it: a VMM without irqfds or with irqfds that fail,
 * the PBA and its interception, and wrong arguments of the VMM and the guest.
 */
#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "host.h"
#include "msix-fixture.h"
#include "testbed.h"

/* ---- the VMM of these tests ---- */

struct vmm {
	unsigned delivered[VECTORS];
	int attach_result, deliver_result;
	unsigned attached, interceptions;
	int intercepting;
	unsigned chosen;
	char last_choice[40];
	int last_result;
};

static int vmm_attach(void *data, uint32_t vector, int irqfd)
{
	struct vmm *vmm = data;

	(void)vector;
	(void)irqfd;
	if (vmm->attach_result == 0)
		vmm->attached++;
	return vmm->attach_result;
}

static int vmm_detach(void *data, uint32_t vector, int irqfd)
{
	struct vmm *vmm = data;

	(void)vector;
	(void)irqfd;
	vmm->attached--;
	return 0;
}

static int vmm_deliver(void *data, uint32_t vector)
{
	struct vmm *vmm = data;

	if (vmm->deliver_result == 0)
		vmm->delivered[vector]++;
	return vmm->deliver_result;
}

static void vmm_intercept(void *data, int on)
{
	struct vmm *vmm = data;

	assert_int_not_equal(vmm->intercepting, on);
	vmm->intercepting = on;
	vmm->interceptions++;
}

static void vmm_trace(void *data, uint32_t event, const char *call, int result)
{
	struct vmm *vmm = data;

	if (event != VFIOPM_TRACE_CHOSE)
		return;
	vmm->chosen++;
	strncpy(vmm->last_choice, call, sizeof(vmm->last_choice) - 1);
	vmm->last_result = result;
}

static const struct vfiopm_msix_ops deliver_ops = { .deliver = vmm_deliver };
static const struct vfiopm_msix_ops irqfd_ops = { .attach = vmm_attach, .detach = vmm_detach };
static const struct vfiopm_msix_ops all_ops = {
	.attach = vmm_attach,
	.detach = vmm_detach,
	.deliver = vmm_deliver,
	.intercept_pba = vmm_intercept,
};

/* ---- delivery without irqfds ---- */

static void a_vmm_without_irqfds_delivers_by_callback(void **state)
{
	struct msix_fixture fixture;
	struct vmm vmm = { 0 };

	(void)state;
	msix_fixture_open_with(&fixture, &deliver_ops, &vmm);
	expect_ok(vfiopm_msix_use(fixture.msix, 0, 2));
	assert_int_equal(msix_mode(&fixture, 0), VFIOPM_MSIX_MODE_RELAY);
	/* A vector without an irqfd stays in relay mode, whatever the policy is. */
	expect_ok(vfiopm_msix_set_policy(fixture.msix, VFIOPM_MSIX_POLICY_HOLD));
	expect_ok(vfiopm_msix_unmask(fixture.msix, 0));
	expect_ok(vfiopm_msix_mask(fixture.msix, 0));
	expect_ok(vfiopm_msix_unmask(fixture.msix, 0));
	for (unsigned i = 1; i <= 3; i++) {
		msix_fire(&fixture, 0);
		msix_fire(&fixture, 1);
		msix_dispatch_all(&fixture);
		assert_int_equal(vmm.delivered[0], i);
		assert_int_equal(vmm.delivered[1], 0);
	}
	expect_ok(vfiopm_msix_unmask(fixture.msix, 1));
	assert_int_equal(vmm.delivered[1], 1);
	assert_int_equal(msix_stats(&fixture).delivered, 4);
	msix_fixture_close(&fixture);
}

/* An attach can fail, for example because KVM has no free route. The vector then changes to relay
 * mode and loses no interrupt. */
static void a_vector_is_relayed_if_attach_fails(void **state)
{
	struct msix_fixture fixture;
	struct vmm vmm = { .attach_result = -ENOSPC };

	(void)state;
	msix_fixture_open_with(&fixture, &all_ops, &vmm);
	expect_ok(vfiopm_msix_use(fixture.msix, 0, 1));
	assert_int_equal(msix_mode(&fixture, 0), VFIOPM_MSIX_MODE_HOLD);
	msix_fire(&fixture, 0);
	expect_ok(vfiopm_msix_unmask(fixture.msix, 0));
	assert_int_equal(vmm.delivered[0], 1);
	assert_int_equal(msix_mode(&fixture, 0), VFIOPM_MSIX_MODE_RELAY);
	msix_fire(&fixture, 0);
	msix_dispatch_all(&fixture);
	assert_int_equal(vmm.delivered[0], 2);
	/* The vector stays in relay mode until its next use. */
	vmm.attach_result = 0;
	expect_ok(vfiopm_msix_mask(fixture.msix, 0));
	expect_ok(vfiopm_msix_unmask(fixture.msix, 0));
	assert_int_equal(vmm.attached, 0);
	expect_ok(vfiopm_msix_release(fixture.msix, 0, 1));
	expect_ok(vfiopm_msix_use(fixture.msix, 0, 1));
	expect_ok(vfiopm_msix_unmask(fixture.msix, 0));
	assert_int_equal(vmm.attached, 1);
	msix_fixture_close(&fixture);
}

/* Without a deliver callback the unmask fails and can be retried. */
static void a_failed_attach_leaves_the_vector_masked(void **state)
{
	struct msix_fixture fixture;
	struct vmm vmm = { .attach_result = -ENOSPC };

	(void)state;
	msix_fixture_open_with(&fixture, &irqfd_ops, &vmm);
	expect_ok(vfiopm_msix_use(fixture.msix, 0, 1));
	msix_fire(&fixture, 0);
	expect_errno(ENOSPC, vfiopm_msix_unmask(fixture.msix, 0));
	assert_int_equal(vfiopm_msix_is_pending(fixture.msix, 0), 1);
	/* A result that is not a negative errno is refused. */
	vmm.attach_result = 1;
	expect_errno(EPROTO, vfiopm_msix_unmask(fixture.msix, 0));
	vmm.attach_result = 0;
	expect_ok(vfiopm_msix_unmask(fixture.msix, 0));
	assert_int_equal(vmm.attached, 1);
	msix_fixture_close(&fixture);
}

static void a_failed_delivery_is_retried(void **state)
{
	struct msix_fixture fixture;
	struct vmm vmm = { .deliver_result = -EAGAIN };

	(void)state;
	msix_fixture_open_with(&fixture, &deliver_ops, &vmm);
	expect_ok(vfiopm_msix_use(fixture.msix, 0, 1));
	msix_fire(&fixture, 0);
	msix_dispatch_all(&fixture);
	assert_int_equal(vfiopm_msix_unmask(fixture.msix, 0), -EAGAIN);
	assert_int_equal(vfiopm_msix_is_pending(fixture.msix, 0), 1);
	vmm.deliver_result = 0;
	expect_ok(vfiopm_msix_unmask(fixture.msix, 0));
	assert_int_equal(vmm.delivered[0], 1);
	/* In the event loop, the next interrupt retries a failed delivery. */
	vmm.deliver_result = -EAGAIN;
	msix_fire(&fixture, 0);
	assert_int_equal(vfiopm_msix_dispatch(fixture.msix), -EAGAIN);
	vmm.deliver_result = 0;
	assert_int_equal(vfiopm_msix_dispatch(fixture.msix), 0);
	msix_fire(&fixture, 0);
	assert_int_equal(vfiopm_msix_dispatch(fixture.msix), 1);
	assert_int_equal(vmm.delivered[0], 2);
	msix_fixture_close(&fixture);
}

/* ---- the PBA ---- */

static void the_pba_has_a_bit_for_each_vector(void **state)
{
	struct msix_fixture fixture;
	uint8_t bytes[16];

	(void)state;
	msix_fixture_open(&fixture);
	expect_ok(vfiopm_msix_use(fixture.msix, 0, VECTORS));
	expect_ok(vfiopm_msix_unmask(fixture.msix, 2));
	for (uint32_t i = 1; i < VECTORS; i++)
		msix_fire(&fixture, i);
	memset(bytes, 0xff, sizeof(bytes));
	expect_ok(vfiopm_msix_read_pba(fixture.msix, 0, 8, bytes));
	assert_int_equal(bytes[0], 0x1a);
	for (int i = 1; i < 8; i++)
		assert_int_equal(bytes[i], 0);
	assert_int_equal(bytes[8], 0xff);
	/* Any offset and length within the PBA are valid. */
	memset(bytes, 0xff, sizeof(bytes));
	expect_ok(vfiopm_msix_read_pba(fixture.msix, 7, 1, bytes));
	assert_int_equal(bytes[0], 0);
	assert_int_equal(bytes[1], 0xff);
	expect_ok(vfiopm_msix_read_pba(fixture.msix, 8, 0, bytes));
	msix_fixture_close(&fixture);
}

static void a_range_outside_the_pba_is_refused(void **state)
{
	struct msix_fixture fixture;
	uint8_t bytes[16];

	(void)state;
	msix_fixture_open(&fixture);
	memset(bytes, 0xff, sizeof(bytes));
	expect_errno(EINVAL, vfiopm_msix_read_pba(fixture.msix, 0, 9, bytes));
	expect_errno(EINVAL, vfiopm_msix_read_pba(fixture.msix, 8, 1, bytes));
	expect_errno(EINVAL, vfiopm_msix_read_pba(fixture.msix, 9, 0, bytes));
	expect_errno(EINVAL, vfiopm_msix_read_pba(fixture.msix, UINT64_MAX, 1, bytes));
	expect_errno(EINVAL, vfiopm_msix_read_pba(fixture.msix, UINT64_MAX - 3, 8, bytes));
	expect_errno(EINVAL, vfiopm_msix_read_pba(fixture.msix, 1, SIZE_MAX, bytes));
	expect_errno(EINVAL, vfiopm_msix_read_pba(fixture.msix, 0, 8, NULL));
	expect_errno(EINVAL, vfiopm_msix_read_pba(NULL, 0, 8, bytes));
	for (int i = 0; i < 16; i++)
		assert_int_equal(bytes[i], 0xff);
	msix_fixture_close(&fixture);
}

static void the_pba_is_intercepted_while_a_vector_is_masked(void **state)
{
	struct msix_fixture fixture;
	struct vmm vmm = { 0 };
	uint8_t bytes[8];

	(void)state;
	msix_fixture_open_with(&fixture, &all_ops, &vmm);
	expect_ok(vfiopm_msix_use(fixture.msix, 0, 2));
	assert_int_equal(vmm.intercepting, 1);
	expect_ok(vfiopm_msix_unmask(fixture.msix, 0));
	assert_int_equal(vmm.intercepting, 1);
	expect_ok(vfiopm_msix_unmask(fixture.msix, 1));
	assert_int_equal(vmm.intercepting, 0);
	for (int i = 0; i < 100; i++) {
		expect_ok(vfiopm_msix_mask(fixture.msix, 1));
		assert_int_equal(vmm.intercepting, 1);
		expect_ok(vfiopm_msix_unmask(fixture.msix, 1));
	}
	/* After a few toggles interception stays on. */
	assert_int_equal(vmm.intercepting, 1);
	assert_int_equal(vmm.interceptions, 9);
	assert_int_equal(msix_stats(&fixture).interceptions, 9);
	/* 64 reads while no vector is masked turn interception off. */
	for (int i = 0; i < 64; i++)
		expect_ok(vfiopm_msix_read_pba(fixture.msix, 0, 8, bytes));
	assert_int_equal(vmm.intercepting, 0);
	/* Interception ends when no vector is in use. */
	expect_ok(vfiopm_msix_mask(fixture.msix, 0));
	assert_int_equal(vmm.intercepting, 1);
	expect_ok(vfiopm_msix_release(fixture.msix, 0, 2));
	assert_int_equal(vmm.intercepting, 0);
	msix_fixture_close(&fixture);
}

static void the_pba_policy_controls_interception(void **state)
{
	struct msix_fixture fixture;
	struct vmm vmm = { 0 };

	(void)state;
	msix_fixture_open_with(&fixture, &all_ops, &vmm);
	expect_ok(vfiopm_msix_set_pba_policy(fixture.msix, VFIOPM_MSIX_PBA_NEVER));
	expect_ok(vfiopm_msix_use(fixture.msix, 0, 1));
	assert_int_equal(vmm.interceptions, 0);
	expect_ok(vfiopm_msix_set_pba_policy(fixture.msix, VFIOPM_MSIX_PBA_ALWAYS));
	assert_int_equal(vmm.intercepting, 1);
	for (int i = 0; i < 3; i++) {
		expect_ok(vfiopm_msix_unmask(fixture.msix, 0));
		expect_ok(vfiopm_msix_mask(fixture.msix, 0));
	}
	assert_int_equal(vmm.interceptions, 1);
	expect_ok(vfiopm_msix_unmask(fixture.msix, 0));
	expect_ok(vfiopm_msix_set_pba_policy(fixture.msix, VFIOPM_MSIX_PBA_AUTO));
	assert_int_equal(vmm.intercepting, 0);
	msix_fixture_close(&fixture);
}

static void mode_changes_and_interception_are_traced(void **state)
{
	struct msix_fixture fixture;
	struct vmm vmm = { 0 };

	(void)state;
	msix_fixture_open_with(&fixture, &all_ops, &vmm);
	expect_ok(vfiopm_device_set_trace(fixture.irq.dev, vmm_trace, &vmm));
	expect_ok(vfiopm_msix_use(fixture.msix, 0, 2));
	assert_int_equal(vmm.chosen, 1);
	assert_string_equal(vmm.last_choice, "VFIOPM_MSIX_PBA");
	assert_int_equal(vmm.last_result, 1);
	expect_ok(vfiopm_msix_unmask(fixture.msix, 1));
	expect_ok(vfiopm_msix_set_policy(fixture.msix, VFIOPM_MSIX_POLICY_RELAY));
	expect_ok(vfiopm_msix_mask(fixture.msix, 1));
	assert_int_equal(vmm.chosen, 2);
	assert_string_equal(vmm.last_choice, "VFIOPM_MSIX_MODE_RELAY");
	assert_int_equal(vmm.last_result, 1);
	expect_ok(vfiopm_msix_unmask(fixture.msix, 1));
	expect_ok(vfiopm_msix_set_policy(fixture.msix, VFIOPM_MSIX_POLICY_HOLD));
	expect_ok(vfiopm_msix_mask(fixture.msix, 1));
	assert_string_equal(vmm.last_choice, "VFIOPM_MSIX_MODE_HOLD");
	msix_fixture_close(&fixture);
}

/* ---- wrong arguments and states ---- */

static void wrong_vectors_are_refused(void **state)
{
	static const uint32_t wrong[] = { VECTORS, VECTORS + 1,	   2047,
					  2048,	   UINT32_MAX - 1, UINT32_MAX };
	struct msix_fixture fixture;
	struct vfiopm_msix_stats stats = { .masks = 77 };
	uint32_t mode = 77;

	(void)state;
	msix_fixture_open(&fixture);
	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		expect_errno(EINVAL, vfiopm_msix_mask(fixture.msix, wrong[i]));
		expect_errno(EINVAL, vfiopm_msix_unmask(fixture.msix, wrong[i]));
		expect_errno(EINVAL, vfiopm_msix_is_pending(fixture.msix, wrong[i]));
		expect_errno(EINVAL, vfiopm_msix_use(fixture.msix, wrong[i], 1));
		expect_errno(EINVAL, vfiopm_msix_use(fixture.msix, 1, wrong[i]));
		expect_errno(EINVAL, vfiopm_msix_release(fixture.msix, wrong[i], 1));
		expect_errno(EINVAL, vfiopm_msix_release(fixture.msix, 1, wrong[i]));
		expect_errno(EINVAL, vfiopm_msix_get_mode(fixture.msix, wrong[i], &mode));
		expect_errno(EINVAL, vfiopm_msix_set_eventfds(fixture.msix, wrong[i], -1, -1));
		if (wrong[i] != VFIOPM_MSIX_ALL)
			expect_errno(EINVAL, vfiopm_msix_get_stats(fixture.msix, wrong[i],
								   sizeof(stats), &stats));
		assert_int_equal(vfiopm_kvm_attach(fixture.kvm, wrong[i], fixture.irq.events[0]),
				 -EINVAL);
	}
	expect_errno(EINVAL, vfiopm_msix_use(fixture.msix, 0, 0));
	expect_errno(EINVAL, vfiopm_msix_release(fixture.msix, 0, 0));
	/* Vector 0 exists but is not in use. */
	expect_errno(EINVAL, vfiopm_msix_mask(fixture.msix, 0));
	expect_errno(EINVAL, vfiopm_msix_unmask(fixture.msix, 0));
	expect_errno(EINVAL, vfiopm_msix_get_mode(fixture.msix, 0, &mode));
	assert_int_equal(vfiopm_msix_is_pending(fixture.msix, 0), 0);
	assert_int_equal(mode, 77);
	assert_int_equal(stats.masks, 77);
	expect_ok(vfiopm_msix_release(fixture.msix, 0, VECTORS));
	msix_fixture_close(&fixture);
}

static void wrong_arguments_are_refused(void **state)
{
	struct msix_fixture fixture;
	struct vfiopm_msix_stats stats;
	struct vfiopm_msix *msix;

	(void)state;
	msix_fixture_open(&fixture);
	msix = fixture.msix;
	assert_null(vfiopm_msix_free(NULL));
	expect_errno(EINVAL, vfiopm_msix_set_policy(NULL, 0));
	expect_errno(EINVAL, vfiopm_msix_set_policy(msix, 3));
	expect_errno(EINVAL, vfiopm_msix_set_pba_policy(NULL, 0));
	expect_errno(EINVAL, vfiopm_msix_set_pba_policy(msix, 3));
	expect_errno(EINVAL, vfiopm_msix_set_function_mask(NULL, 1));
	expect_errno(EINVAL, vfiopm_msix_set_function_mask(msix, 2));
	expect_errno(EINVAL, vfiopm_msix_set_function_mask(msix, -1));
	expect_errno(EINVAL, vfiopm_msix_use(NULL, 0, 1));
	expect_errno(EINVAL, vfiopm_msix_release(NULL, 0, 1));
	expect_errno(EINVAL, vfiopm_msix_disable(NULL));
	expect_errno(EINVAL, vfiopm_msix_mask(NULL, 0));
	expect_errno(EINVAL, vfiopm_msix_unmask(NULL, 0));
	expect_errno(EINVAL, vfiopm_msix_is_pending(NULL, 0));
	expect_errno(EINVAL, vfiopm_msix_get_fd(NULL));
	expect_errno(EINVAL, vfiopm_msix_dispatch(NULL));
	expect_errno(EINVAL, vfiopm_msix_get_mode(msix, 0, NULL));
	expect_errno(EINVAL, vfiopm_msix_get_stats(NULL, 0, sizeof(stats), &stats));
	expect_errno(EINVAL, vfiopm_msix_get_stats(msix, 0, sizeof(stats), NULL));
	msix_fixture_close(&fixture);
}

static void wrong_callbacks_are_refused(void **state)
{
	static const struct vfiopm_msix_ops wrong[] = {
		{ .intercept_pba = vmm_intercept },
		{ .attach = vmm_attach, .deliver = vmm_deliver },
		{ .detach = vmm_detach, .deliver = vmm_deliver },
	};
	struct vfiopm_msix *msix = NULL;
	struct msix_fixture fixture;
	struct vfiopm_device *dev;

	(void)state;
	msix_fixture_open(&fixture);
	dev = fixture.irq.dev;
	expect_errno(EINVAL, vfiopm_msix_new(NULL, &all_ops, sizeof(all_ops), NULL, &msix));
	expect_errno(EINVAL, vfiopm_msix_new(dev, NULL, sizeof(all_ops), NULL, &msix));
	expect_errno(EINVAL, vfiopm_msix_new(dev, &all_ops, sizeof(all_ops), NULL, NULL));
	expect_errno(EINVAL, vfiopm_msix_new(dev, &all_ops, 0, NULL, &msix));
	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		expect_errno(EINVAL,
			     vfiopm_msix_new(dev, &wrong[i], sizeof(wrong[i]), NULL, &msix));
	assert_null(msix);
	msix_fixture_close(&fixture);
}

/* A program can be built with an older or a newer header than the library. */
static void structs_of_other_versions_are_accepted(void **state)
{
	struct {
		struct vfiopm_msix_ops known;
		void *unknown;
	} newer = { .known = deliver_ops };
	struct {
		struct vfiopm_msix_stats known;
		uint64_t unknown;
	} stats;
	uint64_t masks_only[2] = { 77, 77 };
	struct vmm vmm = { 0 };
	struct msix_fixture fixture;
	struct vfiopm_msix *msix = NULL;

	(void)state;
	msix_fixture_open(&fixture);
	newer.unknown = &vmm;
	expect_errno(EINVAL,
		     vfiopm_msix_new(fixture.irq.dev, &newer.known, sizeof(newer), &vmm, &msix));
	newer.unknown = NULL;
	expect_ok(vfiopm_msix_new(fixture.irq.dev, &newer.known, sizeof(newer), &vmm, &msix));
	vfiopm_msix_free(msix);
	/* The older struct ends with deliver. The library must not read the later members. */
	expect_ok(vfiopm_msix_new(fixture.irq.dev, &all_ops,
				  offsetof(struct vfiopm_msix_ops, intercept_pba), &vmm, &msix));
	expect_ok(vfiopm_msix_use(msix, 0, 1));
	assert_int_equal(vmm.interceptions, 0);
	expect_ok(vfiopm_msix_unmask(msix, 0));
	expect_ok(vfiopm_msix_mask(msix, 0));
	memset(&stats, 0xff, sizeof(stats));
	expect_ok(vfiopm_msix_get_stats(msix, 0, sizeof(stats), &stats.known));
	assert_int_equal(stats.known.masks, 1);
	assert_int_equal(stats.unknown, 0);
	expect_ok(vfiopm_msix_get_stats(msix, 0, sizeof(masks_only[0]), (void *)masks_only));
	assert_int_equal(masks_only[0], 1);
	assert_int_equal(masks_only[1], 77);
	vfiopm_msix_free(msix);
	msix_fixture_close(&fixture);
}

static void vectors_in_use_refuse_another_use_and_other_eventfds(void **state)
{
	struct msix_fixture fixture;

	(void)state;
	msix_fixture_open(&fixture);
	expect_ok(vfiopm_msix_use(fixture.msix, 1, 2));
	expect_errno(EALREADY, vfiopm_msix_use(fixture.msix, 0, 2));
	expect_errno(EALREADY, vfiopm_msix_use(fixture.msix, 2, 3));
	assert_int_equal(vfiopm_msix_mask(fixture.msix, 0), -EINVAL);
	expect_errno(EBUSY, vfiopm_msix_set_eventfds(fixture.msix, 0, -1, -1));
	expect_ok(vfiopm_msix_release(fixture.msix, 0, VECTORS));
	expect_ok(vfiopm_msix_use(fixture.msix, 0, VECTORS));
	msix_fixture_close(&fixture);
}

static void wrong_eventfds_are_refused(void **state)
{
	struct msix_fixture fixture;
	int closed = raw_closed_fd(), *events;

	(void)state;
	msix_fixture_open(&fixture);
	events = fixture.irq.events;
	expect_errno(EINVAL, vfiopm_msix_set_eventfds(fixture.msix, 0, -2, -1));
	expect_errno(EINVAL, vfiopm_msix_set_eventfds(fixture.msix, 0, -1, INT_MIN));
	expect_errno(EINVAL, vfiopm_msix_set_eventfds(fixture.msix, 0, fixture.irq.raw.device, -1));
	expect_errno(EINVAL, vfiopm_msix_set_eventfds(fixture.msix, 0, -1, fixture.irq.raw.device));
	expect_errno(EBADF, vfiopm_msix_set_eventfds(fixture.msix, 0, closed, -1));
	expect_errno(EBADF, vfiopm_msix_set_eventfds(fixture.msix, 0, events[0], closed));
	/* Two vectors cannot share an eventfd. */
	expect_ok(vfiopm_msix_set_eventfds(fixture.msix, 0, events[0], events[1]));
	expect_ok(vfiopm_msix_set_eventfds(fixture.msix, 1, events[2], events[1]));
	expect_errno(EEXIST, vfiopm_msix_use(fixture.msix, 0, 2));
	expect_ok(vfiopm_msix_use(fixture.msix, 1, 1));
	expect_ok(vfiopm_msix_release(fixture.msix, 1, 1));
	/* The caller has closed an eventfd that it had set. */
	close(events[1]);
	expect_errno(EBADF, vfiopm_msix_use(fixture.msix, 0, 1));
	events[1] = raw_eventfd();
	expect_ok(vfiopm_msix_set_eventfds(fixture.msix, 0, -1, -1));
	expect_ok(vfiopm_msix_use(fixture.msix, 0, 1));
	msix_fixture_close(&fixture);
}

static void an_enabled_intx_excludes_use(void **state)
{
	struct msix_fixture fixture;
	struct vfiopm_device *dev;

	(void)state;
	msix_fixture_open(&fixture);
	dev = fixture.irq.dev;
	expect_ok(vfiopm_irq_set_signaling(dev, VFIOPM_IRQ_INTX, 0, fixture.irq.events[0]));
	expect_errno(EBUSY, vfiopm_msix_use(fixture.msix, 0, 1));
	/* An open batch has not disabled INTx yet, so INTx still excludes the use. */
	expect_ok(vfiopm_irq_begin(dev));
	expect_ok(vfiopm_irq_disable(dev, VFIOPM_IRQ_INTX));
	expect_errno(EBUSY, vfiopm_msix_use(fixture.msix, 0, 1));
	expect_ok(vfiopm_irq_commit(dev));
	expect_ok(vfiopm_msix_use(fixture.msix, 0, 1));
	msix_fixture_close(&fixture);
}

/* ---- KVM ---- */

static void kvm_refuses_wrong_arguments(void **state)
{
	struct msix_fixture fixture;
	struct vfiopm_kvm *kvm;
	int *events, closed = raw_closed_fd();

	(void)state;
	msix_fixture_open(&fixture);
	events = fixture.irq.events;
	expect_errno(EINVAL, vfiopm_kvm_new(guest_vm(fixture.guest), 1, NULL));
	expect_errno(EINVAL, vfiopm_kvm_new(guest_vm(fixture.guest), 0, &kvm));
	expect_errno(EINVAL, vfiopm_kvm_new(guest_vm(fixture.guest), 2049, &kvm));
	assert_null(vfiopm_kvm_free(NULL));
	expect_errno(EINVAL, vfiopm_kvm_set_gsi(NULL, 0, 0));
	expect_errno(EINVAL, vfiopm_kvm_set_gsi(fixture.kvm, VECTORS, 0));
	expect_errno(EINVAL, vfiopm_kvm_attach(NULL, 0, events[0]));
	expect_errno(EINVAL, vfiopm_kvm_detach(NULL, 0, events[0]));
	expect_errno(EBADF, vfiopm_kvm_attach(fixture.kvm, 0, closed));
	expect_errno(EBADF, vfiopm_kvm_detach(fixture.kvm, 0, closed));
	expect_errno(EINVAL, vfiopm_kvm_attach(fixture.kvm, 0, fixture.irq.raw.device));
	expect_errno(EINVAL, vfiopm_kvm_detach(fixture.kvm, 0, fixture.irq.raw.device));
	expect_ok(vfiopm_kvm_attach(fixture.kvm, 0, events[0]));
	expect_errno(EBUSY, vfiopm_kvm_attach(fixture.kvm, 1, events[0]));
	expect_errno(EBUSY, vfiopm_kvm_set_gsi(fixture.kvm, 0, guest_gsi(1)));
	expect_ok(vfiopm_kvm_detach(fixture.kvm, 0, events[0]));
	expect_ok(vfiopm_kvm_set_gsi(fixture.kvm, 0, guest_gsi(0)));

	expect_ok(vfiopm_kvm_new(events[0], 1, &kvm));
	/* The vector has no GSI yet. */
	expect_errno(EINVAL, vfiopm_kvm_attach(kvm, 0, events[0]));
	expect_ok(vfiopm_kvm_set_gsi(kvm, 0, guest_gsi(0)));
	expect_errno(ENOTTY, vfiopm_kvm_attach(kvm, 0, events[1]));
	expect_errno(ENOTTY, vfiopm_kvm_detach(kvm, 0, events[1]));
	assert_null(vfiopm_kvm_free(kvm));
	msix_fixture_close(&fixture);
}

static void raise_event(int event)
{
	uint64_t one = 1;

	assert_int_equal(write(event, &one, sizeof(one)), sizeof(one));
}

/* The library relies on this behaviour of KVM (virt/kvm/eventfd.c). */
static void attach_delivers_a_count_and_detach_drops_it(void **state)
{
	struct msix_fixture fixture;
	int event;

	(void)state;
	msix_fixture_open(&fixture);
	event = fixture.irq.events[0];
	for (int i = 0; i < 3; i++)
		raise_event(event);
	expect_ok(vfiopm_kvm_attach(fixture.kvm, 0, event));
	msix_guest_has(&fixture, 0, 1);
	/* Attaching does not take the count. The next signal takes it. */
	assert_true(raw_readable(event));
	raise_event(event);
	msix_guest_has(&fixture, 0, 2);
	expect_ok(vfiopm_kvm_detach(fixture.kvm, 0, event));
	assert_false(raw_readable(event));
	raise_event(event);
	testbed_let_arrive();
	msix_guest_has(&fixture, 0, 2);
	assert_int_equal(raw_take(event), 1);
	/* Detaching drops the count that attaching has left. */
	raise_event(event);
	expect_ok(vfiopm_kvm_attach(fixture.kvm, 0, event));
	msix_guest_has(&fixture, 0, 3);
	expect_ok(vfiopm_kvm_detach(fixture.kvm, 0, event));
	assert_false(raw_readable(event));
	msix_fixture_close(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_TESTBED(a_vmm_without_irqfds_delivers_by_callback),
		ON_TESTBED(a_vector_is_relayed_if_attach_fails),
		ON_TESTBED(a_failed_attach_leaves_the_vector_masked),
		ON_TESTBED(a_failed_delivery_is_retried),
		ON_TESTBED(the_pba_has_a_bit_for_each_vector),
		ON_TESTBED(a_range_outside_the_pba_is_refused),
		ON_TESTBED(the_pba_is_intercepted_while_a_vector_is_masked),
		ON_TESTBED(the_pba_policy_controls_interception),
		ON_TESTBED(mode_changes_and_interception_are_traced),
		ON_TESTBED(wrong_vectors_are_refused),
		ON_TESTBED(wrong_arguments_are_refused),
		ON_TESTBED(wrong_callbacks_are_refused),
		ON_TESTBED(structs_of_other_versions_are_accepted),
		ON_TESTBED(vectors_in_use_refuse_another_use_and_other_eventfds),
		ON_TESTBED(wrong_eventfds_are_refused),
		ON_TESTBED(an_enabled_intx_excludes_use),
		ON_TESTBED(kvm_refuses_wrong_arguments),
		ON_TESTBED(attach_delivers_a_count_and_detach_drops_it),
	};

	return cmocka_run_group_tests_name("msix-vmm", tests, NULL, NULL);
}
