#include "edge_runtime/fntool/example_run.h"

#include <algorithm>

#include "twin_store/model/hash.h"

namespace doppel::fntool {
namespace {

bool reads_what_it_writes(const Manifest& manifest) {
  return std::any_of(manifest.reads.begin(), manifest.reads.end(), [&](const ColumnSpec& read) {
    return read.of_twin &&
           std::any_of(manifest.writes.begin(), manifest.writes.end(), [&](const ColumnSpec& w) { return w.name == read.name; });
  });
}

// The value in the type of the column, or null: conversions never lose.
ValueView converted(const ValueView& value, ValueKind type) {
  switch (type) {
    case ValueKind::number: return value.as_number() ? ValueView::of(*value.as_number()) : ValueView::null();
    case ValueKind::integer: return value.as_integer() ? ValueView::of(*value.as_integer()) : ValueView::null();
    case ValueKind::boolean: return value.as_boolean() ? ValueView::boolean(*value.as_boolean()) : ValueView::null();
    case ValueKind::text: return value.as_text() ? ValueView::text(*value.as_text()) : ValueView::null();
    default: return ValueView::null();
  }
}

class Session {
 public:
  Session(const Example& example, const Manifest& manifest, Runner& runner)
      : example_(example),
        manifest_(manifest),
        runner_(runner),
        builder_(manifest),
        twins_(example.twins),
        rounds_(reads_what_it_writes(manifest)) {}

  Transcript play(const Split& split) {
    for (std::size_t run = 0; next_ < example_.events.size() && transcript_.failure.empty(); ++run) {
      play_run(split.lengths[run % split.lengths.size()]);
    }
    return std::move(transcript_);
  }

 private:
  void play_run(std::size_t most) {
    builder_.begin();
    std::map<std::string, std::uint32_t> indexes;
    const std::size_t first = next_;
    for (; next_ < example_.events.size() && next_ < first + most; ++next_) {
      const ExampleEvent& event = example_.events[next_];
      const bool is_new = !indexes.contains(event.twin);
      if (!is_new && rounds_) break;
      if (is_new) indexes[event.twin] = builder_.add_twin(event.twin, transcript_.states[event.twin]);
      add_event(event, indexes[event.twin]);
    }
    runner_.run(builder_.finish(), result_);
    if (result_.outcome != RunOutcome::ok) return fail(first);
    for (const auto& [twin, index] : indexes) transcript_.states[twin] = builder_.state(index);
    keep_effects(first);
  }

  // The event reports first, and its columns hold what is true after that.
  void add_event(const ExampleEvent& event, std::uint32_t twin) {
    Fields& properties = twins_[event.twin];
    for (const auto& [name, value] : event.fields) properties.insert_or_assign(name, value);
    std::vector<ValueView> columns;
    for (const ColumnSpec& column : manifest_.reads) {
      const Fields& from = column.of_twin ? properties : event.fields;
      const auto found = from.find(column.name);
      columns.push_back(found == from.end() ? ValueView::null() : converted(found->second.view(), column.type));
    }
    RunEvent row;
    row.time = event.time;
    row.arrival = event.time;
    row.position = Position{next_ + 1};
    row.seed = mix64(next_ + 1, 0);
    row.trigger = event.trigger;
    row.twin = twin;
    row.topic = event.topic;
    row.payload = event.payload;
    builder_.add_event(row, columns);
  }

  void keep_effects(std::size_t first) {
    std::stable_sort(result_.decoded.begin(), result_.decoded.end(),
                     [](const Effect& a, const Effect& b) { return a.event < b.event; });
    for (const Effect& effect : result_.decoded) {
      const std::size_t event = first + effect.event;
      transcript_.effects.push_back(effect_text(effect, event));
      Fields& properties = twins_[example_.events[event].twin];
      if (effect.kind == EffectKind::set) properties.insert_or_assign(std::string(effect.name), Value(effect.value));
      if (effect.kind == EffectKind::remove) properties.erase(std::string(effect.name));
      if (effect.kind == EffectKind::set || effect.kind == EffectKind::remove) check_writes(effect);
    }
  }

  void check_writes(const Effect& effect) {
    const auto same = [&](const ColumnSpec& column) { return column.name == effect.name; };
    if (std::any_of(manifest_.writes.begin(), manifest_.writes.end(), same)) return;
    transcript_.failure =
        "property " + std::string(effect.name) + " is not in the writes of function.toml: an edge refuses to set it";
  }

  void fail(std::size_t first) {
    transcript_.failure = "event " + std::to_string(first + result_.progress) + ": " + std::string(to_string(result_.outcome)) +
                          ": " + result_.reason;
    for (const LogLine& line : result_.log) transcript_.failure += "\n  log: " + line.text;
    if (!result_.backtrace.empty()) transcript_.failure += "\n  " + result_.backtrace.substr(0, result_.backtrace.find('\n'));
  }

  const Example& example_;
  const Manifest& manifest_;
  Runner& runner_;
  RunBuilder builder_;
  std::map<std::string, Fields> twins_;
  const bool rounds_;
  std::size_t next_ = 0;
  RunResult result_;
  Transcript transcript_;
};

}  // namespace

Transcript run_example(const Example& example, const Manifest& manifest, Runner& runner, const Split& split) {
  return Session(example, manifest, runner).play(split);
}

}  // namespace doppel::fntool
