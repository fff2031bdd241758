#include <gtest/gtest.h>

#include "broker_bridge/decode/decoder.h"
#include "tests/unit/broker_bridge/decode/message.h"

namespace doppel {
namespace {

struct Decoded {
  std::string twin, model, event_id, fields, labels, error;
  std::optional<Timestamp> time;
};

class MappedDecoder {
 public:
  explicit MappedDecoder(const Mapping& mapping) : decoder_(std::move(Decoder::make(mapping)).value()) {}

  Decoded operator()(const std::string& topic, std::string_view payload) {
    Message message(topic, payload);
    events_.clear();
    Decoded result;
    if (auto ok = decoder_.decode(message.record(), arena_, events_); !ok) {
      result.error = ok.error().message;
      return result;
    }
    const DecodedEvent& event = events_[0];
    for (const auto& field : event.fields) append_json(result.fields += std::string(field.name) + '=', field.value), result.fields += ' ';
    for (const auto& label : event.labels) result.labels += std::string(label.name) + '=' + std::string(label.value) + ' ';
    result.twin = event.twin, result.model = event.model, result.event_id = event.event_id, result.time = event.time;
    return result;
  }

 private:
  Decoder decoder_;
  Arena arena_;
  EventList events_;
};

MappingRule plant_rule() {
  MappingRule rule;
  rule.topic = "plant/{area}/device/{id}";
  rule.twin = "{id}";
  rule.model = "device";
  return rule;
}

std::string mapping_error(const MappingRule& rule) {
  const auto made = Decoder::make({.rules = {rule}});
  return made ? "" : made.error().message;
}

TEST(Mapping, named_levels_make_the_twins_id_and_the_others_become_labels) {
  MappedDecoder decode({.rules = {plant_rule()}});
  for (int again = 0; again < 2; ++again) {  // the second time from memory
    const auto got = decode("plant/north/device/d7", R"({"a":1})");
    EXPECT_EQ(got.twin, "d7");
    EXPECT_EQ(got.model, "device");
    EXPECT_EQ(got.labels, "area=north ");
    EXPECT_EQ(got.fields, "a=1 ");
  }
}

TEST(Mapping, the_first_rule_that_matches_is_taken_and_the_default_rule_stands_behind) {
  MappingRule all;
  all.topic = "plant/#";
  all.model = "rest";
  MappedDecoder decode({.rules = {plant_rule(), all}});
  EXPECT_EQ(decode("plant/north/device/d7", "{}").model, "device");
  EXPECT_EQ(decode("plant/north/other", "{}").model, "rest");
  EXPECT_EQ(decode("city/bus", "{}").model, "");
  EXPECT_EQ(decode("city/bus", "{}").twin, "city/bus");
}

TEST(Mapping, without_the_default_rule_an_unmatched_topic_is_refused) {
  MappedDecoder decode({.rules = {plant_rule()}, .default_rule = false});
  EXPECT_EQ(decode("city/bus", "{}").error, "no mapping matches the topic, and the default rule is off");
}

TEST(Mapping, id_time_and_event_id_come_from_where_the_pointers_say) {
  MappingRule rule = plant_rule();
  rule.twin = "{area}:{/device/id}/{/unit}";
  rule.time = "/meta/at";
  rule.event_id = "/meta/seq";
  MappedDecoder decode({.rules = {rule}});
  const auto got = decode("plant/n/device/x", R"({"device":{"id":"d1"},"unit":7,"ts":1600000000,"meta":{"at":1500000000,"seq":12}})");
  EXPECT_EQ(got.twin, "n:d1/7");
  EXPECT_EQ(got.event_id, "12");
  EXPECT_EQ(got.time, from_nanoseconds(1'500'000'000'000'000'000));
  EXPECT_EQ(got.labels, "id=x ");
  EXPECT_EQ(decode("plant/n/device/x", R"({"device":{"id":[]},"unit":7})").error,
            "payload has no text or integer where the mapping takes the twin's id from");
}

TEST(Mapping, listed_fields_alone_are_taken_under_their_names) {
  MappingRule rule = plant_rule();
  rule.fields = {{"/values/1", "second"}, {"/t~1m", "tm"}, {"/pos", "geo"}};
  MappedDecoder decode({.rules = {rule}});
  EXPECT_EQ(decode("plant/n/device/x", R"({"values":[1,2,3],"t/m":5,"pos":{"lat":1.5,"lon":{"deg":2}},"other":9})").fields,
            "second=2 tm=5 geo.lat=1.5 geo.lon.deg=2 ");
}

TEST(Mapping, a_payload_without_fields_is_the_property_that_the_rule_names) {
  MappingRule rule;
  rule.topic = "plant/{id}/{what}";
  rule.twin = "{id}";
  rule.property = "raw.{what}";
  MappedDecoder decode({.rules = {rule}});
  const auto got = decode("plant/p1/speed", "12");
  EXPECT_EQ(got.twin, "p1");
  EXPECT_EQ(got.fields, "raw.speed=12 ");
  EXPECT_EQ(got.labels, "");
}

TEST(Mapping, a_format_says_that_payloads_are_not_to_be_read) {
  MappingRule rule = plant_rule();
  rule.format = PayloadFormat::text;
  EXPECT_EQ(MappedDecoder({.rules = {rule}})("plant/n/device/x", "{\"a\":1}").fields, "value=\"{\\\"a\\\":1}\" ");
  rule.format = PayloadFormat::bytes;
  EXPECT_EQ(MappedDecoder({.rules = {rule}})("plant/n/device/x", "5").fields, "value={\"base64\":\"NQ==\"} ");
}

TEST(Mapping, an_empty_named_level_makes_no_twin) {
  EXPECT_EQ(MappedDecoder({.rules = {plant_rule()}})("plant/n/device/", "{}").error, "the twin's id is empty");
}

TEST(Mapping, everything_that_is_wrong_is_said_at_once) {
  MappingRule first = plant_rule(), second = plant_rule();
  first.twin = "{nobody}{";
  first.time = "at";
  second.topic = "a/x{id}";
  const auto made = Decoder::make({.rules = {first, second}, .limits = {.depth = 0}});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().message,
            "limit depth = 0, allowed are 1 to 64\n"
            "mapping 1: time = \"at\" is not a JSON pointer: it begins with '/', and '~' is written ~0, '/' inside a name ~1\n"
            "mapping 1: twin uses {nobody}, which the topic does not name\n"
            "mapping 1: twin = \"{nobody}{\" has a '{' without a '}'\n"
            "mapping 2: topic \"a/x{id}\": a named part is a whole level, {name} of letters, digits, _ and -, not \"x{id}\"");
}

TEST(Mapping, a_broken_rule_is_refused) {
  MappingRule rule = plant_rule();
  rule.topic = "a/{x}/{x}";
  EXPECT_EQ(mapping_error(rule), "mapping 1: topic \"a/{x}/{x}\" names {x} twice");
  rule.topic = "a/#/b";
  EXPECT_NE(mapping_error(rule), "");
  rule = plant_rule();
  rule.property = "{/a}";
  EXPECT_NE(mapping_error(rule), "");
  rule = plant_rule();
  rule.fields = {{"/a", "x"}, {"/a", "y"}};
  EXPECT_EQ(mapping_error(rule), "mapping 1: the field at \"/a\" is named twice");
}

}  // namespace
}  // namespace doppel
