#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs in the lab, for scripts/demo --kernel. A device reaches D3cold, a program holds it there,
# the host wakes it, and vfiopmctl diagnoses why a device does not sleep.
device=$VFIOPM_LAB_DEVICE
at=/sys/bus/pci/devices/$device
PATH=.:$PATH

say()
{
	echo
	echo "# $*"
}

run()
{
	echo "\$ $*"
	"$@"
}

say "The devices of VFIO. No program has this device open, so vfio-pci lets it sleep."
sleep 0.5
run vfiopmctl list

say "A program opens the device, as a virtual machine monitor does, and lets it sleep."
echo "\$ vfiopmctl enter $device --wakeup --again --for 4s"
vfiopmctl enter "$device" --wakeup --again --for 4s &
holder=$!
sleep 1.5

say "vfiopmctl doctor states whether the device sleeps, and why."
run vfiopmctl doctor "$device"

say "The host reads the device's configuration, as lspci does. The device wakes, and sleeps again."
echo "\$ head -c 64 $at/config"
head -c 64 "$at/config" >/dev/null
wait $holder

say "An administrator forbids D3cold. vfiopmctl doctor names the reason."
echo "\$ echo 0 > $at/d3cold_allowed"
echo 0 >"$at/d3cold_allowed"
sleep 0.5
run vfiopmctl doctor "$device"
say "End of the demonstration. The man pages are in man/. Begin with: vfiopmctl --help"
