// The small types of the SDK. No standard library is needed.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace doppel {

// A value, or nothing.
template <class T>
class Optional {
 public:
  constexpr Optional() = default;
  constexpr Optional(T value) : value_(value), has_value_(true) {}
  constexpr explicit operator bool() const { return has_value_; }
  constexpr const T& operator*() const { return value_; }
  constexpr const T* operator->() const { return &value_; }
  constexpr T value_or(T other) const { return has_value_ ? value_ : other; }

 private:
  T value_{};
  bool has_value_ = false;
};

// Bytes that live as long as the run. Text is UTF-8.
struct Text {
  const char* data = nullptr;
  uint32_t size = 0;

  constexpr Text() = default;
  constexpr Text(const char* bytes, uint32_t length) : data(bytes), size(length) {}
  template <size_t N>
  constexpr Text(const char (&literal)[N]) : data(literal), size(static_cast<uint32_t>(N - 1)) {}
};

constexpr bool operator==(Text a, Text b) {
  if (a.size != b.size) return false;
  for (uint32_t i = 0; i < a.size; ++i) {
    if (a.data[i] != b.data[i]) return false;
  }
  return true;
}

// A name written in the source, which its address identifies: so that it is searched for once a run, not for every event.
struct Name {
  const char* data;
  uint32_t size;

  template <size_t N>
  consteval Name(const char (&literal)[N]) : data(literal), size(static_cast<uint32_t>(N - 1)) {}
  constexpr operator Text() const { return {data, size}; }
};

// Nanoseconds.
constexpr int64_t milliseconds(int64_t count) { return count * 1'000'000; }
constexpr int64_t seconds(int64_t count) { return count * 1'000'000'000; }
constexpr int64_t minutes(int64_t count) { return seconds(count * 60); }

}  // namespace doppel
