"""One edge as its owner sees it: started with a broker's address alone, asked by commands, fed with anything."""

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

    def test_nothing_that_is_published_ends_the_edge_or_vanishes(self):
        deep = '{"a":' * 100 + "1" + "}" * 100
        odd = {"object": b'{"v": 1}', "number": b"1", "text": "höhe".encode(), "empty": b"", "binary": bytes(range(256)),
               "not-utf8": b'{"v": "\xff\xfe"}', "broken": b'{"v": ', "deep": deep.encode(), "nan": b'{"v": NaN}',
               "huge-number": b'{"v": 1e999, "w": 123456789012345678901234567890}', "twice": b'{"v": 1, "v": 2}',
               "wrong-type": b'{"v": [1, {"x": null}], "w": {}}', "a-megabyte": b"x" * 1_000_000,
               "three-megabytes": b"y" * 3_000_000, "nul": b'{"\\u0000": 1}', "many": json.dumps(
                   {f"field{number}": number for number in range(5_000)}).encode()}
        self.publish(*((f"odd/{name}/value", payload) for name, payload in odd.items()))
        self.publish(("odd/retained/value", b'{"v": 1}'), retain=True)
        self.publish(("odd/last/value", b'{"v": 1}'))
        self.twin("odd/last/value")
        self.assertTrue(self.edge.alive())
        letters = self.edge.items("/api/v1/dead-letters")
        kept = set(self.edge.twins())
        for name in odd:
            named = [letter for letter in letters if letter.get("topic") == f"odd/{name}/value"]
            self.assertTrue(named or f"odd/{name}/value" in kept or f"odd/{name}" in kept,
                            f"{name} is neither a twin nor a dead letter")
            for letter in named:
                self.assertTrue(letter["reason"], f"{name} is a dead letter without a reason")

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
        with urllib.request.urlopen(self.edge.url + "/metrics", timeout=10) as answer:
            text = answer.read()
        judged = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True)
        self.assertEqual((judged.returncode, judged.stderr.decode()), (0, ""))

    def test_a_second_process_on_the_same_data_is_refused_by_name(self):
        second = subprocess.run([harness.BINARY, "edge", "--data", self.edge.data, "--http", "127.0.0.1:0"],
                                capture_output=True, text=True, timeout=30)
        self.assertEqual(second.returncode, 1)
        self.assertIn(str(self.edge.data), second.stderr + second.stdout)


if __name__ == "__main__":
    unittest.main()
