#include "twin_store/lane/marked_batches.h"

#include <algorithm>

namespace doppel {
namespace {

constexpr std::size_t kReadAtOnce = 1000;

std::string number(Position p) { return std::to_string(to_number(p)); }

}  // namespace

std::size_t batch_length(std::span<const Record> records, std::size_t most) {
  const auto is_alone = [](const Record& record) { return is_control(record.kind); };
  if (is_alone(records.front())) return 1;
  const auto alone = std::find_if(records.begin(), records.end(), is_alone);
  return std::min(static_cast<std::size_t>(alone - records.begin()), most);
}

Result<std::unique_ptr<MarkedBatches>> MarkedBatches::open(Journal& journal, Position after, std::size_t most_records) {
  auto ahead = journal.read_after(after);
  if (!ahead) return ahead.error();
  auto following = journal.read_after(after);
  if (!following) return following.error();
  return std::unique_ptr<MarkedBatches>(new MarkedBatches(*std::move(ahead), *std::move(following), after, most_records));
}

Result<bool> MarkedBatches::next(MarkedBatch& batch) {
  for (;;) {
    if (auto looked = look_ahead(); !looked) return looked.error();
    if (marks_.empty()) return false;
    Found& found = marks_.front();
    if (auto read = read_up_to(found.mark.last); !read) return read.error();
    const auto begin = pending_.begin() + static_cast<std::ptrdiff_t>(next_pending_);
    const auto first = std::find_if(begin, pending_.end(), [&](const Record& r) { return r.position >= found.mark.first; });
    const auto end = std::find_if(first, pending_.end(), [&](const Record& r) { return r.position > found.mark.last; });
    if (begin != first) {
      const std::span<const Record> records(begin, batch_length({begin, first}, most_records_));
      batch = {records.front().position, records.front().epoch, found.mark, {}, records, true, false};
      next_pending_ += records.size();
      return true;
    }
    batch = {found.position, found.epoch, std::move(found.mark), std::move(found.decisions), {first, end}, false, marks_.size() == 1};
    marks_.pop_front();
    next_pending_ += batch.records.size();
    if (!batch.records.empty()) return true;  // else: they were quarantined
  }
}

// A mark's decisions lie before the mark that follows it.
Result<void> MarkedBatches::look_ahead() {
  while (marks_.size() < 2 && !ahead_is_at_end_) {
    buffer_.clear();
    if (auto got = ahead_->read(kReadAtOnce, JournalReader::Views::free_earlier, buffer_); !got) return got;
    ahead_is_at_end_ = buffer_.empty();
    for (const auto& record : buffer_) {
      if (auto noted = note(record); !noted) return noted;
    }
  }
  return {};
}

Result<void> MarkedBatches::note(const Record& record) {
  if (record.kind == RecordKind::mark) {
    auto mark = decode_mark(record.payload);
    if (!mark) return corrupt_data("the mark at position " + number(record.position) + " does not decode");
    if (mark->last > after_) marks_.push_back({record.position, record.epoch, std::move(*mark), {}});
  } else if (record.kind == RecordKind::decision) {
    auto decision = decode_decision(record.payload);
    if (!decision) return corrupt_data("the decision at position " + number(record.position) + " does not decode");
    if (!marks_.empty() && marks_.back().position == decision->mark) marks_.back().decisions.push_back(std::move(decision->decision));
  }
  return {};
}

// Asks for no more records than there are positions up to `last`, so that the views of a batch can be freed after it.
Result<void> MarkedBatches::read_up_to(Position last) {
  while (last_read_ < last) {
    const bool is_used_up = next_pending_ == pending_.size();
    if (is_used_up) pending_.clear(), next_pending_ = 0;
    buffer_.clear();
    const auto limit = static_cast<std::size_t>(std::min<std::uint64_t>(kReadAtOnce, to_number(last) - to_number(last_read_)));
    const auto views = is_used_up ? JournalReader::Views::free_earlier : JournalReader::Views::keep_earlier;
    if (auto got = following_->read(limit, views, buffer_); !got) return got;
    if (buffer_.empty()) return {};
    last_read_ = buffer_.back().position;
    for (const auto& record : buffer_) {
      if (!is_bookkeeping(record.kind)) pending_.push_back(record);
    }
  }
  return {};
}

}  // namespace doppel
