// SPDX-License-Identifier: MIT
/* When PBA interception is toggled. */
#include <vfiopm/msix.h>

#include "lib/pba.h"
#include "lib/trace.h"
#include "test.h"

static struct vfiopm__trace trace;

struct vmm {
	struct vfiopm__pba *pba;
	int intercepting;
	unsigned switches;
};

static void intercept(void *data, int on)
{
	struct vmm *vmm = data;

	assert_int_not_equal(vmm->intercepting, on);
	vmm->intercepting = on;
	vmm->switches++;
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
	/* On and off four times, and then on. */
	assert_int_equal(vmm.intercepting, 1);
	assert_int_equal(vmm.switches, 9);
	assert_int_equal(vfiopm__pba_get_interceptions(vmm.pba), 9);
	vfiopm__pba_free(vmm.pba);
}

/* Reads while no vector is masked turn interception off. */
static void useless_reads_end_interception(void **state)
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

static void no_vector_in_use_ends_interception(void **state)
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

static void policies_override_masks(void **state)
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
	assert_int_equal(always.switches, 1);
	assert_int_equal(never.switches, 0);
	vfiopm__pba_free(always.pba);
	vfiopm__pba_free(never.pba);
}

static void a_vmm_without_the_callback_is_not_counted(void **state)
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
		cmocka_unit_test(useless_reads_end_interception),
		cmocka_unit_test(no_vector_in_use_ends_interception),
		cmocka_unit_test(policies_override_masks),
		cmocka_unit_test(a_vmm_without_the_callback_is_not_counted),
	};

	vfiopm__trace_init(&trace);
	return cmocka_run_group_tests_name("pba", tests, NULL, NULL);
}
