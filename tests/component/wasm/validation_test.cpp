// What is accepted, what is refused and why, and what happens to native code.
#include <sys/stat.h>

#include "tests/component/wasm/engine_fixture.h"
#include "twin_store/model/hash.h"

namespace doppel {
namespace {

class ValidationTest : public EngineTest {
 protected:
  std::string refusal(const std::string& bytes, const Manifest& wanted) {
    const auto info = engine_->validate(bytes, wanted);
    return info ? "" : info.error().message;
  }
  std::vector<std::filesystem::path> native_files() const {
    std::vector<std::filesystem::path> out;
    for (const auto& entry : std::filesystem::directory_iterator(root_ / "native")) out.push_back(entry.path());
    return out;
  }
  RunOutcome run_once(Runner& runner) {
    const Manifest wanted = counter_;
    RunBuilder builder(wanted);
    builder.begin();
    RunEvent event;
    event.twin = builder.add_twin("t", "");
    builder.add_event(event, std::vector{ValueView::of(1.0)});
    RunResult result;
    runner.run(builder.finish(), result);
    last_reason_ = result.reason;
    return result.outcome;
  }

  const Manifest counter_ = manifest("reads = ['value: f64']\nstate_bytes = 16");
  std::string last_reason_;
};

TEST_F(ValidationTest, A_good_module_is_accepted_and_described) {
  const std::string bytes = guest("counter");
  const auto info = engine_->validate(bytes, counter_);
  ASSERT_TRUE(info) << info.error().message;
  EXPECT_EQ(info->sha256, sha256_hex(bytes));
  EXPECT_EQ(info->bytes, bytes.size());
  EXPECT_GE(info->initial_memory_bytes, 64u << 10);
  EXPECT_TRUE(info->imports_log);
}

TEST_F(ValidationTest, Abi2_every_wrong_import_and_export_is_named_with_what_is_wanted) {
  EXPECT_EQ(refusal(guest("wrong_shape"), manifest()),
            "module: import env.now is not granted; the only import is doppel.log\n"
            "module: import wasi_snapshot_preview1.fd_write: there is no WASI; compile without it (C++: clang++ --target=wasm32 "
            "-nostdlib "
            "-Wl,--no-entry; Rust: --target wasm32-unknown-unknown)\n"
            "module: export doppel_run is (i32) -> (i64), wanted (i32, i32) -> (i32)\n"
            "module: export doppel_secret: names that begin with doppel_ are reserved\n"
            "module: export doppel_arena is missing; wanted: (i32) -> (i32)");
}

TEST_F(ValidationTest, Abi1_another_version_of_the_abi_is_refused) {
  EXPECT_EQ(refusal(guest("version_two"), manifest()), "module: doppel_abi_version is 2, this doppel speaks 1");
}

TEST_F(ValidationTest, A_module_that_begins_with_more_memory_than_allowed_is_refused_with_both_figures) {
  const Manifest small = manifest("", "[limits]\nmemory = '64KiB'\n");
  const std::string why = refusal(guest("bulk"), small);
  EXPECT_NE(why.find("limits.memory allows 65536"), std::string::npos) << why;
}

TEST_F(ValidationTest, Abi1_a_start_function_is_refused) {
  using namespace std::string_literals;
  const std::string bytes = "\0asm\1\0\0\0"s + "\1\4\1\x60\0\0"s + "\3\2\1\0"s + "\x8\1\0"s + "\xa\4\1\2\0\xb"s;
  EXPECT_EQ(refusal(bytes, manifest()), "module: it has a start function; move its work into _initialize or doppel_run");
}

TEST_F(ValidationTest, Bytes_that_are_no_module_are_refused) {
  EXPECT_NE(refusal("", manifest()), "");
  EXPECT_NE(refusal("\x7f" "ELF and so on", manifest()), "");
  EXPECT_NE(refusal(guest("counter").substr(0, 500), manifest()), "");
  std::string damaged = guest("counter");
  damaged[damaged.size() / 2] ^= 0x55;
  (void)refusal(damaged, manifest());  // either way, nothing crashes
  EXPECT_NE(refusal(std::string(9u << 20, 'x'), manifest()).find("at most 8388608"), std::string::npos);
}

// A component, a module of 64-bit memory, one of two memories, one with shared memory and atomic instructions.
TEST_F(ValidationTest, Abi9_what_is_not_deterministic_or_not_core_is_refused) {
  using namespace std::string_literals;
  const std::string head = "\0asm\1\0\0\0"s;
  EXPECT_NE(refusal("\0asm\x0d\0\1\0"s, manifest()), "");
  EXPECT_NE(refusal(head + "\5\3\1\4\1"s, manifest()).find("64"), std::string::npos);
  EXPECT_NE(refusal(head + "\5\5\2\0\1\0\1"s, manifest()), "");
  EXPECT_NE(refusal(head + "\5\4\1\3\1\1"s, manifest()), "");
}

TEST_F(ValidationTest, A_module_is_compiled_once) {
  const std::string bytes = guest("counter");
  ASSERT_TRUE(engine_->validate(bytes, counter_));
  ASSERT_EQ(native_files().size(), 1u);
  const auto made = std::filesystem::last_write_time(native_files()[0]);
  const auto inode = [&] {
    struct stat status {};
    ::stat(native_files()[0].c_str(), &status);
    return status.st_ino;
  };
  const auto before = inode();
  ASSERT_TRUE(engine_->validate(bytes, counter_));
  EXPECT_EQ(inode(), before);
  EXPECT_GE(std::filesystem::last_write_time(native_files()[0]), made);
}

TEST_F(ValidationTest, After_a_restart_native_code_is_used_without_the_helper) {
  const auto first = runner("counter", counter_);
  WasmOptions without_helper = options();
  without_helper.compiler = {"/nonexistent/helper"};
  auto engine = std::move(WasmEngine::open(without_helper, *blobs_)).value();
  const auto again = engine->load(sha256_hex(guest("counter")), counter_);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(run_once(**again), RunOutcome::ok) << last_reason_;
}

TEST_F(ValidationTest, Native_code_that_is_gone_or_damaged_is_made_anew_from_the_blob) {
  runner("counter", counter_);
  const auto file = native_files().at(0);
  std::filesystem::remove(file);
  EXPECT_TRUE(engine_->load(sha256_hex(guest("counter")), counter_));
  EXPECT_TRUE(std::filesystem::exists(file));
  std::ofstream(file, std::ios::trunc) << "not native code";
  const auto again = engine_->load(sha256_hex(guest("counter")), counter_);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(run_once(**again), RunOutcome::ok) << last_reason_;
}

TEST_F(ValidationTest, Native_code_can_be_lost_while_the_function_is_in_use) {
  WasmOptions one = options();
  one.loaded_modules = 1;
  open_engine(one);
  const auto counter = runner("counter", counter_);
  const auto other = runner("floats", manifest("reads = ['value: f64']"));  // drops the first from memory
  for (const auto& file : native_files()) std::filesystem::remove(file);
  EXPECT_EQ(run_once(*counter), RunOutcome::ok) << last_reason_;
}

TEST_F(ValidationTest, Many_functions_share_few_places_in_memory) {
  WasmOptions two = options();
  two.loaded_modules = 2;
  open_engine(two);
  std::vector<std::unique_ptr<Runner>> runners;
  for (int i = 0; i < 20; ++i) runners.push_back(runner("counter", counter_));
  for (int turn = 0; turn < 3; ++turn) {
    for (const auto& each : runners) ASSERT_EQ(run_once(*each), RunOutcome::ok) << last_reason_;
  }
}

TEST_F(ValidationTest, A_helper_that_cannot_be_started_or_dies_is_unavailable_and_named) {
  WasmOptions broken = options();
  broken.compiler = {"/nonexistent/helper"};
  open_engine(broken);
  auto info = engine_->validate(guest("counter"), counter_);
  ASSERT_FALSE(info);
  EXPECT_EQ(info.error().code, ErrorCode::unavailable);
  EXPECT_NE(info.error().message.find("/nonexistent/helper"), std::string::npos) << info.error().message;

  broken.compiler = {"/bin/sh", "-c", "kill -9 $$"};
  open_engine(broken);
  info = engine_->validate(guest("counter"), counter_);
  ASSERT_FALSE(info);
  EXPECT_EQ(info.error().code, ErrorCode::unavailable);
  EXPECT_NE(info.error().message.find("signal 9"), std::string::npos) << info.error().message;
  EXPECT_TRUE(native_files().empty());
}

TEST_F(ValidationTest, A_cache_folder_that_others_may_use_is_refused) {
  WasmOptions open_to_all = options();
  open_to_all.cache_folder = (root_ / "open").string();
  std::filesystem::create_directory(open_to_all.cache_folder);
  std::filesystem::permissions(open_to_all.cache_folder, std::filesystem::perms::all);
  const auto engine = WasmEngine::open(open_to_all, *blobs_);
  ASSERT_FALSE(engine);
  EXPECT_NE(engine.error().message.find("its mode must be 0700"), std::string::npos) << engine.error().message;
}

TEST_F(ValidationTest, Promise7_native_code_beyond_the_budget_goes_and_the_newest_stays) {
  WasmOptions small = options();
  small.cache_bytes = 1;
  open_engine(small);
  ASSERT_EQ(refusal(guest("counter"), counter_), "");
  const auto first = native_files();
  ASSERT_EQ(first.size(), 1u);
  ASSERT_EQ(refusal(guest("floats"), manifest("reads = ['value: f64']")), "");
  ASSERT_EQ(native_files().size(), 1u);
  EXPECT_NE(native_files(), first);
}

TEST_F(ValidationTest, A_blob_that_is_missing_is_said_by_its_hash) {
  const auto runner = engine_->load(std::string(64, 'a'), counter_);
  ASSERT_FALSE(runner);
  EXPECT_EQ(runner.error().code, ErrorCode::not_found);
}

}  // namespace
}  // namespace doppel
