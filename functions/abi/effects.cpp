#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include "functions/abi/doppel_abi.h"
#include "functions/abi/json_text.h"
#include "functions/abi/names.h"
#include "functions/abi/run.h"

namespace doppel {
namespace {

static_assert(DOPPEL_FAIL == static_cast<int>(EffectKind::fail) && DOPPEL_FAIL == kLastEffectKind);
static_assert(DOPPEL_JSON == static_cast<int>(ValueKind::json) && DOPPEL_JSON == kLastValueKind);
static_assert(DOPPEL_TRIGGER_EFFECT_RESULT == static_cast<int>(TriggerKind::effect_result));
static_assert(sizeof(doppel_run_header) == 80 && sizeof(doppel_event_row) == 64 && sizeof(doppel_column_row) == 24);
static_assert(sizeof(doppel_config_row) == 24 && sizeof(doppel_twin_row) == 16);
static_assert(sizeof(doppel_effects_header) == 16 && sizeof(doppel_effect_row) == 40);

bool no_text(std::string_view text) { return text.empty(); }
bool is_name_text(std::string_view text) { return is_printable(text, kMaxNameBytes); }
bool is_twin_id(std::string_view text) { return is_printable(text, kMaxTwinId); }
bool is_method(std::string_view text) {
  constexpr std::array<std::string_view, 5> kMethods{"GET", "POST", "PUT", "PATCH", "DELETE"};
  return std::find(kMethods.begin(), kMethods.end(), text) != kMethods.end();
}

bool any_value(const ValueView&) { return true; }
bool no_value(const ValueView& value) { return value.kind == ValueKind::null; }
bool text_value(const ValueView& value) { return value.kind == ValueKind::text; }
bool delay_value(const ValueView& value) { return value.kind == ValueKind::integer && value.integer >= 0; }

bool no_detail(std::uint32_t detail) { return detail == 0; }
bool publish_detail(std::uint32_t detail) { return detail <= 7 && (detail & 3) <= 2; }
bool status_detail(std::uint32_t detail) { return detail >= 200 && detail <= 599; }
bool level_detail(std::uint32_t detail) { return detail <= 3; }

// What a kind of effect uses, in the order of EffectKind. The table of abi-7.
struct Rule {
  bool (*name)(std::string_view);
  bool (*target)(std::string_view);
  bool (*value)(const ValueView&);
  bool (*detail)(std::uint32_t);
};
constexpr std::array<Rule, kLastEffectKind> kRules{{
    {is_name_text, no_text, any_value, no_detail},         // set
    {is_name_text, no_text, no_value, no_detail},          // remove
    {is_name_text, is_twin_id, any_value, no_detail},      // send
    {is_name_text, no_text, any_value, no_detail},         // emit
    {no_text, is_topic, any_value, publish_detail},        // publish
    {is_name_text, no_text, any_value, no_detail},         // alert_raise
    {is_name_text, no_text, no_value, no_detail},          // alert_clear
    {is_name_text, no_text, delay_value, no_detail},       // alarm_set
    {is_name_text, no_text, no_value, no_detail},          // alarm_cancel
    {no_text, is_name, any_value, no_detail},              // enqueue
    {is_method, is_http_url, any_value, no_detail},        // http_call
    {no_text, no_text, any_value, status_detail},          // http_reply
    {no_text, no_text, text_value, level_detail},          // log
    {no_text, no_text, no_value, no_detail},               // retry
    {no_text, no_text, text_value, no_detail},             // fail
}};

constexpr std::uint64_t aligned(std::uint64_t size) { return (size + 7) / 8 * 8; }

template <class T>
T read_as(std::string_view bytes) {
  T out;
  std::memcpy(&out, bytes.data(), sizeof out);
  return out;
}

// The value of a row, or nothing when its parts do not belong to its kind.
std::optional<ValueView> read_value(const doppel_effect_row& row, std::string_view content) {
  if (row.value_kind > kLastValueKind) return std::nullopt;
  const auto kind = static_cast<ValueKind>(row.value_kind);
  const bool has_content = kind >= ValueKind::text;
  if (has_content ? row.value.bits != 0 : !content.empty()) return std::nullopt;
  switch (kind) {
    case ValueKind::null: return row.value.bits == 0 ? std::optional(ValueView::null()) : std::nullopt;
    case ValueKind::boolean: return row.value.bits <= 1 ? std::optional(ValueView::boolean(row.value.bits == 1)) : std::nullopt;
    case ValueKind::integer: return ValueView::of(row.value.integer);
    case ValueKind::number: return ValueView::of(row.value.number);
    case ValueKind::text: return is_utf8(content) ? std::optional(ValueView::text(content)) : std::nullopt;
    case ValueKind::bytes: return ValueView::bytes(content);
    case ValueKind::json: return is_json(content) ? std::optional(ValueView::json(content)) : std::nullopt;
  }
  return std::nullopt;
}

Error bad_effect(std::size_t index, std::string_view kind, std::string_view what) {
  return invalid_input("effect " + std::to_string(index) + (kind.empty() ? "" : " (" + std::string(kind) + ")") + ": " +
                       std::string(what));
}

// Fills `effect` from a row and the bytes after it. Nothing when all is well.
std::optional<Error> read_row(std::size_t index, const doppel_effect_row& row, std::string_view tail, std::uint32_t event_count,
                              Effect& effect) {
  if (row.kind == 0 || row.kind > kLastEffectKind) {
    return bad_effect(index, "", "kind " + std::to_string(row.kind) + " is not one of 1 to 15");
  }
  effect.kind = static_cast<EffectKind>(row.kind);
  effect.event = row.event;
  effect.detail = row.detail;
  effect.name = tail.substr(0, row.name_length);
  effect.target = tail.substr(row.name_length, row.target_length);
  const auto value = read_value(row, tail.substr(std::size_t{row.name_length} + row.target_length, row.content_length));

  const Rule& rule = kRules[row.kind - 1];
  const auto wrong = [&](std::string_view what) { return bad_effect(index, to_string(effect.kind), what); };
  if (row.event >= event_count) return wrong("event " + std::to_string(row.event) + " of a run of " + std::to_string(event_count));
  if (row.reserved != 0) return wrong("the reserved word is not 0");
  if (!value) return wrong("the value is not of its kind, " + std::to_string(row.value_kind));
  if (!rule.name(effect.name)) return wrong("this kind cannot have that name");
  if (!rule.target(effect.target)) return wrong("this kind cannot have that target");
  if (!rule.value(*value)) return wrong("this kind cannot have that value");
  if (!rule.detail(row.detail)) return wrong("detail " + std::to_string(row.detail) + " is out of range");
  effect.value = *value;
  return std::nullopt;
}

Result<void> check_header(const doppel_effects_header& header, std::size_t size) {
  if (header.magic != DOPPEL_EFFECTS_MAGIC) return invalid_input("effects list: it does not begin with DPE1");
  if (header.version != DOPPEL_ABI_VERSION) {
    return invalid_input("effects list: version " + std::to_string(header.version) + ", known is 1");
  }
  if (header.total_length != size) {
    return invalid_input("effects list: total length " + std::to_string(header.total_length) + " in " + std::to_string(size) +
                         " bytes");
  }
  if (header.count > size / sizeof(doppel_effect_row)) {
    return invalid_input("effects list: " + std::to_string(header.count) + " effects in " + std::to_string(size) + " bytes");
  }
  return {};
}

}  // namespace

Result<void> decode_effects_into(std::string_view bytes, std::uint32_t event_count, std::vector<Effect>& effects) {
  effects.clear();
  if (bytes.empty()) return {};
  if (bytes.size() < sizeof(doppel_effects_header)) return invalid_input("effects list: shorter than its header of 16 bytes");
  const auto header = read_as<doppel_effects_header>(bytes);
  if (const auto checked = check_header(header, bytes.size()); !checked) return checked;
  bytes.remove_prefix(sizeof header);
  for (std::uint32_t i = 0; i < header.count; ++i) {
    if (bytes.size() < sizeof(doppel_effect_row)) return bad_effect(i, "", "the list ends inside it");
    const auto row = read_as<doppel_effect_row>(bytes);
    bytes.remove_prefix(sizeof row);
    const std::uint64_t tail = std::uint64_t{row.name_length} + row.target_length + row.content_length;
    if (bytes.size() < aligned(tail)) return bad_effect(i, "", "the list ends inside its name, target or content");
    if (auto error = read_row(i, row, bytes, event_count, effects.emplace_back())) return std::move(*error);
    bytes.remove_prefix(aligned(tail));
  }
  if (!bytes.empty()) return invalid_input("effects list: " + std::to_string(bytes.size()) + " bytes after the last effect");
  return {};
}

Result<std::vector<Effect>> decode_effects(std::string_view bytes, std::uint32_t event_count) {
  std::vector<Effect> effects;
  if (const auto decoded = decode_effects_into(bytes, event_count, effects); !decoded) return decoded.error();
  return effects;
}

std::string_view to_string(RunOutcome outcome) {
  switch (outcome) {
    case RunOutcome::ok: return "ok";
    case RunOutcome::trap: return "trap";
    case RunOutcome::exceeded_fuel: return "exceeded_fuel";
    case RunOutcome::exceeded_memory: return "exceeded_memory";
    case RunOutcome::exceeded_output: return "exceeded_output";
    case RunOutcome::bad_effects: return "bad_effects";
    case RunOutcome::host_failure: return "host_failure";
  }
  return "unknown";
}

}  // namespace doppel
