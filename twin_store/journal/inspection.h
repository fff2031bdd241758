// Looking at a journal from outside, beside a process that writes or after one: what `doppel journal verify` and
// `doppel journal dump` print. Nothing is changed.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "twin_store/journal/journal.h"
#include "twin_store/model/disk.h"

namespace doppel {

struct JournalReport {
  struct SegmentInfo {
    std::string file;
    Epoch epoch = Epoch::first;
    Position first = Position::none, last = Position::none;  // last is none where there is no record
    std::uint64_t records = 0;
    std::uint64_t used_bytes = 0, file_bytes = 0;
    Timestamp created;
  };
  std::string folder;
  std::vector<SegmentInfo> segments;  // in order
  JournalRecovery recovery;           // corrupt: every bad range, also those that earlier epochs have answered
  bool is_intact() const { return recovery.corrupt.empty(); }
};

// Reads every record. Errors: not_found (no journal there), conflict (of a newer version), unavailable.
Result<JournalReport> verify_journal(Disk& disk, const std::string& folder);
std::string to_text(const JournalReport& report);        // for people, several lines
std::string to_json_lines(const JournalReport& report);  // one line a segment and a bad range, then one of {"summary":...}

enum class DumpFormat { text, json };
// One line, without its end.
std::string to_line(const Record& record, DumpFormat format);

// Gives `write` one line a record behind `after`, from the oldest kept on, past bytes that are no records, until it returns false.
Result<void> dump_journal(Disk& disk, const std::string& folder, Position after, DumpFormat format,
                          const std::function<bool(std::string_view line)>& write);

}  // namespace doppel
