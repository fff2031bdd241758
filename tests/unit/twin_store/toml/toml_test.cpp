#include "twin_store/toml/toml.h"

#include <gtest/gtest.h>

namespace doppel {
namespace {

std::string refusal(std::string_view text) {
  const auto root = parse_toml(text);
  return root ? "" : root.error().message;
}

std::string shown_as(std::string_view text) {
  const auto root = parse_toml(text);
  return root ? shown(*root) : root.error().message;
}

std::string repeated(std::string_view text, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

TEST(Toml, Keys_keep_the_order_and_the_lines_of_the_file) {
  const auto root = parse_toml("z = 1\na = 2\n\n[[m]]\nk = 'v'\n[[m]]\n");
  ASSERT_TRUE(root) << root.error().message;
  EXPECT_EQ(shown(*root), R"({z = 1, a = 2, m = [{k = "v"}, {}]})");
  EXPECT_EQ(root->get("a")->line, 2u);
  EXPECT_EQ((*root->get("m")->as<TomlNode::Array>())[1].line, 6u);
  EXPECT_EQ(root->get("b"), nullptr);
  EXPECT_EQ(root->get("z")->get("b"), nullptr) << "a value has no members";
}

TEST(Toml, Values_are_shown_in_one_line) {
  EXPECT_EQ(shown_as("a = [1, -2.5, true, inf, [], {}]\nb = '''x\n\"y\"'''\nc = 2026-01-31"),
            R"({a = [1, -2.5, true, "Infinity", [], {}], b = "x\u000a\"y\"", c = a date or time})");
}

TEST(Toml, What_is_no_toml_is_refused_with_its_line) {
  for (const char* text :
       {"\n[\n", "\n[[\nx = 1", "\n[]\n", "\n[ \x40 ]\n", "\n[a.\n", "\na = ", "\na = '", "\na = \"\\", "\na.", "\na = \"\\ud800\""}) {
    EXPECT_TRUE(refusal(text).starts_with("2:")) << text << ": " << refusal(text);
  }
}

TEST(Toml, What_the_parser_refuses_is_told_with_line_and_column_in_words_of_our_own) {
  EXPECT_EQ(refusal("name = \"north\"\n[http\nport = 1\n"), "2:6: this is not TOML: in the table header, expected ']', found the end of the line");
  EXPECT_EQ(refusal("a = [1,\n  2"), "2:4: this is not TOML: in the array, found the end of the file");
  EXPECT_EQ(refusal("[http]\nport = 1\nport = 2\n"), "3:8: this is not TOML: in the key-value pair, given twice: there is already the integer 'port'");
}

TEST(Toml, Bytes_that_are_no_text_are_refused_before_they_are_parsed) {
  EXPECT_EQ(refusal(std::string_view("\na = 'a\0'", 9)), "2:7: a control character");
  EXPECT_EQ(refusal("a = 'é'\nb = '\xff'"), "2:1: a line that is not UTF-8 text");
  EXPECT_EQ(refusal("a = '\xff'"), "1:1: a line that is not UTF-8 text");
  EXPECT_EQ(refusal("\n\nnam\u00e9 = 'a'"), "3:4: a character beyond ASCII outside of strings and comments");
  EXPECT_EQ(refusal("x = 8\"é\""), "1:6: a quote inside a key or value");
  EXPECT_EQ(refusal("a = 'a'\n\u00a1"), "2:1: a character beyond ASCII outside of strings and comments");
}

TEST(Toml, Any_language_may_be_used_in_strings_and_comments) {
  EXPECT_EQ(shown_as("'é' = 1 # café \"\na = [\"é \\\"#\\\"\", '温度']\nb = \"\"\"é/+\"\"\"\nc = '''it's é'''\nd = \"\"\"\"é\"\"\"\"\n"),
            R"({é = 1, a = ["é \"#\"", "温度"], b = "é/+", c = "it's é", d = "\"é\""})");
}

TEST(Toml, A_key_of_many_parts_is_refused_before_it_takes_the_stack) {
  EXPECT_EQ(refusal(repeated("a.", 8) + "a = 1.5\nb = [1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5] # 1.2.3.4.5.6.7.8.9.0\n"), "");
  const auto wanted = [](int column) { return "2:" + std::to_string(column) + ": a key of more than 9 parts"; };
  EXPECT_EQ(refusal("\n" + repeated("a.", 9) + "a = 1"), wanted(18));
  EXPECT_EQ(refusal("\n[" + repeated("a.", 1'000'000) + "a]"), wanted(19));
  EXPECT_EQ(refusal("# a comment\nb = {" + repeated("'a' . ", 9) + "a = 1}"), wanted(58));
}

TEST(Toml, Values_within_values_are_refused_before_they_take_the_stack) {
  EXPECT_EQ(refusal("a = " + repeated("[", 30) + repeated("]", 30)), "");
  EXPECT_NE(refusal("a = " + repeated("[", 1'000'000)), "");
  EXPECT_NE(refusal("a = " + repeated("{a = ", 1'000'000)), "");
}

}  // namespace
}  // namespace doppel
