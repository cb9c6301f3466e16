// SPDX-License-Identifier: MIT
// The ACPI table (SSDT) that --d3cold adds: a power resource of the root port and of the
// device behind it, as the firmware of a laptop has it. The kernel can then switch off the
// power of both: D3cold.

DefinitionBlock ("", "SSDT", 2, "VFIOPM", "D3COLD", 1)
{
    // The name that QEMU's own table has for the function at 00:01.0.
    External (\_SB.PCI0.S08, DeviceObj)

    Scope (\_SB.PCI0.S08)
    {
        // A byte written here leaves the machine (isa-debugcon). It proves outside of the
        // machine that the power was switched.
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
