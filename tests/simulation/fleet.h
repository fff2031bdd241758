// One run: a fleet, what its devices send, and what goes wrong, all from one seed.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/simulation/broker.h"
#include "tests/simulation/coordinator.h"
#include "tests/simulation/edge.h"
#include "tests/simulation/network.h"
#include "tests/simulation/world.h"

namespace doppel::simulation {

struct RunOptions {
  std::uint64_t seed = 0;
  bool traces = false;
  Mutation mutation = Mutation::none;
};

// What a device said, so that the model need not decode it.
struct Said {
  std::size_t edge = 0;
  std::uint8_t qos = 1;
  std::string topic;
  bool is_malformed = false, retain = false;
  Timestamp time;
  double v = 0, w = 0;  // w: a number that no other has
};

// What happened to an edge that the checker must know.
struct EdgeStory {
  bool lost_its_past = false;  // its disk was replaced, or rolled back
};

struct RunCounts {
  std::uint64_t publications = 0, processes = 0, lawfully_lost = 0, operations = 0;
};

class Fleet {
 public:
  explicit Fleet(const RunOptions& options);
  ~Fleet();

  // Throws Broken.
  RunCounts run();

 private:
  void plan(std::int64_t least, std::int64_t most, const std::function<void()>& event);
  void plan_old_disk();
  void do_fault();
  void do_fault(Node& node);
  void do_change();
  SimEdge& some_edge() { return *edges_[world_.random().below(edges_.size())]; }
  void say(std::size_t edge, std::size_t padding);
  void settle();
  void check();

  const RunOptions options_;
  World world_;
  SimBroker broker_;
  SimNetwork network_;
  std::unique_ptr<SimCoordinator> coordinator_;
  std::vector<std::unique_ptr<SimEdge>> edges_;
  std::vector<EdgeStory> stories_;
  std::vector<Said> said_;  // by number
  Duration length_;
  std::uint32_t version_ = 1;  // of the functions
};

}  // namespace doppel::simulation
