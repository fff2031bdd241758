// A node's journal as a lane replays it: read only, up to a position, with the marks it has or without them.
#pragma once

#include <memory>
#include <string>

#include "twin_store/journal/journal.h"
#include "twin_store/model/disk.h"

namespace doppel {

// With: a replay of the batches as they were. Without: the lane makes borders of its own; what it appends goes nowhere.
enum class Borders : std::uint8_t { as_journaled, new_ones };

class ReplayView final : public Journal {
 public:
  // Of the journal behind `after`. Errors: as of open_journal_readonly.
  static Result<std::unique_ptr<ReplayView>> open(Disk& disk, std::string folder, Borders borders, Position after);

  // Records behind it are not seen, but for the decisions of the last mark before it; at first nothing is.
  void show_up_to(Position last) { visible_ = last; }

  Result<Position> append(const NewRecord& record) override;
  Position last() const override { return visible_; }
  Position last_synced() const override { return visible_; }
  Epoch epoch() const override { return epoch_; }
  Result<void> sync() override { return {}; }
  Result<void> begin_epoch(Position) override {
    epoch_ = Epoch{to_number(epoch_) + 1};
    return {};
  }
  void wait_for_append(Position, std::optional<Duration>) override {}
  void wake() override {}
  void on_synced(std::function<void(Position)>) override {}
  Result<std::unique_ptr<JournalReader>> read_after(Position after) override;
  Position first() const override { return first_; }
  void set_committed(Position) override {}
  bool waits_for_commit() const override { return false; }
  Result<void> takes_messages() const override { return {}; }
  std::uint64_t size_bytes() const override { return 0; }
  Result<void> close() override { return {}; }

 private:
  class Reader;
  ReplayView(Disk& disk, std::string folder, Borders borders) : disk_(disk), folder_(std::move(folder)), borders_(borders) {}

  Disk& disk_;
  const std::string folder_;
  const Borders borders_;
  Position first_ = Position::none;
  Position visible_ = Position::none;
  std::uint64_t appended_ = 0;
  Epoch epoch_ = Epoch::first;
};

}  // namespace doppel
