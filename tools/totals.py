"""Counts a subunit stream and names the tests that were skipped.

Usage: totals.py FILE < STREAM

Writes "PASSED FAILED SKIPPED" to FILE. A stream without tests counts as one
failure: nothing ran, which is not what was asked for.
"""

import sys

import subunit
import testtools


def main(path: str) -> None:
    summary = testtools.StreamSummary()
    stream = subunit.ByteStreamToStreamResult(
        sys.stdin.buffer, non_subunit_name='stdout')
    summary.startTestRun()
    stream.run(summary)
    summary.stopTestRun()
    skipped = len(summary.skipped)
    # Each of these is one test, also where the whole class failed at once.
    failed = (len(summary.errors) + len(summary.failures)
              + len(summary.unexpectedSuccesses))
    for test, reason in summary.skipped:
        print(f'SKIPPED {test.id()}: {reason}')
    passed = summary.testsRun - skipped - failed
    if not summary.testsRun:
        failed = max(failed, 1)
    with open(path, 'w', encoding='ascii') as out:
        out.write(f'{max(passed, 0)} {failed} {skipped}\n')


if __name__ == '__main__':
    main(sys.argv[1])
