#include "broker_bridge/uplink/key_guard.h"

#include <zmq.h>

#include <array>

namespace doppel::uplink {
namespace {

constexpr std::string_view kVersion10 = "1.0";
constexpr std::size_t kBinaryKey = 32;
// Parts of a request: version, id, domain, address, identity, mechanism, credentials.
enum Part : std::size_t { version = 0, id = 1, address = 3, mechanism = 5, credentials = 6, count = 7 };

std::string binary(const std::string& z85) {
  std::string key(kBinaryKey, '\0');
  zmq_z85_decode(reinterpret_cast<std::uint8_t*>(key.data()), z85.c_str());
  return key;
}

std::string z85(std::string key) {
  std::array<char, 41> text{};
  zmq_z85_encode(text.data(), reinterpret_cast<std::uint8_t*>(key.data()), key.size());
  return text.data();
}

}  // namespace

Result<KeyGuard> KeyGuard::make(const std::vector<AllowedKey>& allowed) {
  KeyGuard guard;
  for (const auto& each : allowed) {
    if (auto checked = check_curve_key(each.public_key, "edge " + each.edge.text()); !checked) return checked.error();
    const auto [at, added] = guard.edges_.emplace(binary(each.public_key), each.edge);
    if (!added) return invalid_input("edges " + at->second.text() + " and " + each.edge.text() + " have the same key");
  }
  return guard;
}

std::vector<std::string> KeyGuard::answer(const std::vector<std::string>& request, Log& log) const {
  const auto reply = [&](std::string status, std::string text, std::string user) {
    return std::vector<std::string>{std::string(kVersion10), request.size() > Part::id ? request[Part::id] : "", std::move(status),
                                    std::move(text), std::move(user), ""};
  };
  if (request.size() != Part::count || request[Part::version] != kVersion10) return reply("500", "not a ZAP 1.0 request", "");
  const auto& key = request[Part::credentials];
  if (request[Part::mechanism] != "CURVE" || key.size() != kBinaryKey) return reply("400", "a key is needed", "");
  if (const auto edge = edges_.find(key); edge != edges_.end()) return reply("200", "", edge->second.text());
  log.warning("uplink_key_refused", {{"address", request[Part::address]}, {"key", z85(key)}});
  return reply("400", "this key is not allowed", "");
}

}  // namespace doppel::uplink
