// JSON answers as people read them. For .cpp files only.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "twin_store/model/result.h"

namespace doppel {

// Errors: corrupt_data (a node answered what is not JSON).
Result<nlohmann::json> parse_answer(std::string_view text);

// A cell of a table: text as it is, "-" for null or absent, anything else as JSON.
std::string cell(const nlohmann::json& object, const std::string& key);
std::string cell_text(const nlohmann::json& value);

// An RFC 3339 time as how long ago it was: "3 s ago".
std::string age(const nlohmann::json& object, const std::string& key);

}  // namespace doppel
