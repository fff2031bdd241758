#include "edge_runtime/programs/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstdio>
#include <exception>
#include <span>
#include <string_view>

#include "edge_runtime/config/suggest.h"
#include "edge_runtime/programs/commands.h"
#include "edge_runtime/programs/node_core.h"
#include "edge_runtime/wasm/compile_helper.h"

namespace doppel {
namespace {

constexpr const char* kExamples = R"(Examples:
  doppel edge --mqtt mqtt://127.0.0.1:1883     twins from a broker, without a configuration file
  doppel twin list                             what the edge on this machine knows
  doppel fn new overheat --lang cpp            begin a function
  doppel COMMAND --help                        more about a command

Exit codes: 0 done, 1 failed, 2 not understood.)";

// The deepest command that the words name.
const CLI::App& innermost(const CLI::App& app) {
  const auto parsed = app.get_subcommands();
  return parsed.empty() ? app : innermost(*parsed.front());
}

std::vector<std::string> known_words(const CLI::App& app, bool options) {
  std::vector<std::string> words;
  if (options) {
    for (const CLI::Option* option : app.get_options()) {
      for (const std::string& name : option->get_lnames()) words.push_back("--" + name);
    }
    return words;
  }
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    words.push_back(command->get_name());
  }
  return words;
}

std::string command_path(const CLI::App& app) {
  if (!app.get_parent()) return app.get_name();
  return command_path(*app.get_parent()) + " " + app.get_name();
}

int usage_error(const CLI::App& root, const CLI::ParseError& error) {
  const CLI::App& app = innermost(root);
  std::string text = error.what();
  const auto rest = root.remaining(true);
  const bool wants_word = app.get_require_subcommand_min() > 0;
  if (!rest.empty() && (wants_word || dynamic_cast<const CLI::ExtrasError*>(&error))) {
    const std::string word = rest.front().substr(0, rest.front().find('='));
    const bool option = word.starts_with("-");
    text = std::string(option ? "unknown option " : "unknown word ") + "\"" + word + "\"" +
           did_you_mean(word, known_words(app, option));
  } else if (wants_word) {
    std::string list;
    for (const std::string& word : known_words(app, false)) list += (list.empty() ? "" : " | ") + word;
    text = "say which: " + list;
  }
  const std::string path = command_path(app);
  std::fprintf(stderr, "%s: %s\nSee: %s --help\n", path.c_str(), text.c_str(), path.c_str());
  return kUsage;
}

std::unique_ptr<CLI::App> make_tree(Chosen& chosen) {
  auto root = std::make_unique<CLI::App>("doppel: twins of things from streams of messages, at the edge.", "doppel");
  root->set_version_flag("--version", program_name());
  root->require_subcommand(1);
  root->footer(kExamples);
  root->get_formatter()->column_width(34);
  add_node_commands(*root, chosen);
  add_twin_commands(*root, chosen);
  add_function_commands(*root, chosen);
  add_dead_letter_commands(*root, chosen);
  add_fleet_commands(*root, chosen);
  add_sim_commands(*root, chosen);
  add_journal_commands(*root, chosen);
  add_store_commands(*root, chosen);
  add_config_commands(*root, chosen);
  return root;
}

constexpr std::array<std::string_view, 5> kClientOptions{"--server", "--data", "--node", "--token-file", "--json"};

bool is_client_option(std::string_view word) {
  return std::find(kClientOptions.begin(), kClientOptions.end(), word.substr(0, word.find('='))) != kClientOptions.end();
}

// `doppel help twin list` asks for `doppel twin list --help`; options of a command may stand before it.
std::vector<std::string> as_commands_take_them(std::vector<std::string> words) {
  if (words.size() > 1 && words[1] == "help") {
    words.erase(words.begin() + 1);
    words.emplace_back("--help");
  }
  auto command = words.begin() + std::min<std::ptrdiff_t>(1, std::ssize(words));
  while (command != words.end() && is_client_option(*command)) {
    const bool has_value_behind = *command != "--json" && command->find('=') == std::string::npos;
    command += has_value_behind && command + 1 != words.end() ? 2 : 1;
  }
  std::rotate(words.begin() + std::min<std::ptrdiff_t>(1, std::ssize(words)), command, words.end());
  return words;
}

}  // namespace

int run_command_line(const std::vector<std::string>& arguments) {
  // Not for people: the process that compiles a module for the engine.
  if (arguments.size() > 1 && arguments[1] == "compile-module") {
    return run_compile_helper(std::span(arguments).subspan(2));
  }
  Chosen chosen;
  const auto root = make_tree(chosen);
  const auto words = as_commands_take_them(arguments);
  std::vector<std::string> reversed(words.rbegin(), words.rend());
  reversed.pop_back();
  try {
    root->parse(reversed);
    return chosen.run();
  } catch (const CLI::Success& asked) {  // --help, --version
    return root->exit(asked);
  } catch (const CLI::ParseError& error) {
    return usage_error(*root, error);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "doppel: unexpected: %s\n", error.what());
    return kFailed;
  }
}

}  // namespace doppel
