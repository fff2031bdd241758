#include "coordinator/merge_fold.h"

#include <algorithm>
#include <array>

#include "twin_store/model/bytes.h"
#include "twin_store/model/window.h"

namespace doppel {
namespace {

constexpr std::string_view kStateTable = "merge_state";
constexpr std::string_view kBadRecords = "bad_records", kLimits = "limits";

constexpr std::array<std::string_view, 9> kTables = {
    Roster::kEdges,       Roster::kStatus,      Roster::kContributors, WindowTable::kParts, WindowTable::kFrozen,
    WindowTable::kState,  LatestTable::kTable,  DesiredState::kTable,  kStateTable,
};

}  // namespace

MergeFold::MergeFold(MergeLimits limits)
    : limits_(limits), roster_(limits.max_edges), windows_(limits.windows), latest_(limits.latest), state_rows_(kStateTable) {}

std::span<const std::string_view> MergeFold::tables() const { return kTables; }

Result<void> MergeFold::load(const StoreReader& store) {
  if (auto loaded = roster_.load(store); !loaded) return loaded;
  if (auto loaded = windows_.load(store, roster_); !loaded) return loaded;
  if (auto loaded = latest_.load(store, roster_); !loaded) return loaded;
  if (auto loaded = desired_.load(store); !loaded) return loaded;
  generation_.store(desired_.generation(), std::memory_order_release);
  const auto bad = store.find(kStateTable, kBadRecords);
  if (!bad) return bad.error();
  if (*bad) bad_records_ = ByteReader(**bad).take<std::uint64_t>();
  const auto limits = store.find(kStateTable, kLimits);
  if (!limits) return limits.error();
  return *limits ? configure(**limits) : Result<void>();
}

Result<void> MergeFold::apply(const Batch& batch, BatchOutput&) {
  for (const auto& record : batch.records) {
    if (record.kind == RecordKind::uplink) apply_uplink(record);
    if (record.kind == RecordKind::desired) apply_desired(record);
    if (record.kind == RecordKind::configuration) apply_configuration(record);
    windows_.advance(record.arrival);
    latest_.advance(windows_.now());
    applied_ = record.position;
  }
  return {};
}

void MergeFold::take_changes(std::vector<RowChange>& changes) {
  roster_.take_changes(changes);
  windows_.take_changes(changes);
  latest_.take_changes(changes);
  desired_.take_changes(changes);
  state_rows_.take(changes);
}

std::size_t MergeFold::dirty_bytes() const {
  return roster_.dirty_bytes() + windows_.dirty_bytes() + latest_.dirty_bytes() + desired_.dirty_bytes() + state_rows_.bytes();
}

std::optional<uplink::Standing> MergeFold::standing_of(const uplink::Hello& hello, Position position) const {
  if (applied_ < position) return std::nullopt;
  uplink::Standing standing;
  const auto* edge = roster_.find(hello.edge);
  const auto* contributor = roster_.find(hello.edge, hello.lane, hello.incarnation);
  if (edge == nullptr || contributor == nullptr) {
    standing.refused = "this coordinator has as many edges, or incarnations of edge " + hello.edge.text() + ", as it may have";
    return standing;
  }
  standing.held = contributor->held;
  standing.ask_all = contributor->ask_all;
  standing.desired = desired_.desired_of(edge->name, edge->region);
  return standing;
}

void MergeFold::apply_uplink(const Record& record) {
  auto frame = uplink::decode(record.payload);
  if (!frame) return count_bad_record();
  if (const auto* hello = std::get_if<uplink::Hello>(&frame->body)) {
    if (hello->edge.text() != record.topic) return count_bad_record();
    return apply_hello(*hello, record.arrival);
  }
  auto* edge = roster_.find(EdgeId(std::string(record.topic)));
  if (edge == nullptr) return count_bad_record();
  if (auto* rows = std::get_if<uplink::Rows>(&frame->body)) return apply_rows(*edge, *rows, record.arrival);
  if (auto* status = std::get_if<uplink::Status>(&frame->body)) {
    roster_.set_status(*edge, std::move(*status));
    return roster_.heard(*edge, record.arrival);
  }
  count_bad_record();
}

void MergeFold::apply_hello(const uplink::Hello& hello, Timestamp arrival) {
  const auto* known = roster_.find(hello.edge);
  std::optional<std::uint32_t> before;
  if (known != nullptr && known->current.contains(hello.lane)) before = known->current.at(hello.lane);
  const auto greeted = roster_.hello(hello, arrival);
  if (!greeted) return count_bad_record();
  if (before && *before != (*greeted)->id) {
    roster_.set_partial(*before);
    latest_.forget(*(*greeted)->edge, hello.lane);
  }
}

void MergeFold::apply_rows(EdgeRecord& edge, uplink::Rows& rows, Timestamp arrival) {
  auto* from = roster_.find(edge.name, rows.lane, rows.incarnation);
  if (from == nullptr) {
    return roster_.refuse(edge, Refusal::unknown, "ROWS of incarnation " + to_hex(rows.incarnation) + ", which said no HELLO");
  }
  std::uint64_t highest = 0;
  for (auto& row : rows.rows) {
    highest = std::max(highest, row.revision);
    const char kind = row.key.front();
    const auto refusal = apply_row(*from, row, arrival);
    if (refusal) {
      const auto what = "a row of kind '" + std::string(1, kind) + "', revision " + std::to_string(row.revision);
      roster_.refuse(edge, *refusal, what + ", " + std::string(to_string(*refusal)));
    }
  }
  roster_.hold(*from, highest);
  roster_.heard(edge, arrival);
}

std::optional<Refusal> MergeFold::apply_row(Contributor& from, uplink::Row& row, Timestamp arrival) {
  switch (row.key.front()) {
    case kWindowRowKey:
      return windows_.put(from, std::string_view(row.key).substr(1), row.revision, std::move(row.payload), arrival);
    case kTwinValuesKey:
    case kAlertKey:
    case kEdgeStatusKey:
      if (!roster_.is_current(from)) return std::nullopt;
      return latest_.put(from, row.key, row.revision, std::move(row.payload), arrival);
    default: return Refusal::unknown;
  }
}

void MergeFold::apply_desired(const Record& record) {
  if (record.topic != kDesiredFunctionTopic) return count_bad_record();
  const auto change = decode_desired_change(record.payload);
  const auto applied = change ? desired_.apply(*change, record.position) : Result<void>(change.error());
  if (!applied) return refuse_desired(record.position, applied.error());
  generation_.store(desired_.generation(), std::memory_order_release);
}

void MergeFold::refuse_desired(Position position, const Error& why) {
  constexpr std::size_t kKept = 256;
  if (refused_.size() == kKept) refused_.pop_front();
  refused_.emplace_back(position, why);
  count_bad_record();
}

std::optional<Error> MergeFold::refusal_of(Position position) const {
  const auto at = std::find_if(refused_.begin(), refused_.end(), [&](const auto& refused) { return refused.first == position; });
  return at == refused_.end() ? std::nullopt : std::optional(at->second);
}

Result<void> MergeFold::configure(std::string_view json) {
  auto limits = parse_merge_limits(json);
  if (!limits) return limits.error();
  limits_ = *limits;
  roster_.set_max_edges(limits_.max_edges);
  windows_.set_limits(limits_.windows);
  latest_.set_limits(limits_.latest);
  return {};
}

void MergeFold::apply_configuration(const Record& record) {
  if (!configure(record.payload)) return count_bad_record();
  state_rows_.put(std::string(kLimits), std::string(record.payload));
}

void MergeFold::count_bad_record() {
  std::string value;
  ByteWriter(value).put(++bad_records_);
  state_rows_.put(std::string(kBadRecords), std::move(value));
}

}  // namespace doppel
