"""The figures: each function measures one group and adds its rows to the report."""

import http.client
import json
import re
import statistics
import subprocess
import threading
import time
import urllib.parse

import machine
from contest import DEVICES, Bare, Doppel, applied, metric, quantile, step, sustained, wait_for_events
from playground import wait_until

CPU_RATE = 5000
REPLAY_ROWS = 200_000
RESTART_TWINS = 100_000
FLOOD_ROWS = 300_000
EMMC_BYTES, EMMC_CYCLES = 8e9, 3000


def rate(bench, report):
    """Sustained rate and CPU an event, at QoS 0 and 1, beside the bare subscriber."""
    guesses = {("B0", 0): 44_000, ("doppel", 0): 26_000, ("B0", 1): 28_000, ("doppel", 1): 18_000}
    best, at_5k = {}, {}
    for _ in range(bench.repetitions):
        for qos in (0, 1):
            for kind in (Bare, Doppel):
                system, key = kind(bench, qos), (kind.name, qos)
                at_5k.setdefault(key, []).append(step(bench, system, CPU_RATE, bench.step_seconds))
                best.setdefault(key, []).append(sustained(bench, system, guesses[key], bench.step_seconds))
                guesses[key] = best[key][-1]["rate"] or guesses[key] // 2
    costs = []
    for qos, promise in ((0, "P1"), (1, "P3")):
        bare, own = best["B0", qos], best["doppel", qos]
        report.add(f"{promise}.B0", f"B0, sustained events/s at QoS {qos}", [b["rate"] for b in bare])
        report.add(f"{promise}.doppel", f"doppel, sustained events/s at QoS {qos}", [o["rate"] for o in own])
        report.add(promise, f"doppel / B0, QoS {qos}", [o["rate"] / b["rate"] for o, b in zip(own, bare) if b["rate"]])
        for where, steps in ((f"{CPU_RATE:,}/s", at_5k), ("sustained", best)):
            costs += cpu(report, f"QoS {qos}, {where}", steps["B0", qos], steps["doppel", qos])
    report.table("CPU us an event", ["load", "of", "subscriber", "broker", "publisher", "coordinator", "all"], costs)
    bench.doppel_sustained = report.value("P1.doppel")


def cpu(report, where, bare, own):
    """The steadier form of a rate: what an event costs each process. Lines of a table, one a system."""
    pairs = [(b, o) for b, o in zip(bare, own) if b["rate"] and o["rate"]]
    report.add("P4", f"CPU us an event, doppel / B0, {where}", [o["cpu_us"] / b["cpu_us"] for b, o in pairs])
    report.add("P4.all", f"CPU us an event with broker and publisher, B0 / doppel, {where}", [whole(b) / whole(o) for b, o in pairs])
    lines = []
    for steps in filter(None, zip(*pairs)):
        middle = {part: statistics.median(one[part] for one in steps) for part in ("cpu_us", "broker_us", "publisher_us", "coordinator_us")}
        report.add("P4.us", f"CPU us an event of {steps[0]['system']}, {where}", [one["cpu_us"] for one in steps])
        lines.append([where, steps[0]["system"], *(f"{value:.1f}" for value in middle.values()), f"{statistics.median(map(whole, steps)):.1f}"])
    return lines


def whole(outcome):
    return outcome["cpu_us"] + outcome["broker_us"] + outcome["publisher_us"]


def latency(bench, report):
    """Event to applied at half of the sustained rate: from when a row was due to when the change stream shows it."""
    rows_a_second = max(1000, int(bench.doppel_sustained or 20_000) // 2)
    seconds, p50, p99, bare_p50, bare_p99 = bench.step_seconds, [], [], [], []
    for _ in range(bench.repetitions):
        bare = step(bench, Bare(bench, 0), rows_a_second, seconds)
        edge = bench.loaded_edge(0)
        stream = Stream(edge)
        bench.publish("--rate", rows_a_second, "--seconds", seconds, "--qos", 0)
        delays = stream.close()
        bench.stop(edge)
        p50.append(quantile(delays, 0.5))
        p99.append(quantile(delays, 0.99))
        bare_p50.append(bare["p50_ms"])
        bare_p99.append(bare["p99_ms"])
    report.add("P5.p50", f"event to applied at {rows_a_second}/s, p50 ms", p50)
    report.add("P5.p99", f"event to applied at {rows_a_second}/s, p99 ms", p99)
    report.add("P5.B0", f"B0 at {rows_a_second}/s: event to callback, p50 ms", bare_p50)
    report.add("P5.B0", f"B0 at {rows_a_second}/s: event to callback, p99 ms", bare_p99)


class Stream:
    """The change stream of one device in a hundred, and how late each of its rows was."""

    def __init__(self, edge):
        address = urllib.parse.urlsplit(edge.url)
        self.connection = http.client.HTTPConnection(address.hostname, address.port, timeout=5)
        self.connection.request("GET", "/api/v1/stream?prefix=plant/a1/device/d0000")
        self.answer = self.connection.getresponse()
        self.answer.read1()  # the greeting: from here on nothing is missed
        self.delays, self.ended = [], False
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self):
        rest = b""
        while not self.ended:
            try:
                received = self.answer.read1()
            except TimeoutError:
                continue
            now = time.monotonic_ns()
            whole, _, rest = (rest + received).rpartition(b"\n\n")
            self.delays += [(now - int(due)) / 1e6 for due in re.findall(rb'"t":{"v":(\d+)', whole)]

    def close(self):
        time.sleep(1)
        self.ended = True
        self.reader.join()
        self.connection.close()
        return self.delays


def memory(bench, report):
    """An edge with a function that has nothing to do, and the same with a thousand twins."""
    idle, idle_cpu, loaded = [], [], []
    for _ in range(bench.repetitions):
        edge = bench.edge(0)
        time.sleep(4)
        before = machine.cpu_seconds(edge.child.pid)
        time.sleep(5)
        idle_cpu.append((machine.cpu_seconds(edge.child.pid) - before) * 1000 / 5)
        idle.append(machine.pss_mb(edge.child.pid))
        bench.publish("--rate", 2000, "--seconds", 2, "--devices", DEVICES, "--qos", 0)
        wait_for_events(edge, 4000)
        loaded.append(machine.pss_mb(edge.child.pid))
        bench.stop(edge)
    report.add("P6", "PSS MB, idle", idle)
    report.add("P6.twins", f"PSS MB with {DEVICES} twins", loaded)
    report.add("P6.cpu", "CPU ms a second, idle", idle_cpu)


def start(bench, report):
    """A fresh instance of a function: input copied in, one event handled, effects copied out."""
    p50, p99 = [], []
    for _ in range(bench.repetitions):
        text = bench.run("bench_wasm").communicate()[0]
        header = next(line for line in text.splitlines() if line.startswith("| events")).split("|")
        one = next(line for line in text.splitlines() if re.match(r"\| *1 *\|", line)).split("|")
        cell = next(i for i, title in enumerate(header) if "whole run p50" in title)
        numbers = [float(word) / 1000 for word in re.findall(r"[\d.]+", one[cell])]
        p50.append(numbers[0])
        p99.append(numbers[1])
    report.add("P7.p50", "function cold start, p50 us", p50)
    report.add("P7.p99", "function cold start, p99 us", p99)


def journal(bench, report):
    """Appends a second by sync policy, and records read a second."""
    found = {}
    for _ in range(bench.repetitions):
        folder = bench.scene.folder / "journal_bench"
        text = bench.run("bench_journal", folder, 200_000 if bench.quick else 1_000_000).communicate()[0]
        for line in text.splitlines():
            append = re.match(r"append (\w+) +(\d+) threads? +(\d+) /s .*p99 +([\d.]+) us", line)
            if append:
                found.setdefault(f"appends/s, sync {append[1]}, {append[2]} threads", []).append(int(append[3]))
            read = re.match(r"read \d+ records: (\d+) /s", line)
            if read:
                found.setdefault("records/s read", []).append(int(read[1]))
    for figure, values in found.items():
        report.add("journal", figure, values)


def replay(bench, report):
    """The journal of a run, folded once more into an empty store."""
    rates, live = [], []
    for _ in range(bench.repetitions):
        edge = bench.edge(0)
        rows = REPLAY_ROWS // 2 if bench.quick else REPLAY_ROWS
        bench.publish("--rate", 10_000, "--count", rows, "--qos", 0)
        wait_for_events(edge, rows)
        bench.stop(edge)
        done = subprocess.run([bench.binary, "journal", "replay", "--data", edge.data, "--json"], capture_output=True, text=True)
        if done.returncode != 0:
            report.say(f"replay: not measured: {(done.stderr or done.stdout).strip()[:500]}")
            return
        outcome = json.loads(done.stdout)
        rates.append(outcome["records"] / outcome["seconds"])
        if bench.doppel_sustained:
            live.append(rates[-1] / bench.doppel_sustained)
    report.add("P15.rate", "records/s replayed", rates)
    report.add("P15", "replay / sustained", live)


def restart(bench, report):
    """From the start of the process to the first event applied, with 100,000 twins, after a clean stop and after kill -9."""
    edge = bench.edge(1)
    idle = machine.pss_mb(edge.child.pid)
    bench.publish("--rate", 5000, "--count", RESTART_TWINS, "--devices", RESTART_TWINS, "--qos", 1)
    wait_for_events(edge, RESTART_TWINS)
    report.add("P6.many", f"PSS MB more with {RESTART_TWINS:,} twins", [machine.pss_mb(edge.child.pid) - idle])
    for id_, how, end in (("restart.stop", "a clean stop", lambda: edge.stop(seconds=60)), ("restart.kill", "kill -9", edge.kill)):
        seconds = []
        for _ in range(bench.repetitions):
            bench.publish("--rate", 2000, "--count", 4000, "--devices", RESTART_TWINS, "--qos", 1)
            time.sleep(1)
            before = applied(edge)
            end()
            bench.publish("--rate", 2000, "--count", 10, "--devices", RESTART_TWINS, "--qos", 1)  # the broker keeps them
            began = time.monotonic()
            edge.start()
            wait_until("an event is applied", lambda: applied(edge) > before, every=0.01)
            seconds.append(time.monotonic() - began)
        report.add(id_, f"seconds to the first event, {RESTART_TWINS:,} twins, after {how}", seconds)
    bench.stop(edge)


def neighbours(bench, report):
    """Rows a second of an edge that has more of them than it can take, alone and with a function beside it that spends all its fuel on
    each row until it is quarantined."""
    alone, beside = [], []
    for _ in range(bench.repetitions):
        for found in (alone, beside):
            edge = bench.loaded_edge(1)
            if found is beside:
                bench.deploy(bench.hostile, edge)
            before = applied(edge)
            sent = bench.publish("--rate", 200_000, "--count", FLOOD_ROWS, "--devices", DEVICES, "--qos", 1)
            last = wait_for_events(edge, before + FLOOD_ROWS)
            if applied(edge) != before + FLOOD_ROWS:
                report.say(f"neighbours: {before + FLOOD_ROWS - applied(edge)} rows are lost")
            found.append(FLOOD_ROWS * 1e9 / (last - sent["begin"]))
            bench.stop(edge)
    report.add("neighbours.alone", "rows/s of a flooded edge at QoS 1", alone)
    report.add("neighbours.beside", "the same beside a hostile function", beside)
    report.add("neighbours", "beside / alone", [b / a for a, b in zip(alone, beside)])


def flash(bench, report):
    """Bytes written an event at 100 events/s over 1,000 twins, default settings: journal, store and logs."""
    seconds = 60 if bench.quick else 180
    edge = bench.default_edge()
    warm_up = 15
    publisher = bench.publisher("--rate", 100, "--seconds", warm_up + seconds + 5, "--devices", DEVICES, "--qos", 1)
    time.sleep(warm_up)
    reading = lambda: (applied(edge), machine.disk_bytes(edge.child.pid), metric(edge, "doppel_store_written_bytes_total"))
    before = reading()
    time.sleep(seconds)
    events, disk, store = (now - then for now, then in zip(reading(), before))
    publisher.communicate()
    bench.stop(edge)
    a_day = 86_400 * 100 * disk / events
    report.add("P16", "bytes written to disk an event", [disk / events])
    report.add("P16.store", "of these by SQLite", [store / events])
    report.add("P16.life", "years of an 8 GB eMMC of 3,000 cycles", [EMMC_BYTES * EMMC_CYCLES / a_day / 365])


ALL = {one.__name__: one for one in (rate, latency, memory, start, journal, replay, restart, neighbours, flash)}
