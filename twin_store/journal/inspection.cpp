#include "twin_store/journal/inspection.h"

#include <algorithm>
#include <utility>

#include "twin_store/journal/format.h"
#include "twin_store/journal/recovery.h"
#include "twin_store/journal/segment_reader.h"
#include "twin_store/model/bytes.h"
#include "twin_store/model/value.h"

namespace doppel {
namespace {

std::string text_of(Position position) { return std::to_string(to_number(position)); }

std::string_view to_string(JournalRecovery::Ending ending) {
  switch (ending) {
    case JournalRecovery::Ending::fresh: return "fresh";
    case JournalRecovery::Ending::clean: return "clean";
    case JournalRecovery::Ending::process_died: return "process_died";
    case JournalRecovery::Ending::tail_may_be_lost: return "tail_may_be_lost";
  }
  return "unknown";
}

std::string_view explanation(JournalRecovery::Ending ending) {
  switch (ending) {
    case JournalRecovery::Ending::fresh: return "no record yet";
    case JournalRecovery::Ending::clean: return "ended cleanly";
    case JournalRecovery::Ending::process_died: return "being written, or its process died; every accepted record is there";
    case JournalRecovery::Ending::tail_may_be_lost: return "the system restarted without a clean end; the last records may be lost";
  }
  return "unknown";
}

std::string_view to_string(HeaderTag tag) {
  switch (tag) {
    case HeaderTag::content_type: return "content_type";
    case HeaderTag::correlation: return "correlation";
    case HeaderTag::trace_parent: return "traceparent";
    case HeaderTag::user_property: return "user_property";
    case HeaderTag::response_topic: return "response_topic";
    case HeaderTag::truncated_from: return "truncated_from";
  }
  return "unknown";
}

class JsonLine {
 public:
  JsonLine& add(std::string_view name, std::uint64_t number) { return raw(name, std::to_string(number)); }
  JsonLine& add(std::string_view name, Position position) { return raw(name, text_of(position)); }
  JsonLine& add(std::string_view name, bool value) { return raw(name, value ? "true" : "false"); }
  JsonLine& add(std::string_view name, std::string_view text) {
    key(name);
    append_json_string(line_, text);
    return *this;
  }
  // Text where it is UTF-8, else {"base64":...}.
  JsonLine& add_bytes(std::string_view name, std::string_view bytes) {
    key(name);
    append_json(line_, is_utf8(bytes) ? ValueView::text(bytes) : ValueView::bytes(bytes));
    return *this;
  }
  JsonLine& raw(std::string_view name, std::string_view json) {
    key(name);
    line_ += json;
    return *this;
  }
  std::string done() { return std::move(line_) + '}'; }

 private:
  void key(std::string_view name) {
    line_ += line_.size() == 1 ? "\"" : ",\"";
    line_.append(name).append("\":");
  }
  std::string line_ = "{";
};

std::string headers_json(std::string_view headers) {
  std::string json = "[";
  ByteReader reader(headers);
  while (!reader.at_end()) {
    const auto tag = reader.take<HeaderTag>();
    const auto value = reader.take_bytes();
    if (!reader.ok()) break;
    JsonLine entry;
    entry.add("tag", to_string(tag)).add("number", std::uint64_t{static_cast<std::uint8_t>(tag)}).add_bytes("value", value);
    json += (json.size() == 1 ? "" : ",") + entry.done();
  }
  return json + ']';
}

std::string json_of(const Record& record) {
  JsonLine line;
  line.add("position", record.position).add("epoch", std::uint64_t{to_number(record.epoch)}).add("kind", to_string(record.kind));
  line.add("arrival", format_rfc3339(record.arrival)).add("source", std::uint64_t{record.delivery.source});
  line.add("session", std::uint64_t{record.delivery.session}).add("packet_id", std::uint64_t{record.delivery.packet_id});
  line.add("qos", std::uint64_t{record.delivery.qos}).add("dup", record.delivery.dup).add("retained", record.delivery.retained);
  line.raw("headers", headers_json(record.headers)).add_bytes("topic", record.topic).add_bytes("payload", record.payload);
  return line.done();
}

// Payloads are cut, so that a line stays a line.
std::string text_of(const Record& record) {
  constexpr std::size_t kShown = 200;
  std::string line = text_of(record.position) + "  " + format_rfc3339(record.arrival) + "  " + std::string(to_string(record.kind));
  const auto& delivery = record.delivery;
  if (delivery.qos > 0) line += "  qos " + std::to_string(delivery.qos) + " id " + std::to_string(delivery.packet_id);
  if (delivery.dup) line += " dup";
  if (delivery.retained) line += " retained";
  if (!record.topic.empty()) append_json(line += "  ", ValueView::text(record.topic));
  const auto shown = record.payload.substr(0, kShown);
  if (!shown.empty()) append_json(line += "  ", is_utf8(shown) ? ValueView::text(shown) : ValueView::bytes(shown));
  if (shown.size() < record.payload.size()) line += "... " + std::to_string(record.payload.size()) + " bytes";
  return line;
}

std::string text_of(const JournalRecovery::BadRange& bad) {
  const std::string between = "between positions " + text_of(bad.before) + " and " + text_of(bad.after);
  if (bad.first_offset == bad.last_offset) return bad.file + ": records are missing " + between;
  return bad.file + ": bytes " + std::to_string(bad.first_offset) + " to " + std::to_string(bad.last_offset) + ", " + between +
         ", are no records";
}

Result<RecoveredJournal> look_at_all(Disk& disk, const std::string& folder) {
  auto recovered = recover_journal(disk, folder, boot_id(), RecoveryMode::look_at_all);
  if (recovered && recovered->segments.empty() && recovered->report.corrupt.empty()) return not_found(folder + ": there is no journal");
  return recovered;
}

constexpr int kMostLooks = 5;

bool same_ranges(const std::vector<JournalRecovery::BadRange>& a, const std::vector<JournalRecovery::BadRange>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    return x.file == y.file && x.first_offset == y.first_offset && x.last_offset == y.last_offset;
  });
}

}  // namespace

Result<JournalReport> verify_journal(Disk& disk, const std::string& folder) {
  auto recovered = look_at_all(disk, folder);
  // Beside a process that writes, a record may be read half written. Damage is what two looks find in the same place.
  for (int looks = 1; recovered && !recovered->report.corrupt.empty() && looks < kMostLooks; ++looks) {
    auto again = look_at_all(disk, folder);
    const bool stands = again && same_ranges(again->report.corrupt, recovered->report.corrupt);
    recovered = std::move(again);
    if (stands) break;
  }
  if (!recovered) return recovered.error();
  JournalReport report;
  report.folder = folder;
  report.recovery = std::move(recovered->report);
  for (const auto& [segment, scan] : recovered->segments) {
    const auto& header = segment->header;
    report.segments.push_back({segment->path, header.epoch, header.first_position, scan->records == 0 ? Position::none : scan->last,
                               scan->records, scan->end, segment->size, header.created});
  }
  return report;
}

std::string to_text(const JournalReport& report) {
  std::string text;
  std::uint64_t records = 0;
  for (const auto& segment : report.segments) {
    records += segment.records;
    text += segment.file + "  epoch " + std::to_string(to_number(segment.epoch)) + "  " + std::to_string(segment.records) + " records";
    if (segment.records > 0) text += " at " + text_of(segment.first) + " to " + text_of(segment.last);
    text += "  " + std::to_string(segment.used_bytes) + " of " + std::to_string(segment.file_bytes) + " bytes  since " +
            format_rfc3339(segment.created) + '\n';
  }
  for (const auto& bad : report.recovery.corrupt) text += "CORRUPT " + text_of(bad) + '\n';
  if (report.recovery.torn_bytes > 0) text += "torn: " + std::to_string(report.recovery.torn_bytes) + " bytes at the end are no record\n";
  return text + report.folder + ": " + std::to_string(records) + " records, " + std::to_string(report.recovery.corrupt.size()) +
         " bad ranges; " + std::string(explanation(report.recovery.ending)) + '\n';
}

std::string to_json_lines(const JournalReport& report) {
  std::string lines;
  std::uint64_t records = 0;
  for (const auto& segment : report.segments) {
    records += segment.records;
    JsonLine line;
    line.add("segment", segment.file).add("epoch", std::uint64_t{to_number(segment.epoch)}).add("records", segment.records);
    line.add("first", segment.first).add("last", segment.last).add("used_bytes", segment.used_bytes).add("file_bytes", segment.file_bytes);
    line.add("created", format_rfc3339(segment.created));
    lines += line.done() + '\n';
  }
  for (const auto& bad : report.recovery.corrupt) {
    JsonLine line;
    line.add("corrupt", bad.file).add("first_offset", bad.first_offset).add("last_offset", bad.last_offset);
    line.add("before", bad.before).add("after", bad.after);
    lines += line.done() + '\n';
  }
  JsonLine summary;
  summary.add("records", records).add("bad_ranges", std::uint64_t{report.recovery.corrupt.size()}).add("intact", report.is_intact());
  summary.add("torn_bytes", report.recovery.torn_bytes).add("last", report.recovery.last).add("ending", to_string(report.recovery.ending));
  JsonLine line;
  line.raw("summary", summary.done());
  return lines + line.done() + '\n';
}

std::string to_line(const Record& record, DumpFormat format) { return format == DumpFormat::json ? json_of(record) : text_of(record); }

Result<void> dump_journal(Disk& disk, const std::string& folder, Position after, DumpFormat format,
                          const std::function<bool(std::string_view line)>& write) {
  constexpr std::size_t kBatch = 1000;
  auto recovered = look_at_all(disk, folder);
  if (!recovered) return recovered.error();
  const auto segments = std::make_shared<SegmentList>();
  for (auto& [segment, scan] : recovered->segments) segments->add(std::move(segment));
  if (!segments->oldest()) return {};
  const auto reader = SegmentReader::open(disk, segments, segments->holding(after), after);
  if (!reader) return reader.error();
  std::vector<Record> records;
  while (true) {
    records.clear();
    if (auto read = (*reader)->read(kBatch, JournalReader::Views::free_earlier, records); !read) return read;
    if (records.empty()) return {};
    for (const auto& record : records) {
      if (!write(to_line(record, format))) return {};
    }
  }
}

}  // namespace doppel
