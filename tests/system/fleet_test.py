"""20,000 QoS 1 messages through a broker and two edges to a coordinator: each counted once, with and without crashes."""

import json
import time
import unittest

import exact
import harness
import mqtt
import traces
from fleet import EDGE_SETTINGS, start_ms_of

MESSAGES = 20_000
RATE = 2_500  # a second: about 8 s, so that crashes fall into the middle


class Fleet(harness.SceneTest):
    """A broker, a coordinator and two edges for each test."""

    def setUp(self):
        super().setUp()
        self.broker = self.scene.broker()
        self.coordinator = self.scene.coordinator(settings='[fleet]\nretain = "3 d"\nmax_edges = 7\n')
        self.edges = {name: self.scene.edge(name, EDGE_SETTINGS.format(
            broker=self.broker.url, uplink=self.coordinator.bind, name=name)) for name in ("north", "south")}

    def publish(self, during=lambda sent: None):
        """All messages, at RATE; `during` is called after each hundredth. What must come of them."""
        now_ms = time.time_ns() // 1_000_000
        start_ms = now_ms - now_ms % exact.MINUTE_MS - 20 * exact.MINUTE_MS
        expected, outgoing = exact.Expected(), []
        for edge, topic, time_ms, fields in traces.messages(MESSAGES, start_ms):
            expected.add(edge, topic, time_ms, fields)
            outgoing.append((topic, traces.payload(time_ms, fields)))
        publisher = mqtt.Publisher(self.broker.port)
        for sent in publisher.publish_all(outgoing, RATE):
            during(sent)
        publisher.close()
        return expected

    def assert_every_message_is_counted_once(self, expected):
        for name, edge in self.edges.items():
            wanted = {twin: count for (owner, twin), count in expected.events.items() if owner == name}
            counted = lambda: {twin: state["events"] for twin, state in edge.twins().items()}
            arrived = lambda: sum(counted().values()) >= sum(wanted.values())
            harness.wait_until(f"{name} has counted {sum(wanted.values())} messages", arrived, 60)
            self.assertEqual(counted(), wanted, f"events of the twins of {name}")

    def assert_windows_are_exact(self, expected):
        for name, edge in self.edges.items():
            rows = edge.items("/api/v1/aggregates", window="1m")
            self.assertEqual(exact.differences(expected.rows(name), rows, start_ms_of), [], f"windows of {name}")

    def assert_the_coordinator_agrees(self, expected):
        fleet = lambda: self.coordinator.items("/api/v1/aggregates", level="fleet", window="1m")
        differences = lambda: exact.differences(expected.fleet(), fleet(), start_ms_of)
        harness.wait_until("the coordinator has every window", lambda: not differences(), 60, every=0.5)
        self.assertEqual(differences(), [])
        total = sum(row["events"] for row in fleet() if not row["property"])
        self.assertEqual(total, MESSAGES, "events over all windows of the fleet")
        counts = self.coordinator.items("/api/v1/aggregates", level="fleet", window="1m", property="")
        self.assertEqual(counts, [row for row in fleet() if not row["property"]])
        self.assert_sql_at_the_coordinator_agrees(fleet())
        versions = {edge["version"] for edge in self.coordinator.get("/api/v1/edges")["items"]}
        self.assertEqual(versions, {self.coordinator.get("/api/v1/node")["version"]})

    def assert_sql_at_the_coordinator_agrees(self, rows):
        columns = ("start", "group", "property", "count", "mean", "stddev", "min", "max", "p50", "p95", "events", "twins")
        answer = json.loads(harness.doppel("twin", "query", "--server", self.coordinator.url, "--json",
                                           "SELECT start, group_labels, property, count, mean, stddev, min, max, p50, p95, events, "
                                           "twins FROM windows ORDER BY start, group_labels, property"))
        wanted = sorted(([row.get(name) for name in columns] for row in rows), key=lambda row: row[:3])
        self.assertEqual(answer["rows"], wanted)

    def assert_all(self, expected):
        self.assert_every_message_is_counted_once(expected)
        self.assert_windows_are_exact(expected)
        self.assert_the_coordinator_agrees(expected)

    def test_each_message_is_counted_once_and_the_coordinator_agrees_with_the_edges(self):
        self.assert_all(self.publish())

    def assert_replay_makes_the_same(self):
        """Rule 8 and promise 3: the journal alone makes the state, with its own borders byte for byte."""
        for node in (*self.edges.values(), self.coordinator):
            self.assertEqual(node.stop(), 0, node.tail())
            report = json.loads(harness.doppel("journal", "replay", "--data", node.data, "--role", node.role, "--json"))
            self.assertTrue(report["same_tables"] and report["same_effects"], f"{node.name}: {report}")
            self.assertEqual(report["journaled_versions"], [report["fold_version"]])
        for node in self.edges.values():
            report = json.loads(harness.doppel("journal", "replay", "--data", node.data, "--borders", "7", "--json"))
            twins = next(table for table in report["tables"] if table["table"] == "twin")
            self.assertGreater(twins["rows"], 0)
            self.assertEqual(twins["differ"], 0, f"twins of {node.name} under other borders: {report}")

    def test_the_same_totals_when_an_edge_and_the_coordinator_are_killed_three_times_each(self):
        north = self.edges["north"]
        victims = {3_000: north, 5_000: self.coordinator, 8_000: north, 10_000: self.coordinator, 13_000: north,
                   15_000: self.coordinator}

        def crash(sent):
            if sent in victims:
                victims[sent].kill()
                victims[sent].start()
        self.assert_all(self.publish(crash))
        self.assert_replay_makes_the_same()


if __name__ == "__main__":
    unittest.main()
