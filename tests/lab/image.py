# SPDX-License-Identifier: MIT
# The image of a kernel in the form that boots fastest: uncompressed. A distribution ships a
# bzImage, which decompresses itself, and that takes the emulated processor 2 to 4 s, of a boot
# of 7 to 11 s. QEMU can start the ELF file inside it through the PVH entry (CONFIG_PVH).
"""Takes the uncompressed kernel out of a bzImage."""

import lzma
import struct
import subprocess

from archive import find_tool, require
from common import LabError

# The note XEN_ELFNOTE_PHYS32_ENTRY, which holds the PVH entry: the sizes of its name and of its
# content, its type and its name.
PVH_NOTE = struct.pack("<III", 4, 8, 18) + b"Xen\0"

# Documentation/arch/x86/boot.rst: setup_sects, payload_offset and payload_length.
SETUP_SECTORS = 0x1F1
PAYLOAD = 0x248


def uncompressed(image):
    """The ELF file inside a bzImage, or None if it has no PVH entry."""
    sectors = image[SETUP_SECTORS] or 4
    offset, length = struct.unpack_from("<II", image, PAYLOAD)
    begin = (sectors + 1) * 512 + offset
    elf = decompress(image[begin:begin + length])
    if not elf.startswith(b"\x7fELF"):
        raise LabError("the kernel image holds no ELF file")
    return elf if PVH_NOTE in elf else None


def decompress(payload):
    """Decompress the payload of a kernel image."""
    if payload.startswith(b"\xfd7zXZ\0"):
        # The size that the kernel's build appends is left in unused_data.
        return lzma.LZMADecompressor().decompress(payload)
    if payload.startswith(b"\x28\xb5\x2f\xfd"):
        require(["zstd"], "zstd")
        # zstd refuses the four bytes of the size.
        done = subprocess.run([find_tool("zstd"), "-dc"], input=payload[:-4], check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if done.returncode != 0:
            raise LabError("zstd failed:\n" + done.stderr.decode(errors="replace"))
        return done.stdout
    raise LabError("the kernel image has a compression that the lab does not know")
