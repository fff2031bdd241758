"""What an edge does not accept of a function it says at once, and the fleet sees it as well."""

import shutil
import unittest

import harness


class Acceptance(harness.SceneTest):
    def example(self, name, more=""):
        folder = self.scene.folder / name
        shutil.copytree(harness.ROOT / "functions/examples" / name, folder, ignore=shutil.ignore_patterns("build"))
        manifest = folder / "function.toml"
        manifest.write_text(manifest.read_text() + more)
        harness.doppel("fn", "build", folder)
        return folder

    def refusal(self, folder, node):
        with self.assertRaises(harness.Failed) as refused:
            harness.doppel("fn", "deploy", folder, "--server", node.url)
        return str(refused.exception)

    def test_one_function_too_many_is_refused_at_the_upload_and_in_the_fleet(self):
        coordinator = self.scene.coordinator()
        edge = self.scene.edge("solo", "[functions]\nmax_functions = 1\n", ["--uplink", coordinator.bind])
        harness.doppel("fn", "deploy", self.example("overheat"), "--server", edge.url)
        second = self.example("unit_conversion")
        self.assertIn("functions.max_functions", self.refusal(second, edge))
        harness.doppel("fn", "deploy", second, "--server", coordinator.url)

        def in_the_fleet():
            functions = coordinator.get("/api/v1/edges/solo")["functions"]
            return {function["name"]: function for function in functions}.get("unit_conversion", {})
        harness.wait_until("the fleet sees the refusal", lambda: in_the_fleet().get("state") == "refused")
        self.assertIn("functions.max_functions", str(in_the_fleet()))
        self.assertEqual([function["name"] for function in edge.get("/api/v1/functions")["items"]], ["overheat"])

    def test_a_grant_that_nothing_performs_is_refused_by_name_by_both_roles(self):
        folder = self.example("overheat", '\n[grants]\nhttp = ["https://hooks.example.com/"]\n')
        for node in (self.scene.edge("solo"), self.scene.coordinator()):
            self.assertIn("grants.http", self.refusal(folder, node))

    def test_a_manifest_that_a_frame_to_the_edges_does_not_take_is_refused_with_the_limit_and_changes_nothing(self):
        coordinator, folder = self.scene.coordinator(), self.example("overheat")
        harness.doppel("fn", "deploy", folder, "--server", coordinator.url)
        before = coordinator.get("/api/v1/functions")["items"]
        manifest = folder / "function.toml"
        manifest.write_text(manifest.read_text() + "# " + "x" * 20_000)
        self.assertIn("bytes, the limit is 16384", self.refusal(folder, coordinator))
        self.assertEqual(coordinator.get("/api/v1/functions")["items"], before)
        self.assertEqual(coordinator.get("/api/v1/node")["counters"]["bad_records"], 0)


if __name__ == "__main__":
    unittest.main()
