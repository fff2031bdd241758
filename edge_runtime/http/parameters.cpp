#include "edge_runtime/http/parameters.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>

#include "edge_runtime/http/json_value.h"

namespace doppel {
namespace {

constexpr std::array<std::string_view, 5> kStatuses = {"online", "stale", "offline", "never", "unreachable"};
constexpr std::array<std::string_view, 3> kLevels = {"edge", "region", "fleet"};

std::string quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

std::string list_of(std::span<const std::string_view> words) {
  std::string text;
  for (const auto word : words) text += (text.empty() ? "" : ", ") + std::string(word);
  return text;
}

// Reads parameters one after another and keeps the first error.
class Reader {
 public:
  explicit Reader(const Request& request) : request_(request) {}

  std::string text(std::string_view name) { return if_given(name).value_or(""); }

  std::optional<std::string> if_given(std::string_view name) {
    auto value = request_.parameter(name);
    if (value) return *std::move(value);
    keep(value.error());
    return std::nullopt;
  }

  std::string one_of(std::string_view name, std::span<const std::string_view> allowed) {
    const auto value = text(name);
    if (!value.empty() && std::find(allowed.begin(), allowed.end(), value) == allowed.end()) {
      fail(name, value, "one of " + list_of(allowed));
    }
    return value;
  }

  std::size_t number(std::string_view name, std::size_t otherwise, std::size_t lowest, std::size_t highest) {
    const auto value = if_given(name);
    if (!value) return otherwise;
    std::size_t number = 0;
    const auto [end, failure] = std::from_chars(value->data(), value->data() + value->size(), number);
    if (failure == std::errc() && end == value->data() + value->size() && number >= lowest && number <= highest) return number;
    fail(name, *value, "a whole number from " + std::to_string(lowest) + " to " + std::to_string(highest));
    return otherwise;
  }

  std::optional<Timestamp> time(std::string_view name) {
    const auto value = if_given(name);
    if (!value) return std::nullopt;
    const auto time = parse_rfc3339(*value);
    if (!time) fail(name, *value, "a time as 2026-01-02T03:04:05Z");
    return time;
  }

  Page page() { return {number("limit", kDefaultPage, 1, kMaxPage), text("after")}; }

  TwinFormat format() {
    constexpr std::array<std::string_view, 2> kFormats = {"full", "values"};
    return one_of("format", kFormats) == "values" ? TwinFormat::values : TwinFormat::full;
  }

  void keep(const Error& error) {
    if (!error_) error_ = error;
  }

  template <class T>
  Result<T> done(T value) {
    if (error_) return *error_;
    return value;
  }

 private:
  void fail(std::string_view name, std::string_view value, std::string_view allowed) {
    keep(invalid_input("query parameter " + quoted(name) + " is " + quoted(value) + "; it must be " + std::string(allowed)));
  }

  const Request& request_;
  std::optional<Error> error_;
};

struct Operator {
  std::string_view text;
  Comparison comparison;
};
// Longer ones first: ">=" begins with ">".
constexpr std::array<Operator, 6> kOperators = {{{"!=", Comparison::not_equal}, {"<=", Comparison::less_or_equal},
                                                 {">=", Comparison::greater_or_equal}, {"=", Comparison::equal},
                                                 {"<", Comparison::less}, {">", Comparison::greater}}};

Result<std::pair<std::string, std::string>> parse_label(std::string_view text) {
  const auto equals = text.find('=');
  if (equals != 0 && equals != std::string_view::npos) {
    return std::pair(std::string(text.substr(0, equals)), std::string(text.substr(equals + 1)));
  }
  return invalid_input("query parameter 'label' is " + quoted(text) + "; it must be name=value");
}

}  // namespace

Result<Page> parse_page(const Request& request) {
  Reader reader(request);
  return reader.done(reader.page());
}

Result<TwinFormat> parse_format(const Request& request) {
  Reader reader(request);
  return reader.done(reader.format());
}

Result<bool> parse_future(const Request& request) {
  constexpr std::array<std::string_view, 2> kWords = {"true", "false"};
  Reader reader(request);
  return reader.done(reader.one_of("future", kWords) == "true");
}

Result<TwinQuery> parse_twin_query(const Request& request) {
  Reader reader(request);
  TwinQuery query{reader.page(), reader.format(), reader.text("edge"), reader.text("prefix"), reader.text("model"),
                  reader.one_of("status", kStatuses), {}, {}};
  for (const auto& text : request.parameters("label")) {
    auto label = parse_label(text);
    if (!label) return label.error();
    query.labels.push_back(*std::move(label));
  }
  for (const auto& text : request.parameters("where")) {
    auto predicate = parse_predicate(text);
    if (!predicate) return predicate.error();
    query.where.push_back(*std::move(predicate));
  }
  return reader.done(std::move(query));
}

Result<AggregateQuery> parse_aggregate_query(const Request& request) {
  Reader reader(request);
  return reader.done(AggregateQuery{reader.page(), reader.one_of("level", kLevels), reader.text("edge"), reader.text("window"),
                                    reader.text("group"), reader.if_given("property"), reader.time("from"), reader.time("to")});
}

Result<AlertQuery> parse_alert_query(const Request& request) {
  Reader reader(request);
  return reader.done(AlertQuery{reader.page(), reader.text("edge"), reader.text("twin")});
}

Result<DeadLetterQuery> parse_dead_letter_query(const Request& request) {
  Reader reader(request);
  return reader.done(DeadLetterQuery{reader.page(), reader.text("function"), reader.text("twin"), reader.text("reason")});
}

Result<StreamFilter> parse_stream_filter(const Request& request) {
  Reader reader(request);
  return reader.done(StreamFilter{reader.text("edge"), reader.text("twin"), reader.text("prefix"), reader.text("model"),
                                  reader.text("property")});
}

Result<Predicate> parse_predicate(std::string_view text) {
  const auto at = text.find_first_of("=<>!");
  for (const auto& [word, comparison] : kOperators) {
    if (at == 0 || at == std::string_view::npos || !text.substr(at).starts_with(word)) continue;
    const auto value = text.substr(at + word.size());
    if (!value.empty() && std::string_view("=<>!").find(value[0]) != std::string_view::npos) break;  // a mistyped operator; "\"=\"" is a text
    return Predicate{std::string(text.substr(0, at)), comparison, parse_scalar_or_text(value)};
  }
  return invalid_input("query parameter 'where' is " + quoted(text) +
                       "; it must be a property, one of = != < <= > >=, and a value");
}

Result<TwinId> parse_twin_id(const std::string& text) {
  if (text.size() <= kMaxTwinId) return TwinId(text);
  return invalid_input("a twin id of " + std::to_string(text.size()) + " bytes; the limit is " + std::to_string(kMaxTwinId));
}

Result<FunctionName> parse_function_name(const std::string& text) {
  if (is_name(text)) return FunctionName(text);
  return invalid_input("function name " + quoted(text) + " must be 1 to 63 of a-z, 0-9, - and _, a letter or digit first");
}

Result<std::uint64_t> parse_number(const std::string& text) {
  std::uint64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure == std::errc() && end == text.data() + text.size() && number != 0) return number;
  return invalid_input("the number " + quoted(text) + " must be a whole number from 1");
}

Result<EdgeId> parse_edge_id(const std::string& text) {
  if (is_name(text)) return EdgeId(text);
  return invalid_input("edge name " + quoted(text) + " must be 1 to 63 of a-z, 0-9, - and _, a letter or digit first");
}

}  // namespace doppel
