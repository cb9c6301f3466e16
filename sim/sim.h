/* SPDX-License-Identifier: MIT */
/*
 * The simulator, as a test sees it: a model of vfio-pci's devices behind the
 * system calls, on real fd numbers and with real eventfds. What the model does is
 * what the kernel does; what is here is what a kernel does not offer: to choose
 * the kernel and the machine, when a device suspends, and which call fails.
 *
 * It stands under the calls that are linked with --wrap (sim/meson.build), those
 * of the test itself among them.
 */
#ifndef SIM_H
#define SIM_H

#include <stdbool.h>
#include <stdint.h>

struct sim_device;

/* When a device that is not in use suspends. */
enum sim_suspend {
	SIM_SUSPEND_AT_ONCE, /* what a kernel does, but for the wait */
	SIM_SUSPEND_NEVER,   /* as with PM QoS resume latency 0, or SR-IOV VFs enabled */
	SIM_SUSPEND_BY_HAND, /* when sim_suspend() says so */
};

enum sim_power { SIM_D0, SIM_D3HOT = 3, SIM_D3COLD };

/* What is 0 or NULL is what the lab's machine has: the e1000e at 0000:01:00.0. */
struct sim_machine {
	const char *address;
	/* "5.10" (no low power), "6.1", "6.12", "6.12-iommufd", "7"; and those of the
	 * patches before them: "v2", "v3", "v4". NULL: $VFIOPM_SIM_KERNEL, else "6.12". */
	const char *kernel;
	enum sim_power target; /* where a suspend leads to, if not to D3hot */
	bool no_pm;	       /* a suspend leads to D0, as with a VF without a PM capability */
	unsigned msix_vectors; /* if not the e1000e's 5: up to 2048 */
	unsigned msi_vectors;  /* if not its 1: a power of two up to 32 */
	bool not_pci;	       /* no PCI address, no group: only sim_open_device() */
	bool no_low_power;     /* a driver without the features */
	bool no_group;	       /* no IOMMU */
	bool not_bound;	       /* bound to no VFIO driver */
	bool mate_bound;       /* another device of its group is bound to a VFIO driver */
	bool mate_on_host;     /* another device of its group is bound to a host driver */
};

/* Forget all devices and faults. Their fds must be closed. */
void sim_reset(void);
struct sim_device *sim_add(const struct sim_machine *machine);

/* A device fd, as the group's owner would hand it to us. */
int sim_open_device(struct sim_device *device);

void sim_set_suspend(struct sim_device *device, enum sim_suspend when);
/* Suspend now, unless it is in use: was it done? */
bool sim_suspend(struct sim_device *device);
/* From now on, resuming the device fails, or works again. */
void sim_fail_resume(struct sim_device *device, bool fails);
/* Have it in use, as a call that lasts has it: it is resumed, and does not suspend until
 * it is let go. */
void sim_hold_awake(struct sim_device *device, bool hold);
bool sim_is_suspended(const struct sim_device *device);
bool sim_is_engaged(const struct sim_device *device);
/* The ioctls that have reached the device, of any number. */
unsigned sim_ioctls(const struct sim_device *device);

/* Let no time pass for devices, until sim_reset(): so that a test makes the same calls in
 * every run. */
void sim_stop_clock(void);
/* From now on an ioctl on the device waits before it begins, or no longer; how many do? */
void sim_hold_ioctls(struct sim_device *device, bool hold);
unsigned sim_held_ioctls(const struct sim_device *device);
/* From now on an attribute in sysfs ("power_state") holds this text; NULL: there is none. */
void sim_set_attribute(struct sim_device *device, const char *name, const char *text);

/* ---- interrupts ---- */

/*
 * The device raises an interrupt: has an eventfd got it? It does so in D0 alone, and this
 * does not wake it: see sim_hold_awake(). Of an index that is not enabled nothing comes, but:
 * INTx stays raised until it is cleared, and is delivered when it is unmasked, or enabled.
 * A vector of MSI-X without eventfd is pending in the device, even while the index is
 * disabled, and delivered when it gets one; one of MSI is lost. ERR and REQ are raised by
 * the host, at any time.
 */
bool sim_fire(struct sim_device *device, uint32_t index, uint32_t vector);
void sim_clear_intx(struct sim_device *device);
/* The eventfd that unmasks INTx is looked at in each call that is linked with --wrap, irqfds
 * where an eventfd is signalled. Where a test goes on without one, this does. */
void sim_look(void);
/* The simulator's duplicate of the eventfd that the kernel has, -1 for none. */
int sim_irq_eventfd(const struct sim_device *device, uint32_t index, uint32_t vector);
/* The enabled index of INTx, MSI and MSI-X, or -1; and the vectors allocated for it. */
int sim_irq_active(const struct sim_device *device);
unsigned sim_irq_allocated(const struct sim_device *device);
/* The SET_IRQS that have reached the device. */
unsigned sim_set_irqs(const struct sim_device *device);
/* The next times that a handler for this MSI or MSI-X vector is registered it fails with
 * this errno, as request_irq() can. times 0: no more. */
void sim_fail_vector(struct sim_device *device, uint32_t vector, int error, unsigned times);
/* The host has just so many MSI and MSI-X vectors; 0: enough. To enable with more gives that
 * positive number, to allocate one more later ENOSPC. */
void sim_limit_vectors(struct sim_device *device, unsigned limit);

/* ---- KVM ---- */

/* How often an irqfd has asserted a GSI of the virtual machine, which there is one of (open
 * /dev/kvm, KVM_CREATE_VM, KVM_CREATE_IRQCHIP, KVM_IRQFD); and the KVM_IRQFD calls so far. */
unsigned sim_asserted(uint32_t gsi);
unsigned sim_irqfd_calls(void);

/* ---- calls: which are made, and what one of them gives ---- */

#define SIM_CALLS_MAX 128

/* Note the calls made from now on by name ("ioctl", "openat", "malloc", ..). */
void sim_calls_begin(void);
/* The same, and let the one with this index (from 0) fail with this errno, undone. */
void sim_calls_fail(unsigned index, int error);
/* The same, and let all ioctls but so many fail; or but one of them. */
void sim_ioctls_fail_after(unsigned ioctls, int error);
void sim_ioctl_fails_after(unsigned ioctls, int error);
/* The same, and let the one with this index, an ioctl, give this value, undone. */
void sim_calls_answer(unsigned index, int value);
/* Stop noting. How many were made? */
unsigned sim_calls_end(void);
const char *sim_call_name(unsigned index);
unsigned sim_calls_named(const char *name);

#endif
