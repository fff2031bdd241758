#include "twin_store/model/time.h"

#include <charconv>
#include <cstdio>

namespace doppel {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

// Takes digits and punctuation from the front of a text; turns bad at the first mismatch.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  int number(std::size_t digits) {
    if (text_.size() < digits) return fail();
    int value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      if (text_[i] < '0' || text_[i] > '9') return fail();
      value = value * 10 + (text_[i] - '0');
    }
    text_.remove_prefix(digits);
    return value;
  }
  char one_of(std::string_view choices) {
    if (text_.empty() || choices.find(text_[0]) == std::string_view::npos) return static_cast<char>(fail());
    const char c = text_[0];
    text_.remove_prefix(1);
    return c;
  }
  bool skip(char c) {
    if (text_.empty() || text_[0] != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  // Digits after the decimal point, as nanoseconds; more than nine are cut.
  Duration fraction() {
    std::int64_t ns = 0, scale = 100'000'000;
    std::size_t digits = 0;
    for (; !text_.empty() && text_[0] >= '0' && text_[0] <= '9'; text_.remove_prefix(1), ++digits) {
      ns += (text_[0] - '0') * scale;
      scale /= 10;
    }
    if (digits == 0) fail();
    return Duration(ns);
  }
  bool at_end() const { return text_.empty(); }
  bool ok() const { return ok_; }

 private:
  int fail() {
    ok_ = false;
    return 0;
  }
  std::string_view text_;
  bool ok_ = true;
};

}  // namespace

Timestamp SystemClock::wall() const { return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()); }
Duration SystemClock::monotonic() const { return std::chrono::steady_clock::now().time_since_epoch(); }

std::optional<Timestamp> parse_rfc3339(std::string_view text) {
  Scanner in(text);
  const int year = in.number(4);
  in.one_of("-");
  const int month = in.number(2);
  in.one_of("-");
  const int day = in.number(2);
  in.one_of("Tt ");
  const int hour = in.number(2);
  in.one_of(":");
  const int minute = in.number(2);
  in.one_of(":");
  const int second = in.number(2);
  if (!in.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok() || year < 1678 || year > 2261) return std::nullopt;
  Duration of_day = hours(hour) + minutes(minute) + seconds(second);
  if (in.skip('.')) of_day += in.fraction();
  if (in.ok() && !in.at_end()) {
    const char zone = in.one_of("Zz+-");
    if (zone == '+' || zone == '-') {
      const int zone_hour = in.number(2);
      in.one_of(":");
      const int zone_minute = in.number(2);
      if (zone_hour > 23 || zone_minute > 59) return std::nullopt;
      const Duration offset = hours(zone_hour) + minutes(zone_minute);
      of_day -= zone == '+' ? offset : -offset;
    }
  }
  if (!in.ok() || !in.at_end()) return std::nullopt;
  return Timestamp(std::chrono::sys_days(date).time_since_epoch()) + of_day;
}

std::string format_rfc3339(Timestamp time) {
  const auto day = std::chrono::floor<days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss<Duration> clock(time - day);
  char text[48];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  std::string out = text;
  const auto ns = clock.subseconds().count();
  if (ns != 0) {
    std::snprintf(text, sizeof text, ".%09lld", static_cast<long long>(ns));
    const std::size_t digits = ns % 1'000'000 == 0 ? 3 : ns % 1'000 == 0 ? 6 : 9;
    out.append(text, 1 + digits);
  }
  return out + 'Z';
}

}  // namespace doppel
