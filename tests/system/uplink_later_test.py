"""An edge that had no uplink at first: what it holds reaches the coordinator once it has one."""

import json
import time
import unittest

import harness
import mqtt

SETTINGS = """[[mqtt]]
url = "{broker}"
[[window]]
name = "1s"
length = "1 s"
[windows]
lateness = "0 s"
flush = "1 s"
[uplink]
twins = ["plant/#"]
"""
START_MS = (time.time_ns() // 1_000_000_000 - 600) * 1000


class UplinkLater(harness.SceneTest):
    def setUp(self):
        super().setUp()
        self.broker = self.scene.broker()
        self.settings = SETTINGS.format(broker=self.broker.url)
        self.edge = self.scene.edge("north", self.settings + "[store]\ncommit_interval = \"100 ms\"\n")

    def publish(self, seconds):
        publisher = mqtt.Publisher(self.broker.port)
        for second in seconds:
            publisher.publish("plant/pump", json.dumps({"v": second, "ts": START_MS + 1000 * second}))
        publisher.close()

    def sums(self, node, **query):
        return {(row["start"], row["property"]): (row.get("count"), row.get("events"))
                for row in node.items("/api/v1/aggregates", window="1s", **query)}

    def windows_are_emitted(self, rows):
        harness.wait_until(f"{rows} windows", lambda: len(self.sums(self.edge)) == 2 * rows)
        time.sleep(2)  # a window is emitted a second after its last change at the latest

    def test_rows_do_not_wait_for_an_uplink_that_there_is_not_and_all_of_them_reach_one_that_comes(self):
        self.publish(range(50))
        self.windows_are_emitted(50)
        self.assertEqual(self.edge.get("/api/v1/node")["store"]["outbox_undelivered"], 0)
        self.assertEqual(self.edge.stop(), 0, self.edge.tail())
        coordinator = self.scene.coordinator()
        text = self.edge.config.read_text()
        self.edge.config.write_text(text.replace("[uplink]\n", f'[uplink]\naddress = "{coordinator.bind}"\n'))
        self.edge.start()
        self.publish([50])
        self.windows_are_emitted(51)
        harness.wait_until("the coordinator has every window",
                           lambda: self.sums(coordinator, level="edge") == self.sums(self.edge), 30)
        twins = lambda: {twin["id"]: twin["properties"]["v"]["v"] for twin in coordinator.items("/api/v1/twins")}
        harness.wait_until("the coordinator has the newest value", lambda: twins() == {"plant/pump": 50})
        harness.wait_until("all rows have a receipt", lambda: self.edge.get("/api/v1/node")["uplink"]["backlog_rows"] == 0)
        self.edge.kill()
        self.edge.start()
        self.assertEqual(self.edge.get("/api/v1/node")["uplink"]["backlog_rows"], 0, "it offers them once")


if __name__ == "__main__":
    unittest.main()
