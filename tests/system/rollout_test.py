"""Functions of a fleet: handed out and taken away by selectors, from the command line."""

import shutil
import subprocess
import unittest

import harness
import mqtt


class Rollout(harness.SceneTest):
    def setUp(self):
        super().setUp()
        self.broker = self.scene.broker()
        self.coordinator = self.scene.coordinator()
        self.edges = [self.scene.edge(name, arguments=["--mqtt", self.broker.url, "--uplink", self.coordinator.bind])
                      for name in ("north", "south")]
        harness.wait_until("both edges are known", lambda: len(self.coordinator.get("/api/v1/edges")["items"]) == 2)
        self.source = self.scene.folder / "overheat"
        shutil.copytree(harness.ROOT / "functions/examples/overheat", self.source, ignore=shutil.ignore_patterns("build"))

    def fn(self, *words):
        return harness.doppel("fn", *words, "--server", self.coordinator.url)

    def refused(self, *words):
        asked = subprocess.run([harness.BINARY, "fn", *words, "--server", self.coordinator.url], capture_output=True, text=True)
        self.assertEqual(asked.returncode, 1, asked.stdout)
        return asked.stderr

    def wait_for(self, *having):
        harness.wait_until(f"overheat is at {having}", lambda: tuple(
            edge.name for edge in self.edges if any(function["state"] == "active" for function in edge.get("/api/v1/functions")["items"])) == having)

    def test_a_deployment_says_what_its_selector_means(self):
        self.assertIn("accepted for edges *\nselected: 2 edges\n", self.fn("deploy", self.source, "--edges", "*"))
        self.wait_for("north", "south")
        narrowed = self.fn("deploy", self.source, "--edges", "north,soth")
        self.assertIn("selected: 1 edge\nno edge is called soth so far; it would get the function when it comes\ntaken from: south\n", narrowed)
        self.wait_for("north")

    def test_a_selector_that_selects_no_edge_is_a_mistake_unless_the_future_is_meant(self):
        refused = self.refused("deploy", self.source, "--edges", "soth")
        self.assertIn('edge selector "soth" selects no edge: no edge is called "soth"; did you mean "south"?; known edges: north, south', refused)
        self.assertEqual(self.coordinator.get("/api/v1/functions")["items"], [])
        self.assertIn("selected: 0 edges\n", self.fn("deploy", self.source, "--edges", "soth", "--future"))
        refused = self.refused("delete", "overheat", "--edges", "suoth")
        self.assertIn('no edge is called "suoth"; did you mean "south"?', refused)
        refused = self.refused("delete", "overheat", "--edges", "south")
        self.assertIn("the function is for edges soth, and none of them is selected by south", refused)
        self.assertEqual(self.fn("delete", "overheat", "--edges", "soth"), "overheat deleted\n")

    def test_a_folder_whose_examples_fail_is_not_deployed_unless_that_is_wanted(self):
        example = self.source / "examples/hysteresis.json"
        example.write_text(example.read_text().replace('"value": 90.5', '"value": 91.5'))
        refused = self.refused("deploy", self.source, "--edges", "*")
        self.assertIn("not deployed, since examples fail (--untested deploys it all the same", refused)
        self.assertIn("hysteresis.json: ", refused)
        self.assertEqual(self.coordinator.get("/api/v1/functions")["items"], [])
        self.fn("deploy", self.source, "--edges", "*", "--untested")
        self.wait_for("north", "south")
        self.assertIn("accepted", self.fn("deploy", self.source / "build/overheat.wasm", "--edges", "*"))

    def test_a_function_is_taken_only_from_the_edges_that_are_named(self):
        self.fn("deploy", self.source, "--edges", "north,south")
        self.wait_for("north", "south")
        self.assertEqual(self.fn("delete", "overheat", "--edges", "south"), "overheat is now for edges north\n")
        self.wait_for("north")
        self.assertEqual(self.fn("delete", "overheat", "--edges", "*"), "overheat deleted\n")
        self.wait_for()

    def test_dead_letters_are_not_asked_of_a_coordinator(self):
        asked = subprocess.run([harness.BINARY, "dead", "list", "--server", self.coordinator.url], capture_output=True, text=True)
        self.assertEqual(asked.returncode, 1)
        self.assertIn("dead letters are kept at the edges: ask one of them", asked.stderr)

    def test_dead_letters_of_an_edge_are_counted_at_its_coordinator(self):
        def at(name):
            return self.coordinator.get(f"/api/v1/edges/{name}")

        harness.wait_until("an edge says that it keeps none", lambda: at("north").get("dead_letters") == 0)
        self.assertIsNone(at("north")["newest_dead_letter"])
        publisher = mqtt.Publisher(self.broker.port)
        publisher.publish("plant/motor/1", '{"temperature": ,}')
        publisher.close()
        harness.wait_until("both edges have told of it", lambda: [at(name).get("dead_letters") for name in ("north", "south")] == [1, 1])
        letter, = self.edges[0].items("/api/v1/dead-letters")
        self.assertEqual(at("north")["newest_dead_letter"], letter["arrival"])
        header, row = harness.doppel("fleet", "list", "--server", self.coordinator.url).splitlines()[:2]
        self.assertEqual(row[header.index("DEAD LETTERS"):].split()[0], "1")
        shown = harness.doppel("fleet", "show", "north", "--server", self.coordinator.url)
        self.assertIn("  dead_letters: 1\n", shown)
        self.assertIn("dead letters are kept at the edge: `doppel dead list` there says why\n", shown)
        harness.doppel("dead", "drop", "--all", "--server", self.edges[0].url)
        harness.wait_until("the edge says that it keeps none any more", lambda: at("north")["dead_letters"] == 0)


if __name__ == "__main__":
    unittest.main()
