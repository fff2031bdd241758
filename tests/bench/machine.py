"""What the machine and its processes have used, from /proc."""

import os
import pathlib
import platform
import re
import time

TICK = os.sysconf("SC_CLK_TCK")
CORES = os.cpu_count()


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def pss_mb(pid):
    rollup = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(re.search(r"^Pss:\s+(\d+)", rollup, re.M)[1]) / 1024


def disk_bytes(pid):
    """Bytes of pages that the process has made dirty: what the medium gets, write amplification inside it apart."""
    return int(re.search(r"^write_bytes: (\d+)", pathlib.Path(f"/proc/{pid}/io").read_text(), re.M)[1])


def prefer(pid):
    """The session of this process comes before others of the machine. Needs root, and a kernel with autogroups."""
    pathlib.Path(f"/proc/{pid}/autogroup").write_text("-15")


class Watch:
    """How busy the machine was since it was made."""

    def __init__(self):
        self.began, self.ticks = time.monotonic(), self._ticks()

    @staticmethod
    def _ticks():
        return [int(word) for word in pathlib.Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]

    def shares(self, own_cpu_seconds):
        """Percent of all cores that the host stole, and that processes other than ours used."""
        user, nice, system, _idle, _wait, irq, softirq, steal = (now - then for now, then in zip(self._ticks(), self.ticks))
        available = (time.monotonic() - self.began) * CORES
        others = (user + nice + system + irq + softirq) / TICK - own_cpu_seconds
        return 100 * steal / TICK / available, max(0.0, 100 * others / available)


def description():
    model = re.search(r"^model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text(), re.M)
    return {"cpu": f"{CORES} x {model[1] if model else platform.machine()}", "kernel": platform.release(),
            "load_average": os.getloadavg()[0]}
