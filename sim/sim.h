/* SPDX-License-Identifier: MIT */
/*
 * The simulator's API for tests. The simulator is a model of vfio-pci and vfio-platform devices
 * behind the system calls. It uses real fd numbers and real eventfds. A simulated call behaves as
 * in the kernel. The functions below do what a kernel does not offer: they select the kernel and
 * the machine, decide when a device suspends, and make a chosen call fail.
 *
 * The simulator replaces the calls that a program links with --wrap (sim/meson.build). This
 * includes the calls that the test itself makes.
 */
#ifndef SIM_H
#define SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sim_device;

/* When a device that is not in use suspends. */
enum sim_suspend {
	SIM_SUSPEND_AT_ONCE,	/* as a kernel does, without the delay */
	SIM_SUSPEND_NEVER,	/* as with PM QoS resume latency 0, or with SR-IOV VFs enabled */
	SIM_SUSPEND_ON_REQUEST, /* when the test calls sim_suspend() */
};

enum sim_power { SIM_D0, SIM_D3HOT = 3, SIM_D3COLD };

/* A member that is 0 or NULL means the machine of the lab: an e1000e at 0000:01:00.0. */
struct sim_machine {
	const char *address;
	/* "5.10" (no low power), "6.1", "6.12", "6.12-iommufd", "7" or "7-iommufd"; or a kernel with an earlier
	 * version of the low-power patches: "v2", "v3", "v4". NULL means $VFIOPM_SIM_KERNEL, or
	 * "6.12" if that variable is not set. */
	const char *kernel;
	/* The last component of its iommu_group link. NULL means the number of the group. */
	const char *group_name;
	enum sim_power target; /* the power state of a suspended device; SIM_D0 means D3hot */
	bool no_pm;	       /* suspends to D0, as a VF without a PM capability does */
	/* At most 2048; 0 means the 5 of the e1000e. A larger number is only for a test of the
	 * answer to GET_IRQ_INFO: no SET_IRQS may follow. */
	unsigned msix_vectors;
	bool no_intx;		 /* without an interrupt pin, as a VF */
	bool no_extended_config; /* 256 bytes of configuration space, not 4096 */
	bool no_msix;		 /* without an MSI-X capability */
	/* The size of each BAR and of the ROM, and where the MSI-X table is. A BAR that is smaller
	 * than a page has ports. No BAR: those of the e1000e. */
	uint32_t bar_sizes[6], rom_size;
	unsigned table_bar;
	uint32_t table_offset;
	unsigned msi_vectors; /* a power of two, at most 32; 0 means the 1 of the e1000e */
	/* A platform device, which has no PCI address and no group: only sim_open_device() opens it.
	 * One character for each IRQ index, at most 512: L for a level interrupt, E for an edge
	 * interrupt. NULL means a PCI device. */
	const char *platform_irqs;
	bool no_low_power; /* a driver without the low-power features */
	bool no_group;	   /* no IOMMU */
	bool noiommu;	   /* no IOMMU, with enable_unsafe_noiommu_mode */
	/* A VF whose PF is bound to vfio-pci: the PF's token, a UUID in lower case. */
	const char *vf_token;
	bool shares_group; /* is in the group of the device that was added before */
	bool no_reset;	   /* no function of the device can reset it */
	bool no_hot_reset; /* its bus cannot be reset */
	bool not_bound;	   /* bound to no VFIO driver */
	bool peer_bound;   /* another device of its group is bound to a VFIO driver */
	bool peer_on_host; /* another device of its group is bound to a host driver */
};

/* Remove all devices and failures. Close the fds of the devices before. */
void sim_reset(void);
struct sim_device *sim_add(const struct sim_machine *machine);

/* Return a device fd, as the owner of the group would pass it to the library. */
int sim_open_device(struct sim_device *device);

void sim_set_suspend(struct sim_device *device, enum sim_suspend when);
/* Suspend now. Returns false if the device is in use or already suspended. */
bool sim_suspend(struct sim_device *device);
/* Make each resume of the device fail from now on, or make it succeed again. */
void sim_fail_resume(struct sim_device *device, bool fails);
/* Resume the device and keep it in use, as a long call does, or end that use. */
void sim_hold_awake(struct sim_device *device, bool hold);
bool sim_is_suspended(const struct sim_device *device);
bool sim_is_engaged(const struct sim_device *device);
/* The number of resets by VFIO_DEVICE_RESET and VFIO_DEVICE_PCI_HOT_RESET. The devices with the
 * domain and the bus of its address are those of its bus. */
unsigned sim_resets(const struct sim_device *device);
/* The number of ioctls that reached the device, with any request. */
unsigned sim_ioctls(const struct sim_device *device);

/* The number of ioctls that belong to another dialect of low power than the kernel's: entries, exits
 * and queries, but not probes, which change nothing in any dialect. */
unsigned sim_foreign_calls(const struct sim_device *device);
/* The number of entries and exits that reached the device, in any dialect. */
unsigned sim_power_calls(const struct sim_device *device);

/* Stop the clock of all devices until sim_reset(). A test then makes the same calls in every
 * run. */
void sim_stop_clock(void);
/* Make each ioctl on the device wait before it begins, or release the waiting ones. The second
 * function returns the number of waiting ioctls. */
void sim_hold_ioctls(struct sim_device *device, bool hold);
unsigned sim_held_ioctls(const struct sim_device *device);
/* Replace the text of a sysfs attribute ("power_state") from now on. NULL removes the
 * attribute. */
void sim_set_attribute(struct sim_device *device, const char *name, const char *text);

/* Replace the answer to GET_REGION_INFO for a region. It begins with a struct vfio_region_info. A
 * smaller buffer of the caller receives its beginning. bytes must stay valid; a size of 0 ends
 * this. On a platform device, this creates a region that can only be mapped. */
void sim_set_region_answer(struct sim_device *device, unsigned index, const void *bytes,
			   size_t size);
/* Replace bytes of the configuration space, as another device would have them. */
void sim_set_config(struct sim_device *device, unsigned offset, const void *bytes, size_t size);

/* ---- DMA ---- */

/* The device writes one byte to its address space. Returns false if nothing is mapped there. */
bool sim_dma_write(struct sim_device *device, uint64_t iova, uint8_t byte);

/* ---- interrupts ---- */

/*
 * Make the device raise an interrupt. Returns true if an eventfd was signaled.
 *
 * A device raises INTx, MSI and MSI-X only in D0, and this call does not resume it
 * (see sim_hold_awake()). An index that is not enabled signals nothing, and then:
 * - INTx stays raised until sim_clear_intx(). It is delivered when it is unmasked or enabled.
 * - An MSI-X vector without an eventfd becomes pending in the device, even while the index is
 *   disabled. It is delivered when the vector gets an eventfd.
 * - An MSI vector without an eventfd loses the interrupt.
 * The host raises ERR and REQ, in any power state.
 *
 * On a platform device, a level interrupt stays raised until sim_clear_platform(). It is delivered
 * when it is unmasked or gets an eventfd. An edge interrupt without an eventfd is lost.
 */
bool sim_fire(struct sim_device *device, uint32_t index, uint32_t vector);
void sim_clear_intx(struct sim_device *device);
void sim_clear_platform(struct sim_device *device, uint32_t index);
/* Do what the kernel does when an eventfd that unmasks an index or an irqfd is signaled. Every
 * wrapped call does the former, and every signal of an eventfd by the simulator the latter. A
 * test needs this function only if it makes neither. */
void sim_handle_signals(void);
/* The simulator's duplicate of the eventfd that the kernel holds, or -1. */
int sim_irq_eventfd(const struct sim_device *device, uint32_t index, uint32_t vector);
/* True if the eventfd of INTx also unmasks INTx: an interrupt that stays raised is delivered without
 * end. */
bool sim_intx_unmasks_itself(const struct sim_device *device);
/* Which of INTx, MSI and MSI-X is enabled, or -1; the number of vectors allocated for it. */
int sim_irq_active(const struct sim_device *device);
unsigned sim_irq_allocated(const struct sim_device *device);
/* The number of SET_IRQS ioctls that reached the device. */
unsigned sim_set_irqs(const struct sim_device *device);
/* Make the registration of a handler for this MSI or MSI-X vector fail with this errno, the next
 * `times` times, as request_irq() can. 0 times ends this. On a platform device the number is that
 * of the index; since 6.9 each SET_IRQS on that index fails then, without effect. */
void sim_fail_vector(struct sim_device *device, uint32_t vector, int error, unsigned times);
/* Make each of the next `count` SET_IRQS succeed (0) or fail. EIO fails before any effect. Another
 * errno fails at the last vector of a block, after the kernel has torn down the vectors before it.
 * errors must stay valid; a count of 0 ends this. */
void sim_fail_set_irqs(struct sim_device *device, const int *errors, unsigned count);
/* Give the host this number of MSI and MSI-X vectors; 0 means enough. An enable with more then
 * returns the limit as a positive number, and a later allocation fails with ENOSPC. */
void sim_limit_vectors(struct sim_device *device, unsigned limit);

/* ---- KVM ---- */

/* How often irqfds asserted a GSI of the virtual machine; the number of KVM_IRQFD calls. There
 * is one virtual machine: open /dev/kvm, KVM_CREATE_VM, KVM_CREATE_IRQCHIP, KVM_IRQFD. */
unsigned sim_asserted(uint32_t gsi);
unsigned sim_irqfd_calls(void);

/* ---- recording calls and making them fail ---- */

#define SIM_CALLS_MAX 128

/* Record the names of all wrapped calls from now on ("ioctl", "openat", "malloc", ..). */
void sim_calls_begin(void);
/* Record, and make the call with this index (from 0) fail with this errno, without effect. */
void sim_calls_fail(unsigned index, int error);
/* Record, and let this number of ioctls pass. The first function makes all later ioctls fail,
 * the second only the next one. */
void sim_ioctls_fail_after(unsigned ioctls, int error);
void sim_ioctl_fails_after(unsigned ioctls, int error);
/* Record, and make the call with this index, an ioctl, a pread or a pwrite, return this value,
 * without effect. */
void sim_calls_answer(unsigned index, int value);
/* Stop recording. Returns the number of recorded calls. */
unsigned sim_calls_end(void);
const char *sim_call_name(unsigned index);
unsigned sim_calls_named(const char *name);

#endif
