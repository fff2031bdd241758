"""A disk that fills up: the edge takes no message that it cannot keep, says why, and goes on when there is room again."""

import json
import subprocess
import unittest

import harness
import mqtt

TEMPORARY_FAILURE = 75  # what a service manager starts again
MESSAGES = 8_000


class DiskFull(harness.SceneTest):
    def setUp(self):
        super().setUp()
        self.disk = self.scene.folder / "disk"
        self.disk.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", self.disk], capture_output=True, text=True)
        if mounted.returncode != 0:
            self.skipTest(f"no small disk can be mounted here: {mounted.stderr.strip()}")
        self.addCleanup(subprocess.run, ["umount", "-l", self.disk], check=True)
        self.broker = self.scene.broker()
        # The first start makes the session, in which the broker keeps what is not acknowledged.
        self.edge = self.scene.edge("solo", '[journal]\nsegment = "1 MiB"\n[limits]\npayload = "64 KiB"\nvalue = "64 KiB"\n',
                                    ["--mqtt", self.broker.url], folder=self.disk)

    def test_a_full_disk_loses_nothing_and_is_left_behind(self):
        publisher = mqtt.Publisher(self.broker.port)
        for number in range(MESSAGES):
            publisher.publish(f"plant/pump-{number % 10}", json.dumps({"value": number, "text": "x" * 2_000}))
        publisher.close()
        self.assertEqual(self.edge.child.wait(60), TEMPORARY_FAILURE)
        self.assertIn("No space left on device", self.edge.tail())

        self.edge.start(wait=False)
        self.assertIn(self.edge.child.wait(60), (1, TEMPORARY_FAILURE), "it cannot go on, and does not pretend to")

        subprocess.run(["mount", "-o", "remount,size=200m", self.disk], check=True)
        self.edge.start()
        harness.wait_until("every message is applied", lambda: self.edge.get("/api/v1/node")["counters"]["events"] == MESSAGES, 60)
        twins = self.edge.twins()
        self.assertEqual(sum(twin["events"] for twin in twins.values()), MESSAGES)
        self.assertEqual(max(twin["properties"]["value"]["v"] for twin in twins.values()), MESSAGES - 1)
        self.assertEqual(subprocess.run([harness.BINARY, "journal", "verify", "--data", self.edge.data], stdout=subprocess.DEVNULL).returncode, 0)


if __name__ == "__main__":
    unittest.main()
