"""Every command that prints data, with --json, against nodes that have something to tell. A command that is new is missed here."""

import json
import subprocess
import unittest

import harness
import mqtt
from streams import Watcher

NODES = {("edge",), ("coordinator",)}  # they log


def commands(path=()):
    """The commands of the tree, as words: what the help of each group lists."""
    lines = harness.doppel(*path, "--help").splitlines()
    if "Subcommands:" not in lines:
        return {path}
    listed = lines[lines.index("Subcommands:") + 1:]
    names = [line.split()[0] for line in listed[:listed.index("")]]
    return set().union(*(commands((*path, name)) for name in names))


class Commands(harness.SceneTest):
    def setUp(self):
        super().setUp()
        self.broker = self.scene.broker()
        self.centre = self.scene.coordinator()
        settings = f'[uplink]\naddress = "{self.centre.bind}"\ntwins = ["#"]\n'
        self.edge = self.scene.edge("north", settings, ["--mqtt", self.broker.url])
        publisher = mqtt.Publisher(self.broker.port)
        for topic, payload in (("plant/pump", '{"speed": 1}'), ("plant/bad/v", '{"v": '), ("plant/worse", b'{"v": ')):
            publisher.publish(topic, payload)
        publisher.close()
        harness.wait_until("the twin", lambda: "plant/pump" in self.edge.twins())
        harness.wait_until("the edge is known", lambda: self.centre.get("/api/v1/edges")["items"])
        self.run_so_far = set()

    def doppel(self, command, *arguments):
        """The JSON documents that it prints."""
        words = tuple(command.split())
        self.run_so_far.add(words)
        done = subprocess.run([harness.BINARY, *words, *map(str, arguments), "--json"], capture_output=True, text=True, timeout=120)
        self.assertIn(done.returncode, (0, 1), f"{command}: {done.stderr}")
        try:
            return [json.loads(done.stdout)]
        except ValueError:
            return [json.loads(line) for line in done.stdout.splitlines()]
        finally:
            self.assertTrue(done.stdout, f"{command} printed nothing: {done.stderr}")

    def test_each_command_prints_json_when_it_is_asked_to(self):
        edge, centre = ("--server", self.edge.url), ("--server", self.centre.url)
        function = self.scene.folder / "cooling"
        table = self.scene.folder / "table.csv"
        table.write_text("time,speed\n2026-01-01T00:00:00Z,1\n2026-01-01T00:00:01Z,2\n")
        scenario = harness.ROOT / "deploy/scenarios/plant.toml"

        self.assertEqual([twin["id"] for twin in self.doppel("twin list", *edge)[0]["items"]], ["plant/pump"])
        self.assertEqual(self.doppel("twin get", "plant/pump", *edge)[0]["events"], 1)
        self.assertEqual(self.doppel("twin query", "SELECT events FROM twins", *edge)[0]["rows"], [[1]])
        watch = Watcher(*edge, "--json")
        self.addCleanup(watch.child.kill)
        harness.wait_until("the watch is connected", lambda: "doppel_http_streams 1" in self.edge.metrics())
        self.assertIn("rev", self.doppel("twin set", "plant/pump", "limit", "80", *edge)[0])
        self.assertEqual(json.loads(watch.out.get(timeout=30))["properties"]["limit"]["desired"], 80)
        self.run_so_far.add(("twin", "watch"))

        self.doppel("fn new", "cooling", "--lang", "cpp", "--dir", function)
        self.doppel("fn build", function)
        self.doppel("fn test", function)
        self.assertEqual(self.doppel("fn deploy", function, *edge)[0]["name"], "cooling")
        self.assertEqual(len(self.doppel("fn list", *edge)[0]["items"]), 1)
        self.doppel("fn delete", "cooling", *edge)

        letters = self.doppel("dead list", *edge)[0]["items"]
        self.assertEqual(len(letters), 2)
        self.assertEqual(self.doppel("dead show", letters[0]["number"], *edge)[0]["reason"], letters[0]["reason"])
        self.doppel("dead retry", letters[0]["number"], *edge)
        self.doppel("dead drop", "--all", *edge)

        self.assertEqual(self.doppel("fleet list", *centre)[0]["items"][0]["name"], "north")
        self.assertEqual(self.doppel("fleet show", "north", *centre)[0]["name"], "north")

        broker = ("--mqtt", self.broker.url, "--quiet")
        self.assertEqual(self.doppel("sim replay", table, *broker, "--now")[0]["sent"], 2)
        self.assertGreater(self.doppel("sim run", scenario, *broker, "--duration", "1 s", "--devices", "5")[0]["sent"], 0)

        self.assertEqual(self.doppel("config show", "--set", "http.port=1")[0]["http"]["port"], 1)
        self.assertTrue(all("default" in setting for setting in self.doppel("config doc")[0]))
        self.assertTrue(self.doppel("config check", self.edge.config)[0]["valid"])

        self.assertEqual(self.edge.stop(), 0, self.edge.tail())
        data = ("--data", self.edge.data)
        self.doppel("journal verify", *data)
        self.assertEqual(len(self.doppel("journal dump", "--limit", "3", *data)), 3)
        self.assertTrue(self.doppel("journal replay", *data)[0]["same_tables"])
        self.assertTrue(self.doppel("store verify", *data)[0]["intact"])

        self.assertEqual(commands() - NODES, self.run_so_far)


if __name__ == "__main__":
    unittest.main()
