// The parts of parameters.h and json_value.h that read JSON.
#include <charconv>
#include <nlohmann/json.hpp>

#include "edge_runtime/http/json_value.h"
#include "edge_runtime/http/multipart.h"
#include "edge_runtime/http/parameters.h"

namespace doppel {
namespace {

using nlohmann::json;

Value value_of(const json& document) {
  switch (document.type()) {
    case json::value_t::null: return Value(ValueView::null());
    case json::value_t::boolean: return Value(ValueView::boolean(document.get<bool>()));
    case json::value_t::number_integer: return Value(ValueView::of(document.get<std::int64_t>()));
    case json::value_t::number_unsigned: {
      const auto number = document.get<std::uint64_t>();
      if (number <= static_cast<std::uint64_t>(INT64_MAX)) return Value(ValueView::of(static_cast<std::int64_t>(number)));
      return Value(ValueView::json(document.dump()));
    }
    case json::value_t::number_float: return Value(ValueView::of(document.get<double>()));
    case json::value_t::string: return Value(ValueView::text(document.get_ref<const std::string&>()));
    default: return Value(ValueView::json(document.dump()));
  }
}

// Depth is bounded before anything recursive sees the text: the parser keeps its own stack, but copying and freeing recurse.
constexpr int kMaxDepth = 64;

Result<json> parse_object(std::string_view body) {
  bool too_deep = false;
  const auto within_depth = [&](int depth, json::parse_event_t, json&) {
    too_deep = too_deep || depth > kMaxDepth;
    return !too_deep;
  };
  auto document = json::parse(body, within_depth, false);
  if (too_deep) return invalid_input("the JSON body is nested deeper than " + std::to_string(kMaxDepth));
  if (document.is_discarded()) return invalid_input("the body is not valid JSON");
  if (!document.is_object()) return invalid_input("the JSON body must be an object");
  return document;
}

Result<void> refuse_unknown(const json& document, std::initializer_list<std::string_view> known) {
  for (const auto& [name, value] : document.items()) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    std::string list;
    for (const auto word : known) list += (list.empty() ? "" : ", ") + std::string(word);
    return invalid_input("unknown member '" + name + "' in the body; allowed: " + list);
  }
  return {};
}

Result<std::optional<Timestamp>> parse_time(const json& document) {
  if (!document.contains("ts")) return std::optional<Timestamp>();
  const auto& member = document["ts"];
  const auto time = member.is_string() ? parse_rfc3339(member.get_ref<const std::string&>()) : std::nullopt;
  if (!time) return invalid_input("'ts' is " + member.dump() + "; it must be a time as \"2026-01-02T03:04:05Z\"");
  return time;
}

// `12` and `"12"` are revisions; If-None-Match: * stands for revision 0, a property that does not exist.
Result<std::optional<std::uint64_t>> parse_expected_revision(const Headers& headers) {
  if (headers.find("If-None-Match") == "*") return std::optional<std::uint64_t>(0);
  auto tag = headers.find("If-Match");
  if (!tag) return std::optional<std::uint64_t>();
  std::string_view digits = *tag;
  if (digits.size() > 2 && digits.front() == '"' && digits.back() == '"') digits = digits.substr(1, digits.size() - 2);
  std::uint64_t revision = 0;
  const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), revision);
  if (failure == std::errc() && end == digits.data() + digits.size() && revision > 0) return std::optional(revision);
  return invalid_input("If-Match is '" + *tag + "'; it must be a revision of the property as \"12\"");
}

const FormPart* find_part(const std::vector<FormPart>& parts, std::string_view name) {
  const auto found = std::find_if(parts.begin(), parts.end(), [&](const FormPart& part) { return part.name == name; });
  return found == parts.end() ? nullptr : &*found;
}

}  // namespace

Value parse_scalar_or_text(std::string_view text) {
  const auto document = json::parse(text, nullptr, false);
  if (document.is_discarded() || document.is_structured()) return Value(ValueView::text(text));
  return value_of(document);
}

Result<PropertyWrite> parse_property_write(const Request& request) {
  auto id = parse_twin_id(request.segment("id"));
  if (!id) return id.error();
  auto document = parse_object(request.body);
  if (!document) return document.error();
  if (const auto known = refuse_unknown(*document, {"v", "ts"}); !known) return known.error();
  if (!document->contains("v")) return invalid_input("the body has no member 'v', the value");
  const auto time = parse_time(*document);
  if (!time) return time.error();
  const auto revision = parse_expected_revision(request.headers);
  if (!revision) return revision.error();
  return PropertyWrite{*std::move(id), request.segment("name"), value_of((*document)["v"]), *time, *revision};
}

Result<SqlQuery> parse_sql_query(const Request& request) {
  auto document = parse_object(request.body);
  if (!document) return document.error();
  if (const auto known = refuse_unknown(*document, {"sql", "parameters"}); !known) return known.error();
  if (!document->contains("sql") || !(*document)["sql"].is_string()) return invalid_input("the body has no text member 'sql'");
  SqlQuery query{(*document)["sql"].get<std::string>(), {}};
  const auto parameters = document->value("parameters", json::array());
  if (!parameters.is_array()) return invalid_input("'parameters' must be an array");
  for (const auto& parameter : parameters) {
    if (parameter.is_structured()) return invalid_input("a parameter is " + parameter.dump() + "; it must be a scalar");
    query.parameters.push_back(value_of(parameter));
  }
  return query;
}

Result<DeadLetterAction> parse_dead_letter_action(const Request& request) {
  constexpr std::size_t kMostNumbers = 1'000;
  const auto document = parse_object(request.body);
  if (!document) return document.error();
  if (const auto known = refuse_unknown(*document, {"action", "function", "numbers", "all"}); !known) return known.error();
  const auto action = document->value("action", json());
  if (action != "retry" && action != "drop") return invalid_input("'action' is " + action.dump() + "; it must be \"retry\" or \"drop\"");
  if (document->contains("function") + document->contains("numbers") + document->contains("all") != 1) {
    return invalid_input("the body must have exactly one of 'function', 'numbers' and 'all'");
  }
  DeadLetterAction asked{action == "drop", {}, {}};
  if (document->contains("all") && (*document)["all"] != true) return invalid_input("'all' is " + (*document)["all"].dump() + "; it must be true");
  if (document->contains("function")) {
    const auto& member = (*document)["function"];
    if (!member.is_string()) return invalid_input("'function' is " + member.dump() + "; it must be a name");
    const auto name = parse_function_name(member.get<std::string>());
    if (!name) return name.error();
    asked.function = name->text();
  }
  const auto numbers = document->value("numbers", json::array());
  if (!numbers.is_array() || numbers.size() > kMostNumbers || (document->contains("numbers") && numbers.empty())) {
    return invalid_input("'numbers' must be an array of 1 to " + std::to_string(kMostNumbers) + " numbers");
  }
  for (const auto& number : numbers) {
    if (!number.is_number_unsigned() || number == 0) return invalid_input("a number is " + number.dump() + "; it must be a whole number from 1");
    asked.numbers.push_back(number.get<std::uint64_t>());
  }
  return asked;
}

Result<FunctionUpload> parse_function_upload(const Request& request) {
  auto name = parse_function_name(request.segment("name"));
  if (!name) return name.error();
  auto edges = request.parameter("edges");
  if (!edges) return edges.error();
  const auto future = parse_future(request);
  if (!future) return future.error();
  const auto parts = parse_form(request.headers.find("Content-Type").value_or(""), request.body);
  if (!parts) return parts.error();
  const auto* manifest = find_part(*parts, "manifest");
  const auto* module = find_part(*parts, "module");
  if (manifest == nullptr || module == nullptr) {
    return invalid_input(std::string("the form has no part '") + (manifest == nullptr ? "manifest" : "module") + "'");
  }
  return FunctionUpload{*std::move(name), std::string(manifest->content), std::string(module->content), edges->value_or(""), *future};
}

}  // namespace doppel
