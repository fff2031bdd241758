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
  const auto [at, added] = batches_.try_emplace(batch.mark, applied);
  if (!added && at->second.digest != applied.digest)
    throw Broken("same journal, same state", "a replay of the batch of mark " + text(batch.mark) + " has other borders or other effects");
}

std::uint64_t Ledger::recovered(Journal& journal, const Ending& ending, Position committed) {
  const Position first = journal.first();
  std::map<Position, bool> found;
  if (first != Position::none) {
    auto reader = journal.read_after(Position{to_number(first) - 1});
    if (!reader) throw Broken("a journal can be read", reader.error().message);
    for (std::vector<Record> records;; records.clear()) {
      if (auto read = (*reader)->read(1000, JournalReader::Views::free_earlier, records); !read)
        throw Broken("a journal can be read", read.error().message);
      if (records.empty()) break;
      for (const auto& record : records) {
        found[record.position] = true;
        const auto at = accepted_.find(record.position);
        if (at != accepted_.end() && !is_same(at->second, record))
          throw Broken("an accepted record stays as it is", "the record at " + text(record.position) + " differs");
        // Written whole, though the process did not live to hear of it; or the journal's own.
        if (at == accepted_.end())
          accepted_[record.position] = {record.kind, record.delivery, std::string(record.topic), std::string(record.payload), record.arrival};
      }
    }
  }
  if (first > first_kept_) first_kept_ = first;
  std::vector<Position> lost;
  for (const auto& [position, record] : accepted_) {
    if (position < first_kept_ || found.contains(position)) continue;
    if (position <= committed) continue;  // retention may take a segment that a process died over
    if (!ending.lost_power)
      throw Broken("an acknowledged event is never lost by a crash of the process", "the record at " + text(position) + " is gone");
    if (position <= ending.synced)
      throw Broken("a power cut takes nothing that was synced", "the record at " + text(position) + " is gone, synced was " + text(ending.synced));
    lost.push_back(position);
  }
  for (const auto position : lost) forget(position);
  return lost.size();
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
