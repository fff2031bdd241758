#include "edge_runtime/pipeline/dead_letter_order.h"

#include "twin_store/model/bytes.h"

namespace doppel {
namespace {
constexpr std::uint8_t kVersion = 1;
}

void encode(const DeadLetterOrder& order, std::string& out) {
  ByteWriter writer(out);
  writer.put(kVersion);
  writer.put_bytes(order.request);
  writer.put(order.action);
  writer.put_bytes(order.function);
  for (const auto number : order.numbers) writer.put(number);
}

std::optional<DeadLetterOrder> decode_dead_letter_order(std::string_view bytes) {
  ByteReader reader(bytes);
  DeadLetterOrder order;
  if (reader.take<std::uint8_t>() != kVersion) return std::nullopt;
  order.request = reader.take_bytes();
  order.action = reader.take<DeadLetterOrder::Action>();
  order.function = reader.take_bytes();
  while (reader.ok() && !reader.at_end()) order.numbers.push_back(reader.take<std::uint64_t>());
  if (!reader.ok() || order.action > DeadLetterOrder::Action::drop) return std::nullopt;
  return order;
}

}  // namespace doppel
