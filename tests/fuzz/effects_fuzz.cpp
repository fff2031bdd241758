// What a function hands to the host: an effects list; and what a coordinator hands down: activations and manifests. None of it
// may make the decoders read outside their input, and what they take keeps to the limits.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "functions/abi/activation.h"
#include "functions/abi/manifest.h"
#include "functions/abi/names.h"
#include "functions/abi/run.h"

namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

void check_effects(std::string_view bytes) {
  constexpr std::uint32_t kEvents = 4;
  const auto effects = doppel::decode_effects(bytes, kEvents);
  if (!effects) return check(!effects.error().message.empty());
  for (const doppel::Effect& effect : *effects) {
    check(effect.event < kEvents);
    check(effect.name.size() <= doppel::kMaxNameBytes);
    check(effect.target.size() <= doppel::kMaxTopicBytes);
    check(effect.value.kind != doppel::ValueKind::text || doppel::is_utf8(effect.value.content));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 4) {
    case 0: (void)doppel::decode_activation(bytes); break;
    case 1: (void)doppel::parse_manifest(bytes); break;
    default: check_effects(bytes);
  }
  return 0;
}
