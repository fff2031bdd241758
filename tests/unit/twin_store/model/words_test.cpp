// Values, times and keys in their text and byte forms.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "twin_store/model/outbox.h"
#include "twin_store/model/time.h"
#include "twin_store/model/value.h"

namespace doppel {
namespace {

std::string json_of(const ValueView& value) {
  std::string out;
  append_json(out, value);
  return out;
}

// One such number, in one twin, kept clients from reading any list that the twin was in.
TEST(Value, a_number_that_no_double_holds_is_text_in_json) {
  EXPECT_EQ(json_of(ValueView::json("1e400")), "\"1e400\"");
  EXPECT_EQ(json_of(ValueView::json("18446744073709551616")), "18446744073709551616");
  EXPECT_EQ(json_of(ValueView::json(R"([1, -1e999,{"1e400":"-\"1e400\\","b":[1e308,1e-400,true]}, 2E+999])")),
            R"([1, "-1e999",{"1e400":"-\"1e400\\","b":[1e308,1e-400,true]}, "2E+999"])");
}

TEST(Value, conversions_never_lose) {
  EXPECT_EQ(ValueView::of(5.0).as_integer(), 5);
  EXPECT_EQ(ValueView::of(5.5).as_integer(), std::nullopt);
  EXPECT_EQ(ValueView::of(std::nan("")).as_integer(), std::nullopt);
  EXPECT_EQ(ValueView::of(1e300).as_integer(), std::nullopt);
  EXPECT_EQ(ValueView::of(9223372036854775808.0).as_integer(), std::nullopt);
  EXPECT_EQ(ValueView::of(std::int64_t{1} << 53).as_number(), 9007199254740992.0);
  EXPECT_EQ(ValueView::of((std::int64_t{1} << 53) + 1).as_number(), std::nullopt);
  EXPECT_EQ(ValueView::of(std::numeric_limits<std::int64_t>::max()).as_number(), std::nullopt);
  EXPECT_EQ(ValueView::text("5").as_number(), std::nullopt);
}

TEST(Value, equality_is_of_kind_and_bits) {
  EXPECT_TRUE(ValueView::of(std::nan("")) == ValueView::of(std::nan("")));
  EXPECT_FALSE(ValueView::of(0.0) == ValueView::of(-0.0));
  EXPECT_FALSE(ValueView::of(1.0) == ValueView::of(std::int64_t{1}));
  EXPECT_FALSE(ValueView::text("a") == ValueView::bytes("a"));
}

TEST(Value, json_reads_back_the_same) {
  EXPECT_EQ(json_of(ValueView::of(0.1)), "0.1");
  EXPECT_EQ(json_of(ValueView::of(std::nan(""))), "\"NaN\"");
  EXPECT_EQ(json_of(ValueView::of(-INFINITY)), "\"-Infinity\"");
  EXPECT_EQ(json_of(ValueView::of(std::int64_t{-7})), "-7");
  EXPECT_EQ(json_of(ValueView::text("a\"\n")), "\"a\\\"\\u000a\"");
  EXPECT_EQ(json_of(ValueView::bytes(std::string_view("\xff\x00", 2))), "{\"base64\":\"/wA=\"}");
}

TEST(Value, owns_its_text) {
  Value kept;
  {
    const std::string text = "a text that is longer than what a string holds in itself";
    kept = Value(ValueView::text(text));
  }
  EXPECT_EQ(kept.view().as_text(), "a text that is longer than what a string holds in itself");
}

TEST(Time, rfc3339_is_read_in_every_zone_and_fraction) {
  const auto ns = [](std::string_view text) {
    const auto time = parse_rfc3339(text);
    return time ? std::optional(to_nanoseconds(*time)) : std::nullopt;
  };
  EXPECT_EQ(ns("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(ns("1970-01-01 00:00:01"), 1'000'000'000);
  EXPECT_EQ(ns("1970-01-01T02:00:00.5+02:00"), 500'000'000);
  EXPECT_EQ(ns("1969-12-31T23:59:59.999999999Z"), -1);
  EXPECT_EQ(ns("2024-02-29T00:00:00Z"), 1'709'164'800'000'000'000);
  for (const char* bad : {"", "2023-02-29T00:00:00Z", "2024-13-01T00:00:00Z", "2024-01-01T24:00:00Z", "2024-01-01", "2024-01-01T00:00:00Zx",
                          "2024-01-01T00:00:00+25:00", "2024-01-01T00:00:00.Z"}) {
    EXPECT_EQ(ns(bad), std::nullopt) << bad;
  }
}

TEST(Time, rfc3339_is_written_with_as_many_digits_as_needed_and_reads_back) {
  EXPECT_EQ(format_rfc3339(from_nanoseconds(0)), "1970-01-01T00:00:00Z");
  EXPECT_EQ(format_rfc3339(from_nanoseconds(5'000'000)), "1970-01-01T00:00:00.005Z");
  EXPECT_EQ(format_rfc3339(from_nanoseconds(5'000)), "1970-01-01T00:00:00.000005Z");
  for (const std::int64_t ns : {std::int64_t{-1}, std::int64_t{1}, std::int64_t{1'767'225'600'123'456'789}, std::int64_t{-86'400'000'000'001}}) {
    EXPECT_EQ(to_nanoseconds(*parse_rfc3339(format_rfc3339(from_nanoseconds(ns)))), ns);
  }
}

TEST(OutboxKey, its_text_reads_back_and_nothing_else_does) {
  OutboxKey key;
  for (std::size_t i = 0; i < key.incarnation.bytes.size(); ++i) key.incarnation.bytes[i] = static_cast<std::uint8_t>(0xf0 + i);
  key.epoch = Epoch{3};
  key.mark = Position{std::uint64_t{1} << 40};
  key.ordinal = 7;
  const auto text = to_string(key);
  EXPECT_EQ(text, "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff.3.1099511627776.7");
  EXPECT_EQ(parse_outbox_key(text), key);
  for (const std::string& bad : {std::string(), text.substr(1), text + ".", text + ".1", text + "x", "g" + text.substr(1), text.substr(0, 33),
                                 text.substr(0, text.size() - 2), text.substr(0, text.size() - 1)}) {
    EXPECT_EQ(parse_outbox_key(bad), std::nullopt) << bad;
  }
}

}  // namespace
}  // namespace doppel
