"""Counts a subunit stream and tells of the tests that failed or were skipped.

Usage: totals.py TOTALS FAILURES < STREAM

Writes "PASSED FAILED SKIPPED" to TOTALS, and adds each test that failed, with
the end of what it said, to FAILURES. A stream without tests counts as one
failure: nothing ran, which is not what was asked for.
"""

import sys

import subunit
import testtools

#: Lines of a failed test that are told once more; the end says what was wrong.
TOLD_AGAIN = 40


def main(totals: str, failures: str) -> None:
    summary = testtools.StreamSummary()
    stream = subunit.ByteStreamToStreamResult(
        sys.stdin.buffer, non_subunit_name='stdout')
    summary.startTestRun()
    stream.run(summary)
    summary.stopTestRun()
    skipped = len(summary.skipped)
    # Each of these is one test, also where the whole class failed at once.
    bad = [(test.id(), told)
           for test, told in summary.errors + summary.failures]
    bad += [(test.id(), 'passed, and was expected to fail')
            for test in summary.unexpectedSuccesses]
    failed = len(bad)
    for test, reason in summary.skipped:
        print(f'SKIPPED {test.id()}: {reason}')
    passed = summary.testsRun - skipped - failed
    if not summary.testsRun:
        failed = max(failed, 1)
    with open(totals, 'w', encoding='ascii') as out:
        out.write(f'{max(passed, 0)} {failed} {skipped}\n')
    with open(failures, 'a', encoding='utf-8') as out:
        for name, told in bad:
            end = '\n'.join(told.splitlines()[-TOLD_AGAIN:])
            out.write(f'FAILED {name}\n{end}\n\n')


if __name__ == '__main__':
    main(*sys.argv[1:])
