#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs in the lab: a session with vfiopmctl. Its output is kept in golden/, and
# tests/ctl/transcript compares it.
device=$VFIOPM_LAB_DEVICE
PATH=.:$PATH

say()
{
	# The last command, or a process that ended, has resumed devices: let them suspend again.
	sleep 0.5
	echo "\$ $*"
	"$@" 2>&1
	status=$?
	[ $status = 0 ] || echo "[status $status]"
	echo
}

# vfio-pci suspends the device while no process has it open.
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

# Each failure has its own message and exit status.
say vfiopmctl show 01:00.0
say vfiopmctl show ../../etc/passwd
say vfiopmctl show 0000:05:00.0
say vfiopmctl probe 0000:05:00.0
say vfiopmctl probe 0000:00:1f.2
say vfiopmctl doctor 0000:00:1f.2
# Bridges: no advice to bind them.
for bridge in 0000:00:00.0 0000:00:01.0 0000:00:1f.0; do
	say vfiopmctl probe $bridge
	say vfiopmctl doctor $bridge
done
# Another process has the device open.
./hold-open "$device" &
holder=$!
sleep 0.3
say vfiopmctl probe "$device"
say vfiopmctl enter "$device"
# A user without permission to open the node.
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
