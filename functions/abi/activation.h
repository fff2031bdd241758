// The payload of an activation record: which version of a function is to run from that position on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace doppel {

enum class Origin : std::uint8_t { local = 0, fleet = 1 };  // who owns the function: this edge, or the coordinator

struct Activation {
  bool removed = false;
  Origin origin = Origin::local;
  std::string manifest;       // text of function.toml
  std::string module_sha256;  // 64 hex digits
  std::string version_sha256() const;  // of manifest and module: identifies the version
};

void encode(const Activation& activation, std::string& out);
std::optional<Activation> decode_activation(std::string_view bytes);

}  // namespace doppel
