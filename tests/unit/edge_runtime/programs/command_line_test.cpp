#include "edge_runtime/programs/command_line.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <sstream>

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

using Words = std::vector<std::string>;

std::string joined(const Words& words) {
  std::string text;
  for (const auto& word : words) text += word + " ";
  return text;
}

std::string help_of(Words words) {
  words.emplace_back("--help");
  const Ran ran = run(words);
  EXPECT_EQ(ran.code, kDone) << joined(words);
  return ran.out;
}

// The words of a group's help under "Subcommands:"; none for a command.
Words subcommands_of(const std::string& help) {
  Words words;
  std::istringstream lines(help);
  std::string line;
  while (std::getline(lines, line) && line != "Subcommands:") {
  }
  while (std::getline(lines, line) && line.starts_with("  ")) words.push_back(line.substr(2, line.find(' ', 2) - 2));
  return words;
}

// Every command and group of the tree, as the help tells them.
void walk(const Words& path, const std::function<void(const Words& path, const std::string& help, const Words& subcommands)>& visit) {
  const std::string help = help_of(path);
  const Words subcommands = subcommands_of(help);
  visit(path, help, subcommands);
  for (const auto& word : subcommands) {
    Words deeper = path;
    deeper.push_back(word);
    walk(deeper, visit);
  }
}

TEST(CommandLine, every_command_and_group_has_help_with_examples_of_its_own) {
  std::size_t commands = 0;
  walk({}, [&](const Words& path, const std::string& help, const Words& subcommands) {
    if (path.empty()) return;
    commands += subcommands.empty();
    const auto examples = help.find("Examples:\n  doppel " + joined(path).substr(0, joined(path).size() - 1));
    ASSERT_NE(examples, std::string::npos) << joined(path) << help;
    for (const auto& word : subcommands) {
      EXPECT_NE(help.find("\n  doppel " + joined(path) + word, examples), std::string::npos) << joined(path) << word;
    }
  });
  EXPECT_GE(commands, 27u);
}

TEST(CommandLine, every_command_that_prints_data_prints_it_as_json_too) {
  walk({}, [](const Words& path, const std::string& help, const Words& subcommands) {
    const bool is_node = path == Words{"edge"} || path == Words{"coordinator"};  // they log
    EXPECT_TRUE(!subcommands.empty() || is_node || help.find("--json") != std::string::npos) << joined(path);
  });
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

TEST(CommandLine, flags_that_are_wrong_are_a_usage_error_before_anything_is_opened) {
  const Ran ran = run({"edge", "--mqtt", "ftp://x", "--set", "journal.snyc=always", "--data", "/nowhere/at/all"});
  EXPECT_EQ(ran.code, kUsage);
  EXPECT_EQ(ran.err,
            "doppel: --mqtt: mqtt.url = \"ftp://x\": begins with ftp://; allowed: mqtt://HOST[:PORT] or mqtts://HOST[:PORT]\n"
            "doppel: --set: unknown setting \"journal.snyc\"; did you mean \"journal.sync\"?\n");
  for (const Words& words : {Words{"edge", "--set", "journal.sync"}, Words{"coordinator", "--bind", "here"}, Words{"config", "show", "--set", "http.port=x"},
                             Words{"twin", "list", "--server", "ftp://x"}, Words{"twin", "list", "--status", "well"},
                             Words{"twin", "list", "--where", "speed"}, Words{"twin", "list", "--label", "area"},
                             Words{"twin", "set", "a", "b", "1", "--if-revision", "x"}, Words{"sim", "run", "x.toml", "--mqtt", "ftp://x"}}) {
    const Ran wrong = run(words);
    EXPECT_EQ(wrong.code, kUsage) << joined(words) << wrong.err;
    EXPECT_FALSE(wrong.err.empty()) << joined(words);
  }
}

TEST(CommandLine, an_empty_word_is_a_usage_error_that_says_what_is_allowed) {
  const std::string nobody = "http://127.0.0.1:1";
  const Ran ran = run({"twin", "set", "plant/pump", "", "5", "--server", nobody});
  EXPECT_EQ(ran.code, kUsage);
  EXPECT_EQ(ran.err, "doppel twin set: property: \"\" is empty; allowed: a property's name, one character or more\nSee: doppel twin set --help\n");
  for (const Words& words : {Words{"twin", "set", "", "limit", "5"}, Words{"twin", "get", ""}, Words{"fn", "delete", ""}, Words{"fleet", "show", ""},
                             Words{"dead", "show", ""}}) {
    auto asked = words;
    asked.insert(asked.end(), {"--server", nobody});
    EXPECT_EQ(run(asked).code, kUsage) << joined(words);
  }
}

TEST(CommandLine, a_limit_of_nothing_is_a_usage_error_that_says_the_range) {
  EXPECT_EQ(run({"twin", "list", "--limit", "0"}).err,
            "doppel twin list: --limit: \"0\" is out of range; allowed: a whole number from 1\nSee: doppel twin list --help\n");
  EXPECT_EQ(run({"dead", "list", "--limit", "1001"}).err,
            "doppel dead list: --limit: \"1001\" is out of range; allowed: a whole number from 1 to 1000\nSee: doppel dead list --help\n");
  EXPECT_EQ(run({"journal", "dump", "--limit", "0", "--data", "/nowhere"}).code, kUsage);
}

TEST(CommandLine, each_line_of_a_failure_says_whose_it_is) {
  const Ran ran = run({"edge", "--mqtt", "ftp://x", "--set", "http.port=x", "--data", "/nowhere/at/all"});
  std::istringstream lines(ran.err);
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) EXPECT_TRUE(line.starts_with("doppel: --")) << line;
  EXPECT_EQ(count, 2);
}

TEST(CommandLine, a_file_that_is_wrong_is_a_failure_also_beside_flags_that_are_right) {
  const auto file = (std::filesystem::temp_directory_path() / ("doppel_command_line_" + std::to_string(::getpid()) + ".toml")).string();
  std::ofstream(file) << "[journal]\nsync = 'sometimes'\n";
  for (const Words& words : {Words{"edge", "--config", file, "--name", "north"}, Words{"config", "show", "--config", file, "--set", "http.port=1"},
                             Words{"config", "check", file}, Words{"edge", "--config", file + ".absent"}}) {
    EXPECT_EQ(run(words).code, kFailed) << joined(words);
  }
  EXPECT_EQ(run({"edge", "--config", file, "--mqtt", "ftp://x"}).code, kUsage);
  std::filesystem::remove(file);
}

TEST(CommandLine, the_configuration_is_shown_with_what_flags_say) {
  const Ran ran = run({"config", "show", "--set", "http.port=1234"});
  EXPECT_EQ(ran.code, kDone);
  EXPECT_NE(ran.out.find("port = 1234\n"), std::string::npos) << ran.out;
}

TEST(CommandLine, the_configuration_is_shown_as_values_of_json) {
  const Ran ran = run({"config", "show", "--json", "--set", "http.port=1234", "--set", "journal.sync=never"});
  const auto shown = nlohmann::json::parse(ran.out);
  EXPECT_EQ(shown["http"]["port"], 1234);
  EXPECT_EQ(shown["http"]["token_file"], nullptr);
  EXPECT_EQ(shown["journal"]["sync"], "never");
  EXPECT_EQ(shown["journal"]["sync_interval"], "100 ms");
  EXPECT_EQ(shown["mqtt"], nlohmann::json::array());
  EXPECT_EQ(shown["window"][0]["name"], "1m");
}

TEST(CommandLine, the_reference_of_settings_has_defaults_in_both_forms) {
  const auto listed = nlohmann::json::parse(run({"config", "doc", "--json"}).out);
  const auto setting = [&](const std::string& name) {
    for (const auto& one : listed) {
      if (one["setting"] == name) return one;
    }
    return nlohmann::json();
  };
  EXPECT_EQ(setting("journal.sync_interval")["default"], "100 ms");
  EXPECT_EQ(setting("http.port")["default"], 7070);
  EXPECT_EQ(setting("mqtt.topics")["default"], nlohmann::json::array({"#"}));
  EXPECT_EQ(setting("mqtt.url")["required"], true);
  EXPECT_EQ(setting("uplink.address")["default"], nullptr);
  const std::string markdown = run({"config", "doc"}).out;
  EXPECT_NE(markdown.find("| `sync_interval` | `\"100 ms\"` |"), std::string::npos);
  EXPECT_NE(markdown.find("| `url` | needed |"), std::string::npos);
}

}  // namespace
}  // namespace doppel
