#include "edge_runtime/programs/edge_api.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "edge_runtime/pipeline/twin_json.h"
#include "edge_runtime/programs/aggregate_json.h"
#include "edge_runtime/programs/edge_sql.h"
#include "edge_runtime/programs/list_json.h"
#include "edge_runtime/programs/twin_filter.h"

namespace doppel {
namespace {

using Json = nlohmann::ordered_json;

constexpr Freshness kFreshness;

TwinDetail detail_of(TwinFormat format) { return format == TwinFormat::values ? TwinDetail::values : TwinDetail::full; }

std::string dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

Error error_of(const FoldReply& reply) {
  switch (reply.status) {
    case 400: return invalid_input(reply.body);
    case 404: return not_found(reply.body);
    case 409: return conflict(reply.body);
    default: return limit_exceeded(reply.body);
  }
}

bool fits(const DeadLetter& letter, const DeadLetterQuery& query) {
  return (query.function.empty() || query.function == letter.function) && (query.twin.empty() || query.twin == letter.event.twin) &&
         (query.reason.empty() || query.reason == letter.reason);
}

std::string_view retry_word(RetryAs retry) {
  switch (retry) {
    case RetryAs::nothing: return "no";
    case RetryAs::message: return "message";
    case RetryAs::event: return "event";
  }
  return "no";
}

Json dead_letter_json(std::uint64_t number, const DeadLetter& letter) {
  const std::string input = letter.event.input();
  const bool is_text = is_utf8(input);
  std::string payload;
  if (!is_text) append_json(payload, ValueView::bytes(input));
  return {{"number", number},
          {"position", to_number(letter.event.position)},
          {"arrival", format_rfc3339(letter.event.arrival)},
          {"reason", letter.reason},
          {"retry", retry_word(letter.retry)},
          {"detail", letter.detail},
          {"function", letter.function.empty() ? Json() : Json(letter.function)},
          {"version", letter.version.empty() ? Json() : Json(letter.version)},
          {"twin", letter.event.twin.empty() ? Json() : Json(letter.event.twin)},
          {"topic", letter.event.topic},
          {"payload", is_text ? Json(input) : Json::parse(payload)},
          {"payload_size", letter.payload_size}};
}

Json outbox_json(const OutboxCounts& counts) {
  Json json = Json::object();
  for (const OutboxKind kind : kAllOutboxKinds) {
    json[std::string(to_string(kind))] = {{"undelivered", counts.undelivered_of(kind)}, {"dropped", counts.dropped_of(kind)}};
  }
  return json;
}

bool fits(const WindowKey& key, const AggregateQuery& query) {
  if (!query.window.empty() && key.window != query.window) return false;
  if (!query.group.empty() && key.group != query.group) return false;
  if (query.property && key.property != *query.property) return false;
  const Timestamp start = from_nanoseconds(key.start_ns);
  return (!query.from || start >= *query.from) && (!query.to || start < *query.to);
}

}  // namespace

EdgeService::EdgeService(Parts parts)
    : parts_(std::move(parts)), started_(parts_.core.clock().wall()), sql_(parts_.core, worker_, edge_sql(parts_.config.name)) {}

template <class T>
void EdgeService::ask(Answer<T> answer, std::function<Result<T>(Lane&)> read) {
  const bool posted = parts_.core.post([answer, read = std::move(read)](Lane& lane) { answer(read(lane)); });
  if (!posted) answer(lane_is_busy());
}

void EdgeService::list_twins(const TwinQuery& query, Answer<std::string> answer) {
  ask<std::string>(answer, [this, query](Lane&) -> Result<std::string> {
    const TwinTable& twins = parts_.pipeline.twins();
    const NameTable& names = parts_.pipeline.names();
    const Timestamp now = parts_.core.clock().wall();
    const auto& order = twins.by_id();
    const std::string& from = std::max(query.page.after, query.prefix);
    auto at = std::lower_bound(order.begin(), order.end(), from, [&](TwinIndex i, const std::string& id) { return twins[i].id < id; });
    if (at != order.end() && !query.page.after.empty() && twins[*at].id == query.page.after) ++at;
    ListJson list(query.page.limit);
    for (; at != order.end() && twins[*at].id.starts_with(query.prefix); ++at) {
      if (!fits(twins[*at], names, query, now, kFreshness)) continue;
      if (list.is_full()) break;
      append_twin_json(twins[*at], names, now, kFreshness, detail_of(query.format), list.item(twins[*at].id));
    }
    return list.close(at != order.end() && twins[*at].id.starts_with(query.prefix));
  });
}

void EdgeService::get_twin(const TwinId& id, TwinFormat format, Answer<std::string> answer) {
  ask<std::string>(answer, [this, id, format](Lane&) -> Result<std::string> {
    const TwinIndex index = parts_.pipeline.twins().find(id.text());
    if (index == kNoTwin) return not_found("there is no twin " + id.text());
    std::string json;
    append_twin_json(parts_.pipeline.twins()[index], parts_.pipeline.names(), parts_.core.clock().wall(), kFreshness, detail_of(format), json);
    return json;
  });
}

// Journals what the fold answers by `request`, which the payload carries, once it is applied.
void EdgeService::journal_and_wait(NewRecord record, const std::function<void(const std::string& request, std::string& payload)>& encode_with,
                                   Answer<FoldReply> answer) {
  const std::string request = parts_.replies.wait_for([answer](FoldReply reply) { answer(std::move(reply)); });
  if (request.empty()) return answer(lane_is_busy());
  std::string payload;
  encode_with(request, payload);
  record.payload = payload;
  const auto position = parts_.core.journal().append(record);
  if (position) return;
  parts_.replies.forget(request);
  answer(not_journaled(position.error()));
}

void EdgeService::set_property(const PropertyWrite& write, Answer<PropertyWritten> answer) {
  const auto set = [&](const std::string& request, std::string& payload) {
    encode(SetProperty{request, write.property, write.value, write.expected_revision, write.time}, payload);
  };
  journal_and_wait({.kind = RecordKind::set_property, .topic = write.twin.text()}, set, [answer](Result<FoldReply> reply) {
    if (!reply) return answer(reply.error());
    if (reply->status == 412) return answer(PropertyWritten{.revision = 0, .json = {}, .refusal = std::move(reply->body)});
    if (reply->status != 200) return answer(error_of(*reply));
    const auto json = Json::parse(reply->body, nullptr, false);
    answer(PropertyWritten{json.value("rev", std::uint64_t{0}), reply->body});
  });
}

void EdgeService::query(const SqlQuery& query, Answer<std::string> answer) { sql_.run(query, std::move(answer)); }

void EdgeService::list_aggregates(const AggregateQuery& query, Answer<std::string> answer) {
  ask<std::string>(answer, [this, query](Lane&) -> Result<std::string> {
    auto list = NumberedList::open(query.page);
    if (!list) return list.error();
    std::uint64_t number = 0;  // of the rows that fit, which come in a fixed order
    parts_.pipeline.windows().for_each([&](const WindowKey& key, std::uint64_t, const Aggregate* aggregate, const WindowPopulation* population) {
      std::string* item = fits(key, query) ? list->item(++number) : nullptr;
      if (item != nullptr) append_window_row_json(parts_.config.name, key, aggregate, population, *item);
    });
    return list->close();
  });
}

void EdgeService::list_alerts(const AlertQuery& query, Answer<std::string> answer) {
  ask<std::string>(answer, [this, query](Lane&) -> Result<std::string> {
    auto list = NumberedList::open(query.page);
    if (!list) return list.error();
    std::uint64_t number = 0;
    if (!query.edge.empty() && query.edge != parts_.config.name) return list->close();
    parts_.pipeline.alerts().for_each([&](const Alert& alert) {
      if (!query.twin.empty() && alert.twin != query.twin) return;
      std::string* item = list->item(++number);
      if (item == nullptr) return;
      *item += "{\"edge\":";
      append_json_string(*item, parts_.config.name);
      *item += "," + alert_json(alert).substr(1);
    });
    return list->close();
  });
}

std::string EdgeService::function_json(const ActiveFunction& function) {
  const FunctionMeters& meters = function.meters;
  const RunTimes& times = parts_.pipeline.run_times(function.name());
  return dump({{"name", function.name()},
               {"version", function.manifest.version},
               {"version_sha256", function.version},
               {"module_sha256", function.activation.module_sha256},
               {"origin", function.activation.origin == Origin::fleet ? "fleet" : "local"},
               {"state", function.condition()},
               {"error", function.why_unavailable().empty() ? Json() : Json(function.why_unavailable())},
               {"held", parts_.pipeline.held_events().count_of(function.name())},
               {"active_since_position", to_number(function.active_since)},
               {"runs", meters.runs},
               {"events", meters.events},
               {"errors", meters.errors},
               {"effects", meters.effects},
               {"denied", meters.denied},
               {"unsupported", meters.unsupported},
               {"mismatched", meters.mismatched},
               {"fuel", meters.fuel},
               {"twins_with_state", function.states.size()},
               {"start_us_p50", times.start_histogram.quantile_us(0.5)},
               {"start_us_p99", times.start_histogram.quantile_us(0.99)},
               {"run_us_p50", times.run_histogram.quantile_us(0.5)},
               {"run_us_p99", times.run_histogram.quantile_us(0.99)},
               {"manifest", function.activation.manifest}});
}

void EdgeService::list_functions(Answer<std::string> answer) {
  ask<std::string>(answer, [this](Lane&) -> Result<std::string> {
    const FunctionSet& functions = parts_.pipeline.functions();
    ListJson list(SIZE_MAX);
    for (FunctionSet::Number i = 0; i < functions.size(); ++i) list.item("") += function_json(functions[i]);
    return list.close(false);
  });
}

void EdgeService::get_function(const FunctionName& name, Answer<std::string> answer) {
  ask<std::string>(answer, [this, name](Lane&) -> Result<std::string> {
    const auto number = parts_.pipeline.functions().find(name.text());
    if (!number) return not_found("there is no function " + name.text());
    return function_json(parts_.pipeline.functions()[*number]);
  });
}

void EdgeService::put_function(FunctionUpload upload, Answer<FunctionAccepted> answer) {
  const auto shared = std::make_shared<const FunctionUpload>(std::move(upload));
  const bool posted = parts_.core.post([this, shared, answer](Lane&) {
    const auto number = parts_.pipeline.functions().find(shared->name.text());
    if (number && parts_.pipeline.functions()[*number].activation.origin == Origin::fleet) {
      return answer(conflict("function " + shared->name.text() + " is the fleet's: deploy it through the coordinator"));
    }
    const bool created = !number;
    if (created) {
      if (auto room = parts_.installer.check_room(parts_.pipeline.functions().size()); !room) return answer(room.error());
    }
    if (!worker_.submit([this, shared, created, answer] { install(*shared, created, answer); })) answer(lane_is_busy());
  });
  if (!posted) answer(lane_is_busy());
}

// On the worker: compiling takes its time.
void EdgeService::install(const FunctionUpload& upload, bool created, const Answer<FunctionAccepted>& answer) {
  const auto manifest = parts_.installer.check(upload.name.text(), upload.manifest, upload.module);
  if (!manifest) return answer(manifest.error());
  const auto position = parts_.installer.activate(upload.name.text(), upload.manifest, upload.module, Origin::local);
  if (!position) return answer(position.error());
  if (auto synced = parts_.core.journal().sync(); !synced) return answer(synced.error());
  const bool waits = parts_.core.when_applied(*position, [this, name = upload.name.text(), position = *position, created, answer] {
    const auto number = parts_.pipeline.functions().find(name);
    if (!number || parts_.pipeline.functions()[*number].active_since != position) {
      return answer(conflict("function " + name + " was refused: " + why_refused(position)));
    }
    answer(FunctionAccepted{created, function_json(parts_.pipeline.functions()[*number])});
  });
  if (!waits) answer(lane_is_busy());
  parts_.core.sweep_blobs();
}

std::string EdgeService::why_refused(Position activation) const {
  std::string why = "its activation is not among the dead letters any more";
  parts_.pipeline.dead_letters().for_each([&](DeadLetters::Number, const DeadLetter& letter) {
    if (letter.event.position == activation) why = letter.detail;
  });
  return why;
}

void EdgeService::delete_function(const FunctionName& name, const std::string&, Answer<std::string> answer) {
  const bool posted = parts_.core.post([this, name, answer](Lane&) {
    const auto number = parts_.pipeline.functions().find(name.text());
    if (!number) return answer(not_found("there is no function " + name.text()));
    if (parts_.pipeline.functions()[*number].activation.origin == Origin::fleet) {
      return answer(conflict("function " + name.text() + " is the fleet's: delete it at the coordinator"));
    }
    if (!worker_.submit([this, name, answer] { remove(name, answer); })) answer(lane_is_busy());
  });
  if (!posted) answer(lane_is_busy());
}

// On the worker: the disk takes its time.
void EdgeService::remove(const FunctionName& name, const Answer<std::string>& answer) {
  const auto position = parts_.installer.remove(name.text(), Origin::local);
  if (!position) return answer(position.error());
  if (auto synced = parts_.core.journal().sync(); !synced) return answer(synced.error());
  const auto done = [answer, name] { answer(dump({{"name", name.text()}, {"removed", true}})); };
  if (!parts_.core.when_applied(*position, done)) answer(lane_is_busy());
}

void EdgeService::list_dead_letters(const DeadLetterQuery& query, Answer<std::string> answer) {
  ask<std::string>(answer, [this, query](Lane&) -> Result<std::string> {
    auto list = NumberedList::open(query.page);
    if (!list) return list.error();
    parts_.pipeline.dead_letters().for_each([&](std::uint64_t number, const DeadLetter& letter) {
      std::string* item = fits(letter, query) ? list->item(number) : nullptr;
      if (item != nullptr) *item += dump(dead_letter_json(number, letter));
    });
    return list->close();
  });
}

void EdgeService::get_dead_letter(std::uint64_t number, Answer<std::string> answer) {
  ask<std::string>(answer, [this, number](Lane&) -> Result<std::string> {
    const DeadLetter* letter = parts_.pipeline.dead_letters().find(number);
    if (letter == nullptr) return not_found("there is no dead letter " + std::to_string(number));
    return dump(dead_letter_json(number, *letter));
  });
}

void EdgeService::order_dead_letters(const DeadLetterAction& action, Answer<std::string> answer) {
  using Action = DeadLetterOrder::Action;
  const auto order = [&](const std::string& request, std::string& payload) {
    encode(DeadLetterOrder{request, action.drop ? Action::drop : Action::retry, action.function, action.numbers}, payload);
  };
  journal_and_wait({.kind = RecordKind::dead_letters}, order, [answer](Result<FoldReply> reply) {
    if (!reply) return answer(reply.error());
    reply->status == 200 ? answer(std::move(reply->body)) : answer(error_of(*reply));
  });
}

void EdgeService::node(Answer<std::string> answer) {
  ask<std::string>(answer, [this](Lane& lane) -> Result<std::string> {
    const Pipeline& pipeline = parts_.pipeline;
    const PipelineCounts& counts = pipeline.counts();
    const OutboxCounts outbox = parts_.core.outbox().counts();
    Journal& journal = parts_.core.journal();
    const Duration up = parts_.core.clock().wall() - started_;
    Json dead = Json::object();
    for (const auto& [reason, count] : pipeline.dead_letters().counts_by_reason()) dead[reason] = count;
    Json json = {{"role", "edge"},
                 {"name", parts_.config.name},
                 {"region", parts_.config.region},
                 {"version", program_version()},
                 {"uptime_seconds", std::chrono::duration<double>(up).count()},
                 {"counters",
                  {{"messages", counts.messages},
                   {"events", counts.events},
                   {"twins", pipeline.twins().size()},
                   {"functions", pipeline.functions().size()},
                   {"alerts", pipeline.alerts().size()},
                   {"window_rows", pipeline.windows().row_count()},
                   {"dead_letters", pipeline.dead_letters().size()},
                   {"dead_letters_by_reason", dead},
                   {"redelivered", counts.redelivered},
                   {"retained_repeats", counts.retained_repeats},
                   {"repeated_ids", counts.repeated_ids},
                   {"out_of_order", counts.out_of_order},
                   {"duplicate_keys", counts.duplicate_keys},
                   {"unnamed_fields", counts.unnamed_fields},
                   {"times_ahead", counts.times_ahead},
                   {"not_finite", counts.not_finite},
                   {"too_late_for_windows", pipeline.windows().ledger().too_late},
                   {"window_rows_evicted", pipeline.windows().ledger().rows_evicted}}},
                 {"rates", {{"events_per_second", parts_.rate.per_second(parts_.core.clock().monotonic())}}},
                 {"journal",
                  {{"first_position", to_number(journal.first())},
                   {"last_position", to_number(journal.last())},
                   {"synced_position", to_number(journal.last_synced())},
                   {"applied_position", to_number(lane.applied().position)},
                   {"epoch", to_number(lane.applied().epoch)},
                   {"incarnation", to_hex(lane.applied().incarnation)},
                   {"bytes", journal.size_bytes()}}},
                 {"store",
                  {{"commits", lane.counts().commits},
                   {"bytes_written", parts_.core.store_io().bytes_written()},
                   {"effects_hash", lane.applied().effects_hash},
                   {"outbox_undelivered", outbox.undelivered},
                   {"outbox_delivered", outbox.delivered},
                   {"outbox_dropped", outbox.dropped},
                   {"outbox", outbox_json(outbox)}}},
                 {"mqtt", Json::parse(parts_.mqtt_json(), nullptr, false)},
                 {"uplink", Json::parse(parts_.uplink_json(), nullptr, false)}};
    return dump(json);
  });
}

void EdgeService::metrics(Answer<std::vector<MetricSample>> answer) {
  ask<std::vector<MetricSample>>(answer, [this](Lane& lane) -> Result<std::vector<MetricSample>> {
    const Pipeline& pipeline = parts_.pipeline;
    const PipelineCounts& counts = pipeline.counts();
    auto samples = parts_.outer_metrics();
    const auto counter = [&](std::string name, std::string help, std::uint64_t value, std::vector<std::pair<std::string, std::string>> labels = {}) {
      samples.push_back({std::move(name), std::move(help), MetricType::counter, std::move(labels), static_cast<double>(value)});
    };
    const auto gauge = [&](std::string name, std::string help, std::uint64_t value, std::vector<std::pair<std::string, std::string>> labels = {}) {
      samples.push_back({std::move(name), std::move(help), MetricType::gauge, std::move(labels), static_cast<double>(value)});
    };
    counter("doppel_messages_total", "Messages taken from the journal.", counts.messages);
    counter("doppel_events_total", "Events applied to twins.", counts.events);
    counter("doppel_redelivered_total", "Messages that a broker delivered again, dropped.", counts.redelivered);
    counter("doppel_retained_repeats_total", "Retained messages taken before, dropped.", counts.retained_repeats);
    counter("doppel_repeated_ids_total", "Events whose id their twin had taken before, dropped.", counts.repeated_ids);
    counter("doppel_out_of_order_values_total", "Values older than what their property has.", counts.out_of_order);
    counter("doppel_duplicate_keys_total", "Keys that a JSON object had more than once: the last one counted.", counts.duplicate_keys);
    counter("doppel_unnamed_fields_total", "Fields with an empty name, left out.", counts.unnamed_fields);
    counter("doppel_times_ahead_total", "Device times too far in the future, replaced by the arrival.", counts.times_ahead);
    counter("doppel_not_finite_values_total", "NaN and infinities: set, but in no window.", counts.not_finite);
    counter("doppel_window_late_events_total", "Events too old for any window.", pipeline.windows().ledger().too_late);
    counter("doppel_window_rows_evicted_total", "Window rows forgotten because of windows.max_rows.", pipeline.windows().ledger().rows_evicted);
    for (const auto& [reason, count] : pipeline.dead_letters().counts_by_reason()) {
      counter("doppel_dead_letters_total", "What could not be applied, by reason.", count, {{"reason", reason}});
    }
    gauge("doppel_twins", "Twins.", pipeline.twins().size());
    gauge("doppel_alerts", "Alerts that stand.", pipeline.alerts().size());
    gauge("doppel_window_rows", "Window rows kept.", pipeline.windows().row_count());
    for (FunctionSet::Number i = 0; i < pipeline.functions().size(); ++i) {
      const ActiveFunction& function = pipeline.functions()[i];
      const std::vector<std::pair<std::string, std::string>> label{{"function", function.name()}};
      counter("doppel_function_events_total", "Events handed to a function.", function.meters.events, label);
      counter("doppel_function_runs_total", "Runs of a function, each a fresh instance.", function.meters.runs, label);
      counter("doppel_function_errors_total", "Events of a function that went to the dead letters.", function.meters.errors, label);
      counter("doppel_function_denied_total", "Effects that no grant covers.", function.meters.denied, label);
      counter("doppel_function_unsupported_total", "Effects of a kind that is not performed.", function.meters.unsupported, label);
      counter("doppel_function_mismatched_total", "Effects whose value is not what their target takes.", function.meters.mismatched, label);
      gauge("doppel_function_quarantined", "1 while a function does not run because its failures burnt too much.", function.quarantined, label);
      gauge("doppel_function_unavailable", "1 while the module of a function cannot be loaded.", function.condition() == "unavailable", label);
      gauge("doppel_function_held_events", "Events held for a function that does not run.", pipeline.held_events().count_of(function.name()), label);
      counter("doppel_function_fuel_total", "Fuel that a function has burnt.", function.meters.fuel, label);
    }
    counter("doppel_lane_batches_total", "Batches of the lane.", lane.counts().batches);
    counter("doppel_lane_commits_total", "Commits of the store.", lane.counts().commits);
    gauge("doppel_journal_last_position", "Position of the last record.", to_number(parts_.core.journal().last()));
    gauge("doppel_journal_lag_records", "Records that are not applied yet.",
          to_number(parts_.core.journal().last()) - std::min(to_number(parts_.core.journal().last()), to_number(lane.last_read())));
    gauge("doppel_journal_size_bytes", "Segments on disk.", parts_.core.journal().size_bytes());
    counter("doppel_store_written_bytes_total", "Bytes that SQLite has written.", parts_.core.store_io().bytes_written());
    const OutboxCounts outbox = parts_.core.outbox().counts();
    for (const OutboxKind kind : kAllOutboxKinds) {
      const std::vector<std::pair<std::string, std::string>> label{{"kind", std::string(to_string(kind))}};
      gauge("doppel_outbox_rows", "Rows not delivered yet.", outbox.undelivered_of(kind), label);
      counter("doppel_outbox_dropped_total", "Rows dropped because the outbox was full.", outbox.dropped_of(kind), label);
    }
    return samples;
  });
}

Result<void> EdgeService::readiness() const {
  if (auto ready = parts_.core.readiness(); !ready) return ready;
  return parts_.sources_readiness();
}

void EdgeService::count_batch() {
  twins_ = parts_.pipeline.twins().size();
  alerts_ = parts_.pipeline.alerts().size();
  events_ = parts_.pipeline.counts().events;
  dead_letters_ = parts_.pipeline.dead_letters().size();
  if (const DeadLetter* newest = parts_.pipeline.dead_letters().newest()) newest_letter_ = newest->event.arrival;
}

std::string EdgeService::status_json() {
  Json json = {{"twins", twins_.load()},
               {"events", events_.load()},
               {"events_per_second", parts_.rate.per_second(parts_.core.clock().monotonic())},
               {"dead_letters", dead_letters_.load()},
               {"newest_dead_letter", dead_letters_ == 0 ? Json() : Json(format_rfc3339(newest_letter_))}};
  if (parts_.config.geo) json["geo"] = *parts_.config.geo;
  return dump(json);
}

}  // namespace doppel
