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
constexpr std::size_t kMaxGroups = 10'000;

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

Windows::Windows(NameTable& names, const PipelineConfig& config)
    : names_(names), rules_(config.window_rules), edge_hash_(hash64(config.edge)), groups_(kMaxGroups) {
  for (const auto& window : config.windows) specs_.push_back({.config = window, .column_of = {}, .columns = {}, .memos = {}});
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
  const auto key = decode_window_key(stored_key);
  ByteReader reader(value);
  if (!key || reader.take<std::uint8_t>() != kRowVersion) return false;
  RowHead head;
  head.revision = reader.take<std::uint64_t>();
  head.to_emit = reader.take<std::uint8_t>() != 0;
  head.emit_after = reader.take<std::int64_t>();
  const auto payload = reader.take_raw(reader.left());
  if (!reader.ok()) return false;
  const auto spec = std::find_if(specs_.begin(), specs_.end(), [&](const Spec& s) {
    return s.config.name == key->window && s.config.length.count() == key->length_ns;
  });
  const auto group = groups_.intern(key->group);
  if (spec == specs_.end() || !group) return true;
  Bucket& bucket = buckets_[{key->start_ns, static_cast<std::uint32_t>(spec - specs_.begin()), groups_.text(*group)}];
  if (key->property.empty()) {
    auto population = decode_window_population(payload);
    if (!population) return false;
    bucket.population = std::move(*population);
    bucket.population_revision = head.revision;
    bucket.emit_after = from_nanoseconds(head.emit_after);
    bucket.to_emit = head.to_emit;
    ++rows_;
    return true;
  }
  auto aggregate = Aggregate::decode(payload);
  const auto name = names_.intern(key->property);
  if (!aggregate || !name) return false;
  const auto column = column_of(*spec, *name);
  if (column == kExcluded) return true;
  Row& row = row_at(*spec, bucket, column);
  row.revision = head.revision;
  row.to_emit = head.to_emit;
  row.aggregate = std::move(*aggregate);
  return true;
}

void Windows::take_changes(std::vector<RowChange>& changes) {
  for (auto& key : deleted_) changes.push_back({kTable, std::move(key), std::nullopt});
  deleted_.clear();
  for (const auto& bucket_key : dirty_) {
    const auto at = buckets_.find(bucket_key);
    if (at == buckets_.end()) continue;
    Bucket& bucket = at->second;
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
  const auto group = groups_.intern(text);
  return static_cast<std::uint32_t>(group ? *group : *groups_.intern(""));
}

void Windows::add(const WindowEvent& event) {
  for (std::uint32_t window = 0; window < specs_.size(); ++window) {
    Spec& spec = specs_[window];
    const std::uint32_t group = event.groups[window];
    const BucketKey key{start_of(event.time, spec.config.length), window, groups_.text(Name{group})};
    if (end_of(key.start, spec.config.length) + rules_.retain <= event.arrival || key.start <= ledger_.horizon_ns) {
      ++ledger_.too_late;
      continue;
    }
    const auto at = bucket_for(spec, key, group);
    Bucket& bucket = at->second;
    ++bucket.population.events;
    bucket.population.twins.add(event.twin_hash);
    bucket.to_store = true;
    for (const auto& field : event.fields) add_value(spec, bucket, field, event);
    touch(at);
    if (rows_ > rules_.max_rows) limit_rows();
  }
}

Windows::Buckets::iterator Windows::bucket_for(Spec& spec, const BucketKey& key, std::uint32_t group) {
  if (group >= spec.memos.size()) spec.memos.resize(group + 1);
  Memo& memo = spec.memos[group];
  if (memo.start == key.start) return memo.at;
  const auto [at, is_new] = buckets_.try_emplace(key);
  if (is_new) {
    at->second.emit_after = end_of(key.start, spec.config.length) + rules_.lateness;
    ++rows_;
  }
  memo = {key.start, at};
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
  if (dirty_.empty() || !dirty_.contains(at->first)) {
    dirty_.insert(at->first);
    dirty_bytes_ += kRowBytes * (1 + bucket.rows.size());
  }
}

void Windows::fire_due(Timestamp now, Position mark, std::vector<OutboxRow>& rows) {
  while (!due_.empty() && due_.begin()->first <= now) {
    const auto at = buckets_.find(due_.begin()->second);
    due_.erase(due_.begin());
    emit(at, mark, rows);
    at->second.emit_after = now + rules_.flush;
  }
  evict_old(now);
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
  dirty_.insert(at->first);
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
  while (!before.buckets_.empty()) {
    const auto at = before.buckets_.begin();
    const Spec& old_spec = before.specs_[at->first.window];
    const auto spec = std::find_if(specs_.begin(), specs_.end(), [&](const Spec& s) {
      return s.config.name == old_spec.config.name && s.config.length == old_spec.config.length;
    });
    const auto group = groups_.intern(at->first.group);
    if (spec != specs_.end() && group) {
      const BucketKey key{at->first.start, static_cast<std::uint32_t>(spec - specs_.begin()), groups_.text(*group)};
      Bucket& bucket = buckets_[key];
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
      dirty_.insert(key);
    }
    before.erase(at);
  }
  // Deletions are applied before what is stored: rows that were taken over are written again.
  deleted_ = std::move(before.deleted_);
}

std::optional<Timestamp> Windows::next_due() const {
  if (due_.empty()) return std::nullopt;
  return due_.begin()->first;
}

// Buckets lie in the order of their starts, so only the front can be old; lengths differ, so the front alone decides nothing
// about those behind it, which are evicted when they come to the front.
void Windows::evict_old(Timestamp now) {
  while (!buckets_.empty()) {
    const auto at = buckets_.begin();
    if (at->second.to_emit || end_of(at->first.start, specs_[at->first.window].config.length) + rules_.retain > now) return;
    erase(at);
  }
}

void Windows::limit_rows() {
  while (rows_ > rules_.max_rows && buckets_.size() > 1) {
    const auto at = buckets_.begin();
    const std::size_t before = rows_;
    ledger_.horizon_ns = std::max(ledger_.horizon_ns, at->first.start);
    due_.erase({at->second.emit_after, at->first});
    erase(at);
    ledger_.rows_evicted += before - rows_;
  }
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
  dirty_.erase(at->first);
  return buckets_.erase(at);
}

void Windows::clear() {
  for (auto at = buckets_.begin(); at != buckets_.end();) at = erase(at);
  due_.clear();
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
