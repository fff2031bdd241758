#include "coordinator/roster.h"

#include "twin_store/model/bytes.h"

namespace doppel {
namespace {

constexpr std::uint8_t kRowVersion = 1;
constexpr std::string_view kLastId = "last";  // as an id it were the 1,818,325,876th

std::string key_of(std::uint32_t id) {
  std::string key;
  for (int shift = 24; shift >= 0; shift -= 8) key += static_cast<char>(id >> shift);
  return key;
}

std::uint32_t id_of(std::string_view key) {
  std::uint32_t id = 0;
  for (const char c : key) id = id << 8 | static_cast<unsigned char>(c);
  return id;
}

std::string encode(const EdgeRecord& edge) {
  std::string value;
  ByteWriter writer(value);
  writer.put(kRowVersion);
  writer.put_bytes(edge.region);
  writer.put_bytes(edge.program);
  writer.put(to_nanoseconds(edge.first_seen));
  writer.put(to_nanoseconds(edge.last_seen));
  for (const auto count : edge.refused) writer.put(count);
  writer.put_bytes(edge.last_refusal);
  writer.put(static_cast<std::uint32_t>(edge.current.size()));
  for (const auto& [lane, id] : edge.current) {
    writer.put(lane);
    writer.put(id);
  }
  return value;
}

std::string encode(const Contributor& contributor) {
  std::string value;
  ByteWriter writer(value);
  writer.put(kRowVersion);
  writer.put_bytes(contributor.edge->name.text());
  writer.put(contributor.lane);
  for (const auto byte : contributor.incarnation.bytes) writer.put(byte);
  writer.put(contributor.held);
  writer.put(static_cast<std::uint8_t>(contributor.is_partial));
  writer.put(static_cast<std::uint8_t>(contributor.ask_all));
  return value;
}

}  // namespace

bool decode(std::string_view value, EdgeRecord& edge) {
  ByteReader reader(value);
  if (reader.take<std::uint8_t>() != kRowVersion) return false;
  edge.region = reader.take_bytes();
  edge.program = reader.take_bytes();
  edge.first_seen = from_nanoseconds(reader.take<std::int64_t>());
  edge.last_seen = from_nanoseconds(reader.take<std::int64_t>());
  for (auto& count : edge.refused) count = reader.take<std::uint64_t>();
  edge.last_refusal = reader.take_bytes();
  const auto lanes = reader.take<std::uint32_t>();
  for (std::uint32_t i = 0; i < lanes && reader.ok(); ++i) {
    const auto lane = reader.take<std::uint32_t>();
    edge.current[lane] = reader.take<std::uint32_t>();
  }
  return reader.ok() && reader.at_end();
}

std::optional<StoredContributor> decode_contributor(std::string_view value) {
  ByteReader reader(value);
  if (reader.take<std::uint8_t>() != kRowVersion) return std::nullopt;
  StoredContributor stored;
  stored.edge = EdgeId(std::string(reader.take_bytes()));
  stored.lane = reader.take<std::uint32_t>();
  for (auto& byte : stored.incarnation.bytes) byte = reader.take<std::uint8_t>();
  stored.held = reader.take<std::uint64_t>();
  stored.is_partial = reader.take<std::uint8_t>() != 0;
  stored.ask_all = reader.take<std::uint8_t>() != 0;
  if (!reader.ok()) return std::nullopt;
  return stored;
}

std::string_view to_string(Refusal refusal) {
  switch (refusal) {
    case Refusal::malformed: return "malformed";
    case Refusal::late: return "late";
    case Refusal::future: return "future";
    case Refusal::over_limit: return "over_limit";
    case Refusal::unknown: return "unknown";
  }
  return "unknown";
}

Result<void> Roster::load(const StoreReader& store) {
  bool sound = true;
  auto read = store.for_each(kEdges, [&](std::string_view key, std::string_view value) {
    auto& edge = edges_[EdgeId(std::string(key))];
    edge.name = EdgeId(std::string(key));
    sound = decode(value, edge) && sound;
  });
  if (!read) return read;
  read = store.for_each(kStatus, [&](std::string_view key, std::string_view value) {
    auto frame = uplink::decode(value);
    auto* status = frame ? std::get_if<uplink::Status>(&frame->body) : nullptr;
    auto* edge = find(EdgeId(std::string(key)));
    if (status == nullptr || edge == nullptr) return void(sound = false);
    edge->status = std::move(*status);
  });
  if (!read) return read;
  if (!sound) return corrupt_data("a row of the edge tables does not decode");
  return load_contributors(store);
}

Result<void> Roster::load_contributors(const StoreReader& store) {
  bool sound = true;
  auto read = store.for_each(kContributors, [&](std::string_view key, std::string_view value) {
    if (key == kLastId) {
      last_id_ = ByteReader(value).take<std::uint32_t>();
      return;
    }
    const auto stored = decode_contributor(value);
    auto* edge = stored ? find(stored->edge) : nullptr;
    if (edge == nullptr) return void(sound = false);
    const auto id = id_of(key);
    ids_[{stored->edge, stored->lane, stored->incarnation}] = id;
    contributors_[id] = {id, edge, stored->lane, stored->incarnation, stored->held, stored->is_partial, stored->ask_all};
  });
  if (!read) return read;
  if (!sound) return corrupt_data("a row of table " + std::string(kContributors) + " does not decode");
  return {};
}

void Roster::take_changes(std::vector<RowChange>& changes) {
  edge_rows_.take(changes);
  status_rows_.take(changes);
  contributor_rows_.take(changes);
}

Result<Contributor*> Roster::hello(const uplink::Hello& hello, Timestamp arrival) {
  auto* edge = find(hello.edge);
  if (edge == nullptr) {
    if (edges_.size() >= max_edges_) {
      return limit_exceeded("edge " + hello.edge.text() + " is new, and there are " + std::to_string(edges_.size()) +
                            " edges, the limit");
    }
    edge = &edges_[hello.edge];
    edge->name = hello.edge;
    edge->first_seen = arrival;
  }
  auto* contributor = find(hello.edge, hello.lane, hello.incarnation);
  if (contributor == nullptr) {
    auto added = add_contributor(*edge, hello);
    if (!added) return added;
    contributor = *added;
  }
  contributor->ask_all = contributor->is_partial || contributor->held < hello.acknowledged;
  contributor->is_partial = false;
  changed(*contributor);

  edge->region = hello.region;
  edge->program = hello.program;
  edge->current[hello.lane] = contributor->id;
  heard(*edge, arrival);
  return contributor;
}

void Roster::set_partial(std::uint32_t id) {
  auto* contributor = find(id);
  if (contributor == nullptr) return;
  contributor->is_partial = true;
  changed(*contributor);
}

void Roster::set_status(EdgeRecord& edge, uplink::Status status) {
  status_rows_.put(edge.name.text(), uplink::encode({0, status}));
  edge.status = std::move(status);
}

void Roster::heard(EdgeRecord& edge, Timestamp arrival) {
  edge.last_seen = arrival;
  changed(edge);
}

void Roster::hold(Contributor& contributor, std::uint64_t revision) {
  if (revision <= contributor.held) return;
  contributor.held = revision;
  changed(contributor);
}

void Roster::refuse(EdgeRecord& edge, Refusal refusal, std::string in_words) {
  ++edge.refused[static_cast<std::size_t>(refusal)];
  edge.last_refusal = std::move(in_words);
  changed(edge);
}

EdgeRecord* Roster::find(const EdgeId& edge) {
  const auto at = edges_.find(edge);
  return at == edges_.end() ? nullptr : &at->second;
}

const EdgeRecord* Roster::find(const EdgeId& edge) const {
  const auto at = edges_.find(edge);
  return at == edges_.end() ? nullptr : &at->second;
}

const Contributor* Roster::find(const EdgeId& edge, std::uint32_t lane, const Incarnation& incarnation) const {
  const auto at = ids_.find({edge, lane, incarnation});
  return at == ids_.end() ? nullptr : &contributors_.at(at->second);
}

Contributor* Roster::find(const EdgeId& edge, std::uint32_t lane, const Incarnation& incarnation) {
  const auto at = ids_.find({edge, lane, incarnation});
  return at == ids_.end() ? nullptr : find(at->second);
}

Contributor* Roster::find(std::uint32_t id) {
  const auto at = contributors_.find(id);
  return at == contributors_.end() ? nullptr : &at->second;
}

bool Roster::is_current(const Contributor& contributor) const {
  const auto at = contributor.edge->current.find(contributor.lane);
  return at != contributor.edge->current.end() && at->second == contributor.id;
}

Result<Contributor*> Roster::add_contributor(EdgeRecord& edge, const uplink::Hello& hello) {
  std::size_t lives = 0;
  const Contributor* forgettable = nullptr;
  for (const auto& [id, each] : contributors_) {
    if (each.edge != &edge) continue;
    ++lives;
    if (forgettable == nullptr && each.window_rows == 0 && !is_current(each)) forgettable = &each;
  }
  if (lives >= kMaxContributors) {
    if (forgettable == nullptr) {
      return limit_exceeded("edge " + edge.name.text() + " has rows of " + std::to_string(lives) + " incarnations, the limit");
    }
    contributor_rows_.erase(key_of(forgettable->id));
    ids_.erase({edge.name, forgettable->lane, forgettable->incarnation});
    contributors_.erase(forgettable->id);
  }
  auto& added = contributors_[++last_id_];
  added.id = last_id_;
  added.edge = &edge;
  added.lane = hello.lane;
  added.incarnation = hello.incarnation;
  ids_[{edge.name, hello.lane, hello.incarnation}] = last_id_;
  std::string value;
  ByteWriter(value).put(last_id_);
  contributor_rows_.put(std::string(kLastId), std::move(value));
  return &added;
}

void Roster::changed(const EdgeRecord& edge) { edge_rows_.put(edge.name.text(), encode(edge)); }

void Roster::changed(const Contributor& contributor) { contributor_rows_.put(key_of(contributor.id), encode(contributor)); }

}  // namespace doppel
