"""A publisher that speaks MQTT 3.1.1 by itself, so that a test knows which messages the broker has acknowledged."""

import socket
import struct
import threading
import time

WINDOW = 200  # messages on their way without an acknowledgement


def _length(count):
    out = bytearray()
    while True:
        count, digit = divmod(count, 128)
        out.append(digit | (0x80 if count else 0))
        if not count:
            return bytes(out)


def text(value):
    data = value.encode() if isinstance(value, str) else value
    return struct.pack("!H", len(data)) + data


def packet(first, body):
    return bytes([first]) + _length(len(body)) + body


class Publisher:
    """Publishes in order over one connection. close() returns when everything is acknowledged."""

    def __init__(self, port, client_id="doppel-test-publisher"):
        self.socket = socket.create_connection(("127.0.0.1", port), 10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.sendall(packet(0x10, text("MQTT") + bytes([4, 2]) + struct.pack("!H", 0) + text(client_id)))
        if self._read(4)[3] != 0:
            raise ConnectionError("the broker refused the publisher")
        self.next_id = 0
        self.acknowledged = 0
        self.sent = 0
        self.broken = None
        self.changed = threading.Condition()
        self.reader = threading.Thread(target=self._read_acknowledgements, daemon=True)
        self.reader.start()

    def _read(self, count):
        data = b""
        while len(data) < count:
            more = self.socket.recv(count - len(data))
            if not more:
                raise ConnectionError("the broker closed the connection")
            data += more
        return data

    def _read_acknowledgements(self):
        try:
            while True:
                if self._read(4)[0] != 0x40:
                    raise ConnectionError("the broker sent something else than PUBACK")
                with self.changed:
                    self.acknowledged += 1
                    self.changed.notify_all()
        except OSError as error:
            with self.changed:
                self.broken = error
                self.changed.notify_all()

    def _wait(self, condition, seconds=60):
        with self.changed:
            in_time = self.changed.wait_for(lambda: self.broken or condition(), seconds)
            if self.broken and not condition():
                raise ConnectionError("the broker is gone") from self.broken
            if not in_time:
                raise TimeoutError(f"{self.sent - self.acknowledged} messages are not acknowledged")

    def publish(self, topic, payload, retain=False):
        """At QoS 1."""
        self._wait(lambda: self.sent - self.acknowledged < WINDOW)
        self.next_id = self.next_id % 65535 + 1
        self.socket.sendall(packet(0x32 | int(retain), text(topic) + struct.pack("!H", self.next_id) +
                                    (payload.encode() if isinstance(payload, str) else payload)))
        self.sent += 1

    def publish_all(self, messages, rate=None):
        """(topic, payload) pairs, at most `rate` a second. Yields how many were sent, after each hundredth."""
        began = time.monotonic()
        for number, (topic, payload) in enumerate(messages, 1):
            self.publish(topic, payload)
            if number % 100 == 0:
                if rate:
                    time.sleep(max(0.0, began + number / rate - time.monotonic()))
                yield number

    def close(self):
        self._wait(lambda: self.acknowledged == self.sent)
        self.socket.sendall(b"\xe0\x00")
        self.socket.close()
