"""A broker, edges and a coordinator as real processes, on loopback and free ports, under one temporary folder: for the demo and
for the system tests.

Everything that is started is stopped by its process id when the scene ends; what it said is in files under Scene.folder,
which stays when something failed."""

import contextlib
import ctypes
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[1]
BINARY = pathlib.Path(os.environ.get("DOPPEL_BINARY", ROOT / "build/release/doppel"))


class Failed(AssertionError):
    """What was waited for did not happen, or a command did not succeed."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(what, condition, seconds=30, every=0.05):
    """The first true answer of `condition`. What it last answered, or raised, is part of the failure."""
    deadline = time.monotonic() + seconds
    last = None
    while time.monotonic() < deadline:
        try:
            last = condition()
            if last:
                return last
        except (OSError, urllib.error.HTTPError, KeyError, ValueError) as error:
            last = error
        time.sleep(every)
    raise Failed(f"{what}: not within {seconds} s; last: {last!r}")


def end_with_parent():
    """In the child: SIGTERM for it when whoever started it dies, however that was (prctl PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


class Process:
    """A child with its output in a file. A Ctrl-C at the terminal is not for it: whoever started it stops it."""

    def __init__(self, name, command, folder):
        self.name, self.command, self.log = name, [str(word) for word in command], folder / f"{name}.log"
        self.child, self.environment = None, {}  # beside what this process has

    def start(self):
        with open(self.log, "ab") as log:
            self.child = subprocess.Popen(self.command, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                          env=os.environ | self.environment, start_new_session=True, preexec_fn=end_with_parent)

    def alive(self):
        return self.child is not None and self.child.poll() is None

    def stop(self, how=signal.SIGTERM, seconds=20):
        if self.alive():
            self.child.send_signal(how)
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.child.wait(seconds)
        self.child.kill()
        self.child.wait()
        raise Failed(f"{self.name} did not stop within {seconds} s of {how.name}; see {self.log}")

    def kill(self):
        """As a crash: no chance to say goodbye."""
        self.child.kill()
        self.child.wait()

    def tail(self, lines=20):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


class Broker(Process):
    def __init__(self, folder, extra=""):
        self.port = free_port()
        config = folder / "mosquitto.conf"
        config.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\npersistence false\nmax_queued_messages 0\n{extra}")
        server = shutil.which("mosquitto", path=os.environ.get("PATH", "") + ":/usr/sbin")
        super().__init__("mosquitto", [server, "-c", config], folder)

    @property
    def url(self):
        return f"mqtt://127.0.0.1:{self.port}"

    def start(self):
        super().start()
        wait_until("the broker listens", lambda: socket.create_connection(("127.0.0.1", self.port), 1).close() is None)


class Node(Process):
    """An edge or a coordinator: its data folder, and its API."""

    def __init__(self, role, name, folder, settings="", arguments=()):
        self.role, self.data = role, folder / name
        self.config = folder / f"{name}.toml"
        self.config.write_text(f'name = "{name}"\ndata = "{self.data}"\n{settings}')
        super().__init__(name, [BINARY, role, "--config", self.config, "--http", "127.0.0.1:0", *arguments], folder)
        self.url = None

    def start(self, wait=True):
        (self.data / "endpoint.json").unlink(missing_ok=True)
        super().start()
        if wait:
            self.wait_until_it_answers()

    def wait_until_it_answers(self, seconds=60):
        def answers():
            if not self.alive():
                raise Failed(f"{self.name} ended with {self.child.returncode}:\n{self.tail()}")
            self.url = json.loads((self.data / "endpoint.json").read_text())["http"]
            # Not /readyz: an edge whose broker is away answers, though it takes no messages yet.
            with urllib.request.urlopen(self.url + "/healthz", timeout=5) as answer:
                return answer.status == 200
        wait_until(f"{self.name} answers", answers, seconds)

    def request(self, method, path, body=None, content_type="application/json", **query):
        address = self.url + path + ("?" + urllib.parse.urlencode(query) if query else "")
        request = urllib.request.Request(address, data=body, method=method)
        if body is not None:
            request.add_header("Content-Type", content_type)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or b"null")

    def get(self, path, **query):
        return self.request("GET", path, **query)

    def metrics(self):
        with urllib.request.urlopen(self.url + "/metrics", timeout=10) as answer:
            return answer.read().decode()

    def items(self, path, **query):
        """All pages of a list."""
        after, found = None, []
        while True:
            page = self.get(path, limit=1000, **query, **({"after": after} if after else {}))
            found += page["items"]
            after = page.get("next")
            if after is None:
                return found

    def twins(self):
        return {twin["id"]: twin for twin in self.items("/api/v1/twins")}

    def sql(self, text):
        return self.request("POST", "/api/v1/query", json.dumps({"sql": text}).encode())["rows"]


def doppel(*arguments, **options):
    """Runs a client command; its standard output."""
    done = subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True, timeout=120, **options)
    if done.returncode != 0:
        raise Failed(f"doppel {' '.join(map(str, arguments))} ended with {done.returncode}: {done.stderr}")
    return done.stdout


class Scene:
    """A folder and the processes started in it; use it as a context."""

    def __init__(self, prefix="doppel-test-"):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=prefix))
        self.processes = []

    def __enter__(self):
        return self

    def __exit__(self, kind, _error, _trace):
        for process in reversed(self.processes):
            with contextlib.suppress(Failed):
                if process.child is not None:
                    process.stop()
        if kind is None or issubclass(kind, KeyboardInterrupt):
            shutil.rmtree(self.folder, ignore_errors=True)
        else:
            print(f"logs: {self.folder}", flush=True)

    def start(self, process, **how):
        self.processes.append(process)
        process.start(**how)
        return process

    def broker(self, extra=""):
        return self.start(Broker(self.folder, extra))

    def coordinator(self, name="centre", settings="", folder=None):
        bind = f"tcp://127.0.0.1:{free_port()}"
        node = Node("coordinator", name, folder or self.folder, settings, ["--bind", bind])
        node.bind = bind
        return self.start(node)

    def edge(self, name, settings="", arguments=(), folder=None):
        """An edge that is subscribed where it has a broker: what is published from now on reaches it."""
        node = self.start(Node("edge", name, folder or self.folder, settings, arguments))
        wait_until(f"{name} is subscribed", lambda: all(source["connected"] for source in node.get("/api/v1/node")["mqtt"]))
        return node
