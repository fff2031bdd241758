"""The web app as the binary serves it, in headless Chromium: a real edge and a real coordinator with devices that report."""

import json
import math
import os
import shutil
import subprocess
import threading
import time
import unittest

import harness
import mqtt

APP = harness.BINARY.parent / "dashboard/app"  # where the build leaves the app and its tests
SCREENSHOTS = harness.BINARY.parent / "dashboard/screenshots-system"
DEVICES = 24

EDGE_SETTINGS = """region = "nordics"
geo = [24.9, 60.2]
[[mqtt]]
url = "{broker}"
[[mapping]]
topic = "plant/{{line}}/{{motor}}"
[[window]]
name = "10s"
length = "10 s"
group_by = ["line"]
[windows]
lateness = "1 s"
flush = "1 s"
[uplink]
address = "{uplink}"
twins = ["plant/#"]
"""


def node_program():
    own = harness.BINARY.parent / "dashboard/node/node_modules/node/bin/node"  # where the machine's is too old
    return str(own) if own.exists() else shutil.which("node")


class Devices:
    """Motors that report every half second until the end of the context."""

    def __init__(self, port):
        self.publisher = mqtt.Publisher(port)
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()
        self.publisher.close()

    def run(self):
        while not self.ended.wait(0.5):
            for number in range(DEVICES):
                wave = math.sin(time.time() / 5 + number)
                fields = {"temperature": round(60 + 5 * wave, 2), "rpm": round(1480 + 20 * wave), "state": "running",
                          "lon": 24 + number * 0.15, "lat": 60 + number % 5 * 0.4}
                self.publisher.publish(f"plant/{number % 3}/motor-{number:02}", json.dumps(fields))
            self.publisher.publish("plant/0/broken", '{"temperature": ')


class Dashboard(harness.SceneTest):
    def setUp(self):
        super().setUp()
        if not (APP / "node_modules").exists() or node_program() is None:
            self.skipTest(f"the dashboard is not built in {APP}")
        broker = self.scene.broker()
        self.coordinator = self.scene.coordinator()
        self.edge = self.scene.edge("north", EDGE_SETTINGS.format(broker=broker.url, uplink=self.coordinator.bind))
        devices = Devices(broker.port)
        devices.__enter__()
        self.addCleanup(devices.__exit__)

    def test_both_roles_show_live_data_without_a_fault(self):
        harness.wait_until("the devices have twins", lambda: len(self.edge.twins()) >= DEVICES)
        harness.wait_until("the coordinator has a window", lambda: self.coordinator.items("/api/v1/aggregates", level="fleet"), 60)
        environment = {**os.environ, "DOPPEL_EDGE_URL": self.edge.url, "DOPPEL_COORDINATOR_URL": self.coordinator.url,
                       "DOPPEL_SHOTS": str(SCREENSHOTS)}
        done = subprocess.run([node_program(), "--test", "test/browser.test.mjs"], cwd=APP, env=environment, capture_output=True,
                              text=True, timeout=600)
        if "skipped: no Chromium" in done.stdout:
            self.skipTest("no Chromium")
        self.assertEqual(done.returncode, 0, done.stdout[-6000:])


if __name__ == "__main__":
    unittest.main()
