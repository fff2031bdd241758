"""What an operator sees from outside: whether a node works and is ready, and what it could not keep or send."""

import json
import re
import shutil
import subprocess
import time
import unittest
import urllib.error
import urllib.request

import harness
import mqtt
import playground

FUNCTION = """name = "{name}"
version = "1"
reads = ["v: i64"]
[[trigger]]
topic = "plant/#"
[grants]
publish = ["out"]
[limits]
fuel = "{fuel}"
"""
SOURCE = """
#include <doppel/function.hpp>
void on_event(const doppel::Event& event, doppel::NoState&, doppel::Effects& effects) {{
  const int64_t value = event.i64("v").value_or(0);
  {body}
}}
DOPPEL_FUNCTION(doppel::NoState, on_event)
"""
SPINS = "for (volatile int64_t i = value; i < 0;) {} (void)effects;"
PUBLISHES = 'effects.publish("out", value);'


def probe(node, path):
    """The status and the text of an answer."""
    try:
        with urllib.request.urlopen(node.url + path, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read()).get("detail")


def metric(node, name, **labels):
    text = probe(node, "/metrics")[1]
    written = "{" + ",".join(f'{label}="{value}"' for label, value in labels.items()) + "}" if labels else ""
    found = re.search(f"^{re.escape(name + written)} (.*)$", text, re.MULTILINE)
    return float(found.group(1)) if found else None


def deploy(scene, node, name, body, fuel="1M"):
    folder = scene.folder / name
    folder.mkdir()
    (folder / "function.toml").write_text(FUNCTION.format(name=name, fuel=fuel))
    (folder / f"{name}.cpp").write_text(SOURCE.format(body=body))
    harness.doppel("fn", "build", folder)
    harness.doppel("fn", "deploy", folder, "--server", node.url)


class Start(harness.SceneTest):
    def test_a_port_that_is_taken_ends_the_start_before_anything_is_taken_over(self):
        broker = self.scene.broker()
        first = self.scene.edge("first", arguments=["--mqtt", broker.url])
        address = first.url.removeprefix("http://")
        second = harness.Node("edge", "second", self.scene.folder, arguments=["--mqtt", broker.url])
        second.command[second.command.index("--http") + 1] = address
        self.scene.start(second, wait=False)
        self.assertEqual(second.child.wait(timeout=20), 1)
        log = second.tail(100)
        self.assertIn("cannot_start", log)
        self.assertIn(f"cannot listen on http address {address}: Address already in use", log)
        self.assertNotIn("recovered", log)
        self.assertNotIn("doppel-second", broker.tail(1000))
        self.assertIn("doppel-first", broker.tail(1000))

    def test_a_node_without_a_broker_says_so_and_how_to_give_one(self):
        edge = self.scene.edge("alone")
        self.assertEqual(edge.tail(100).count("no_source"), 1)
        self.assertIn("--mqtt mqtt://HOST:PORT", edge.tail(100))
        self.assertNotIn("no_source", self.scene.edge("north", arguments=["--mqtt", self.scene.broker().url]).tail(100))

    def test_a_second_node_on_the_folder_of_one_that_runs_is_told_what_to_do(self):
        edge = self.scene.edge("alone")
        done = subprocess.run([harness.BINARY, "edge", "--config", edge.config, "--http", "127.0.0.1:0"], capture_output=True, text=True, timeout=20)
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"LOCK is held by process {edge.child.pid}, which runs on this folder already; another node needs a --name or --data", done.stderr)

    def test_a_check_of_the_journal_says_whether_a_node_runs_on_it(self):
        edge = self.scene.edge("alone")
        verify = lambda: harness.doppel("journal", "verify", "--data", edge.data)  # noqa: E731
        self.assertIn(f"The node alone runs on it (process {edge.child.pid}).\n", verify())
        edge.kill()
        self.assertIn("No node runs on it.\n", verify())


class Health(harness.SceneTest):
    def test_a_node_is_ready_once_a_broker_that_it_is_configured_with_takes_its_subscription(self):
        broker = self.scene.broker()
        broker.stop()
        edge = harness.Node("edge", "solo", self.scene.folder, f'[[mqtt]]\nname = "hall"\nurl = "{broker.url}"\n')
        self.scene.start(edge, wait=False)
        harness.wait_until("it listens", lambda: (edge.data / "endpoint.json").exists())
        edge.url = json.loads((edge.data / "endpoint.json").read_text())["http"]
        status, why = harness.wait_until("it has tried", lambda: (answer := probe(edge, "/readyz"))[0] == 503 and "(" in answer[1] and answer)
        self.assertIn(f"no MQTT source is subscribed; hall at {broker.url} is disconnected (", why)
        self.assertEqual(probe(edge, "/healthz"), (200, "ok\n"))
        broker.start()
        harness.wait_until("it is ready", lambda: probe(edge, "/readyz") == (200, "ok\n"))
        self.assertEqual(edge.get("/api/v1/node")["mqtt"][0]["state"], "subscribed")
        broker.stop()
        harness.wait_until("it is not ready any more", lambda: probe(edge, "/readyz")[0] == 503)

    def test_without_a_broker_and_at_a_coordinator_nothing_is_missing(self):
        for node in (self.scene.edge("solo"), self.scene.coordinator()):
            self.assertEqual((probe(node, "/healthz")[0], probe(node, "/readyz")[0]), (200, 200))

    def test_a_lane_that_hangs_is_seen(self):
        broker = self.scene.broker()
        edge = self.scene.edge("solo", "[functions]\nmax_fuel = 10000000000\nfailure_fuel = 1000000000000\n", ["--mqtt", broker.url])
        deploy(self.scene, edge, "spinner", SPINS, "10G")
        publisher = mqtt.Publisher(broker.port)
        for _ in range(50):  # the second batch has all but one of them
            publisher.publish("plant/pump", '{"v": -1}')
        publisher.close()
        status, why = harness.wait_until("the probe sees it", lambda: (answer := probe(edge, "/healthz"))[0] == 503 and answer, 90, every=1)
        self.assertRegex(why, "the lane has not answered for 3[0-9] s; it is taken to hang after 30 s")
        self.assertEqual(probe(edge, "/readyz"), (503, why))
        edge.kill()


class Losses(harness.SceneTest):
    def setUp(self):
        super().setUp()
        self.broker = self.scene.broker()

    def publish(self, *payloads, topic="plant/pump"):
        publisher = mqtt.Publisher(self.broker.port)
        for payload in payloads:
            publisher.publish(topic, payload)
        publisher.close()

    def test_what_is_odd_about_messages_is_counted(self):
        edge = self.scene.edge("solo", arguments=["--mqtt", self.broker.url])
        self.publish("NaN", topic="plant/pump/speed")
        self.publish('{"v": 1, "v": 2}', json.dumps({"v": 1, "": 5, "ts": int(time.time()) + 86_400}))
        harness.wait_until("all are applied", lambda: edge.get("/api/v1/node")["counters"]["events"] == 3)
        counters = edge.get("/api/v1/node")["counters"]
        for name, shown in (("not_finite", "not_finite_values"), ("duplicate_keys",) * 2, ("times_ahead",) * 2, ("unnamed_fields",) * 2):
            self.assertEqual((counters[name], metric(edge, f"doppel_{shown}_total")), (1, 1), name)

    def test_properties_that_are_left_out_are_counted(self):
        if shutil.which("mosquitto_pub") is None:
            self.skipTest("mosquitto_pub is not installed")
        edge = self.scene.edge("solo", arguments=["--mqtt", self.broker.url])
        large = [word for name in "ab" for word in ("-D", "publish", "user-property", name, "x" * 60_000)]
        subprocess.run(["mosquitto_pub", "-p", str(self.broker.port), "-V", "mqttv5", "-q", "1", "-t", "plant/pump", "-m", '{"v": 1}', *large],
                       check=True, timeout=20)
        harness.wait_until("it is applied", lambda: edge.twins().get("plant/pump"))
        self.assertEqual(edge.get("/api/v1/node")["mqtt"][0]["headers_left_out"], 1)
        self.assertEqual(metric(edge, "doppel_mqtt_headers_left_out_total", source="mqtt"), 1)

    def test_publications_that_the_outbox_has_no_room_for_are_counted_and_said(self):
        away = playground.Broker(self.scene.folder, "")
        edge = self.scene.start(harness.Node("edge", "solo", self.scene.folder, (
            f'[[mqtt]]\nurl = "{self.broker.url}"\n[[mqtt]]\nurl = "{away.url}"\ntopics = ["none"]\npublish = true\n'
            "[functions]\nmax_unpublished = 100\n")))
        deploy(self.scene, edge, "echo", PUBLISHES)
        self.publish(*(json.dumps({"v": number}) for number in range(300)))
        dropped = lambda: metric(edge, "doppel_outbox_dropped_total", kind="publish")
        harness.wait_until("200 are dropped", lambda: dropped() == 200)
        self.assertEqual(edge.get("/api/v1/node")["store"]["outbox"]["publish"], {"undelivered": 100, "dropped": 200})
        self.assertEqual(edge.log.read_text().count("outbox_full"), 1)
        # The newest are still there, for the broker that was chosen for them.
        away.start()
        self.scene.processes.append(away)
        delivered = lambda: edge.get("/api/v1/node")["store"]["outbox"]["publish"]["undelivered"] == 0
        harness.wait_until("the rest is delivered", delivered, 60)
        self.assertIn("outbox_has_room", edge.log.read_text())
        self.assertEqual(metric(edge, "doppel_mqtt_published_total"), 100)


class Answers(harness.SceneTest):
    def test_a_function_is_deleted_when_the_disk_has_it(self):
        """Rule 9: what is answered survives a power cut."""
        broker = self.scene.broker()
        edge = self.scene.edge("solo", '[journal]\nsync_interval = "1 min"\n', ["--mqtt", broker.url])
        deploy(self.scene, edge, "echo", PUBLISHES)
        before = edge.get("/api/v1/node")["journal"]
        self.assertEqual(edge.request("DELETE", "/api/v1/functions/echo"), {"name": "echo", "removed": True})
        after = edge.get("/api/v1/node")["journal"]
        self.assertGreater(after["synced_position"], before["last_position"])

    def test_a_value_that_is_older_than_what_there_is_loses(self):
        broker = self.scene.broker()
        edge = self.scene.edge("solo", arguments=["--mqtt", broker.url])
        publisher = mqtt.Publisher(broker.port)
        publisher.publish("plant/pump", '{"v": 1, "ts": "2026-01-01T00:00:10Z"}')
        publisher.close()
        harness.wait_until("the twin is there", lambda: edge.twins().get("plant/pump"))
        path = "/api/v1/twins/plant%2Fpump/properties/v"

        def put(time, **headers):
            request = urllib.request.Request(edge.url + path, json.dumps({"v": 5, "ts": time}).encode(),
                                             {"Content-Type": "application/json", **headers}, method="PUT")
            try:
                with urllib.request.urlopen(request, timeout=10) as answer:
                    return answer.status, answer.read().decode()
            except urllib.error.HTTPError as error:
                return error.code, json.loads(error.read())["detail"]

        self.assertEqual(put("2026-01-01T00:00:09Z"),
                         (409, "property v of plant/pump has a value of 2026-01-01T00:00:10Z, newer than 2026-01-01T00:00:09Z"))
        self.assertEqual(put("2026-01-01T00:00:11Z", **{"If-Match": '"7"'})[0], 412)
        self.assertEqual(put("2026-01-01T00:00:11Z", **{"If-Match": '"1"'}), (200, '{"rev":2}'))
        self.assertEqual(edge.twins()["plant/pump"]["properties"]["v"]["pending_since"], "2026-01-01T00:00:11Z")


if __name__ == "__main__":
    unittest.main()
