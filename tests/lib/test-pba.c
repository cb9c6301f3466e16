// SPDX-License-Identifier: MIT
/* The policy that turns PBA interception on and off (lib/pba.c). */
#include <vfiopm/msix.h>

#include "lib/pba.h"
#include "lib/trace.h"
#include "test.h"

static struct vfiopm__trace trace;

struct vmm {
	struct vfiopm__pba *pba;
	int intercepting;
	unsigned toggles;
};

static void intercept(void *data, int on)
{
	struct vmm *vmm = data;

	assert_int_not_equal(vmm->intercepting, on);
	vmm->intercepting = on;
	vmm->toggles++;
}

/* A VMM with a number of vectors in use and unmasked. */
static void open_vmm(struct vmm *vmm, uint32_t policy, int used)
{
	*vmm = (struct vmm){ 0 };
	vmm->pba = vfiopm__pba_new(intercept, vmm, &trace);
	assert_non_null(vmm->pba);
	vfiopm__pba_set_policy(vmm->pba, policy);
	vfiopm__pba_count(vmm->pba, used, 0);
}

static void mask(const struct vmm *vmm, bool masked)
{
	vfiopm__pba_count(vmm->pba, 0, masked ? 1 : -1);
}

static void interception_is_not_toggled_at_each_mask(void **state)
{
	struct vmm vmm;

	(void)state;
	open_vmm(&vmm, VFIOPM_MSIX_PBA_AUTO, 2);
	for (int i = 0; i < 10000; i++) {
		mask(&vmm, true);
		assert_int_equal(vmm.intercepting, 1);
		mask(&vmm, true);
		assert_int_equal(vmm.intercepting, 1);
		mask(&vmm, false);
		assert_int_equal(vmm.intercepting, 1);
		mask(&vmm, false);
	}
	/* Interception is turned on and off four times, and then stays on. */
	assert_int_equal(vmm.intercepting, 1);
	assert_int_equal(vmm.toggles, 9);
	assert_int_equal(vfiopm__pba_get_interceptions(vmm.pba), 9);
	vfiopm__pba_free(vmm.pba);
}

/* Reads while no vector is masked turn interception off. */
static void reads_without_a_masked_vector_end_interception(void **state)
{
	unsigned reads = 0;
	struct vmm vmm;

	(void)state;
	open_vmm(&vmm, VFIOPM_MSIX_PBA_AUTO, 1);
	for (int i = 0; i < 100; i++) {
		mask(&vmm, true);
		vfiopm__pba_note_read(vmm.pba);
		mask(&vmm, false);
	}
	assert_int_equal(vmm.intercepting, 1);
	while (vmm.intercepting) {
		vfiopm__pba_note_read(vmm.pba);
		reads++;
	}
	assert_int_equal(reads, 64);
	/* A read while a vector is masked restarts the count. */
	for (int i = 0; i < 5; i++) {
		mask(&vmm, true);
		mask(&vmm, false);
	}
	assert_int_equal(vmm.intercepting, 1);
	for (int i = 0; i < 63; i++)
		vfiopm__pba_note_read(vmm.pba);
	mask(&vmm, true);
	vfiopm__pba_note_read(vmm.pba);
	mask(&vmm, false);
	for (int i = 0; i < 63; i++)
		vfiopm__pba_note_read(vmm.pba);
	assert_int_equal(vmm.intercepting, 1);
	vfiopm__pba_note_read(vmm.pba);
	assert_int_equal(vmm.intercepting, 0);
	vfiopm__pba_free(vmm.pba);
}

static void interception_ends_when_no_vector_is_in_use(void **state)
{
	struct vmm vmm;

	(void)state;
	open_vmm(&vmm, VFIOPM_MSIX_PBA_AUTO, 1);
	for (int i = 0; i < 10; i++) {
		mask(&vmm, true);
		mask(&vmm, false);
	}
	assert_int_equal(vmm.intercepting, 1);
	vfiopm__pba_count(vmm.pba, -1, 0);
	assert_int_equal(vmm.intercepting, 0);
	vfiopm__pba_free(vmm.pba);
}

/* The fifth mask turns interception on for longer, and nothing else does. */
static void interception_begins_with_a_mask(void **state)
{
	struct vmm vmm;

	(void)state;
	open_vmm(&vmm, VFIOPM_MSIX_PBA_AUTO, 1);
	for (int i = 0; i < 4; i++) {
		mask(&vmm, true);
		mask(&vmm, false);
		assert_int_equal(vmm.intercepting, 0);
	}
	vfiopm__pba_count(vmm.pba, 1, 0);
	vfiopm__pba_note_read(vmm.pba);
	assert_int_equal(vmm.intercepting, 0);
	mask(&vmm, true);
	mask(&vmm, false);
	assert_int_equal(vmm.intercepting, 1);
	vfiopm__pba_free(vmm.pba);
}

/* Useless reads before interception was turned off do not count later. */
static void a_switch_restarts_the_count_of_reads(void **state)
{
	struct vmm vmm;

	(void)state;
	open_vmm(&vmm, VFIOPM_MSIX_PBA_AUTO, 1);
	for (int i = 0; i < 5; i++) {
		mask(&vmm, true);
		mask(&vmm, false);
	}
	for (int i = 0; i < 63; i++)
		vfiopm__pba_note_read(vmm.pba);
	assert_int_equal(vmm.intercepting, 1);
	vfiopm__pba_count(vmm.pba, -1, 0);
	assert_int_equal(vmm.intercepting, 0);
	vfiopm__pba_count(vmm.pba, 1, 0);
	mask(&vmm, true);
	mask(&vmm, false);
	assert_int_equal(vmm.intercepting, 1);
	vfiopm__pba_note_read(vmm.pba);
	assert_int_equal(vmm.intercepting, 1);
	vfiopm__pba_free(vmm.pba);
}

static void the_always_and_never_policies_ignore_masks(void **state)
{
	struct vmm always, never;

	(void)state;
	open_vmm(&always, VFIOPM_MSIX_PBA_ALWAYS, 0);
	open_vmm(&never, VFIOPM_MSIX_PBA_NEVER, 1);
	assert_int_equal(always.intercepting, 0);
	vfiopm__pba_count(always.pba, 1, 0);
	for (int i = 0; i < 100; i++) {
		mask(&always, true);
		mask(&always, false);
		mask(&never, true);
		mask(&never, false);
		vfiopm__pba_note_read(always.pba);
	}
	assert_int_equal(always.intercepting, 1);
	assert_int_equal(always.toggles, 1);
	assert_int_equal(never.toggles, 0);
	vfiopm__pba_free(always.pba);
	vfiopm__pba_free(never.pba);
}

static void interception_is_not_counted_without_a_callback(void **state)
{
	struct vfiopm__pba *pba = vfiopm__pba_new(NULL, NULL, &trace);

	(void)state;
	vfiopm__pba_count(pba, 1, 1);
	assert_int_equal(vfiopm__pba_get_interceptions(pba), 0);
	vfiopm__pba_free(pba);
	vfiopm__pba_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(interception_is_not_toggled_at_each_mask),
		cmocka_unit_test(reads_without_a_masked_vector_end_interception),
		cmocka_unit_test(interception_ends_when_no_vector_is_in_use),
		cmocka_unit_test(interception_begins_with_a_mask),
		cmocka_unit_test(a_switch_restarts_the_count_of_reads),
		cmocka_unit_test(the_always_and_never_policies_ignore_masks),
		cmocka_unit_test(interception_is_not_counted_without_a_callback),
	};

	vfiopm__trace_init(&trace);
	return cmocka_run_group_tests_name("pba", tests, NULL, NULL);
}
