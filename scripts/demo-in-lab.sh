#!/bin/sh
# SPDX-License-Identifier: MIT
# What scripts/demo --kernel shows, inside the lab: a device goes to D3cold, is held there, is
# woken by the host, and the reasons why it might not sleep are looked at.
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

say "The devices that VFIO has. Nobody has this one open, so vfio-pci lets it sleep."
sleep 0.5
run vfiopmctl list

say "A program opens it, as a virtual machine monitor would, and lets it sleep."
echo "\$ vfiopmctl enter $device --wakeup --again --for 4s"
vfiopmctl enter "$device" --wakeup --again --for 4s &
holder=$!
sleep 1.5

say "Why does it sleep, or not?"
run vfiopmctl doctor "$device"

say "The host looks at it, as lspci does. That wakes it; the program is told, and lets it sleep again."
echo "\$ head -c 64 $at/config"
head -c 64 "$at/config" >/dev/null
wait $holder

say "An administrator forbids D3cold. What does doctor say?"
echo "\$ echo 0 > $at/d3cold_allowed"
echo 0 >"$at/d3cold_allowed"
sleep 0.5
run vfiopmctl doctor "$device"
say "That is all. The man pages are in man/, what to type first: vfiopmctl --help"
