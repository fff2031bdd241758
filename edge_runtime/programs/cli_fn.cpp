// doppel fn new | build | test | deploy | list | delete
#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "edge_runtime/fntool/function_tool.h"
#include "edge_runtime/http/multipart.h"
#include "edge_runtime/http/url.h"
#include "edge_runtime/programs/cli_app.h"
#include "edge_runtime/programs/command_line.h"
#include "edge_runtime/programs/json_output.h"
#include "edge_runtime/programs/node_client.h"
#include "edge_runtime/programs/output.h"
#include "functions/abi/manifest.h"

namespace doppel {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

struct Options {
  ApiOptions api;
  std::string path, name, manifest, edges;
  bool future = false, untested = false;
};

struct LocalOptions {
  std::string name, folder, language = "cpp";
  bool json = false;
};

int create(const LocalOptions& options) {
  const std::string folder = options.folder.empty() ? options.name : options.folder;
  const auto files = create_function(folder, options.name);
  if (!files) return fail(files.error());
  if (options.json) return print(json(*files).dump(2) + "\n"), kDone;
  for (const std::string& file : *files) print(file + "\n");
  print(styled("Next: doppel fn test " + folder + "\n", Style::dim));
  return kDone;
}

int build(const LocalOptions& options) {
  const auto built = build_function(options.folder);
  if (!built) return fail(built.error());
  if (options.json) {
    const json answer = {{"name", built->manifest.name.text()}, {"module", built->module_path}, {"bytes", built->bytes}};
    return print(answer.dump(2) + "\n"), kDone;
  }
  print(built->module_path + "  " + std::to_string(built->bytes) + " bytes\n");
  return kDone;
}

json report_json(const ExampleReport& report) {
  return {{"file", report.file},     {"description", report.description}, {"events", report.events},
          {"splits", report.splits}, {"passed", report.differences.empty()}, {"differences", report.differences}};
}

int test(const LocalOptions& options) {
  const auto reports = test_function(options.folder, {});
  if (!reports) return fail(reports.error());
  std::size_t failed = 0;
  json list = json::array();
  for (const ExampleReport& report : *reports) {
    const bool passed = report.differences.empty();
    if (!passed) ++failed;
    if (options.json) {
      list.push_back(report_json(report));
      continue;
    }
    print((passed ? styled("passed", Style::good) : styled("FAILED", Style::bad)) + "  " + report.file + ": " +
          std::to_string(report.events) + " events, cut into runs in " + std::to_string(report.splits) + " ways\n");
    for (const std::string& difference : report.differences) print("  " + difference + "\n");
  }
  if (options.json) print(list.dump(2) + "\n");
  return failed == 0 ? kDone : kFailed;
}

// With a selector of edges the functions are the coordinator's to hand out; without one they are an edge's own.
Wanted wanted_for(const Options& options) { return options.edges.empty() ? Wanted::edge : Wanted::coordinator; }

int list(const Options& options) {
  auto client = connect(options.api, Wanted::edge_or_else_coordinator);
  if (!client) return fail(client.error());
  const auto answer = client->get("/api/v1/functions");
  if (!answer) return fail(answer.error());
  const auto functions = parse_answer(*answer);
  if (!functions) return fail(functions.error());
  if (options.api.json) return print(functions->dump(2) + "\n"), kDone;
  Table table({"FUNCTION", "VERSION", "ORIGIN", "STATE", "EDGES", "RUNS", "EVENTS", "ERRORS", "DENIED", "FUEL"});
  for (const json& function : functions->at("items")) {
    table.add({cell(function, "name"), cell(function, "version"), cell(function, "origin"), cell(function, "state"),
               cell(function, "edges"), cell(function, "runs"), cell(function, "events"), cell(function, "errors"), cell(function, "denied"),
               cell(function, "fuel")});
  }
  print(table.text());
  return kDone;
}

Result<std::string> read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return not_found(path.string() + ": cannot be opened");
  std::string bytes(std::istreambuf_iterator<char>(in), {});
  if (in.bad()) return unavailable(path.string() + ": cannot be read");
  return bytes;
}

// The manifest of a module lies beside it, or in the folder above that holds the build folder.
fs::path manifest_path(const Options& options) {
  if (!options.manifest.empty()) return options.manifest;
  const fs::path folder = fs::path(options.path).parent_path();
  const fs::path beside = folder / "function.toml";
  return fs::exists(beside) ? beside : folder / ".." / "function.toml";
}

struct Package {
  Manifest manifest;
  std::string manifest_text, module;
};

// What its own examples say against is hardly meant to run.
Result<void> check_examples(const std::string& folder, const BuiltFunction& built) {
  const auto reports = run_examples(folder, built, {});
  if (!reports) return reports.error();
  std::string failing;
  for (const ExampleReport& report : *reports) {
    if (!report.differences.empty()) failing += "\n" + report.file + ": " + report.differences.front();
  }
  if (failing.empty()) return {};
  return invalid_input("not deployed, since examples fail (--untested deploys it all the same, doppel fn test " + folder + " says more):" + failing);
}

// A folder is built and tested first; a module is taken as it is.
Result<Package> read_package(const Options& options) {
  if (fs::is_directory(options.path)) {
    auto built = build_function(options.path);
    if (!built) return built.error();
    if (!options.untested) {
      if (auto passed = check_examples(options.path, *built); !passed) return passed.error();
    }
    auto module = read_file(built->module_path);
    if (!module) return module.error();
    return Package{std::move(built->manifest), std::move(built->manifest_text), *std::move(module)};
  }
  if (!fs::exists(options.path)) return not_found("there is no folder or module " + options.path);
  const fs::path manifest_file = manifest_path(options);
  auto text = read_file(manifest_file);
  if (!text) return text.error();
  auto manifest = parse_manifest(*text);
  if (!manifest) return invalid_input(manifest_file.string() + ":\n" + manifest.error().message);
  auto module = read_file(options.path);
  if (!module) return module.error();
  return Package{*std::move(manifest), *std::move(text), *std::move(module)};
}

std::string joined(const json& names) {
  std::string list;
  for (const json& name : names) list += (list.empty() ? "" : ", ") + cell_text(name);
  return list;
}

// What the selector means for the fleet as it is now.
void print_selection(const json& accepted) {
  const auto selected = accepted.value("selected", std::uint64_t{0});
  print("selected: " + std::to_string(selected) + (selected == 1 ? " edge" : " edges") + "\n");
  const json unknown = accepted.value("unknown", json::array()), withdrawn = accepted.value("withdrawn", json::array());
  if (!unknown.empty()) print(styled("no edge is called " + printable(joined(unknown)) + " so far; it would get the function when it comes\n", Style::bad));
  if (!withdrawn.empty()) print(styled("taken from: " + printable(joined(withdrawn)) + "\n", Style::bad));
}

int deploy(const Options& options) {
  const auto package = read_package(options);
  if (!package) return fail(package.error());
  auto client = connect(options.api, wanted_for(options));
  if (!client) return fail(client.error());
  const std::string name = package->manifest.name.text();
  Form form = make_form({{.name = "manifest", .filename = "function.toml", .content = package->manifest_text},
                         {.name = "module", .filename = name + ".wasm", .content = package->module}});
  ClientRequest request{.method = Method::put,
                        .target = target("/api/v1/functions/" + percent_encode(name), {{"edges", options.edges}, {"future", options.future ? "true" : ""}}),
                        .content_type = std::move(form.content_type),
                        .body = std::move(form.body),
                        .headers = {}};
  const auto answer = client->ask(request);
  if (!answer) return fail(answer.error());
  if (options.api.json) return print(*answer + "\n"), kDone;
  print(name + " " + package->manifest.version + " accepted" + (options.edges.empty() ? "" : " for edges " + options.edges) + "\n");
  if (options.edges.empty()) return kDone;
  const auto accepted = parse_answer(*answer);
  if (!accepted) return fail(accepted.error());
  print_selection(*accepted);
  return kDone;
}

int remove(const Options& options) {
  auto client = connect(options.api, wanted_for(options));
  if (!client) return fail(client.error());
  ClientRequest request{.method = Method::remove,
                        .target = target("/api/v1/functions/" + percent_encode(options.name), {{"edges", options.edges}}),
                        .content_type = {},
                        .body = {},
                        .headers = {}};
  const auto answer = client->ask(request);
  if (!answer) return fail(answer.error());
  if (options.api.json) return print(*answer + "\n"), kDone;
  const auto outcome = parse_answer(*answer);
  if (!outcome) return fail(outcome.error());
  const bool is_left = outcome->contains("edges") && !outcome->at("edges").is_null();
  print(options.name + (is_left ? " is now for edges " + cell(*outcome, "edges") : " deleted") + "\n");
  return kDone;
}

void add_edges(CLI::App& app, Options& options) {
  app.add_option("--edges", options.edges, "Through the coordinator, for these edges: *, region:NAME, or names with commas")
      ->check([](const std::string& selector) { return selector.empty() ? std::string("the selector is empty: * is all edges") : std::string(); })
      ->type_name("SELECTOR");
  add_client_options(app, options.api);
}

void add_local_commands(CLI::App& group, Chosen& chosen) {
  const auto creating = add_command(group, chosen,
      {"new", "Begin a function: a folder with a small one that works",
       "  doppel fn new cooling --lang cpp\n  doppel fn new cooling --dir plant/cooling"},
      create);
  creating.app.add_option("name", creating.options.name, "Name of the function")->required()->type_name("NAME");
  creating.app.add_option("--lang", creating.options.language, "cpp")->check(CLI::IsMember({"cpp"}))->type_name("LANGUAGE");
  creating.app.add_option("--dir", creating.options.folder, "Folder to make; default: NAME")->type_name("DIR");
  creating.app.add_flag("--json", creating.options.json, "Print JSON");

  const auto building = add_command(group, chosen, {"build", "Compile a function to WebAssembly", "  doppel fn build cooling"}, build);
  const auto testing = add_command(group, chosen,
      {"test", "Run a function's examples, cut into runs in several ways", "  doppel fn test cooling"}, test);
  for (const auto& command : {building, testing}) {
    command.app.add_option("folder", command.options.folder, "Folder of the function")->required()->type_name("DIR");
    command.app.add_flag("--json", command.options.json, "Print JSON");
  }
}

}  // namespace

void add_function_commands(CLI::App& root, Chosen& chosen) {
  CLI::App& group = add_group(root, "fn", "Write, test and deploy functions");
  add_local_commands(group, chosen);

  const auto deploying = add_command(group, chosen,
      {"deploy", "Hand a built function to an edge, or to many through the coordinator",
       "  doppel fn deploy overheat\n"
       "  doppel fn deploy overheat --edges '*'\n"
       "  doppel fn deploy overheat --edges region:emea --future\n"
       "  doppel fn deploy overheat/build/overheat.wasm --server http://127.0.0.1:7070"},
      deploy);
  deploying.app.add_option("path", deploying.options.path, "Folder of the function, which is built and tested by its examples first, or a module")
      ->required()
      ->type_name("DIR|FILE.wasm");
  deploying.app.add_flag("--untested", deploying.options.untested, "Without running the folder's examples, or though they fail");
  deploying.app.add_option("--manifest", deploying.options.manifest, "Default: function.toml beside it")->type_name("FILE");
  add_edges(deploying.app, deploying.options);
  deploying.app.add_flag("--future", deploying.options.future, "Also where the selector selects no edge yet: those that come get the function")
      ->needs("--edges");

  const auto listing = add_command(group, chosen,
      {"list", "List functions with their meters",
       "  doppel fn list\n  doppel fn list --server http://127.0.0.1:7080 --json"},
      list);
  add_client_options(listing.app, listing.options.api);

  const auto deleting = add_command(group, chosen,
      {"delete", "Take a function away", "  doppel fn delete overheat\n  doppel fn delete overheat --edges '*'"}, remove);
  refuse_empty(*deleting.app.add_option("name", deleting.options.name, "Name of the function")->required()->type_name("NAME"), "a name, 1 to 63 of a-z, 0-9, - and _");
  add_edges(deleting.app, deleting.options);
}

}  // namespace doppel
