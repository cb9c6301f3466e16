#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs in the lab: produces causes that block D3cold, one after the other, and runs doctor for
# each. tests/ctl/doctor reads the output.
# Usage: causes.sh CAUSE..
device=$VFIOPM_LAB_DEVICE
at=/sys/bus/pci/devices/$device
port=/sys/bus/pci/devices/0000:00:01.0
other=${at%.*}.1
target=$device
PATH=.:$PATH

# Have a process put the device into low power, so that it is suspended unless something blocks it.
hold()
{
	vfiopmctl enter "$device" --for 60s >/dev/null 2>&1 &
	holder=$!
}

release()
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

# with CAUSE ATTRIBUTE VALUE USUAL: an attribute has VALUE while doctor runs.
with()
{
	echo "$3" >"$2"
	hold
	examine "$1"
	release
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

# Load vfio-pci with other parameters. The device is bound to it at once: its
# driver_override names it.
reload()
{
	rmmod vfio_pci
	insmod /modules/*-vfio_pci.ko "$@"
}

wait_suspended()
{
	for _ in $(seq 50); do
		[ "$(cat "$1/power/runtime_status")" != suspended ] || return 0
		sleep 0.1
	done
	echo "$1 is not suspended after 5 s" >&2
}

for cause; do
	case $cause in
	control-on) with "$cause" $at/power/control on auto ;;
	d3cold-not-allowed) with "$cause" $at/d3cold_allowed 0 1 ;;
	port-control-on) with "$cause" $port/power/control on auto ;;
	port-d3cold-not-allowed) with "$cause" $port/d3cold_allowed 0 1 ;;
	# After other-awake. It removes the other function: later causes need a device alone.
	other-d3cold-not-allowed)
		echo auto >"$other/power/control"
		# A write to d3cold_allowed that comes before the function is suspended would
		# cancel the suspend for good: d3cold_allowed_store() calls pm_runtime_resume(),
		# and rpm_resume() cancels what is pending and, for a device that is still active,
		# starts nothing.
		wait_suspended "$other"
		with "$cause" $other/d3cold_allowed 0 1
		echo 1 >"$other/remove"
		;;
	vfs)
		echo 2 >$at/sriov_numvfs
		hold
		examine "$cause"
		release
		;;
	# vfs, which comes before, has enabled two virtual functions.
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
		release
		;;
	idle-d3-disabled)
		reload disable_idle_d3=1
		examine "$cause"
		reload
		;;
	# The machine itself has the cause, or no cause exists.
	*)
		hold
		examine "$cause"
		release
		;;
	esac
done
