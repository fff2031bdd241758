"""One function that goes wrong, and the others: it is quarantined, its events wait for the mended version, nothing else stops."""

import json
import subprocess
import unittest

import harness
import mqtt

MANIFEST = """
name = "{name}"
version = "{version}"
reads = ["v: i64"]
writes = ["{name}_sum: i64"]
state_bytes = 8
[[trigger]]
topic = "plant/#"
[limits]
fuel = "1M"
"""
SOURCE = """
#include <doppel/function.hpp>
struct State {{ int64_t sum; }};
void on_event(const doppel::Event& event, State& state, doppel::Effects& effects) {{
  const int64_t value = event.i64("v").value_or(0);
  {bug}
  state.sum += value;
  effects.set("{name}_sum", state.sum);
}}
DOPPEL_FUNCTION(State, on_event)
"""
SPINS = "for (volatile int64_t i = value; i < 0;) {}"
TRAPS = "if (value < 0) __builtin_trap();"


class Isolation(harness.SceneTest):
    def setUp(self):
        super().setUp()
        self.broker = self.scene.broker()
        self.edge = self.scene.edge("solo", "[functions]\nfailure_fuel = 2000000\n", ["--mqtt", self.broker.url])
        self.publisher = mqtt.Publisher(self.broker.port)

    def deploy(self, name, version, bug=""):
        folder = self.scene.folder / f"{name}-{version}"
        folder.mkdir()
        (folder / "function.toml").write_text(MANIFEST.format(name=name, version=version))
        (folder / f"{name}.cpp").write_text(SOURCE.format(name=name, bug=bug))
        harness.doppel("fn", "build", folder)
        harness.doppel("fn", "deploy", folder, "--server", self.edge.url)

    def doppel(self, *arguments):
        return json.loads(harness.doppel(*arguments, "--server", self.edge.url, "--json"))

    def publish(self, *values):
        for value in values:
            self.publisher.publish("plant/pump", json.dumps({"v": value}))

    def function(self, name):
        return self.edge.get(f"/api/v1/functions/{name}")

    def value(self, name):
        return self.edge.twins()["plant/pump"]["properties"].get(name, {}).get("v")

    def test_a_function_that_spins_is_quarantined_and_loses_nothing(self):
        self.deploy("good", "1")
        self.deploy("bad", "1", SPINS)
        self.publish(1, 2, -3, -4, -5, 6, 7)
        harness.wait_until("bad is quarantined", lambda: self.function("bad")["state"] == "quarantined")
        harness.wait_until("good has seen all", lambda: self.value("good_sum") == 4)
        self.edge.kill()
        self.edge.start()
        self.assertEqual(self.function("bad")["state"], "quarantined")
        self.assertEqual([alert["alert"] for alert in self.edge.items("/api/v1/alerts")], ["quarantined"])
        letters = self.doppel("dead", "list", "--fn", "bad")["items"]
        self.assertEqual({letter["reason"] for letter in letters}, {"exceeded_fuel"})
        self.assertEqual(self.function("bad")["held"] + self.function("bad")["events"], 7)

        self.deploy("bad", "2")
        self.assertEqual(self.function("bad")["state"], "active")
        self.assertEqual(self.function("bad")["held"], 0)
        retried = self.doppel("dead", "retry", "--fn", "bad")
        self.assertEqual((retried["found"], retried["done"]), (len(letters), len(letters)))
        self.assertEqual(self.value("bad_sum"), 4)
        self.assertEqual(self.edge.items("/api/v1/alerts"), [])

    def test_a_dead_letter_shows_its_input_and_is_tried_again_or_dropped(self):
        self.deploy("bad", "1", TRAPS)
        self.publish(-1, 5, -2)
        harness.wait_until("two dead letters", lambda: len(self.doppel("dead", "list")["items"]) == 2)
        first, second = (letter["number"] for letter in self.doppel("dead", "list")["items"])
        letter = self.doppel("dead", "show", str(first))
        self.assertEqual((letter["reason"], letter["payload"], letter["twin"]), ("trap", '{"v": -1}', "plant/pump"))
        self.assertIn("unreachable", letter["detail"])
        retried = subprocess.run([harness.BINARY, "dead", "retry", str(first), "--server", self.edge.url], capture_output=True, text=True)
        self.assertEqual((retried.returncode, retried.stdout),
                         (1, f"1 of 1 tried again, 0 applied\n1 failed again: dead letter {second + 1}\n"))
        again = [one["number"] for one in self.doppel("dead", "list")["items"]]
        self.assertEqual(again, [second, second + 1])
        self.assertEqual(self.doppel("dead", "drop", str(second)), {"found": 1, "done": 1, "applied": 0, "failed": 0, "first_failed": None, "held": 0})
        self.deploy("bad", "2")
        self.doppel("dead", "retry", "--fn", "bad")
        self.assertEqual(self.value("bad_sum"), 4)
        self.assertEqual(self.doppel("dead", "list")["items"], [])


if __name__ == "__main__":
    unittest.main()
