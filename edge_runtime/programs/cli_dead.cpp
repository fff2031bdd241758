// doppel dead list | show | retry | drop
#include <CLI/CLI.hpp>
#include <sstream>

#include "edge_runtime/http/api.h"
#include "edge_runtime/http/url.h"
#include "edge_runtime/programs/cli_app.h"
#include "edge_runtime/programs/command_line.h"
#include "edge_runtime/programs/json_output.h"
#include "edge_runtime/programs/node_client.h"
#include "edge_runtime/programs/output.h"

namespace doppel {
namespace {

using nlohmann::json;

struct Options {
  ApiOptions client;
  std::string function, twin, reason, number;
  std::vector<std::uint64_t> numbers;
  bool all = false;
  std::size_t limit = 100;
};

// A coordinator has none of these addresses.
int fail_at(const Error& error) {
  const bool has_no_such_address = error.message.find("there is nothing at") != std::string::npos;
  if (!has_no_such_address) return fail(error);
  return fail(Error{error.code, error.message + "; dead letters are kept at the edges: ask one of them"});
}

int list(const Options& options) {
  auto client = connect(options.client, Wanted::edge);
  if (!client) return fail(client.error());
  const auto answer = client->get(target("/api/v1/dead-letters", {{"function", options.function},
                                                                  {"twin", options.twin},
                                                                  {"reason", options.reason},
                                                                  {"limit", std::to_string(options.limit)}}));
  if (!answer) return fail_at(answer.error());
  const auto letters = parse_answer(*answer);
  if (!letters) return fail(letters.error());
  if (options.client.json) return print(letters->dump(2) + "\n"), kDone;
  Table table({"NUMBER", "ARRIVED", "REASON", "FUNCTION", "TWIN OR TOPIC", "RETRY", "DETAIL"});
  for (const json& letter : letters->at("items")) {
    const std::string detail = cell(letter, "detail");
    table.add({cell(letter, "number"), age(letter, "arrival"), cell(letter, "reason"), cell(letter, "function"),
               cell(letter, letter.at("twin").is_null() ? "topic" : "twin"),
               cell(letter, "retry"), detail.substr(0, detail.find('\n'))});
  }
  print(table.text());
  if (!letters->at("next").is_null()) print(styled("There are more: --limit N shows them.\n", Style::dim));
  return kDone;
}

int show(const Options& options) {
  auto client = connect(options.client, Wanted::edge);
  if (!client) return fail(client.error());
  const auto answer = client->get("/api/v1/dead-letters/" + percent_encode(options.number));
  if (!answer) return fail_at(answer.error());
  const auto letter = parse_answer(*answer);
  if (!letter) return fail(letter.error());
  if (options.client.json) return print(letter->dump(2) + "\n"), kDone;
  for (const char* key : {"number", "reason", "arrival", "position", "twin", "topic", "function", "version", "retry", "detail", "payload_size", "payload"}) {
    if (letter->at(key).is_null()) continue;
    print(std::string(key) + ":");
    std::istringstream lines(cell_text(letter->at(key)));
    for (std::string line; std::getline(lines, line);) print(" " + printable(line) + "\n");
  }
  return kDone;
}

std::uint64_t count(const json& outcome, const char* what) { return outcome.value(what, std::uint64_t{0}); }

void print_dropped(const json& outcome) {
  print(std::to_string(count(outcome, "done")) + " of " + std::to_string(count(outcome, "found")) + " dropped\n");
}

void print_retried(const json& outcome, const Options& options) {
  const auto found = count(outcome, "found"), done = count(outcome, "done"), failed = count(outcome, "failed"), held = count(outcome, "held");
  print(std::to_string(done) + " of " + std::to_string(found) + " tried again, " + std::to_string(count(outcome, "applied")) + " applied\n");
  if (held != 0) print(std::to_string(held) + " held events given to " + options.function + "\n");
  if (done < found) print("The others cannot be retried: they were applied in part, their payload is cut, or their function is gone.\n");
  if (failed == 0) return;
  const auto first = count(outcome, "first_failed");
  const std::string numbers = failed == 1 ? "letter " + std::to_string(first) : "letters " + std::to_string(first) + " to " + std::to_string(first + failed - 1);
  print(styled(std::to_string(failed) + " failed again: dead " + numbers + "\n", Style::bad));
}

// A retry is answered when it is done: what failed again is known then.
int order(const Options& options, const char* action) {
  json body = {{"action", action}};
  if (options.all) body["all"] = true;
  if (!options.function.empty()) body["function"] = options.function;
  if (!options.numbers.empty()) body["numbers"] = options.numbers;
  auto client = connect(options.client, Wanted::edge);
  if (!client) return fail(client.error());
  const auto answer = client->ask({.method = Method::post,
                                   .target = "/api/v1/dead-letter-orders",
                                   .content_type = "application/json",
                                   .body = body.dump(-1, ' ', false, json::error_handler_t::replace),
                                   .headers = {}});
  if (!answer) return fail_at(answer.error());
  const auto outcome = parse_answer(*answer);
  if (!outcome) return fail(outcome.error());
  const bool drops = std::string_view(action) == "drop";
  const int code = drops || outcome->value("failed", std::uint64_t{0}) == 0 ? kDone : kFailed;
  if (options.client.json) return print(outcome->dump(2) + "\n"), code;
  drops ? print_dropped(*outcome) : print_retried(*outcome, options);
  return code;
}

int retry(const Options& options) { return order(options, "retry"); }
int drop(const Options& options) { return order(options, "drop"); }

void add_choice(CLI::App& app, Options& options) {
  CLI::App& which = *app.add_option_group("which");
  which.require_option(1);
  which.add_option("numbers", options.numbers, "Numbers of dead letters")->type_name("NUMBER");
  which.add_option("--fn", options.function, "All of this function")->type_name("NAME");
  which.add_flag("--all", options.all, "All there are");
  add_client_options(app, options.client);
}

}  // namespace

void add_dead_letter_commands(CLI::App& root, Chosen& chosen) {
  CLI::App& group = add_group(root, "dead", "See what could not be applied, try it again, drop it");

  const auto listing = add_command(group, chosen,
      {"list", "List dead letters, oldest first",
       "  doppel dead list\n"
       "  doppel dead list --fn overheat --reason exceeded_fuel"},
      list);
  listing.app.add_option("--fn", listing.options.function, "Of this function")->type_name("NAME");
  listing.app.add_option("--twin", listing.options.twin, "Of this twin")->type_name("ID");
  listing.app.add_option("--reason", listing.options.reason, "For this reason")->type_name("WORD");
  allow_numbers(*listing.app.add_option("--limit", listing.options.limit, "At most this many; default: 100")->type_name("N"), 1, kMaxPage);
  add_client_options(listing.app, listing.options.client);

  const auto showing = add_command(group, chosen, {"show", "Show one with its input and backtrace", "  doppel dead show 17"}, show);
  allow_numbers(*showing.app.add_option("number", showing.options.number, "Number of the dead letter")->required()->type_name("NUMBER"), 1);
  add_client_options(showing.app, showing.options.client);

  const auto retrying = add_command(group, chosen,
      {"retry", "Try dead letters again; with --fn, the function's held events too, and end its quarantine",
       "  doppel dead retry 17 18\n"
       "  doppel dead retry --fn overheat\n\n"
       "Ends with 1 when any fails again, which gets it a new number."},
      retry);
  add_choice(retrying.app, retrying.options);

  const auto dropping = add_command(group, chosen,
      {"drop", "Drop dead letters for good",
       "  doppel dead drop 17\n"
       "  doppel dead drop --all"},
      drop);
  add_choice(dropping.app, dropping.options);
}

}  // namespace doppel
