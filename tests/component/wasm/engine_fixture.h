// A real engine on a folder of its own, with the guests that the build made.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "edge_runtime/wasm/wasm_engine.h"

namespace doppel {

class EngineTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(guest_path("counter")))
      GTEST_SKIP() << "no guests: clang++ and wasm-ld were not there at build time";
    root_ = std::filesystem::temp_directory_path() / ("doppel-wasm-" + std::to_string(::getpid()));
    std::filesystem::remove_all(root_);
    disk_ = std::move(open_system_disk(root_.string())).value();
    blobs_ = std::move(BlobStore::open(*disk_, "blobs")).value();
    open_engine(options());
  }
  void TearDown() override {
    engine_.reset();
    if (!root_.empty()) std::filesystem::remove_all(root_);
  }

  WasmOptions options() const {
    WasmOptions out;
    out.cache_folder = (root_ / "native").string();
    out.compiler = {std::string(DOPPEL_BINARY_DIR) + "/tests/guests/compile_module"};
    return out;
  }
  void open_engine(const WasmOptions& options) {
    auto engine = WasmEngine::open(options, *blobs_);
    ASSERT_TRUE(engine) << engine.error().message;
    engine_ = std::move(engine).value();
  }

  static std::string guest_path(const std::string& name) { return std::string(DOPPEL_BINARY_DIR) + "/guests/" + name + ".wasm"; }
  static std::string guest(const std::string& name) {
    std::ifstream file(guest_path(name), std::ios::binary);
    return std::string((std::istreambuf_iterator<char>(file)), {});
  }

  // `more` goes before the trigger, so it may end in top-level keys only.
  static Manifest manifest(const std::string& more = "", const std::string& tables = "") {
    auto parsed = parse_manifest("name = 'test'\nversion = '1'\n" + more + "\n[[trigger]]\ntopic = '#'\n" + tables);
    EXPECT_TRUE(parsed) << parsed.error().message;
    return std::move(parsed).value();
  }

  // Accepts the guest as an upload does, and loads it.
  std::unique_ptr<Runner> runner(const std::string& name, const Manifest& wanted) {
    const std::string bytes = guest(name);
    const auto info = engine_->validate(bytes, wanted);
    EXPECT_TRUE(info) << info.error().message;
    const auto hash = blobs_->put(bytes);
    auto loaded = engine_->load(*hash, wanted);
    EXPECT_TRUE(loaded) << loaded.error().message;
    return std::move(loaded).value();
  }

  std::filesystem::path root_;
  std::unique_ptr<Disk> disk_;
  std::unique_ptr<BlobStore> blobs_;
  std::unique_ptr<WasmEngine> engine_;
};

}  // namespace doppel
