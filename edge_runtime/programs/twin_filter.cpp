#include "edge_runtime/programs/twin_filter.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

namespace doppel {
namespace {

bool has_label(const Twin& twin, const NameTable& names, std::string_view name, std::string_view value) {
  return std::any_of(twin.labels.begin(), twin.labels.end(),
                     [&](const TwinLabel& label) { return names.text(label.name) == name && names.text(label.value) == value; });
}

template <class T>
bool holds(const T& a, Comparison comparison, const T& b) {
  switch (comparison) {
    case Comparison::equal: return a == b;
    case Comparison::not_equal: return !(a == b);
    case Comparison::less: return a < b;
    case Comparison::less_or_equal: return a <= b;
    case Comparison::greater: return a > b;
    case Comparison::greater_or_equal: return a >= b;
  }
  return false;
}

// Numbers compare with numbers, texts with texts; other values are equal or not.
bool holds(const ValueView& value, Comparison comparison, const ValueView& wanted) {
  const auto number = value.as_number(), wanted_number = wanted.as_number();
  if (number && wanted_number) return holds(*number, comparison, *wanted_number);
  const auto text = value.as_text(), wanted_text = wanted.as_text();
  if (text && wanted_text) return holds(*text, comparison, *wanted_text);
  if (comparison == Comparison::equal) return value == wanted;
  return comparison == Comparison::not_equal && !(value == wanted);
}

bool fits(const Twin& twin, const NameTable& names, const Predicate& predicate) {
  const auto name = names.find(predicate.property);
  const PropertySlot* slot = name ? twin.find(*name) : nullptr;
  return slot != nullptr && holds(twin.view(*slot), predicate.comparison, predicate.value.view());
}

using Json = nlohmann::ordered_json;

Value value_of(const Json& json) {
  if (json.is_null()) return Value();
  if (json.is_boolean()) return Value(ValueView::boolean(json.get<bool>()));
  const bool is_large = json.is_number_unsigned() && json.get<std::uint64_t>() > std::numeric_limits<std::int64_t>::max();
  if (json.is_number_integer() && !is_large) return Value(ValueView::of(json.get<std::int64_t>()));
  if (json.is_number()) return Value(ValueView::of(json.get<double>()));
  if (json.is_string()) return Value(ValueView::text(json.get_ref<const std::string&>()));
  return Value(ValueView::json(json.dump()));
}

// A member of an object; null where there is none.
const Json& member(const Json& json, const std::string& name) {
  static const Json kNone;
  const auto at = json.is_object() ? json.find(name) : json.end();
  return at == json.end() ? kNone : *at;
}

bool fits(const Json& twin, const TwinQuery& query) {
  if (!query.model.empty() && member(twin, "model") != query.model) return false;
  if (!query.status.empty() && member(twin, "status") != query.status) return false;
  const auto labelled = [&](const auto& label) { return member(member(twin, "labels"), label.first) == label.second; };
  const auto predicated = [&](const Predicate& predicate) {
    const Json& property = member(member(twin, "properties"), predicate.property);
    return property.contains("v") && holds(value_of(property["v"]).view(), predicate.comparison, predicate.value.view());
  };
  return std::all_of(query.labels.begin(), query.labels.end(), labelled) && std::all_of(query.where.begin(), query.where.end(), predicated);
}

void keep_values(Json& twin) {
  Json values = Json::object();
  for (const auto& [name, property] : member(twin, "properties").items()) values[name] = member(property, "v");
  twin = {{"id", member(twin, "id")}, {"edge", member(twin, "edge")}, {"properties", std::move(values)}};
}

std::string dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

}  // namespace

std::string as_asked(const std::string& page, const TwinQuery& query) {
  const bool asks_for_all = query.model.empty() && query.status.empty() && query.labels.empty() && query.where.empty();
  if (asks_for_all && query.format == TwinFormat::full) return page;
  auto json = Json::parse(page);
  Json kept = Json::array();
  for (auto& twin : json["items"]) {
    if (!fits(twin, query)) continue;
    if (query.format == TwinFormat::values) keep_values(twin);
    kept.push_back(std::move(twin));
  }
  json["items"] = std::move(kept);
  return dump(json);
}

std::string in_format(const std::string& twin, TwinFormat format) {
  if (format == TwinFormat::full) return twin;
  auto json = Json::parse(twin);
  keep_values(json);
  return dump(json);
}

bool fits(const Twin& twin, const NameTable& names, const TwinQuery& query, Timestamp now, const Freshness& freshness) {
  if (!twin.id.starts_with(query.prefix)) return false;
  if (!query.model.empty() && (!twin.model || names.text(*twin.model) != query.model)) return false;
  if (!query.status.empty() && twin_status(twin, now, freshness) != query.status) return false;
  const auto labelled = [&](const auto& label) { return has_label(twin, names, label.first, label.second); };
  const auto predicated = [&](const Predicate& predicate) { return fits(twin, names, predicate); };
  return std::all_of(query.labels.begin(), query.labels.end(), labelled) && std::all_of(query.where.begin(), query.where.end(), predicated);
}

}  // namespace doppel
