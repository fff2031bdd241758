#include "edge_runtime/wasm/module_check.h"

#include <gtest/gtest.h>

#include <string>

namespace doppel::wasm {
namespace {

using namespace std::string_literals;

const std::string kHead = "\0asm\1\0\0\0"s;

std::string refusal(const std::string& bytes) {
  const auto checked = check_bytes(bytes);
  return checked ? "" : checked.error().message;
}

TEST(ModuleCheck, An_empty_module_and_unknown_sections_are_left_to_the_compiler) {
  EXPECT_EQ(refusal(kHead), "");
  EXPECT_EQ(refusal(kHead + "\0\3\2hi"s + "\x63\1x"s), "");
}

TEST(ModuleCheck, Abi1_a_start_section_is_refused_wherever_it_stands) {
  EXPECT_NE(refusal(kHead + "\x8\1\0"s).find("start function"), std::string::npos);
  EXPECT_NE(refusal(kHead + "\0\3\2hi"s + "\x8\1\0"s).find("start function"), std::string::npos);
  EXPECT_EQ(refusal(kHead + "\0\3\1\x8\1"s), "") << "the same bytes inside a custom section";
}

TEST(ModuleCheck, Sections_that_end_outside_the_bytes_are_refused) {
  for (const std::string& rest : {"\1"s, "\1\5abc"s, "\1\x80"s, "\1\xff\xff\xff\xff\x7f"s, "\1\xff\xff\xff\xff\xff\x1"s}) {
    EXPECT_NE(refusal(kHead + rest).find("ends outside"), std::string::npos);
  }
}

TEST(ModuleCheck, Other_formats_are_refused) {
  for (const std::string& bytes : {""s, "\0as"s, "\0asm\2\0\0\0"s, "\0asm\x0d\0\1\0"s, "\x7f" "ELF\1\1\1\1"s}) {
    EXPECT_NE(refusal(bytes).find("not a core WebAssembly module"), std::string::npos);
  }
}

TEST(ModuleCheck, Too_large_a_module_is_refused_with_both_figures) {
  EXPECT_EQ(refusal(std::string(kMaxModuleBytes + 1, 'x')), "module: 8388609 bytes, at most 8388608 are allowed");
}

}  // namespace
}  // namespace doppel::wasm
