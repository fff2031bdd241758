"""The demo checks itself."""

import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
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


class Building(unittest.TestCase):
    """deploy/demo in a tree of its own, where nothing is missing and cmake says what it is told to."""

    def build(self, code):
        root = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        (root / "build/release").mkdir(parents=True)
        (root / "build/release/build.ninja").touch()
        (root / "deploy").mkdir()
        shutil.copy(harness.ROOT / "deploy/demo", root / "deploy/demo")
        for name, text in (("deploy/setup", "#!/bin/sh\n"), ("deploy/demo.py", "print('it runs')\n"),
                           ("cmake", f"#!/bin/sh\necho '[1/2] a'\necho '   Compiling wasmtime'\necho 'added 62 packages'\necho '[2/2] b'\nexit {code}\n")):
            (root / name).write_text(text)
            (root / name).chmod(0o755)
        done = subprocess.run([root / "deploy/demo"], capture_output=True, text=True, env=os.environ | {"PATH": f"{root}:{os.environ['PATH']}"})
        self.assertIn("demo: step 1 of 2\ndemo: step 2 of 2\n", done.stderr)
        self.assertIn("added 62 packages", (root / "build/release.build.log").read_text())
        return done

    def test_a_build_says_how_far_it_is_and_nothing_else(self):
        done = self.build(0)
        self.assertEqual((done.returncode, done.stdout), (0, "it runs\n"))
        self.assertNotIn("packages", done.stderr)

    def test_a_build_that_fails_shows_the_end_of_its_log_and_where_it_is(self):
        done = self.build(3)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("added 62 packages\n[2/2] b\ndemo: failed; all that was said is in build/release.build.log\n", done.stderr)


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
