#include "tests/simulation/bounds.h"

#include <algorithm>

#include "broker_bridge/uplink/uplink_coordinator.h"

namespace doppel::simulation {
namespace {

void expect_at_most(const std::string& what, std::uint64_t value, std::uint64_t most) {
  if (value > most) throw Broken("memory and disk are bounded", what + ": " + std::to_string(value) + ", the limit is " + std::to_string(most));
}

}  // namespace

void check_node_bounds(const NodeOptions& options, const Journal& journal, std::uint64_t at_start, const Outbox& outbox) {
  expect_at_most(options.name + ": bytes of the journal", journal.size_bytes(), std::max(options.journal.budget_bytes, at_start));
  const auto counts = outbox.counts();
  for (std::size_t each = 0; each < kOutboxKinds; ++each) {
    const auto kind = static_cast<OutboxKind>(each);
    const std::size_t rows = kind == OutboxKind::publish       ? options.outbox.max_publications
                             : kind == OutboxKind::replacement ? 2 * options.outbox.max_replacements  // window rows, and others
                                                               : options.outbox.max_rows;
    expect_at_most(options.name + ": rows of kind " + std::string(to_string(kind)) + " in the outbox", counts.undelivered_of(kind), rows);
  }
}

void check_edge_bounds(const std::string& edge, const Pipeline& pipeline, const uplink::EdgeCounters& uplink, const uplink::BacklogLimits& limits) {
  const auto& config = pipeline.config();
  expect_at_most(edge + ": dead letters", pipeline.dead_letters().size(), config.max_dead_letters);
  expect_at_most(edge + ": twins", pipeline.twins().size(), config.max_twins);
  expect_at_most(edge + ": names", pipeline.names().size(), config.max_names);
  expect_at_most(edge + ": functions", pipeline.functions().size(), config.max_functions);
  expect_at_most(edge + ": bytes of held events", pipeline.held_events().bytes(), config.max_held_bytes);
  expect_at_most(edge + ": window rows", pipeline.windows().row_count(), config.window_rules.max_rows);
  // What is in flight stays beyond the limit: the window of frames bounds it.
  expect_at_most(edge + ": rows in the backlog", uplink.backlog_rows, limits.rows + uplink::CoordinatorOptions{}.window * uplink::kMaxRows);
  expect_at_most(edge + ": bytes in the backlog", uplink.backlog_bytes, 2 * limits.bytes);
}

}  // namespace doppel::simulation
