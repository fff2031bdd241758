// The fold's frame: what a batch is taken apart into, what is due before it, and what is stored. Waves: pipeline_waves.cpp.
#include "edge_runtime/pipeline/pipeline.h"

#include <algorithm>
#include <tuple>

#include "edge_runtime/pipeline/uplink_rows.h"
#include "functions/abi/names.h"
#include "twin_store/model/bytes.h"
#include "twin_store/model/hash.h"

namespace doppel {
namespace {

constexpr std::string_view kStateTable = "fold_state", kConfigKey = "config", kCountsKey = "counts", kRefusedKey = "refused_retained";
constexpr std::string_view kTables[] = {NameTable::kTable,   TwinTable::kTable,   FunctionSet::kTable, FunctionSet::kStateTable, Windows::kTable, Redelivery::kTable,
                                        DeadLetters::kTable, HeldEvents::kTable,  Alerts::kTable,           Alarms::kTable,      kStateTable};
// Another one wherever the same journal makes another state or other effects than before.
constexpr std::string_view kFoldVersion = "edge 10";
constexpr std::uint8_t kWithoutRepeatedIds = 1, kWithoutUnnamedFields = 2, kCountsVersion = 3;

std::string_view reason_for(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid_input: return "bad_payload";
    case ErrorCode::not_found: return "no_mapping";
    case ErrorCode::limit_exceeded: return "limit_exceeded";
    default: return "not_decoded";
  }
}

Timestamp time_of(const Record& record) {
  if (record.kind != RecordKind::tick) return record.arrival;
  ByteReader payload(record.payload);
  return std::max(record.arrival, from_nanoseconds(payload.take<std::int64_t>()));
}

constexpr std::string_view kNotLoaded = "not_loaded ";

std::unique_ptr<Decoder> made(Result<Decoder> decoder) { return std::make_unique<Decoder>(std::move(*decoder)); }

}  // namespace

Pipeline::Pipeline(RunnerLoader& loader)
    : version_(std::string(kFoldVersion) + ", " + loader.version()), names_(config_.max_names), old_name_(*names_.intern("old")), new_name_(*names_.intern("new")), value_name_(*names_.intern("value")), twins_(names_), functions_(loader, names_, twins_), windows_(std::make_unique<Windows>(names_, config_)),
      dead_letters_(config_.max_dead_letters), decoder_(made(Decoder::make(config_.mapping))), runs_(functions_, twins_) {
  refused_retained_.set_limit(config_.repeats.topics);
}

Pipeline::~Pipeline() = default;

std::span<const std::string_view> Pipeline::tables() const { return kTables; }

Result<void> Pipeline::load(const StoreReader& store) {
  const auto config = store.find(kStateTable, kConfigKey);
  if (!config) return config.error();
  if (*config) {
    if (auto configured = configure(**config); !configured) return configured;
    config_dirty_ = refused_dirty_ = false;
  }
  const auto counts = store.find(kStateTable, kCountsKey);
  if (!counts) return counts.error();
  if (*counts) {
    ByteReader reader(**counts);
    const auto version = reader.take<std::uint8_t>();
    if (version < kWithoutRepeatedIds || version > kCountsVersion) return corrupt_data("the stored counts of the fold do not decode");
    for (auto* count : {&counts_.messages, &counts_.events, &counts_.redelivered, &counts_.retained_repeats, &counts_.out_of_order,
                        &counts_.duplicate_keys, &counts_.times_ahead, &counts_.not_finite}) {
      *count = reader.take<std::uint64_t>();
    }
    if (version > kWithoutRepeatedIds) counts_.repeated_ids = reader.take<std::uint64_t>();
    if (version > kWithoutUnnamedFields) counts_.unnamed_fields = reader.take<std::uint64_t>();
    clock_steps_ = Duration(reader.take<std::int64_t>());
    if (!windows_->decode_ledger(reader.take_bytes())) return corrupt_data("the stored ledger of the windows does not decode");
    const auto dropped = reader.take<std::uint64_t>();
    std::map<std::string, std::uint64_t> by_reason;
    while (reader.ok() && !reader.at_end()) {
      std::string reason(reader.take_bytes());
      by_reason[std::move(reason)] = reader.take<std::uint64_t>();
    }
    if (!reader.ok()) return corrupt_data("the stored counts of the fold do not decode");
    dead_letters_.restore_counts(std::move(by_reason), dropped);
  }
  held_.set_limit(config_.max_held_bytes);
  const auto refused = store.find(kStateTable, kRefusedKey);
  if (!refused) return refused.error();
  if (*refused && !refused_retained_.decode(**refused)) return corrupt_data("the stored table of refused retained messages does not decode");
  // Names before all that uses them. Twins before functions: their states name twins.
  for (auto loaded : {names_.load(store), twins_.load(store), functions_.load(store), windows_->load(store), redelivery_.load(store), dead_letters_.load(store),
                      held_.load(store), alerts_.load(store), alarms_.load(store)}) {
    if (!loaded) return loaded;
  }
  return {};
}

void Pipeline::take_changes(std::vector<RowChange>& changes) {
  names_.take_changes(changes);
  twins_.take_changes(changes);
  functions_.take_changes(changes);
  windows_->take_changes(changes);
  redelivery_.take_changes(changes);
  dead_letters_.take_changes(changes);
  held_.take_changes(changes);
  alerts_.take_changes(changes);
  alarms_.take_changes(changes);
  if (config_dirty_) changes.push_back({kStateTable, std::string(kConfigKey), config_text_});
  config_dirty_ = false;
  if (refused_dirty_) changes.push_back({kStateTable, std::string(kRefusedKey), refused_retained_.encode()});
  refused_dirty_ = false;
  if (!state_dirty_) return;
  state_dirty_ = false;
  std::string value;
  ByteWriter writer(value);
  writer.put(kCountsVersion);
  for (const auto count : {counts_.messages, counts_.events, counts_.redelivered, counts_.retained_repeats, counts_.out_of_order,
                           counts_.duplicate_keys, counts_.times_ahead, counts_.not_finite}) {
    writer.put(count);
  }
  writer.put(counts_.repeated_ids);
  writer.put(counts_.unnamed_fields);
  writer.put(clock_steps_.count());
  std::string ledger;
  windows_->encode_ledger(ledger);
  writer.put_bytes(ledger);
  writer.put(dead_letters_.dropped());
  for (const auto& [reason, count] : dead_letters_.counts_by_reason()) {
    writer.put_bytes(reason);
    writer.put(count);
  }
  changes.push_back({kStateTable, std::string(kCountsKey), std::move(value)});
}

std::size_t Pipeline::dirty_bytes() const { return twins_.dirty_bytes() + functions_.dirty_bytes() + windows_->dirty_bytes() + held_.dirty_bytes(); }

void Pipeline::begin_incarnation(const Incarnation&) { windows_->clear(); }

std::optional<Timestamp> Pipeline::next_due() const {
  auto due = windows_->next_due();
  if (const auto alarm = alarms_.next_due()) {
    const Timestamp at = *alarm + clock_steps_;
    due = due ? std::min(*due, at) : at;
  }
  return due;
}

Result<void> Pipeline::apply(const Batch& batch, BatchOutput& output) {
  for (const TwinIndex index : changed_) twins_[index].rev_before_batch.reset();
  changed_.clear();
  removed_.clear();
  arena_.reset();
  tagged_.clear();
  decided_.clear();
  denied_.clear();
  obey_ = batch.decisions;
  is_replay_ = batch.is_replay;
  state_dirty_ = true;
  wave_of_batch_ = 0;
  now_ = time_of(batch.records.front());
  mark_ = batch.mark;
  // Its arrival is on the new wall clock already.
  if (batch.records.front().kind == RecordKind::clock_step) take_clock_step(batch.records.front());
  fire_due(batch.records.front(), output.rows);
  for (const auto& record : batch.records) take(record, output.rows);
  run_waves();
  windows_->take_parting(output.rows);
  const auto order = [](const TaggedRow& row) { return std::tie(row.wave, row.origin, row.function, row.item, row.index); };
  const auto before = [&](const TaggedRow& a, const TaggedRow& b) { return order(a) < order(b); };
  if (!std::is_sorted(tagged_.begin(), tagged_.end(), before)) std::stable_sort(tagged_.begin(), tagged_.end(), before);
  for (auto& tagged : tagged_) output.rows.push_back(std::move(tagged.row));
  output.decisions = std::move(decided_);
  return {};
}

void Pipeline::fire_due(const Record& first, std::vector<OutboxRow>& rows) {
  windows_->fire_due(now_, mark_, rows);
  for (const auto& [due, alarm] : alarms_.take_due(lane_time(now_))) {
    if (alarm.function.empty()) {
      emit_live(alarm, rows);
    } else {
      fire_alarm(alarm, due, first);
    }
  }
  run_waves();
}

void Pipeline::fire_alarm(const Alarm& alarm, Timestamp due, const Record& first) {
  const auto function = functions_.find(alarm.function);
  const TwinIndex twin = twins_.find(alarm.twin);
  if (!function || twin == kNoTwin) return;
  WaveItem& item = wave_.add();
  item.twin = twin;
  item.origin = first.position;
  item.arrival = first.arrival;
  item.time = due + clock_steps_;
  item.trigger = TriggerKind::alarm;
  item.topic = arena_.copy(alarm.name);
  wave_.add_functions({&*function, 1});
}

void Pipeline::take(const Record& record, std::vector<OutboxRow>& rows) {
  switch (record.kind) {
    case RecordKind::message: return take_message(record);
    case RecordKind::set_property: return take_set(record);
    case RecordKind::activation: return take_activation(record);
    case RecordKind::dead_letters: return take_dead_letter_order(record);
    case RecordKind::configuration: {
      windows_->emit_all(mark_, rows);
      const auto went_up = config_.uplink_twins;
      if (auto configured = configure(record.payload); !configured) {
        dead_letter(record, "configuration_refused", configured.error().message);
      }
      return append_newly_selected(went_up, rows);
    }
    case RecordKind::incarnation: return append_standing(rows, mark_);  // to whom it is new, what stands is new too
    case RecordKind::clock_step:
    case RecordKind::tick: return;
    default: dead_letter(record, "unknown_record", "an edge has no use for a record of kind " + std::string(to_string(record.kind)));
  }
}

void Pipeline::take_clock_step(const Record& record) {
  ByteReader payload(record.payload);
  const Duration step(payload.take<std::int64_t>());
  clock_steps_ += step;
  windows_->take_clock_step(step);
}

void Pipeline::take_message(const Record& record) {
  ++counts_.messages;
  const std::uint64_t topic_hash = hash64(record.topic), payload_hash = hash64(record.payload);
  if (redelivery_.is_repeat(record.delivery, mix64(topic_hash, payload_hash))) {
    ++counts_.redelivered;
    return;
  }
  if (!record.delivery.retained) return take_new(record, topic_hash, payload_hash);
  if (refused_retained_.contains(topic_hash, payload_hash)) {
    ++counts_.retained_repeats;
    return;
  }
  const auto last_letter = dead_letters_.last();
  take_new(record, topic_hash, payload_hash);
  if (dead_letters_.last() == last_letter) return;
  refused_retained_.remember(topic_hash, payload_hash);
  refused_dirty_ = true;
}

void Pipeline::take_new(const Record& record, std::uint64_t topic_hash, std::uint64_t payload_hash) {
  if (find_header(record.headers, HeaderTag::truncated_from)) {
    return dead_letter(record, "limit_exceeded", "the payload was cut: it is longer than limits.payload");
  }
  take_payload(record, topic_hash, payload_hash);
}

void Pipeline::take_payload(const Record& record, std::uint64_t topic_hash, std::uint64_t payload_hash) {
  events_.clear();
  if (auto decoded = decoder_->decode(record, arena_, events_); !decoded) {
    return dead_letter(record, std::string(reason_for(decoded.error().code)), decoded.error().message);
  }
  for (const auto& event : events_) take_event(record, event, topic_hash, payload_hash);
}

void Pipeline::take_event(const Record& record, const DecodedEvent& event, std::uint64_t topic_hash, std::uint64_t payload_hash) {
  counts_.duplicate_keys += event.duplicate_keys;
  counts_.unnamed_fields += event.unnamed_fields;
  counts_.times_ahead += event.time_too_far_ahead;
  if (twins_.size() >= config_.max_twins && twins_.find(event.twin) == kNoTwin) {
    return dead_letter(record, "twin_limit", "there are " + std::to_string(config_.max_twins) + " twins already (store.max_twins)", event.twin);
  }
  if (!intern_names_of(record, event)) return;
  const TwinIndex index = twins_.find_or_make(event.twin, SIZE_MAX);
  Twin& twin = twins_[index];
  const bool has_id = !event.event_id.empty() && config_.repeats.event_ids != 0;
  const std::uint64_t id_hash = has_id ? hash64(event.event_id) : 0;
  if (has_id && twin.has_event_id(id_hash, record.arrival - config_.repeats.event_id_age)) {
    ++counts_.repeated_ids;
    return;
  }
  if (twin.saw(topic_hash, payload_hash, config_.repeats.topics) && record.delivery.retained) {
    ++counts_.retained_repeats;
    return;
  }
  if (has_id) twin.remember_event_id(id_hash, record.arrival, config_.repeats.event_ids);
  WaveItem& item = wave_.add();
  item.twin = index;
  item.origin = record.position;
  item.arrival = record.arrival;
  item.time = event.time.value_or(record.arrival);
  item.is_message = item.reports = true;
  item.topic = record.topic;
  item.payload = record.payload;
  item.time_field = event.time_field;
  if (!event.model.empty()) item.model = names_.intern(event.model);
  for (std::size_t i = 0; i < event.fields.size(); ++i) wave_.add_field(event_names_[i], event.fields[i].value);
  for (std::size_t i = 0; i < event.labels.size(); ++i) wave_.add_label({label_names_[2 * i], label_names_[2 * i + 1]});
  wave_.add_functions(functions_.for_topic(record.topic, topic_hash));
}

// False after a dead letter: a name is too long, or one too many.
bool Pipeline::intern_names_of(const Record& record, const DecodedEvent& event) {
  const auto intern = [&](std::string_view text, std::string_view what, std::vector<Name>& names) {
    const auto name = names_.intern(text);
    if (name) names.push_back(*name);
    if (!name) {
      dead_letter(record, "name_limit",
                  "the " + std::string(what) + ' ' + std::string(text) + " is one more than " + std::to_string(names_.limit()) + " names (store.max_names)", event.twin);
    }
    return name.has_value();
  };
  event_names_.clear();
  label_names_.clear();
  for (const auto& field : event.fields) {
    if (!intern(field.name, "property", event_names_)) return false;
  }
  for (const auto& label : event.labels) {
    if (label.value.size() > kMaxNameBytes) {
      dead_letter(record, "limit_exceeded",
                  "the label " + std::string(label.name) + " has " + std::to_string(label.value.size()) + " bytes; allowed are " + std::to_string(kMaxNameBytes), event.twin);
      return false;
    }
    if (!intern(label.name, "label", label_names_) || !intern(label.value, "label", label_names_)) return false;
  }
  if (event.model.empty()) return true;
  const bool named = intern(event.model, "model", event_names_);
  if (named) event_names_.pop_back();
  return named;
}

void Pipeline::take_activation(const Record& record) {
  const auto activation = decode_activation(record.payload);
  const std::string name(record.topic);
  if (!activation) return refuse_activation(record, name, "the activation of " + name + " does not decode");
  if (activation->removed) {
    if (const auto number = functions_.find(name)) {
      for (const auto condition : {"quarantined", "unavailable"}) clear_condition(functions_[*number], condition);
    }
    functions_.remove(name);
    alarms_.cancel_all_of(name);
    held_.drop_all_of(name);
    runs_.forget(name);
    return;
  }
  activate(record, name, *activation);
}

// A module that cannot be loaded is no property of the journal: it becomes a decision, so that a replay does not load it either.
void Pipeline::activate(const Record& record, const std::string& name, const Activation& activation) {
  for (const auto& decision : obey_) {
    if (decision.origin != record.position || decision.subject != name || !decision.outcome.starts_with(kNotLoaded)) continue;
    return refuse_activation(record, name, decision.outcome.substr(kNotLoaded.size()));
  }
  const auto activated = functions_.activate(name, activation, record.position, is_replay_);
  if (activated) return end_quarantine(*functions_.find(name));
  if (activated.error().code == ErrorCode::unavailable) decided_.push_back({record.position, name, std::string(kNotLoaded) + activated.error().message});
  refuse_activation(record, name, activated.error().message);
}

void Pipeline::refuse_activation(const Record& record, const std::string& name, std::string why) {
  DeadLetter letter;
  letter.reason = "activation_refused";
  letter.detail = std::move(why);
  letter.function = name;
  letter.event.position = record.position;
  letter.event.arrival = letter.event.time = record.arrival;
  letter.event.topic = record.topic;
  dead_letters_.add(std::move(letter));
}

void Pipeline::take_set(const Record& record) {
  run_waves();  // what came before it is applied before it
  const auto set = decode_set_property(record.payload);
  if (!set) return dead_letter(record, "bad_payload", "the record that sets a property does not decode");
  auto [status, body] = set_desired(record, *set);
  if (set->request.empty()) return;
  OutboxRow reply;
  reply.kind = OutboxKind::http_reply;
  reply.target = set->request;
  reply.revision = static_cast<std::uint64_t>(status);
  reply.payload = std::move(body);
  tagged_.push_back({0, record.position, "", 0, 0, std::move(reply)});
}

// Returns the HTTP status and body of the answer.
std::pair<int, std::string> Pipeline::set_desired(const Record& record, const SetProperty& set) {
  const TwinIndex index = twins_.find(record.topic);
  if (index == kNoTwin) return {404, "there is no twin " + std::string(record.topic)};
  const auto name = names_.intern(set.property);
  if (!name) return {507, "the property " + set.property + " is one more than " + std::to_string(names_.limit()) + " names (store.max_names)"};
  Twin& twin = twins_[index];
  const PropertySlot* slot = twin.find(*name);
  DesiredValue* desired = twin.find_desired(*name);
  const std::uint64_t revision = std::max(slot == nullptr ? 0 : slot->rev, desired == nullptr ? 0 : desired->rev);
  if (set.if_match && *set.if_match != revision) {
    return {412, "property " + set.property + " of " + twin.id + " has revision " + std::to_string(revision) + ", not " + std::to_string(*set.if_match)};
  }
  const Timestamp stored = std::max(slot == nullptr ? Timestamp() : slot->time, desired == nullptr ? Timestamp() : desired->since);
  if (set.time && *set.time < stored) {
    return {409, "property " + set.property + " of " + twin.id + " has a value of " + format_rfc3339(stored) + ", newer than " + format_rfc3339(*set.time)};
  }
  if (set.time && *set.time - record.arrival > config_.mapping.limits.time_ahead) {
    return {400, "the time " + format_rfc3339(*set.time) + " is further ahead of " + format_rfc3339(record.arrival) + " than limits.future allows"};
  }
  if (desired == nullptr && twin.desired.size() >= Twin::kMostProperties) {
    return {507, "twin " + twin.id + " has " + std::to_string(Twin::kMostProperties) + " desired values already"};
  }
  touch(index);
  ++twin.rev;
  if (desired == nullptr) desired = &twin.desired.emplace_back();
  *desired = {*name, set.value, set.time.value_or(std::max(record.arrival, stored)), twin.rev};
  return {200, "{\"rev\":" + std::to_string(twin.rev) + "}"};
}

Result<void> Pipeline::configure(std::string_view config_json) {
  auto config = parse_pipeline_config(config_json);
  if (!config) return config.error();
  auto decoder = Decoder::make(config->mapping);
  if (!decoder) return decoder.error();
  config_ = std::move(*config);
  config_text_ = config_json;
  config_dirty_ = true;
  names_.set_limit(config_.max_names);
  dead_letters_.set_limit(config_.max_dead_letters);
  functions_.set_limit(config_.max_functions);
  refused_retained_.set_limit(config_.repeats.topics);
  refused_retained_.clear();
  refused_dirty_ = true;
  held_.set_limit(config_.max_held_bytes);
  decoder_ = made(std::move(decoder));
  auto windows = std::make_unique<Windows>(names_, config_);
  windows->adopt(*windows_);
  windows_ = std::move(windows);
  for (TwinIndex i = 0; i < twins_.size(); ++i) twins_[i].groups.clear();
  return {};
}

void Pipeline::append_standing(std::vector<OutboxRow>& rows, Position mark) const {
  alerts_.for_each([&](const Alert& alert) { rows.push_back(alert_row(alert, mark, true)); });
  for (const TwinIndex index : twins_.by_id()) {
    if (goes_up(twins_[index])) rows.push_back(live_row(twins_[index], names_, mark));
  }
}

// Of the twins that there are: those that go up from now on, and those that go up no longer, which are taken back above.
void Pipeline::append_newly_selected(const std::vector<std::string>& went_up, std::vector<OutboxRow>& rows) const {
  if (went_up == config_.uplink_twins) return;
  for (const TwinIndex index : twins_.by_id()) {
    const bool before = matches_any(went_up, twins_[index].id);
    if (before == goes_up(twins_[index])) continue;
    rows.push_back(live_row(twins_[index], names_, mark_));
    if (before) rows.back().payload.clear();
  }
}

void Pipeline::emit_live(const Alarm& alarm, std::vector<OutboxRow>& rows) {
  const TwinIndex index = twins_.find(alarm.twin);
  if (index != kNoTwin && goes_up(twins_[index])) rows.push_back(live_row(twins_[index], names_, mark_));
}

std::vector<OutboxRow> Pipeline::retained_rows(const Incarnation& incarnation, Position mark) const {
  std::vector<OutboxRow> rows;
  windows_->append_emitted(rows);
  append_standing(rows, mark);
  for (auto& row : rows) row.key.incarnation = incarnation;
  return rows;
}

Twin& Pipeline::touch(TwinIndex index) {
  Twin& twin = twins_[index];
  if (!twin.rev_before_batch) {
    twin.rev_before_batch = twin.rev;
    changed_.push_back(index);
    if (!config_.uplink_twins.empty()) queue_live(index);
  }
  twins_.mark_dirty(index);
  return twin;
}

void Pipeline::dead_letter(const Record& record, std::string reason, std::string detail, std::string_view twin) {
  DeadLetter letter;
  letter.reason = std::move(reason);
  letter.detail = std::move(detail);
  const bool is_whole = record.kind == RecordKind::message && !find_header(record.headers, HeaderTag::truncated_from);
  letter.retry = is_whole ? RetryAs::message : RetryAs::nothing;
  letter.event.position = record.position;
  letter.event.arrival = letter.event.time = record.arrival;
  letter.event.twin = twin;
  letter.event.topic = record.topic;
  letter.event.payload = record.payload;
  dead_letters_.add(std::move(letter));
}

void Pipeline::dead_letter(const WaveItem& item, std::string reason, std::string detail, const ActiveFunction* function, RetryAs retry) {
  DeadLetter letter;
  letter.reason = std::move(reason);
  letter.detail = std::move(detail);
  if (function != nullptr) {
    letter.function = function->name();
    letter.version = function->version;
  }
  letter.retry = retry;
  letter.event = kept(item, function);
  dead_letters_.add(std::move(letter));
}

}  // namespace doppel
