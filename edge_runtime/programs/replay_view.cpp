#include "edge_runtime/programs/replay_view.h"

namespace doppel {
namespace {

// Positions of appended marks lie far behind those of any record.
constexpr std::uint64_t kAppendedFrom = std::uint64_t{1} << 62;

}  // namespace

class ReplayView::Reader final : public JournalReader {
 public:
  Reader(std::unique_ptr<JournalReader> reader, const ReplayView& view) : reader_(std::move(reader)), view_(view) {}

  // Reads on where a read gave nothing but bookkeeping, since nothing read means the end.
  Result<void> read(std::size_t limit, Views views, std::vector<Record>& records) override {
    if (view_.visible_ == Position::none) return {};
    const std::size_t before = records.size();
    while (records.size() == before && !at_end_) {
      read_.clear();
      if (auto got = reader_->read(limit, views, read_); !got) return got;
      at_end_ = read_.empty();
      for (const Record& record : read_) {
        const bool is_behind = record.position > view_.visible_;
        at_end_ = at_end_ || (is_behind && record.kind == RecordKind::mark);
        if (at_end_) break;
        if (is_seen(record) && (!is_behind || record.kind == RecordKind::decision)) records.push_back(record);
      }
    }
    return {};
  }

 private:
  bool is_seen(const Record& record) const {
    return view_.borders_ == Borders::as_journaled || !is_bookkeeping(record.kind);
  }

  std::unique_ptr<JournalReader> reader_;
  const ReplayView& view_;
  std::vector<Record> read_;
  bool at_end_ = false;
};

Result<std::unique_ptr<ReplayView>> ReplayView::open(Disk& disk, std::string folder, Borders borders, Position after) {
  std::unique_ptr<ReplayView> view(new ReplayView(disk, std::move(folder), borders));
  auto reader = open_journal_readonly(disk, view->folder_, after);
  if (!reader) return reader.error();
  std::vector<Record> records;
  if (auto got = (*reader)->read(1, JournalReader::Views::free_earlier, records); !got) return got.error();
  if (records.empty() && after == Position::none) return not_found("the journal has no records");
  view->first_ = records.empty() ? next(after) : records.front().position;
  return view;
}

Result<Position> ReplayView::append(const NewRecord& record) {
  if (borders_ == Borders::new_ones) return Position{kAppendedFrom + ++appended_};
  return internal_error("a replay appends a record of kind " + std::string(to_string(record.kind)) + ", where it should only read");
}

Result<std::unique_ptr<JournalReader>> ReplayView::read_after(Position after) {
  auto reader = open_journal_readonly(disk_, folder_, after);
  if (!reader) return reader.error();
  return std::unique_ptr<JournalReader>(new Reader(std::move(*reader), *this));
}

}  // namespace doppel
