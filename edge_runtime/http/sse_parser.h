// Server-Sent Events as a client reads them (WHATWG HTML, section 9.2): bytes in, events out.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace doppel {

struct SseEvent {
  std::string type = "message";
  std::string data;  // lines joined by '\n'
  std::string id;    // of this event or the last before it that had one
};

class SseParser {
 public:
  // `visit` is called for each complete event. A line longer than kMaxLine is cut there.
  void feed(std::string_view bytes, const std::function<void(const SseEvent&)>& visit);
  const std::string& last_event_id() const { return last_id_; }

  static constexpr std::size_t kMaxLine = 1u << 20;

 private:
  void end_line(const std::function<void(const SseEvent&)>& visit);
  void take_field(std::string_view name, std::string_view value);

  std::string line_;
  bool after_return_ = false;  // a '\n' that follows '\r' ends no further line
  std::string type_, data_, last_id_;
  bool has_data_ = false;
};

}  // namespace doppel
