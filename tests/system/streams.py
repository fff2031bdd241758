"""The change stream of a node, as a program reads it and as `doppel twin watch` does."""

import contextlib
import http.client
import json
import queue
import signal
import socket
import subprocess
import threading
import urllib.parse

import harness


class Stream:
    """Server-Sent Events, read in a thread."""

    def __init__(self, node, last_id="", **query):
        address = urllib.parse.urlparse(node.url)
        connection = http.client.HTTPConnection(address.hostname, address.port, timeout=60)
        connection.connect()
        self.socket = connection.sock  # the answer takes it away from the connection
        connection.request("GET", "/api/v1/stream?" + urllib.parse.urlencode(query),
                           headers={"Last-Event-ID": last_id} if last_id else {})
        self.answer = connection.getresponse()
        self.last_id, self.events = last_id, queue.Queue()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        kind, _ = self.next()
        assert kind == "open", kind

    def _read(self):
        event = {}
        with contextlib.suppress(OSError, ValueError, AttributeError):
            for line in self.answer:
                field, _, value = line.decode().rstrip("\n").partition(": ")
                if field:
                    event[field] = value
                elif event:
                    self.events.put(event)
                    event = {}

    def next(self):
        event = self.events.get(timeout=30)
        self.last_id = event.get("id", self.last_id)
        return (event["event"], json.loads(event["data"])) if "event" in event else self.next()

    def change(self):
        kind, change = self.next()
        assert kind == "change", (kind, change)
        return change

    def close(self):
        with contextlib.suppress(OSError):  # already closed, or the node is gone
            self.socket.shutdown(socket.SHUT_RDWR)
        self.reader.join()
        self.answer.close()


class Watcher:
    """`doppel twin watch` with its lines."""

    def __init__(self, *arguments):
        self.child = subprocess.Popen([harness.BINARY, "twin", "watch", *map(str, arguments)], stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE, text=True, bufsize=1)
        self.out, self.err = queue.Queue(), queue.Queue()
        for pipe, lines in ((self.child.stdout, self.out), (self.child.stderr, self.err)):
            threading.Thread(target=lambda pipe=pipe, lines=lines: [lines.put(line) for line in pipe], daemon=True).start()

    def interrupt(self):
        self.child.send_signal(signal.SIGINT)
        return self.child.wait(30)
