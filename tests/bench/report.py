"""The table of results, and the goals that it is held against."""

import json
import statistics

# Figure: (least or most, goal, and what must hold already).
GOALS = {
    "P1": (">=", 0.90, 0.60),
    "P3": (">=", 0.85, None),
    "P4": ("<=", 1.2, None),
    "P5.p50": ("<=", 1, None),
    "P5.p99": ("<=", 10, None),
    "P6": ("<=", 15, 20),
    "P7.p50": ("<=", 3, 10),
    "P7.p99": ("<=", 10, None),
    "P6.many": ("<=", 64, None),
    "restart.stop": ("<=", 1, None),
    "restart.kill": ("<=", 3, None),
    "neighbours": (">=", 0.9, None),
    "P15": (">=", 10, None),
    "P16": ("<=", 1500, None),
    "P16.life": (">=", 5, None),
}


def shown(number):
    return f"{number:,.0f}" if abs(number) >= 1000 else f"{number:.3g}"


def meets(value, kind, bound):
    return value >= bound if kind == ">=" else value <= bound


class Report:
    def __init__(self, facts):
        self.facts, self.rows, self.tables, self.remarks = facts, [], [], []

    def add(self, id_, figure, values):
        if not values:
            return
        value = statistics.median(values)
        kind, goal, floor = GOALS.get(id_, (None, None, None))
        row = {"id": id_, "figure": figure, "value": value, "range": [min(values), max(values)], "runs": len(values),
               "goal": f"{kind} {goal:g}" if kind else None, "met": meets(value, kind, goal) if kind else None}
        if floor is not None:
            row |= {"floor": f"{kind} {floor:g}", "above_floor": meets(value, kind, floor)}
        self.rows.append(row)
        print(self._line(row), flush=True)

    def table(self, title, columns, lines):
        self.tables += ["", f"{title}:", "", "| " + " | ".join(columns) + " |", "|" + " --- |" * len(columns)]
        self.tables += ["| " + " | ".join(line) + " |" for line in lines]

    def say(self, remark):
        self.remarks.append(remark)
        print(remark, flush=True)

    def value(self, id_):
        return next((row["value"] for row in self.rows if row["id"] == id_), None)

    @staticmethod
    def _line(row):
        low, high = map(shown, row["range"])
        spread = f"{low} - {high}" if row["runs"] > 1 else ""
        goal = row["goal"] or ""
        if "floor" in row:
            goal += f" (now {row['floor']})"
        verdict = {None: "", True: "yes", False: "no"}[row["met"]]
        if row["met"] is False and row.get("above_floor"):
            verdict = "not yet"
        return f"| {row['id']} | {row['figure']} | {shown(row['value'])} | {spread} | {goal} | {verdict} |"

    def markdown(self):
        lines = [f"{name.replace('_', ' ')}: {value}" for name, value in self.facts.items()] + [""]
        lines += ["| | figure | median | range | goal | met |", "| --- | --- | --- | --- | --- | --- |"]
        return "\n".join(lines + [self._line(row) for row in self.rows] + self.tables + [""] + self.remarks) + "\n"

    def write(self, folder):
        (folder / "results.md").write_text(self.markdown())
        (folder / "results.json").write_text(json.dumps(self.rows, indent=1) + "\n")
        (folder / "facts.json").write_text(json.dumps(self.facts, indent=1) + "\n")
