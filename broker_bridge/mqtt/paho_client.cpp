// The packet identifier of a received message is hidden in Paho C++ 1.2: message::c_struct() is declared under this name only. It
// is an inline accessor, so that the library's own build does not matter.
#define UNIT_TESTS

#include <mqtt/async_client.h>

#include <cstring>
#include <mutex>

#include "broker_bridge/mqtt/client.h"

namespace doppel {
namespace {

constexpr std::chrono::milliseconds kStopCheck{50};
constexpr std::chrono::milliseconds kAnswerTimeout{10'000};
constexpr std::chrono::milliseconds kGoodbyeTimeout{1'000};
constexpr int kQosRefused = 0x80;

// The C library writes a line into a trace of its own at each entry and exit of its functions, which is an eighth of what a message
// costs the edge. MQTT_C_CLIENT_TRACE_LEVEL in the environment brings it back.
void quieten_library() { MQTTAsync_setTraceLevel(MQTTASYNC_TRACE_ERROR); }

std::string_view text_of(const MQTTLenString& text) { return {text.data, static_cast<std::size_t>(text.len)}; }

// Collects the facts beside topic and payload as a record's headers.
class Headers {
 public:
  void read(const MQTTProperties& properties) {
    for (int i = 0; i < properties.count; ++i) read(properties.array[i]);
  }
  std::string_view encoded() const { return encoded_; }
  std::string_view publication_id() const { return publication_id_; }
  bool left_out() const { return left_out_; }

 private:
  void read(const MQTTProperty& property) {
    const std::string_view value = text_of(property.value.data);
    switch (property.identifier) {
      case MQTTPROPERTY_CODE_CONTENT_TYPE: return add(HeaderTag::content_type, value);
      case MQTTPROPERTY_CODE_CORRELATION_DATA: return add(HeaderTag::correlation, value);
      case MQTTPROPERTY_CODE_RESPONSE_TOPIC: return add(HeaderTag::response_topic, value);
      case MQTTPROPERTY_CODE_USER_PROPERTY: return read_user_property(value, text_of(property.value.value));
      default: return;
    }
  }
  void read_user_property(std::string_view name, std::string_view value) {
    if (name == kPublicationId) publication_id_ = value;
    if (name == "traceparent") return add(HeaderTag::trace_parent, value);
    std::string pair(name);
    pair += '\0';
    pair += value;
    add(HeaderTag::user_property, pair);
  }
  void add(HeaderTag tag, std::string_view value) {
    const std::size_t before = encoded_.size();
    append_header(encoded_, tag, value);
    if (encoded_.size() <= kMaxHeaders) return;
    encoded_.resize(before);
    left_out_ = true;
  }

  std::string encoded_;
  std::string_view publication_id_;
  bool left_out_ = false;
};

ReceivedMessage describe(const mqtt::message& message, const Headers& headers) {
  const MQTTAsync_message& c = message.c_struct();
  ReceivedMessage result;
  result.delivery.qos = static_cast<std::uint8_t>(c.qos);
  result.delivery.dup = c.dup != 0;
  result.delivery.retained = c.retained != 0;
  result.delivery.packet_id = c.qos > 0 ? static_cast<std::uint16_t>(c.msgid) : std::uint16_t{0};
  result.topic = message.get_topic();
  result.payload = {static_cast<const char*>(c.payload), static_cast<std::size_t>(c.payloadlen)};
  result.headers = headers.encoded();
  result.headers_left_out = headers.left_out();
  result.publication_id = headers.publication_id();
  return result;
}

// Of the library's codes: those of the protocol are positive, its own negative.
Error publication_error(int code, const std::string& text) {
  const bool refused = code >= kQosRefused && code != mqtt::ReasonCode::QUOTA_EXCEEDED;
  if (refused) return invalid_input("the broker refuses the publication: " + mqtt::exception::reason_code_str(code));
  return unavailable("the publication has no answer: " + text);
}

// Hands answers of the broker to who waits for them.
class Answers final : public mqtt::iaction_listener {
 public:
  struct Waiting {
    PublicationDone done;
  };
  void on_success(const mqtt::token& token) override { finish(token, {}); }
  void on_failure(const mqtt::token& token) override {
    finish(token, publication_error(token.get_reason_code(), mqtt::exception::error_str(token.get_return_code())));
  }

 private:
  static void finish(const mqtt::token& token, const Result<void>& result) {
    const std::unique_ptr<Waiting> waiting(static_cast<Waiting*>(token.get_user_context()));
    waiting->done(result);
  }
};

mqtt::create_options create_options(MqttVersion version) {
  mqtt::create_options options(static_cast<int>(version));
  options.set_max_buffered_messages(65'535);
  return options;
}

class PahoClient final : public MqttClient {
 public:
  PahoClient(const MqttBroker& broker, const MqttSession& session, MqttVersion version, const std::string& address,
             Handlers handlers)
      : broker_(broker), session_(session), version_(version), handlers_(std::move(handlers)),
        client_(address, session.client_id, create_options(version)) {
    // noexcept: an exception that left through the library's C code would be undefined; ending here leaves the message
    // without acknowledgement.
    if (handlers_.message) client_.set_message_callback([this](mqtt::const_message_ptr message) noexcept { take(*message); });
    client_.set_connection_lost_handler([this](const std::string& why) { handlers_.lost(why); });
    client_.set_disconnected_handler([this](const mqtt::properties&, mqtt::ReasonCode code) {
      handlers_.lost("the broker ends it: " + mqtt::exception::reason_code_str(code));
    });
  }

  ConnectOutcome connect(const std::stop_token& stop) override;
  Result<std::uint8_t> subscribe(const MqttSubscription& subscription) override;
  Result<void> unsubscribe(const std::string& filter) override;
  void publish(const Publication& publication, PublicationDone done) override;
  void disconnect() override;

 private:
  mqtt::connect_options connect_options() const;
  mqtt::ssl_options ssl_options() const;
  void take(const mqtt::message& message) {
    Headers headers;
    headers.read(message.c_struct().properties);
    handlers_.message(describe(message, headers));
  }

  const MqttBroker broker_;
  const MqttSession session_;
  const MqttVersion version_;
  const Handlers handlers_;
  Answers answers_;  // outlives the client, whose end fails what is still waiting
  mqtt::async_client client_;
};

mqtt::ssl_options PahoClient::ssl_options() const {
  mqtt::ssl_options ssl;
  if (!broker_.ca_file.empty()) ssl.set_trust_store(broker_.ca_file);
  if (!broker_.cert_file.empty()) ssl.set_key_store(broker_.cert_file), ssl.set_private_key(broker_.key_file);
  ssl.set_enable_server_cert_auth(true);
  ssl.set_verify(true);
  return ssl;
}

mqtt::connect_options PahoClient::connect_options() const {
  mqtt::connect_options options;
  options.set_mqtt_version(static_cast<int>(version_));
  options.set_keep_alive_interval(broker_.keep_alive);
  options.set_connect_timeout(std::chrono::duration_cast<std::chrono::seconds>(broker_.connect_timeout));
  options.set_automatic_reconnect(false);
  options.set_max_inflight(65'535);
  if (version_ == MqttVersion::v5) {
    options.set_clean_start(!session_.keep);
    mqtt::properties properties;
    properties.add({mqtt::property::SESSION_EXPIRY_INTERVAL, static_cast<std::int32_t>(session_.keep ? session_.expiry.count() : 0)});
    properties.add({mqtt::property::RECEIVE_MAXIMUM, static_cast<std::int16_t>(session_.receive_maximum)});
    properties.add({mqtt::property::MAXIMUM_PACKET_SIZE, static_cast<std::int32_t>(kMaxPacket)});
    options.set_properties(properties);
  } else {
    options.set_clean_session(!session_.keep);
  }
  if (!broker_.username.empty()) options.set_user_name(broker_.username);
  if (!broker_.password.empty()) options.set_password(broker_.password);
  if (broker_.url.starts_with("mqtts://")) options.set_ssl(ssl_options());
  return options;
}

ConnectOutcome failed(ConnectFailure failure, std::string reason) { return {failure, std::move(reason), false}; }

ConnectOutcome failed(const mqtt::exception& error, MqttVersion version) {
  const int reason = error.get_reason_code();
  const std::string text = error.get_message();
  // Version 3.1.1 has five codes of its own; the first is "unacceptable protocol version".
  if (reason == mqtt::ReasonCode::UNSUPPORTED_PROTOCOL_VERSION || error.get_return_code() == 1)
    return failed(ConnectFailure::version, "the broker does not speak this version of MQTT");
  if (version == MqttVersion::v5 && reason >= kQosRefused)
    return failed(ConnectFailure::refused, mqtt::exception::reason_code_str(reason));
  if (error.get_return_code() > 0) return failed(ConnectFailure::refused, text);
  // Whether a connection came about at all the library tells in words only; of a name that leads nowhere it says nothing.
  if (text.empty()) return failed(ConnectFailure::unreachable, "no connection: is the host's name right?");
  const bool reached = text.find("connect failure") == std::string::npos;
  return failed(reached ? ConnectFailure::no_answer : ConnectFailure::unreachable, text);
}

ConnectOutcome PahoClient::connect(const std::stop_token& stop) try {
  const auto token = client_.connect(connect_options());
  const auto until = std::chrono::steady_clock::now() + broker_.connect_timeout;
  while (!token->wait_for(kStopCheck)) {
    if (stop.stop_requested()) return failed(ConnectFailure::stopped, "stopped");
    if (std::chrono::steady_clock::now() > until)
      return failed(ConnectFailure::no_answer, "no answer in " + std::to_string(broker_.connect_timeout.count()) + " ms");
  }
  return {ConnectFailure::none, "", token->get_connect_response().is_session_present()};
} catch (const mqtt::exception& error) {
  return failed(error, version_);
}

Result<std::uint8_t> PahoClient::subscribe(const MqttSubscription& subscription) try {
  mqtt::token_ptr token;
  if (version_ == MqttVersion::v5) {
    const mqtt::subscribe_options options(mqtt::subscribe_options::SUBSCRIBE_NO_LOCAL, false,
                                          mqtt::subscribe_options::SEND_RETAINED_ON_NEW);
    token = client_.subscribe(subscription.filter, subscription.qos, options);
  } else {
    token = client_.subscribe(subscription.filter, subscription.qos);
  }
  if (!token->wait_for(kAnswerTimeout)) return unavailable("no answer to the subscription of \"" + subscription.filter + "\"");
  return static_cast<std::uint8_t>(token->get_subscribe_response().get_reason_codes().at(0));
} catch (const mqtt::exception& error) {
  const bool refused = error.get_reason_code() >= kQosRefused || error.get_return_code() >= kQosRefused;
  const std::string why = "subscription of \"" + subscription.filter + "\": " + error.to_string();
  return refused ? conflict(why) : unavailable(why);
}

Result<void> PahoClient::unsubscribe(const std::string& filter) try {
  if (!client_.unsubscribe(filter)->wait_for(kAnswerTimeout))
    return unavailable("no answer to the end of subscription \"" + filter + "\"");
  return {};
} catch (const mqtt::exception& error) {
  return unavailable("end of subscription \"" + filter + "\": " + error.to_string());
}

void PahoClient::publish(const Publication& publication, PublicationDone done) {
  mqtt::properties properties;
  if (version_ == MqttVersion::v5 && !publication.id.empty())
    properties.add({mqtt::property::USER_PROPERTY, std::string(kPublicationId), publication.id});
  auto waiting = std::make_unique<Answers::Waiting>(Answers::Waiting{std::move(done)});
  try {
    const auto message = mqtt::message::create(publication.topic, publication.payload.data(), publication.payload.size(),
                                               publication.qos, publication.retain, properties);
    client_.publish(message, waiting.get(), answers_);
    (void)waiting.release();  // the answer frees it
  } catch (const mqtt::exception& error) {
    waiting->done(publication_error(error.get_reason_code(), error.to_string()));
  }
}

void PahoClient::disconnect() try {
  client_.disconnect(static_cast<int>(kGoodbyeTimeout.count()))->wait_for(kGoodbyeTimeout);
} catch (const mqtt::exception&) {
  // Not connected any more: there is nobody to say goodbye to.
}

}  // namespace

Result<std::unique_ptr<MqttClient>> MqttClient::make(const MqttBroker& broker, const MqttSession& session, MqttVersion version,
                                                     Handlers handlers) {
  const auto address = broker_address(broker.url);
  if (!address) return address.error();
  static std::once_flag quiet;
  std::call_once(quiet, quieten_library);
  try {
    return std::unique_ptr<MqttClient>(std::make_unique<PahoClient>(broker, session, version, *address, std::move(handlers)));
  } catch (const mqtt::exception& error) {
    return invalid_input("broker \"" + broker.url + "\": " + error.to_string());
  }
}

}  // namespace doppel
