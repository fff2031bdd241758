#include <stdlib.h>

#include <algorithm>
#include <system_error>

#include "edge_runtime/fntool/example.h"
#include "edge_runtime/fntool/example_run.h"
#include "edge_runtime/fntool/files.h"
#include "edge_runtime/fntool/function_tool.h"
#include "edge_runtime/wasm/wasm_engine.h"
#include "twin_store/blobs/blob_store.h"

namespace doppel {
namespace {

namespace fs = std::filesystem;
using fntool::Example;
using fntool::Split;
using fntool::Transcript;

constexpr std::size_t kMaxDifferences = 20;  // of one example; the first ones tell enough

const std::vector<Split>& splits() {
  static const std::vector<Split> kSplits{{"one run of all events", {1'000'000}},
                                          {"runs of 1", {1}},
                                          {"runs of 2", {2}},
                                          {"runs of 3", {3}},
                                          {"runs of 1, 2, 5", {1, 2, 5}},
                                          {"runs of 7, 1, 4", {7, 1, 4}}};
  return kSplits;
}

// A folder of its own that goes with it.
class ScratchFolder {
 public:
  ScratchFolder() {
    std::string name = (fs::temp_directory_path() / "doppel-fn-XXXXXX").string();
    if (::mkdtemp(name.data()) != nullptr) path_ = name;
  }
  ~ScratchFolder() {
    std::error_code error;
    if (!path_.empty()) fs::remove_all(path_, error);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Collects differences up to a limit.
class Differences {
 public:
  explicit Differences(std::vector<std::string>& out) : out_(out) {}
  void add(const std::string& what) {
    if (out_.size() <= kMaxDifferences) out_.push_back(out_.size() < kMaxDifferences ? what : "and more");
  }

 private:
  std::vector<std::string>& out_;
};

void compare_effects(const std::string& where, const std::vector<std::string>& wanted, const std::vector<std::string>& got,
                     Differences& out) {
  for (std::size_t i = 0; i < std::max(wanted.size(), got.size()); ++i) {
    if (i >= wanted.size()) out.add(where + "unexpected effect " + got[i]);
    else if (i >= got.size()) out.add(where + "missing effect " + wanted[i]);
    else if (wanted[i] != got[i]) out.add(where + "effect " + got[i] + ", expected " + wanted[i]);
  }
}

void compare_with_expectation(const Example& example, const Transcript& got, Differences& out) {
  compare_effects("", example.effects, got.effects, out);
  for (const auto& [twin, fields] : example.state) {
    const auto block = got.states.find(twin);
    const std::string found = block == got.states.end() ? "none" : fntool::state_text(block->second, fields);
    const std::string wanted = fntool::state_text(fields);
    if (found != wanted) out.add("state of " + twin + " is " + found + ", expected " + wanted);
  }
}

void compare_splits(const Split& split, const Transcript& whole, const Transcript& got, Differences& out) {
  const std::string where = "with " + split.name + ": ";
  if (!got.failure.empty()) return out.add(where + got.failure);
  compare_effects(where, whole.effects, got.effects, out);
  for (const auto& [twin, block] : whole.states) {
    const auto other = got.states.find(twin);
    if (other == got.states.end() || other->second != block)
      out.add(where + "the state of " + twin + " is another than with " + splits()[0].name);
  }
}

Result<ExampleReport> test_example(const fs::path& path, const Manifest& manifest, Runner& runner) {
  const auto text = fntool::read_file(path);
  if (!text) return text.error();
  const auto example = fntool::parse_example(*text);
  if (!example) return invalid_input(path.string() + ": " + example.error().message);
  ExampleReport report{path.string(), example->description, example->events.size(), splits().size(), {}};
  Differences differences(report.differences);
  const Transcript whole = fntool::run_example(*example, manifest, runner, splits()[0]);
  if (!whole.failure.empty()) {
    differences.add(whole.failure);
    return report;
  }
  compare_with_expectation(*example, whole, differences);
  for (std::size_t i = 1; i < splits().size(); ++i) {
    compare_splits(splits()[i], whole, fntool::run_example(*example, manifest, runner, splits()[i]), differences);
  }
  return report;
}

std::vector<fs::path> example_files(const std::string& folder) {
  std::vector<fs::path> out;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(fs::path(folder) / "examples", error)) {
    if (entry.path().extension() == ".json") out.push_back(entry.path());
  }
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace

Result<std::vector<ExampleReport>> test_function(const std::string& folder, const FunctionTestOptions& options) {
  const auto built = build_function(folder);
  if (!built) return built.error();
  auto reports = run_examples(folder, *built, options);
  if (reports && reports->empty()) return not_found(folder + "/examples: no *.json file in it");
  return reports;
}

Result<std::vector<ExampleReport>> run_examples(const std::string& folder, const BuiltFunction& built, const FunctionTestOptions& options) {
  const auto files = example_files(folder);
  if (files.empty()) return std::vector<ExampleReport>();
  const auto module = fntool::read_file(built.module_path);
  if (!module) return module.error();

  const ScratchFolder scratch;
  const auto disk = open_system_disk(scratch.path());
  if (!disk) return disk.error();
  const auto blobs = BlobStore::open(**disk, "blobs");
  if (!blobs) return blobs.error();
  WasmOptions wasm;
  wasm.cache_folder = scratch.path() + "/native";
  wasm.compiler = options.compiler;
  const auto engine = WasmEngine::open(wasm, **blobs);
  if (!engine) return engine.error();
  if (const auto valid = (*engine)->validate(*module, built.manifest); !valid) return valid.error();
  const auto hash = (*blobs)->put(*module);
  if (!hash) return hash.error();
  const auto runner = (*engine)->load(*hash, built.manifest);
  if (!runner) return runner.error();

  std::vector<ExampleReport> reports;
  for (const fs::path& file : files) {
    auto report = test_example(file, built.manifest, **runner);
    if (!report) return report.error();
    reports.push_back(std::move(report).value());
  }
  return reports;
}

}  // namespace doppel
