#include "broker_bridge/sim/replay.h"

#include <algorithm>
#include <array>
#include <filesystem>

#include "broker_bridge/decode/event_time.h"
#include "broker_bridge/decode/scalar.h"
#include "broker_bridge/decode/topic_filter.h"
#include "broker_bridge/sim/csv.h"
#include "broker_bridge/sim/text_template.h"
#include "twin_store/model/value.h"

namespace doppel {
namespace {

constexpr std::array<std::string_view, 5> kTimeColumns = {"timestamp", "time", "ts", "t", "date"};

std::string lower(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

void append_cell(std::string& out, const std::string& cell) {
  if (const auto number = read_number(trimmed(cell))) return append_json(out, *number);
  append_json_string(out, cell);
}

}  // namespace

Result<std::unique_ptr<Replay>> Replay::open(std::unique_ptr<std::istream> in, const std::string& file,
                                             const ReplayOptions& options) {
  auto replay = std::make_unique<Replay>(options);
  replay->in_ = std::move(in);
  replay->file_ = file;
  replay->file_name_ = std::filesystem::path(file).stem().string();
  if (auto ok = replay->read_header(); !ok) return ok.error();
  if (auto ok = replay->choose_time(); !ok) return ok.error();
  if (auto ok = replay->choose_fields(); !ok) return ok.error();
  return replay;
}

Result<void> Replay::read_header() {
  auto line = next_line(*in_);
  if (!line) return invalid_input(file_ + ": there are no rows");
  separator_ = separator_of(*line);
  columns_ = options_.columns;
  if (columns_.empty()) {
    columns_ = split_row(*line, separator_);
    for (auto& name : columns_) name = std::string(trimmed(name));
  } else {
    first_row_ = std::move(line);
  }
  for (const auto& name : template_names(options_.topic)) {
    if (name == "file") continue;
    if (auto found = column(name); !found) return invalid_input("topic \"" + options_.topic + "\": " + found.error().message);
  }
  return {};
}

Result<std::size_t> Replay::column(const std::string& name) const {
  const auto found = std::find(columns_.begin(), columns_.end(), name);
  if (found != columns_.end()) return static_cast<std::size_t>(found - columns_.begin());
  return invalid_input(file_ + ": there is no column \"" + name + "\", there are " + listed(columns_));
}

Result<void> Replay::choose_time() {
  if (!options_.time_column.empty()) {
    const auto found = column(options_.time_column);
    if (!found) return found.error();
    time_ = *found;
    return {};
  }
  for (const auto wanted : kTimeColumns)
    for (std::size_t i = 0; i < columns_.size() && !time_; ++i)
      if (lower(columns_[i]) == wanted) time_ = i;
  return {};
}

Result<void> Replay::choose_fields() {
  for (const auto& [name, field] : options_.fields) {
    const auto found = column(name);
    if (!found) return found.error();
    sent_.push_back({*found, field});
  }
  if (!sent_.empty()) return {};
  const auto in_topic = template_names(options_.topic);
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const bool is_sent = time_ != i && std::find(in_topic.begin(), in_topic.end(), columns_[i]) == in_topic.end();
    if (is_sent && !columns_[i].empty()) sent_.push_back({i, columns_[i]});
  }
  if (sent_.empty()) return invalid_input(file_ + ": there is no column to send, there are " + listed(columns_));
  return {};
}

bool Replay::fail(const std::string& problem) {
  error_ = invalid_input(file_ + ", row " + std::to_string(rows_ + 1) + ": " + problem);
  return false;
}

// A time that is no plausible date, such as a cycle number, gives the order alone.
std::optional<Timestamp> Replay::time_of(const std::vector<std::string>& cells) const {
  if (!time_) return std::nullopt;
  const std::string& cell = cells[*time_];
  if (const auto number = read_number(trimmed(cell))) return plausible_time(*number);
  return plausible_time(ValueView::text(trimmed(cell)));
}

bool Replay::next(SimMessage& message) {
  if (error_) return false;
  auto line = first_row_ ? std::exchange(first_row_, std::nullopt) : next_line(*in_);
  if (!line) return false;
  const auto cells = split_row(*line, separator_);
  if (cells.size() != columns_.size())
    return fail(std::to_string(cells.size()) + " cells, the header has " + std::to_string(columns_.size()));
  const auto time = time_of(cells);
  if (time && !begin_) begin_ = time;
  Duration at = time ? *time - *begin_ : last_ + std::chrono::seconds(1) * (rows_ > 0);
  if (options_.rate) at = Duration(static_cast<std::int64_t>(static_cast<double>(rows_) * 1e9 / *options_.rate));
  last_ = message.at = std::max(at, last_);

  TemplateWords words{{"file", file_name_}};
  for (std::size_t i = 0; i < columns_.size(); ++i) words.emplace_back(columns_[i], cells[i]);
  message.topic = fill_template(options_.topic, words);
  if (auto ok = check_topic(message.topic); !ok) return fail(ok.error().message);
  message.payload = payload_of(cells, time);
  message.qos = options_.qos;
  ++rows_;
  return true;
}

std::string Replay::payload_of(const std::vector<std::string>& cells, std::optional<Timestamp> time) const {
  std::string payload = "{";
  if (time) {
    payload += "\"ts\":";
    append_json_string(payload, format_rfc3339(options_.shift_to ? options_.start + (*time - *begin_) : *time));
  }
  for (const auto& [column, field] : sent_) {
    if (trimmed(cells[column]).empty()) continue;
    if (payload.size() > 1) payload += ',';
    append_json_string(payload, field);
    payload += ':';
    append_cell(payload, cells[column]);
  }
  return payload + '}';
}

}  // namespace doppel
