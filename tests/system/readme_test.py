"""The commands of the README, run as they stand there against one edge and one coordinator."""

import pathlib
import re
import subprocess
import time
import unittest

import harness
import mqtt

COMMANDS = re.compile(r"^```sh\n(.*?)^```", re.DOTALL | re.MULTILINE)
# Those that start a node run until they are stopped; the scene has started their like. The demo and the tests have their own.
STARTED_ELSEWHERE = ("./", "doppel edge", "doppel coordinator")
ENDLESS = ("doppel twin watch",)


def commands():
    text = (harness.ROOT / "README.md").read_text()
    return [line for block in COMMANDS.findall(text) for line in block.splitlines()
            if line and not line.startswith(STARTED_ELSEWHERE)]


class Readme(harness.SceneTest):
    def setUp(self):
        super().setUp()
        self.broker = self.scene.broker()
        self.home = self.scene.folder / "home"
        nodes = self.home / "doppel"  # where commands look for the nodes of this machine
        nodes.mkdir(parents=True)
        coordinator = self.scene.coordinator(folder=nodes)
        self.edge = self.scene.edge("north", arguments=["--mqtt", self.broker.url, "--uplink", coordinator.bind], folder=nodes)
        publisher = mqtt.Publisher(self.broker.port)
        publisher.publish("plant/north/motor-1", '{"temperature": 20.5}')
        publisher.close()
        harness.wait_until("the twin", lambda: self.edge.twins())

    def run_command(self, command):
        environment = {"PATH": f"{harness.BINARY.parent}:/usr/bin:/bin", "HOME": str(self.home), "XDG_DATA_HOME": str(self.home)}
        process = subprocess.Popen(command, shell=True, executable="/bin/bash", cwd=self.scene.folder, env=environment,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if command.startswith(ENDLESS):
            time.sleep(1)
            self.assertIsNone(process.poll(), f"{command} ended")
            subprocess.run(["kill", str(process.pid)], check=True)
            process.communicate()
            return
        output, _ = process.communicate(timeout=120)
        self.assertEqual(process.returncode, 0, f"{command}\n{output}")

    def test_every_command_works(self):
        listed = commands()
        self.assertGreater(len(listed), 10)
        for command in listed:
            with self.subTest(command):
                self.run_command(command)


if __name__ == "__main__":
    unittest.main()
