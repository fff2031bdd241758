// The life of a node's process: start, wait for SIGINT or SIGTERM, stop.
#pragma once

#include <condition_variable>
#include <mutex>

#include "edge_runtime/programs/stop_signal.h"
#include "twin_store/model/log.h"
#include "twin_store/model/result.h"

namespace doppel {

// `start` returns a Result of a unique_ptr to something with a stop(). Returns the exit code.
template <class Start>
int run_node(Log& log, const Start& start) {
  const StopSignal signal;
  auto node = start();
  if (!node) {
    log.error("cannot_start", {{"reason", node.error().message}});
    return 1;
  }
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock(mutex);
  stopped.wait(lock, signal.token(), [] { return false; });
  log.info("stopping", {});
  if (auto done = (*node)->stop(); !done) {
    log.error("stop_failed", {{"reason", done.error().message}});
    return 1;
  }
  log.info("stopped", {});
  return 0;
}

}  // namespace doppel
