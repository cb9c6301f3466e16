/* SPDX-License-Identifier: MIT */
/*
 * The parts of a guest's function, and the rules between them and guest.c.
 *
 * Calls. guest.c calls the parts, and each part calls host.c and public calls of the library. A
 * part calls neither guest.c nor another part, except that the power part calls config.c.
 *
 * Locks. struct vfiopm_guest.lock protects the registers and the interrupts. guest.c holds it in
 * each call on an interrupt part (MSI-X, MSI, INTx), so these parts have no lock of their own. The
 * lock is held for a few SET_IRQS at most, never while the device resumes because of vfiopm_exit().
 * The power part and the configuration space have locks of their own, and guest.c calls them from
 * any thread, without its lock. A thread that holds the lock of the power part may take no lock of
 * guest.c: guest.c calls the interrupt parts after a call on the power part has returned.
 *
 * Callbacks. route() and irqfd() run under the lock of guest.c, and irqfd() of MSI-X also under the
 * lock of the vector in struct vfiopm_msix. mappings() runs under the lock of the power part, or in
 * an entry or exit of the VMM, and always under the lock of the guest's memory (pm.c).
 * wake() and powered() run in the thread of vfiopm_guest_dispatch(), without a lock. broken() runs
 * under any of these locks.
 *
 * Eventfds. Each part creates its eventfds with vfiopm_irq_new_eventfd() and frees them after it
 * has detached them. An eventfd belongs to one part for its whole life.
 *
 * Which type is on. guest.c enables one of INTx, MSI and MSI-X at a time. It disables the type that
 * is on, then enables the wanted one: MSI-X if is_wanted() of MSI-X, else MSI if is_wanted() of MSI,
 * else INTx. No part looks at another type. An enable is late if it follows the guest's write by more
 * than that call: each vector then gets one interrupt, because those of the gap are unknown.
 *
 * Failures. enable() that fails rolls back: the part is off, with nothing attached or allocated. If
 * the roll-back fails too, or if disable() fails, is_on() reports whether VFIO still has the index
 * enabled, and guest.c retries disable() before it enables a type. Both report their failures with
 * vfiopm__guest_broken(), because they know the call that failed. guest.c switches no type while the
 * device is in low power. A
 * register write cannot fail: the register takes the value at once, and what could not be done is
 * reported with vfiopm__guest_broken() and stays undone. guest.c calls retry() of each part that
 * reports has_undone_work(), at the next access and dispatch, except while the device is in low
 * power. retry() repeats exactly what is undone, and reports a failure with vfiopm__guest_broken()
 * again; host.c reports equal failures to the VMM once.
 *
 * Sleep. A part issues no SET_IRQS while vfiopm__guest_is_asleep(): it leaves the work undone,
 * without a report. A sleeping device raises no interrupt. KVM-side work (irqfd()) and registers
 * continue.
 */
#ifndef VFIOPM_GUEST_PARTS_H
#define VFIOPM_GUEST_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <vfiopm/guest.h>
#include <vfiopm/irq.h>

/* ---- host.c: what the parts share ---- */

struct vfiopm__guest_reports;

struct vfiopm__guest_host {
	struct vfiopm_device *dev;
	const struct vfiopm_guest_ops *ops;
	void *data;			       /* of ops */
	struct vfiopm__guest_reports *reports; /* the failures that broken() has reported */
	_Atomic bool is_below_d0;	       /* by a write of pm.c to PMCSR of the device */
};

/* Report a failure to the VMM: the name of a call of the library or of a callback, such as
 * "vfiopm_exit" or "route", and a negative errno. call is a constant string. The same call with the
 * same errno is reported once, until vfiopm__guest_forget_reports(). */
void vfiopm__guest_broken(struct vfiopm__guest_host *host, const char *call, int error);
/* Nothing is undone any more: report the next failure again. */
void vfiopm__guest_forget_reports(struct vfiopm__guest_host *host);
/* Call route(). Returns 0, or a negative errno that was reported. */
int vfiopm__guest_route(struct vfiopm__guest_host *host, uint32_t index, uint32_t vector,
			uint64_t address, uint32_t message, uint32_t *ret_gsi);
/* Call irqfd(). Returns 0, or a negative errno that was reported. */
int vfiopm__guest_irqfd(struct vfiopm__guest_host *host, uint32_t gsi, int fd, int resample_fd,
			bool on);
/* The device is in low power, and an ioctl would wake it (vfiopm_get_state()). */
bool vfiopm__guest_is_in_low_power(const struct vfiopm__guest_host *host);
/* The device raises no interrupt: it is in low power, or in D3hot, where the kernel refuses to enable
 * MSI and MSI-X (drivers/pci/msi/msi.c, __pci_enable_msi_range(), 6.1). */
bool vfiopm__guest_is_asleep(const struct vfiopm__guest_host *host);

/* ---- the configuration space (config.c) ---- */

struct vfiopm__guest_config;

#define VFIOPM__CAPABILITY_PM	   0x01
#define VFIOPM__CAPABILITY_MSI	   0x05
#define VFIOPM__CAPABILITY_EXPRESS 0x10
#define VFIOPM__CAPABILITY_MSIX	   0x11
#define VFIOPM__CAPABILITY_AF	   0x13

/* Read the configuration space once, and check its list of capabilities. */
int vfiopm__guest_config_new(struct vfiopm__guest_host *host,
			     struct vfiopm__guest_config **ret_config);
struct vfiopm__guest_config *vfiopm__guest_config_free(struct vfiopm__guest_config *config);
/* The offset of a capability, or 0. */
uint32_t vfiopm__guest_config_find(const struct vfiopm__guest_config *config, uint8_t id);
/* The bytes that were read: at least 64 from each offset that find() returns. */
const uint8_t *vfiopm__guest_config_bytes(const struct vfiopm__guest_config *config,
					  uint32_t offset);
/* A guest's access outside the capabilities of the parts. Returns 1 if the value comes from the
 * shadow or the write was taken, 0 if the VMM must make the access. */
int vfiopm__guest_config_read(struct vfiopm__guest_config *config, uint32_t offset, uint32_t width,
			      uint32_t *ret_value);
int vfiopm__guest_config_write(struct vfiopm__guest_config *config, uint32_t offset, uint32_t width,
			       uint32_t value);
/* Does the write initiate a Function Level Reset? vfio-pci then resets the device as
 * VFIO_DEVICE_RESET does, if the device has the capability (vfio_pci_config.c,
 * vfio_exp_config_write() and vfio_af_config_write(), 6.1). */
bool vfiopm__guest_config_resets(const struct vfiopm__guest_config *config, uint32_t offset,
				 uint32_t width, uint32_t value);
/* The calls of pm.c. The device is awake. */
/* Read the shadow, and serve the accesses from it until _wake(). On failure nothing changes. */
int vfiopm__guest_config_sleep(struct vfiopm__guest_config *config);
void vfiopm__guest_config_wake(struct vfiopm__guest_config *config);
/* Write 2 bytes of the device's own configuration space. */
int vfiopm__guest_config_write_device(struct vfiopm__guest_config *config, uint32_t offset,
				      uint16_t value);

/* ---- power (pm.c) ---- */

struct vfiopm__guest_pm;

/* config must outlive the part. A device without PM capability can sleep too. */
int vfiopm__guest_pm_new(struct vfiopm__guest_host *host, struct vfiopm__guest_config *config,
			 struct vfiopm__guest_pm **ret_pm);
struct vfiopm__guest_pm *vfiopm__guest_pm_free(struct vfiopm__guest_pm *pm);
/* The registers: offset counts from the capability. Neither access crosses 4 aligned bytes. */
uint32_t vfiopm__guest_pm_read(struct vfiopm__guest_pm *pm, uint32_t offset, uint32_t width);
void vfiopm__guest_pm_write(struct vfiopm__guest_pm *pm, uint32_t offset, uint32_t width,
			    uint32_t value);
/* The virtual power resource, _ON and _OFF. */
int vfiopm__guest_pm_power(struct vfiopm__guest_pm *pm, bool on);
/* The next dispatch makes the change. It replaces a change that has not begun. */
void vfiopm__guest_pm_begin_power(struct vfiopm__guest_pm *pm, bool on);
int vfiopm__guest_pm_is_powered(const struct vfiopm__guest_pm *pm);
/* Awake, in D0, with the registers as after a reset. */
int vfiopm__guest_pm_reset(struct vfiopm__guest_pm *pm);
bool vfiopm__guest_pm_has_undone_work(const struct vfiopm__guest_pm *pm);
int vfiopm__guest_pm_retry(struct vfiopm__guest_pm *pm);
/* One fd to poll; the number of wakes and power changes that were handled. */
int vfiopm__guest_pm_get_fd(const struct vfiopm__guest_pm *pm);
int vfiopm__guest_pm_dispatch(struct vfiopm__guest_pm *pm);
unsigned vfiopm__guest_pm_count_fds(const struct vfiopm__guest_pm *pm);
/* The delays before low power is entered again after a wake by the host. */
void vfiopm__guest_pm_set_delays(struct vfiopm__guest_pm *pm, unsigned least_ms, unsigned most_ms);

/* ---- MSI-X (msix.c) ---- */

struct vfiopm__guest_msix;

/* capability has the 12 bytes of the MSI-X capability. */
int vfiopm__guest_msix_new(struct vfiopm__guest_host *host, const uint8_t *capability,
			   struct vfiopm__guest_msix **ret_msix);
struct vfiopm__guest_msix *vfiopm__guest_msix_free(struct vfiopm__guest_msix *msix);
uint32_t vfiopm__guest_msix_read(struct vfiopm__guest_msix *msix, uint32_t offset, uint32_t width);
void vfiopm__guest_msix_write(struct vfiopm__guest_msix *msix, uint32_t offset, uint32_t width,
			      uint32_t value);
/* The table and the PBA. Returns 1 if a byte of the range is in one of them, else 0. */
int vfiopm__guest_msix_read_bar(struct vfiopm__guest_msix *msix, uint32_t bar, uint64_t offset,
				size_t length, void *ret_bytes);
int vfiopm__guest_msix_write_bar(struct vfiopm__guest_msix *msix, uint32_t bar, uint64_t offset,
				 size_t length, const void *bytes);
bool vfiopm__guest_msix_is_wanted(const struct vfiopm__guest_msix *msix);
bool vfiopm__guest_msix_is_on(const struct vfiopm__guest_msix *msix);
int vfiopm__guest_msix_enable(struct vfiopm__guest_msix *msix, bool late);
int vfiopm__guest_msix_disable(struct vfiopm__guest_msix *msix);
bool vfiopm__guest_msix_has_undone_work(const struct vfiopm__guest_msix *msix);
void vfiopm__guest_msix_retry(struct vfiopm__guest_msix *msix);
/* The registers as after a reset. guest.c disables the part before or after. */
void vfiopm__guest_msix_reset(struct vfiopm__guest_msix *msix);
int vfiopm__guest_msix_set_policy(struct vfiopm__guest_msix *msix, uint32_t policy);
int vfiopm__guest_msix_get_fd(const struct vfiopm__guest_msix *msix);
int vfiopm__guest_msix_dispatch(struct vfiopm__guest_msix *msix);
unsigned vfiopm__guest_msix_count_fds(const struct vfiopm__guest_msix *msix);

/* ---- MSI (msi.c) ---- */

struct vfiopm__guest_msi;

/* capability has the bytes of the MSI capability: 10 to 24, by the flags in its control word. A
 * mask detaches the irqfd, whose count is then the pending bit, so MSI needs no dispatch. */
int vfiopm__guest_msi_new(struct vfiopm__guest_host *host, const uint8_t *capability,
			  struct vfiopm__guest_msi **ret_msi);
struct vfiopm__guest_msi *vfiopm__guest_msi_free(struct vfiopm__guest_msi *msi);
/* The length of the capability, rounded up to 4. Reads beyond the registers return 0. */
uint32_t vfiopm__guest_msi_length(const struct vfiopm__guest_msi *msi);
uint32_t vfiopm__guest_msi_read(struct vfiopm__guest_msi *msi, uint32_t offset, uint32_t width);
void vfiopm__guest_msi_write(struct vfiopm__guest_msi *msi, uint32_t offset, uint32_t width,
			     uint32_t value);
bool vfiopm__guest_msi_is_wanted(const struct vfiopm__guest_msi *msi);
bool vfiopm__guest_msi_is_on(const struct vfiopm__guest_msi *msi);
int vfiopm__guest_msi_enable(struct vfiopm__guest_msi *msi, bool late);
int vfiopm__guest_msi_disable(struct vfiopm__guest_msi *msi);
bool vfiopm__guest_msi_has_undone_work(const struct vfiopm__guest_msi *msi);
void vfiopm__guest_msi_retry(struct vfiopm__guest_msi *msi);
void vfiopm__guest_msi_reset(struct vfiopm__guest_msi *msi);
unsigned vfiopm__guest_msi_count_fds(const struct vfiopm__guest_msi *msi);

/* ---- INTx (intx.c) ---- */

struct vfiopm__guest_intx;

/* The device has INTx (vfiopm_irq_get_count()). KVM and the kernel do all after enable(): the
 * resample eventfd is the unmask eventfd of VFIO. DisINTx of the COMMAND register is emulated by the
 * kernel (vfio_pci_config.c, vfio_basic_config_write()). */
int vfiopm__guest_intx_new(struct vfiopm__guest_host *host, struct vfiopm__guest_intx **ret_intx);
struct vfiopm__guest_intx *vfiopm__guest_intx_free(struct vfiopm__guest_intx *intx);
bool vfiopm__guest_intx_is_on(const struct vfiopm__guest_intx *intx);
int vfiopm__guest_intx_enable(struct vfiopm__guest_intx *intx);
int vfiopm__guest_intx_disable(struct vfiopm__guest_intx *intx);
bool vfiopm__guest_intx_has_undone_work(const struct vfiopm__guest_intx *intx);
void vfiopm__guest_intx_retry(struct vfiopm__guest_intx *intx);
unsigned vfiopm__guest_intx_count_fds(const struct vfiopm__guest_intx *intx);

#endif
