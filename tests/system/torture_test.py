"""A little of each torture, so that it stays true; `tests/run --torture` is the whole of it."""

import subprocess
import sys
import unittest

import harness

TORTURE = harness.ROOT / "tests/torture/torture.py"


@unittest.skipUnless(harness.BINARY.exists(), f"{harness.BINARY} is not built")
class Torture(unittest.TestCase):
    def run_scenario(self, *words):
        return subprocess.run([sys.executable, TORTURE, *words], capture_output=True, text=True)

    def expect_nothing_lost(self, *words):
        ended = self.run_scenario(*words)
        self.assertEqual(ended.returncode, 0, ended.stdout + ended.stderr)
        self.assertIn(": 0 lost, 0 counted twice, 0 wrong windows", ended.stdout)

    def test_kills(self):
        self.expect_nothing_lost("kills", "--times", "20")

    def test_power_cuts(self):
        self.expect_nothing_lost("power_cuts", "--times", "10")

    def test_a_journal_that_is_not_synced_loses_to_a_power_cut_and_the_torture_says_so(self):
        ended = self.run_scenario("power_cuts", "--times", "10", "--sync", "never", "--worst", "--patience", "5")
        self.assertEqual(ended.returncode, 1, ended.stdout + ended.stderr)
        self.assertRegex(ended.stdout, r": [1-9][0-9]* lost")

    def test_broker_restarts(self):
        self.expect_nothing_lost("broker_restarts", "--times", "5")

    def test_clock_steps(self):
        self.expect_nothing_lost("clock_steps", "--times", "6")

    def test_a_slow_coordinator(self):
        self.expect_nothing_lost("slow_coordinator", "--times", "4")

    def test_a_cut_uplink(self):
        self.expect_nothing_lost("uplink_cut", "--seconds", "8")


if __name__ == "__main__":
    unittest.main()
