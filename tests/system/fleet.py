"""Edges whose windows `exact.py` recomputes."""

import datetime

EDGE_SETTINGS = """region = "plant"
[[mqtt]]
url = "{broker}"
topics = ["plant/{name}/#"]
[[mapping]]
topic = "plant/{{area}}/{{kind}}/{{unit}}"
[[window]]
name = "1m"
length = "1 min"
group_by = ["kind"]
[windows]
lateness = "1 s"
flush = "1 s"
[uplink]
address = "{uplink}"
"""


def start_ms_of(row):
    return round(datetime.datetime.fromisoformat(row["start"].replace("Z", "+00:00")).timestamp() * 1000)
