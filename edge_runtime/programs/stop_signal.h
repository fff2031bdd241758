// SIGINT and SIGTERM as a stop token.
#pragma once

#include <stop_token>
#include <thread>

namespace doppel {

// Make one before any other thread: threads started later inherit that both signals are blocked.
class StopSignal {
 public:
  StopSignal();
  ~StopSignal();
  std::stop_token token() const { return source_.get_token(); }

 private:
  std::stop_source source_;
  std::jthread thread_;
};

}  // namespace doppel
