#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs in the lab, on machines that do not support everything: the output of each command. It is
# kept in golden/, and tests/ctl/transcript compares it.
device=$VFIOPM_LAB_DEVICE
PATH=.:$PATH

for command in list "show $device" "probe $device" "enter $device --for 1s" "doctor $device"; do
	# The last command has resumed the device: let it suspend again.
	sleep 0.5
	echo "\$ vfiopmctl $command"
	# The words of the command are split.
	# shellcheck disable=SC2086
	vfiopmctl $command 2>&1
	echo "[status $?]"
	echo
done

# Another process has the device open.
./hold-open "$device" &
holder=$!
sleep 0.3
echo "\$ vfiopmctl probe $device"
vfiopmctl probe "$device" 2>&1
echo "[status $?]"
kill $holder 2>/dev/null
wait $holder
exit 0
