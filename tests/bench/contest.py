"""The bare subscriber and doppel behind one broker, under the same load: one open-loop step, and the search for the highest step
that is sustained."""

import json
import re
import signal
import threading
import time
import urllib.request

import machine

DEVICES = 1000
GRID = 2000        # rows a second from step to step
BEHIND_MS = 1000   # sustained: the backlog is gone that soon after the last row,
P99_MS = 250       # no row comes later than this but one in a hundred, and none is lost
GIVE_UP_S = 20     # rows that do not come for so long are lost
MOST_STEAL = 5     # percent; a step that the host took more from is run again, but not for ever
TRIES = 3


def quantile(values, q):
    ordered = sorted(values)
    return round(ordered[int(q * (len(ordered) - 1))], 3) if ordered else -1


class Bare:
    name = "B0"

    def __init__(self, bench, qos):
        self.bench, self.qos, self.process = bench, qos, None

    def begin(self):
        self.process = self.bench.run("bench_bare_subscriber", "--port", self.bench.broker.port, "--qos", self.qos)
        if self.process.stdout.readline() != "ready\n":
            raise RuntimeError("the bare subscriber does not start")

    @property
    def pid(self):
        return self.process.pid

    def settle(self, _sent, _rate):
        time.sleep(BEHIND_MS / 1000 + 0.2)

    def finish(self, _sent, _rate):
        """Rows handled, when the last was (ns), p50 and p99 of the delay in ms."""
        self.process.send_signal(signal.SIGTERM)
        seen = json.loads(self.process.communicate(timeout=60)[0])
        return seen["messages"], seen["last"], seen["p50_ms"], seen["p99_ms"]

    def drop(self):
        pass


class Doppel:
    """An edge with a function, windows, and an uplink to a coordinator."""
    name = "doppel"

    def __init__(self, bench, qos):
        self.bench, self.qos, self.edge = bench, qos, None

    def begin(self):
        if self.edge is None:
            self.edge = self.bench.loaded_edge(self.qos)
        self.base, self.progress, self.ended = applied(self.edge), [], threading.Event()
        self.sampler = threading.Thread(target=self._sample)
        self.sampler.start()

    @property
    def pid(self):
        return self.edge.child.pid

    def _sample(self):
        while not self.ended.wait(0.1):
            self.progress.append((applied(self.edge) - self.base, time.monotonic_ns()))

    def settle(self, sent, _rate):
        self.last = wait_for_events(self.edge, self.base + sent["sent"])
        self.ended.set()
        self.sampler.join()

    def finish(self, sent, rate):
        # Rows are due at fixed times: how many are applied says when the last of them was due.
        delays = [(at - sent["begin"]) / 1e6 - count * 1e3 / rate for count, at in self.progress if 0 < count < sent["sent"]]
        return applied(self.edge) - self.base, self.last, quantile(delays, 0.5), quantile(delays, 0.99)

    def drop(self):
        """After a step that failed, or the last: what is left in the broker goes with the edge."""
        if self.edge is not None:
            self.bench.stop(self.edge)
        self.edge = None


def metric(edge, name):
    with urllib.request.urlopen(edge.url + "/metrics", timeout=60) as answer:
        return float(re.search(rf"^{name} (\S+)", answer.read().decode(), re.M)[1])


def applied(edge):
    return int(metric(edge, "doppel_events_total"))


def wait_for_events(edge, count):
    """When the edge had applied so many (ns), or when it last made progress."""
    last, at = -1, time.monotonic_ns()
    while last < count and time.monotonic_ns() - at < GIVE_UP_S * 1e9:
        now = applied(edge)
        if now != last:
            last, at = now, time.monotonic_ns()
        time.sleep(0.02)
    return at


def step(bench, system, rate, seconds):
    """One open-loop step, run again while the host took too much."""
    for _ in range(TRIES):
        outcome = _step(bench, system, rate, seconds)
        bench.record(outcome)
        if outcome["steal"] <= MOST_STEAL:
            break
    return outcome


def _step(bench, system, rate, seconds):
    system.begin()
    processes = {"subscriber": system.pid, "broker": bench.broker.child.pid, "coordinator": bench.coordinator.child.pid}
    before = {name: machine.cpu_seconds(pid) for name, pid in processes.items()}
    watch = machine.Watch()
    sent = bench.publish("--rate", rate, "--seconds", seconds, "--qos", system.qos)
    system.settle(sent, rate)
    used = {name: machine.cpu_seconds(pid) - before[name] for name, pid in processes.items()}
    steal, others = watch.shares(sum(used.values()) + sent["cpu_us"] * sent["sent"] / 1e6)
    pss = machine.pss_mb(system.pid)
    handled, last, p50, p99 = system.finish(sent, rate)
    lost, behind = sent["sent"] - handled, (last - sent["end"]) / 1e6
    held = lost == 0 and behind <= BEHIND_MS and 0 <= p99 <= P99_MS
    if not held:
        system.drop()
    a_row = lambda name: round(used[name] * 1e6 / sent["sent"], 2)
    return {"system": system.name, "qos": system.qos, "rate": rate, "held": held, "lost": lost, "behind_ms": round(behind, 1),
            "p50_ms": p50, "p99_ms": p99, "cpu_us": a_row("subscriber"), "broker_us": a_row("broker"), "publisher_us": sent["cpu_us"],
            "coordinator_us": a_row("coordinator"), "pss_mb": round(pss, 1), "steal": round(steal, 1), "others": round(others, 1)}


def sustained(bench, system, guess, seconds):
    """The highest step that holds in one of two tries, by bisection; the outcome of that step, or of none with rate 0."""
    best, failed, rate = {"rate": 0}, None, guess
    while failed is None or failed - best["rate"] > GRID:
        outcome = step(bench, system, rate, seconds)
        if not outcome["held"]:
            outcome = step(bench, system, rate, seconds)
        if outcome["held"]:
            best = outcome
        else:
            failed = rate
        rate = _next_rate(best["rate"], failed)
    system.drop()
    return best


def _next_rate(held, failed):
    if failed is None:
        return held + max(GRID, held // 4 // GRID * GRID)
    return held + max(GRID, (failed - held) // 2 // GRID * GRID)
