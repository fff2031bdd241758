#include "broker_bridge/sim/generator.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numbers>

namespace doppel {
namespace {

constexpr double kTurn = 2 * std::numbers::pi;

double ratio(Duration a, Duration b) { return static_cast<double>(a.count()) / static_cast<double>(b.count()); }

}  // namespace

void append_number(std::string& out, double value, int decimals) {
  char text[400];
  const auto [end, problem] = std::to_chars(text, text + sizeof text, value, std::chars_format::fixed, decimals);
  std::string_view digits(text, static_cast<std::size_t>(end - text));
  if (digits.find('.') != std::string_view::npos) {
    digits.remove_suffix(digits.size() - 1 - digits.find_last_not_of('0'));
    if (digits.back() == '.') digits.remove_suffix(1);
  }
  out += digits == "-0" ? "0" : digits;
}

Generator::Generator(const FieldSpec& spec, Random& random) : spec_(&spec), offset_(spec.spread * random.around()) {
  if (std::holds_alternative<SineField>(spec.kind)) state_ = random.unit();
  if (const auto* walk = std::get_if<WalkField>(&spec.kind)) state_ = walk->start;
  if (const auto* counter = std::get_if<CounterField>(&spec.kind)) state_ = counter->start;
  if (!spec.spikes) return;
  has_spikes_ = random.unit() < spec.spikes->share;
  spike_phase_ = Duration(static_cast<std::int64_t>(random.unit() * static_cast<double>(spec.spikes->every.count())));
}

void Generator::append(Duration at, Random& random, std::string& out) {
  if (const auto* constant = std::get_if<ConstantField>(&spec_->kind)) {
    const auto value = constant->value.view().as_number();
    if (!value || spec_->spread + spec_->noise == 0) return append_json(out, constant->value.view());
  }
  if (const auto* choice = std::get_if<ChoiceField>(&spec_->kind)) return append_json(out, chosen(*choice, at, random).view());
  const double noise = spec_->noise == 0 ? 0 : spec_->noise * random.around();
  append_number(out, number(at, random) + offset_ + noise + spike(at), spec_->decimals);
}

double Generator::number(Duration at, Random& random) {
  if (const auto* sine = std::get_if<SineField>(&spec_->kind))
    return sine->mean + sine->amplitude * std::sin(kTurn * (ratio(at, sine->period) + state_));
  if (const auto* walk = std::get_if<WalkField>(&spec_->kind)) {
    state_ = std::clamp(state_ + walk->step * random.around(), walk->min, walk->max);
    return state_;
  }
  if (const auto* counter = std::get_if<CounterField>(&spec_->kind)) {
    const double now = state_;
    state_ += counter->step;
    return now;
  }
  return std::get<ConstantField>(spec_->kind).value.view().as_number().value_or(0);
}

double Generator::spike(Duration at) const {
  if (!has_spikes_) return 0;
  const Duration since = (at + spike_phase_) % spec_->spikes->every;
  if (since >= spec_->spikes->length) return 0;
  return spec_->spikes->add * std::sin(std::numbers::pi * ratio(since, spec_->spikes->length));
}

const Value& Generator::chosen(const ChoiceField& choice, Duration at, Random& random) {
  const std::int64_t turn = choice.every > Duration::zero() ? at / choice.every : choice_turn_ + 1;
  if (turn != choice_turn_) choice_ = random.next() % choice.values.size();
  choice_turn_ = turn;
  return choice.values[choice_];
}

}  // namespace doppel
