// Bytes from the network into both ends of the uplink, and what was journaled of them into the merge.
#include <cstdint>
#include <string_view>

#include "broker_bridge/uplink/uplink_coordinator.h"
#include "broker_bridge/uplink/uplink_edge.h"
#include "coordinator/merge_fold.h"

namespace {

using namespace doppel;

constexpr Duration kNow = std::chrono::seconds(1'000);

void into_edge(std::string_view bytes) {
  uplink::UplinkEdge edge({EdgeId("north"), "", "", 0, {}, 0, 0}, {});
  std::vector<uplink::EdgeAction> actions;
  edge.step(kNow, uplink::edge_input::Tick{}, actions);
  const auto welcome = uplink::encode({1, uplink::Welcome{0, 8, false, ""}});
  edge.step(kNow, uplink::edge_input::Received{welcome}, actions);
  edge.step(kNow, uplink::edge_input::Received{bytes}, actions);
}

void into_coordinator(std::string_view bytes) {
  uplink::UplinkCoordinator coordinator({});
  std::vector<uplink::CoordinatorAction> actions;
  coordinator.step(kNow, uplink::coordinator_input::Received{"peer", std::nullopt, bytes}, actions);
  const auto hello = uplink::encode({1, uplink::Hello{EdgeId("north"), "", "", 0, {}, 0}});
  coordinator.step(kNow, uplink::coordinator_input::Received{"other", std::nullopt, hello}, actions);
  coordinator.step(kNow, uplink::coordinator_input::Journaled{1, Position{1}}, actions);
  coordinator.step(kNow, uplink::coordinator_input::LookedUp{"other", 1, uplink::Standing{}}, actions);
  coordinator.step(kNow, uplink::coordinator_input::Received{"other", std::nullopt, bytes}, actions);
}

void into_merge(std::string_view bytes) {
  MergeFold fold{MergeLimits{}};
  const auto hello = uplink::encode({1, uplink::Hello{EdgeId("north"), "", "", 0, {}, 0}});
  Record records[3];
  for (std::size_t i = 0; i < 3; ++i) {
    records[i].position = Position{i + 1};
    records[i].arrival = from_nanoseconds(1'700'000'000'000'000'000);
    records[i].kind = i < 2 ? RecordKind::uplink : RecordKind::desired;
    records[i].topic = i < 2 ? "north" : kDesiredFunctionTopic;
    records[i].payload = i == 0 ? std::string_view(hello) : bytes;
  }
  BatchOutput output;
  if (!fold.apply({{}, Epoch::first, Position{4}, records, {}}, output)) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto frame = uplink::decode(bytes);
  // What was accepted can be sent on.
  if (frame && !uplink::decode(uplink::encode(*frame))) __builtin_trap();
  into_edge(bytes);
  into_coordinator(bytes);
  into_merge(bytes);
  return 0;
}
