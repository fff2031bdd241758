"""Sensor messages for tests: from real traces where they are at hand, made up otherwise.

Traces are looked for in $DOPPEL_TRACES, then in a folder data of any folder beside the checkout: nab/*.csv (timestamp,value)
and cmapss/train_FD001.txt (unit, cycle, settings, sensors)."""

import csv
import json
import math
import os
import pathlib
import random

ROOT = pathlib.Path(__file__).resolve().parents[2]
STEP_MS = 50  # of event time from one message to the next


def folder():
    if "DOPPEL_TRACES" in os.environ:
        return pathlib.Path(os.environ["DOPPEL_TRACES"])
    found = sorted(ROOT.parent.glob("*/data/nab"))
    return found[0].parent if found else None


def _series(path, count):
    with open(path, newline="") as file:
        rows = csv.DictReader(file)
        return [{"value": float(row["value"])} for _, row in zip(range(count), rows)]


def _engines(path, count):
    with open(path) as file:
        for _, line in zip(range(count), file):
            words = line.split()
            sensors = {f"s{number}": float(word) for number, word in enumerate(words[5:], 1)}
            yield int(words[0]), {"cycle": int(words[1]), **sensors}


def _real(data, count):
    """(kind, unit, fields), half from series taken in turn, half from engines."""
    files = sorted((data / "nab").glob("*.csv"))
    each = math.ceil(count / 2 / len(files))
    columns = [_series(path, each) for path in files]
    turn = [(("series"), number, column[row]) for row in range(each) for number, column in enumerate(columns)
            if row < len(column)]
    engines = [("engine", unit, fields) for unit, fields in _engines(data / "cmapss/train_FD001.txt", count)]
    series = turn[: count // 2]
    mixed = [item for pair in zip(series, engines) for item in pair]
    return (mixed + engines[len(series):])[:count]


def _made_up(count):
    source = random.Random(7)
    return [("motor", number % 97, {"temperature": round(source.gauss(60, 9), 3), "rpm": source.randrange(1400, 1600)})
            for number in range(count)]


def messages(count, start_ms):
    """`count` of (edge, topic, event time in ms, fields), for the edges north and south."""
    data = folder()
    rows = _real(data, count) if data else _made_up(count)
    for number, (kind, unit, fields) in enumerate(rows):
        edge = "north" if unit % 2 else "south"
        yield edge, f"plant/{edge}/{kind}/{unit}", start_ms + number * STEP_MS, fields


def payload(time_ms, fields):
    return json.dumps({"ts": time_ms, **fields})
