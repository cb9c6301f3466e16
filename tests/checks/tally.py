#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The script tests/tally counts what meson reports: a program that fails counts as a failure, even
if each test that it printed has passed.

usage: tally.py SOURCE_ROOT
"""

import json
import pathlib
import tempfile

import common

NAME = 'vfiopm:simulator / irq'
PASSED = '<testcase name="1 - one" classname="{0}"/>'
FAILED = '<testcase name="2 - two" classname="{0}"><failure/></testcase>'
SKIPPED = ('<testcase name="3 - three" classname="{0}"><skipped/><system-out>a reason</system-out>'
           '</testcase>')
COMPARED = '<testcase name="4 - x: 2 findings, 0 differences to the simulator" classname="{0}"/>'


def tally(source_root, cases, result, returncode):
    """Returns (exit status, lines) of tally for one program with these test cases."""
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory, 'log.junit.xml')
        if cases is not None:
            path.write_text(f'<testsuites><testsuite name="{NAME}">'
                            + ''.join(cases).format(NAME) + '</testsuite></testsuites>')
        if result:
            path.with_name('log.json').write_text(
                json.dumps({'name': NAME, 'result': result, 'returncode': returncode}) + '\n')
        status, said = common.run(source_root / 'tests' / 'tally', path)
        return status, said.replace(f'{directory}/', '').splitlines()


def main():
    [source_root] = common.arguments('SOURCE_ROOT')
    tap = common.Tap()
    for text, cases, result, returncode, status, lines in (
            ('a program that passes', [PASSED], 'OK', 0, 0, ['1 passed, 0 failed']),
            ('a failed test counts once', [PASSED, FAILED], 'FAIL', 1, 1,
             ['failed: irq: 2 - two', '1 passed, 1 failed']),
            ('a skipped test', [PASSED, SKIPPED], 'OK', 0, 0,
             ['skipped (a reason): 1 tests', '    irq: 3 - three', '1 passed, 0 failed, 1 skipped']),
            ('a program that crashes after a test that passed', [PASSED], 'ERROR', 1, 1,
             ['failed: irq (ERROR, exit status 1)', '1 passed, 1 failed']),
            ('a program that hangs after a test that passed', [PASSED], 'TIMEOUT', -9, 1,
             ['failed: irq (TIMEOUT, exit status -9)', '1 passed, 1 failed']),
            ('a comparison with the simulator', [COMPARED], 'OK', 0, 0,
             ['compared: irq: 4 - x: 2 findings, 0 differences to the simulator',
              '1 passed, 0 failed']),
            ('no test at all', [], 'OK', 0, 1, ['0 passed, 0 failed']),
            ('only skipped tests', [SKIPPED], 'SKIP', 0, 1,
             ['skipped (a reason): 1 tests', '    irq: 3 - three', '0 passed, 0 failed, 1 skipped']),
            ('no JUnit file', None, 'OK', 0, 1,
             ['failed: log.junit.xml (the file is missing, so its tests did not run)',
              '0 passed, 1 failed']),
            ('no JSON log', [PASSED], None, 0, 1,
             ['failed: log.json (the file is missing)', '1 passed, 1 failed'])):
        found = tally(source_root, cases, result, returncode)
        tap.check(f'tally counts: {text}', [] if found == (status, lines) else [str(found)])
    tap.finish()


main()
