// The life of a node's process: start, wait for SIGINT or SIGTERM, stop.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <string>

#include "edge_runtime/programs/descriptor_limit.h"
#include "edge_runtime/programs/lane_pulse.h"
#include "edge_runtime/programs/service_manager.h"
#include "edge_runtime/programs/stop_signal.h"
#include "twin_store/model/log.h"
#include "twin_store/model/result.h"

namespace doppel {

// Returns when `signal` came. Asks the lane for a sign of life meanwhile; the service manager hears whenever it has answered: a node
// whose lane hangs is started again.
template <class Node>
void wait_for_stop(const StopSignal& signal, const ServiceManager& manager, Node& node) {
  const auto interval = std::min<Duration>(manager.watch_interval().value_or(std::chrono::hours(1)), LanePulse::kInterval);
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock(mutex);
  while (!signal.token().stop_requested()) {
    node.ask_lane([&manager] {
      if (manager.watch_interval()) manager.alive();
    });
    stopped.wait_for(lock, signal.token(), interval, [] { return false; });
  }
}

// `start` returns a Result of a unique_ptr to something with a stop() and an ask_lane(). Returns the exit code.
template <class Start>
int run_node(Log& log, const Start& start) {
  const StopSignal signal;
  const ServiceManager manager;
  if (const auto allowed = raise_descriptor_limit(); allowed < kDescriptorsOfANode) {
    log.warning("few_descriptors", {{"allowed", std::to_string(allowed)}, {"wanted", std::to_string(kDescriptorsOfANode)}});
  }
  auto node = start();
  if (!node) {
    log.error("cannot_start", {{"reason", node.error().message}});
    return 1;
  }
  manager.ready();
  wait_for_stop(signal, manager, **node);
  manager.stopping();
  log.info("stopping", {});
  if (auto done = (*node)->stop(); !done) {
    log.error("stop_failed", {{"reason", done.error().message}});
    return 1;
  }
  log.info("stopped", {});
  return 0;
}

}  // namespace doppel
