// Functions in C++ that speak ABI 1: a Runner reads the run as a guest does, and leaves an encoded list of effects.
#pragma once

#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "functions/abi/activation.h"
#include "functions/abi/doppel_abi.h"
#include "functions/abi/run.h"
#include "twin_store/model/hash.h"

namespace doppel {

class NativeRun {
 public:
  explicit NativeRun(std::span<char> input) : input_(input), header_(read<doppel_run_header>(0)) {}

  std::uint32_t events() const { return header_.event_count; }
  std::uint32_t twins() const { return header_.twin_count; }
  doppel_event_row event(std::uint32_t i) const { return read<doppel_event_row>(header_.events_offset + i * sizeof(doppel_event_row)); }
  std::string_view topic(std::uint32_t i) const { return text(event(i).topic); }
  std::string_view payload(std::uint32_t i) const { return text(event(i).payload); }
  std::string_view twin(std::uint32_t i) const { return text(twin_row(event(i).twin).id); }
  char* state(std::uint32_t i) const { return input_.data() + twin_row(event(i).twin).state_offset; }
  std::optional<double> number(std::uint32_t event, std::uint32_t column) const {
    const auto row = read<doppel_column_row>(header_.columns_offset + column * sizeof(doppel_column_row));
    const auto word = read<std::uint64_t>(row.validity_offset + event / 64 * 8);
    if ((word >> (event % 64) & 1) == 0) return std::nullopt;
    return read<doppel_slot>(row.values_offset + event * sizeof(doppel_slot)).number;
  }

  void add(EffectKind kind, std::uint32_t event, std::string_view name, std::string_view target = {}, const ValueView& value = {},
           std::uint32_t detail = 0) {
    doppel_effect_row row{};
    row.kind = static_cast<std::uint32_t>(kind);
    row.event = event;
    row.detail = detail;
    row.value_kind = static_cast<std::uint32_t>(value.kind);
    if (!value.has_content()) row.value.integer = value.integer;
    row.name_length = static_cast<std::uint32_t>(name.size());
    row.target_length = static_cast<std::uint32_t>(target.size());
    row.content_length = static_cast<std::uint32_t>(value.content.size());
    effects_.append(reinterpret_cast<const char*>(&row), sizeof row);
    effects_.append(name).append(target).append(value.content);
    effects_.resize((effects_.size() + 7) / 8 * 8);
    ++count_;
  }
  void end(RunOutcome outcome, std::uint32_t progress, std::string reason) {
    outcome_ = outcome;
    progress_ = progress;
    reason_ = std::move(reason);
  }
  void spend(std::uint64_t fuel) { fuel_ = fuel; }
  void log(std::string line) { log_.push_back({1, std::move(line)}); }

  void finish(RunResult& result) {
    result.outcome = outcome_;
    result.reason = reason_;
    result.progress = progress_;
    result.backtrace.clear();
    result.fuel = fuel_ != 0 ? fuel_ : 10 * events();
    result.log = log_;
    result.decoded.clear();
    result.effects.clear();
    if (outcome_ != RunOutcome::ok || count_ == 0) return;
    const doppel_effects_header header{DOPPEL_EFFECTS_MAGIC, DOPPEL_ABI_VERSION, static_cast<std::uint32_t>(sizeof(doppel_effects_header) + effects_.size()), count_};
    result.effects.assign(reinterpret_cast<const char*>(&header), sizeof header);
    result.effects += effects_;
    if (auto decoded = decode_effects_into(result.effects, events(), result.decoded); !decoded) {
      result.outcome = RunOutcome::bad_effects;
      result.reason = decoded.error().message;
    }
  }

 private:
  template <class T>
  T read(std::size_t at) const {
    T value;
    std::memcpy(&value, input_.data() + at, sizeof value);
    return value;
  }
  std::string_view text(doppel_string s) const { return {input_.data() + header_.strings_offset + s.offset, s.length}; }
  doppel_twin_row twin_row(std::uint32_t i) const { return read<doppel_twin_row>(header_.twins_offset + i * sizeof(doppel_twin_row)); }

  std::span<char> input_;
  doppel_run_header header_;
  std::string effects_, reason_;
  std::uint32_t count_ = 0, progress_ = 0;
  std::uint64_t fuel_ = 0;  // 0: ten an event
  RunOutcome outcome_ = RunOutcome::ok;
  std::vector<LogLine> log_;
};

using NativeFunction = std::function<void(NativeRun&)>;

class NativeFunctions final : public RunnerLoader {
 public:
  // Returns the activation of a version whose module is `body`.
  Activation add(const std::string& name, const std::string& manifest, NativeFunction body) {
    const std::string sha = sha256_hex(name + std::to_string(added_++));
    bodies_[sha] = std::move(body);
    Activation activation;
    activation.manifest = "name = '" + name + "'\nversion = '1'\n" + manifest;
    activation.module_sha256 = sha;
    return activation;
  }
  std::string version() const override { return "native"; }
  void lose(const std::string& sha) { bodies_.erase(sha); }

  Result<std::unique_ptr<Runner>> load(const std::string& sha, const Manifest&) override {
    const auto at = bodies_.find(sha);
    if (at == bodies_.end()) return not_found("there is no module " + sha);
    return std::unique_ptr<Runner>(std::make_unique<NativeRunner>(at->second));
  }

 private:
  struct NativeRunner final : Runner {
    explicit NativeRunner(NativeFunction f) : body(std::move(f)) {}
    void run(std::span<char> input, RunResult& result) override {
      NativeRun run(input);
      body(run);
      run.finish(result);
    }
    NativeFunction body;
  };
  std::map<std::string, NativeFunction> bodies_;
  std::size_t added_ = 0;
};

}  // namespace doppel
