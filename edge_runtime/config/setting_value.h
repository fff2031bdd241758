// A setting's value from its text, and whether a value is allowed.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "edge_runtime/config/setting_table.h"
#include "twin_store/model/result.h"

namespace doppel {

// From a flag, or from text in a file: `text` is what stands between the quotes. Lists are separated by commas.
// Errors: invalid_input, saying what is wrong and what is allowed.
Result<SettingValue> parse_setting(const Setting& setting, std::string_view text);

// Nothing when the value keeps within the setting's range, rule and choices.
std::optional<std::string> breach_of(const Setting& setting, const SettingValue& value);

// "; allowed: 1 ms to 1 min" or "".
std::string allowed_clause(const Setting& setting);

}  // namespace doppel
