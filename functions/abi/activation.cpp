#include "functions/abi/activation.h"

#include "twin_store/model/bytes.h"
#include "twin_store/model/hash.h"

namespace doppel {
namespace {

// Version byte, flags (1: removed), origin, then module hash and manifest, each with a u32 length.
constexpr std::uint8_t kVersion = 1;
constexpr std::uint8_t kRemoved = 1;

bool is_sha256_hex(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

std::string Activation::version_sha256() const { return sha256_hex(sha256_hex(manifest) + module_sha256); }

void encode(const Activation& activation, std::string& out) {
  ByteWriter writer(out);
  writer.put(kVersion);
  writer.put(activation.removed ? kRemoved : std::uint8_t{0});
  writer.put(activation.origin);
  writer.put_bytes(activation.module_sha256);
  writer.put_bytes(activation.manifest);
}

std::optional<Activation> decode_activation(std::string_view bytes) {
  ByteReader reader(bytes);
  const auto version = reader.take<std::uint8_t>();
  const auto flags = reader.take<std::uint8_t>();
  const auto origin = reader.take<std::uint8_t>();
  Activation activation;
  activation.removed = flags == kRemoved;
  activation.origin = Origin{origin};
  activation.module_sha256 = reader.take_bytes();
  activation.manifest = reader.take_bytes();
  const bool known = version == kVersion && flags <= kRemoved && origin <= static_cast<std::uint8_t>(Origin::fleet);
  const bool named = activation.removed ? activation.module_sha256.empty() || is_sha256_hex(activation.module_sha256)
                                        : is_sha256_hex(activation.module_sha256);
  if (!reader.ok() || !reader.at_end() || !known || !named) return std::nullopt;
  return activation;
}

}  // namespace doppel
