"""A broker that speaks MQTT 3.1.1 alone: there a function's publications would come back to it as messages."""

import socket
import struct
import threading
import unittest

import harness
import mqtt

MANIFEST = """
name = "echo"
version = "1.0.0"
reads = ["v: i64"]
[[trigger]]
topic = "plant/#"
[grants]
publish = ["plant/echo"]
"""
SOURCE = """
#include <doppel/function.hpp>
void on_event(const doppel::Event& event, doppel::NoState&, doppel::Effects& effects) { effects.publish("plant/echo", event.i64("v").value_or(0)); }
DOPPEL_FUNCTION(doppel::NoState, on_event)
"""


class OldBroker:
    """Passes every publication on to everyone who has subscribed to anything; refuses MQTT 5."""

    def __init__(self, port):
        self.listener = socket.create_server(("127.0.0.1", port))
        self.subscribers, self.lock = [], threading.Lock()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.talk, args=(client,), daemon=True).start()

    def talk(self, client):
        stream = client.makefile("rb")
        try:
            while head := stream.read(1):
                length, shift = 0, 0
                while True:
                    digit = stream.read(1)[0]
                    length |= (digit & 0x7F) << shift
                    shift += 7
                    if digit < 0x80:
                        break
                if not self.answer(client, head[0], stream.read(length)):
                    break
        except (OSError, IndexError):
            pass
        finally:
            with self.lock:
                self.subscribers = [one for one in self.subscribers if one is not client]
            client.close()

    def answer(self, client, head, body):
        kind = head >> 4
        if kind == 1:  # CONNECT
            is_old = body[6] == 4
            client.sendall(bytes([0x20, 2, 0, 0 if is_old else 1]))
            return is_old
        if kind == 8:  # SUBSCRIBE
            client.sendall(bytes([0x90, 3]) + body[:2] + b"\x00")
            with self.lock:
                self.subscribers.append(client)
        if kind == 10:  # UNSUBSCRIBE
            client.sendall(bytes([0xB0, 2]) + body[:2])
        if kind == 12:  # PINGREQ
            client.sendall(b"\xd0\x00")
        if kind == 3:  # PUBLISH
            size = struct.unpack("!H", body[:2])[0]
            rest = body[2 + size:]
            if head & 6:
                client.sendall(b"\x40\x02" + rest[:2])
                rest = rest[2:]
            with self.lock:
                for one in self.subscribers:
                    one.sendall(mqtt.packet(0x30, body[:2 + size] + rest))
        return kind != 14

    def close(self):
        self.listener.close()


class Loops(harness.SceneTest):
    def setUp(self):
        super().setUp()
        self.port = harness.free_port()
        self.folder = self.scene.folder / "echo"
        self.folder.mkdir()
        (self.folder / "function.toml").write_text(MANIFEST)
        (self.folder / "echo.cpp").write_text(SOURCE)
        harness.doppel("fn", "build", self.folder)

    def start_broker(self):
        broker = OldBroker(self.port)
        self.addCleanup(broker.close)

    def edge(self, settings="", wait=True):
        arguments = ["--mqtt", f"mqtt://127.0.0.1:{self.port}"]
        if wait:
            return self.scene.edge("solo", settings, arguments)
        return self.scene.start(harness.Node("edge", "solo", self.scene.folder, settings, arguments))

    def deploy(self, edge):
        harness.doppel("fn", "deploy", self.folder, "--server", edge.url)

    def wait_until_publisher_is_connected(self, edge):
        harness.wait_until("the publisher is connected", lambda: edge.log.read_text().count("mqtt_connected") >= 2)

    def test_a_function_that_would_feed_itself_is_refused_by_name(self):
        self.start_broker()
        edge = self.edge()
        self.wait_until_publisher_is_connected(edge)
        with self.assertRaises(harness.Failed) as refused:
            self.deploy(edge)
        for part in ('"plant/echo"', '"#"', "functions.allow_loop"):
            self.assertIn(part, str(refused.exception))
        self.assertEqual(edge.get("/api/v1/functions")["items"], [])

    def test_it_is_taken_where_loops_are_allowed(self):
        self.start_broker()
        edge = self.edge("[functions]\nallow_loop = true\n")
        self.wait_until_publisher_is_connected(edge)
        self.deploy(edge)

    def test_one_that_was_deployed_before_the_broker_was_heard_publishes_nothing_that_comes_back(self):
        edge = self.edge(wait=False)
        self.deploy(edge)
        self.start_broker()
        harness.wait_until("it is subscribed", lambda: edge.get("/api/v1/node")["mqtt"][0]["connected"])
        publisher = mqtt.Publisher(self.port)
        publisher.publish("plant/pump", '{"v": 1}')
        publisher.close()
        harness.wait_until("the refusal is told", lambda: "publication_refused" in edge.log.read_text())
        self.assertEqual(edge.get("/api/v1/functions/echo")["events"], 1)
        self.assertEqual(set(edge.twins()), {"plant/pump"})


if __name__ == "__main__":
    unittest.main()
