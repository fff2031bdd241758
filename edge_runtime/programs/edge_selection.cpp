#include "edge_runtime/programs/edge_selection.h"

#include <algorithm>
#include <set>
#include <vector>

#include "edge_runtime/config/suggest.h"

namespace doppel {
namespace {

using Words = std::vector<std::string>;

// A fleet may have thousands of edges: a message names the first of them.
std::string listed(const Words& words) {
  constexpr std::size_t kNamed = 20;
  if (words.empty()) return "none";
  std::string list;
  for (std::size_t i = 0; i < std::min(words.size(), kNamed); ++i) list += (list.empty() ? "" : ", ") + words[i];
  return words.size() > kNamed ? list + " and " + std::to_string(words.size() - kNamed) + " more" : list;
}

Words names_of(std::span<const EdgeView> edges) {
  Words names;
  for (const auto& edge : edges) names.push_back(edge.name.text());
  return names;
}

Words regions_of(std::span<const EdgeView> edges) {
  std::set<std::string> regions;
  for (const auto& edge : edges) {
    if (!edge.region.empty()) regions.insert(edge.region);
  }
  return {regions.begin(), regions.end()};
}

std::string none_is_called(const EdgeSelector& selector, std::span<const EdgeView> edges) {
  const Words names = names_of(edges), regions = regions_of(edges);
  std::string text;
  for (const auto& name : selector.names) {
    text += text.empty() ? "no edge is called \"" : "; none \"";
    text += name + "\"";
    const bool is_region = std::find(regions.begin(), regions.end(), name) != regions.end();
    text += is_region ? "; the region of that name is region:" + name : did_you_mean(name, names);
  }
  return text + "; known edges: " + listed(names);
}

}  // namespace

Result<void> check_selects(const EdgeSelector& selector, std::span<const EdgeView> edges) {
  if (selector.kind == EdgeSelector::Kind::all) return {};
  const bool selects_some = std::any_of(edges.begin(), edges.end(), [&](const EdgeView& edge) { return selector.selects(edge.name, edge.region); });
  if (selects_some) return {};
  const std::string start = "edge selector \"" + to_string(selector) + "\" selects no edge: ";
  if (selector.kind == EdgeSelector::Kind::names) return conflict(start + none_is_called(selector, edges));
  const Words regions = regions_of(edges);
  return conflict(start + "none is of this region" + did_you_mean(selector.names.front(), regions) + "; known regions: " + listed(regions));
}

}  // namespace doppel
