#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs in the lab: a session with vfiopmctl, as one would type it. Its output is kept in
# golden/, and compared by tests/ctl/transcript.
device=$VFIOPM_LAB_DEVICE
PATH=.:$PATH

say()
{
	echo "\$ $*"
	"$@" 2>&1
	status=$?
	[ $status = 0 ] || echo "[status $status]"
	echo
}

# By vfio-pci it sleeps while nobody has it open.
sleep 1
say vfiopmctl list
say vfiopmctl list --all
say vfiopmctl list --json
say vfiopmctl show "$device"
say vfiopmctl show --json "$device"
say vfiopmctl doctor "$device"
say vfiopmctl doctor --json "$device"
echo on >"/sys/bus/pci/devices/$device/power/control"
say vfiopmctl doctor "$device"
say vfiopmctl doctor --json "$device"
echo auto >"/sys/bus/pci/devices/$device/power/control"

# What goes wrong, each in its own words and with its own status.
say vfiopmctl show 01:00.0
say vfiopmctl show ../../etc/passwd
say vfiopmctl show 0000:05:00.0
say vfiopmctl probe 0000:05:00.0
say vfiopmctl probe 0000:00:1f.0
say vfiopmctl doctor 0000:00:1f.0
say vfiopmctl probe 0000:00:01.0
# Another has the device open.
./hold-open "$device" &
holder=$!
sleep 0.3
say vfiopmctl probe "$device"
say vfiopmctl enter "$device"
# One that may not open the node.
kill $holder
wait $holder
chown 1000 vfiopmctl
chmod u+s vfiopmctl
chmod 600 /dev/vfio/*
say vfiopmctl probe "$device"
say vfiopmctl doctor "$device"
chown 0 vfiopmctl
chmod 755 vfiopmctl
echo "$device" >"/sys/bus/pci/devices/$device/driver/unbind"
say vfiopmctl probe "$device"
say vfiopmctl list
say vfiopmctl watch --for 1s
say vfiopmctl frobnicate
say vfiopmctl show
say vfiopmctl enter --for soon "$device"
say vfiopmctl enter --again "$device"
say vfiopmctl list --wakeup
