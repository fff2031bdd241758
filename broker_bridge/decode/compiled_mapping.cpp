#include "broker_bridge/decode/compiled_mapping.h"

#include <algorithm>

#include "broker_bridge/decode/topic_filter.h"
#include "twin_store/model/value.h"

namespace doppel {
namespace {

constexpr std::array<std::string_view, 4> kTimePointers = {"/ts", "/time", "/timestamp", "/t"};

std::string quote(std::string_view text) { return "\"" + std::string(text) + "\""; }

bool is_part_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

// RFC 6901: '/' before each token; "~1" stands for '/', "~0" for '~'.
std::optional<std::vector<std::string>> pointer_tokens(std::string_view pointer) {
  if (!pointer.starts_with('/') || !is_utf8(pointer)) return std::nullopt;
  std::vector<std::string> tokens;
  Levels levels(pointer.substr(1));
  for (std::string_view level; levels.next(level);) {
    std::string token;
    for (std::size_t i = 0; i < level.size(); ++i) {
      if (level[i] != '~') {
        token += level[i];
        continue;
      }
      if (++i == level.size() || (level[i] != '0' && level[i] != '1')) return std::nullopt;
      token += level[i] == '0' ? '~' : '/';
    }
    tokens.push_back(std::move(token));
  }
  return tokens;
}

// Compiles one rule and collects what is wrong with it.
class RuleCompiler {
 public:
  RuleCompiler(const MappingRule& source, std::string place, std::vector<std::string>& problems)
      : source_(source), place_(std::move(place)), problems_(problems) {}

  CompiledRule compile() {
    auto pattern = TopicPattern::parse(source_.topic);
    if (!pattern) {
      report(pattern.error().message);
      return std::move(rule_);
    }
    rule_.pattern = std::move(pattern).value();
    rule_.model = source_.model;
    rule_.format = source_.format;
    compile_times();
    if (!source_.event_id.empty()) rule_.event_id = capture("event_id", source_.event_id);
    if (!source_.twin.empty()) rule_.twin = compile_template("twin", source_.twin);
    rule_.property = compile_template("property", source_.property);
    compile_fields();
    find_labels();
    return std::move(rule_);
  }

 private:
  void report(const std::string& problem) { problems_.push_back(place_ + ": " + problem); }

  void compile_times() {
    if (!source_.time.empty()) {
      capture("time", source_.time);
    } else {
      for (const auto pointer : kTimePointers) capture("time", pointer);
    }
    rule_.times = captures_;
  }

  PathNode* node(const char* setting, std::string_view pointer) {
    const auto tokens = pointer_tokens(pointer);
    if (!tokens) {
      report(std::string(setting) + " = " + quote(pointer) +
             " is not a JSON pointer: it begins with '/', and '~' is written ~0, '/' inside a name ~1");
      return nullptr;
    }
    PathNode* at = &rule_.paths;
    for (const auto& token : *tokens) {
      const auto found = std::find_if(at->children.begin(), at->children.end(),
                                      [&](const PathNode& child) { return child.key == token; });
      at = found != at->children.end() ? &*found : &at->children.emplace_back(PathNode{token, {}, {}, {}});
    }
    return at;
  }

  std::size_t capture(const char* setting, std::string_view pointer) {
    PathNode* at = node(setting, pointer);
    if (!at) return 0;
    if (at->capture) return *at->capture;
    if (captures_ == kMaxCaptures) {
      report("takes more than " + std::to_string(kMaxCaptures) + " values from the payload for id and time");
      return 0;
    }
    at->capture = captures_;
    return captures_++;
  }

  TextTemplate compile_template(const char* setting, std::string_view text) {
    TextTemplate result;
    const auto whole = text;
    while (!text.empty()) {
      const auto open = std::min(text.find('{'), text.size());
      if (open > 0) result.pieces.push_back({TextTemplate::Piece::Kind::literal, std::string(text.substr(0, open)), 0});
      text.remove_prefix(open);
      if (text.empty()) break;
      const auto close = text.find('}');
      if (close == std::string_view::npos) {
        report(std::string(setting) + " = " + quote(whole) + " has a '{' without a '}'");
        break;
      }
      compile_hole(setting, text.substr(1, close - 1), result);
      text.remove_prefix(close + 1);
    }
    if (whole.empty()) report(std::string(setting) + " is empty");
    return result;
  }

  void compile_hole(const char* setting, std::string_view name, TextTemplate& result) {
    if (name.starts_with('/')) {
      if (std::string_view(setting) != "twin") {
        report(std::string(setting) + " takes {/pointer}, but the payloads it is for have no fields");
        return;
      }
      result.pieces.push_back({TextTemplate::Piece::Kind::capture, "", capture(setting, name)});
      return;
    }
    const auto part = rule_.pattern.part(name);
    if (!part) {
      report(std::string(setting) + " uses {" + std::string(name) + "}, which the topic does not name");
      return;
    }
    result.pieces.push_back({TextTemplate::Piece::Kind::part, "", *part});
  }

  void compile_fields() {
    rule_.every_field = source_.fields.empty();
    for (const auto& field : source_.fields) {
      if (field.name.empty() || !is_utf8(field.name)) report("the field at " + quote(field.pointer) + " needs a name in UTF-8");
      PathNode* at = node("field", field.pointer);
      if (at && at->field) report("the field at " + quote(field.pointer) + " is named twice");
      if (at) at->field = field.name;
    }
  }

  void find_labels() {
    for (std::size_t part = 0; part < rule_.pattern.names().size(); ++part)
      if (!uses(rule_.twin, part) && !uses(rule_.property, part)) rule_.labels.push_back(part);
  }

  static bool uses(const std::optional<TextTemplate>& text, std::size_t part) {
    return text && std::any_of(text->pieces.begin(), text->pieces.end(), [&](const TextTemplate::Piece& piece) {
             return piece.kind == TextTemplate::Piece::Kind::part && piece.index == part;
           });
  }

  const MappingRule& source_;
  std::string place_;
  std::vector<std::string>& problems_;
  CompiledRule rule_;
  std::size_t captures_ = 0;
};

void check_limits(const DecodeLimits& limits, std::vector<std::string>& problems) {
  const auto check = [&](const char* name, std::size_t value, std::size_t least, std::size_t most) {
    if (value < least || value > most)
      problems.push_back("limit " + std::string(name) + " = " + std::to_string(value) + ", allowed are " +
                         std::to_string(least) + " to " + std::to_string(most));
  };
  check("payload_bytes", limits.payload_bytes, 1, 256u << 20);
  check("value_bytes", limits.value_bytes, 1, 256u << 20);
  check("name_bytes", limits.name_bytes, 1, 4096);
  check("fields", limits.fields, 1, 65'536);
  check("depth", limits.depth, 1, 64);
  if (limits.time_ahead < Duration::zero()) problems.push_back("limit time_ahead is negative");
}

}  // namespace

Result<TopicPattern> TopicPattern::parse(std::string_view text) {
  TopicPattern pattern;
  std::string filter;  // the pattern without its names
  Levels levels(text);
  for (std::string_view level; levels.next(level);) {
    if (!pattern.levels_.empty()) filter += '/';
    if (level.find_first_of("{}") == std::string_view::npos) {
      filter += level;
      using enum Level::Kind;
      pattern.levels_.push_back({level == "#" ? rest : level == "+" ? one : literal, std::string(level), {}});
      continue;
    }
    const auto name = level.substr(1, level.size() < 2 ? 0 : level.size() - 2);
    if (!level.starts_with('{') || !level.ends_with('}') || !is_part_name(name))
      return invalid_input("topic " + quote(text) + ": a named part is a whole level, {name} of letters, digits, _ and -, not " +
                           quote(level));
    if (pattern.part(name)) return invalid_input("topic " + quote(text) + " names {" + std::string(name) + "} twice");
    if (pattern.names_.size() == kMaxParts)
      return invalid_input("topic " + quote(text) + " names more than " + std::to_string(kMaxParts) + " levels");
    filter += '+';
    pattern.levels_.push_back({Level::Kind::one, "", pattern.names_.size()});
    pattern.names_.emplace_back(name);
  }
  if (auto ok = check_topic_filter(filter); !ok) return invalid_input("topic " + quote(text) + ": " + ok.error().message);
  return pattern;
}

std::optional<std::size_t> TopicPattern::part(std::string_view name) const {
  const auto found = std::find(names_.begin(), names_.end(), name);
  if (found == names_.end()) return std::nullopt;
  return static_cast<std::size_t>(found - names_.begin());
}

bool TopicPattern::match(std::string_view topic, TopicParts& parts) const {
  if (topic.starts_with('$') && levels_.front().kind != Level::Kind::literal) return false;
  Levels given(topic);
  std::string_view have;
  for (const auto& level : levels_) {
    if (level.kind == Level::Kind::rest) return true;
    if (!given.next(have)) return false;
    if (level.kind == Level::Kind::literal && level.literal != have) return false;
    if (level.part) parts[*level.part] = have;
  }
  return !given.next(have);
}

CompiledRule default_rule() {
  MappingRule source;
  source.topic = "#";
  std::vector<std::string> problems;
  CompiledRule rule = RuleCompiler(source, "default rule", problems).compile();
  rule.property.reset();
  return rule;
}

Result<CompiledMapping> compile(const Mapping& mapping) {
  CompiledMapping compiled;
  compiled.limits = mapping.limits;
  std::vector<std::string> problems;
  check_limits(mapping.limits, problems);
  for (std::size_t i = 0; i < mapping.rules.size(); ++i) {
    const auto& rule = mapping.rules[i];
    compiled.rules.push_back(RuleCompiler(rule, "mapping " + std::to_string(i + 1), problems).compile());
  }
  if (mapping.default_rule) compiled.fallback = default_rule();
  if (problems.empty()) return compiled;
  std::string message;
  for (const auto& problem : problems) message += (message.empty() ? "" : "\n") + problem;
  return invalid_input(std::move(message));
}

}  // namespace doppel
