#!/usr/bin/env python3
"""Real nodes under attack: torture.py [SCENARIO...] [--times N] [--seconds N] [--seed N]. Without a scenario: all of them.

A broker, two edges and a coordinator; messages arrive all the while, at QoS 1, to one edge also at QoS 2. At the end everything is counted: each message once
in its twin, each window equal to an exact recomputation, the coordinator equal to the edges. One line a scenario; exit status 1
where anything is lost or counted twice."""

import argparse
import contextlib
import getpass
import pathlib
import random
import signal
import socket
import struct
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "deploy"), str(ROOT / "tests/system")]

import exact  # noqa: E402
import mqtt  # noqa: E402
import unsafe_disk  # noqa: E402
from lasting_publisher import LastingPublisher  # noqa: E402
from fleet import EDGE_SETTINGS, start_ms_of  # noqa: E402
from playground import BINARY, Failed, Node, Scene, free_port, wait_until  # noqa: E402

SHIMS = BINARY.parent / "tests"
NAMES = ("north", "south")
DEVICES = 40  # an edge
STORE = '[store]\ncommit_interval = "200 ms"\n'  # so that a kill falls into many commits


class Messages:
    """Publishes all the while, and knows what must come of it."""

    def __init__(self, publisher, rate):
        self.expected, self.published = exact.Expected(), 0
        self._publisher, self._rate, self._stop = publisher, rate, threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self):
        source, began, start_ms = random.Random(1), time.monotonic(), time.time_ns() // 1_000_000 - 20 * 60_000
        while not self._stop.is_set():
            edge, time_ms = NAMES[self.published % 2], start_ms + self.published
            topic = f"plant/{edge}/pump/{source.randrange(DEVICES)}"
            fields = {"temperature": round(source.gauss(60, 9), 3), "rpm": source.randrange(1400, 1600)}
            self.expected.add(edge, topic, time_ms, fields)
            values = ", ".join(f'"{name}": {value!r}' for name, value in fields.items())
            self._publisher.publish(topic, f'{{"ts": {time_ms}, "id": "{self.published}", {values}}}')
            self.published += 1
            time.sleep(max(0.0, began + self.published / self._rate - time.monotonic()))

    def finish(self):
        """When the broker has all of them."""
        if self._stop.is_set():
            return
        self._stop.set()
        self._thread.join()
        self._publisher.close()


class Fleet:
    def __init__(self, scene, rate=400, uplink=None, journal="", preload=None, broker="", mapping="", publisher=mqtt.Publisher):
        self.scene, self.preload = scene, preload
        self.broker = scene.broker(broker)
        bind = f"tcp://127.0.0.1:{free_port()}"
        self.coordinator = self._node("coordinator", "centre", '[fleet]\nretain = "3 d"\n' + journal, ["--bind", bind])
        self.uplink = uplink(bind) if uplink else bind
        settings = EDGE_SETTINGS.replace("[[mapping]]\n", "[[mapping]]\n" + mapping) + STORE + journal
        self.edges = {name: self._node("edge", name, settings.format(broker=self.broker.url, name=name, uplink=self.uplink)) for name in NAMES}
        for edge in self.edges.values():
            wait_until(f"{edge.name} is subscribed", lambda: all(source["connected"] for source in edge.get("/api/v1/node")["mqtt"]))
        self.messages = Messages(publisher(self.broker.port), rate)

    def _node(self, role, name, settings, arguments=()):
        node = Node(role, name, self.scene.folder, settings, arguments)
        if self.preload:
            node.environment = {"LD_PRELOAD": str(SHIMS / f"lib{self.preload}.so"), "UNSAFE_DISK_ROOT": f"{node.data}/",
                                "UNSAFE_DISK_NOTES": f"{node.data}.notes", "SHIFTED_CLOCK": str(self.scene.folder / "clock")}
        return self.scene.start(node)

    @property
    def nodes(self):
        return [*self.edges.values(), self.coordinator]

    def differences(self):
        """(lost, counted twice, lines) of what the nodes say, against what was published."""
        lost = twice = 0
        lines = []
        for name, edge in self.edges.items():
            counted = {twin: state["events"] for twin, state in edge.twins().items()}
            for (owner, twin), wanted in self.messages.expected.events.items():
                if owner == name:
                    lost += max(0, wanted - counted.get(twin, 0))
                    twice += max(0, counted.get(twin, 0) - wanted)
            rows = edge.items("/api/v1/aggregates", window="1m")
            lines += [f"{name}: {line}" for line in exact.differences(self.messages.expected.rows(name), rows, start_ms_of)]
        fleet = self.coordinator.items("/api/v1/aggregates", level="fleet", window="1m")
        lines += [f"fleet: {line}" for line in exact.differences(self.messages.expected.fleet(), fleet, start_ms_of)]
        return lost, twice, lines

    def verdict(self, seconds):
        """The differences that stay when everything has had its time."""
        self.messages.finish()
        with contextlib.suppress(Failed):
            wait_until("all is counted", lambda: self.differences() == (0, 0, []), seconds, every=0.5)
        return self.differences()


def kills(scene, chance, options):
    """kill -9 of an edge or the coordinator, also while it starts."""
    fleet = Fleet(scene)
    for _ in range(options.times):
        time.sleep(chance.expovariate(1 / 0.3))
        victim = chance.choice(fleet.nodes)
        if chance.random() < 0.2:
            victim.kill()
            victim.start(wait=False)
            time.sleep(chance.random() * 0.1)
        victim.kill()
        victim.start()
    return fleet, f"{options.times} kills"


def power_cuts(scene, chance, options):
    """The power of an edge or the coordinator goes, and with it what was not synced."""
    fleet = Fleet(scene, rate=200, journal=f'[journal]\nsync = "{options.sync}"\n', preload="unsafe_disk")
    spoiled = 0
    for _ in range(options.times):
        time.sleep(chance.expovariate(1 / 0.4))
        victim = chance.choice(fleet.nodes)
        victim.kill()
        spoiled += unsafe_disk.cut(victim.data, pathlib.Path(f"{victim.data}.notes"), chance, options.worst)
        victim.start()
    return fleet, f"{options.times} power cuts, {spoiled} files changed by them"


def broker_restarts(scene, chance, options):
    """The broker is stopped and started. One edge is published to at QoS 1, where a message may come to the broker twice and is known by
    its id; the other at QoS 2."""
    kept = f"user {getpass.getuser()}\npersistence true\npersistence_location {scene.folder}/\n"  # root's broker would become another user
    fleet = Fleet(scene, broker=kept, mapping='event_id = "/id"\n',
                  publisher=lambda port: LastingPublisher(port, lambda topic: 1 if "/north/" in topic else 2))
    for _ in range(options.times):
        time.sleep(chance.expovariate(1 / 0.5))
        fleet.broker.stop()
        time.sleep(chance.uniform(0, 1))
        fleet.broker.start()
    return fleet, f"{options.times} restarts of the broker"


def set_clock(path, seconds):
    with open(path, "r+b") as file:
        file.write(struct.pack("<q", seconds))


def clock_steps(scene, chance, options):
    """The wall clock of all nodes is set forward and back, by up to half an hour."""
    clock = scene.folder / "clock"
    clock.write_bytes(bytes(8))
    fleet = Fleet(scene, preload="shifted_clock")
    for _ in range(options.times):
        time.sleep(chance.expovariate(1 / 0.5))
        set_clock(clock, chance.randint(-1800, 1800))
    set_clock(clock, 0)
    return fleet, f"{options.times} steps of the clock"


def slow_coordinator(scene, chance, options):
    """The coordinator stands still again and again, longer than an edge waits for a receipt."""
    fleet = Fleet(scene)
    for _ in range(options.times):
        time.sleep(chance.expovariate(1 / 0.5))
        fleet.coordinator.child.send_signal(signal.SIGSTOP)
        time.sleep(chance.uniform(0.1, 3))
        fleet.coordinator.child.send_signal(signal.SIGCONT)
    return fleet, f"{options.times} halts"


class Link:
    """A way to the coordinator that can be cut: bytes pass while it is up, connections end when it goes down."""

    def __init__(self, target):
        self.target = ("127.0.0.1", int(target.rsplit(":", 1)[1]))
        self.up, self.sockets = True, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"tcp://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            with contextlib.suppress(OSError):
                near, _ = self.listener.accept()
                if not self.up:
                    near.close()
                    continue
                far = socket.create_connection(self.target, 5)
                self.sockets += [near, far]
                for one, other in ((near, far), (far, near)):
                    threading.Thread(target=self._pass_on, args=(one, other), daemon=True).start()

    @staticmethod
    def _pass_on(source, sink):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def cut(self):
        self.up = False
        for end in self.sockets:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        self.sockets.clear()

    def mend(self):
        self.up = True


def memory_of(process):
    """PSS in MiB."""
    for line in pathlib.Path(f"/proc/{process.child.pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0.0


def uplink_cut(scene, chance, options):
    """The link to the coordinator is gone for a while; how long until the coordinator has everything, and the memory of an edge."""
    links = []

    def through_a_link(bind):
        links.append(Link(bind))
        return links[0].address

    fleet = Fleet(scene, rate=options.rate, uplink=through_a_link)
    time.sleep(min(5, options.seconds / 4))
    edge = fleet.edges["north"]
    links[0].cut()
    time.sleep(options.seconds / 4)
    early = memory_of(edge)
    time.sleep(options.seconds * 3 / 4)
    late = memory_of(edge)
    fleet.messages.finish()
    wait_until("the edges have counted all", lambda: fleet.differences()[:2] == (0, 0), 120, every=0.5)
    links[0].mend()
    mended = time.monotonic()
    with contextlib.suppress(Failed):
        wait_until("the coordinator has everything", lambda: not fleet.differences()[2], 120, every=0.1)
    return fleet, (f"{options.seconds} s without the link at {options.rate} messages/s, all there {time.monotonic() - mended:.1f} s after it; "
                   f"an edge has {early:.1f} MiB a quarter into it, {late:.1f} MiB at its end")


SCENARIOS = {function.__name__: function for function in (kills, power_cuts, broker_restarts, clock_steps, slow_coordinator, uplink_cut)}


def run(name, options):
    """Prints what came of it; whether nothing was lost and nothing counted twice."""
    began = time.monotonic()
    with Scene("doppel-torture-") as scene:
        fleet, what = SCENARIOS[name](scene, random.Random(options.seed), options)
        lost, twice, lines = fleet.verdict(options.patience)
        print(f"{name}: {what}; {fleet.messages.published} messages: {lost} lost, {twice} counted twice, {len(lines)} wrong windows; "
              f"seed {options.seed}, {time.monotonic() - began:.0f} s", flush=True)
        for line in lines[:10]:
            print(f"   {line}")
        if lost or twice or lines:
            raise Failed(f"{name}: see above")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", help=", ".join(SCENARIOS))
    parser.add_argument("--times", type=int, default=20, help="kills, power cuts, restarts, steps, halts; default: 20")
    parser.add_argument("--seconds", type=int, default=20, help="of a cut link; default: 20")
    parser.add_argument("--rate", type=int, default=400, help="messages a second while the link is cut; default: 400")
    parser.add_argument("--sync", default="always", help="journal.sync under power cuts; default: always. Others lose what they say")
    parser.add_argument("--worst", action="store_true", help="power cuts take all that was not synced; default: by chance")
    parser.add_argument("--patience", type=int, default=60, help="seconds until what is not there counts as lost; default: 60")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    unknown = [name for name in options.scenarios if name not in SCENARIOS]
    if unknown:
        parser.error(f"no scenario {unknown[0]}: there are {', '.join(SCENARIOS)}")
    failed = 0
    for name in options.scenarios or SCENARIOS:
        try:
            run(name, options)
        except Failed as failure:
            print(f"FAILED {failure}", flush=True)
            failed += 1
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
