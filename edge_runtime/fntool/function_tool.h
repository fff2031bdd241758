// What `doppel fn new`, `fn build` and `fn test` do, as functions. Thread: any; they work in the folder they are given.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "functions/abi/manifest.h"
#include "twin_store/model/result.h"

namespace doppel {

// Fills `folder` with a small working function called `name`: manifest, source, README, one example. Returns the files.
// Errors: invalid_input (name), conflict (the folder has something in it already), unavailable.
Result<std::vector<std::string>> create_function(const std::string& folder, const std::string& name);

struct BuiltFunction {
  Manifest manifest;
  std::string manifest_text;
  std::string module_path;  // FOLDER/build/NAME.wasm
  std::uint64_t bytes = 0;
};

// Compiles the *.cpp files of `folder` against the SDK that this program carries. Errors: not_found (no function.toml, no
// source, no compiler: names the packages), invalid_input (manifest, or what the compiler said).
Result<BuiltFunction> build_function(const std::string& folder);

struct ExampleReport {
  std::string file;
  std::string description;
  std::size_t events = 0;
  std::size_t splits = 0;                // ways in which the events were cut into runs
  std::vector<std::string> differences;  // empty: passed
};

struct FunctionTestOptions {
  std::vector<std::string> compiler{"/proc/self/exe", "compile-module"};  // as of WasmOptions
};

// Builds, then runs every FOLDER/examples/*.json through the engine, each with several splits of its events into runs
// (abi-12). Errors: those of build_function; invalid_input (an example that cannot be read, a module that is refused);
// not_found (no examples).
Result<std::vector<ExampleReport>> test_function(const std::string& folder, const FunctionTestOptions& options);

// The same for a function that is built already; nothing where there are no examples.
Result<std::vector<ExampleReport>> run_examples(const std::string& folder, const BuiltFunction& built, const FunctionTestOptions& options);

}  // namespace doppel
