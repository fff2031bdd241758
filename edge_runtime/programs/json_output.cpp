#include "edge_runtime/programs/json_output.h"

#include "twin_store/model/time.h"

namespace doppel {

Result<nlohmann::json> parse_answer(std::string_view text) {
  auto document = nlohmann::json::parse(text, nullptr, false);
  if (document.is_discarded()) return corrupt_data("the node's answer is not JSON");
  return document;
}

std::string cell_text(const nlohmann::json& value) {
  if (value.is_null()) return "-";
  if (value.is_string()) return value.get<std::string>();
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string cell(const nlohmann::json& object, const std::string& key) {
  const auto found = object.find(key);
  return found == object.end() ? "-" : cell_text(*found);
}

std::string age(const nlohmann::json& object, const std::string& key) {
  const std::string text = cell(object, key);
  const auto time = parse_rfc3339(text);
  if (!time) return text;
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(SystemClock().wall() - *time).count();
  if (seconds < 120) return std::to_string(std::max<std::int64_t>(seconds, 0)) + " s ago";
  if (seconds < 7'200) return std::to_string(seconds / 60) + " min ago";
  if (seconds < 172'800) return std::to_string(seconds / 3'600) + " h ago";
  return std::to_string(seconds / 86'400) + " d ago";
}

}  // namespace doppel
