#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs in the lab: makes causes why a device does not reach D3cold, one after the other, and
# lets doctor look at each. What it prints is read by tests/ctl/doctor.
# Usage: causes.sh CAUSE..
device=$VFIOPM_LAB_DEVICE
at=/sys/bus/pci/devices/$device
port=/sys/bus/pci/devices/0000:00:01.0
other=${at%.*}.1
target=$device
PATH=.:$PATH

# Let it be asleep, if it can, by a program that has put it into low power.
hold()
{
	vfiopmctl enter "$device" --for 60s >/dev/null 2>&1 &
	holder=$!
}

let_go()
{
	kill "$holder" 2>/dev/null
	wait "$holder"
	holder=
}

examine()
{
	sleep 0.5
	echo "cause $1"
	vfiopmctl doctor --json "$target"
	echo "status $?"
}

# with CAUSE ATTRIBUTE VALUE USUAL: an attribute has that value while doctor looks.
with()
{
	echo "$3" >"$2"
	hold
	examine "$1"
	let_go
	echo "$4" >"$2"
}

bind()
{
	echo "$device" >/sys/bus/pci/drivers_probe
}

unbind()
{
	echo "$device" >"$at/driver/unbind"
}

for cause; do
	case $cause in
	control-on) with "$cause" $at/power/control on auto ;;
	d3cold-not-allowed) with "$cause" $at/d3cold_allowed 0 1 ;;
	port-control-on) with "$cause" $port/power/control on auto ;;
	port-d3cold-not-allowed) with "$cause" $port/d3cold_allowed 0 1 ;;
	other-d3cold-not-allowed)
		echo auto >"$other/power/control"
		with "$cause" $other/d3cold_allowed 0 1
		;;
	vfs)
		echo 2 >$at/sriov_numvfs
		hold
		examine "$cause"
		let_go
		;;
	# After vfs: there are two.
	virtual-function)
		target=$(readlink $at/virtfn0)
		target=${target##*/}
		examine "$cause"
		target=$device
		;;
	not-vfio)
		unbind
		examine "$cause"
		bind
		;;
	not-entered)
		./hold-open "$device" &
		holder=$!
		examine "$cause"
		let_go
		;;
	idle-d3-disabled) examine "$cause" ;;
	# Of the machine itself, or none.
	*)
		hold
		examine "$cause"
		let_go
		;;
	esac
done
