"""The change stream of running nodes, as a program and as `doppel twin watch` read it: filters, going on after a cut and a restart."""

import json
import unittest

import harness
import mqtt
from streams import Stream, Watcher


class OfAnEdge(harness.SceneTest):
    def setUp(self):
        super().setUp()
        self.broker = self.scene.broker()
        self.edge = self.scene.edge("solo", arguments=["--mqtt", self.broker.url])

    def publish(self, *messages):
        publisher = mqtt.Publisher(self.broker.port)
        for topic, fields in messages:
            publisher.publish(topic, json.dumps(fields))
        publisher.close()

    def stream(self, **how):
        stream = Stream(self.edge, **how)
        self.addCleanup(stream.close)
        return stream

    def test_each_filter_lets_through_what_it_names(self):
        whole, one = self.stream(), self.stream(twin="plant/b")
        beginning, speed = self.stream(prefix="plant/"), self.stream(property="speed")
        self.publish(("plant/a", {"heat": 1}), ("yard/a", {"speed": 2}), ("plant/b", {"heat": 3}))
        self.assertEqual({whole.change()["id"] for _ in range(3)}, {"plant/a", "yard/a", "plant/b"})
        self.assertEqual(one.change()["id"], "plant/b")
        self.assertEqual({beginning.change()["id"] for _ in range(2)}, {"plant/a", "plant/b"})
        change = speed.change()
        self.assertEqual((change["id"], change["properties"]["speed"]["v"], change["events"]), ("yard/a", 2, 1))
        self.assertTrue(all(stream.events.empty() for stream in (whole, one, beginning, speed)))

    def test_what_is_desired_is_told_and_a_filter_by_property_sees_it(self):
        self.publish(("plant/a", {"limit": 1, "heat": 1}))
        harness.wait_until("the twin", lambda: "plant/a" in self.edge.twins())
        stream = self.stream(property="limit")
        harness.doppel("twin", "set", "plant/a", "limit", "80", "--data", self.edge.data)
        told = stream.change()["properties"]
        self.assertEqual(list(told), ["limit"])
        self.assertEqual((told["limit"]["desired"], told["limit"].get("v")), (80, None))

    def test_who_comes_back_gets_what_it_has_missed_and_what_it_has_seen_not_again(self):
        stream = self.stream(twin="plant/a")
        self.publish(("plant/a", {"heat": 1}))
        self.assertEqual(stream.change()["properties"]["heat"]["v"], 1)
        stream.close()
        for heat in (2, 3):
            self.publish(("plant/a", {"heat": heat}), ("plant/b", {"heat": heat}))
            harness.wait_until("it is applied", lambda: self.edge.twins()["plant/a"]["events"] == heat)
        back = self.stream(last_id=stream.last_id, twin="plant/a")
        self.assertEqual([back.change()["properties"]["heat"]["v"] for _ in range(2)], [2, 3])
        self.assertTrue(back.events.empty())

    def test_an_id_of_the_life_before_is_a_gap(self):
        stream = self.stream()
        self.publish(("plant/a", {"heat": 1}))
        stream.change()
        self.edge.kill()
        self.edge.start()
        self.assertEqual(self.stream(last_id=stream.last_id).next()[0], "gap")

    def test_a_watch_goes_on_after_a_restart_and_ends_well_when_it_is_stopped(self):
        watch = Watcher("plant/#", "--data", self.edge.data)
        self.addCleanup(watch.child.kill)
        harness.wait_until("the watch is connected", lambda: "doppel_http_streams 1" in self.edge.metrics())
        self.publish(("plant/a", {"heat": 1}), ("yard/a", {"heat": 1}))
        self.assertIn("plant/a  heat=1", watch.out.get(timeout=30))
        harness.doppel("twin", "set", "plant/a", "heat", "80", "--data", self.edge.data)
        self.assertIn("plant/a  heat desired=80", watch.out.get(timeout=30))
        self.edge.kill()
        self.assertIn("lost the node", watch.err.get(timeout=30))
        self.edge.start()
        self.assertEqual(watch.err.get(timeout=30), "doppel: the node is back\n")
        self.assertEqual(watch.out.get(timeout=30), "some changes were missed\n")
        harness.wait_until("the edge is subscribed", lambda: self.edge.get("/api/v1/node")["mqtt"][0]["connected"])
        self.publish(("plant/a", {"heat": 2}))
        self.assertIn("plant/a  heat=2", watch.out.get(timeout=30))
        self.assertEqual(watch.interrupt(), 0)
        self.assertTrue(watch.err.empty() and watch.out.empty())

    def test_a_watch_whose_first_connection_fails_gives_up(self):
        self.edge.stop()
        watch = Watcher("--data", self.edge.data)
        self.assertEqual(watch.child.wait(30), 1)
        self.assertIn("no node runs", watch.err.get(timeout=30))


class OfACoordinator(harness.SceneTest):
    """Two edges with twins of the same names; a twin of spare/ is not sent up."""

    def setUp(self):
        super().setUp()
        self.broker = self.scene.broker()
        self.centre = self.scene.coordinator()
        for name in ("north", "south"):
            self.scene.edge(name, f'[uplink]\naddress = "{self.centre.bind}"\ntwins = ["plant/#"]\n'
                                  f'[[mqtt]]\nurl = "{self.broker.url}"\ntopics = ["{name}/#"]\n'
                                  f'[[mapping]]\ntopic = "{name}/{{area}}/{{unit}}"\ntwin = "{{area}}/{{unit}}"\nmodel = "of-{name}"\n')

    def publish(self, topic, **fields):
        publisher = mqtt.Publisher(self.broker.port)
        publisher.publish(topic, json.dumps(fields))
        publisher.close()

    def stream(self, **how):
        stream = Stream(self.centre, **how)
        self.addCleanup(stream.close)
        return stream

    def twins(self):
        return {(twin["edge"], twin["id"]): twin for twin in self.centre.items("/api/v1/twins")}

    def test_a_change_at_an_edge_is_told_with_its_edge_and_filters_choose(self):
        whole, north = self.stream(), self.stream(edge="north")
        one, beginning = self.stream(twin="plant/b"), self.stream(prefix="plant/")
        model, heat = self.stream(model="of-south"), self.stream(property="heat")
        self.publish("north/spare/a", speed=1)
        self.publish("north/plant/a", speed=1)
        self.publish("south/plant/a", speed=2)
        self.publish("south/plant/b", heat=3)
        told = {(change["edge"], change["id"]): change for change in (whole.change() for _ in range(3))}
        self.assertEqual(set(told), {("north", "plant/a"), ("south", "plant/a"), ("south", "plant/b")})
        change, twin = told["south", "plant/b"], self.twins()["south", "plant/b"]
        self.assertEqual((change["properties"]["heat"]["v"], change["events"], change["rev"]), (3, 1, twin["rev"]))
        self.assertEqual((change["model"], change["last_seen"]), ("of-south", twin["last_seen"]))
        self.assertEqual((north.change()["edge"], one.change()["id"], heat.change()["id"]), ("north", "plant/b", "plant/b"))
        self.assertEqual({model.change()["id"] for _ in range(2)}, {"plant/a", "plant/b"})
        self.assertEqual(len({(change["edge"], change["id"]) for change in (beginning.change() for _ in range(3))}), 3)
        self.assertTrue(all(stream.events.empty() for stream in (whole, north, one, beginning, model, heat)))

    def test_a_row_that_replaces_another_tells_what_differs(self):
        self.publish("north/plant/a", speed=1, heat=1)
        harness.wait_until("the twin is known", lambda: ("north", "plant/a") in self.twins())
        stream = self.stream()
        self.publish("north/plant/a", heat=2)
        change = stream.change()
        self.assertEqual((list(change["properties"]), change["properties"]["heat"]["v"]), (["heat"], 2))
        harness.doppel("twin", "set", "plant/a", "speed", "80", "--data", self.scene.folder / "north")
        self.assertEqual(stream.change()["properties"]["speed"]["desired"], 80)

    def test_who_comes_back_gets_what_it_has_missed(self):
        stream = self.stream()
        self.publish("north/plant/a", heat=1)
        stream.change()
        stream.close()
        self.publish("north/plant/b", heat=2)
        harness.wait_until("the twin is known", lambda: ("north", "plant/b") in self.twins())
        back = self.stream(last_id=stream.last_id)
        self.assertEqual(back.change()["id"], "plant/b")
        self.assertTrue(back.events.empty())


if __name__ == "__main__":
    unittest.main()
