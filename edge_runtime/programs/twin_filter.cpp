#include "edge_runtime/programs/twin_filter.h"

#include <algorithm>

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

}  // namespace

bool fits(const Twin& twin, const NameTable& names, const TwinQuery& query, Timestamp now, const Freshness& freshness) {
  if (!twin.id.starts_with(query.prefix)) return false;
  if (!query.model.empty() && (!twin.model || names.text(*twin.model) != query.model)) return false;
  if (!query.status.empty() && twin_status(twin, now, freshness) != query.status) return false;
  const auto labelled = [&](const auto& label) { return has_label(twin, names, label.first, label.second); };
  const auto predicated = [&](const Predicate& predicate) { return fits(twin, names, predicate); };
  return std::all_of(query.labels.begin(), query.labels.end(), labelled) && std::all_of(query.where.begin(), query.where.end(), predicated);
}

}  // namespace doppel
