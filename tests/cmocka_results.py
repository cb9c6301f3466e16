# SPDX-License-Identifier: MIT
# Reads the TAP of a cmocka program. cmocka 1.1 prints a skipped test as "not ok N # SKIP name",
# without a reason; tests/test.h prints the reason on a line of its own before it.
"""Reads the results of a cmocka program."""

import re
from dataclasses import dataclass

PLAN = re.compile(r"1\.\.(\d+)")
RESULT = re.compile(r"(not )?ok (\d+) (?:- |# (SKIP) )(.*)")
REASON = "# skipped: "


@dataclass
class Case:
    """One test of a program."""

    name: str
    passed: bool
    # Why the test was skipped; None if it was run.
    skipped: str = None

    def line(self, number, program=None):
        """The TAP line of the test."""
        name = f"{program}: {self.name}" if program else self.name
        # A # in a name would begin a directive.
        text = f"{'ok' if self.passed else 'not ok'} {number} - {name.replace('#', '')}"
        return text if self.skipped is None else f"{text} # SKIP {self.skipped}"


class Results:
    """The results of one program, read line by line."""

    def __init__(self):
        self.planned = None
        self.cases = []
        self.reason = None

    def read(self, line):
        """Read a line; returns its Case, or None if the line reports none."""
        if line.startswith(REASON):
            self.reason = line.removeprefix(REASON)
            return None
        plan = PLAN.fullmatch(line)
        if plan and self.planned is None:
            self.planned = int(plan[1])
        result = RESULT.fullmatch(line)
        if not result:
            return None
        failed, _, skipped, name = result.groups()
        case = Case(name, not failed or bool(skipped),
                    (self.reason or "no reason was given") if skipped else None)
        self.reason = None
        self.cases.append(case)
        return case

    def problem(self, status):
        """What is wrong with the program as a whole that no case reports, or None."""
        if self.planned is None:
            return f"it printed no plan (exit status {status})"
        if len(self.cases) != self.planned:
            return (f"{len(self.cases)} of {self.planned} tests reported a result "
                    f"(exit status {status})")
        if status != 0 and all(case.passed for case in self.cases):
            return f"all tests passed, but the exit status is {status}"
        return None
