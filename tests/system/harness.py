"""The playground of deploy/, for tests."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "deploy"))

from playground import BINARY, ROOT, Failed, Node, Process, Scene, doppel, free_port, wait_until  # noqa: E402,F401


class SceneTest(unittest.TestCase):
    """Each test has a scene of its own, which leaves its logs when the test fails."""

    def setUp(self):
        if not BINARY.exists():
            self.skipTest(f"{BINARY} is not built")
        self.scene = Scene()
        self.addCleanup(self.close_scene)

    def close_scene(self):
        failed = not self._outcome.success
        self.scene.__exit__(Failed if failed else None, None, None)
