#include "tests/simulation/mutations.h"

#include <utility>

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

class CountsRetainedAgain final : public JournalDecorator {
 public:
  using JournalDecorator::JournalDecorator;
  Result<Position> append(const NewRecord& record) override {
    NewRecord unmarked = record;
    unmarked.delivery.retained = false;
    return JournalDecorator::append(unmarked);
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
    case Mutation::forget_position: return "forget_position";
    case Mutation::apply_twice: return "apply_twice";
    case Mutation::acknowledge_first: return "acknowledge_first";
    case Mutation::drop_on_full: return "drop_on_full";
    case Mutation::reuse_key: return "reuse_key";
    case Mutation::ignore_mark: return "ignore_mark";
    case Mutation::receipt_before_sync: return "receipt_before_sync";
    case Mutation::lose_change: return "lose_change";
    case Mutation::keep_incarnation_rows: return "keep_incarnation_rows";
    case Mutation::hide_old_disk: return "hide_old_disk";
    case Mutation::count_retained_again: return "count_retained_again";
  }
  return "unknown";
}

std::unique_ptr<Journal> mutated(Mutation mutation, std::unique_ptr<Journal> journal) {
  switch (mutation) {
    case Mutation::skip_sync: return std::make_unique<SkipsSync>(std::move(journal));
    case Mutation::receipt_before_sync: return std::make_unique<ReceiptBeforeSync>(std::move(journal));
    case Mutation::drop_on_full: return std::make_unique<DropsOnFull>(std::move(journal));
    case Mutation::ignore_mark: return std::make_unique<IgnoresMarks>(std::move(journal));
    case Mutation::count_retained_again: return std::make_unique<CountsRetainedAgain>(std::move(journal));
    default: return journal;
  }
}

std::unique_ptr<Store> mutated(Mutation mutation, std::unique_ptr<Store> store) {
  if (mutation == Mutation::forget_position) return std::make_unique<ForgetsPosition>(std::move(store));
  if (mutation == Mutation::lose_change) return std::make_unique<LosesChange>(std::move(store));
  return store;
}

std::unique_ptr<Fold> mutated(Mutation mutation, Fold& fold) {
  if (mutation == Mutation::apply_twice) return std::make_unique<AppliesTwice>(fold);
  if (mutation == Mutation::keep_incarnation_rows) return std::make_unique<KeepsIncarnationRows>(fold);
  return nullptr;
}

}  // namespace doppel::simulation
