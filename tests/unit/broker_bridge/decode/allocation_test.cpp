#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "broker_bridge/decode/decoder.h"
#include "tests/unit/broker_bridge/decode/message.h"

namespace {

std::atomic<std::uint64_t> allocations{0};

}  // namespace

// Counts what this program allocates. GCC 12 takes the replaced pair for a mismatch of new and free once it has inlined it.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(size);
}
void* operator new(std::size_t size) {
  if (void* memory = operator new(size, std::nothrow)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace doppel {
namespace {

std::uint64_t allocations_of_a_steady_stream(const Mapping& mapping, const std::string& topic, std::string_view payload) {
  Decoder decoder = std::move(Decoder::make(mapping)).value();
  Message message(topic, payload);
  const Record& record = message.record();
  Arena arena;
  EventList events;
  const auto batch = [&] {
    arena.reset();
    events.clear();
    for (int i = 0; i < 100; ++i) EXPECT_TRUE(decoder.decode(record, arena, events));
  };
  batch();
  batch();
  const std::uint64_t before = allocations;
  batch();
  return allocations - before;
}

TEST(Allocation, a_steady_stream_is_decoded_without_any) {
  MappingRule rule;
  rule.topic = "plant/{area}/device/{id}";
  rule.twin = "{area}:{/id}";
  const char* payload = R"({"t":1700000000123,"id":"d000123","nested":{"a\n":1.5,"b":[1,2,3]},"text":"x\ty","huge":1e400})";
  EXPECT_EQ(allocations_of_a_steady_stream({}, "plant/a3/device/d000123", payload), 0u);
  EXPECT_EQ(allocations_of_a_steady_stream({.rules = {rule}}, "plant/a3/device/d000123", payload), 0u);
  EXPECT_EQ(allocations_of_a_steady_stream({}, "plant/a3/device/d000123/temperature", "71.25"), 0u);
}

}  // namespace
}  // namespace doppel
