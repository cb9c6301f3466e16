// SPDX-License-Identifier: MIT
/* The signals that end a command: they come as data, so that none finds it between two steps. */
#include <signal.h>
#include <sys/signalfd.h>

#include "ctl.h"

int ctl_open_signals(void)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction before;
	sigset_t ends;

	sigemptyset(&ends);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		/* What the caller ignores, as nohup(1) does, stays ignored. */
		if (sigaction(numbers[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
			sigaddset(&ends, numbers[i]);
	}
	if (sigprocmask(SIG_BLOCK, &ends, NULL) < 0)
		return -1;
	return signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK);
}
