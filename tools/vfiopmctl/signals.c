// SPDX-License-Identifier: MIT
/* The signals that end a command. A signalfd makes them arrive only where the command polls. */
#include <signal.h>
#include <sys/signalfd.h>

#include "ctl.h"

int ctl_open_signals(void)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction before;
	sigset_t ending;

	sigemptyset(&ending);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		/* A signal that the caller ignores stays ignored; nohup(1) relies on this. */
		if (sigaction(numbers[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
			sigaddset(&ending, numbers[i]);
	}
	if (sigprocmask(SIG_BLOCK, &ending, NULL) < 0)
		return -1;
	return signalfd(-1, &ending, SFD_CLOEXEC | SFD_NONBLOCK);
}
