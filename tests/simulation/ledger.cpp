#include "tests/simulation/ledger.h"

#include <algorithm>

#include "tests/simulation/world.h"
#include "twin_store/model/hash.h"

namespace doppel::simulation {
namespace {

std::string text(Position position) { return std::to_string(to_number(position)); }

std::uint64_t digest_of(const AppliedBatch& batch) {
  std::uint64_t digest = hash64(to_hex(batch.incarnation), to_number(batch.epoch));
  for (const auto position : batch.records) digest = mix64(digest, to_number(position));
  for (const auto& row : batch.rows) {
    digest = mix64(digest, hash64(row.target, static_cast<std::uint64_t>(row.kind)));
    digest = mix64(digest, hash64(row.payload, row.revision));
  }
  return digest;
}

std::string describe(const AppliedBatch& batch) {
  std::string all = "epoch " + std::to_string(to_number(batch.epoch)) + ", incarnation " + to_hex(batch.incarnation).substr(0, 6) + ", records";
  for (const auto position : batch.records) all += ' ' + text(position);
  all += ", rows";
  for (const auto& row : batch.rows) all += " (" + std::to_string(static_cast<int>(row.kind)) + ' ' + row.target.substr(0, 30) + " r" + std::to_string(row.revision) + ' ' + std::to_string(hash64(row.payload) % 1000) + ')';
  return all;
}

bool is_same(const AcceptedRecord& accepted, const Record& record) {
  return accepted.kind == record.kind && accepted.topic == record.topic && accepted.payload == record.payload &&
         accepted.delivery.packet_id == record.delivery.packet_id && accepted.delivery.session == record.delivery.session;
}

}  // namespace

void Ledger::accept(Position position, const NewRecord& record) {
  const auto [at, added] = accepted_.try_emplace(
      position, AcceptedRecord{record.kind, record.delivery, std::string(record.topic), std::string(record.payload), {}});
  if (!added) throw Broken("positions are never reused", "position " + text(position) + " was given twice");
}

void Ledger::apply(const Batch& batch, const std::vector<OutboxRow>& rows) {
  AppliedBatch applied{batch.incarnation, batch.epoch, {}, rows, 0};
  for (const auto& record : batch.records) {
    applied.records.push_back(record.position);
    const auto at = accepted_.find(record.position);
    if (at == accepted_.end()) {
      // The lane reads what the journal itself has put between.
      if (record.kind != RecordKind::clock_step)
        throw Broken("only what was accepted is applied", "the record at " + text(record.position) + " was not");
      accepted_[record.position] = {record.kind, record.delivery, std::string(record.topic), std::string(record.payload), record.arrival};
      continue;
    }
    if (!is_same(at->second, record)) throw Broken("an accepted record stays as it is", "the record at " + text(record.position) + " differs");
    at->second.arrival = record.arrival;
  }
  std::uint32_t ordinal = 0;
  for (auto& row : applied.rows) row.key = {batch.incarnation, batch.epoch, batch.mark, ordinal++};
  applied.digest = digest_of(applied);
  if (++applied_now_[batch.mark] > 1) throw Broken("a batch is applied once", "the batch of mark " + text(batch.mark) + " was applied twice");
  if (had_corruption_) forget_overlapping(applied);
  const auto [at, added] = batches_.try_emplace(batch.mark, applied);
  if (!added && at->second.digest != applied.digest)
    throw Broken("same journal, same state", "a replay of the batch of mark " + text(batch.mark) + " is not what it was:\n  " +
                                                 describe(at->second) + "\n  " + describe(applied));
}

Result<std::uint64_t> Ledger::recovered(Journal& journal, const Ending& ending, Position committed) {
  std::set<Position> found;
  if (auto read = read_all(journal, found); !read) return read.error();
  first_kept_ = std::max(first_kept_, journal.first());
  std::vector<Position> lost;
  for (const auto& [position, record] : accepted_) {
    // Of what the store holds, retention may have taken a segment that the process died over.
    if (position < first_kept_ || position <= committed || found.contains(position)) continue;
    if (!ending.lost_power)
      throw Broken("an acknowledged event is never lost by a crash of the process", "the record at " + text(position) + " is gone");
    if (position <= ending.synced)
      throw Broken("a power cut takes nothing that was synced", "the record at " + text(position) + " is gone, synced was " + text(ending.synced));
    lost.push_back(position);
  }
  for (const auto position : lost) forget(position);
  had_corruption_ = had_corruption_ || ending.left_corruption;
  return lost.size();
}

// What was written whole though the process did not live to hear of it, and the journal's own records, become known here.
Result<void> Ledger::read_all(Journal& journal, std::set<Position>& found) {
  if (journal.first() == Position::none) return {};
  auto reader = journal.read_after(Position{to_number(journal.first()) - 1});
  if (!reader) return reader.error();
  for (std::vector<Record> records;; records.clear()) {
    if (auto read = (*reader)->read(1000, JournalReader::Views::free_earlier, records); !read) return read;
    if (records.empty()) return {};
    for (const auto& record : records) {
      found.insert(record.position);
      const auto [at, added] = accepted_.try_emplace(
          record.position, AcceptedRecord{record.kind, record.delivery, std::string(record.topic), std::string(record.payload), record.arrival});
      if (!added && !is_same(at->second, record))
        throw Broken("an accepted record stays as it is", "the record at " + text(record.position) + " differs");
    }
  }
}

// Behind a gap, records are applied under other marks, or make something else.
void Ledger::forget_overlapping(const AppliedBatch& applied) {
  std::erase_if(batches_, [&](const auto& batch) {
    return batch.second.digest != applied.digest && batch.second.records.front() <= applied.records.back() && applied.records.front() <= batch.second.records.back();
  });
}

void Ledger::forget(Position position) {
  const auto kind = accepted_.at(position).kind;
  accepted_.erase(position);
  if (kind == RecordKind::mark) {
    batches_.erase(position);
    return;
  }
  std::erase_if(batches_, [&](const auto& batch) {
    return std::find(batch.second.records.begin(), batch.second.records.end(), position) != batch.second.records.end();
  });
}

}  // namespace doppel::simulation
