#include "tests/simulation/mutations.h"

#include <algorithm>
#include <deque>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "broker_bridge/uplink/messages.h"
#include "tests/simulation/watched.h"

namespace doppel::simulation {
namespace {

class SkipsSync final : public JournalDecorator {
 public:
  using JournalDecorator::JournalDecorator;
  Position last_synced() const override { return last(); }
  Result<void> sync() override { return {}; }
};

class ReceiptBeforeSync final : public JournalDecorator {
 public:
  using JournalDecorator::JournalDecorator;
  Position last_synced() const override { return last(); }
};

class DropsOnFull final : public JournalDecorator {
 public:
  using JournalDecorator::JournalDecorator;
  Result<Position> append(const NewRecord& record) override {
    auto position = JournalDecorator::append(record);
    if (!position && position.error().code == ErrorCode::limit_exceeded) return last();
    return position;
  }
};

// What a message's delivery says by this is not written down.
template <bool Delivery::*kMark>
class Ignores final : public JournalDecorator {
 public:
  using JournalDecorator::JournalDecorator;
  Result<Position> append(const NewRecord& record) override {
    NewRecord unmarked = record;
    unmarked.delivery.*kMark = false;
    return JournalDecorator::append(unmarked);
  }
};

class ForgetsRetention final : public JournalDecorator {
 public:
  using JournalDecorator::JournalDecorator;
  void set_committed(Position) override {}
};

class KeepsConfiguration final : public JournalDecorator {
 public:
  using JournalDecorator::JournalDecorator;
  Result<Position> append(const NewRecord& record) override {
    if (record.kind == RecordKind::configuration && last() > Position{10}) return last();
    return JournalDecorator::append(record);
  }
};

class IgnoresMarks final : public JournalDecorator {
 public:
  using JournalDecorator::JournalDecorator;
  Result<std::unique_ptr<JournalReader>> read_after(Position after) override {
    auto reader = JournalDecorator::read_after(after);
    if (!reader) return reader;
    return std::unique_ptr<JournalReader>(std::make_unique<Reader>(std::move(*reader)));
  }

 private:
  class Reader final : public JournalReader {
   public:
    explicit Reader(std::unique_ptr<JournalReader> inner) : inner_(std::move(inner)) {}
    Result<void> read(std::size_t limit, Views views, std::vector<Record>& records) override {
      auto done = inner_->read(limit, views, records);
      std::erase_if(records, [](const Record& record) { return record.kind == RecordKind::mark; });
      return done;
    }

   private:
    std::unique_ptr<JournalReader> inner_;
  };
};

class ForgetsPosition final : public StoreDecorator {
 public:
  using StoreDecorator::StoreDecorator;
  Result<void> commit(const Checkpoint& checkpoint, std::span<const RowChange> changes) override {
    const auto before = StoreDecorator::checkpoint();
    if (!before) return before.error();
    return StoreDecorator::commit(before->value_or(checkpoint), changes);
  }
};

class LosesChange final : public StoreDecorator {
 public:
  using StoreDecorator::StoreDecorator;
  Result<void> commit(const Checkpoint& checkpoint, std::span<const RowChange> changes) override {
    return StoreDecorator::commit(checkpoint, changes.empty() ? changes : changes.subspan(1));
  }
};

class UnsteadyEffects final : public FoldDecorator {
 public:
  using FoldDecorator::FoldDecorator;
  Result<void> apply(const Batch& batch, BatchOutput& output) override {
    auto done = FoldDecorator::apply(batch, output);
    if (++batches_ % 2 == 0) std::reverse(output.rows.begin(), output.rows.end());
    return done;
  }

 private:
  std::uint64_t batches_ = 0;  // of this process
};

class ReversesBatch final : public FoldDecorator {
 public:
  using FoldDecorator::FoldDecorator;
  Result<void> apply(const Batch& batch, BatchOutput& output) override {
    std::vector<Record> reversed(batch.records.rbegin(), batch.records.rend());
    Batch mutant = batch;
    mutant.records = reversed;
    return FoldDecorator::apply(mutant, output);
  }
};

// Gives every row the revision that its arrival would have.
class TakesRowsAsTheyCome final : public FoldDecorator {
 public:
  using FoldDecorator::FoldDecorator;
  Result<void> apply(const Batch& batch, BatchOutput& output) override {
    std::deque<std::string> payloads;
    std::vector<Record> records(batch.records.begin(), batch.records.end());
    for (auto& record : records) {
      auto frame = record.kind == RecordKind::uplink ? uplink::decode(record.payload) : Result<uplink::Frame>(invalid_input("no frame"));
      auto* rows = frame ? std::get_if<uplink::Rows>(&frame->body) : nullptr;
      if (rows == nullptr) continue;
      for (auto& row : rows->rows) row.revision = to_number(record.position);
      record.payload = payloads.emplace_back(uplink::encode(*frame));
    }
    Batch mutant = batch;
    mutant.records = records;
    return FoldDecorator::apply(mutant, output);
  }
};

class KeepsIncarnationRows final : public FoldDecorator {
 public:
  using FoldDecorator::FoldDecorator;
  void begin_incarnation(const Incarnation&) override {}
};

class AppliesTwice final : public FoldDecorator {
 public:
  using FoldDecorator::FoldDecorator;
  Result<void> apply(const Batch& batch, BatchOutput& output) override {
    if (auto done = FoldDecorator::apply(batch, output); !done) return done;
    output.clear();
    return FoldDecorator::apply(batch, output);
  }
};

}  // namespace

std::string_view to_string(Mutation mutation) {
  switch (mutation) {
    case Mutation::none: return "none";
    case Mutation::skip_sync: return "skip_sync";
    case Mutation::acknowledge_first: return "acknowledge_first";
    case Mutation::drop_on_full: return "drop_on_full";
    case Mutation::ignore_mark: return "ignore_mark";
    case Mutation::forget_position: return "forget_position";
    case Mutation::lose_change: return "lose_change";
    case Mutation::apply_twice: return "apply_twice";
    case Mutation::receipt_before_sync: return "receipt_before_sync";
    case Mutation::reuse_key: return "reuse_key";
    case Mutation::unsteady_effects: return "unsteady_effects";
    case Mutation::reverse_batch: return "reverse_batch";
    case Mutation::ignore_dup: return "ignore_dup";
    case Mutation::count_retained_again: return "count_retained_again";
    case Mutation::keep_incarnation_rows: return "keep_incarnation_rows";
    case Mutation::hide_old_disk: return "hide_old_disk";
    case Mutation::take_rows_as_they_come: return "take_rows_as_they_come";
    case Mutation::keep_configuration: return "keep_configuration";
    case Mutation::exceed_budget: return "exceed_budget";
    case Mutation::forget_retention: return "forget_retention";
  }
  return "unknown";
}

std::unique_ptr<Journal> mutated(Mutation mutation, std::unique_ptr<Journal> journal) {
  switch (mutation) {
    case Mutation::skip_sync: return std::make_unique<SkipsSync>(std::move(journal));
    case Mutation::receipt_before_sync: return std::make_unique<ReceiptBeforeSync>(std::move(journal));
    case Mutation::drop_on_full: return std::make_unique<DropsOnFull>(std::move(journal));
    case Mutation::ignore_mark: return std::make_unique<IgnoresMarks>(std::move(journal));
    case Mutation::ignore_dup: return std::make_unique<Ignores<&Delivery::dup>>(std::move(journal));
    case Mutation::forget_retention: return std::make_unique<ForgetsRetention>(std::move(journal));
    case Mutation::keep_configuration: return std::make_unique<KeepsConfiguration>(std::move(journal));
    case Mutation::count_retained_again: return std::make_unique<Ignores<&Delivery::retained>>(std::move(journal));
    default: return journal;
  }
}

std::unique_ptr<Store> mutated(Mutation mutation, std::unique_ptr<Store> store) {
  if (mutation == Mutation::forget_position) return std::make_unique<ForgetsPosition>(std::move(store));
  if (mutation == Mutation::lose_change) return std::make_unique<LosesChange>(std::move(store));
  return store;
}

std::unique_ptr<Fold> mutated(Mutation mutation, Fold& fold) {
  switch (mutation) {
    case Mutation::apply_twice: return std::make_unique<AppliesTwice>(fold);
    case Mutation::unsteady_effects: return std::make_unique<UnsteadyEffects>(fold);
    case Mutation::reverse_batch: return std::make_unique<ReversesBatch>(fold);
    case Mutation::keep_incarnation_rows: return std::make_unique<KeepsIncarnationRows>(fold);
    case Mutation::take_rows_as_they_come: return std::make_unique<TakesRowsAsTheyCome>(fold);
    default: return nullptr;
  }
}

}  // namespace doppel::simulation
