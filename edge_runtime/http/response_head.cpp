#include <array>
#include <ctime>

#include "edge_runtime/http/connection.h"

namespace doppel {
namespace {

// The app brings everything it uses, and no page may frame it.
constexpr std::string_view kSecurityHeaders =
    "Content-Security-Policy: default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "object-src 'none'\r\n"
    "Cross-Origin-Opener-Policy: same-origin\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "X-Content-Type-Options: nosniff\r\n";

// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, section 5.6.7)
std::string http_date(Timestamp now) {
  constexpr std::array<const char*, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t seconds = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%s, %02d %s %04d %02d:%02d:%02d GMT", kDays[static_cast<std::size_t>(parts.tm_wday)],
                parts.tm_mday, kMonths[static_cast<std::size_t>(parts.tm_mon)], parts.tm_year + 1900, parts.tm_hour,
                parts.tm_min, parts.tm_sec);
  return text.data();
}

void append_field(std::string& head, std::string_view name, std::string_view value) {
  head += name;
  head += ": ";
  // A line break in a value would end the header and begin a forged one.
  for (const char c : value) head += c == '\r' || c == '\n' || c == '\0' ? ' ' : c;
  head += "\r\n";
}

bool has_content(Status status) { return status != Status::no_content && status != Status::not_modified; }

bool sets_cache_control(const Response& response) {
  for (const auto& [name, value] : response.headers) {
    if (name == "Cache-Control") return true;
  }
  return false;
}

}  // namespace

std::string response_head(const Response& response, Timestamp now, Persistence persistence) {
  std::string head;
  head.reserve(640);
  head = "HTTP/1.1 " + std::to_string(static_cast<unsigned>(response.status)) + ' ';
  head += reason_of(response.status);
  head += "\r\n";
  append_field(head, "Date", http_date(now));
  if (has_content(response.status)) {
    append_field(head, "Content-Type", response.content_type);
    if (persistence != Persistence::until_close) append_field(head, "Content-Length", std::to_string(response.content().size()));
  }
  for (const auto& [name, value] : response.headers) append_field(head, name, value);
  if (!sets_cache_control(response)) append_field(head, "Cache-Control", "no-store");
  append_field(head, "Connection", persistence == Persistence::keep_alive ? "keep-alive" : "close");
  head += kSecurityHeaders;
  head += "\r\n";
  return head;
}

}  // namespace doppel
