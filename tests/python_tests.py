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
    """Says what runs before it runs, and how it ended after. A test counts once, however many of its parts failed."""

    def __init__(self):
        super().__init__()
        self.passed, self.failed = 0, 0
        self.complaints, self.reason, self.running = [], None, False

    def startTest(self, test):
        super().startTest(test)
        self.complaints, self.reason, self.running = [], None, True
        self.began = time.monotonic()
        print(f"   {test.id().split('.', 1)[-1]} ...", end=" ", flush=True)

    def addFailure(self, test, err):
        self.complaints.append(self._exc_info_to_string(err, test))
        if not self.running:  # the set-up of a class or module: its tests are not run
            self.failed += 1
            print(f"   {test.id()} ... FAILED", self.complaints.pop(), sep="\n", flush=True)

    addError = addFailure  # where a test broke off is no matter here

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self.complaints.append(f"{subtest}\n{self._exc_info_to_string(err, test)}")

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.reason = reason

    def stopTest(self, test):
        super().stopTest(test)
        self.running = False
        spent = f"({time.monotonic() - self.began:.1f} s)"
        if self.complaints:
            self.failed += 1
            print(f"FAILED {spent}", *self.complaints, sep="\n", flush=True)
        elif self.reason is not None:
            print(f"skipped {spent}: {self.reason}", flush=True)
        else:
            self.passed += 1
            print(f"passed {spent}", flush=True)


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
    suite.run(result)
    if given.report:
        given.report.write_text(f"{result.passed} {result.failed} {len(result.skipped)}\n")
    return 1 if result.failed else 0


if __name__ == "__main__":
    sys.exit(main())
