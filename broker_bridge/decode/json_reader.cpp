#include "broker_bridge/decode/json_reader.h"

#include <simdjson.h>

#include <cstring>

#include "broker_bridge/decode/name_index.h"
#include "broker_bridge/decode/scalar.h"

namespace doppel {
namespace {

namespace ondemand = simdjson::ondemand;

static_assert(kReadablePadding >= simdjson::SIMDJSON_PADDING);

// A parser keeps about seven bytes for each byte of the largest document it has seen. Larger ones get their own.
constexpr std::size_t kUsualDocument = 64u << 10;

simdjson::padded_string_view padded(std::string_view json) {
  return simdjson::padded_string_view(json.data(), json.size(), json.size() + kReadablePadding);
}

Error broken(simdjson::error_code code, std::optional<std::size_t> at) {
  std::string message = "payload is not valid JSON";
  if (at) message += ", near byte " + std::to_string(*at);
  return invalid_input(message + ": " + simdjson::error_message(code));
}

// Where values go that are met below a key.
struct Path {
  const PathNode* node = nullptr;  // of the pointers that lead further down
  bool is_field = false;           // the value is a field of the event, or a group of them
  std::string_view name;           // of the field; "" for the payload itself
};

// One pass over one document.
class Pass {
 public:
  Pass(const DecodeLimits& limits, NameIndex& names, std::string_view json, Arena& arena, DecodedEvent& event,
       std::span<JsonReader::Captured> captures)
      : limits_(limits), names_(names), json_(json), arena_(arena), event_(event), captures_(captures) {}

  Result<void> read_object(ondemand::parser& parser, const Path& root) {
    ondemand::object object;
    if (open(parser) && check(document_.get_object().get(object)) && members(object, root, 1)) check_end();
    return result();
  }

  Result<void> read_array(ondemand::parser& parser) {
    ondemand::array array;
    if (open(parser) && check(document_.get_array().get(array)) && elements(array, Path{}, 1)) check_end();
    return result();
  }

 private:
  bool open(ondemand::parser& parser) { return check(parser.iterate(padded(json_)).get(document_)); }

  Result<void> result() {
    if (error_) return *std::move(error_);
    return {};
  }
  bool fail(Error error) {
    error_ = std::move(error);
    return false;
  }
  bool check(simdjson::error_code code) { return code == simdjson::SUCCESS || fail(broken(code, offset())); }
  void check_end() {
    if (offset()) check(simdjson::TRAILING_CONTENT);
  }

  // Of the token at work; nothing at the document's end.
  std::optional<std::size_t> offset() {
    const char* at = nullptr;
    if (!document_.is_alive() || document_.current_location().get(at) != simdjson::SUCCESS) return std::nullopt;
    return static_cast<std::size_t>(at - json_.data());
  }

  bool members(ondemand::object& object, const Path& path, std::size_t depth) {
    if (!check_depth(depth)) return false;
    bool is_empty = true;
    for (auto member : object) {
      ondemand::field field;
      if (!check(std::move(member).get(field))) return false;
      is_empty = false;
      std::string_view key;
      if (!read_key(field, key) || !visit(field.value(), below(path, key), depth)) return false;
    }
    return !is_empty || path.name.empty() || deliver(path, ValueView::json("{}"));
  }

  bool elements(ondemand::array& array, const Path& path, std::size_t depth) {
    if (!check_depth(depth)) return false;
    std::size_t index = 0;
    for (auto element : array) {
      ondemand::value value;
      if (!check(std::move(element).get(value)) || !visit(value, element_path(path, index++), depth)) return false;
    }
    return true;
  }

  bool visit(ondemand::value& value, const Path& path, std::size_t depth) {
    const std::string_view token = trimmed(value.raw_json_token());
    if (token == "{") {
      ondemand::object object;
      return check(value.get_object().get(object)) && members(object, path, depth + 1);
    }
    if (token == "[") {
      ondemand::array array;
      return check(value.get_array().get(array)) && elements(array, path, depth + 1) &&
             deliver(path, ValueView::json(source_from(token.data())));
    }
    ValueView scalar;
    return read(value, token, scalar) && deliver(path, scalar);
  }

  // From `start` to the token at work.
  std::string_view source_from(const char* start) {
    const std::size_t first = static_cast<std::size_t>(start - json_.data());
    return trimmed(json_.substr(first, offset().value_or(json_.size()) - first));
  }

  bool read(ondemand::value& value, std::string_view token, ValueView& scalar) {
    switch (token.front()) {
      case '"': return read_text(value, token, scalar);
      case 't': scalar = ValueView::boolean(true); return token == "true" || fail_at(token);
      case 'f': scalar = ValueView::boolean(false); return token == "false" || fail_at(token);
      default: return read_number(value, token, scalar);
    }
  }

  bool read_text(ondemand::value& value, std::string_view token, ValueView& scalar) {
    if (token.size() < 2 || token.back() != '"') return fail_at(token);
    std::string_view text = token.substr(1, token.size() - 2);
    if (std::memchr(text.data(), '\\', text.size()) != nullptr) {
      if (!check(value.get_string().get(text))) return false;
      text = arena_.copy(text);
    }
    scalar = ValueView::text(text);
    return true;
  }

  bool read_number(ondemand::value& value, std::string_view token, ValueView& scalar) {
    ondemand::number number;
    if (value.get_number().get(number) == simdjson::SUCCESS) {
      using Type = ondemand::number_type;
      if (number.get_number_type() == Type::signed_integer) return scalar = ValueView::of(number.get_int64()), true;
      if (number.get_number_type() == Type::floating_point_number) return scalar = ValueView::of(number.get_double()), true;
    }
    if (token == "null") return scalar = ValueView::null(), true;
    const auto unusual = doppel::read_number(token);
    if (!unusual) return fail_at(token);
    scalar = *unusual;
    return true;
  }

  bool fail_at(std::string_view token) {
    return fail(broken(simdjson::TAPE_ERROR, static_cast<std::size_t>(token.data() - json_.data())));
  }

  bool read_key(ondemand::field& field, std::string_view& key) {
    const char* begin = field.key().raw();
    const char* end = begin;
    while (*end != '"' && *end != '\\') ++end;
    if (*end == '"') {
      key = {begin, static_cast<std::size_t>(end - begin)};
      return true;
    }
    if (!check(field.unescaped_key().get(key))) return false;
    key = arena_.copy(key);
    return true;
  }

  Path below(const Path& parent, std::string_view key) {
    const PathNode* node = parent.node ? parent.node->find(key) : nullptr;
    if (node && node->field) return {node, true, *node->field};
    if (!parent.is_field) return {node, false, {}};
    return {node, true, parent.name.empty() ? key : joined(parent.name, key)};
  }

  // An array is one value; only pointers lead into it.
  Path element_path(const Path& array, std::size_t index) {
    if (!array.node || array.node->children.empty()) return {};
    const PathNode* node = array.node->find(std::to_string(index));
    if (node && node->field) return {node, true, *node->field};
    return {node, false, {}};
  }

  std::string_view joined(std::string_view parent, std::string_view key) {
    char* name = arena_.allocate(parent.size() + 1 + key.size());
    std::memcpy(name, parent.data(), parent.size());
    name[parent.size()] = '.';
    if (!key.empty()) std::memcpy(name + parent.size() + 1, key.data(), key.size());
    return {name, parent.size() + 1 + key.size()};
  }

  bool deliver(const Path& path, const ValueView& value) {
    std::optional<std::uint32_t> field;
    if (path.is_field && !add_field(path.name, value, field)) return false;
    if (path.node && path.node->capture) captures_[*path.node->capture] = {value, field};
    return true;
  }

  bool add_field(std::string_view name, const ValueView& value, std::optional<std::uint32_t>& field) {
    if (name.empty()) return ++event_.unnamed_fields, true;
    if (name.size() > limits_.name_bytes) return fail(beyond("a field name", name.size(), "bytes", limits_.name_bytes));
    if (value.has_content() && value.content.size() > limits_.value_bytes)
      return fail(beyond("field \"" + std::string(name) + "\"", value.content.size(), "bytes", limits_.value_bytes));
    const std::size_t place = names_.place(name, event_.fields);
    field = static_cast<std::uint32_t>(place);
    if (place < event_.fields.size()) {
      event_.fields[place].value = value;
      ++event_.duplicate_keys;
      return true;
    }
    if (place == limits_.fields) return fail(limit_exceeded("payload has more than " + std::to_string(place) + " fields"));
    event_.fields.push_back({name, value});
    return true;
  }

  static Error beyond(const std::string& what, std::size_t size, const char* unit, std::size_t limit) {
    return limit_exceeded(what + " of " + std::to_string(size) + " " + unit + ", at most " + std::to_string(limit) +
                          " are allowed");
  }

  bool check_depth(std::size_t depth) {
    return depth <= limits_.depth ||
           fail(limit_exceeded("payload is nested deeper than " + std::to_string(limits_.depth) + " levels"));
  }

  const DecodeLimits& limits_;
  NameIndex& names_;
  std::string_view json_;
  Arena& arena_;
  DecodedEvent& event_;
  std::span<JsonReader::Captured> captures_;
  ondemand::document document_;
  std::optional<Error> error_;
};

}  // namespace

struct JsonReader::Parts {
  explicit Parts(const DecodeLimits& given) : limits(given), names(given.fields) {}

  template <class Read>
  auto with_parser(std::string_view json, Read read) {
    if (json.size() <= kUsualDocument) return read(parser);
    ondemand::parser own;
    return read(own);
  }

  DecodeLimits limits;
  NameIndex names;
  ondemand::parser parser;
};

JsonReader::JsonReader(const DecodeLimits& limits) : parts_(std::make_unique<Parts>(limits)) {}
JsonReader::~JsonReader() = default;

Result<void> JsonReader::read_object(std::string_view object, const Wanted& wanted, Arena& arena, DecodedEvent& event) {
  parts_->names.clear();
  return parts_->with_parser(object, [&](ondemand::parser& parser) {
    Pass pass(parts_->limits, parts_->names, object, arena, event, wanted.captures);
    return pass.read_object(parser, Path{&wanted.paths, wanted.every_field, {}});
  });
}

bool JsonReader::is_array(std::string_view array) {
  return parts_->with_parser(array, [&](ondemand::parser& parser) {
    Arena arena;
    DecodedEvent nothing;
    return Pass(parts_->limits, parts_->names, array, arena, nothing, {}).read_array(parser).has_value();
  });
}

std::optional<std::string_view> JsonReader::read_string(std::string_view string, Arena& arena) {
  return parts_->with_parser(string, [&](ondemand::parser& parser) -> std::optional<std::string_view> {
    ondemand::document document;
    std::string_view text;
    if (parser.iterate(padded(string)).get(document) != simdjson::SUCCESS) return std::nullopt;
    if (document.get_string().get(text) != simdjson::SUCCESS) return std::nullopt;
    const bool has_more = document.current_location().error() == simdjson::SUCCESS;
    return has_more ? std::nullopt : std::optional(arena.copy(text));
  });
}

}  // namespace doppel
