#!/bin/sh
# SPDX-License-Identifier: MIT
# A test of a program that uses VFIO, without a device. Prints TAP.
# Usage: vfiopm-sim -- test.sh VMM
set -eu
vmm=$1
ctl="${VFIOPM_SIM_COMMAND-vfiopm-sim} ctl"
sysfs=/sys/bus/pci/devices/0000:01:00.0

# The program reads commands from one pipe and answers on another.
pipes=$(mktemp -d)
trap 'rm -rf "$pipes"' EXIT
mkfifo "$pipes/to" "$pipes/from"
"$vmm" <"$pipes/to" >"$pipes/from" &
exec 3>"$pipes/to" 4<"$pipes/from"

number=0
is() { # WHAT WANTED FOUND
	number=$((number + 1))
	[ "$3" = "$2" ] || printf 'not '
	echo "ok $number - $1"
	[ "$3" = "$2" ] || echo "# $3, not $2"
}
vmm() { # COMMAND: its answer
	echo "$*" >&3
	read -r answer <&4
	echo "$answer"
}

is "the device is opened" 0 "$(vmm open 0000:01:00.0)"
is "the device has five IRQ indexes" 5 "$(vmm info)"

is "low power with wakeup" 0 "$(vmm enter-with-wakeup)"
is "the device is in D3cold" D3cold "$(cat $sysfs/power_state)"
is "no wake was signalled" 0 "$(vmm wakes)"
$ctl wake
is "the host's wake is signalled" 1 "$(vmm wakes)"
is "the device is in D0" D0 "$(cat $sysfs/power_state)"

is "five vectors are enabled" 0 "$(vmm irqs 5)"
for vector in 0 1 2 3 4; do
	$ctl raise msix $vector >/dev/null
	is "vector $vector is signalled" 1 "$(vmm count $vector)"
done

is "a vector is masked" 0 "$(vmm mask 2)"
is "an interrupt becomes pending" "not signalled" "$($ctl raise msix 2)"
is "the vector is unmasked with another eventfd" 0 "$(vmm unmask 2)"
is "the pending interrupt is signalled" 1 "$(vmm count 2)"

is "a block with a bad fd fails" -9 "$(vmm bad-block)"
is "the vector before the bad fd is dead" "not signalled" "$($ctl raise msix 0)"
is "the vector after the bad fd works" signalled "$($ctl raise msix 2)"

$ctl fail 1 ENOMEM VFIO_DEVICE_GET_INFO
is "a call fails on request" -12 "$(vmm info)"
is "the next one succeeds" 5 "$(vmm info)"
echo "1..$number"
