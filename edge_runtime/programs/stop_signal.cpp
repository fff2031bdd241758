#include "edge_runtime/programs/stop_signal.h"

#include <csignal>
#include <ctime>

namespace doppel {
namespace {

sigset_t stop_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  return signals;
}

}  // namespace

StopSignal::StopSignal() {
  const sigset_t signals = stop_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  thread_ = std::jthread([this](const std::stop_token& end) {
    const sigset_t awaited = stop_signals();
    const timespec look_up{.tv_sec = 0, .tv_nsec = 200'000'000};  // how often `end` is looked at
    while (!end.stop_requested()) {
      if (sigtimedwait(&awaited, nullptr, &look_up) > 0) source_.request_stop();
    }
  });
}

StopSignal::~StopSignal() {
  thread_.request_stop();
  thread_.join();
}

}  // namespace doppel
