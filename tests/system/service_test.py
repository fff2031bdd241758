"""A node as a service manager sees it: what it is told, and the units it is given."""

import pathlib
import shutil
import socket
import subprocess
import tempfile
import unittest

import harness

UNITS = harness.ROOT / "deploy/systemd"


class Notified(harness.SceneTest):
    def setUp(self):
        super().setUp()
        self.manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.manager.close)
        self.manager.bind(str(self.scene.folder / "notify"))
        self.manager.settimeout(30)

    def hear(self):
        return self.manager.recv(4096).decode()

    def test_each_role_says_when_it_is_ready_that_it_is_alive_and_that_it_stops(self):
        for role in ("edge", "coordinator"):
            arguments = ["--bind", "tcp://127.0.0.1:0"] if role == "coordinator" else []
            node = harness.Node(role, f"watched-{role}", self.scene.folder, arguments=arguments)
            node.environment = {"NOTIFY_SOCKET": str(self.scene.folder / "notify"), "WATCHDOG_USEC": "200000"}
            self.scene.start(node, wait=False)
            self.assertEqual(self.hear(), "READY=1", role)
            node.wait_until_it_answers()
            self.assertEqual([self.hear() for _ in range(3)], ["WATCHDOG=1"] * 3, role)
            self.assertEqual(node.stop(), 0, node.tail())
            last = self.hear()
            while last == "WATCHDOG=1":
                last = self.hear()
            self.assertEqual(last, "STOPPING=1", role)


class Units(unittest.TestCase):
    def test_systemd_accepts_the_units(self):
        if shutil.which("systemd-analyze") is None:
            self.skipTest("systemd-analyze is not installed")
        for template in sorted(UNITS.glob("*.service.in")):
            with tempfile.TemporaryDirectory() as folder:
                unit = pathlib.Path(folder) / template.stem
                unit.write_text(template.read_text().replace("@CMAKE_INSTALL_FULL_BINDIR@", str(harness.BINARY.parent)))
                judged = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, timeout=60)
                self.assertEqual((judged.returncode, judged.stdout + judged.stderr), (0, ""), template.name)


if __name__ == "__main__":
    unittest.main()
