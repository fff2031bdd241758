#!/usr/bin/env python3
"""Runs the *_test.py files of a folder: python_tests.py FOLDER [--filter REGEX] [--report FILE].

One line a test; what failed is said at once. The report holds the three counts: passed, failed, skipped."""

import argparse
import importlib.util
import pathlib
import re
import signal
import sys
import time
import traceback
import unittest


class OneLine(unittest.TestResult):
    """Says what runs before it runs, and how it ended after."""

    def startTest(self, test):
        super().startTest(test)
        self.began = time.monotonic()
        print(f"   {self.name(test)} ...", end=" ", flush=True)

    @staticmethod
    def name(test):
        return test.id().split(".", 1)[-1]

    def end(self, word, detail=""):
        print(f"{word} ({time.monotonic() - self.began:.1f} s){detail}", flush=True)

    def addSuccess(self, test):
        self.end("passed")

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.end("skipped", f": {reason}")

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.fail(test, self.failures[-1][1])

    def addError(self, test, err):
        super().addError(test, err)
        self.fail(test, self.errors[-1][1])

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err:
            self.fail(test, "".join(traceback.format_exception(*err)))

    def fail(self, test, detail):
        self.failed = getattr(self, "failed", set()) | {test.id()}
        self.began = getattr(self, "began", time.monotonic())
        self.end("FAILED", "\n" + detail)


def load(folder, pattern):
    suite = unittest.TestSuite()
    sys.path.insert(0, str(folder))
    for file in sorted(folder.glob("*_test.py")):
        spec = importlib.util.spec_from_file_location(file.stem, file)
        module = importlib.util.module_from_spec(spec)
        sys.modules[file.stem] = module
        spec.loader.exec_module(module)
        for case in unittest.defaultTestLoader.loadTestsFromModule(module):
            wanted = [test for test in case if re.search(pattern, test.id())]
            if wanted:  # a suite of its own for each class, so that class set-up runs
                suite.addTest(unittest.TestSuite(wanted))
    return suite


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--filter", default="")
    parser.add_argument("--report", type=pathlib.Path)
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what tests have started is stopped
    result = OneLine()
    suite = load(given.folder.resolve(), given.filter)
    total = suite.countTestCases()
    suite.run(result)
    failed = len(getattr(result, "failed", set()))
    skipped = len(result.skipped)
    passed = total - failed - skipped
    if given.report:
        given.report.write_text(f"{passed} {failed} {skipped}\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
