#include "coordinator/desired_state.h"

#include <algorithm>
#include <iterator>

#include "twin_store/blobs/blob_store.h"
#include "twin_store/model/bytes.h"

namespace doppel {
namespace {

constexpr std::uint8_t kChangeVersion = 1;
constexpr std::string_view kRegionPrefix = "region:";

void put(ByteWriter& writer, const uplink::DesiredFunction& function, const EdgeSelector& edges) {
  writer.put_bytes(function.name.text());
  writer.put_bytes(function.manifest);
  writer.put_bytes(function.module_sha256);
  writer.put(edges.kind);
  writer.put(static_cast<std::uint32_t>(edges.names.size()));
  for (const auto& name : edges.names) writer.put_bytes(name);
}

bool take(ByteReader& reader, uplink::DesiredFunction& function, EdgeSelector& edges) {
  function.name = FunctionName(std::string(reader.take_bytes()));
  function.manifest = reader.take_bytes();
  function.module_sha256 = reader.take_bytes();
  edges.kind = reader.take<EdgeSelector::Kind>();
  const auto names = reader.take<std::uint32_t>();
  for (std::uint32_t i = 0; i < names && reader.ok(); ++i) edges.names.emplace_back(reader.take_bytes());
  return reader.ok() && edges.kind <= EdgeSelector::Kind::names;
}

constexpr std::size_t kSha256Text = 64;
std::size_t size_of(const FunctionName& name, std::string_view manifest) { return name.text().size() + manifest.size() + kSha256Text; }

}  // namespace

bool EdgeSelector::selects(const EdgeId& edge, std::string_view region) const {
  switch (kind) {
    case Kind::all: return true;
    case Kind::region: return names.size() == 1 && names.front() == region;
    case Kind::names: return std::binary_search(names.begin(), names.end(), edge.text());
  }
  return false;
}

Result<EdgeSelector> parse_selector(std::string_view text) {
  if (text.empty() || text == "*") return EdgeSelector{};
  if (text.starts_with(kRegionPrefix)) {
    const auto region = text.substr(kRegionPrefix.size());
    if (region.empty()) return invalid_input("edge selector \"region:\" names no region");
    return EdgeSelector{EdgeSelector::Kind::region, {std::string(region)}};
  }
  EdgeSelector selector{EdgeSelector::Kind::names, {}};
  for (std::size_t begin = 0; begin <= text.size();) {
    const auto end = std::min(text.find(',', begin), text.size());
    const auto name = text.substr(begin, end - begin);
    if (!is_name(name)) {
      return invalid_input("edge selector: \"" + std::string(name) +
                           "\" is no edge name; it is *, region:NAME, or edge names with commas between");
    }
    selector.names.emplace_back(name);
    begin = end + 1;
  }
  std::sort(selector.names.begin(), selector.names.end());
  selector.names.erase(std::unique(selector.names.begin(), selector.names.end()), selector.names.end());
  return selector;
}

std::string to_string(const EdgeSelector& selector) {
  if (selector.kind == EdgeSelector::Kind::all) return "*";
  if (selector.kind == EdgeSelector::Kind::region) return std::string(kRegionPrefix) + selector.names.front();
  std::string text;
  for (const auto& name : selector.names) text += (text.empty() ? "" : ",") + name;
  return text;
}

Result<std::optional<EdgeSelector>> without(const EdgeSelector& selector, const EdgeSelector& taken) {
  if (taken.kind == EdgeSelector::Kind::all || taken == selector) return std::optional<EdgeSelector>();
  const bool both_name = selector.kind == EdgeSelector::Kind::names && taken.kind == EdgeSelector::Kind::names;
  if (!both_name) {
    return conflict("the function is for edges " + to_string(selector) + ", and no selector says them without " + to_string(taken) +
                    ": delete it with \"*\", or deploy it again for the edges that keep it");
  }
  EdgeSelector left{EdgeSelector::Kind::names, {}};
  std::set_difference(selector.names.begin(), selector.names.end(), taken.names.begin(), taken.names.end(), std::back_inserter(left.names));
  return left.names.empty() ? std::nullopt : std::optional(std::move(left));
}

std::string encode(const DesiredChange& change) {
  std::string bytes;
  ByteWriter writer(bytes);
  writer.put(kChangeVersion);
  writer.put(static_cast<std::uint8_t>(change.removed));
  put(writer, change.function, change.edges);
  return bytes;
}

Result<DesiredChange> decode_desired_change(std::string_view bytes) {
  ByteReader reader(bytes);
  if (reader.take<std::uint8_t>() != kChangeVersion) return corrupt_data("a desired change of another version than 1");
  DesiredChange change;
  change.removed = reader.take<std::uint8_t>() != 0;
  const bool taken = take(reader, change.function, change.edges);
  if (!taken || !reader.at_end()) return corrupt_data("a desired change that does not decode");
  if (!is_name(change.function.name.text())) return corrupt_data("a desired change for a function without a name");
  const bool one_region = change.edges.kind != EdgeSelector::Kind::region || change.edges.names.size() == 1;
  if (!change.removed && (!is_sha256(change.function.module_sha256) || !one_region)) {
    return corrupt_data("a desired change of function " + change.function.name.text() + " without module or edges");
  }
  return change;
}

std::optional<FleetFunction> decode_fleet_function(std::string_view value) {
  ByteReader reader(value);
  FleetFunction function;
  function.since = reader.take<Position>();
  if (!take(reader, function.function, function.edges)) return std::nullopt;
  return function;
}

Result<void> DesiredState::load(const StoreReader& store) {
  bool sound = true;
  auto read = store.for_each(kTable, [&](std::string_view key, std::string_view value) {
    if (key == kGenerationKey) {
      ByteReader reader(value);
      generation_ = reader.take<std::uint64_t>();
      sound = sound && reader.ok();
      return;
    }
    auto function = decode_fleet_function(value);
    if (!function) return void(sound = false);
    functions_[std::string(key)] = *std::move(function);
  });
  if (!read) return read;
  if (!sound) return corrupt_data("a row of table " + std::string(kTable) + " does not decode");
  return {};
}

Result<void> DesiredState::check(const FunctionName& name, std::string_view manifest) const {
  if (manifest.size() > uplink::kMaxManifest) {
    return limit_exceeded("function " + name.text() + ": a manifest of " + std::to_string(manifest.size()) + " bytes, the limit is " +
                          std::to_string(uplink::kMaxManifest));
  }
  std::size_t bytes = size_of(name, manifest), count = 1;
  for (const auto& [other, wanted] : functions_) {
    if (other != name.text()) bytes += size_of(wanted.function.name, wanted.function.manifest), ++count;
  }
  if (count > uplink::kMaxFunctions || bytes > kMaxBytes) {
    return limit_exceeded("function " + name.text() + ": the fleet would have " + std::to_string(count) + " functions with " +
                          std::to_string(bytes) + " bytes of manifests, the limits are " + std::to_string(uplink::kMaxFunctions) + " and " +
                          std::to_string(kMaxBytes));
  }
  return {};
}

Result<void> DesiredState::apply(const DesiredChange& change, Position position) {
  const auto& name = change.function.name.text();
  if (change.removed) {
    if (functions_.erase(name) == 0) return {};
    dirty_.erase(name);
  } else {
    if (auto allowed = check(change.function.name, change.function.manifest); !allowed) return allowed;
    const auto& function = functions_[name] = {change.function, change.edges, position};
    std::string value;
    ByteWriter writer(value);
    writer.put(position);
    put(writer, function.function, function.edges);
    dirty_.put(name, std::move(value));
  }
  generation_ = to_number(position);
  std::string value;
  ByteWriter(value).put(generation_);
  dirty_.put(std::string(kGenerationKey), std::move(value));
  return {};
}

void DesiredState::take_changes(std::vector<RowChange>& changes) { dirty_.take(changes); }

uplink::Desired DesiredState::desired_of(const EdgeId& edge, std::string_view region) const {
  uplink::Desired desired{generation_, {}};
  for (const auto& [name, function] : functions_) {
    if (function.edges.selects(edge, region)) desired.functions.push_back(function.function);
  }
  return desired;
}

}  // namespace doppel
