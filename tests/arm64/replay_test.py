"""The journal of a node on x86-64 comes to the same bytes on 64-bit ARM, run by qemu: tables of the store, and the hash of all rows sent."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/system")]

import harness  # noqa: E402

THERE = ROOT / "build/arm64/doppel"
SYSROOT = ROOT / "build/arm64-sysroot"
FUNCTIONS = ("overheat", "running_statistics", "unit_conversion")
SETTINGS = """
[[mapping]]
topic = "plant/{area}/{kind}/{unit}"
[[window]]
name = "10s"
length = "10 s"
group_by = ["area", "kind"]
"""


class Replay(harness.SceneTest):
    def test_the_journal_of_a_seeded_run(self):
        broker = self.scene.broker()
        edge = self.scene.edge("north", SETTINGS, ["--mqtt", broker.url])
        for name in FUNCTIONS:
            folder = shutil.copytree(ROOT / "functions/examples" / name, self.scene.folder / name)
            harness.doppel("fn", "build", folder)
            harness.doppel("fn", "deploy", folder, "--server", edge.url)
        sent = json.loads(harness.doppel("sim", "run", ROOT / "deploy/scenarios/plant.toml", "--mqtt", broker.url, "--seed", 11, "--devices", 300,
                                         "--speed", 60, "--duration", "3 min", "--disorder", "3 s", "--quiet", "--json"))
        harness.wait_until("all is applied", lambda: sum(twin["events"] for twin in edge.twins().values()) == sent["sent"])
        edge.stop()
        here, there = self.replay(harness.BINARY), self.replay(THERE)
        self.assertTrue(here["same_tables"] and here["same_effects"], here)
        self.assertEqual(here, there)
        print(f"{sent['sent']} messages, {len(here['tables'])} tables: the same on both")

    def replay(self, program):
        """What the replay says, but for how long it took."""
        done = subprocess.run([program, "journal", "replay", "--data", self.scene.folder / "north", "--json"], capture_output=True, text=True,
                              env=os.environ | {"QEMU_LD_PREFIX": str(SYSROOT)})
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return {name: value for name, value in json.loads(done.stdout).items() if "second" not in name}  # nor how fast


if __name__ == "__main__":
    unittest.main()
