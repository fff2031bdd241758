// Tumbling windows over event time. Every row is this edge's whole contribution to (window, group, property), with a revision;
// it goes up as a replacement. Rules 16 and 17.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "edge_runtime/pipeline/names.h"
#include "edge_runtime/pipeline/pipeline_config.h"
#include "twin_store/model/aggregate.h"
#include "twin_store/model/ids.h"
#include "twin_store/model/outbox.h"
#include "twin_store/model/window.h"
#include "twin_store/store/store.h"

namespace doppel {

struct NumericField {
  Name name{};
  double value = 0;  // finite
};

// One event as the windows see it.
struct WindowEvent {
  Timestamp time;      // event time
  Timestamp arrival;
  Position position = Position::none;
  std::uint64_t twin_hash = 0;            // hash64 of the id
  std::span<const std::uint32_t> groups;  // one for each window, from group_of()
  std::span<const NumericField> fields;
};

// What did not get into a window, and why.
struct WindowLedger {
  std::uint64_t too_late = 0;      // events older than the retention: they set their twin and count in no window
  std::uint64_t rows_evicted = 0;  // rows forgotten before their time, because of the limit of rows
  bool operator==(const WindowLedger&) const = default;
};

// A row of the table as it is stored: the aggregate of a property, or what counts the events and twins of a group.
struct StoredWindowRow {
  WindowKey key;
  std::uint64_t revision = 0;
  bool to_emit = false;
  Timestamp emit_after;  // of the rows of one window and group, kept in the one that counts
  std::optional<Aggregate> aggregate;
  std::optional<WindowPopulation> population;
};
std::optional<StoredWindowRow> decode_window_row(std::string_view key, std::string_view value);

// Thread: the lane's.
class Windows {
 public:
  static constexpr std::string_view kTable = "window";

  Windows(NameTable& names, const PipelineConfig& config);

  Result<void> load(const StoreReader& store);
  void take_changes(std::vector<RowChange>& changes);
  std::size_t dirty_bytes() const { return dirty_bytes_; }

  // The group of a twin with these labels ("area=north,line=2"), for the window of that number. Labels that the window does not
  // group by are left out; one that the twin lacks is empty. The number is good until the generation of groups changes, which
  // it does at most once a batch, in fire_due().
  using Labels = std::vector<std::pair<std::string_view, std::string_view>>;
  std::uint32_t group_of(std::size_t window, const Labels& labels);
  std::uint32_t group_generation() const { return group_generation_; }
  std::size_t window_count() const { return specs_.size(); }

  void add(const WindowEvent& event);

  // Begins a batch: emits what is due at `now` and forgets what is older than the retention. `mark` becomes the revision of
  // the rows emitted.
  void fire_due(Timestamp now, Position mark, std::vector<OutboxRow>& rows);
  std::optional<Timestamp> next_due() const;
  // The wall clock stepped: what was sent before is sent again as soon as without the step.
  void take_clock_step(Duration step);
  // Ends a batch: rows that the limit of rows pushed out before they were emitted.
  void take_parting(std::vector<OutboxRow>& rows);

  // Emits everything that waits for it, due or not.
  void emit_all(Position mark, std::vector<OutboxRow>& rows);

  // Rows that were emitted before, as they are now, under their last revision.
  void append_emitted(std::vector<OutboxRow>& rows) const;

  // After a change of configuration: takes over the rows of windows that are still configured, and what is to be stored of the
  // others. `before` is empty afterwards. A window that comes back into the configuration begins behind those it had before.
  void adopt(Windows& before);

  // Of a new incarnation: the old rows stay above under theirs, and here all begin again, empty.
  void clear();

  // Exactly one of the two pointers is set. In the order of the configured windows, then of start, group and property.
  using RowVisitor = std::function<void(const WindowKey& key, std::uint64_t revision, const Aggregate* aggregate,
                                        const WindowPopulation* population)>;
  void for_each(const RowVisitor& visit) const;
  std::size_t row_count() const { return rows_; }
  const WindowLedger& ledger() const { return ledger_; }
  // The ledger, and how far each window has been forgotten, also of those that were configured once.
  void encode_ledger(std::string& out) const;
  bool decode_ledger(std::string_view bytes);

 private:
  struct Row {
    std::uint64_t revision = 0;  // of the last emission; 0: none yet
    bool to_emit = false, to_store = false;
    Aggregate aggregate;
  };
  // All rows of one window, start and group.
  struct Bucket {
    WindowPopulation population;
    std::uint64_t population_revision = 0;
    Timestamp emit_after;   // no emission before: the end and the lateness, later the last one and the flush
    bool to_emit = false, to_store = false;
    bool in_dirty = false;  // its key stands in dirty_
    std::vector<std::unique_ptr<Row>> rows;  // by column of the spec; empty where the property has no value yet
  };
  struct BucketKey {
    std::uint32_t window = 0;
    std::int64_t start = 0;
    std::string group;  // its text: the order must not depend on what was seen first
    auto operator<=>(const BucketKey&) const = default;
  };
  using Buckets = std::map<BucketKey, Bucket>;
  struct Memo {
    std::int64_t start = INT64_MIN;
    Buckets::iterator at;
  };
  // A configured window. Its columns are the properties it selects, in the order they were first seen.
  struct Spec {
    WindowSpec config;
    std::vector<std::int32_t> column_of;  // by name: kUnasked, kExcluded or the column
    std::vector<Name> columns;
    std::vector<Memo> memos;              // by group: the bucket used last
    // Windows that start here or before have been forgotten: none is begun again, so that no contribution is replaced by a part
    // of it.
    std::int64_t horizon = INT64_MIN;
  };
  static constexpr std::int32_t kUnasked = -1, kExcluded = -2;

  using SpecId = std::pair<std::string, std::int64_t>;  // name, length
  static constexpr std::size_t kRememberedWindows = 256;

  std::int32_t column_of(Spec& spec, Name name);
  void part_with(const Spec& spec, std::int64_t newest);
  Spec* find_spec(std::string_view name, std::int64_t length_ns);
  // end(): the window was forgotten.
  Buckets::iterator bucket_for(std::uint32_t window, std::int64_t start, std::uint32_t group);
  void add_value(Spec& spec, Bucket& bucket, const NumericField& field, const WindowEvent& event);
  Row& row_at(Spec& spec, Bucket& bucket, std::int32_t column);
  void touch(Buckets::iterator at);
  void mark_dirty(Buckets::iterator at);
  void emit(Buckets::iterator at, Position mark, std::vector<OutboxRow>& rows);
  Buckets::iterator erase(Buckets::iterator at);
  std::int64_t newest_start(std::uint32_t window) const;  // INT64_MIN: there is none
  Buckets::iterator oldest(std::uint32_t window);  // end(): there is none
  void forget(Buckets::iterator at);
  void forget_old(Timestamp now);
  void limit_rows();
  void limit_groups();
  WindowKey key_of(const BucketKey& key, std::string_view property) const;
  // Columns of the bucket that hold a row, in the order of the names' texts.
  std::vector<std::int32_t> columns_by_name(const Spec& spec, const Bucket& bucket) const;
  bool load_row(std::string_view key, std::string_view value);

  NameTable& names_;
  const WindowRules rules_;
  const std::uint64_t edge_hash_;
  std::vector<Spec> specs_;
  std::map<SpecId, std::int64_t> parted_;  // horizons of windows that are configured no more; beyond their number the oldest goes
  NameTable groups_;   // numbers for the groups of twins, so that an event finds its bucket without building a text
  std::uint32_t group_generation_ = 1;
  Buckets buckets_;
  std::set<std::pair<Timestamp, BucketKey>> due_;  // buckets with something to emit
  std::vector<std::string> deleted_;               // stored keys
  std::vector<BucketKey> dirty_;                   // buckets with something to store; some may be gone
  Position mark_ = Position::none;                 // of the batch at hand
  std::vector<OutboxRow> parting_;
  std::size_t dirty_bytes_ = 0;
  std::size_t rows_ = 0;
  WindowLedger ledger_;
};

}  // namespace doppel
