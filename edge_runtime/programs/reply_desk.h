// Where requests wait for the answer that the fold makes for them. An answer leaves the outbox once its cause is on disk.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>

#include "twin_store/lane/outbox.h"

namespace doppel {

struct FoldReply {
  int status = 0;  // HTTP
  std::string body;
};

// Thread: any.
class ReplyDesk {
 public:
  // More requests than these wait for nobody: wait_for() refuses with "".
  static constexpr std::size_t kMostWaiting = 10'000;

  // `life` differs from process to process: a replay's answers to requests of an earlier one find nobody.
  ReplyDesk(std::string life, Outbox& outbox) : life_(std::move(life)), outbox_(outbox) {}

  // Returns the id under which the fold is to answer.
  std::string wait_for(std::function<void(FoldReply)> then);
  void forget(const std::string& id);  // the record was not accepted
  // Hands out what is ready; to be called when the outbox has replies.
  void deliver();

 private:
  const std::string life_;
  Outbox& outbox_;
  std::mutex mutex_;
  std::uint64_t next_ = 1;
  std::map<std::string, std::function<void(FoldReply)>> waiting_;
};

}  // namespace doppel
