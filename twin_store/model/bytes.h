// Little-endian encoding of stored and sent bytes. A ByteReader never reads past its input: it turns bad and says so once.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

namespace doppel {

static_assert(std::endian::native == std::endian::little, "stored formats are written as they lie in memory");

class ByteWriter {
 public:
  explicit ByteWriter(std::string& out) : out_(out) {}

  template <class T>
    requires(std::is_arithmetic_v<T> || std::is_enum_v<T>)
  void put(T value) {
    out_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void put_raw(std::string_view bytes) { out_.append(bytes); }
  void put_bytes(std::string_view bytes) {  // u32 length, then the bytes
    put(static_cast<std::uint32_t>(bytes.size()));
    out_.append(bytes);
  }

 private:
  std::string& out_;
};

class ByteReader {
 public:
  explicit ByteReader(std::string_view in) : in_(in) {}

  template <class T>
    requires(std::is_arithmetic_v<T> || std::is_enum_v<T>)
  T take() {
    T value{};
    if (!need(sizeof value)) return value;
    std::memcpy(&value, in_.data(), sizeof value);
    in_.remove_prefix(sizeof value);
    return value;
  }
  std::string_view take_raw(std::size_t size) {
    if (!need(size)) return {};
    const auto bytes = in_.substr(0, size);
    in_.remove_prefix(size);
    return bytes;
  }
  std::string_view take_bytes() { return take_raw(take<std::uint32_t>()); }

  bool ok() const { return ok_; }
  bool at_end() const { return in_.empty(); }
  std::size_t left() const { return in_.size(); }

 private:
  bool need(std::size_t size) {
    if (ok_ && in_.size() >= size) return true;
    ok_ = false;
    in_ = {};
    return false;
  }

  std::string_view in_;
  bool ok_ = true;
};

}  // namespace doppel
