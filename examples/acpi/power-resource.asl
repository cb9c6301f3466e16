// SPDX-License-Identifier: MIT
//
// The ACPI table (SSDT) that a VMM gives its guest for a function that is passed through with
// vfiopm_guest(3): a virtual power resource, and a wake event. The guest's operating system turns
// the function off with _OFF and on with _ON, and the host can wake the guest.
//
// The VMM emulates 4 bytes of I/O ports at 0x0620:
//
//   port    access  the VMM
//   0x0620  write   calls vfiopm_guest_begin_power(guest, value)
//   0x0621  read    returns 1 from begin_power() to powered(), then 0, or 2 if powered() reported
//                   an error
//   0x0622  read    returns vfiopm_guest_is_powered(guest)
//
// The callback wake() of struct vfiopm_guest_ops sets bit 5 of the GPE0 status register and asserts
// the SCI. The VMM adapts the ports, the number of the GPE and the name of the function.

DefinitionBlock ("", "SSDT", 2, "VFIOPM", "GUESTPWR", 1)
{
    External (\_SB.PCI0, DeviceObj)

    Scope (\_SB.PCI0)
    {
        OperationRegion (VPWR, SystemIO, 0x0620, 4)
        Field (VPWR, ByteAcc, NoLock, WriteAsZeros)
        {
            BEGN, 8, // begin a power change
            STAT, 8, // the status of the power change
            POWR, 8  // the power
        }

        PowerResource (VPRS, 0, 0)
        {
            // _ON and _OFF cannot return an error. The operating system evaluates _STA, which
            // reports the power that the function really has.
            Method (_STA, 0, NotSerialized)
            {
                Return (POWR)
            }

            Method (_ON, 0, Serialized)
            {
                \_SB.PCI0.VCHG (1)
            }

            Method (_OFF, 0, Serialized)
            {
                \_SB.PCI0.VCHG (0)
            }
        }

        // Begin a power change, and wait for its end. A resume from D3cold takes 0.1 to 0.2 s. The
        // vCPU runs other threads meanwhile, because Sleep() releases it. The loop ends after 5 s.
        Method (VCHG, 1, Serialized)
        {
            BEGN = Arg0
            Local0 = 5000
            While (Local0 > 0 && STAT == 1)
            {
                Sleep (1)
                Local0--
            }
        }

        // The function: device 5, function 0.
        Device (VDEV)
        {
            Name (_ADR, 0x00050000)
            Name (_PR0, Package () { VPRS })
            Name (_PR3, Package () { VPRS })
            // The function can wake the guest from D3cold.
            Name (_S0W, 4)
            // GPE 5 wakes a running guest (S0). No power resource must be on for this.
            Name (_PRW, Package () { 5, 0 })
        }
    }

    Scope (\_GPE)
    {
        // 2: device wake. The operating system then turns the function on.
        Method (_E05, 0, NotSerialized)
        {
            Notify (\_SB.PCI0.VDEV, 2)
        }
    }
}
