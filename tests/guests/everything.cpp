// Uses all that the SDK offers, once for every event.
#include <doppel/function.hpp>

void on_event(const doppel::Event& event, doppel::NoState&, doppel::Effects& effects) {
  effects.set("f64", event.f64("f64").value_or(-1));
  effects.set("i64", event.i64("i64").value_or(-1));
  effects.set("bool", event.boolean("bool").value_or(false));
  effects.set("string", event.text("string").value_or("absent"));
  effects.set("twin.f64", event.f64("twin.f64").value_or(-1));
  effects.set("twin", event.twin());
  effects.set("topic", event.topic());
  effects.set("payload", doppel::Value::bytes(event.payload()));
  effects.set("time", event.time());
  effects.set("arrival", event.arrival());
  effects.set("position", static_cast<int64_t>(event.position()));
  effects.set("seed", static_cast<int64_t>(event.seed()));
  effects.set("trigger", static_cast<uint32_t>(event.trigger()));
  effects.set("config.gain", event.config().f64("gain").value_or(-1));
  effects.set("config.steps", event.config().i64("steps").value_or(-1));
  effects.set("config.steps as f64", event.config().f64("steps").value_or(-1));
  effects.set("config.on", event.config().boolean("on").value_or(false));
  effects.set("config.mode", event.config().text("mode").value_or("absent"));
  effects.set("config.missing", event.config().i64("missing").value_or(-1));
  effects.set("nothing", {});
  effects.remove("old");
  effects.send("other/twin", "hello", doppel::Value::json("{\"a\":1}"));
  effects.emit("happened");
  effects.publish("out/topic", "text", 1, doppel::Retain::yes);
  effects.alert("hot", 91.5);
  effects.clear("cold");
  effects.alarm("check", doppel::seconds(5));
  effects.cancel("other");
  effects.log(doppel::Level::info, "line");
  effects.retry();
  effects.fail("reason");
}

DOPPEL_FUNCTION(doppel::NoState, on_event)
