/* SPDX-License-Identifier: MIT */
/* A mutex that is held to the end of the scope, as guard() of the kernel does. */
#ifndef VFIOPM_LOCK_H
#define VFIOPM_LOCK_H

#include <pthread.h>

static inline pthread_mutex_t *vfiopm__lock(pthread_mutex_t *mutex)
{
	pthread_mutex_lock(mutex);
	return mutex;
}

static inline void vfiopm__unlock(pthread_mutex_t *const *mutex)
{
	pthread_mutex_unlock(*mutex);
}

/* Declares a variable: one for each scope, among the declarations or after the checks. */
#define VFIOPM__HOLD(mutex)                                                                        \
	__attribute__((cleanup(vfiopm__unlock), unused)) pthread_mutex_t *const held =             \
		vfiopm__lock(mutex)

#endif
