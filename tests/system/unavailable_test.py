"""A function whose module is gone when the edge starts: the edge starts, the function's events wait, and the module brings it back."""

import json
import shutil
import unittest

import harness
import mqtt


class WithAFunction(harness.SceneTest):
    def start(self, *arguments):
        self.broker = self.scene.broker()
        self.edge = self.scene.edge("solo", arguments=["--mqtt", self.broker.url, *arguments])
        self.publisher = mqtt.Publisher(self.broker.port)

    def deploy(self, node):
        example = harness.ROOT / "functions" / "examples" / "running_statistics"
        folder = self.scene.folder / "running_statistics"
        shutil.copytree(example, folder, ignore=shutil.ignore_patterns("build"))
        harness.doppel("fn", "build", folder)
        harness.doppel("fn", "deploy", folder, "--server", node.url)

    def publish(self, *values):
        for value in values:
            self.publisher.publish("plant/pump", json.dumps({"value": value}))

    def function(self):
        return self.edge.get("/api/v1/functions/running_statistics")

    def replay(self):
        return json.loads(harness.doppel("journal", "replay", "--data", self.edge.data, "--json"))

    def assert_metered(self, function):
        self.assertGreaterEqual(function["runs"], 1)
        self.assertGreater(function["fuel"], 0)
        for what in ("start", "run"):
            self.assertGreater(function[f"{what}_us_p50"], 0)
            self.assertLess(function[f"{what}_us_p50"], 1e6)
            self.assertLessEqual(function[f"{what}_us_p50"], function[f"{what}_us_p99"])

    def damage_the_module(self):
        shutil.rmtree(self.edge.data / "native")
        shutil.copytree(self.edge.data / "blobs", self.scene.folder / "saved")
        for blob in (self.edge.data / "blobs").iterdir():
            blob.write_bytes(b"damaged")

    def bring_the_module_back(self):
        for blob in (self.scene.folder / "saved").iterdir():
            shutil.copy(blob, self.edge.data / "blobs")


class Unavailable(WithAFunction):
    def setUp(self):
        super().setUp()
        self.start()
        self.deploy(self.edge)

    def test_an_edge_starts_without_a_module_and_goes_on_with_it(self):
        self.publish(1, 2)
        harness.wait_until("two events ran", lambda: self.function()["events"] == 2)
        self.assert_metered(self.function())
        self.assertEqual(self.edge.stop(), 0, self.edge.tail())
        self.damage_the_module()
        self.edge.start()
        self.assertEqual(self.function()["state"], "unavailable")
        self.assertIn("are not those of its name", self.function()["error"])
        self.assertIn("unavailable", harness.doppel("fn", "list", "--server", self.edge.url))
        self.publish(3, 4)
        harness.wait_until("two events are held", lambda: self.function()["held"] == 2)
        self.assertEqual([alert["alert"] for alert in self.edge.items("/api/v1/alerts")], ["unavailable"])
        self.assertEqual(self.edge.twins()["plant/pump"]["events"], 4)
        self.assertEqual(self.edge.stop(), 0, self.edge.tail())
        with self.assertRaises(harness.Failed) as refused:
            self.replay()
        self.assertIn("the module of function running_statistics cannot be loaded", str(refused.exception))

        self.bring_the_module_back()
        self.edge.start()
        harness.wait_until("held events ran", lambda: self.function()["events"] == 4)
        self.assertEqual((self.function()["state"], self.function()["error"], self.function()["held"]), ("active", None, 0))
        self.assertEqual(self.edge.items("/api/v1/alerts"), [])
        self.assertEqual(self.edge.stop(), 0, self.edge.tail())
        report = self.replay()
        self.assertTrue(report["same_tables"] and report["same_effects"], report)

    def test_a_crash_after_which_a_module_cannot_be_loaded_costs_no_event(self):
        for value in (1, 2):  # each in a batch of its own: the second's mark vouches for the first
            self.publish(value)
            harness.wait_until("the event ran", lambda: self.function()["events"] == value)
        self.edge.kill()  # before a commit: activation and events are to be replayed
        self.damage_the_module()
        self.edge.start()
        self.assertEqual(self.function()["state"], "unavailable")
        self.publish(3)
        harness.wait_until("three events are held", lambda: self.function()["held"] == 3)
        self.assertIn("replay_decides_anew", self.edge.log.read_text())
        self.edge.kill()
        self.bring_the_module_back()
        self.edge.start()
        harness.wait_until("all events ran", lambda: self.function()["events"] == 3)
        self.assertEqual(self.edge.twins()["plant/pump"]["properties"]["value_count"]["v"], 3)
        self.assertEqual(self.edge.stop(), 0, self.edge.tail())
        self.assertTrue(self.replay()["same_tables"], "of the epoch that began then")


class UnavailableInAFleet(WithAFunction):
    def test_a_function_of_the_fleet_is_fetched_once_more_and_gets_its_events(self):
        coordinator = self.scene.coordinator()
        self.start("--uplink", coordinator.bind)
        self.deploy(coordinator)
        harness.wait_until("the edge has it", lambda: self.function()["state"] == "active")
        self.assertEqual(self.edge.stop(), 0, self.edge.tail())
        coordinator.stop()
        self.damage_the_module()
        self.edge.start()
        self.publish(1, 2)
        harness.wait_until("two events are held", lambda: self.function()["held"] == 2)
        coordinator.start()
        harness.wait_until("held events ran", lambda: self.function()["events"] == 2, 60)
        self.assertEqual((self.function()["state"], self.function()["held"]), ("active", 0))


if __name__ == "__main__":
    unittest.main()
