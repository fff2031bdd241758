// Decorators by which the world sees what a node does: production objects stand behind them, unchanged.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/simulation/ledger.h"
#include "twin_store/journal/journal.h"
#include "twin_store/lane/fold.h"
#include "twin_store/model/log.h"
#include "twin_store/store/store.h"

namespace doppel::simulation {

// Passes everything on.
class JournalDecorator : public Journal {
 public:
  explicit JournalDecorator(std::unique_ptr<Journal> inner) : inner_(std::move(inner)) {}
  Result<Position> append(const NewRecord& record) override { return inner_->append(record); }
  Position last() const override { return inner_->last(); }
  Position last_synced() const override { return inner_->last_synced(); }
  Epoch epoch() const override { return inner_->epoch(); }
  Result<void> sync() override { return inner_->sync(); }
  Result<void> begin_epoch(Position above) override { return inner_->begin_epoch(above); }
  void wait_for_append(Position, std::optional<Duration>) override {}
  void wake() override { inner_->wake(); }
  void on_synced(std::function<void(Position)> listener) override { inner_->on_synced(std::move(listener)); }
  Result<std::unique_ptr<JournalReader>> read_after(Position after) override { return inner_->read_after(after); }
  Position first() const override { return inner_->first(); }
  void set_committed(Position position) override { inner_->set_committed(position); }
  bool waits_for_commit() const override { return inner_->waits_for_commit(); }
  Result<void> takes_messages() const override { return inner_->takes_messages(); }
  std::uint64_t size_bytes() const override { return inner_->size_bytes(); }
  Result<void> close() override { return inner_->close(); }

 protected:
  Journal& inner() { return *inner_; }
  const Journal& inner() const { return *inner_; }

 private:
  std::unique_ptr<Journal> inner_;
};

class WatchedJournal final : public JournalDecorator {
 public:
  WatchedJournal(std::unique_ptr<Journal> inner, Ledger& ledger, std::function<void()> appended)
      : JournalDecorator(std::move(inner)), ledger_(ledger), appended_(std::move(appended)) {}
  Result<Position> append(const NewRecord& record) override {
    auto position = JournalDecorator::append(record);
    if (position) ledger_.accept(*position, record);
    appended_();
    return position;
  }

 private:
  Ledger& ledger_;
  std::function<void()> appended_;
};

class StoreDecorator : public Store {
 public:
  explicit StoreDecorator(std::unique_ptr<Store> inner) : inner_(std::move(inner)) {}
  Result<void> for_each(std::string_view table, const RowVisitor& visit) const override { return inner_->for_each(table, visit); }
  Result<std::optional<std::string>> find(std::string_view table, std::string_view key) const override { return inner_->find(table, key); }
  Result<void> verify() const override { return inner_->verify(); }
  Result<std::optional<Checkpoint>> checkpoint() const override { return inner_->checkpoint(); }
  Result<void> commit(const Checkpoint& checkpoint, std::span<const RowChange> changes) override { return inner_->commit(checkpoint, changes); }
  Result<void> snapshot_to(const std::string& path) override { return inner_->snapshot_to(path); }
  Result<void> checkpoint_log() override { return inner_->checkpoint_log(); }

 protected:
  Store& inner() { return *inner_; }

 private:
  std::unique_ptr<Store> inner_;
};

// Tells each commit that has succeeded.
class WatchedStore final : public StoreDecorator {
 public:
  WatchedStore(std::unique_ptr<Store> inner, std::function<void(Position)> committed)
      : StoreDecorator(std::move(inner)), committed_(std::move(committed)) {}
  Result<void> commit(const Checkpoint& checkpoint, std::span<const RowChange> changes) override {
    auto done = StoreDecorator::commit(checkpoint, changes);
    if (done) committed_(checkpoint.position);
    return done;
  }

 private:
  std::function<void(Position)> committed_;
};

class FoldDecorator : public Fold {
 public:
  explicit FoldDecorator(Fold& inner) : inner_(inner) {}
  std::span<const std::string_view> tables() const override { return inner_.tables(); }
  std::string version() const override { return inner_.version(); }
  Result<void> load(const StoreReader& store) override { return inner_.load(store); }
  Result<void> apply(const Batch& batch, BatchOutput& output) override { return inner_.apply(batch, output); }
  std::optional<Timestamp> next_due() const override { return inner_.next_due(); }
  void take_changes(std::vector<RowChange>& changes) override { inner_.take_changes(changes); }
  std::size_t dirty_bytes() const override { return inner_.dirty_bytes(); }
  void begin_incarnation(const Incarnation& incarnation) override { inner_.begin_incarnation(incarnation); }

 private:
  Fold& inner_;
};

class WatchedFold final : public FoldDecorator {
 public:
  WatchedFold(Fold& inner, Ledger& ledger, std::string version) : FoldDecorator(inner), ledger_(ledger), version_(std::move(version)) {}
  std::string version() const override { return FoldDecorator::version() + version_; }
  Result<void> apply(const Batch& batch, BatchOutput& output) override {
    auto done = FoldDecorator::apply(batch, output);
    if (done) ledger_.apply(batch, output.rows);
    return done;
  }

 private:
  Ledger& ledger_;
  std::string version_;  // a suffix: of another program
};

// Hands every line to the world.
class WatchedLog final : public Log {
 public:
  using Line = std::function<void(LogLevel, const std::string& event, const std::string& fields)>;
  explicit WatchedLog(Line line) : line_(std::move(line)) {}
  void write(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) override {
    std::string all;
    for (const auto& field : fields) all += std::string(all.empty() ? "" : " ") + std::string(field.key) + "=" + field.value;
    line_(level, std::string(event), all);
  }

 private:
  Line line_;
};

}  // namespace doppel::simulation
