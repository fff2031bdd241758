"""What the windows and twins of a run must be, computed without any of doppel's code."""

import collections
import math

MINUTE_MS = 60_000


class Expected:
    def __init__(self):
        self.events = collections.Counter()          # (edge, twin)
        self.samples = collections.defaultdict(list)  # (edge, window start, group, property) -> (time, value)

    def add(self, edge, topic, time_ms, fields):
        kind = topic.split("/")[2]
        self.events[edge, topic] += 1
        start = time_ms - time_ms % MINUTE_MS
        for name, value in fields.items():  # the time is a property of the twin, and in no window
            self.samples[edge, start, f"kind={kind}", name].append((time_ms, float(value)))

    def rows(self, edge):
        """{(start, group, property): statistics} of one edge."""
        return {key[1:]: statistics(samples) for key, samples in self.samples.items() if key[0] == edge}

    def fleet(self):
        """The same over all edges."""
        merged = collections.defaultdict(list)
        for (_, *key), samples in self.samples.items():
            merged[tuple(key)] += samples
        return {key: statistics(samples) for key, samples in merged.items()}


def statistics(samples):
    values = [value for _, value in sorted(samples)]
    mean = math.fsum(values) / len(values)
    return {"count": len(values), "sum": math.fsum(values), "mean": mean, "min": min(values), "max": max(values),
            "first": values[0], "last": values[-1],
            "stddev": math.sqrt(math.fsum((value - mean) ** 2 for value in values) / len(values))}


def differences(expected, rows, start_ms_of, exact=("count", "min", "max", "first", "last"), near=("sum", "mean")):
    """Lines that say where `rows` of the API differ; sums may differ in the last bits, since additions are in another order."""
    found = {}
    for row in rows:
        if row["property"]:
            found[start_ms_of(row), row["group"], row["property"]] = row
    lines = [f"missing {key}" for key in expected.keys() - found.keys()]
    lines += [f"not expected {key}" for key in found.keys() - expected.keys()]
    for key in expected.keys() & found.keys():
        for name in exact:
            if found[key][name] != expected[key][name]:
                lines.append(f"{key}: {name} is {found[key][name]}, must be {expected[key][name]}")
        for name in near:
            if not math.isclose(found[key][name], expected[key][name], rel_tol=1e-12, abs_tol=1e-12):
                lines.append(f"{key}: {name} is {found[key][name]}, must be {expected[key][name]}")
    return sorted(lines)
