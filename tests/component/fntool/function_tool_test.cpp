// `doppel fn new`, `fn build` and `fn test` on real folders, with the real compiler and engine.
#include "edge_runtime/fntool/function_tool.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace doppel {
namespace {

namespace fs = std::filesystem;

class FunctionToolTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists(std::string(DOPPEL_BINARY_DIR) + "/guests/counter.wasm"))
      GTEST_SKIP() << "clang++ and wasm-ld were not there at build time";
    root_ = fs::temp_directory_path() / ("doppel-fntool-" + std::to_string(::getpid()));
    fs::remove_all(root_);
    fs::create_directories(root_);
  }
  void TearDown() override {
    if (!root_.empty()) fs::remove_all(root_);
  }

  std::string copy_of_example(const std::string& name) const {
    const fs::path to = root_ / name;
    fs::copy(fs::path(DOPPEL_SOURCE_DIR) / "functions/examples" / name, to, fs::copy_options::recursive);
    return to.string();
  }
  std::string new_function(const std::string& name) const {
    const std::string folder = (root_ / name).string();
    EXPECT_TRUE(create_function(folder, name));
    return folder;
  }
  static void write(const fs::path& path, const std::string& text) { std::ofstream(path) << text; }
  static void replace(const fs::path& path, const std::string& from, const std::string& to) {
    std::ifstream file(path);
    std::string text((std::istreambuf_iterator<char>(file)), {});
    ASSERT_NE(text.find(from), std::string::npos) << path;
    write(path, text.replace(text.find(from), from.size(), to));
  }

  Result<std::vector<ExampleReport>> test(const std::string& folder) const { return test_function(folder, options_); }
  // All differences of all examples, one a line; the error where there is one.
  std::string findings(const std::string& folder) const {
    const auto reports = test(folder);
    if (!reports) return reports.error().message;
    std::string out;
    for (const auto& report : *reports) {
      for (const auto& difference : report.differences) out += difference + "\n";
    }
    return out;
  }

  const FunctionTestOptions options_{{std::string(DOPPEL_BINARY_DIR) + "/tests/guests/compile_module"}};
  fs::path root_;
};

TEST_F(FunctionToolTest, Abi12_the_examples_of_the_project_do_what_they_say_whatever_the_runs_are) {
  for (const char* name : {"overheat", "unit_conversion", "running_statistics"}) {
    const auto reports = test(copy_of_example(name));
    ASSERT_TRUE(reports) << name << ": " << reports.error().message;
    EXPECT_FALSE(reports->empty());
    for (const auto& report : *reports) {
      EXPECT_GT(report.splits, 3u);
      for (const auto& difference : report.differences) ADD_FAILURE() << report.file << ": " << difference;
    }
  }
}

TEST_F(FunctionToolTest, A_new_function_builds_and_passes_its_own_example) {
  const std::string folder = new_function("my-first");
  const auto built = build_function(folder);
  ASSERT_TRUE(built) << built.error().message;
  EXPECT_EQ(built->module_path, folder + "/build/my-first.wasm");
  EXPECT_EQ(built->manifest.name.text(), "my-first");
  EXPECT_EQ(built->bytes, fs::file_size(built->module_path));
  EXPECT_LT(built->bytes, 8u << 10);
  EXPECT_EQ(findings(folder), "");
}

TEST_F(FunctionToolTest, A_new_function_overwrites_nothing_and_needs_a_good_name) {
  const std::string folder = new_function("one");
  EXPECT_EQ(create_function(folder, "one").error().code, ErrorCode::conflict);
  for (const char* name : {"", "One", "9lives", "../up", "a b"}) {
    EXPECT_EQ(create_function((root_ / "x").string(), name).error().code, ErrorCode::invalid_input) << name;
  }
  EXPECT_FALSE(fs::exists(root_ / "x"));
}

TEST_F(FunctionToolTest, A_wrong_expectation_is_shown_beside_what_came) {
  const std::string folder = new_function("one");
  replace(folder + "/examples/first.json", "\"value\": 21}", "\"value\": 22}");
  replace(folder + "/examples/first.json", "{\"f64\": 21}", "{\"f64\": 23}");
  EXPECT_EQ(findings(folder),
            "effect {\"event\": 3, \"kind\": \"set\", \"name\": \"temperature_max\", \"value\": 21}, expected {\"event\": 3, "
            "\"kind\": \"set\", "
            "\"name\": \"temperature_max\", \"value\": 22}\n"
            "state of room/1 is [f64 21, u32 1], expected [f64 23, u32 1]\n");
}

TEST_F(FunctionToolTest, Abi12_a_function_that_keeps_something_beside_its_state_is_found_out) {
  const std::string folder = new_function("forgetful");
  write(folder + "/function.cpp", R"(
    #include <doppel/function.hpp>
    static int seen = 0;  // lives for one run only
    void on_event(const doppel::Event&, doppel::NoState&, doppel::Effects& effects) { effects.set("temperature_max", ++seen); }
    DOPPEL_FUNCTION(doppel::NoState, on_event)
  )");
  replace(folder + "/function.toml", "state_bytes = 16", "state_bytes = 0");
  const std::string found = findings(folder);
  EXPECT_NE(
      found.find("with runs of 1: effect {\"event\": 1, \"kind\": \"set\", \"name\": \"temperature_max\", \"value\": 1}, expected"),
      std::string::npos)
      << found;
}

TEST_F(FunctionToolTest, A_function_that_reads_what_it_writes_sees_its_last_value_in_every_split) {
  const std::string folder = new_function("sum");
  write(folder + "/function.toml",
        "name='sum'\nversion='1'\nreads=['add: i64', 'twin.total: i64']\nwrites=['total: i64']\n[[trigger]]\ntopic='#'\n");
  write(folder + "/function.cpp", R"(
    #include <doppel/function.hpp>
    void on_event(const doppel::Event& event, doppel::NoState&, doppel::Effects& effects) {
      effects.set("total", event.i64("twin.total").value_or(0) + event.i64("add").value_or(0));
    }
    DOPPEL_FUNCTION(doppel::NoState, on_event)
  )");
  write(folder + "/examples/first.json", R"({
    "twins": {"a": {"total": 100}},
    "events": [{"twin": "a", "payload": {"add": 1}}, {"twin": "a", "payload": {"add": 2}}, {"twin": "a", "payload": {"add": 3}}],
    "effects": [{"event": 0, "kind": "set", "name": "total", "value": 101}, {"event": 1, "kind": "set", "name": "total", "value": 103},
                {"event": 2, "kind": "set", "name": "total", "value": 106}]})");
  EXPECT_EQ(findings(folder), "");
}

TEST_F(FunctionToolTest, A_run_that_fails_names_its_event_and_what_happened) {
  const std::string folder = new_function("trap");
  write(folder + "/function.cpp", R"(
    #include <doppel/function.hpp>
    void on_event(const doppel::Event& event, doppel::NoState&, doppel::Effects&) { if (event.twin() == doppel::Text("room/2")) __builtin_trap(); }
    DOPPEL_FUNCTION(doppel::NoState, on_event)
  )");
  replace(folder + "/function.toml", "state_bytes = 16", "state_bytes = 0");
  EXPECT_TRUE(findings(folder).starts_with("event 2: trap: unreachable code reached\n  #0 on_event(doppel::Event const&, ")) << findings(folder);
}

TEST_F(FunctionToolTest, A_property_that_the_manifest_does_not_write_is_refused) {
  const std::string folder = new_function("one");
  replace(folder + "/function.toml", "temperature_max", "something_else");
  EXPECT_EQ(findings(folder), "property temperature_max is not in the writes of function.toml: an edge refuses to set it\n");
}

TEST_F(FunctionToolTest, What_the_compiler_says_is_passed_on) {
  const std::string folder = new_function("one");
  replace(folder + "/function.cpp", "const auto temperature", "const auto temprature");
  const auto built = build_function(folder);
  ASSERT_FALSE(built);
  EXPECT_EQ(built.error().code, ErrorCode::invalid_input);
  EXPECT_NE(built.error().message.find("undeclared identifier 'temperature'"), std::string::npos) << built.error().message;
}

TEST_F(FunctionToolTest, A_state_of_another_size_than_the_manifest_says_does_not_build) {
  const std::string folder = new_function("one");
  replace(folder + "/function.toml", "state_bytes = 16", "state_bytes = 24");
  const auto built = build_function(folder);
  ASSERT_FALSE(built);
  EXPECT_TRUE(built.error().message.starts_with(folder + "/function.toml: state_bytes = 24, but sizeof(State) is 16\n")) << built.error().message;
  EXPECT_NE(built.error().message.find("sizeof(State) is not state_bytes of function.toml"), std::string::npos) << built.error().message;
}

TEST_F(FunctionToolTest, What_is_missing_is_named) {
  EXPECT_EQ(build_function((root_ / "nowhere").string()).error().code, ErrorCode::not_found);
  const std::string folder = new_function("one");
  fs::remove_all(folder + "/examples");
  EXPECT_NE(findings(folder).find("no *.json file"), std::string::npos);
  fs::remove(folder + "/function.cpp");
  EXPECT_NE(findings(folder).find("no *.cpp file"), std::string::npos);
}

TEST_F(FunctionToolTest, Without_a_compiler_the_packages_to_install_are_named) {
  const std::string folder = new_function("one");
  const std::string path = ::getenv("PATH");
  ::setenv("PATH", root_.c_str(), 1);
  const auto built = build_function(folder);
  ::setenv("PATH", path.c_str(), 1);
  ASSERT_FALSE(built);
  EXPECT_NE(built.error().message.find("apt-get install clang-14 lld-14"), std::string::npos) << built.error().message;
}

TEST_F(FunctionToolTest, Promise8_everything_wrong_with_an_example_is_said_at_once) {
  const std::string folder = new_function("one");
  write(
      folder + "/examples/first.json",
      R"({"event": [], "events": [{"payload": 1}, {"twin": "a", "time": "yesterday", "trigger": "cron"}], "state": {"a": [{"f65": "x"}]}})");
  const std::string found = findings(folder);
  for (const char* part :
       {"unknown key event", "event 0: twin is missing", "time \"yesterday\"", "trigger \"cron\"", "state of a: {\"f65\":\"x\"}"}) {
    EXPECT_NE(found.find(part), std::string::npos) << part << " in\n" << found;
  }
  write(folder + "/examples/first.json", "{");
  EXPECT_NE(findings(folder).find("first.json: "), std::string::npos);
}

}  // namespace
}  // namespace doppel
