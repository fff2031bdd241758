// Rows on their way out. The lane adds what a batch made; a row may be taken once the journal is synced past its cause; who
// takes it says when it has arrived.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "twin_store/lane/delivery_log.h"
#include "twin_store/model/outbox.h"
#include "twin_store/model/result.h"
#include "twin_store/store/store.h"

namespace doppel {

struct OutboxOptions {
  // Rows of one kind, waiting or in flight. Beyond it the oldest waiting row is dropped and counted; replacements, of which there
  // is one a target, are bounded by the fold instead.
  std::size_t max_rows = 100'000;
};

struct OutboxCounts {
  std::uint64_t undelivered = 0, delivered = 0, dropped = 0;
};

// Thread: any. Listeners are called outside the lock, on the thread that made rows ready, and must not block.
class Outbox {
 public:
  Outbox(DeliveryLog& log, OutboxOptions options) : log_(log), delivered_before_(log.at_opening()), options_(options) {}

  // Recovery: the rows that the store held at its checkpoint; then add() for what the replay makes again. What the delivery log
  // knows is left out. Nothing can be taken before start().
  Result<void> load(const StoreReader& store);
  void start(Position synced);

  void add(std::vector<OutboxRow>& rows, Position ready_after);  // moves the rows out
  void release(Position synced);                                 // the journal is on disk up to here
  // Rows that were ready before are not told: take() once after this.
  void on_ready(OutboxKind kind, std::function<void()> listener);

  // Ready rows of one kind in the order they were made; they are in flight until delivered() or put_back(). Of replacements
  // with the same target only the newest is left to take, and the targets take turns.
  std::vector<OutboxRow> take(OutboxKind kind, std::size_t limit);
  Result<void> delivered(const OutboxRow& row);
  void put_back(const OutboxRow& row);  // to be taken again
  void clear_replacements();            // of an incarnation that has ended

  // For a receiver that has lost what it held in flight: replacements without a receipt can be taken again. With
  // forget_receipts() those that had one may be added again too.
  void recall_replacements();
  void forget_receipts();
  std::uint64_t highest_receipt() const;  // revision of a replacement; 0 without any

  // What a commit stores: the changes of the outbox table since the last call. Returns the number of the delivery log file that
  // begins here; once the changes are committed, committed(number) drops the files before it.
  Result<std::uint64_t> take_changes(std::vector<RowChange>& changes);
  Result<void> committed(std::uint64_t delivery_log_number);

  OutboxCounts counts() const;

 private:
  struct Entry {
    OutboxRow row;
    Position ready_after = Position::none;
    bool in_flight = false;
    bool stored = false;  // the store holds it, or will with the commit under way
  };
  // Rows that are sent one by one, in the order of their keys, and rows that replace each other.
  using Queue = std::map<OutboxKey, Entry>;
  using Replacements = std::map<std::string, Entry, std::less<>>;
  static constexpr std::size_t kKinds = 6;

  Queue& queue(OutboxKind kind) { return queues_[static_cast<std::size_t>(kind)]; }
  bool is_delivered(const OutboxRow& row) const;
  void insert(OutboxRow row, Position ready_after, bool stored);
  void forget(const std::string& stored_key, bool stored);
  void limit(Queue& queue);
  std::vector<std::function<void()>> take_ready_listeners();

  DeliveryLog& log_;
  Delivered delivered_before_;  // what the log said at opening; its keys until recovery is over, since only a replay makes a key again
  const OutboxOptions options_;
  mutable std::mutex mutex_;
  bool started_ = false;
  Position synced_ = Position::none;
  std::array<Queue, kKinds> queues_;
  Replacements replacements_;
  std::string last_taken_target_;
  std::set<std::string> changed_;  // keys in the outbox table that differ from what is stored there
  struct Listener {
    std::function<void()> call;
    std::optional<Position> untold_from;  // rows that become ready here or later have not been told of
    Position newest = Position::none;     // where the last of them becomes ready
  };
  std::array<Listener, kKinds> listeners_;
  OutboxCounts counts_;
};

}  // namespace doppel
