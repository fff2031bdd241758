"""A data folder of an earlier version: the node goes on with it."""

import sqlite3
import unittest

import harness
import mqtt

SCHEMA_1 = harness.ROOT / "tests/golden/store/schema_1.sql"


class Upgrade(harness.SceneTest):
    def test_a_store_of_schema_1(self):
        broker = self.scene.broker()
        data = self.scene.folder / "north"
        data.mkdir()
        database = sqlite3.connect(data / "twin.db")
        database.executescript(SCHEMA_1.read_text())
        database.close()
        edge = self.scene.edge("north", "", ["--mqtt", broker.url])
        twins = edge.twins()
        self.assertEqual({name: twin["events"] for name, twin in twins.items()}, {"plant/pump-1": 4, "plant/pump-2": 1})
        self.assertEqual(twins["plant/pump-1"]["properties"]["temp"]["v"], 24.5)
        letters = edge.get("/api/v1/dead-letters")["items"]
        self.assertEqual([(letter["topic"], letter["reason"]) for letter in letters], [("plant/pump-3", "bad_payload")])
        publisher = mqtt.Publisher(broker.port)
        publisher.publish("plant/pump-1", '{"temp": 30}')
        publisher.close()
        harness.wait_until("the event is applied", lambda: edge.twins()["plant/pump-1"]["events"] == 5)


if __name__ == "__main__":
    unittest.main()
