#include <algorithm>
#include <bit>
#include <cassert>
#include <cstring>

#include "functions/abi/doppel_abi.h"
#include "functions/abi/run.h"

namespace doppel {
namespace {

static_assert(std::endian::native == std::endian::little, "a run is written as it lies in memory");

constexpr std::size_t aligned(std::size_t size) { return (size + 7) / 8 * 8; }
constexpr std::size_t words(std::size_t events) { return (events + 63) / 64; }

// Offsets and lengths are exact while the run is below 4 GiB; `size()` counts in 64 bit, and no runner takes a larger one.
std::uint32_t narrow(std::size_t value) { return static_cast<std::uint32_t>(value); }

doppel_string append_text(std::vector<char>& strings, std::string_view text) {
  if (text.empty()) return {0, 0};
  const doppel_string at{narrow(strings.size()), narrow(text.size())};
  strings.insert(strings.end(), text.begin(), text.end());
  return at;
}

// The value as the 8 bytes of a slot, or nothing when it is not of this type. The caller has already converted.
bool fill_slot(const ValueView& value, ValueKind type, std::vector<char>& strings, doppel_slot& slot) {
  if (value.kind != type) return false;
  switch (type) {
    case ValueKind::number: slot.number = value.number; return true;
    case ValueKind::boolean:
    case ValueKind::integer: slot.integer = value.integer; return true;
    case ValueKind::text: slot.text = append_text(strings, value.content); return true;
    default: return false;
  }
}

struct Column {
  doppel_column_row row{};
  ValueKind type = ValueKind::number;
  std::vector<std::uint64_t> validity;
  std::vector<doppel_slot> values;
};

// Appends whole sections to a buffer that is large enough, each padded with zeros.
class SectionWriter {
 public:
  explicit SectionWriter(char* out) : out_(out) {}

  template <class T>
  void put(const std::vector<T>& items) {
    const std::size_t size = items.size() * sizeof(T);
    if (size != 0) std::memcpy(out_, items.data(), size);
    std::memset(out_ + size, 0, aligned(size) - size);
    out_ += aligned(size);
  }

 private:
  char* out_;
};

}  // namespace

// The sections of the run being built, each in a vector that keeps its memory; finish() lays them out in one buffer.
struct RunBuilder::Layout {
  explicit Layout(const Manifest& manifest);

  std::size_t stride() const { return aligned(state_bytes); }
  std::size_t column_bytes() const { return words(events.size()) * 8 + events.size() * sizeof(doppel_slot); }
  std::size_t fixed_bytes() const {
    return sizeof(doppel_run_header) + config.size() * sizeof(doppel_config_row) + columns.size() * sizeof(doppel_column_row);
  }
  std::size_t size() const {
    return fixed_bytes() + twins.size() * (sizeof(doppel_twin_row) + stride()) + events.size() * sizeof(doppel_event_row) +
           columns.size() * column_bytes() + aligned(strings.size());
  }
  doppel_string topic(std::string_view text);
  doppel_run_header place_sections();

  std::uint32_t state_bytes;
  std::uint32_t state_version;
  bool wants_payload;
  std::vector<doppel_config_row> config;
  std::vector<Column> columns;
  std::vector<doppel_column_row> column_rows;
  std::vector<doppel_twin_row> twins;
  std::vector<doppel_event_row> events;
  std::vector<char> states;
  std::vector<char> strings;
  std::size_t constant_strings = 0;  // names and configuration, the same in every run
  std::vector<char> buffer;
  std::size_t states_offset = 0;     // in `buffer`
};

RunBuilder::Layout::Layout(const Manifest& manifest)
    : state_bytes(manifest.state_bytes), state_version(manifest.state_version), wants_payload(manifest.wants_payload) {
  for (const auto& [name, value] : manifest.config) {
    doppel_config_row row{};
    row.name = append_text(strings, name);
    row.kind = static_cast<std::uint32_t>(value.view().kind);
    fill_slot(value.view(), value.view().kind, strings, row.value);
    config.push_back(row);
  }
  for (const ColumnSpec& spec : manifest.reads) {
    Column column;
    column.row.name = append_text(strings, spec.of_twin ? "twin." + spec.name : spec.name);
    column.row.kind = static_cast<std::uint32_t>(spec.type);
    column.type = spec.type;
    columns.push_back(std::move(column));
  }
  constant_strings = strings.size();
}

// Neighbours often share their topic.
doppel_string RunBuilder::Layout::topic(std::string_view text) {
  if (!events.empty()) {
    const doppel_string last = events.back().topic;
    if (std::string_view(strings.data() + last.offset, last.length) == text) return last;
  }
  return append_text(strings, text);
}

// Gives every section its offset, in the order in which finish() writes them.
doppel_run_header RunBuilder::Layout::place_sections() {
  std::size_t at = sizeof(doppel_run_header);
  const auto take = [&at](std::size_t size) {
    const std::size_t offset = at;
    at += aligned(size);
    return narrow(offset);
  };
  doppel_run_header header{};
  header.magic = DOPPEL_RUN_MAGIC;
  header.version = DOPPEL_ABI_VERSION;
  header.event_count = narrow(events.size());
  header.twin_count = narrow(twins.size());
  header.column_count = narrow(columns.size());
  header.config_count = narrow(config.size());
  header.config_offset = take(config.size() * sizeof(doppel_config_row));
  header.columns_offset = take(columns.size() * sizeof(doppel_column_row));
  header.twins_offset = take(twins.size() * sizeof(doppel_twin_row));
  header.events_offset = take(events.size() * sizeof(doppel_event_row));
  column_rows.clear();
  for (Column& column : columns) {
    column.row.validity_offset = take(words(events.size()) * 8);
    column.row.values_offset = take(events.size() * sizeof(doppel_slot));
    column_rows.push_back(column.row);
  }
  states_offset = take(states.size());
  header.states_offset = state_bytes == 0 ? 0 : narrow(states_offset);
  header.state_stride = narrow(stride());
  header.state_bytes = state_bytes;
  header.state_version = state_version;
  for (std::size_t i = 0; i < twins.size() && state_bytes != 0; ++i) {
    twins[i].state_offset = narrow(states_offset + i * stride());
  }
  header.strings_offset = take(strings.size());
  header.strings_length = narrow(strings.size());
  header.total_length = narrow(at);
  return header;
}

RunBuilder::RunBuilder(const Manifest& manifest) : layout_(std::make_unique<Layout>(manifest)) {}
RunBuilder::~RunBuilder() = default;

void RunBuilder::begin() {
  layout_->twins.clear();
  layout_->events.clear();
  layout_->states.clear();
  layout_->strings.resize(layout_->constant_strings);
  for (Column& column : layout_->columns) column.validity.clear(), column.values.clear();
}

std::uint32_t RunBuilder::add_twin(std::string_view id, std::string_view state) {
  assert(state.empty() || state.size() == layout_->state_bytes);
  doppel_twin_row row{};
  row.id = append_text(layout_->strings, id);
  layout_->twins.push_back(row);
  layout_->states.insert(layout_->states.end(), state.begin(), state.end());
  layout_->states.resize(layout_->twins.size() * layout_->stride());
  return narrow(layout_->twins.size() - 1);
}

std::uint32_t RunBuilder::add_event(const RunEvent& event, std::span<const ValueView> columns) {
  assert(columns.size() == layout_->columns.size() && event.twin < layout_->twins.size());
  doppel_event_row row{};
  row.time = to_nanoseconds(event.time);
  row.arrival = to_nanoseconds(event.arrival);
  row.position = to_number(event.position);
  row.seed = event.seed;
  row.trigger = static_cast<std::uint32_t>(event.trigger);
  row.twin = event.twin;
  row.topic = layout_->topic(event.topic);
  if (layout_->wants_payload) row.payload = append_text(layout_->strings, event.payload);

  const std::size_t index = layout_->events.size();
  for (std::size_t i = 0; i < columns.size(); ++i) {
    Column& column = layout_->columns[i];
    doppel_slot slot{};
    const bool present = fill_slot(columns[i], column.type, layout_->strings, slot);
    if (index % 64 == 0) column.validity.push_back(0);
    column.validity.back() |= std::uint64_t{present} << (index % 64);
    column.values.push_back(slot);
  }
  layout_->events.push_back(row);
  return narrow(index);
}

std::uint32_t RunBuilder::event_count() const { return narrow(layout_->events.size()); }

std::size_t RunBuilder::size() const { return layout_->size(); }

std::span<char> RunBuilder::finish() {
  Layout& layout = *layout_;
  const doppel_run_header header = layout.place_sections();
  const std::size_t size = layout.size();
  if (layout.buffer.size() < size) layout.buffer.resize(std::max(size, layout.buffer.size() * 2));
  std::memcpy(layout.buffer.data(), &header, sizeof header);

  SectionWriter sections(layout.buffer.data() + sizeof header);
  sections.put(layout.config);
  sections.put(layout.column_rows);
  sections.put(layout.twins);
  sections.put(layout.events);
  for (const Column& column : layout.columns) {
    sections.put(column.validity);
    sections.put(column.values);
  }
  sections.put(layout.states);
  sections.put(layout.strings);
  return {layout.buffer.data(), size};
}

std::string_view RunBuilder::state(std::uint32_t twin) const {
  assert(twin < layout_->twins.size());
  return {layout_->buffer.data() + layout_->states_offset + twin * layout_->stride(), layout_->state_bytes};
}

}  // namespace doppel
