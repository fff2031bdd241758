// One examples/*.json file: events in, expected effects and state out. Private to this room.
//
//     { "description": "...",
//       "twins":   { "TWIN": { "PROPERTY": VALUE } },                                   properties before the first event
//       "events":  [ { "twin": "TWIN", "payload": { "FIELD": VALUE }, "time": "RFC 3339", "topic": "...", "trigger": "topic" } ],
//       "effects": [ { "event": 0, "kind": "set", "name": "PROPERTY", "value": VALUE } ],   also "target", "detail"
//       "state":   { "TWIN": [ { "f64": 1.5 }, { "u32": 2 } ] } }                       as a C struct would hold them
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "functions/abi/run.h"
#include "twin_store/model/result.h"

namespace doppel::fntool {

using Fields = std::map<std::string, Value>;

struct ExampleEvent {
  std::string twin;
  std::string topic;    // the twin's id when the file gives none
  std::string payload;  // JSON text
  Timestamp time;
  TriggerKind trigger = TriggerKind::topic;
  Fields fields;        // of the payload, nested ones joined by '.'
};

struct StateField {
  std::string type;   // f64, f32, i64, u64, i32, u32, i16, u16, i8, u8
  std::string value;  // JSON text
};

struct Example {
  std::string description;
  std::map<std::string, Fields> twins;
  std::vector<ExampleEvent> events;
  std::vector<std::string> effects;  // each as one line of JSON, in the form of effect_text
  std::map<std::string, std::vector<StateField>> state;
};

// Errors: invalid_input, naming what in the text is wrong.
Result<Example> parse_example(const std::string& text);

// One line of JSON, with its keys in a fixed order, that is the same exactly for the same effect.
std::string effect_text(const Effect& effect, std::size_t event);

// The fields of a block, read in the order and types of `like`: "[f64 1.5, u32 2]".
std::string state_text(std::string_view block, const std::vector<StateField>& like);
std::string state_text(const std::vector<StateField>& fields);

}  // namespace doppel::fntool
