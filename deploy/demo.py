#!/usr/bin/env python3
"""The demo itself, once everything is built: see deploy/demo."""

import argparse
import datetime
import json
import math
import signal
import subprocess
import sys
import time

from playground import BINARY, ROOT, Failed, Process, Scene, doppel, wait_until

DEVICES = 240
SCENARIO = ROOT / "deploy/scenarios/plant.toml"
FUNCTION = ROOT / "functions/examples/overheat"
FUNCTION_PROPERTY = "overheated"  # what the function writes to a twin that was too hot
PLACES = {  # region, geo, areas of the plant that the edge is for
    "north": ("nordics", [24.94, 60.17], ["north"]),
    "south": ("mediterranean", [9.19, 45.46], ["south", "west"]),
}

EDGE = """region = "{region}"
geo = {geo}
[[mqtt]]
url = "{broker}"
topics = {topics}
[[mapping]]
topic = "plant/{{area}}/{{kind}}/{{unit}}"
[[window]]
name = "10s"
length = "10 s"
group_by = ["kind"]
[windows]
lateness = "2 s"
flush = "2 s"
[uplink]
address = "{uplink}"
twins = ["#"]
"""


def say(text=""):
    print(text, flush=True)


class Demo:
    def __init__(self, scene):
        self.scene = scene
        self.broker = scene.broker()
        self.coordinator = scene.coordinator("centre")
        self.edges = {}
        for name, (region, geo, areas) in PLACES.items():
            topics = json.dumps([f"plant/{area}/#" for area in areas])  # an array of texts is the same in TOML
            self.edges[name] = scene.edge(name, EDGE.format(
                region=region, geo=geo, topics=topics, broker=self.broker.url, uplink=self.coordinator.bind))
        self.devices = scene.start(Process("devices", [
            BINARY, "sim", "run", SCENARIO, "--mqtt", self.broker.url, "--devices", DEVICES, "--quiet"], scene.folder))

    def deploy_function(self):
        doppel("fn", "deploy", FUNCTION, "--edges", "*", "--server", self.coordinator.url)

    def show(self):
        say()
        say("doppel runs here:")
        say(f"  dashboard of the fleet   {self.coordinator.url}")
        for name, edge in self.edges.items():
            say(f"  dashboard of edge {name}  {edge.url}")
        say(f"  broker                   {self.broker.url}, {DEVICES} simulated devices")
        say(f"  logs and data            {self.scene.folder}")
        say()
        say("to try, in another terminal:")
        binary = BINARY.relative_to(ROOT) if BINARY.is_relative_to(ROOT) else BINARY
        north = self.edges["north"].url
        say(f"  {binary} twin list --server {north}")
        say(f"  {binary} twin watch --server {north}")
        say(f"  {binary} twin query \"SELECT id, events FROM twins ORDER BY events DESC LIMIT 5\" --server {north}")
        say(f"  {binary} fn list --server {north}")
        say(f"  {binary} fleet list --server {self.coordinator.url}")
        say()

    def run_until_interrupted(self):
        say("Ctrl-C stops everything.")
        while True:
            for process in self.scene.processes:
                if not process.alive():
                    raise Failed(f"{process.name} ended with {process.child.returncode}:\n{process.tail()}")
            time.sleep(0.5)

    # What --check looks at.

    def check(self):
        self.check_twins()
        self.check_function()
        self.check_aggregates()

    def check_twins(self):
        least = DEVICES // 4
        for name, edge in self.edges.items():
            twins = wait_until(f"{least} twins on edge {name}", lambda: at_least(edge.twins(), least), 60)
            events = sum(twin["events"] for twin in twins.values())
            say(f"seen: edge {name} has {len(twins)} twins, {events} events")

    def check_function(self):
        for name, edge in self.edges.items():
            def touched():
                return {twin: state for twin, state in edge.twins().items() if FUNCTION_PROPERTY in state["properties"]}
            twins = wait_until(f"the function sets {FUNCTION_PROPERTY} on edge {name}", touched, 60)
            twin, state = next(iter(twins.items()))
            say(f"seen: the function has set {FUNCTION_PROPERTY} on {len(twins)} twins of edge {name}; "
                f"{twin}: {state['properties'][FUNCTION_PROPERTY]['v']}")

    def check_aggregates(self):
        agreed = wait_until("windows of the coordinator agree with those of the edges", self.agreeing_windows, 90, every=1)
        count = sum(row["count"] for row in agreed)
        say(f"seen: {len(agreed)} window rows of the fleet, over {count} values, equal the merged rows of both edges")

    def agreeing_windows(self):
        """Rows of the fleet for windows that are over, when every one of them is what the edges' rows add up to."""
        over = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=20)
        until = over.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        fleet = {key(row): row for row in rows(self.coordinator, until, level="fleet")}
        parts = {}
        for edge in self.edges.values():
            for row in rows(edge, until):
                parts.setdefault(key(row), []).append(row)
        both = [wanted for wanted in parts.values() if len(wanted) == len(self.edges)]
        if not both or parts.keys() != fleet.keys():
            return None
        if not all(agrees(fleet[name], wanted) for name, wanted in parts.items()):
            return None
        return list(fleet.values())


def at_least(found, count):
    return found if len(found) >= count else None


def rows(node, until, **query):
    return [row for row in node.items("/api/v1/aggregates", window="10s", to=until, **query) if row["property"]]


def key(row):
    return row["start"], row["group"], row["property"]


def agrees(merged, parts):
    count = sum(part["count"] for part in parts)
    total = math.fsum(part["sum"] for part in parts)
    return (merged["count"] == count and math.isclose(merged["sum"], total, rel_tol=1e-9, abs_tol=1e-9)
            and merged["min"] == min(part["min"] for part in parts) and merged["max"] == max(part["max"] for part in parts))


def interrupt(*_):
    raise KeyboardInterrupt


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    given = parser.parse_args()
    for stop in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # a script's background has SIGINT ignored
        signal.signal(stop, interrupt)
    try:
        with Scene("doppel-demo-") as scene:
            demo = Demo(scene)
            demo.deploy_function()
            if given.check:
                demo.check()
                say("check passed")
            else:
                demo.show()
                demo.run_until_interrupted()
    except KeyboardInterrupt:
        say("\nstopped")
        return 130 if given.check else 0
    except (Failed, OSError, subprocess.SubprocessError) as error:
        say(f"demo: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
