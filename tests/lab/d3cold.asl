// SPDX-License-Identifier: MIT
// The ACPI table (SSDT) that --d3cold adds: a power resource on the root port and
// on the device behind it, as the firmware of a laptop has it. With it the kernel
// may cut the power of both: D3cold.

DefinitionBlock ("", "SSDT", 2, "VFIOPM", "D3COLD", 1)
{
    // QEMU's own table names the function at 00:01.0 so.
    External (\_SB.PCI0.S08, DeviceObj)

    Scope (\_SB.PCI0.S08)
    {
        // A byte written here leaves the machine (isa-debugcon): a witness from
        // outside that the power was really switched.
        OperationRegion (WITN, SystemIO, 0x05F0, 1)
        Field (WITN, ByteAcc, NoLock, WriteAsZeros)
        {
            WITB, 8
        }

        PowerResource (PWRR, 0, 0)
        {
            Name (PSTA, 1)
            Method (_STA) { Return (PSTA) }
            Method (_ON, 0, Serialized)
            {
                PSTA = 1
                WITB = 0x31 // '1'
            }
            Method (_OFF, 0, Serialized)
            {
                PSTA = 0
                WITB = 0x30 // '0'
            }
        }

        Name (_PR0, Package () { PWRR })
        Name (_PR3, Package () { PWRR })
        Name (_S0W, 4)

        Device (S00)
        {
            Name (_ADR, 0)
            Name (_PR0, Package () { PWRR })
            Name (_PR3, Package () { PWRR })
            Name (_S0W, 4)
        }
    }
}
