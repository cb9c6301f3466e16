# SPDX-License-Identifier: MIT
# The dialogue with init in the guest: it boots, and then runs one program after the other
# on request. init describes the messages.
"""Runs programs in the guest and reports how each one ended."""

import time
from dataclasses import dataclass, field

import kernel_log
import machine

# How a program, or the boot, can end. After ENDED the machine can run another program,
# unless the kernel complained.
ENDED, HUNG, DIED, FAILED = "ended", "hung", "died", "failed"


@dataclass
class Run:
    """How one program ended."""

    ending: str = ENDED
    # The exit status of the program; None if it did not exit.
    status: int = None
    # Whether the device was bound and the program was started.
    started: bool = False
    # One sentence about an ending other than ENDED.
    message: str = ""
    # The messages of the kernel that mean harm, and a sentence about a new taint.
    complaints: list = field(default_factory=list)
    # What the console and QEMU said, with their titles; only for an ending that is not ENDED.
    tails: list = field(default_factory=list)

    def is_clean(self):
        """Whether another program can follow in the same machine."""
        return self.ending == ENDED and not self.complaints


class _Off(Exception):
    """The machine is off."""


class _Failed(Exception):
    """init gave up, for the reason in the text."""


class Guest:
    """The guest of a machine that was started."""

    def __init__(self, started_machine, limit):
        self.machine = started_machine
        # The time in seconds that the boot, and each program, may take.
        self.limit = limit
        self.seen = 0
        self.taint = None

    def boot(self):
        """Wait until init accepts requests; returns a Run without a program."""
        run = Run()
        self._attempt(run, self._boot, self.machine.started, "the boot", 0)
        return run

    def run(self, number):
        """Run the program of this number; returns a Run."""
        run = Run()
        self._attempt(run, lambda deadline: self._run(run, number, deadline), time.monotonic(),
                      "the program", len(self.machine.received[machine.CONSOLE]))
        return run

    def release(self, run):
        """Put the device back into a known state after a run; notes in it what that shows."""
        self._attempt(run, lambda deadline: self._release(run, deadline), time.monotonic(),
                      "the release of the device", len(self.machine.received[machine.CONSOLE]))

    def _attempt(self, run, step, begin, what, console_begin):
        """Do a step of the dialogue; if it fails, note in the run why."""
        try:
            step(begin + self.limit)
            return
        except TimeoutError:
            run.ending = HUNG
            run.message = f"{what} was not done after {self.limit:g} s (--limit)"
        except _Failed as reason:
            run.ending = FAILED
            run.message = f"the guest gave up: {reason}"
            self._wait_off()
        except _Off:
            run.ending = DIED
            run.message = self._cause_of_death(run)
        self.machine.drain(machine.OUTPUT)
        run.tails = self._tails(run, console_begin)

    def _boot(self, deadline):
        self._end(Run(), deadline)

    def _run(self, run, number, deadline):
        self.machine.send(f"run {number}\n")
        line = self._line(deadline)
        run.started = line == "started"
        assert run.started, line
        line = self._line(deadline)
        # init reports the status after the last byte of the output has left the guest.
        self.machine.drain(machine.OUTPUT)
        run.status = int(line.removeprefix("status "))
        self._end(run, deadline)

    def _release(self, run, deadline):
        self.machine.send("release\n")
        self._end(run, deadline)

    def _end(self, run, deadline):
        """Read the kernel log that ends an answer, and note in the run what is bad in it."""
        log = []
        while not (line := self._line(deadline)).startswith("end "):
            log.append(line)
        run.complaints += kernel_log.bad_lines("\n".join(log))
        taint = int(line.removeprefix("end "))
        if taint != self.taint and self.taint is not None:
            run.complaints.append(f"the kernel is tainted: {taint} instead of {self.taint}")
        self.taint = taint

    def _line(self, deadline):
        """The next line of init's report."""
        received = self.machine.received[machine.CONTROL]
        while (end := received.find(b"\n", self.seen)) < 0:
            if not self.machine.wait(deadline):
                raise _Off
        line = received[self.seen:end].decode(errors="replace").rstrip("\r")
        self.seen = end + 1
        if line.startswith("fail "):
            raise _Failed(line.removeprefix("fail "))
        return line

    def _wait_off(self):
        """Read the last messages of a guest that powers off."""
        deadline = time.monotonic() + 10
        try:
            while self.machine.wait(deadline):
                pass
        except TimeoutError:
            pass

    def _cause_of_death(self, run):
        if self.machine.status() != 0:
            return "QEMU failed"
        return "the kernel died while the program ran" if run.started else \
            "the kernel died before the program started"

    def _tails(self, run, console_begin):
        received = self.machine.received
        tails = [("the console's last lines:", received[machine.CONSOLE][console_begin:])]
        # A QEMU that ran well only warns about a network device without a network.
        if run.ending == DIED and self.machine.status() != 0:
            tails.append((f"QEMU ended with {self.machine.status()} and said:",
                          received[machine.QEMU]))
        return [(title, bytes(data).decode(errors="replace")) for title, data in tails if data]
