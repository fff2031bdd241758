#include "edge_runtime/programs/command_line.h"

#include <gtest/gtest.h>

namespace doppel {
namespace {

struct Ran {
  int code = 0;
  std::string out, err;
};

Ran run(std::vector<std::string> words) {
  words.insert(words.begin(), "doppel");
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  Ran ran;
  ran.code = run_command_line(words);
  ran.out = testing::internal::GetCapturedStdout();
  ran.err = testing::internal::GetCapturedStderr();
  return ran;
}

TEST(CommandLine, every_command_has_help_with_examples) {
  const std::vector<std::vector<std::string>> commands{
      {"edge"},           {"coordinator"},     {"twin", "list"},   {"twin", "get"},       {"twin", "watch"},
      {"twin", "query"},  {"twin", "set"},     {"fn", "deploy"},   {"fn", "list"},        {"fn", "delete"},
      {"fleet", "list"},  {"fleet", "show"},   {"sim", "run"},     {"sim", "replay"},     {"journal", "verify"},
      {"journal", "dump"}, {"config", "check"}, {"config", "show"}, {"config", "doc"}};
  for (auto words : commands) {
    words.push_back("--help");
    const Ran ran = run(words);
    EXPECT_EQ(ran.code, kDone) << words[0];
    EXPECT_NE(ran.out.find("Examples:\n  doppel " + words[0]), std::string::npos) << ran.out;
  }
}

TEST(CommandLine, help_is_a_word_too) {
  const Ran asked = run({"help", "twin", "list"}), ran = run({"twin", "list", "--help"});
  EXPECT_EQ(asked.code, kDone);
  EXPECT_EQ(asked.out, ran.out);
  EXPECT_EQ(run({"help"}).out, run({"--help"}).out);
}

TEST(CommandLine, where_the_node_is_may_be_said_before_the_command) {
  const std::string nobody = "http://127.0.0.1:1";
  const Ran behind = run({"twin", "list", "--server", nobody, "--json"});
  EXPECT_EQ(behind.code, kFailed);
  for (const std::vector<std::string>& words : {std::vector<std::string>{"--server", nobody, "--json", "twin", "list"}, {"--server=" + nobody, "twin", "list"}}) {
    const Ran before = run(words);
    EXPECT_EQ(before.code, kFailed);
    EXPECT_EQ(before.err, behind.err);
  }
  EXPECT_EQ(run({"--server"}).code, kUsage);
  EXPECT_EQ(run({"--servr", nobody, "twin", "list"}).code, kUsage);
}

TEST(CommandLine, a_mistyped_command_is_a_usage_error_with_a_hint) {
  Ran ran = run({"twni", "list"});
  EXPECT_EQ(ran.code, kUsage);
  EXPECT_EQ(ran.err, "doppel: unknown word \"twni\"; did you mean \"twin\"?\nSee: doppel --help\n");
  ran = run({"twin", "lsit"});
  EXPECT_EQ(ran.code, kUsage);
  EXPECT_EQ(ran.err, "doppel twin: unknown word \"lsit\"; did you mean \"list\"?\nSee: doppel twin --help\n");
}

TEST(CommandLine, a_mistyped_option_is_a_usage_error_with_a_hint) {
  const Ran ran = run({"twin", "list", "--limt=5"});
  EXPECT_EQ(ran.code, kUsage);
  EXPECT_EQ(ran.err, "doppel twin list: unknown option \"--limt\"; did you mean \"--limit\"?\nSee: doppel twin list --help\n");
}

TEST(CommandLine, a_group_alone_says_what_it_has) {
  const Ran ran = run({"fleet"});
  EXPECT_EQ(ran.code, kUsage);
  EXPECT_NE(ran.err.find("say which: list | show"), std::string::npos) << ran.err;
}

TEST(CommandLine, a_missing_argument_is_a_usage_error) {
  EXPECT_EQ(run({"twin", "get"}).code, kUsage);
  EXPECT_EQ(run({}).code, kUsage);
}

TEST(CommandLine, the_version_is_printed) {
  const Ran ran = run({"--version"});
  EXPECT_EQ(ran.code, kDone);
  EXPECT_TRUE(ran.out.starts_with("doppel ")) << ran.out;
}

TEST(CommandLine, a_server_that_is_not_there_is_a_failure_that_names_it) {
  const Ran ran = run({"twin", "list", "--server", "http://127.0.0.1:1"});
  EXPECT_EQ(ran.code, kFailed);
  EXPECT_NE(ran.err.find("127.0.0.1:1"), std::string::npos) << ran.err;
}

TEST(CommandLine, a_bad_configuration_fails_before_anything_is_opened) {
  const Ran ran = run({"edge", "--mqtt", "ftp://x", "--set", "journal.snyc=always", "--data", "/nowhere/at/all"});
  EXPECT_EQ(ran.code, kFailed);
  EXPECT_EQ(ran.err,
            "doppel: --mqtt: mqtt.url = \"ftp://x\": begins with ftp://; allowed: mqtt://HOST[:PORT] or mqtts://HOST[:PORT]\n"
            "--set: unknown setting \"journal.snyc\"; did you mean \"journal.sync\"?\n");
}

TEST(CommandLine, the_configuration_is_shown_with_what_flags_say) {
  const Ran ran = run({"config", "show", "--set", "http.port=1234"});
  EXPECT_EQ(ran.code, kDone);
  EXPECT_NE(ran.out.find("port = 1234\n"), std::string::npos) << ran.out;
}

}  // namespace
}  // namespace doppel
