// Rows as earlier versions of the program wrote them.
#include <gtest/gtest.h>

#include "tests/unit/edge_runtime/pipeline/edge.h"

namespace doppel {
namespace {

std::string from_hex(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2) bytes += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  return bytes;
}

TEST(OlderRows, a_dead_letter_without_its_event_is_shown_and_cannot_be_retried) {
  MemoryStore store;
  store.tables["dead_letter"][from_hex("0000000000000001")] = from_hex(
      "011200000000000000be3fddf77302eb180b0000006261645f7061796c6f6164400000007061796c6f6164206973206e6f742076616c6964204a534f4e3a204120"
      "737472696e67206973206f70656e65642c20627574206e6576657220636c6f7365642e0000000000000000000000000c000000706c616e742f70756d702d330800"
      "00007b2262726f6b656e0800000000000000");
  DeadLetters letters(10);
  const auto loaded = letters.load(store);
  ASSERT_TRUE(loaded) << loaded.error().message;
  const DeadLetter* letter = letters.find(1);
  ASSERT_NE(letter, nullptr);
  EXPECT_EQ(letter->reason, "bad_payload");
  EXPECT_EQ(letter->event.position, Position{18});
  EXPECT_EQ(letter->event.topic, "plant/pump-3");
  EXPECT_EQ(letter->event.payload, "{\"broken");
  EXPECT_EQ(letter->payload_size, 8u);
  EXPECT_EQ(letter->retry, RetryAs::nothing);
}

TEST(OlderRows, a_function_without_failure_fuel_is_active_and_has_burnt_none) {
  NativeFunctions natives;
  const std::string manifest = "reads = ['v: f64']\nwrites = ['w: f64']\n[[trigger]]\ntopic = 'd/#'\n";
  const auto copy = [](NativeRun& run) { run.add(EffectKind::set, 0, "w", {}, ValueView::of(*run.number(0, 0))); };
  Edge edge(natives);
  edge.apply({activation(0, "f", natives.add("f", manifest, copy))});
  edge.apply({message(1, "d/a", R"({"v":3})")});
  MemoryStore store;
  store.tables = edge.commit();
  // Version 1 went from the meters to the activation: version, position and six meters are 57 bytes; two meters, burnt, since when,
  // quarantined and why it is unavailable 37.
  std::string& row = store.tables["function"]["f"];
  ASSERT_EQ(row[0], 3);
  row[0] = 1;
  row.erase(57, 37);
  Pipeline pipeline(natives);
  const auto loaded = pipeline.load(store);
  ASSERT_TRUE(loaded) << loaded.error().message;
  const auto& function = pipeline.functions()[*pipeline.functions().find("f")];
  EXPECT_EQ(function.meters.events, 1u);
  EXPECT_EQ(function.failure_fuel.burnt, 0u);
  EXPECT_FALSE(function.quarantined);
}

TEST(OlderRows, a_function_of_version_2_is_as_quarantined_as_it_was) {
  NativeFunctions natives;
  Edge edge(natives);
  edge.apply({activation(0, "f", natives.add("f", "[[trigger]]\ntopic = 'd/#'\n", [](NativeRun&) {}))});
  MemoryStore store;
  store.tables = edge.commit();
  std::string& row = store.tables["function"]["f"];
  row[0] = 2;
  row[89] = 1;        // quarantined
  row.erase(90, 4);   // why it is unavailable
  row.erase(57, 16);  // two meters
  Pipeline pipeline(natives);
  const auto loaded = pipeline.load(store);
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(pipeline.functions()[0].condition(), "quarantined");
}

TEST(OlderRows, a_twin_and_counts_without_ids_of_events_are_read) {
  NativeFunctions natives;
  Edge edge(natives);
  edge.apply({message(1, "d/a", R"({"v":3})")});
  MemoryStore store;
  store.tables = edge.commit();
  std::string& twin = store.tables["twin"]["d/a"];
  ASSERT_EQ(twin[0], 2);
  twin[0] = 1;
  twin.resize(twin.size() - 4);  // no ids
  std::string& counts = store.tables["fold_state"]["counts"];
  ASSERT_EQ(counts[0], 3);
  counts[0] = 1;
  counts.erase(1 + 8 * 8, 2 * 8);  // behind eight counts
  Pipeline pipeline(natives);
  const auto loaded = pipeline.load(store);
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(pipeline.counts().events, 1u);
  EXPECT_EQ(pipeline.twins()[pipeline.twins().find("d/a")].events, 1u);
}

TEST(OlderRows, counts_without_unnamed_fields_are_read) {
  NativeFunctions natives;
  Edge edge(natives);
  edge.apply({message(1, "d/a", R"({"v":3,"":4})")});
  EXPECT_EQ(edge.pipeline().counts().unnamed_fields, 1u);
  MemoryStore store;
  store.tables = edge.commit();
  std::string& counts = store.tables["fold_state"]["counts"];
  ASSERT_EQ(counts[0], 3);
  counts[0] = 2;
  counts.erase(1 + 9 * 8, 8);
  Pipeline pipeline(natives);
  const auto loaded = pipeline.load(store);
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(pipeline.counts().events, 1u);
  EXPECT_EQ(pipeline.counts().unnamed_fields, 0u);
}

}  // namespace
}  // namespace doppel
