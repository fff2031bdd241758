#include "edge_runtime/programs/edge_node.h"

#include <unistd.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "dashboard/assets.h"
#include "edge_runtime/http/routes.h"
#include "edge_runtime/programs/change_feed.h"
#include "edge_runtime/programs/secret_file.h"

namespace doppel {
namespace {

PipelineConfig pipeline_config(const EdgeConfig& config) {
  PipelineConfig out;
  out.edge = config.name;
  out.mapping = config.mapping;
  out.windows.clear();
  for (const auto& window : config.windows) out.windows.push_back({window.name, window.length, window.group_by, window.properties});
  out.window_rules = {config.window_rules.lateness, config.window_rules.flush, config.window_rules.retain, config.window_rules.max_rows};
  if (out.window_rules.flush == Duration(0)) {
    Duration shortest = std::chrono::seconds(60);
    for (const auto& window : config.windows) shortest = std::min(shortest, window.length);
    out.window_rules.flush = shortest;
  }
  out.repeats = {config.repeats.topics, config.repeats.event_ids, config.repeats.event_id_age};
  out.max_twins = config.store.max_twins;
  out.max_names = config.store.max_names;
  out.max_functions = config.functions.max_functions;
  out.max_held_bytes = config.functions.max_held_bytes;
  out.failure_fuel = config.functions.failure_fuel;
  out.has_broker = !config.mqtt.empty();
  out.uplink_twins = config.uplink.twins;
  return out;
}

OutboxOptions outbox_options(const EdgeConfig& config) {
  OutboxOptions options;
  options.has_uplink = !config.uplink.address.empty();
  options.max_replacements = config.uplink.backlog_rows;
  options.max_publications = config.functions.max_unpublished;
  return options;
}

Result<MqttBroker> broker_of(const MqttConfig& config) {
  MqttBroker broker;
  broker.url = config.url;
  broker.username = config.username;
  if (!config.password_file.empty()) {
    auto password = read_secret(config.password_file);
    if (!password) return password.error();
    broker.password = std::move(*password);
  }
  broker.ca_file = config.ca_file;
  broker.cert_file = config.cert_file;
  broker.key_file = config.key_file;
  broker.keep_alive = std::chrono::duration_cast<std::chrono::seconds>(config.keep_alive);
  return broker;
}

// Tells our own publications from those of others.
std::string publication_prefix(const Incarnation& incarnation) { return to_hex(incarnation) + '.'; }

}  // namespace

Result<std::unique_ptr<EdgeNode>> EdgeNode::start(const EdgeConfig& config, Log& log) {
  std::unique_ptr<EdgeNode> node(new EdgeNode(config, log));
  for (auto stage : {&EdgeNode::open, &EdgeNode::listen, &EdgeNode::recover, &EdgeNode::mend_functions, &EdgeNode::configure_fold, &EdgeNode::make_sources, &EdgeNode::start_outlets, &EdgeNode::serve_http,
                     &EdgeNode::start_sources}) {
    if (auto done = (node.get()->*stage)(); !done) return done.error();
  }
  return node;
}

EdgeNode::~EdgeNode() { static_cast<void>(stop()); }

Result<void> EdgeNode::stop() {
  for (auto& source : sources_) source->stop();
  http_.stop();
  // The lane stops before what its batches tell.
  Result<void> stopped = core_ == nullptr ? Result<void>() : core_->stop();
  uplink_.reset();
  publisher_.reset();
  return stopped;
}

Result<void> EdgeNode::open() {
  auto core = NodeCore::open(config_, Role::edge, log_);
  if (!core) return core.error();
  core_ = std::move(*core);
  return {};
}

// Before anything is taken over from a broker: a port that is taken ends the start, and probes are answered meanwhile.
Result<void> EdgeNode::listen() {
  hub_ = std::make_unique<StreamHub>(std::to_string(getpid()) + "-" + std::to_string(core_->clock().wall().time_since_epoch().count()));
  return http_.listen(config_, *hub_, core_->clock());
}

Result<void> EdgeNode::recover() {
  pipeline_ = std::make_unique<Pipeline>(core_->engine());
  installer_ = std::make_unique<FunctionInstaller>(core_->engine(), core_->blobs(), core_->blob_keeper(), core_->journal(), loops_, config_.functions);
  return core_->recover(*pipeline_, outbox_options(config_));
}

// A function whose module could not be loaded is activated anew where it can be now. One that cannot be loaded stops nothing but itself.
Result<void> EdgeNode::mend_functions() {
  const FunctionSet& functions = pipeline_->functions();
  for (FunctionSet::Number i = 0; i < functions.size(); ++i) {
    const ActiveFunction& function = functions[i];
    if (function.why_unavailable().empty()) continue;
    const Activation& activation = function.activation;
    const auto runner = core_->engine().load(activation.module_sha256, function.manifest);
    const auto done = runner ? installer_->activate_stored(function.name(), activation.manifest, activation.module_sha256, activation.origin)
                             : Result<Position>(runner.error());
    if (done) {
      log_.info("function_available", {{"function", function.name()}});
    } else {
      log_.error("function_unavailable", {{"function", function.name()}, {"why", done.error().message}});
    }
  }
  return {};
}

// The fold knows its configuration by a record; one that differs is journaled before any source starts.
Result<void> EdgeNode::configure_fold() {
  const std::string wanted = to_json(pipeline_config(config_));
  if (pipeline_->config_text() == wanted) return {};
  const auto position = core_->journal().append({.kind = RecordKind::configuration, .payload = wanted});
  if (!position) return position.error();
  return {};
}

// Before the lane has a thread of its own: what it knows of earlier connections can be read.
Result<void> EdgeNode::make_sources() {
  auto held = HeldFilters::open(core_->disk(), "mqtt_filters");
  if (!held) return held.error();
  held_filters_ = *std::move(held);
  for (std::size_t i = 0; i < config_.mqtt.size(); ++i) {
    const MqttConfig& mqtt = config_.mqtt[i];
    MqttSourceOptions options;
    auto broker = broker_of(mqtt);
    if (!broker) return broker.error();
    options.broker = std::move(*broker);
    options.client_id = mqtt.client_id;
    options.source = static_cast<std::uint16_t>(i);
    options.subscriptions.clear();
    for (const auto& topic : mqtt.topics) options.subscriptions.push_back({topic, static_cast<std::uint8_t>(mqtt.qos)});
    options.session_expiry = std::chrono::duration_cast<std::chrono::seconds>(mqtt.session_expiry);
    options.max_payload = config_.mapping.limits.payload_bytes;
    options.first_session = pipeline_->redelivery().last_session(options.source) + 1;
    options.own_publications = publication_prefix(core_->lane().applied().incarnation);
    const Waiting waiting{core_->clock(), [](Duration time) { std::this_thread::sleep_for(time); }};
    auto source = MqttSource::make(options, core_->journal(), *held_filters_, waiting,
                                   [this](const std::string& reason) { fail_stop(log_, reason); }, log_);
    if (!source) return source.error();
    sources_.push_back(std::move(*source));
  }
  return {};
}

Result<void> EdgeNode::start_outlets() {
  const std::string life = to_hex(core_->lane().applied().incarnation).substr(0, 8) + "-" + std::to_string(getpid()) + "-" +
                           std::to_string(core_->clock().wall().time_since_epoch().count());
  replies_ = std::make_unique<ReplyDesk>(life, core_->outbox());
  core_->outbox().on_ready(OutboxKind::http_reply, [this] { replies_->deliver(); });
  core_->outbox().on_ready(OutboxKind::log, [this] { write_log_rows(); });
  api_ = std::make_unique<EdgeService>(EdgeService::Parts{config_, *core_, *pipeline_, *installer_, *replies_, rate_,
                                                          [this] { return outer_metrics(); }, [this] { return uplink_json(); },
                                                          [this] { return mqtt_json(); }, [this] { return sources_readiness(); }});
  for (const auto& mqtt : config_.mqtt) {
    if (!mqtt.publish) continue;
    auto broker = broker_of(mqtt);
    if (!broker) return broker.error();
    auto publisher = PublishPump::start({std::move(*broker), mqtt.client_id + "-out", 1000}, core_->outbox(), loops_, core_->clock(), log_);
    if (!publisher) return publisher.error();
    publisher_ = std::move(*publisher);
  }
  if (!config_.uplink.address.empty()) {
    auto uplink = EdgeUplink::start(config_, {*core_, *pipeline_, *installer_, log_, [this] { return api_->status_json(); },
                                              [this](const uplink::Query& query, uplink::ClientEvents::Answer answer) { answer_query(query, answer); }});
    if (!uplink) return uplink.error();
    uplink_ = std::move(*uplink);
  }
  counted_events_ = pipeline_->counts().events;
  api_->count_batch();
  if (uplink_ != nullptr) uplink_->after_batch();
  core_->start([this] { after_batch(); });
  replies_->deliver();
  write_log_rows();
  return {};
}

Result<void> EdgeNode::serve_http() {
  if (auto serves = http_.serve("edge", config_, make_edge_router(*api_, *hub_, dashboard_assets())); !serves) return serves;
  log_.info("listening", {{"http", http_.url()}, {"name", config_.name}, {"data", config_.data}});
  return {};
}

Result<void> EdgeNode::start_sources() {
  if (sources_.empty()) {
    log_.warning("no_source", {{"why", "no broker is configured: no messages come in, twins change only by what is set over HTTP"},
                               {"give", "--mqtt mqtt://HOST:PORT, or [[mqtt]] in the file of --config"}});
  }
  for (auto& source : sources_) source->start();
  return {};
}

void EdgeNode::after_batch() {
  const std::uint64_t events = pipeline_->counts().events;
  rate_.add(events - std::exchange(counted_events_, events), core_->clock().monotonic());
  api_->count_batch();
  for (const auto& denied : pipeline_->denied_effects()) {
    log_.warning("effect_denied", {{"function", denied.function},
                                   {"effect", std::string(to_string(denied.kind))},
                                   {"target", denied.target},
                                   {"twin", denied.twin},
                                   {"why", denied.why}});
  }
  if (hub_->has_listeners()) publish_changes(*pipeline_, *hub_);
  if (uplink_ != nullptr) uplink_->after_batch();
}

void EdgeNode::write_log_rows() {
  constexpr std::size_t kAtOnce = 256;
  for (auto rows = core_->outbox().take(OutboxKind::log, kAtOnce); !rows.empty(); rows = core_->outbox().take(OutboxKind::log, kAtOnce)) {
    for (const auto& row : rows) {
      const auto level = static_cast<LogLevel>(std::min<std::uint8_t>(row.qos, static_cast<std::uint8_t>(LogLevel::error)));
      log_.write(level, "function_log", {{"function", row.target}, {"text", row.payload}});
      if (auto noted = core_->outbox().delivered(row); !noted) log_.error("delivery_log", {{"reason", noted.error().message}});
    }
  }
}

// What the coordinator's readers ask of this edge: path "twin", body = the id.
void EdgeNode::answer_query(const uplink::Query& query, const uplink::ClientEvents::Answer& answer) {
  if (query.path != "twin") return answer(404, "an edge answers the path twin, not " + query.path);
  api_->get_twin(TwinId(query.body), TwinFormat::full, [answer](Result<std::string> twin) {
    if (!twin) return answer(404, twin.error().message);
    answer(200, *twin);
  });
}

std::vector<MetricSample> EdgeNode::outer_metrics() const {
  auto samples = http_.metrics();
  const auto add = [&](std::string name, std::string help, MetricType type, double value, std::vector<std::pair<std::string, std::string>> labels = {}) {
    samples.push_back({std::move(name), std::move(help), type, std::move(labels), value});
  };
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    const MqttCounters& counters = sources_[i]->counters();
    const std::vector<std::pair<std::string, std::string>> label{{"source", config_.mqtt[i].name}};
    add("doppel_mqtt_connected", "1 while connected to the broker.", MetricType::gauge, counters.connected ? 1 : 0, label);
    const auto standing = sources_[i]->state().standing;
    add("doppel_mqtt_subscribed", "1 while every subscription holds, at the QoS that was asked for.", MetricType::gauge,
        standing == MqttStanding::subscribed ? 1 : 0, label);
    add("doppel_mqtt_messages_total", "Messages journaled.", MetricType::counter, static_cast<double>(counters.messages), label);
    add("doppel_mqtt_received_bytes_total", "Their payloads.", MetricType::counter, static_cast<double>(counters.message_bytes), label);
    add("doppel_mqtt_connects_total", "Connections made.", MetricType::counter, static_cast<double>(counters.connects), label);
    add("doppel_mqtt_truncated_total", "Payloads over limits.payload.", MetricType::counter, static_cast<double>(counters.truncated), label);
    add("doppel_mqtt_headers_left_out_total", "Messages journaled without the properties that went over the limit.", MetricType::counter,
        static_cast<double>(counters.headers_left_out), label);
    add("doppel_mqtt_own_dropped_total", "Publications of this node that came back.", MetricType::counter, static_cast<double>(counters.own_dropped), label);
  }
  if (publisher_ != nullptr) {
    const MqttCounters& counters = publisher_->counters();
    add("doppel_mqtt_published_total", "Publications that the broker took.", MetricType::counter, static_cast<double>(counters.published));
    add("doppel_mqtt_publish_failures_total", "Publications that failed and are tried again.", MetricType::counter,
        static_cast<double>(counters.publish_failures));
  }
  if (uplink_ != nullptr) {
    const auto counters = uplink_->counters();
    add("doppel_uplink_connected", "1 while the coordinator answers.", MetricType::gauge, counters.connected ? 1 : 0);
    const OutboxCounts outbox = core_->outbox().counts();
    add("doppel_uplink_backlog_rows", "Rows without a receipt.", MetricType::gauge, static_cast<double>(outbox.undelivered_of(OutboxKind::replacement)));
    add("doppel_uplink_backlog_limit_rows", "Most rows of windows, and most of twins and alerts, that wait: uplink.backlog_rows.", MetricType::gauge,
        static_cast<double>(config_.uplink.backlog_rows));
    add("doppel_uplink_dropped_rows_total", "Rows that the coordinator never gets, since they waited beyond uplink.backlog_rows.", MetricType::counter,
        static_cast<double>(outbox.dropped_of(OutboxKind::replacement)));
  }
  return samples;
}

std::string EdgeNode::mqtt_json() const {
  auto list = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    const MqttState state = sources_[i]->state();
    const MqttCounters& counters = sources_[i]->counters();
    list.push_back({{"name", config_.mqtt[i].name},
                    {"url", config_.mqtt[i].url},
                    {"connected", state.connected},
                    {"state", std::string(to_string(state.standing))},
                    {"since", format_rfc3339(state.since)},
                    {"publishes", config_.mqtt[i].publish},
                    {"messages", counters.messages.load()},
                    {"truncated", counters.truncated.load()},
                    {"headers_left_out", counters.headers_left_out.load()},
                    {"own_dropped", counters.own_dropped.load()},
                    {"last_error", state.last_error.empty() ? nlohmann::ordered_json() : nlohmann::ordered_json(state.last_error)}});
  }
  return list.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

// One source that messages come from is enough.
Result<void> EdgeNode::sources_readiness() const {
  std::string why;
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    const MqttState state = sources_[i]->state();
    if (state.standing == MqttStanding::subscribed || state.standing == MqttStanding::lower_qos) return {};
    why += "; " + config_.mqtt[i].name + " at " + config_.mqtt[i].url + " is " + std::string(to_string(state.standing));
    if (!state.last_error.empty()) why += " (" + state.last_error + ")";
  }
  return why.empty() ? Result<void>() : unavailable("no MQTT source is subscribed" + why);
}

std::string EdgeNode::uplink_json() const {
  if (uplink_ == nullptr) return "null";
  const auto counters = uplink_->counters();
  const OutboxCounts outbox = core_->outbox().counts();
  return nlohmann::ordered_json{{"address", config_.uplink.address},
                                {"connected", counters.connected},
                                {"backlog_rows", outbox.undelivered_of(OutboxKind::replacement)},
                                {"backlog_limit", config_.uplink.backlog_rows},
                                {"backlog_bytes", counters.backlog_bytes},
                                {"dropped_rows", outbox.dropped_of(OutboxKind::replacement)},
                                {"acknowledged", counters.acknowledged}}
      .dump();
}

}  // namespace doppel
