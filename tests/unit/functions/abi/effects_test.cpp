#include <gtest/gtest.h>

#include <cstring>
#include <optional>

#include "functions/abi/doppel_abi.h"
#include "functions/abi/run.h"
#include "tests/unit/functions/abi/golden.h"

namespace doppel {
namespace {

struct Row {
  std::uint32_t kind = DOPPEL_SET;
  std::uint32_t event = 0;
  std::uint32_t detail = 0;
  std::uint32_t value_kind = DOPPEL_NUMBER;
  std::uint64_t bits = 0;
  std::string name = {};
  std::string target = {};
  std::string content = {};
};

std::string encode_list(const std::vector<Row>& rows) {
  std::string out(sizeof(doppel_effects_header), '\0');
  for (const Row& row : rows) {
    doppel_effect_row raw{};
    raw.kind = row.kind, raw.event = row.event, raw.detail = row.detail, raw.value_kind = row.value_kind;
    raw.value.bits = row.bits;
    raw.name_length = static_cast<std::uint32_t>(row.name.size());
    raw.target_length = static_cast<std::uint32_t>(row.target.size());
    raw.content_length = static_cast<std::uint32_t>(row.content.size());
    out.append(reinterpret_cast<const char*>(&raw), sizeof raw);
    out += row.name + row.target + row.content;
    out.resize((out.size() + 7) / 8 * 8);
  }
  const doppel_effects_header header{DOPPEL_EFFECTS_MAGIC, 1, static_cast<std::uint32_t>(out.size()),
                                     static_cast<std::uint32_t>(rows.size())};
  std::memcpy(out.data(), &header, sizeof header);
  return out;
}

// "" when the single effect is taken, else why not.
std::string refusal(const Row& row) {
  const std::string bytes = encode_list({row});
  const auto effects = decode_effects(bytes, 1);
  return effects ? "" : effects.error().message;
}

TEST(Effects, Abi7_a_list_with_the_golden_bytes_is_read_as_written) {
  const std::string bytes = golden::read("effects.hex");
  const auto effects = decode_effects(bytes, 3);
  ASSERT_TRUE(effects) << effects.error().message;
  ASSERT_EQ(effects->size(), 7u);
  const auto expect = [&](std::size_t i, EffectKind kind, std::uint32_t event, std::string_view name, std::string_view target,
                          const ValueView& value, std::uint32_t detail) {
    const Effect& effect = (*effects)[i];
    EXPECT_EQ(effect.kind, kind) << i;
    EXPECT_EQ(effect.event, event) << i;
    EXPECT_EQ(effect.name, name) << i;
    EXPECT_EQ(effect.target, target) << i;
    EXPECT_TRUE(effect.value == value) << i;
    EXPECT_EQ(effect.detail, detail) << i;
  };
  expect(0, EffectKind::set, 0, "mean", "", ValueView::of(70.25), 0);
  expect(1, EffectKind::remove, 0, "old", "", ValueView::null(), 0);
  expect(2, EffectKind::send, 1, "reset", "plant/b", ValueView::json("{\"to\":0}"), 0);
  expect(3, EffectKind::publish, 1, "", "plant/a/alarm", ValueView::text("caf\xc3\xa9"), 5);
  expect(4, EffectKind::alert_raise, 2, "overheat", "", ValueView::boolean(true), 0);
  expect(5, EffectKind::alarm_set, 2, "check", "", ValueView::of(std::int64_t{5'000'000'000}), 0);
  expect(6, EffectKind::fail, 2, "", "", ValueView::text("no limit"), 0);
}

TEST(Effects, Abi7_no_bytes_and_an_empty_list_are_no_effects) {
  EXPECT_TRUE(decode_effects("", 1)->empty());
  EXPECT_TRUE(decode_effects(encode_list({}), 1)->empty());
}

TEST(Effects, Abi7_a_list_that_is_cut_anywhere_is_refused) {
  const std::string bytes = golden::read("effects.hex");
  for (std::size_t size = 1; size < bytes.size(); ++size) {
    std::string cut = bytes.substr(0, size);
    EXPECT_FALSE(decode_effects(cut, 3)) << size;
    if (size < 16) continue;
    const auto total = static_cast<std::uint32_t>(size);
    std::memcpy(cut.data() + 8, &total, sizeof total);
    EXPECT_FALSE(decode_effects(cut, 3)) << size << ", with its total length mended";
  }
}

TEST(Effects, Abi7_bytes_after_the_last_effect_are_refused) {
  std::string bytes = encode_list({{.name = "x"}}) + std::string(8, '\0');
  const auto total = static_cast<std::uint32_t>(bytes.size());
  std::memcpy(bytes.data() + 8, &total, sizeof total);
  EXPECT_EQ(decode_effects(bytes, 1).error().message, "effects list: 8 bytes after the last effect");
}

TEST(Effects, Abi7_lengths_that_overflow_32_bits_together_are_refused) {
  std::string bytes = encode_list({{.name = "x"}});
  const std::uint32_t huge = 0xffff'fff8;
  std::memcpy(bytes.data() + 16 + 24, &huge, sizeof huge);
  std::memcpy(bytes.data() + 16 + 28, &huge, sizeof huge);
  const std::uint32_t sixteen = 16;
  std::memcpy(bytes.data() + 16 + 32, &sixteen, sizeof sixteen);
  EXPECT_EQ(decode_effects(bytes, 1).error().message, "effect 0: the list ends inside its name, target or content");
}

TEST(Effects, Abi7_a_count_that_the_bytes_cannot_hold_is_refused_before_memory_is_taken) {
  std::string bytes = encode_list({});
  const std::uint32_t huge = 0xffff'ffff;
  std::memcpy(bytes.data() + 12, &huge, sizeof huge);
  EXPECT_EQ(decode_effects(bytes, 1).error().message, "effects list: 4294967295 effects in 16 bytes");
}

TEST(Effects, Abi7_other_versions_are_refused_by_number) {
  std::string bytes = encode_list({});
  bytes[4] = 2;
  EXPECT_EQ(decode_effects(bytes, 1).error().message, "effects list: version 2, known is 1");
}

TEST(Effects, A_refusal_names_the_effect_its_kind_and_what_is_wrong) {
  EXPECT_EQ(refusal({.event = 1, .name = "x"}), "effect 0 (set): event 1 of a run of 1");
  EXPECT_EQ(refusal({.kind = 16, .name = "x"}), "effect 0: kind 16 is not one of 1 to 15");
  EXPECT_EQ(refusal({.kind = 0, .name = "x"}), "effect 0: kind 0 is not one of 1 to 15");
  EXPECT_EQ(refusal({.name = ""}), "effect 0 (set): this kind cannot have that name");
  EXPECT_EQ(refusal({.name = "x", .target = "y"}), "effect 0 (set): this kind cannot have that target");
  EXPECT_EQ(refusal({.detail = 1, .name = "x"}), "effect 0 (set): detail 1 is out of range");
  EXPECT_EQ(refusal({.kind = DOPPEL_REMOVE, .name = "x"}), "effect 0 (remove): this kind cannot have that value");
}

TEST(Effects, Names_and_topics_keep_to_their_limits) {
  EXPECT_EQ(refusal({.name = std::string(256, 'x')}), "");
  EXPECT_NE(refusal({.name = std::string(257, 'x')}), "");
  EXPECT_NE(refusal({.name = "a\nb"}), "");
  EXPECT_NE(refusal({.name = std::string("a\0b", 3)}), "");
  EXPECT_NE(refusal({.name = "\xff"}), "");
  EXPECT_EQ(refusal({.kind = DOPPEL_SEND, .name = "x", .target = std::string(256, 't')}), "");
  EXPECT_NE(refusal({.kind = DOPPEL_SEND, .name = "x", .target = std::string(257, 't')}), "");
  EXPECT_EQ(refusal({.kind = DOPPEL_PUBLISH, .target = "a/b"}), "");
  EXPECT_NE(refusal({.kind = DOPPEL_PUBLISH, .target = "a/+"}), "");
  EXPECT_NE(refusal({.kind = DOPPEL_PUBLISH, .target = "a/#"}), "");
  EXPECT_NE(refusal({.kind = DOPPEL_PUBLISH, .target = ""}), "");
  EXPECT_NE(refusal({.kind = DOPPEL_PUBLISH, .detail = 3, .target = "a"}), "") << "QoS 3";
  EXPECT_NE(refusal({.kind = DOPPEL_PUBLISH, .detail = 8, .target = "a"}), "");
}

TEST(Effects, Values_are_what_their_kind_says) {
  EXPECT_NE(refusal({.value_kind = 7, .name = "x"}), "");
  EXPECT_NE(refusal({.value_kind = DOPPEL_BOOLEAN, .bits = 2, .name = "x"}), "");
  EXPECT_NE(refusal({.value_kind = DOPPEL_NUMBER, .name = "x", .content = "text"}), "");
  EXPECT_NE(refusal({.value_kind = DOPPEL_TEXT, .bits = 1, .name = "x", .content = "text"}), "");
  EXPECT_NE(refusal({.value_kind = DOPPEL_TEXT, .name = "x", .content = "\xc3\x28"}), "") << "not UTF-8";
  EXPECT_EQ(refusal({.value_kind = DOPPEL_BYTES, .name = "x", .content = "\xc3\x28"}), "");
  EXPECT_EQ(refusal({.value_kind = DOPPEL_JSON, .name = "x", .content = "[1,2]"}), "");
  EXPECT_NE(refusal({.value_kind = DOPPEL_JSON, .name = "x", .content = "[1,2],\"twins\":0"}), "");
  EXPECT_NE(refusal({.kind = DOPPEL_ALARM_SET, .value_kind = DOPPEL_INTEGER, .bits = ~0ull, .name = "x"}), "") << "in the past";
  EXPECT_NE(refusal({.kind = DOPPEL_ALARM_SET, .value_kind = DOPPEL_NUMBER, .name = "x"}), "");
}

TEST(Effects, A_call_needs_a_known_method_and_a_whole_address) {
  const auto call = [](const char* method, const char* url) {
    return refusal({.kind = DOPPEL_HTTP_CALL, .value_kind = DOPPEL_NULL, .name = method, .target = url});
  };
  EXPECT_EQ(call("POST", "https://hooks.example.com/x"), "");
  EXPECT_NE(call("TRACE", "https://hooks.example.com/x"), "");
  EXPECT_NE(call("GET", "https://hooks.example.com"), "") << "no '/' after the host";
  EXPECT_NE(call("GET", "https:///x"), "");
  EXPECT_NE(call("GET", "https://user@hooks.example.com/x"), "");
  EXPECT_NE(call("GET", "file:///etc/passwd"), "");
}

}  // namespace
}  // namespace doppel
