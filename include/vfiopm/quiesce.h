/* SPDX-License-Identifier: MIT */
/*
 * Quiesce hooks: what a program must stop before a device enters low power, and start again after
 * it. See vfiopm_quiesce(3).
 */
#ifndef VFIOPM_QUIESCE_H
#define VFIOPM_QUIESCE_H

#include <stddef.h>

#include <vfiopm/device.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vfiopm_quiesce;

/*
 * The callbacks of a hook. data is the pointer that was passed to vfiopm_quiesce_new(). A callback
 * that is NULL succeeds. A later version can append members.
 *
 * A callback runs in the thread of the call that causes it: vfiopm_enter(), vfiopm_enter_wakeup(),
 * vfiopm_exit(), vfiopm_take_wake() or vfiopm_quiesce_new(). It may use interrupts, regions and KVM,
 * but quiesce() must not wake the device. A callback must not call one of these five functions or
 * vfiopm_quiesce_free() on the same device, and must not wait for a thread that does.
 */
struct vfiopm_quiesce_ops {
	/* Low power follows. Stop each use of the device's mapped memory: a VMM removes its memory
	 * slots. Return 0 or a negative errno, with which the entry fails. */
	int (*quiesce)(void *data);

	/* The device is awake, or was never put to sleep. Use the memory again. Return 0 or a
	 * negative errno; the hook then stays quiesced, and is restored by a later call. */
	int (*restore)(void *data);
};

/*
 * Add a hook to a device. The hooks of a device are quiesced before each entry, newest first. If a
 * hook fails, or if the entry fails, the hooks that this entry has quiesced are restored in reverse
 * order, and the entry returns the errno. They are restored, oldest first, after vfiopm_exit() has
 * ended low power, and when vfiopm_take_wake() returns 1 and the device is awake. A hook that is
 * quiesced is not quiesced again, and a hook that is not quiesced is not restored.
 *
 * If restore() fails, the other hooks are restored nevertheless. vfiopm_exit() then returns the
 * first errno, although low power has ended. The hook stays quiesced. The next exit or taken wake
 * calls its restore() again.
 *
 * If this object has entered low power, the call quiesces the new hook at once.
 *
 * The library copies ops. ops_size is sizeof(*ops). data belongs to the caller and must be valid
 * until vfiopm_quiesce_free(). The device must outlive the hook.
 * The returned object must be freed by the caller using vfiopm_quiesce_free().
 *
 * Returns 0, the errno of quiesce(), or:
 *   -EINVAL  dev, ops or ret_quiesce is NULL, or a member that the library does not know is not 0
 *   -ENOMEM  no memory
 *
 * Wakes the device: no. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_quiesce_new(struct vfiopm_device *dev, const struct vfiopm_quiesce_ops *ops,
		       size_t ops_size, void *data, struct vfiopm_quiesce **ret_quiesce);

/*
 * Remove a hook. The call waits for an entry or exit of another thread, and runs no callback. NULL
 * is accepted. This must be the last call on the object.
 *
 * Returns NULL.
 *
 * Wakes the device: no. Thread-safe: no. Since: 0.1.
 */
struct vfiopm_quiesce *vfiopm_quiesce_free(struct vfiopm_quiesce *quiesce);

#ifdef __cplusplus
}
#endif

#endif
