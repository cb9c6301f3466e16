#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs in the lab: watches a suspended device, in plain lines and in a terminal. tests/ctl/watch
# reads the output.
device=$VFIOPM_LAB_DEVICE
at=/sys/bus/pci/devices/$device
PATH=.:$PATH
mkdir -p /dev/pts
mount -t devpts devpts /dev/pts
export TERM=linux

echo "section asleep"
vfiopmctl enter "$device" --wakeup --json --for 15s >/tmp/enter &
holder=$!
sleep 1
# The suspended time is read outside the measured time, so that a delay between two reads does not
# look like a wake.
read -r begin <$at/power/runtime_suspended_time
read -r up_before _ </proc/uptime
vfiopmctl watch "$device" --for 10s
read -r up_after _ </proc/uptime
read -r end <$at/power/runtime_suspended_time
echo "slept $((end - begin)) from $up_before to $up_after"
wait $holder
echo "section enter"
cat /tmp/enter

echo "section woken"
vfiopmctl enter "$device" --wakeup --again --for 4s >/dev/null &
holder=$!
sleep 1
vfiopmctl watch --json --interval 10ms --for 2s &
watcher=$!
sleep 0.7
# Keep it in D0 for several intervals: a short wake can end before a sample is taken.
echo on >$at/power/control
sleep 0.3
echo auto >$at/power/control
wait $watcher
wait $holder

# The device suspends again after enter has left it.
sleep 0.5
echo "section terminal"
./in-a-terminal 2500 vfiopmctl watch --interval 200ms "$device"
echo "status $?"
echo "section blocks"
LC_ALL=C.UTF-8 ./in-a-terminal 600 vfiopmctl watch --interval 200ms "$device"
echo "status $?"

echo "section small"
./in-a-terminal 600 sh -c 'stty rows 5; exec vfiopmctl watch --all --interval 200ms'
echo "section dumb"
TERM=dumb ./in-a-terminal 600 vfiopmctl watch --interval 200ms "$device"
echo "section narrow"
./in-a-terminal 600 sh -c "stty cols 40; exec vfiopmctl watch --interval 200ms $device"

echo "section signal"
vfiopmctl enter "$device" &
holder=$!
sleep 1
kill -TERM $holder
wait $holder
echo "status $?"

# The device must not get the fd of a closed standard output or error.
echo "section closed"
vfiopmctl enter "$device" --for 1s <&- >&- 2>&- &
holder=$!
sleep 0.5
for fd in 0 1 2; do
	readlink /proc/$holder/fd/$fd
done
wait $holder
echo "status $?"

# The device is unbound, and removed, while it is in use.
echo "section requested"
vfiopmctl enter --json "$device" &
holder=$!
sleep 1
echo "$device" >$at/driver/unbind
wait $holder
echo "status $?"
echo "$device" >/sys/bus/pci/drivers_probe
sleep 1
echo "section removed"
vfiopmctl watch --json --interval 100ms --for 3s "$device" >/tmp/removed &
watcher=$!
until [ -s /tmp/removed ]; do
	sleep 0.05
done
sleep 1
echo 1 >$at/remove
sleep 1
echo 1 >/sys/bus/pci/rescan
wait $watcher
cat /tmp/removed
