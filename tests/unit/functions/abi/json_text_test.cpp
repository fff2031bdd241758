#include "functions/abi/json_text.h"

#include <gtest/gtest.h>

#include <string>

namespace doppel {
namespace {

TEST(JsonText, Takes_what_RFC_8259_takes) {
  for (const char* text : {"null", "true", "false", "0", "-0", "1.5e-3", "1E+2", "\"\"", "\"\\u00e9\\n\"", "[]", "{}",
                           " [1, {\"a\": [2]}] ", "{\"a\":1,\"a\":2}", "\"caf\xc3\xa9\""}) {
    EXPECT_TRUE(is_json(text)) << text;
  }
}

TEST(JsonText, Refuses_what_RFC_8259_refuses) {
  for (const char* text : {"",       " ",       "nul",         "truely", "01",      "-",        "1.",    ".5",         "1e",
                           "+1",     "NaN",     "[1,]",        "[1",     "{\"a\"}", "{\"a\":}", "{a:1}", "{\"a\":1,}", "\"a",
                           "\"\n\"", "\"\\x\"", "\"\\u12g4\"", "\"\\",   "1 2",     "[]]",      "'a'",   "\"\xff\""}) {
    EXPECT_FALSE(is_json(text)) << text;
  }
}

TEST(JsonText, Nests_32_deep_and_no_deeper) {
  const auto nested = [](int depth) {
    return std::string(static_cast<std::size_t>(depth), '[') + std::string(static_cast<std::size_t>(depth), ']');
  };
  EXPECT_TRUE(is_json(nested(kMaxJsonDepth + 1)));
  EXPECT_FALSE(is_json(nested(kMaxJsonDepth + 2)));
  EXPECT_FALSE(is_json(nested(1'000'000)));
}

}  // namespace
}  // namespace doppel
