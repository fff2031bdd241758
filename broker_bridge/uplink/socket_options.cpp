#include "broker_bridge/uplink/socket_options.h"

#include <zmq.h>

#include "broker_bridge/uplink/messages.h"

namespace doppel::uplink {
namespace {

constexpr int kHighWater = 256;  // frames a peer
constexpr int kHandshakeMs = 5'000;
constexpr int kHeartbeatMs = 5'000;
constexpr int kHeartbeatTimeoutMs = 15'000;
constexpr int kLingerMs = 200;  // a stop may take so long for what is on its way
constexpr std::string_view kZapDomain = "doppel";

void set(void* socket, int option, int value) { zmq_setsockopt(socket, option, &value, sizeof value); }

void set(void* socket, int option, std::string_view value) { zmq_setsockopt(socket, option, value.data(), value.size()); }

}  // namespace

void set_common_options(void* socket, std::string_view address) {
  set(socket, ZMQ_SNDHWM, kHighWater);
  set(socket, ZMQ_RCVHWM, kHighWater);
  set(socket, ZMQ_LINGER, kLingerMs);
  set(socket, ZMQ_HANDSHAKE_IVL, kHandshakeMs);
  set(socket, ZMQ_HEARTBEAT_IVL, kHeartbeatMs);
  set(socket, ZMQ_HEARTBEAT_TIMEOUT, kHeartbeatTimeoutMs);
  set(socket, ZMQ_HEARTBEAT_TTL, kHeartbeatTimeoutMs);
  set(socket, ZMQ_IPV6, address.find('[') != std::string_view::npos ? 1 : 0);
  const std::int64_t max_frame = kMaxFrame;
  zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &max_frame, sizeof max_frame);
}

void set_curve_client(void* socket, const CurveKeys& own, const std::string& server_key) {
  set(socket, ZMQ_CURVE_SERVERKEY, server_key);
  set(socket, ZMQ_CURVE_PUBLICKEY, own.public_key);
  set(socket, ZMQ_CURVE_SECRETKEY, own.secret_key);
}

void set_curve_server(void* socket, const CurveKeys& own) {
  set(socket, ZMQ_CURVE_SERVER, 1);
  set(socket, ZMQ_CURVE_SECRETKEY, own.secret_key);
  set(socket, ZMQ_ZAP_DOMAIN, kZapDomain);
}

}  // namespace doppel::uplink
