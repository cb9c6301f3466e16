// SPDX-License-Identifier: MIT
/*
 * Sequences that showed a difference, shrunk to the steps that matter, and what the simulator did
 * otherwise than the kernel. They run before the random sequences, on each kernel.
 */
#include "differential.h"

const struct regression regressions[] = {
	{ "config 0x3c 7; close dev; reopen; config 0x3c",
	  "kept configuration space over the last close (vfio_pci_config.c, vfio_config_init())" },
	{ "map; host power/control auto; close dev",
	  "closed the device while it was mapped (mmap(2) holds the file)" },
	{ "map; FEATURE dev 8 ENTRY|SET; close dev; unmap; reopen; map",
	  "closed the device while it was mapped" },
	{ "config 4 0; read BAR3 0 16; write BAR3 8 4; read BAR3 76 8; read BAR3 80 4",
	  "EIO for the MSI-X table with memory off (vfio_pci_rdwr.c, do_io_rw())" },
	{ "config 0xd2 0xff; config 0xd2; SET_IRQS dev 24 EVENTFD|TRIGGER MSI 0 1 e0; "
	  "config 0xd2 0xff; config 0xd2; SET_IRQS dev 20 NONE|TRIGGER MSI 0 0; config 0xd2; "
	  "config 0xd2 0xff; config 0xd2",
	  "no writable bits in the control of MSI (vfio_pci_config.c, vfio_msi_config_write())" },
	{ "FEATURE container 16; FEATURE container 8 0x80000000",
	  "EINVAL for an unreadable argument (vfio_iommu_type1.c, "
	  "vfio_iommu_type1_dirty_pages())" },
	{ "HOT_RESET_INFO dev 20 -1 -1; HOT_RESET_INFO dev 19 -1 -1 -1; HOT_RESET_INFO dev 20 -1",
	  "wrote the header before the devices (vfio_pci_core.c, "
	  "vfio_pci_ioctl_get_pci_hot_reset_info(), 6.6)" },
	{ "config 0xcc 3; host reset 1; config 0xcc",
	  "stayed in D3hot at a reset by sysfs (pci.c, pci_dev_save_and_disable())" },
	{ "GET_INFO dev 19 -1 -1 -1 -1 -1; GET_INFO dev 20 -1 -1 -1 -1 -1",
	  "a part of the offset of capabilities (vfio_pci_core.c, vfio_pci_ioctl_get_info(), "
	  "6.1)" },
	{ "GET_REGION_INFO dev 40 -1 BAR3 -1 -1 -1 -1 -1 -1; GET_REGION_INFO dev 40 -1 BAR3 -1 -1 "
	  "-1 -1",
	  "wrote the header before the capability (vfio_pci_core.c, "
	  "vfio_pci_ioctl_get_region_info())" },
	{ "config 4 7; config 0xcc 3; config 4 2; config 0xcc 0; config 4; config 4 3; config 0xcc "
	  "3; "
	  "config 4 0; RESET dev; config 4; map; read ROM 0 4; config 4 3; config 5 0; config 0xcc "
	  "3; "
	  "config 5 1; config 0xcc 0; config 5",
	  "kept COMMAND as written in D3hot (vfio_pci_core.c, vfio_pci_set_power_state())" },
	{ "config 4 7; config 0xcc 3; config 4 2; FEATURE dev 8 ENTRY|SET; host power/control "
	  "auto; "
	  "config 4; FEATURE dev 8 EXIT|SET; config 4",
	  "kept COMMAND as written in D3hot, over a suspend" },
	{ "config 0xcd 1; config 0xcc 3; config 0xcc 0; config 0xcd; config 0xcd 1; RESET dev; "
	  "config "
	  "0xcd; config 0xcc 3; RESET dev; config 0xcd",
	  "kept PME_En in D3hot, on 5.10 (pci.c, pci_raw_set_power_state())" },
	{ "config 0xcc 3; config 4 0; RESET dev; config 4; config 4 3; config 0xcc 3; config 4 1; "
	  "RESET dev; config 4; read BAR0 0 4",
	  "restored COMMAND at a reset, on 5.10 (vfio_pci.c, vfio_pci_ioctl())" },
	{ "config 0x3c", "0, not the line that the firmware assigned" },
	{ "switch; GET_DEVICE_FD a group self; GET_IRQ_INFO a 16 0 MSIX -1",
	  "ENODEV for the second device of a group (vfio_main.c, vfio_device_get_from_name())" },
	{ "config 14; switch; config 14", "a function 0 that is alone" },
	{ "reopen cdev; close dev; switch; HOT_RESET_INFO dev 28 -1 -1 -1 -1 -1 -1; HOT_RESET dev "
	  "12 0 0",
	  "EINVAL for a closed device whose group belongs to the iommufd (drivers/vfio/iommufd.c, "
	  "vfio_iommufd_get_dev_id())" },
};

const size_t regression_count = sizeof(regressions) / sizeof(regressions[0]);
