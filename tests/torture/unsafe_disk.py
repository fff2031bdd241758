"""A power cut for the files of a killed process that ran on unsafe_disk.cpp: what was not synced is lost, kept or torn, by chance."""

import collections
import os
import pathlib
import struct

SECTOR = 512
CONTENT, SIZE, SYNCED, CREATED, FOLDER_SYNCED = range(1, 6)
HEAD = struct.Struct("<QQQQ")


class Unsynced:
    """What the notes tell of one file since its last sync: older contents of its sectors, oldest first, and its sizes."""

    def __init__(self):
        self.sectors = collections.defaultdict(list)
        self.sizes = []


def read(notes):
    """The files that have something unsynced, by inode, and the paths that no synced folder names."""
    files, created = collections.defaultdict(Unsynced), set()
    data, at = notes.read_bytes(), 0
    while at + HEAD.size <= len(data):
        kind, inode, offset, length = HEAD.unpack_from(data, at)
        content = data[at + HEAD.size:at + HEAD.size + length]
        at += HEAD.size + length
        if kind == CONTENT:
            for begin in range(0, len(content), SECTOR):
                files[inode].sectors[offset + begin].append(content[begin:begin + SECTOR])
        elif kind == SIZE:
            files[inode].sizes.append(offset)
        elif kind == SYNCED:
            files.pop(inode, None)
        elif kind == CREATED:
            files.pop(inode, None)  # the number may have been another file's
            created.add(content.decode())
        elif kind == FOLDER_SYNCED:
            created -= {path for path in created if os.path.dirname(path) == content.decode().rstrip("/")}
    return files, created


def cut(root, notes, random, worst=False):
    """Leaves under `root` one of the states that a power cut may leave, or with `worst` the one without anything unsynced. How many files it
    changed."""
    if not notes.exists():
        return 0
    files, created = read(notes)
    changed = 0
    for path in sorted(root.rglob("*")):
        if not path.is_file():
            continue
        if path.name.endswith("-shm"):  # memory
            path.unlink()
            continue
        if str(path) in created and (worst or random.random() < 0.5):
            path.unlink()
            changed += 1
            continue
        unsynced = files.get(path.stat().st_ino)
        if unsynced is not None:
            spoil(path, unsynced, random, 0.0 if worst else random.choice((0.0, 0.0, 0.5, 0.9, 1.0)), 0.0 if worst else 0.3)
            changed += 1
    notes.unlink()
    return changed


def spoil(path, unsynced, random, keeps, between):
    """Each sector is as it was at some moment since the sync: the newest at the odds `keeps`, else the oldest, but at the odds `between` any."""
    with open(path, "r+b") as file:
        for offset, older in sorted(unsynced.sectors.items()):
            if random.random() >= keeps:
                file.seek(offset)
                file.write(random.choice(older) if random.random() < between else older[0])
        if unsynced.sizes and random.random() >= keeps:
            file.truncate(unsynced.sizes[0])
