"""An MQTT 3.1.1 publisher that outlives its broker: what is not acknowledged is sent again when the broker is back."""

import contextlib
import socket
import struct
import threading
import time

from mqtt import packet, text

CONNACK, PUBACK, PUBREC, PUBCOMP = 0x20, 0x40, 0x50, 0x70
PUBREL = 0x62
DUP = 0x08
MOST_UNACKNOWLEDGED = 20


class LastingPublisher:
    """publish() may be called while the broker is away; it waits while too much is unacknowledged. Thread: one at a time."""

    def __init__(self, port, qos_of):
        """`qos_of`: 1 or 2, of a topic. At 2 a message comes to a broker once that keeps its sessions."""
        self._port, self._qos_of = port, qos_of
        self._socket, self._next_id, self._is_closed = None, 0, False
        self._unacknowledged = {}  # what is to be sent again, by packet id, in order
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def publish(self, topic, payload):
        with self._changed:
            self._changed.wait_for(lambda: len(self._unacknowledged) < MOST_UNACKNOWLEDGED)
            self._next_id = self._next_id % 65535 + 1
            first, body = 0x30 | self._qos_of(topic) << 1, text(topic) + struct.pack("!H", self._next_id) + payload.encode()
            self._unacknowledged[self._next_id] = packet(first | DUP, body)
            self._send(packet(first, body))

    def close(self, seconds=60):
        """When everything is acknowledged."""
        with self._changed:
            if not self._changed.wait_for(lambda: not self._unacknowledged, seconds):
                raise TimeoutError(f"{len(self._unacknowledged)} messages are not acknowledged within {seconds} s")
            self._is_closed = True
            self._send(b"\xe0\x00")
        self._thread.join()

    def _send(self, data):
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.sendall(data)

    def _run(self):
        while not self._is_closed:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self._port), 5) as connection:
                connection.sendall(packet(0x10, text("MQTT") + bytes([4, 0]) + struct.pack("!H", 0) + text("doppel-torture-publisher")))
                self._read(connection)
            with self._changed:
                self._socket = None
            time.sleep(0.05)

    def _read(self, connection):
        stream = connection.makefile("rb")
        while len(answer := stream.read(4)) == 4:  # all that a publisher hears has four bytes
            with self._changed:
                self._take(connection, answer[0], int.from_bytes(answer[2:], "big"))
                self._changed.notify_all()

    def _take(self, connection, kind, packet_id):
        if kind == CONNACK:
            self._socket = connection
            self._send(b"".join(self._unacknowledged.values()))
        elif kind == PUBREC and packet_id in self._unacknowledged:
            self._unacknowledged[packet_id] = packet(PUBREL, struct.pack("!H", packet_id))
            self._send(self._unacknowledged[packet_id])
        elif kind in (PUBACK, PUBCOMP):
            self._unacknowledged.pop(packet_id, None)
