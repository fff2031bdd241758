// What is done to a node from outside, and what becomes of its disk.
#include <utility>

#include "tests/simulation/node.h"

namespace doppel::simulation {

void Node::kill() { die(Next::restart, "killed"); }

void Node::kill_within(std::uint64_t operations) {
  if (dead_) return;
  disk_.freeze_within(operations, [this] { die(Next::restart, "killed within a disk operation"); });
}

void Node::cut_power() { die(Next::power_on, "power cut"); }

void Node::fail_disk(std::uint64_t operations, int error_number, Duration how_long) {
  disk_.fail_from(operations, error_number);
  world_.after(how_long, [this] { disk_.heal(); });
}

void Node::fill_disk(Duration how_long) {
  disk_.set_full(true);
  world_.after(how_long, [this] { disk_.heal(); });
}

void Node::replace_disk() { die(Next::new_disk, "disk replaced"); }

void Node::copy_disk() {
  if (!is_up()) return;
  world_.trace(name(), "its disk is copied");
  copy_ = Copy{disk_.image(), ledger_, process_->honest_journal->last(), committed_};
}

bool Node::restore_disk() {
  if (copy_) die(Next::old_disk, "its disk is set back to the copy");
  return copy_.has_value();
}

void Node::take_new_disk() {
  disk_.empty();
  past_.push_back({std::exchange(ledger_, {}), Position::none});
  committed_ = Position::none;
}

// Nothing that was on the copy may be missing.
void Node::take_old_disk() {
  disk_.restore(copy_->disk);
  past_.push_back({std::exchange(ledger_, copy_->ledger), copy_->last});
  committed_ = copy_->committed;
  ending_.synced = copy_->last;
}

}  // namespace doppel::simulation
