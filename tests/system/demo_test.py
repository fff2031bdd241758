"""The demo checks itself."""

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


def children(pid):
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True).stdout
    return [int(word) for word in listed.split()]


def alive(pid):
    return subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True).stdout.strip() not in ("", "Z")


if __name__ == "__main__":
    unittest.main()
