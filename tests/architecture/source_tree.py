"""The files of the project, as the architecture tests look at them: what git tracks, or would."""

import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)


def files(*patterns):
    listed = subprocess.run(["git", "-C", ROOT, "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns],
                            capture_output=True, text=True, check=True).stdout.splitlines()
    return [ROOT / name for name in sorted(set(listed)) if (ROOT / name).is_file()]


def name(path):
    return str(path.relative_to(ROOT))


def room(path):
    """ "twin_store/model" for twin_store/model/ids.h; "coordinator" for coordinator/merge.h; None outside the rooms."""
    parts = path.relative_to(ROOT).parts
    if parts[0] == "coordinator" and len(parts) > 1:
        return "coordinator"
    if parts[0] in ("twin_store", "broker_bridge", "edge_runtime", "functions") and len(parts) > 2:
        return "/".join(parts[:2])
    return None


def includes(path):
    """(is_system, target) pairs."""
    return [(mark == "<", target) for mark, target in INCLUDE.findall(path.read_text(errors="replace"))]
