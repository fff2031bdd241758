// Answers the uplink's server from the merge: what a session that said HELLO is to know.
// Thread: any; the fold itself is read on the lane's thread.
#pragma once

#include <functional>

#include "broker_bridge/uplink/uplink_server.h"
#include "coordinator/merge_fold.h"

namespace doppel {

class FleetDesk final : public uplink::Directory {
 public:
  // Runs a question on the lane's thread between two batches; false when it cannot.
  using Post = std::function<bool(std::function<void()>)>;

  // Borrows `fold`, for as long as `post` runs questions.
  FleetDesk(const MergeFold& fold, Post post) : fold_(fold), post_(std::move(post)) {}

  void look_up(const uplink::Hello& hello, Position position,
               std::function<void(std::optional<uplink::Standing>)> answer) override {
    const bool posted = post_([&fold = fold_, hello, position, answer] { answer(fold.standing_of(hello, position)); });
    if (!posted) answer(std::nullopt);
  }
  std::uint64_t generation() const override { return fold_.generation(); }

 private:
  const MergeFold& fold_;
  Post post_;
};

}  // namespace doppel
