"""One edge as its owner sees it: started with a broker's address alone, asked by commands, fed with anything."""

import base64
import json
import shutil
import subprocess
import unittest
import urllib.request

import harness
import mqtt


class Edge(harness.SceneTest):
    def setUp(self):
        super().setUp()
        self.broker = self.scene.broker("message_size_limit 0\n")
        self.edge = self.scene.edge("solo", arguments=["--mqtt", self.broker.url])

    def publish(self, *messages, retain=False):
        publisher = mqtt.Publisher(self.broker.port)
        for topic, payload in messages:
            publisher.publish(topic, payload, retain)
        publisher.close()

    def twin(self, name):
        return harness.wait_until(f"twin {name}", lambda: self.edge.twins().get(name))

    def doppel(self, *arguments):
        return harness.doppel(*arguments, "--data", self.edge.data)

    def test_the_default_rule_makes_twins_of_objects_and_scalars(self):
        self.publish(("plant/motor/1", '{"temperature": 20.5, "state": {"mode": "auto"}, "ts": 1767323045}'),
                     ("plant/motor/2/speed", "1480"), ("plant/motor/2/label", "north wing"))
        motor = self.twin("plant/motor/1")["properties"]
        self.assertEqual({name: value["v"] for name, value in motor.items() if name != "ts"},
                         {"temperature": 20.5, "state.mode": "auto"})
        harness.wait_until("both properties of motor 2", lambda: len(self.twin("plant/motor/2")["properties"]) == 2)
        self.assertEqual(self.twin("plant/motor/2")["properties"]["speed"]["v"], 1480)
        self.assertEqual(self.twin("plant/motor/2")["events"], 2)

    def test_the_commands_find_the_edge_by_its_data_folder(self):
        self.publish(("plant/motor/1", '{"temperature": 20.5}'))
        self.twin("plant/motor/1")
        self.assertIn("plant/motor/1", self.doppel("twin", "list"))
        self.assertIn("20.5", self.doppel("twin", "get", "plant/motor/1"))
        self.doppel("twin", "set", "plant/motor/1", "limit", "90.5")
        shown = json.loads(self.doppel("twin", "get", "plant/motor/1", "--json"))["properties"]["limit"]
        self.assertIn(90.5, (shown.get("v"), shown.get("desired")))
        rows = json.loads(self.doppel("twin", "query", "SELECT count(*) AS n FROM twins", "--json"))
        self.assertEqual(rows["rows"], [[1]])

    def test_the_node_says_how_its_broker_is(self):
        self.publish(("plant/motor/1", "{}"), ("plant/motor/2", "{}"))
        self.twin("plant/motor/2")
        source = lambda: self.edge.get("/api/v1/node")["mqtt"][0]
        before = source()
        self.assertEqual((before["name"], before["url"], before["connected"], before["messages"], before["last_error"]),
                         ("mqtt", self.broker.url, True, 2, None))
        self.broker.stop()
        gone = harness.wait_until("the edge has noticed", lambda: not source()["connected"] and source())
        self.assertGreater(gone["since"], before["since"])
        self.assertTrue(gone["last_error"])

    def test_a_topic_that_is_no_longer_configured_is_unsubscribed_also_when_the_edge_was_killed(self):
        edge = self.scene.edge("picky", f'[[mqtt]]\nurl = "{self.broker.url}"\ntopics = ["old/#", "kept/#"]\n')
        self.publish(("old/1/v", "1"), ("kept/1/v", "1"))
        harness.wait_until("both twins", lambda: len(edge.twins()) == 2)
        edge.kill()
        edge.config.write_text(edge.config.read_text().replace("old/#", "new/#"))
        edge.start()
        harness.wait_until("it is subscribed", lambda: edge.get("/api/v1/node")["mqtt"][0]["connected"])
        self.publish(("old/1/v", "2"), ("kept/1/v", "2"), ("new/1/v", "2"))
        harness.wait_until("the new topic's twin", lambda: "new/1" in edge.twins())
        self.assertEqual({twin: state["events"] for twin, state in edge.twins().items()}, {"old/1": 1, "kept/1": 2, "new/1": 1})

    def test_what_can_be_understood_is_kept_as_what_it_is(self):
        binary = bytes(range(256))
        kept = {"object": (b'{"v": 1}', {"v": 1}), "number": (b"1", 1), "text": ("höhe".encode(), "höhe"), "quoted": (b'"a"', "a"),
                "binary": (binary, {"base64": base64.b64encode(binary).decode()}), "nan": (b'{"v": NaN}', {"v": "NaN"}), "bare-nan": (b"NaN", "NaN"),
                "huge": (b'{"v": 123456789012345678901234567890}', {"v": 123456789012345678901234567890}),
                "twice": (b'{"v": 1, "v": 2}', {"v": 2}), "nul": (b'{"\\u0000": 1}', {"\0": 1}), "nothing": (b'{"v": null}', {"v": None}),
                "nested": (b'{"a": [1, {"x": null}], "b": {"c": true}, "w": {}}', {"a": [1, {"x": None}], "b.c": True, "w": {}})}
        self.publish(*((f"odd/{name}/value", payload) for name, (payload, _) in kept.items()))
        harness.wait_until("all twins", lambda: len(self.edge.twins()) == len(kept))
        twins = self.edge.twins()
        for name, (payload, wanted) in kept.items():
            is_object = payload.startswith(b"{")
            twin = twins[f"odd/{name}/value" if is_object else f"odd/{name}"]
            values = {name: value["v"] for name, value in twin["properties"].items()}
            self.assertEqual(values, wanted if is_object else {"value": wanted}, name)
            self.assertEqual(twin["events"], 1, name)
        self.publish(("odd/beyond/value", b'{"v": 1e999}'))
        harness.wait_until("the number that no machine has", lambda: "odd/beyond/value" in self.edge.twins())
        with urllib.request.urlopen(self.edge.url + "/api/v1/twins/odd%2Fbeyond%2Fvalue", timeout=10) as answer:
            self.assertIn(b'"v":"1e999",', answer.read())
        self.assertIn("odd/beyond/value", harness.doppel("twin", "list", "--server", self.edge.url))
        self.assertEqual(self.edge.items("/api/v1/dead-letters"), [])
        self.assertEqual(self.edge.get("/api/v1/node")["counters"]["duplicate_keys"], 1)

    def test_what_cannot_be_kept_is_a_dead_letter_that_says_why(self):
        named = {"empty": (b"", "bad_payload", "payload is empty"),
                 "not-utf8": (b'{"v": "\xff\xfe"}', "bad_payload", "not valid UTF-8"),
                 "broken": (b'{"v": ', "bad_payload", "not valid JSON"),
                 "deep": (b'{"a":' * 100 + b"1" + b"}" * 100, "limit_exceeded", "nested deeper than 16 levels"),
                 "megabyte": (b"x" * 1_000_000, "limit_exceeded", "a value of 1000000 bytes, at most 65536"),
                 "long-field": (b'{"v": "%s"}' % (b"x" * 1_000_000), "limit_exceeded", 'field "v" of 1000000 bytes, at most 65536'),
                 "three-megabytes": (b"y" * 3_000_000, "limit_exceeded", "longer than limits.payload"),
                 "many": (json.dumps({f"field{number}": 0 for number in range(5_000)}).encode(), "limit_exceeded", "more than 1024 fields")}
        self.publish(*((f"odd/{name}/value", payload) for name, (payload, _, _) in named.items()), ("plant/last", b"{}"))
        self.twin("plant/last")
        self.assertEqual(set(self.edge.twins()), {"plant/last"})
        letters = {letter["topic"]: letter for letter in self.edge.items("/api/v1/dead-letters")}
        self.assertEqual(set(letters), {f"odd/{name}/value" for name in named})
        for name, (payload, reason, why) in named.items():
            letter = letters[f"odd/{name}/value"]
            self.assertEqual(letter["reason"], reason, name)
            self.assertIn(why, letter["detail"], name)
            if isinstance(letter["payload"], str):
                self.assertTrue(payload.decode().startswith(letter["payload"]), name)
        self.assertTrue(self.edge.alive())

    def test_a_retained_message_is_taken_once_by_who_comes_later_and_after_a_restart(self):
        self.publish(("plant/kept", b'{"v": 1}'), retain=True)
        self.assertEqual(self.twin("plant/kept")["events"], 1)
        late = self.scene.edge("late", arguments=["--mqtt", self.broker.url])
        self.assertEqual(harness.wait_until("the retained message", lambda: late.twins().get("plant/kept"))["properties"]["v"]["v"], 1)
        late.stop()
        late.start()
        harness.wait_until("it is subscribed", lambda: late.get("/api/v1/node")["mqtt"][0]["connected"])
        self.publish(("plant/last", b"{}"))
        harness.wait_until("a message after it", lambda: "plant/last" in late.twins())
        self.assertEqual(late.twins()["plant/kept"]["events"], 1)

    def test_a_clean_stop_and_a_start_keep_everything(self):
        self.publish(*((f"plant/motor/{number}", json.dumps({"temperature": number})) for number in range(200)))
        harness.wait_until("200 twins", lambda: len(self.edge.twins()) == 200)
        before = self.edge.twins()
        self.assertEqual(self.edge.stop(), 0, self.edge.tail())
        self.edge.start()
        after = self.edge.twins()
        self.assertEqual({twin: state["events"] for twin, state in after.items()},
                         {twin: state["events"] for twin, state in before.items()})
        self.assertIn("0 bad ranges; ended cleanly", harness.doppel("journal", "verify", "--data", self.edge.data))

    def test_metrics_are_what_prometheus_accepts(self):
        promtool = shutil.which("promtool")
        if promtool is None:
            self.skipTest("promtool is not installed")
        judged = subprocess.run([promtool, "check", "metrics"], input=self.edge.metrics().encode(), capture_output=True)
        self.assertEqual((judged.returncode, judged.stderr.decode()), (0, ""))

    def test_a_second_process_on_the_same_data_is_refused_by_name(self):
        second = subprocess.run([harness.BINARY, "edge", "--data", self.edge.data, "--http", "127.0.0.1:0"],
                                capture_output=True, text=True, timeout=30)
        self.assertEqual(second.returncode, 1)
        self.assertIn(str(self.edge.data), second.stderr + second.stdout)


if __name__ == "__main__":
    unittest.main()
