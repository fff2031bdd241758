#include "broker_bridge/decode/decoder.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/unit/broker_bridge/decode/message.h"

namespace doppel {
namespace {

class Decoding : public testing::Test {
 protected:
  // The fields as JSON text, "name=value name=value", or the error.
  std::string decode(const std::string& topic, std::string_view payload) {
    message_.emplace(topic, payload);
    return decode();
  }
  std::string decode() {
    events_.clear();
    const auto ok = decoder_.decode(message_->record(), arena_, events_);
    if (!ok) {
      EXPECT_TRUE(events_.empty());
      return std::string(to_string(ok.error().code)) + ": " + ok.error().message;
    }
    EXPECT_EQ(events_.size(), 1u);
    std::string text;
    for (const auto& field : event().fields) {
      if (!text.empty()) text += ' ';
      text += std::string(field.name) + '=';
      append_json(text, field.value);
    }
    return text;
  }
  const DecodedEvent& event() { return events_[0]; }
  ValueView value() { return event().fields.at(0).value; }
  void use(const Mapping& mapping) {
    auto made = Decoder::make(mapping);
    ASSERT_TRUE(made) << made.error().message;
    decoder_ = std::move(made).value();
  }

  Decoder decoder_ = std::move(Decoder::make({})).value();
  std::optional<Message> message_;
  Arena arena_;
  EventList events_;
};

TEST_F(Decoding, an_object_is_one_event_of_the_twin_named_by_the_whole_topic) {
  EXPECT_EQ(decode("plant/a/pump/p-1", R"({"temperature":71.5,"on":true,"mode":"auto","count":3,"fault":null})"),
            R"(temperature=71.5 on=true mode="auto" count=3 fault=null)");
  EXPECT_EQ(event().twin, "plant/a/pump/p-1");
  EXPECT_FALSE(event().time);
}

TEST_F(Decoding, nested_fields_are_joined_by_dots) {
  EXPECT_EQ(decode("d", R"({"a":{"b":{"c":1},"d":2},"e":{}})"), R"(a.b.c=1 a.d=2 e={})");
}

TEST_F(Decoding, an_object_without_fields_is_an_event_without_fields) { EXPECT_EQ(decode("d", " {} "), ""); }

TEST_F(Decoding, a_scalar_is_the_property_named_by_the_last_level) {
  EXPECT_EQ(decode("plant/a/pump/temperature", "71.5"), "temperature=71.5");
  EXPECT_EQ(event().twin, "plant/a/pump");
  EXPECT_EQ(decode("plant/a/pump/state", "running hot"), R"(state="running hot")");
  EXPECT_EQ(decode("plant/a/pump/on", " true\n"), "on=true");
  EXPECT_EQ(decode("plant/a/pump/mode", R"("au\u0074o")"), R"(mode="auto")");
}

TEST_F(Decoding, a_topic_without_a_level_to_split_off_is_the_twin_of_the_property_value) {
  for (const char* topic : {"pump", "/pump", "pump/"}) {
    EXPECT_EQ(decode(topic, "5"), "value=5");
    EXPECT_EQ(event().twin, topic);
  }
}

TEST_F(Decoding, integers_and_numbers_keep_their_kind) {
  decode("a/b", "5");
  EXPECT_EQ(value().kind, ValueKind::integer);
  decode("a/b", "5.0");
  EXPECT_EQ(value().kind, ValueKind::number);
  decode("a/b", "-9223372036854775808");
  EXPECT_EQ(value().integer, INT64_MIN);
}

TEST_F(Decoding, numbers_too_large_for_a_machine_word_are_kept_as_their_source_text) {
  EXPECT_EQ(decode("d", R"({"big":18446744073709551616,"huge":-1e400,"tiny":1e-400,"u":9223372036854775808})"),
            "big=18446744073709551616 huge=\"-1e400\" tiny=0 u=9223372036854775808");
  EXPECT_EQ(value().kind, ValueKind::json);
  EXPECT_EQ(decode("a/b", "1e400"), "b=\"1e400\"");
  EXPECT_EQ(value(), ValueView::json("1e400"));
}

TEST_F(Decoding, nan_and_infinities_are_kept_though_json_has_no_words_for_them) {
  decode("d", R"({"a":NaN,"b":-Infinity})");
  EXPECT_TRUE(std::isnan(value().number));
  EXPECT_EQ(event().fields[1].value.number, -INFINITY);
  decode("a/b", "nan");
  EXPECT_TRUE(std::isnan(value().number));
}

TEST_F(Decoding, what_only_looks_like_a_number_is_text) {
  for (const char* text : {"007", "+5", ".5", "5.", "1e", "-", "0x10", "5 V"}) {
    decode("a/b", text);
    EXPECT_EQ(value().kind, ValueKind::text) << text;
  }
}

TEST_F(Decoding, arrays_are_kept_as_their_source_text) {
  EXPECT_EQ(decode("d", R"({"xyz":[1, {"a":[]} , "x"] ,"n":1})"), R"(xyz=[1, {"a":[]} , "x"] n=1)");
  EXPECT_EQ(decode("a/b", " [1,2,3] "), "b=[1,2,3]");
  EXPECT_EQ(value().kind, ValueKind::json);
}

TEST_F(Decoding, text_that_begins_with_a_bracket_is_text) {
  EXPECT_EQ(decode("a/log", "[warn] pump hot"), R"(log="[warn] pump hot")");
  EXPECT_EQ(value().kind, ValueKind::text);
}

TEST_F(Decoding, binary_payloads_are_kept_as_bytes) {
  EXPECT_EQ(decode("a/b", std::string_view("\x00\xff\x01", 3)), R"(b={"base64":"AP8B"})");
  EXPECT_EQ(value().kind, ValueKind::bytes);
}

TEST_F(Decoding, a_content_type_of_octets_keeps_any_payload_as_bytes) {
  message_.emplace("a/b", R"({"a":1})");
  message_->add_header(HeaderTag::content_type, "application/octet-stream");
  decode();
  EXPECT_EQ(value().kind, ValueKind::bytes);
}

TEST_F(Decoding, of_duplicate_keys_the_last_wins_and_the_others_are_counted) {
  EXPECT_EQ(decode("d", R"({"a":1,"b":2,"a":"x","c":{"d":1},"c.d":5})"), R"(a="x" b=2 c.d=5)");
  EXPECT_EQ(event().duplicate_keys, 2u);
}

TEST_F(Decoding, escapes_in_keys_and_texts_are_resolved) {
  EXPECT_EQ(decode("d", R"({"a\"\u00e9":"x\/y","b":"\\"})"), "a\"\u00e9=\"x/y\" b=\"\\\\\"");
}

TEST_F(Decoding, broken_json_is_refused_by_name) {
  for (const char* payload : {"{", "{\"a\":1", "{\"a\":1}}", "{\"a\":1} x", "{\"a\"}", "{\"a\":tru}", "{\"a\":1,}", "{\"a\":[1,]}",
                              "{\"a\":[1}", "{\"a\":01}", "{\"a\":\"\\x\"}", "{\"a\":\"\\ud800\"}", "{a:1}", "{\"a\":1 \"b\":2}"}) {
    EXPECT_TRUE(decode("d", payload).starts_with("invalid_input: payload is not valid JSON")) << payload << decode("d", payload);
  }
}

TEST_F(Decoding, an_object_that_is_not_utf_8_is_refused_rather_than_taken_for_another_twin) {
  EXPECT_TRUE(decode("a/b", "{\"a\":\"\xff\"}").starts_with("invalid_input: payload is not valid JSON"));
}

TEST_F(Decoding, an_empty_payload_is_refused) { EXPECT_EQ(decode("a/b", ""), "invalid_input: payload is empty"); }

TEST_F(Decoding, a_field_with_an_empty_name_is_left_out_and_counted_and_the_others_are_applied) {
  EXPECT_EQ(decode("d", R"({"":1,"a":2,"":[3]})"), "a=2");
  EXPECT_EQ(event().unnamed_fields, 2u);
  EXPECT_EQ(event().duplicate_keys, 0u);
  EXPECT_EQ(decode("d", R"({"a":2})"), "a=2");
  EXPECT_EQ(event().unnamed_fields, 0u);
}

TEST_F(Decoding, a_mapping_gives_a_field_with_an_empty_name_another_by_its_pointer) {
  MappingRule rule;
  rule.topic = "#";
  rule.fields = {{"/", "level"}};
  use({.rules = {rule}});
  EXPECT_EQ(decode("d", R"({"":1,"a":2})"), "level=1");
}

TEST_F(Decoding, limits_are_named_when_they_are_exceeded) {
  Mapping mapping;
  mapping.limits = {.payload_bytes = 200, .value_bytes = 20, .name_bytes = 10, .fields = 3, .depth = 3};
  use(mapping);
  EXPECT_EQ(decode("d", R"({"a":{"b":{"c":1}}})"), "a.b.c=1");
  EXPECT_EQ(decode("d", R"({"a":{"b":{"c":{"d":1}}}})"), "limit_exceeded: payload is nested deeper than 3 levels");
  EXPECT_EQ(decode("d", R"({"a":[[[1]]]})"), "limit_exceeded: payload is nested deeper than 3 levels");
  EXPECT_EQ(decode("d", R"({"a":1,"b":2,"c":3,"d":4})"), "limit_exceeded: payload has more than 3 fields");
  EXPECT_EQ(decode("d", R"({"abcdefghijk":1})"), "limit_exceeded: a field name of 11 bytes, at most 10 are allowed");
  EXPECT_EQ(decode("d", R"({"a":"123456789012345678901"})"), "limit_exceeded: field \"a\" of 21 bytes, at most 20 are allowed");
  EXPECT_EQ(decode("d/x", "123456789012345678901 m"), "limit_exceeded: a value of 23 bytes, at most 20 are allowed");
  EXPECT_EQ(decode("d", std::string(201, 'x')), "limit_exceeded: payload of 201 bytes, at most 200 are allowed");
}

TEST_F(Decoding, a_million_nested_brackets_are_refused) {
  EXPECT_TRUE(decode("d", "{\"a\":" + std::string(1'000'000, '[') + "}").starts_with("limit_exceeded"));
}

TEST_F(Decoding, a_payload_of_a_megabyte_is_read) {
  std::string payload = "{";
  for (int i = 0; i < 20; ++i) payload += "\"f" + std::to_string(i) + "\":\"" + std::string(52'000, 'x') + "\",";
  payload += "\"last\":1}";
  EXPECT_TRUE(decode("d", payload).ends_with("last=1"));
  EXPECT_EQ(event().fields.size(), 21u);
}

TEST_F(Decoding, a_payload_cut_when_it_was_received_is_refused_with_its_real_size) {
  message_.emplace("a/b", "xx");
  const std::uint64_t size = 5'000'000;
  message_->add_header(HeaderTag::truncated_from, {reinterpret_cast<const char*>(&size), sizeof size});
  EXPECT_EQ(decode(), "limit_exceeded: payload of 5000000 bytes was cut to 2 when it was received");
}

TEST_F(Decoding, a_twin_id_of_more_than_256_bytes_is_refused) {
  EXPECT_EQ(decode(std::string(256, 't'), R"({"a":1})"), "a=1");
  EXPECT_TRUE(decode(std::string(257, 't'), R"({"a":1})").starts_with("limit_exceeded: the twin's id has 257 bytes"));
}

TEST_F(Decoding, Rule16_the_first_plausible_of_ts_time_timestamp_t_is_the_events_time) {
  decode("d", R"({"t":1600000000,"timestamp":"2020-01-01T00:00:00Z","ts":12,"v":1})");
  EXPECT_EQ(event().time, parse_rfc3339("2020-01-01T00:00:00Z"));
  decode("d", R"({"a":{"ts":1600000000}})");
  EXPECT_FALSE(event().time);
}

TEST_F(Decoding, The_field_that_is_the_time_is_named) {
  const auto time_field = [&](std::string_view payload) {
    decode("d", payload);
    return event().time_field ? std::string(event().fields[*event().time_field].name) : "";
  };
  EXPECT_EQ(time_field(R"({"v":1,"ts":1700000000})"), "ts");
  EXPECT_EQ(time_field(R"({"t":21.5,"time":"2020-01-01T00:00:00Z","v":1})"), "time");
  EXPECT_EQ(time_field(R"({"ts":12,"t":1600000000})"), "t");
  EXPECT_EQ(time_field(R"({"ts":1600000000,"v":1,"ts":1700000000})"), "ts");
  EXPECT_EQ(time_field(R"({"v":1,"ts":32503680000000})"), "");
  EXPECT_EQ(time_field(R"({"v":1,"ts":4000000000})"), "ts") << "too far ahead, and a time all the same";
  EXPECT_EQ(time_field(R"({"v":1})"), "");
}

TEST_F(Decoding, A_time_that_is_no_field_of_the_event_names_none) {
  MappingRule rule;
  rule.topic = "#";
  rule.time = "/head/0";
  use({.rules = {rule}});
  EXPECT_EQ(decode("d", R"({"head":[1700000000],"head.0":5})"), "head=[1700000000] head.0=5");
  EXPECT_TRUE(event().time);
  EXPECT_FALSE(event().time_field);
  rule.fields = {{"/v", "value"}};
  use({.rules = {rule}});
  EXPECT_EQ(decode("d", R"({"head":[1700000000],"v":5})"), "value=5");
  EXPECT_FALSE(event().time_field);
  rule.fields.push_back({"/head/0", "when"});
  use({.rules = {rule}});
  EXPECT_EQ(decode("d", R"({"head":[1700000000],"v":5})"), "when=1700000000 value=5");
  EXPECT_EQ(event().time_field, 0u);
}

TEST_F(Decoding, Rule16_a_time_too_far_ahead_of_the_arrival_is_not_believed_and_said) {
  decode("d", R"({"ts":1700003600})");
  EXPECT_EQ(event().time, parse_rfc3339("2023-11-14T23:13:20Z"));
  EXPECT_FALSE(event().time_too_far_ahead);
  decode("d", R"({"ts":1700003601})");
  EXPECT_FALSE(event().time);
  EXPECT_TRUE(event().time_too_far_ahead);
}

TEST_F(Decoding, a_slot_of_the_list_carries_nothing_over) {
  decode("d", R"({"ts":1700003601,"a":1,"a":2})");
  decode("d", R"({"b":1})");
  EXPECT_EQ(event().fields.size(), 1u);
  EXPECT_EQ(event().duplicate_keys, 0u);
  EXPECT_FALSE(event().time_too_far_ahead);
}

TEST_F(Decoding, an_object_that_is_no_message_is_read_the_same_way) {
  DecodedEvent made;
  ASSERT_TRUE(decoder_.decode_object(R"({"a":{"b":1},"c":[2]})", arena_, made));
  ASSERT_EQ(made.fields.size(), 2u);
  EXPECT_EQ(made.fields[0].name, "a.b");
  EXPECT_EQ(made.fields[1].value.content, "[2]");
  EXPECT_FALSE(decoder_.decode_object("5", arena_, made));
}

}  // namespace
}  // namespace doppel
