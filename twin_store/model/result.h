// Result<T>: the value of an operation that can fail in a way the caller is expected to handle.
// Exceptions are left to mean a bug. Member names are those of std::expected.
#pragma once

#include <cassert>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace doppel {

// Each code has one reaction: invalid_input, not_found, conflict -> tell the caller; limit_exceeded -> refuse or
// dead-letter; unavailable -> retry later; corrupt_data -> quarantine and report; internal -> stop.
enum class ErrorCode { invalid_input, not_found, conflict, limit_exceeded, unavailable, corrupt_data, internal };

std::string_view to_string(ErrorCode code);

struct Error {
  ErrorCode code = ErrorCode::internal;
  std::string message;  // names the value, the place and the limit
};

inline Error invalid_input(std::string message) { return {ErrorCode::invalid_input, std::move(message)}; }
inline Error not_found(std::string message) { return {ErrorCode::not_found, std::move(message)}; }
inline Error conflict(std::string message) { return {ErrorCode::conflict, std::move(message)}; }
inline Error limit_exceeded(std::string message) { return {ErrorCode::limit_exceeded, std::move(message)}; }
inline Error unavailable(std::string message) { return {ErrorCode::unavailable, std::move(message)}; }
inline Error corrupt_data(std::string message) { return {ErrorCode::corrupt_data, std::move(message)}; }
inline Error internal_error(std::string message) { return {ErrorCode::internal, std::move(message)}; }

template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  Result(T value) : content_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : content_(std::in_place_index<1>, std::move(error)) {}

  bool has_value() const { return content_.index() == 0; }
  explicit operator bool() const { return has_value(); }

  T& value() & { return assert(has_value()), std::get<0>(content_); }
  const T& value() const& { return assert(has_value()), std::get<0>(content_); }
  T&& value() && { return assert(has_value()), std::get<0>(std::move(content_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  T value_or(T other) const& { return has_value() ? value() : std::move(other); }

  const Error& error() const { return std::get<1>(content_); }

 private:
  std::variant<T, Error> content_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}

  bool has_value() const { return !error_.has_value(); }
  explicit operator bool() const { return has_value(); }
  const Error& error() const { return *error_; }

 private:
  std::optional<Error> error_;
};

}  // namespace doppel
