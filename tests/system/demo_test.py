"""The demo checks itself."""

import contextlib
import pathlib
import signal
import subprocess
import sys
import unittest

import harness

DEMO = [sys.executable, harness.ROOT / "deploy/demo.py"]


class Demo(unittest.TestCase):
    def setUp(self):
        if not harness.BINARY.exists():
            self.skipTest(f"{harness.BINARY} is not built")

    def test_the_check_passes(self):
        done = subprocess.run([*DEMO, "--check"], capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(done.stdout.count("seen: "), 5, done.stdout)

    def test_ctrl_c_stops_everything_that_was_started(self):
        demo = subprocess.Popen(DEMO, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for line in demo.stdout:
            if line.startswith("Ctrl-C"):
                break
        started = children(demo.pid)
        self.assertGreaterEqual(len(started), 5, "broker, coordinator, two edges, devices")
        demo.send_signal(signal.SIGINT)
        self.assertEqual(demo.wait(60), 0)
        demo.stdout.close()
        harness.wait_until("nothing of it runs", lambda: not any(alive(pid) for pid in started), 10)


def processes():
    """{process id: (state, parent)} of this machine."""
    found = {}
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, parent = stat.read_text().rpartition(")")[2].split()[:2]
            found[int(stat.parent.name)] = state, int(parent)
    return found


def children(pid):
    return [child for child, (_, parent) in processes().items() if parent == pid]


def alive(pid):
    return processes().get(pid, ("Z", 0))[0] != "Z"


if __name__ == "__main__":
    unittest.main()
