// The edge's fold: decode, route, functions, effects, windows. Pure: what it does depends on the records alone.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "broker_bridge/decode/decoder.h"
#include "broker_bridge/decode/topic_filter.h"
#include "edge_runtime/pipeline/alerts_and_alarms.h"
#include "edge_runtime/pipeline/dead_letter_order.h"
#include "edge_runtime/pipeline/dead_letters.h"
#include "edge_runtime/pipeline/function_runs.h"
#include "edge_runtime/pipeline/function_set.h"
#include "edge_runtime/pipeline/held_events.h"
#include "edge_runtime/pipeline/names.h"
#include "edge_runtime/pipeline/pipeline_config.h"
#include "edge_runtime/pipeline/redelivery.h"
#include "edge_runtime/pipeline/refused_retained.h"
#include "edge_runtime/pipeline/set_property.h"
#include "edge_runtime/pipeline/twin_table.h"
#include "edge_runtime/pipeline/wave.h"
#include "edge_runtime/pipeline/windows.h"
#include "twin_store/lane/fold.h"
#include "twin_store/model/arena.h"

namespace doppel {

// Fold state: counts since the store was empty.
struct PipelineCounts {
  std::uint64_t messages = 0;          // message records
  std::uint64_t events = 0;            // applied to a twin
  std::uint64_t redelivered = 0;       // repeats by the broker, dropped
  std::uint64_t retained_repeats = 0;  // retained messages taken before, dropped
  std::uint64_t out_of_order = 0;      // values older than what the property has: not set, but in their window
  std::uint64_t duplicate_keys = 0;
  std::uint64_t unnamed_fields = 0;    // fields with an empty name, left out
  std::uint64_t times_ahead = 0;       // device times too far in the future, replaced by arrival
  std::uint64_t not_finite = 0;        // NaN and infinities: set, but in no window
  std::uint64_t repeated_ids = 0;      // events whose id their twin had taken before, dropped
};

class Pipeline final : public Fold {
 public:
  // Waves of events that a batch causes in itself; what goes deeper is dead-lettered.
  static constexpr std::uint32_t kMostWaves = 8;
  // Events of one such wave: without it a function that emits many for each would fill the memory in a few waves.
  static constexpr std::uint32_t kMostInWave = 65'536;

  explicit Pipeline(RunnerLoader& loader);
  ~Pipeline() override;

  std::span<const std::string_view> tables() const override;
  std::string version() const override { return version_; }
  Result<void> load(const StoreReader& store) override;
  Result<void> apply(const Batch& batch, BatchOutput& output) override;
  std::optional<Timestamp> next_due() const override;
  void take_changes(std::vector<RowChange>& changes) override;
  std::size_t dirty_bytes() const override;
  void begin_incarnation(const Incarnation& incarnation) override;

  enum class Applied : std::uint8_t { yes, not_granted, unsupported, mismatched };
  // Of the last batch, the first effect of each function that was not applied for such a reason: for the log. All are counted in the
  // meters, which are state; this is not.
  struct DeniedEffect {
    std::string function;
    EffectKind kind = EffectKind::set;
    std::string target;  // what it would have touched: a property, topic, twin, alarm, queue or URL
    std::string twin;
    Applied reason = Applied::not_granted;
    std::string why;     // for a person
  };
  std::span<const DeniedEffect> denied_effects() const { return denied_; }

  // Reading, on the lane's thread between batches.
  const std::string& config_text() const { return config_text_; }
  const PipelineConfig& config() const { return config_; }
  const TwinTable& twins() const { return twins_; }
  const NameTable& names() const { return names_; }
  const FunctionSet& functions() const { return functions_; }
  const Windows& windows() const { return *windows_; }
  const DeadLetters& dead_letters() const { return dead_letters_; }
  const HeldEvents& held_events() const { return held_; }
  const Alerts& alerts() const { return alerts_; }
  const Redelivery& redelivery() const { return redelivery_; }
  const PipelineCounts& counts() const { return counts_; }
  const RunTimes& run_times(const std::string& function) { return runs_.times(function); }
  // Everything that a coordinator which has lost its copy is to get again, as of the last batch, whose mark this is.
  std::vector<OutboxRow> retained_rows(const Incarnation& incarnation, Position mark) const;
  // Twins that the last batch changed, each once, with the rev they had before it in Twin::rev_before_batch.
  std::span<const TwinIndex> changed_twins() const { return changed_; }
  // Reported values that the last batch removed; some may have come back in it, or gone twice.
  struct RemovedProperty {
    TwinIndex twin = kNoTwin;
    Name name{};
    auto operator<=>(const RemovedProperty&) const = default;
  };
  std::span<const RemovedProperty> removed_properties() const { return removed_; }

 private:
  struct TaggedRow {
    std::uint32_t wave = 0;
    Position origin = Position::none;
    std::string_view function;  // in the arena: the function may be gone by the end of the batch
    std::uint32_t item = 0, index = 0;
    OutboxRow row;
  };

  Result<void> configure(std::string_view config_json);
  void fire_due(const Record& first, std::vector<OutboxRow>& rows);
  void fire_alarm(const Alarm& alarm, Timestamp due, const Record& first);
  void take(const Record& record, std::vector<OutboxRow>& rows);
  void take_clock_step(const Record& record);
  void take_message(const Record& record);
  void take_new(const Record& record, std::uint64_t topic_hash, std::uint64_t payload_hash);
  void take_payload(const Record& record, std::uint64_t topic_hash, std::uint64_t payload_hash);
  void take_event(const Record& record, const DecodedEvent& event, std::uint64_t topic_hash, std::uint64_t payload_hash);
  bool intern_names_of(const Record& record, const DecodedEvent& event);
  void take_activation(const Record& record);
  void activate(const Record& record, const std::string& name, const Activation& activation);
  void refuse_activation(const Record& record, const std::string& name, std::string why);
  void take_set(const Record& record);
  std::pair<int, std::string> set_desired(const Record& record, const SetProperty& set);

  KeptEvent kept(const WaveItem& item, const ActiveFunction* function) const;
  void add_kept(const KeptEvent& event, FunctionSet::Number function, HeldEvents::Number held_number);
  void hold(const WithheldEvent& withheld);
  void tell_stopped(FunctionSet::Number number);
  void clear_condition(const ActiveFunction& function, std::string_view condition);
  void end_quarantine(FunctionSet::Number number);
  void take_dead_letter_order(const Record& record);
  void answer_order(const Record& record, const DeadLetterOrder& order, int status, std::string body);
  bool retry(DeadLetters::Number number);

  void run_waves();
  void process_wave();
  bool wave_needs_rounds();
  void process_at_once();
  void process_in_rounds();
  void run_functions(std::span<const std::uint32_t> items);
  void finish_runs();

  void report(const WaveItem& item);
  void set_labels(Twin& twin, const WaveItem& item);
  void add_to_windows(const WaveItem& item);
  // False when the twin has as many properties as it may have.
  bool set_property(TwinIndex index, Name name, const ValueView& value, Timestamp time, const WaveItem& cause);
  void queue_change(TwinIndex index, Name name, const ValueView& before, const ValueView& after, const WaveItem& cause);
  void apply_effects(std::span<const ProducedEffect> effects);  // of one item and function
  Applied apply_effect(const ProducedEffect& produced, bool& has_rev);
  void deny(const ProducedEffect& produced, Applied reason);
  std::string why_denied(const ProducedEffect& produced, Applied reason) const;
  Applied apply_set(const ProducedEffect& produced, bool& has_rev);
  Applied apply_remove(const ProducedEffect& produced, bool& has_rev);
  Applied apply_send(const ProducedEffect& produced);
  void apply_emit(const ProducedEffect& produced);
  Applied apply_publish(const ProducedEffect& produced);
  void apply_alert(const ProducedEffect& produced);
  void raise_alert(const ProducedEffect& produced, const Alert& alert);
  Applied apply_alarm(const ProducedEffect& produced);
  // False after a dead letter: the next wave is full.
  bool can_cause(const WaveItem& cause, const ActiveFunction* function);
  WaveItem& add_caused(const WaveItem& cause, TwinIndex twin, TriggerKind trigger, std::string_view topic);
  void add_fields(const ProducedEffect& produced);
  void push_row(const ProducedEffect& produced, OutboxRow row);
  void push_row_of(const ActiveFunction& function, OutboxRow row);  // of the function as a whole
  RunPlace place(std::uint32_t round) { return {wave_, wave_of_batch_, round, obey_, arena_, lane_time(now_), config_.failure_fuel}; }

  Twin& touch(TwinIndex index);
  void queue_live(TwinIndex index);
  void append_standing(std::vector<OutboxRow>& rows, Position mark) const;
  void append_newly_selected(const std::vector<std::string>& went_up, std::vector<OutboxRow>& rows) const;
  void emit_live(const Alarm& alarm, std::vector<OutboxRow>& rows);
  void dead_letter(const Record& record, std::string reason, std::string detail, std::string_view twin = {});
  void dead_letter(const WaveItem& item, std::string reason, std::string detail, const ActiveFunction* function,
                   RetryAs retry = RetryAs::nothing);
  bool goes_up(const Twin& twin) const { return matches_any(config_.uplink_twins, twin.id); }
  Timestamp lane_time(Timestamp wall) const { return wall - clock_steps_; }

  // Fold state.
  const std::string version_;
  PipelineConfig config_;
  std::string config_text_;
  NameTable names_;
  const Name old_name_, new_name_, value_name_;  // fields of what the fold makes itself; there before any limit is reached
  TwinTable twins_;
  FunctionSet functions_;
  std::unique_ptr<Windows> windows_;
  Redelivery redelivery_;
  RefusedRetained refused_retained_;
  DeadLetters dead_letters_;
  HeldEvents held_;
  Alerts alerts_;
  Alarms alarms_;
  PipelineCounts counts_;
  Duration clock_steps_{0};  // the wall clock's, all together: lane time is the wall without them
  bool state_dirty_ = false, config_dirty_ = false, refused_dirty_ = false;

  // Work of the batch at hand.
  Timestamp now_;  // of its first record
  Position mark_ = Position::none;
  std::unique_ptr<Decoder> decoder_;
  FunctionRuns runs_;
  Arena arena_;
  EventList events_;
  Wave wave_, next_wave_;
  std::uint32_t depth_ = 0;
  RunReport report_;
  std::vector<std::vector<std::uint32_t>> wanted_;  // by function: items
  std::vector<std::uint64_t> name_seen_;            // by name: number of the wave that reported it last
  std::uint64_t wave_number_ = 0;                   // of this process
  std::uint32_t wave_of_batch_ = 0;
  std::vector<std::uint32_t> all_items_, wanting_;
  std::vector<std::vector<std::uint32_t>> by_round_;
  std::vector<Name> event_names_, label_names_;     // of the event at hand
  Windows::Labels labels_;
  std::vector<NumericField> numeric_;
  std::vector<TwinIndex> changed_;
  std::vector<RemovedProperty> removed_;
  std::vector<TaggedRow> tagged_;
  std::span<const Decision> obey_;
  bool is_replay_ = false;
  std::vector<Decision> decided_;
  std::vector<DeniedEffect> denied_;
};

}  // namespace doppel
