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
#include "twin_store/lane/outbox_table.h"
#include "twin_store/lane/replacements.h"
#include "twin_store/model/log.h"
#include "twin_store/model/outbox.h"
#include "twin_store/model/result.h"
#include "twin_store/store/store.h"

namespace doppel {

inline constexpr std::size_t kOutboxKinds = kAllOutboxKinds.size() + 1;  // which are numbered from 1

struct OutboxOptions {
  // Rows of one kind, waiting or in flight. Beyond it the oldest waiting row is dropped and counted.
  std::size_t max_publications = 100'000;
  std::size_t max_rows = 100'000;  // of any other kind
  // Of window rows, and of all other replacements. Beyond it the oldest is given up, in flight or not, and counted.
  std::size_t max_replacements = 200'000;
  // Without an uplink nobody ever takes a replacement: none is kept, and that some are missing is remembered.
  bool has_uplink = true;
};

struct OutboxCounts {
  using ByKind = std::array<std::uint64_t, kOutboxKinds>;
  std::uint64_t undelivered = 0, delivered = 0, dropped = 0;
  ByKind undelivered_by_kind{}, dropped_by_kind{};  // dropped replacements are counted since the store was empty
  std::uint64_t undelivered_of(OutboxKind kind) const { return undelivered_by_kind[static_cast<std::size_t>(kind)]; }
  std::uint64_t dropped_of(OutboxKind kind) const { return dropped_by_kind[static_cast<std::size_t>(kind)]; }
};

// Thread: any. Listeners are called outside the lock, on the thread that made rows ready, and must not block.
class Outbox {
 public:
  Outbox(DeliveryLog& delivery_log, OutboxOptions options, Log& log);

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

  // True of an outbox that was without an uplink: what the fold holds is to be added, and then noted to be here.
  bool lacks_replacements() const;
  void has_replacements_again();

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
  // Rows that are sent one by one, in the order of their keys.
  using Queue = std::map<OutboxKey, Entry>;
  enum class From : std::uint8_t { fold, store };

  Queue& queue(OutboxKind kind) { return queues_[static_cast<std::size_t>(kind)]; }
  bool is_delivered(const OutboxRow& row) const;
  void insert(OutboxRow row, Position ready_after, From from);
  void insert_replacement(OutboxRow row, Position ready_after, From from);
  void forget(const std::string& stored_key, bool stored);
  std::size_t most(OutboxKind kind) const { return kind == OutboxKind::publish ? options_.max_publications : options_.max_rows; }
  void limit(OutboxKind kind);
  void tell_loss(OutboxKind kind, std::size_t most);
  void end_loss(OutboxKind kind);
  void note_receipt(std::uint64_t revision);
  void forget_highest_receipt();
  bool load_state(std::string_view value);
  std::optional<std::string> stored_value(const std::string& stored_key);
  std::vector<std::function<void()>> take_ready_listeners();

  DeliveryLog& delivery_log_;
  Delivered delivered_before_;  // what the log said at opening; its keys until recovery is over, since only a replay makes a key again
  const OutboxOptions options_;
  Log& log_;
  mutable std::mutex mutex_;
  bool started_ = false;
  Position synced_ = Position::none;
  std::array<Queue, kOutboxKinds> queues_;
  Replacements replacements_;
  OutboxState state_;
  std::set<std::string> changed_;                 // keys of the outbox table whose rows differ from what is stored there
  std::array<bool, kOutboxKinds> is_losing_{};    // by kind: said so, and not yet that there is room again
  struct Listener {
    std::function<void()> call;
    std::optional<Position> untold_from;  // rows that become ready here or later have not been told of
    Position newest = Position::none;     // where the last of them becomes ready
  };
  std::array<Listener, kOutboxKinds> listeners_;
  std::uint64_t delivered_ = 0;
  OutboxCounts::ByKind dropped_{};  // but of replacements
};

}  // namespace doppel
