/* SPDX-License-Identifier: MIT */
/*
 * Parsers of the kernel's texts. Both libraries compile text.c; each exports the names
 * vfiopm_readout_*_name() that text.c defines.
 */
#ifndef VFIOPM_TEXT_H
#define VFIOPM_TEXT_H

#include <stddef.h>
#include <stdint.h>

/* "dddddddd:bb:dd.f" and a NUL: a PCI domain has up to 32 bits (VMD uses more than 16). */
#define VFIOPM__ADDRESS_SIZE 17

/* ret_address gets the kernel's spelling. 0, or -EINVAL if text is not a PCI address. */
int vfiopm__text_parse_address(const char *text, char ret_address[VFIOPM__ADDRESS_SIZE]);

/* A UUID and its NUL: "00000000-0000-0000-0000-000000000000". */
#define VFIOPM__UUID_SIZE 37
/* ret_uuid gets the bytes in the order of the text. 0, or -EINVAL if text is not a UUID. */
int vfiopm__text_parse_uuid(const char *text, uint8_t ret_uuid[16]);

/* name is the last component of the iommu_group link. 0, or -EPROTO. */
int vfiopm__text_parse_group(const char *name, uint32_t *ret_group);

/* text is the content of an fdinfo file; ret_path gets the device's directory below /sys.
 * 0, or -ENOENT if the file does not name the directory, or if size is too small. */
int vfiopm__text_parse_fdinfo(const char *text, char *ret_path, size_t size);

/* text is the value of a sysfs attribute, with or without its newline. 0, or -EPROTO. */
int vfiopm__text_parse_power_state(const char *text, uint32_t *ret_state);
int vfiopm__text_parse_runtime_status(const char *text, uint32_t *ret_status);
int vfiopm__text_parse_control(const char *text, uint32_t *ret_control);
int vfiopm__text_parse_flag(const char *text, uint32_t *ret_flag);
int vfiopm__text_parse_number(const char *text, uint64_t *ret_number);

#endif
