#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs in the lab: watches a device that sleeps, in plain lines and in a terminal. What it prints
# is read by tests/ctl/watch.
device=$VFIOPM_LAB_DEVICE
at=/sys/bus/pci/devices/$device
PATH=.:$PATH
mkdir -p /dev/pts
mount -t devpts devpts /dev/pts

echo "section asleep"
vfiopmctl enter "$device" --wakeup --json --for 15s >/tmp/enter &
holder=$!
sleep 1
begin=$(cat $at/power/runtime_suspended_time)
vfiopmctl watch "$device" --for 10s
end=$(cat $at/power/runtime_suspended_time)
echo "slept $((end - begin))"
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
cat $at/config >/dev/null
wait $watcher
wait $holder

echo "section terminal"
./in-a-terminal 2500 vfiopmctl watch --interval 200ms "$device"
echo "status $?"
echo "section blocks"
LC_ALL=C.UTF-8 ./in-a-terminal 600 vfiopmctl watch --interval 200ms "$device"
echo "status $?"

echo "section signal"
vfiopmctl enter "$device" &
holder=$!
sleep 1
kill -INT $holder
wait $holder
echo "status $?"
