#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs in the lab, on machines where not all goes well: what each command says there. Its output
# is kept in golden/, and compared by tests/ctl/transcript.
device=$VFIOPM_LAB_DEVICE
PATH=.:$PATH

for command in list "show $device" "probe $device" "enter $device --for 1s" "doctor $device"; do
	echo "\$ vfiopmctl $command"
	# Words of a command.
	# shellcheck disable=SC2086
	vfiopmctl $command 2>&1
	echo "[status $?]"
	echo
done

# Another has the device open.
./hold-open "$device" &
holder=$!
sleep 0.3
echo "\$ vfiopmctl probe $device"
vfiopmctl probe "$device" 2>&1
echo "[status $?]"
kill $holder 2>/dev/null
wait $holder
exit 0
