"""A node whose files are damaged while it is away: what can be made again is made again, and the owner is told."""

import contextlib
import json
import sqlite3
import subprocess
import unittest

import harness
import mqtt

TWINS, MESSAGES, LONG, PAGE = 50, 1_000, 40_000, 4_096


class Recovery(harness.SceneTest):
    def setUp(self):
        super().setUp()
        self.broker = self.scene.broker()
        self.edge = self.scene.edge("solo", "[store]\ncommit_interval = \"100 ms\"\n", ["--mqtt", self.broker.url])
        publisher = mqtt.Publisher(self.broker.port)
        for number in range(MESSAGES):
            publisher.publish(f"plant/pump-{number % TWINS}", json.dumps({"value": number, "text": "as it was written"}))
        publisher.close()
        harness.wait_until("all messages are applied", lambda: self.events() == MESSAGES)
        harness.wait_until("a commit", lambda: self.edge.get("/api/v1/node")["store"]["commits"] > 0)
        self.twins = self.edge.twins()
        self.store = self.edge.data / "twin.db"

    def events(self):
        return sum(twin["events"] for twin in self.edge.twins().values())

    def verify(self):
        return subprocess.run([harness.BINARY, "store", "verify", "--data", self.edge.data], capture_output=True, text=True)

    def damage(self, text):
        content = bytearray(self.store.read_bytes())
        at = content.find(text)
        self.assertGreater(at, 0)
        content[at] ^= 1
        self.store.write_bytes(content)

    def expect_everything_back(self):
        self.edge.start()
        self.assertEqual({name: twin["properties"] for name, twin in self.edge.twins().items()},
                         {name: twin["properties"] for name, twin in self.twins.items()})
        self.assertEqual(self.events(), MESSAGES)
        self.assertIn("store_restored", self.edge.tail(200))
        self.assertTrue(self.store.with_name("twin.db.damaged-1").exists())
        self.assertEqual(self.verify().returncode, 0)

    def test_a_flipped_bit_in_a_value(self):
        self.edge.stop()
        self.assertEqual(self.verify().returncode, 0)
        self.damage(b"as it was written")
        found = self.verify()
        self.assertEqual(found.returncode, 1)
        self.assertIn("of table twin is not what was written", found.stderr)
        self.expect_everything_back()

    def test_a_page_of_zeroes_after_a_kill(self):
        self.edge.kill()
        with contextlib.closing(sqlite3.connect(self.store)) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        content = bytearray(self.store.read_bytes())
        page = content.find(b"as it was written") // PAGE * PAGE
        content[page:page + PAGE] = bytes(PAGE)
        self.store.write_bytes(content)
        self.expect_everything_back()

    def test_a_store_that_is_no_database_any_more(self):
        self.edge.stop()
        self.store.write_bytes(b"nothing of it is left" * 1000)
        self.expect_everything_back()


class RecoveryOfALongRun(harness.SceneTest):
    """A journal that has been cut, more than once: only a snapshot can be what a store is made again from."""

    SETTINGS = """
[journal]
segment = "1 MiB"
budget = "4 MiB"
keep = "0 s"
[limits]
payload = "64 KiB"
value = "1 KiB"
[store]
commit_interval = "100 ms"
"""

    def setUp(self):
        super().setUp()
        self.broker = self.scene.broker("max_queued_messages 0\n")
        self.edge = self.scene.edge("solo", self.SETTINGS, ["--mqtt", self.broker.url])
        publisher = mqtt.Publisher(self.broker.port)
        for number in range(LONG):
            publisher.publish(f"plant/pump-{number % TWINS}", json.dumps({"value": number, "text": "as it was written" * 5}))
        publisher.close()
        harness.wait_until("all messages are applied", lambda: self.edge.get("/api/v1/node")["counters"]["events"] == LONG)
        self.edge.stop()
        self.assertGreater(self.first_position(), 1, "the journal was not cut")

    def first_position(self):
        dump = harness.doppel("journal", "dump", "--limit", "1", "--json", "--data", self.edge.data)
        return json.loads(dump.splitlines()[0])["position"]

    def test_a_damaged_store_is_made_again_from_the_snapshot(self):
        store = self.edge.data / "twin.db"
        store.write_bytes(b"nothing of it is left" * 1000)
        self.edge.start()
        twins = self.edge.twins()
        self.assertEqual(sum(twin["events"] for twin in twins.values()), LONG)
        self.assertEqual(twins["plant/pump-0"]["properties"]["value"]["v"], LONG - TWINS)
        self.assertIn("snapshots/position-", self.edge.tail(200))

    def test_a_replay_begins_at_the_snapshot(self):
        report = json.loads(harness.doppel("journal", "replay", "--json", "--data", self.edge.data))
        self.assertTrue(report["same_tables"] and report["same_effects"])
        self.assertGreater(report["records"], 0)
        self.assertLess(report["records"], LONG)


if __name__ == "__main__":
    unittest.main()
