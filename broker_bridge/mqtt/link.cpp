#include "broker_bridge/mqtt/link.h"

#include "twin_store/model/hash.h"

namespace doppel {
namespace {

// A connection that lasted so long was a good one: the next pause is short again.
constexpr std::chrono::seconds kGoodConnection{5};
constexpr std::chrono::seconds kReminder{1};

std::string_view name_of(MqttVersion version) { return version == MqttVersion::v5 ? "5" : "3.1.1"; }

MqttVersion other(MqttVersion version) { return version == MqttVersion::v5 ? MqttVersion::v3_1_1 : MqttVersion::v5; }

// Another version can help where the broker said so, or hung up without a word.
bool may_speak_another(const ConnectOutcome& outcome, bool has_spoken_5) {
  if (outcome.failure == ConnectFailure::version) return true;
  return outcome.failure == ConnectFailure::no_answer && !has_spoken_5;
}

}  // namespace

std::string_view to_string(MqttStanding standing) {
  switch (standing) {
    case MqttStanding::disconnected: return "disconnected";
    case MqttStanding::subscribing: return "subscribing";
    case MqttStanding::refused: return "refused";
    case MqttStanding::lower_qos: return "lower_qos";
    case MqttStanding::subscribed: return "subscribed";
  }
  return "unknown";
}

MqttLink::MqttLink(MqttLinkOptions options, Handlers handlers, MqttCounters& counters, const Clock& clock, Log& log)
    : options_(std::move(options)),
      handlers_(std::move(handlers)),
      counters_(counters),
      clock_(clock),
      log_(log),
      backoff_(options_.broker.reconnect_min, options_.broker.reconnect_max, hash64(options_.session.client_id)),
      settle_backoff_(kReminder, options_.broker.reconnect_max, hash64(options_.session.client_id)),
      session_(options_.first_session - 1),
      since_(clock.wall()) {}

MqttLink::~MqttLink() { stop(); }

void MqttLink::start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void MqttLink::stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
  last_client_.reset();
}

void MqttLink::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    if (connect(stop)) wait_until_lost(stop);
    take_down();
    pause(stop);
  }
}

bool MqttLink::connect(const std::stop_token& stop) {
  MqttVersion version = first_version_;
  ConnectOutcome outcome = attempt(version, stop);
  if (may_speak_another(outcome, has_spoken_5_)) {
    // A broker that refuses a version by name is believed from now on; one that hung up may have had other reasons.
    version = other(version);
    if (outcome.failure == ConnectFailure::version) first_version_ = version;
    outcome = attempt(version, stop);
  }
  if (outcome.failure == ConnectFailure::stopped) return false;
  if (outcome.failure != ConnectFailure::none) {
    ++counters_.connect_failures;
    failed(outcome.reason);
    log_.warning("mqtt_connect_failed",
                 {{"broker", options_.broker.url}, {"client", options_.session.client_id}, {"why", outcome.reason}});
    return false;
  }
  has_spoken_5_ = has_spoken_5_ || version == MqttVersion::v5;
  counters_.version = static_cast<std::uint8_t>(version);
  ++counters_.connects;
  log_.info("mqtt_connected", {{"broker", options_.broker.url},
                               {"client", options_.session.client_id},
                               {"version", std::string(name_of(version))},
                               {"session", outcome.session_present ? "kept" : "new"}});
  begin_session(outcome.session_present);
  settle();
  {
    const std::lock_guard lock(mutex_);
    set_connected(!is_lost());
  }
  if (handlers_.connected) handlers_.connected();
  return true;
}

ConnectOutcome MqttLink::attempt(MqttVersion version, const std::stop_token& stop) {
  take_down();
  std::uint32_t session = 0;
  {
    const std::lock_guard lock(mutex_);
    session = ++session_;
  }
  counters_.session = session;
  const auto client = client_for(version, session);
  if (!client) return {ConnectFailure::refused, client.error().message, false};
  const ConnectOutcome outcome = (*client)->connect(stop);
  if (outcome.failure != ConnectFailure::none) return outcome;
  const std::lock_guard lock(mutex_);
  client_ = *client;
  return outcome;
}

// A session that the broker keeps begins with a new client, which holds nothing of it. Otherwise the client is used again:
// destroying one frees all but the topics and payloads of publications that it has not written yet (Paho C 1.3.12).
Result<std::shared_ptr<MqttClient>> MqttLink::client_for(MqttVersion version, std::uint32_t session) {
  if (last_client_ && last_version_ == version) return last_client_;
  last_client_.reset();
  MqttClient::Handlers handlers;
  if (handlers_.message)
    handlers.message = [this, session](const ReceivedMessage& message) { handlers_.message(message, session); };
  handlers.lost = [this](const std::string& why) { lost(why); };
  auto made = MqttClient::make(options_.broker, options_.session, version, std::move(handlers));
  if (!made) return made.error();
  std::shared_ptr<MqttClient> client = std::move(made).value();
  last_version_ = version;
  if (!options_.session.keep) last_client_ = client;
  return client;
}

void MqttLink::begin_session(bool session_present) {
  wanted_ = options_.subscriptions;
  unwanted_ = session_present ? options_.retired_filters : std::set<std::string>();
  qos_is_lower_ = false;
  complaints_.clear();
  settle_backoff_.reset();
}

// Retired filters go first: one that overlaps a subscription would bring its messages twice.
void MqttLink::settle() {
  {
    const std::lock_guard lock(mutex_);
    standing_ = MqttStanding::subscribing;
  }
  const auto client = present_client();
  std::erase_if(unwanted_, [&](const auto& filter) { return unsubscribe(*client, filter); });
  std::erase_if(wanted_, [&](const auto& subscription) { return subscribe(*client, subscription); });
  const bool settled = wanted_.empty() && unwanted_.empty();
  {
    const std::lock_guard lock(mutex_);
    standing_ = !wanted_.empty() ? MqttStanding::refused : qos_is_lower_ ? MqttStanding::lower_qos : MqttStanding::subscribed;
  }
  settle_at_ = std::chrono::steady_clock::now() + settle_backoff_.next();
  if (settled && handlers_.settled) handlers_.settled();
}

bool MqttLink::subscribe(MqttClient& client, const MqttSubscription& subscription) {
  const auto granted = client.subscribe(subscription);
  if (!granted) return complain("mqtt_subscribe_failed", granted.error().message), false;
  if (*granted >= subscription.qos) return true;
  qos_is_lower_ = true;
  complain("mqtt_qos_lowered", "the broker grants \"" + subscription.filter + "\" QoS " + std::to_string(*granted) + ", not " +
                                   std::to_string(subscription.qos) + ": messages may get lost on the way");
  return true;
}

bool MqttLink::unsubscribe(MqttClient& client, const std::string& filter) {
  const auto done = client.unsubscribe(filter);
  if (!done) complain("mqtt_unsubscribe_failed", done.error().message);
  return done.has_value();
}

void MqttLink::complain(std::string_view event, const std::string& why) {
  failed(why);
  if (!complaints_.insert(why).second) return;
  log_.error(event, {{"broker", options_.broker.url}, {"client", options_.session.client_id}, {"why", why}});
}

void MqttLink::wait_until_lost(const std::stop_token& stop) {
  const auto since = std::chrono::steady_clock::now();
  std::unique_lock lock(mutex_);
  while (!changed_.wait_for(lock, stop, kReminder, [this] { return is_lost(); }) && !stop.stop_requested()) {
    lock.unlock();
    if (handlers_.connected) handlers_.connected();
    const bool lacks_something = !wanted_.empty() || !unwanted_.empty();
    if (lacks_something && std::chrono::steady_clock::now() >= settle_at_) settle();
    lock.lock();
  }
  if (std::chrono::steady_clock::now() - since > kGoodConnection) backoff_.reset();
  if (stop.stop_requested()) return;
  log_.warning("mqtt_connection_lost",
               {{"broker", options_.broker.url}, {"client", options_.session.client_id}, {"why", lost_why_}});
}

void MqttLink::pause(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, stop, backoff_.next(), [] { return false; });
}

// On a thread of the library.
void MqttLink::lost(const std::string& why) {
  {
    const std::lock_guard lock(mutex_);
    if (is_lost()) return;  // the first reason is the one that counts
    lost_session_ = session_;
    lost_why_ = why.empty() ? "the connection broke" : why;
    last_error_ = lost_why_;
    set_connected(false);
  }
  changed_.notify_all();
}

void MqttLink::take_down() {
  std::shared_ptr<MqttClient> client;
  {
    const std::lock_guard lock(mutex_);
    client.swap(client_);
    set_connected(false);
  }
  if (client) client->disconnect();
}

void MqttLink::failed(const std::string& why) {
  const std::lock_guard lock(mutex_);
  last_error_ = why;
}

void MqttLink::set_connected(bool connected) {
  if (counters_.connected.exchange(connected) != connected) since_ = clock_.wall();
}

MqttState MqttLink::state() const {
  const std::lock_guard lock(mutex_);
  const bool connected = counters_.connected;
  return {connected, connected ? standing_ : MqttStanding::disconnected, since_, last_error_};
}

std::shared_ptr<MqttClient> MqttLink::present_client() const {
  const std::lock_guard lock(mutex_);
  return client_;
}

void MqttLink::publish(const Publication& publication, PublicationDone done) {
  if (const auto client = present_client()) return client->publish(publication, std::move(done));
  done(unavailable("no connection to " + options_.broker.url));
}

}  // namespace doppel
