#include "coordinator/fleet_view.h"

#include <algorithm>
#include <utility>

namespace doppel {
namespace {

// Rows looked at for one page: the lane answers between two batches, and must not be held long.
constexpr std::size_t kMaxScanned = 100'000;
constexpr char kHexDigits[] = "0123456789abcdef";
constexpr std::string_view kAfterEveryName = "\xff";

std::string to_hex(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    text += kHexDigits[static_cast<unsigned char>(c) >> 4];
    text += kHexDigits[static_cast<unsigned char>(c) & 15];
  }
  return text;
}

std::optional<std::string> from_hex(std::string_view text) {
  const auto digit = [](char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; };
  if (text.size() % 2 != 0) return std::nullopt;
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = digit(text[i]), low = digit(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes += static_cast<char>(high * 16 + low);
  }
  return bytes;
}

Error bad_cursor(std::string_view cursor) { return invalid_input("\"" + std::string(cursor) + "\" is not a cursor of this list"); }

// A cursor over windows: everything up to and with this key and name was answered.
struct Seen {
  WindowKey key;
  std::string name;
};

std::string cursor_of(const WindowKey& key, std::string_view name) {
  std::string bytes;
  encode(key, bytes);
  return to_hex(bytes) + "." + to_hex(name);
}

std::optional<Seen> parse_cursor(std::string_view text) {
  const auto dot = text.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const auto key_bytes = from_hex(text.substr(0, dot));
  auto name = from_hex(text.substr(dot + 1));
  if (!key_bytes || !name) return std::nullopt;
  auto key = decode_window_key(*key_bytes);
  if (!key) return std::nullopt;
  return Seen{std::move(*key), std::move(*name)};
}

std::string name_at(FleetLevel level, const WindowTable::Part& part) {
  switch (level) {
    case FleetLevel::edge: return part.from->edge->name.text();
    case FleetLevel::region: return part.region;
    case FleetLevel::fleet: break;
  }
  return "fleet";
}

using Views = std::map<std::string, WindowView>;  // by name

WindowView* view_named(Views& views, const std::string& name, const WindowFilter& filter, const WindowKey& key) {
  if (!filter.name.empty() && filter.name != name) return nullptr;
  return &views.try_emplace(name, WindowView{key, filter.level, name, 0, false, WindowSum(key)}).first->second;
}

// One row of the table at the level that is asked for. Parts of one edge lie side by side.
Views merged(const WindowFilter& filter, const WindowKey& key, const WindowTable::Row& row) {
  Views views;
  std::map<std::string, const EdgeRecord*> last_edge;
  for (const auto& part : row.parts) {
    if (!filter.edge.empty() && part.from->edge->name.text() != filter.edge) continue;
    auto* view = view_named(views, name_at(filter.level, part), filter, key);
    if (view == nullptr || !view->sum.add(part.payload)) continue;
    if (std::exchange(last_edge[view->name], part.from->edge) != part.from->edge) ++view->edges;
  }
  if (filter.level == FleetLevel::edge || !filter.edge.empty()) return views;
  for (const auto& [region, payload] : row.frozen) {
    auto* view = view_named(views, filter.level == FleetLevel::region ? region : "fleet", filter, key);
    if (view != nullptr && view->sum.add(payload)) view->has_frozen = true;
  }
  return views;
}

// The first row from `at` on whose window and start are asked for. Rows lie by window, then start.
WindowTable::Rows::const_iterator in_range(const WindowTable::Rows& rows, WindowTable::Rows::const_iterator at,
                                           const WindowFilter& filter) {
  const auto first = filter.from ? to_nanoseconds(*filter.from) : INT64_MIN;
  const auto end = filter.to ? to_nanoseconds(*filter.to) : INT64_MAX;
  while (at != rows.end()) {
    const auto& key = at->first;
    if (!filter.window.empty() && key.window != filter.window) return rows.end();
    if (key.start_ns < first) {
      at = rows.lower_bound({key.window, first, 0, "", ""});
    } else if (key.start_ns >= end) {
      at = rows.lower_bound({key.window + '\0', INT64_MIN, 0, "", ""});
    } else {
      break;
    }
  }
  return at;
}

bool fits(const WindowFilter& filter, const WindowKey& key) {
  return (filter.group.empty() || filter.group == key.group) && (!filter.property || *filter.property == key.property);
}

}  // namespace

LatestView view_of_row(const LatestTable::Key& key, const LatestTable::Row& row) {
  const auto rest = std::string_view(key.key).substr(1);
  const auto zero = rest.find('\0');
  const auto alert = zero == std::string_view::npos ? std::string_view() : rest.substr(zero + 1);
  return {key.edge.text(), rest.substr(0, zero), alert, row.payload, row.arrival};
}

Result<FleetLevel> parse_level(std::string_view text) {
  if (text.empty() || text == "fleet") return FleetLevel::fleet;
  if (text == "region") return FleetLevel::region;
  if (text == "edge") return FleetLevel::edge;
  return invalid_input("level \"" + std::string(text) + "\" is none of edge, region, fleet");
}

std::string_view to_string(FleetLevel level) {
  switch (level) {
    case FleetLevel::edge: return "edge";
    case FleetLevel::region: return "region";
    case FleetLevel::fleet: break;
  }
  return "fleet";
}

std::vector<EdgeView> FleetView::edges(const LinkSnapshot& now) const {
  std::vector<EdgeView> views;
  for (const auto& [name, record] : fold_.roster().edges()) views.push_back(view_of(record, now));
  return views;
}

std::optional<EdgeView> FleetView::edge(const EdgeId& name, const LinkSnapshot& now) const {
  const auto* record = fold_.roster().find(name);
  if (record == nullptr) return std::nullopt;
  return view_of(*record, now);
}

Result<WindowPage> FleetView::windows(const WindowFilter& filter) const {
  const auto& rows = fold_.windows().rows();
  const auto limit = std::max<std::size_t>(filter.limit, 1);
  std::optional<Seen> seen;
  if (!filter.after.empty()) {
    seen = parse_cursor(filter.after);
    if (!seen) return bad_cursor(filter.after);
  }
  const WindowKey begin{filter.window, INT64_MIN, 0, "", ""};
  WindowPage page;
  std::size_t scanned = 0;
  for (auto at = in_range(rows, rows.lower_bound(seen && begin < seen->key ? seen->key : begin), filter); at != rows.end();
       at = in_range(rows, std::next(at), filter)) {
    const auto& key = at->first;
    if (++scanned > kMaxScanned) {
      page.next = cursor_of(std::prev(at)->first, kAfterEveryName);
      return page;
    }
    if (!fits(filter, key)) continue;
    for (auto& [name, view] : merged(filter, key, at->second)) {
      if (seen && key == seen->key && name <= seen->name) continue;
      if (page.items.size() >= limit) {
        page.next = cursor_of(page.items.back().key, page.items.back().name);
        return page;
      }
      page.items.push_back(std::move(view));
    }
  }
  return page;
}

Result<LatestPage> FleetView::twins(const LatestFilter& filter) const { return latest(kTwinValuesKey, filter); }

Result<LatestPage> FleetView::alerts(const LatestFilter& filter) const { return latest(kAlertKey, filter); }

std::vector<LatestView> FleetView::find_twin(std::string_view id) const {
  std::vector<LatestView> found;
  for (const auto& [name, edge] : fold_.roster().edges()) {
    const auto key = std::string(1, kTwinValuesKey) + std::string(id);
    for (auto at = fold_.latest().rows().lower_bound({name, key, 0});
         at != fold_.latest().rows().end() && at->first.edge == name && at->first.key == key; ++at) {
      if (!at->second.payload.empty()) found.push_back(view_of_row(at->first, at->second));
    }
  }
  return found;
}

EdgeView FleetView::view_of(const EdgeRecord& edge, const LinkSnapshot& now) const {
  EdgeView view;
  view.name = edge.name;
  view.region = edge.region;
  view.program = edge.program;
  view.first_seen = edge.first_seen;
  view.last_seen = edge.last_seen;
  view.status = edge.status;
  view.wanted_generation = fold_.desired().generation();
  view.window_rows = edge.window_rows;
  std::copy(std::begin(edge.refused), std::end(edge.refused), std::begin(view.refused));
  view.last_refusal = edge.last_refusal;
  for (const auto& link : now.links) {
    if (link.edge != edge.name) continue;
    view.connected = view.connected || link.connected;
    view.backlog_rows += link.backlog_rows;
    view.last_seen = std::max(view.last_seen, now.wall - (now.monotonic - link.heard));
    const auto lag = std::chrono::duration<double>(link.oldest_age).count();
    if (link.connected) view.lag_seconds = std::max(view.lag_seconds.value_or(0), lag);
  }
  for (const auto& [id, contributor] : fold_.roster().contributors()) {
    if (contributor.edge == &edge && !fold_.roster().is_current(contributor)) view.incarnations.push_back(contributor.incarnation);
  }
  for (const auto& [lane, id] : edge.current) view.incarnations.push_back(fold_.roster().contributors().at(id).incarnation);
  view.alerts = edge.alerts;
  view.twins = edge.twins;
  const auto& rows = fold_.latest().rows();
  const auto status = rows.find({edge.name, std::string(1, kEdgeStatusKey), 0});
  if (status != rows.end()) view.status_json = status->second.payload;
  return view;
}

Result<LatestPage> FleetView::latest(char kind, const LatestFilter& filter) const {
  const auto& rows = fold_.latest().rows();
  const auto prefix = std::string(1, kind) + filter.prefix;
  LatestTable::Key begin{EdgeId(filter.edge), prefix, 0};
  if (!filter.after.empty()) {
    const auto dot = filter.after.find('.');
    const auto edge = dot == std::string::npos ? std::nullopt : from_hex(std::string_view(filter.after).substr(0, dot));
    const auto key = dot == std::string::npos ? std::nullopt : from_hex(std::string_view(filter.after).substr(dot + 1));
    if (!edge || !key) return bad_cursor(filter.after);
    begin = {EdgeId(*edge), *key, UINT32_MAX};
  }
  const auto limit = std::max<std::size_t>(filter.limit, 1);
  LatestPage page;
  const LatestTable::Key* last = nullptr;
  auto at = rows.lower_bound(begin);
  for (std::size_t scanned = 0; at != rows.end() && (filter.edge.empty() || at->first.edge.text() == filter.edge); ++scanned) {
    const auto& key = at->first;
    if (scanned > kMaxScanned || page.items.size() >= limit) {
      page.next = to_hex(last->edge.text()) + "." + to_hex(last->key);
      break;
    }
    last = &key;
    if (key.key < prefix) {
      at = rows.lower_bound({key.edge, prefix, 0});
    } else if (!key.key.starts_with(prefix)) {
      at = rows.lower_bound({EdgeId(key.edge.text() + '\0'), prefix, 0});
    } else {
      if (!at->second.payload.empty()) page.items.push_back(view_of_row(key, at->second));
      ++at;
    }
  }
  return page;
}

}  // namespace doppel
