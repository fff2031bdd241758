#include "edge_runtime/pipeline/windows.h"

#include <algorithm>

#include "edge_runtime/pipeline/glob.h"
#include "twin_store/model/bytes.h"
#include "twin_store/model/hash.h"

namespace doppel {
namespace {

constexpr std::uint8_t kRowVersion = 1;
// A stored row: its key, an aggregate without buckets, and a sketch of usual spread.
constexpr std::size_t kRowBytes = 320;
// Beyond this many, the numbers of groups are given out anew. Their texts live with the rows, which have their own limit.
constexpr std::size_t kRememberedGroups = 10'000;
constexpr std::uint8_t kLedgerVersion = 1;

std::int64_t start_of(Timestamp time, Duration length) {
  const std::int64_t t = to_nanoseconds(time), l = length.count();
  const std::int64_t rest = t % l;
  return t - rest - (rest < 0 ? l : 0);
}

Timestamp end_of(std::int64_t start, Duration length) { return from_nanoseconds(start) + length; }

std::string stored(const WindowKey& key) {
  std::string bytes;
  encode(key, bytes);
  return bytes;
}

// What is stored before the payload.
struct RowHead {
  std::uint64_t revision = 0;
  bool to_emit = false;
  std::int64_t emit_after = 0;  // of the bucket, in its population row
};

void put(std::string& out, const RowHead& head) {
  ByteWriter writer(out);
  writer.put(kRowVersion);
  writer.put(head.revision);
  writer.put(static_cast<std::uint8_t>(head.to_emit));
  writer.put(head.emit_after);
}

OutboxRow replacement(const WindowKey& key, Position mark, std::string payload) {
  OutboxRow row;
  row.kind = OutboxKind::replacement;
  row.revision = to_number(mark);
  row.target = kWindowRowKey + stored(key);
  row.payload = std::move(payload);
  return row;
}

}  // namespace

std::optional<StoredWindowRow> decode_window_row(std::string_view stored_key, std::string_view value) {
  const auto key = decode_window_key(stored_key);
  ByteReader reader(value);
  if (!key || reader.take<std::uint8_t>() != kRowVersion) return std::nullopt;
  StoredWindowRow row;
  row.key = *key;
  row.revision = reader.take<std::uint64_t>();
  row.to_emit = reader.take<std::uint8_t>() != 0;
  row.emit_after = from_nanoseconds(reader.take<std::int64_t>());
  const auto payload = reader.take_raw(reader.left());
  if (!reader.ok()) return std::nullopt;
  if (key->property.empty()) {
    row.population = decode_window_population(payload);
  } else {
    row.aggregate = Aggregate::decode(payload);
  }
  if (!row.population && !row.aggregate) return std::nullopt;
  return row;
}

Windows::Windows(NameTable& names, const PipelineConfig& config)
    : names_(names), rules_(config.window_rules), edge_hash_(hash64(config.edge)), groups_(SIZE_MAX) {
  for (const auto& window : config.windows) specs_.emplace_back().config = window;
}

Windows::Spec* Windows::find_spec(std::string_view name, std::int64_t length_ns) {
  const auto at = std::find_if(specs_.begin(), specs_.end(), [&](const Spec& s) { return s.config.name == name && s.config.length.count() == length_ns; });
  return at == specs_.end() ? nullptr : &*at;
}

Result<void> Windows::load(const StoreReader& store) {
  std::size_t bad = 0;
  auto read = store.for_each(kTable, [&](std::string_view key, std::string_view value) { bad += !load_row(key, value); });
  if (!read) return read;
  if (bad != 0) return corrupt_data(std::to_string(bad) + " stored window rows do not decode");
  for (auto at = buckets_.begin(); at != buckets_.end(); ++at) {
    if (at->second.to_emit) due_.insert({at->second.emit_after, at->first});
  }
  return {};
}

// Rows of a window that is no longer configured are left where they are: above they stay as last sent.
bool Windows::load_row(std::string_view stored_key, std::string_view value) {
  auto stored_row = decode_window_row(stored_key, value);
  if (!stored_row) return false;
  const WindowKey& key = stored_row->key;
  Spec* spec = find_spec(key.window, key.length_ns);
  if (spec == nullptr) return true;
  Bucket& bucket = buckets_[{static_cast<std::uint32_t>(spec - specs_.data()), key.start_ns, key.group}];
  if (stored_row->population) {
    bucket.population = std::move(*stored_row->population);
    bucket.population_revision = stored_row->revision;
    bucket.emit_after = stored_row->emit_after;
    bucket.to_emit = stored_row->to_emit;
    ++rows_;
    return true;
  }
  const auto name = names_.intern(key.property);
  if (!name) return false;
  const auto column = column_of(*spec, *name);
  if (column == kExcluded) return true;
  Row& row = row_at(*spec, bucket, column);
  row.revision = stored_row->revision;
  row.to_emit = stored_row->to_emit;
  row.aggregate = std::move(*stored_row->aggregate);
  return true;
}

void Windows::take_changes(std::vector<RowChange>& changes) {
  for (auto& key : deleted_) changes.push_back({kTable, std::move(key), std::nullopt});
  deleted_.clear();
  for (const auto& bucket_key : dirty_) {
    const auto at = buckets_.find(bucket_key);
    if (at == buckets_.end() || !at->second.in_dirty) continue;
    Bucket& bucket = at->second;
    bucket.in_dirty = false;
    const Spec& spec = specs_[bucket_key.window];
    if (bucket.to_store) {
      std::string value;
      put(value, {bucket.population_revision, bucket.to_emit, to_nanoseconds(bucket.emit_after)});
      encode(bucket.population, value);
      changes.push_back({kTable, stored(key_of(bucket_key, "")), std::move(value)});
      bucket.to_store = false;
    }
    for (const auto column : columns_by_name(spec, bucket)) {
      Row& row = *bucket.rows[static_cast<std::size_t>(column)];
      if (!row.to_store) continue;
      std::string value;
      put(value, {row.revision, row.to_emit, 0});
      row.aggregate.encode(value);
      changes.push_back({kTable, stored(key_of(bucket_key, names_.text(spec.columns[static_cast<std::size_t>(column)]))), std::move(value)});
      row.to_store = false;
    }
  }
  dirty_.clear();
  dirty_bytes_ = 0;
}

std::uint32_t Windows::group_of(std::size_t window, const Labels& labels) {
  std::string text;
  for (const auto& wanted : specs_[window].config.group_by) {
    if (!text.empty()) text += ',';
    text += wanted + '=';
    for (const auto& [name, value] : labels) {
      if (name == wanted) text += value;
    }
  }
  return static_cast<std::uint32_t>(*groups_.intern(text));
}

void Windows::limit_groups() {
  if (groups_.size() <= kRememberedGroups) return;
  groups_ = NameTable(SIZE_MAX);
  for (auto& spec : specs_) spec.memos.clear();
  ++group_generation_;
}

void Windows::add(const WindowEvent& event) {
  for (std::uint32_t window = 0; window < specs_.size(); ++window) {
    Spec& spec = specs_[window];
    const std::int64_t start = start_of(event.time, spec.config.length);
    const bool too_old = end_of(start, spec.config.length) + rules_.retain <= event.arrival;
    const auto at = too_old ? buckets_.end() : bucket_for(window, start, event.groups[window]);
    if (at == buckets_.end()) {
      ++ledger_.too_late;
      continue;
    }
    Bucket& bucket = at->second;
    ++bucket.population.events;
    bucket.population.twins.add(event.twin_hash);
    bucket.to_store = true;
    for (const auto& field : event.fields) add_value(spec, bucket, field, event);
    touch(at);
    if (rows_ > rules_.max_rows) limit_rows();
  }
}

Windows::Buckets::iterator Windows::bucket_for(std::uint32_t window, std::int64_t start, std::uint32_t group) {
  Spec& spec = specs_[window];
  if (group >= spec.memos.size()) spec.memos.resize(group + 1);
  Memo& memo = spec.memos[group];
  if (memo.start == start) return memo.at;
  BucketKey key{window, start, std::string(groups_.text(Name{group}))};
  auto at = buckets_.find(key);
  if (at == buckets_.end()) {
    if (start <= spec.horizon) return at;
    at = buckets_.try_emplace(std::move(key)).first;
    at->second.emit_after = end_of(start, spec.config.length) + rules_.lateness;
    ++rows_;
  }
  memo = {start, at};
  return at;
}

void Windows::add_value(Spec& spec, Bucket& bucket, const NumericField& field, const WindowEvent& event) {
  const std::int32_t column = column_of(spec, field.name);
  if (column == kExcluded) return;
  Row& row = row_at(spec, bucket, column);
  row.aggregate.add({field.value, event.time, edge_hash_, to_number(event.position)});
  row.to_emit = row.to_store = true;
}

std::int32_t Windows::column_of(Spec& spec, Name name) {
  const auto number = static_cast<std::size_t>(name);
  if (number >= spec.column_of.size()) spec.column_of.resize(number + 1, kUnasked);
  std::int32_t& column = spec.column_of[number];
  if (column != kUnasked) return column;
  const auto& globs = spec.config.properties;
  // The empty name stands for the population row.
  const bool selected = !names_.text(name).empty() && std::any_of(globs.begin(), globs.end(), [&](const auto& glob) { return glob_matches(glob, names_.text(name)); });
  column = kExcluded;
  if (selected) {
    column = static_cast<std::int32_t>(spec.columns.size());
    spec.columns.push_back(name);
  }
  return column;
}

Windows::Row& Windows::row_at(Spec& spec, Bucket& bucket, std::int32_t column) {
  const auto number = static_cast<std::size_t>(column);
  if (number >= bucket.rows.size()) bucket.rows.resize(spec.columns.size());
  auto& row = bucket.rows[number];
  if (row == nullptr) {
    row = std::make_unique<Row>();
    ++rows_;
  }
  return *row;
}

void Windows::touch(Buckets::iterator at) {
  Bucket& bucket = at->second;
  if (!bucket.to_emit) {
    bucket.to_emit = true;
    due_.insert({bucket.emit_after, at->first});
  }
  mark_dirty(at);
}

void Windows::mark_dirty(Buckets::iterator at) {
  if (at->second.in_dirty) return;
  at->second.in_dirty = true;
  dirty_.push_back(at->first);
  dirty_bytes_ += kRowBytes * (1 + at->second.rows.size());
}

void Windows::fire_due(Timestamp now, Position mark, std::vector<OutboxRow>& rows) {
  mark_ = mark;
  limit_groups();
  while (!due_.empty() && due_.begin()->first <= now) {
    const auto at = buckets_.find(due_.begin()->second);
    due_.erase(due_.begin());
    emit(at, mark, rows);
    at->second.emit_after = now + rules_.flush;
  }
  forget_old(now);
}

void Windows::take_clock_step(Duration step) {
  for (auto at = buckets_.begin(); at != buckets_.end(); ++at) {
    Bucket& bucket = at->second;
    if (bucket.population_revision == 0) continue;
    if (bucket.to_emit) due_.erase({bucket.emit_after, at->first});
    bucket.emit_after += step;
    if (bucket.to_emit) due_.insert({bucket.emit_after, at->first});
    bucket.to_store = true;
    mark_dirty(at);
  }
}

void Windows::take_parting(std::vector<OutboxRow>& rows) {
  for (auto& row : parting_) rows.push_back(std::move(row));
  parting_.clear();
}

void Windows::emit(Buckets::iterator at, Position mark, std::vector<OutboxRow>& rows) {
  Bucket& bucket = at->second;
  const Spec& spec = specs_[at->first.window];
  std::string payload;
  encode(bucket.population, payload);
  rows.push_back(replacement(key_of(at->first, ""), mark, std::move(payload)));
  bucket.population_revision = to_number(mark);
  bucket.to_emit = false;
  bucket.to_store = true;
  for (const auto column : columns_by_name(spec, bucket)) {
    Row& row = *bucket.rows[static_cast<std::size_t>(column)];
    if (!row.to_emit) continue;
    payload.clear();
    row.aggregate.encode(payload);
    rows.push_back(replacement(key_of(at->first, names_.text(spec.columns[static_cast<std::size_t>(column)])), mark, std::move(payload)));
    row.revision = to_number(mark);
    row.to_emit = false;
    row.to_store = true;
  }
  mark_dirty(at);
}

void Windows::emit_all(Position mark, std::vector<OutboxRow>& rows) {
  for (auto at = buckets_.begin(); at != buckets_.end(); ++at) {
    if (at->second.to_emit) emit(at, mark, rows);
  }
  due_.clear();
}

void Windows::append_emitted(std::vector<OutboxRow>& rows) const {
  for_each([&](const WindowKey& key, std::uint64_t revision, const Aggregate* aggregate, const WindowPopulation* population) {
    if (revision == 0) return;
    std::string payload;
    if (aggregate != nullptr) {
      aggregate->encode(payload);
    } else {
      encode(*population, payload);
    }
    rows.push_back(replacement(key, Position{revision}, std::move(payload)));
  });
}

void Windows::adopt(Windows& before) {
  ledger_ = before.ledger_;
  group_generation_ = before.group_generation_ + 1;
  parted_ = std::move(before.parted_);
  for (std::uint32_t window = 0; window < before.specs_.size(); ++window) part_with(before.specs_[window], before.newest_start(window));
  for (Spec& spec : specs_) {
    const auto known = parted_.extract({spec.config.name, spec.config.length.count()});
    if (!known.empty()) spec.horizon = known.mapped();
  }
  while (!before.buckets_.empty()) {
    const auto at = before.buckets_.begin();
    const Spec& old_spec = before.specs_[at->first.window];
    if (Spec* spec = find_spec(old_spec.config.name, old_spec.config.length.count())) {
      const auto taken = buckets_.try_emplace({static_cast<std::uint32_t>(spec - specs_.data()), at->first.start, at->first.group}).first;
      Bucket& bucket = taken->second;
      bucket.population = at->second.population;
      bucket.population_revision = at->second.population_revision;
      bucket.emit_after = at->second.emit_after;
      bucket.to_store = true;
      ++rows_;
      for (const auto old_column : before.columns_by_name(old_spec, at->second)) {
        const auto column = column_of(*spec, old_spec.columns[static_cast<std::size_t>(old_column)]);
        if (column == kExcluded) continue;
        Row& row = row_at(*spec, bucket, column);
        row = std::move(*at->second.rows[static_cast<std::size_t>(old_column)]);
        row.to_store = true;
      }
      mark_dirty(taken);
    }
    before.erase(at);
  }
  // Deletions are applied before what is stored: rows that were taken over are written again.
  deleted_ = std::move(before.deleted_);
}

void Windows::part_with(const Spec& spec, std::int64_t newest) {
  const bool stays = find_spec(spec.config.name, spec.config.length.count()) != nullptr;
  const std::int64_t horizon = stays ? spec.horizon : std::max(spec.horizon, newest);
  if (horizon == INT64_MIN) return;
  parted_[{spec.config.name, spec.config.length.count()}] = horizon;
  if (parted_.size() <= kRememberedWindows) return;
  parted_.erase(std::min_element(parted_.begin(), parted_.end(), [](const auto& a, const auto& b) { return a.second < b.second; }));
}

std::int64_t Windows::newest_start(std::uint32_t window) const {
  const auto behind = buckets_.lower_bound({window + 1, INT64_MIN, ""});
  return behind != buckets_.begin() && std::prev(behind)->first.window == window ? std::prev(behind)->first.start : INT64_MIN;
}

std::optional<Timestamp> Windows::next_due() const {
  if (due_.empty()) return std::nullopt;
  return due_.begin()->first;
}

Windows::Buckets::iterator Windows::oldest(std::uint32_t window) {
  const auto at = buckets_.lower_bound({window, INT64_MIN, ""});
  return at != buckets_.end() && at->first.window == window ? at : buckets_.end();
}

void Windows::forget(Buckets::iterator at) {
  std::int64_t& horizon = specs_[at->first.window].horizon;
  horizon = std::max(horizon, at->first.start);
  due_.erase({at->second.emit_after, at->first});
  erase(at);
}

// What waits to be emitted stays until then.
void Windows::forget_old(Timestamp now) {
  for (std::uint32_t window = 0; window < specs_.size(); ++window) {
    for (auto at = oldest(window); at != buckets_.end() && !at->second.to_emit; at = oldest(window)) {
      if (end_of(at->first.start, specs_[window].config.length) + rules_.retain > now) break;
      forget(at);
    }
  }
}

// The window that ended first goes first.
void Windows::limit_rows() {
  while (rows_ > rules_.max_rows && buckets_.size() > 1) {
    auto victim = buckets_.end();
    Timestamp victim_end;
    for (std::uint32_t window = 0; window < specs_.size(); ++window) {
      const auto at = oldest(window);
      if (at == buckets_.end()) continue;
      const Timestamp end = end_of(at->first.start, specs_[window].config.length);
      if (victim != buckets_.end() && victim_end <= end) continue;
      victim = at;
      victim_end = end;
    }
    const std::size_t before = rows_;
    if (victim->second.to_emit) emit(victim, mark_, parting_);
    forget(victim);
    ledger_.rows_evicted += before - rows_;
  }
}

void Windows::encode_ledger(std::string& out) const {
  ByteWriter writer(out);
  writer.put(kLedgerVersion);
  writer.put(ledger_.too_late);
  writer.put(ledger_.rows_evicted);
  for (const auto& spec : specs_) {
    writer.put_bytes(spec.config.name);
    writer.put(spec.config.length.count());
    writer.put(spec.horizon);
  }
  for (const auto& [id, horizon] : parted_) {
    writer.put_bytes(id.first);
    writer.put(id.second);
    writer.put(horizon);
  }
}

bool Windows::decode_ledger(std::string_view bytes) {
  ByteReader reader(bytes);
  if (reader.take<std::uint8_t>() != kLedgerVersion) return false;
  ledger_.too_late = reader.take<std::uint64_t>();
  ledger_.rows_evicted = reader.take<std::uint64_t>();
  while (reader.ok() && !reader.at_end()) {
    const auto name = reader.take_bytes();
    const auto length_ns = reader.take<std::int64_t>();
    const auto horizon = reader.take<std::int64_t>();
    Spec* spec = find_spec(name, length_ns);
    (spec != nullptr ? spec->horizon : parted_[{std::string(name), length_ns}]) = horizon;
  }
  return reader.ok();
}

Windows::Buckets::iterator Windows::erase(Buckets::iterator at) {
  const Spec& spec = specs_[at->first.window];
  deleted_.push_back(stored(key_of(at->first, "")));
  --rows_;
  for (const auto column : columns_by_name(spec, at->second)) {
    deleted_.push_back(stored(key_of(at->first, names_.text(spec.columns[static_cast<std::size_t>(column)]))));
    --rows_;
  }
  for (auto& s : specs_) s.memos.clear();
  return buckets_.erase(at);
}

void Windows::clear() {
  for (auto at = buckets_.begin(); at != buckets_.end();) at = erase(at);
  due_.clear();
  for (auto& spec : specs_) spec.horizon = INT64_MIN;
  parted_.clear();
}

void Windows::for_each(const RowVisitor& visit) const {
  for (const auto& [bucket_key, bucket] : buckets_) {
    const Spec& spec = specs_[bucket_key.window];
    visit(key_of(bucket_key, ""), bucket.population_revision, nullptr, &bucket.population);
    for (const auto column : columns_by_name(spec, bucket)) {
      const auto number = static_cast<std::size_t>(column);
      visit(key_of(bucket_key, names_.text(spec.columns[number])), bucket.rows[number]->revision, &bucket.rows[number]->aggregate, nullptr);
    }
  }
}

WindowKey Windows::key_of(const BucketKey& key, std::string_view property) const {
  const WindowSpec& spec = specs_[key.window].config;
  return {spec.name, key.start, spec.length.count(), std::string(key.group), std::string(property)};
}

std::vector<std::int32_t> Windows::columns_by_name(const Spec& spec, const Bucket& bucket) const {
  std::vector<std::int32_t> columns;
  for (std::size_t i = 0; i < bucket.rows.size(); ++i) {
    if (bucket.rows[i] != nullptr) columns.push_back(static_cast<std::int32_t>(i));
  }
  std::sort(columns.begin(), columns.end(), [&](std::int32_t a, std::int32_t b) {
    return names_.text(spec.columns[static_cast<std::size_t>(a)]) < names_.text(spec.columns[static_cast<std::size_t>(b)]);
  });
  return columns;
}

}  // namespace doppel
