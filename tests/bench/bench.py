"""The ground on which everything is measured: a broker, a coordinator, and the programs that make load."""

import json
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "deploy"))

import contest  # noqa: E402
import machine  # noqa: E402
from playground import BINARY, Scene, doppel, wait_until  # noqa: E402

BROKER_SETTINGS = "max_queued_bytes 0\nmax_inflight_messages 0\nset_tcp_nodelay true\n"
# The columns `t` and `s` of a row (when it was due, its number) belong to the load: they are no sensors.
EDGE_SETTINGS = """
[[mqtt]]
url = "{broker}"
topics = ["plant/#"]
qos = {qos}
[[mapping]]
topic = "plant/{{area}}/device/{{device}}"
[[window]]
name = "10s"
length = "10 s"
group_by = ["area"]
properties = ["acc*", "cur", "pres", "temp", "tc", "volt", "flow"]
[uplink]
address = "{uplink}"
"""
DEFAULT_SETTINGS = """
[[mqtt]]
url = "{broker}"
"""


class Bench:
    binary = BINARY

    def __init__(self, build_folder, step_log, quick=False, runs=None, first=False):
        self.build_folder, self.quick, self.first = build_folder, quick, first
        self.repetitions, self.step_seconds = runs or (1 if quick else 5), 5 if quick else 20
        self.doppel_sustained = None
        self.edges = 0
        self.steps = open(step_log, "w")

    def __enter__(self):
        self.scene = Scene("doppel-bench-").__enter__()
        self.broker = self._preferred(self.scene.broker(BROKER_SETTINGS))
        self.coordinator = self._preferred(self.scene.coordinator())
        self.function, self.hostile = (self._build(name) for name in ("device_statistics", "hostile"))
        return self

    def _build(self, name):
        folder = shutil.copytree(HERE / name, self.scene.folder / name)
        doppel("fn", "build", folder)
        return folder

    def __exit__(self, *how):
        self.steps.close()
        self.scene.__exit__(*how)

    def tool(self, name):
        return self.build_folder / "tests" / name

    def run(self, tool, *options):
        """A program of this folder, with its output in a pipe."""
        before = (lambda: machine.prefer("self")) if self.first else None  # in a session of its own
        return subprocess.Popen([self.tool(tool), *map(str, options)], stdout=subprocess.PIPE, text=True, start_new_session=True,
                                preexec_fn=before)

    def publisher(self, *options):
        return self.run("bench_publisher", "--port", self.broker.port, *options)

    def publish(self, *options):
        return json.loads(self.publisher(*options).communicate()[0])

    def record(self, outcome):
        self.steps.write(json.dumps(outcome) + "\n")
        self.steps.flush()
        print("  " + " ".join(f"{name}={value}" for name, value in outcome.items()), flush=True)

    def edge(self, qos):
        """With windows, uplink and the function."""
        edge = self._start(EDGE_SETTINGS.format(broker=self.broker.url, qos=qos, uplink=self.coordinator.bind))
        self.deploy(self.function, edge)
        return edge

    def deploy(self, folder, edge):
        doppel("fn", "deploy", folder, "--server", edge.url)
        wait_until(f"{folder.name} is active", lambda: folder.name in [each["name"] for each in edge.get("/api/v1/functions")["items"]])

    def loaded_edge(self, qos):
        """The same when every device has a twin."""
        edge = self.edge(qos)
        self.publish("--rate", 2000, "--count", 2 * contest.DEVICES, "--devices", contest.DEVICES, "--qos", qos)
        contest.wait_for_events(edge, 2 * contest.DEVICES)
        return edge

    def default_edge(self):
        return self._start(DEFAULT_SETTINGS.format(broker=self.broker.url))

    def _start(self, settings):
        self.edges += 1
        return self._preferred(self.scene.edge(f"edge-{self.edges}", settings))

    def _preferred(self, process):
        if self.first:
            machine.prefer(process.child.pid)
        return process

    def stop(self, edge):
        edge.stop(seconds=60)
        self.scene.processes.remove(edge)
