#include "edge_runtime/http/sse_parser.h"

#include <algorithm>

namespace doppel {

void SseParser::feed(std::string_view bytes, const std::function<void(const SseEvent&)>& visit) {
  for (const char c : bytes) {
    if (c == '\n' && after_return_) {
      after_return_ = false;
      continue;
    }
    after_return_ = c == '\r';
    if (c == '\n' || c == '\r') {
      end_line(visit);
    } else if (line_.size() < kMaxLine) {
      line_.push_back(c);
    }
  }
}

void SseParser::end_line(const std::function<void(const SseEvent&)>& visit) {
  if (!line_.empty()) {
    const std::string_view line = line_;
    const auto colon = std::min(line.find(':'), line.size());
    auto value = line.substr(std::min(colon + 1, line.size()));
    if (value.starts_with(' ')) value.remove_prefix(1);
    take_field(line.substr(0, colon), value);
    line_.clear();
    return;
  }
  if (has_data_) visit({type_.empty() ? "message" : type_, data_, last_id_});
  type_.clear();
  data_.clear();
  has_data_ = false;
}

void SseParser::take_field(std::string_view name, std::string_view value) {
  if (name == "event") type_ = value;
  if (name == "id") last_id_ = value;
  if (name != "data" || data_.size() + value.size() > kMaxLine) return;
  if (has_data_) data_ += '\n';
  data_ += value;
  has_data_ = true;
}

}  // namespace doppel
