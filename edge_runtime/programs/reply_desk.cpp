#include "edge_runtime/programs/reply_desk.h"

namespace doppel {
namespace {
constexpr std::size_t kAtOnce = 256;
}

std::string ReplyDesk::wait_for(std::function<void(FoldReply)> then) {
  std::lock_guard lock(mutex_);
  if (waiting_.size() >= kMostWaiting) return {};
  const std::string id = life_ + "-" + std::to_string(next_++);
  waiting_[id] = std::move(then);
  return id;
}

void ReplyDesk::forget(const std::string& id) {
  std::lock_guard lock(mutex_);
  waiting_.erase(id);
}

void ReplyDesk::deliver() {
  for (auto rows = outbox_.take(OutboxKind::http_reply, kAtOnce); !rows.empty(); rows = outbox_.take(OutboxKind::http_reply, kAtOnce)) {
    for (auto& row : rows) {
      std::function<void(FoldReply)> then;
      {
        std::lock_guard lock(mutex_);
        if (const auto at = waiting_.find(row.target); at != waiting_.end()) {
          then = std::move(at->second);
          waiting_.erase(at);
        }
      }
      if (then) then({static_cast<int>(row.revision), row.payload});
      // What cannot be written here is only repeated to nobody after a crash.
      static_cast<void>(outbox_.delivered(row));
    }
  }
}

}  // namespace doppel
