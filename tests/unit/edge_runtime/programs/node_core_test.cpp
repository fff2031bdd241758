#include "edge_runtime/programs/node_core.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "tests/unit/twin_store/lane/recording_fold.h"

namespace doppel {
namespace {

class Core : public testing::Test {
 protected:
  Core() { config_.data = folder_; }
  ~Core() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<NodeCore> open() {
    std::filesystem::create_directories(folder_);
    auto core = NodeCore::open(config_, Role::edge, log_);
    EXPECT_TRUE(core) << core.error().message;
    return *std::move(core);
  }

  const std::string folder_ = std::filesystem::temp_directory_path() / ("doppel_node_core_" + std::to_string(::getpid()));
  NodeConfig config_;
  NullLog log_;
};

// The numbers of connections that a source took before are known to the fold alone: a node that subscribed before these records were
// applied could give a number out twice, and take a redelivered message for a new one.
TEST_F(Core, What_was_accepted_before_a_crash_and_came_into_no_batch_is_applied_when_recovery_ends) {
  {
    RecordingFold fold;
    const auto core = open();
    ASSERT_TRUE(core->recover(fold, {}));
    for (int i = 0; i < 2'500; ++i) ASSERT_TRUE(core->journal().append({.kind = RecordKind::message, .topic = "t", .payload = "x"}));
  }
  RecordingFold fold;
  const auto core = open();
  ASSERT_TRUE(core->recover(fold, {}));
  EXPECT_EQ(fold.text["t"].size(), 2u * 2'500 - 1);
  ASSERT_TRUE(core->stop());
}

}  // namespace
}  // namespace doppel
