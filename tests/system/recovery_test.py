"""A node whose files are damaged while it is away: what can be made again is made again, and the owner is told."""

import contextlib
import json
import sqlite3
import subprocess
import unittest

import harness
import mqtt

TWINS, MESSAGES, PAGE = 50, 1000, 4096


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


if __name__ == "__main__":
    unittest.main()
