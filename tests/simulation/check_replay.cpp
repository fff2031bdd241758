// Same journal, same state: an edge's journal folded once more, under its marks and under other borders.
#include <algorithm>

#include "tests/simulation/checker.h"
#include "twin_store/lane/marked_batches.h"
#include "twin_store/model/hash.h"

namespace doppel::simulation {
namespace {

constexpr const char* kPromise = "same journal, same state";

using Tables = std::map<std::string, std::map<std::string, std::string>>;

struct EmptyStore final : StoreReader {
  Result<void> for_each(std::string_view, const RowVisitor&) const override { return {}; }
  Result<std::optional<std::string>> find(std::string_view, std::string_view) const override { return std::optional<std::string>(); }
};

Tables tables_of(Pipeline& pipeline) {
  std::vector<RowChange> changes;
  pipeline.take_changes(changes);
  Tables tables;
  for (auto& change : changes) {
    if (change.value) tables[std::string(change.table)][change.key] = std::move(*change.value);
  }
  return tables;
}

Tables tables_of(const Store& store, std::span<const std::string_view> names) {
  Tables tables;
  for (const auto name : names) {
    const auto read = store.for_each(name, [&](std::string_view key, std::string_view value) { tables[std::string(name)][std::string(key)] = value; });
    if (!read) throw Broken("a store can be read", read.error().message);
  }
  return tables;
}

void compare(const std::string& how, const Tables& replayed, const Tables& stored) {
  for (const auto& [name, rows] : stored) {
    const auto at = replayed.find(name);
    static const std::map<std::string, std::string> kNone;
    const auto& others = at == replayed.end() ? kNone : at->second;
    for (const auto& [key, value] : rows) {
      const auto other = others.find(key);
      if (other == others.end() || other->second != value) throw Broken(kPromise, how + ": table " + name + ", key " + key.substr(0, 40) + " differs");
    }
    if (rows.size() != others.size()) throw Broken(kPromise, how + ": table " + name + " has " + std::to_string(others.size()) + " rows, not " + std::to_string(rows.size()));
  }
}

// Under the marks, as Lane does it.
void replay_marked(Journal& journal, Pipeline& pipeline, const Checkpoint& applied) {
  auto batches = MarkedBatches::open(journal, Position::none, 1000);
  if (!batches) throw Broken("a journal can be read", batches.error().message);
  Incarnation incarnation;
  std::uint64_t effects_hash = 0;
  BatchOutput output;
  for (MarkedBatch batch;;) {
    const auto more = (*batches)->next(batch);
    if (!more) throw Broken("a journal can be read", more.error().message);
    if (!*more) break;
    const auto& first = batch.records.front();
    if (first.kind == RecordKind::incarnation) {
      std::copy(first.payload.begin(), first.payload.end(), incarnation.bytes.begin());
      pipeline.begin_incarnation(incarnation);
    }
    output.clear();
    if (auto done = pipeline.apply({incarnation, batch.epoch, batch.mark_position, batch.records, batch.decisions}, output); !done)
      throw Broken(kPromise, "a replay fails: " + done.error().message);
    if (const auto hash = hash_rows(output.rows); hash != 0) effects_hash = mix64(effects_hash, hash);
  }
  if (effects_hash != applied.effects_hash) throw Broken(kPromise, "the running hash over all rows differs in a replay under the marks");
}

// Under borders that the lane did not choose. Control records stand alone.
void replay_bordered(Journal& journal, Pipeline& pipeline, Random random) {
  auto reader = journal.read_after(Position::none);
  if (!reader) throw Broken("a journal can be read", reader.error().message);
  std::vector<Record> records;
  for (std::size_t before = SIZE_MAX; before != records.size();) {
    before = records.size();
    if (auto read = (*reader)->read(1000, JournalReader::Views::keep_earlier, records); !read) throw Broken("a journal can be read", read.error().message);
  }
  std::erase_if(records, [](const Record& record) { return is_bookkeeping(record.kind); });
  BatchOutput output;
  for (std::size_t at = 0; at < records.size();) {
    const auto size = batch_length(std::span(records).subspan(at), 1 + random.below(20));
    output.clear();
    if (auto done = pipeline.apply({{}, Epoch::first, records[at].position, std::span(records).subspan(at, size), {}}, output); !done)
      throw Broken(kPromise, "a replay fails: " + done.error().message);
    at += size;
  }
}

}  // namespace

void check_replay(SimEdge& edge, Random random) {
  auto& parts = edge.parts();
  if (edge.ledger().had_corruption() || parts.journal->first() != Position{1}) return;
  if (auto committed = parts.lane->commit_now(); !committed) throw Broken("a store takes a commit", committed.error().message);
  SimLoader loader(*parts.blobs);
  Pipeline marked(loader), bordered(loader);
  const EmptyStore nothing;
  if (!marked.load(nothing) || !bordered.load(nothing)) throw Broken(kPromise, "a fold does not begin");
  const auto stored = tables_of(*parts.store, marked.tables());
  replay_marked(*parts.journal, marked, parts.lane->applied());
  compare("a replay under the marks", tables_of(marked), stored);

  const auto& accepted = edge.ledger().accepted();
  const bool has_functions = std::any_of(accepted.begin(), accepted.end(), [](const auto& each) { return each.second.kind == RecordKind::activation; });
  if (has_functions) return;  // waves and alarms depend on borders
  replay_bordered(*parts.journal, bordered, random);
  auto other = tables_of(bordered);
  const std::string twins(TwinTable::kTable);
  compare("a replay under other borders", {{twins, other[twins]}}, {{twins, stored.contains(twins) ? stored.at(twins) : Tables::mapped_type()}});
}

}  // namespace doppel::simulation
