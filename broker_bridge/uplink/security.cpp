#include "broker_bridge/uplink/security.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "twin_store/model/loopback.h"

namespace doppel::uplink {
namespace {

constexpr std::size_t kKeyText = 40;
using KeyBuffer = std::array<char, kKeyText + 1>;

std::string system_reason() { return std::strerror(errno); }

Result<void> write_new_file(const std::string& path, const std::string& text) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (file < 0) return unavailable("key file " + path + ": " + system_reason());
  const auto written = ::write(file, text.data(), text.size());
  const bool done = written == static_cast<ssize_t>(text.size()) && ::fsync(file) == 0;
  const auto reason = system_reason();
  ::close(file);
  if (done) return {};
  ::unlink(path.c_str());
  return unavailable("key file " + path + ": " + reason);
}

bool stays_here(std::string_view address) {
  constexpr std::string_view kTcp = "tcp://";
  if (address.starts_with("ipc://") || address.starts_with("inproc://")) return true;
  if (!address.starts_with(kTcp)) return false;
  address.remove_prefix(kTcp.size());
  auto host = address.substr(0, address.rfind(':'));
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return is_loopback(host);
}

}  // namespace

Result<CurveKeys> make_curve_keys() {
  KeyBuffer public_key{}, secret_key{};
  if (zmq_curve_keypair(public_key.data(), secret_key.data()) != 0) {
    return internal_error(std::string("making CURVE keys: ") + zmq_strerror(zmq_errno()));
  }
  return CurveKeys{public_key.data(), secret_key.data()};
}

Result<CurveKeys> load_curve_keys(const std::string& path) {
  struct stat facts{};
  if (::stat(path.c_str(), &facts) != 0) {
    const auto reason = "key file " + path + ": " + system_reason();
    return errno == ENOENT ? not_found(reason) : unavailable(reason);
  }
  if ((facts.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return invalid_input("key file " + path + " can be read or written by others; its mode must be 0600");
  }
  std::ifstream file(path);
  std::string public_word, secret_word, rest;
  CurveKeys keys;
  file >> public_word >> keys.public_key >> secret_word >> keys.secret_key;
  if (!file || public_word != "public" || secret_word != "secret" || file >> rest) {
    return invalid_input("key file " + path + " is not two lines, \"public KEY\" and \"secret KEY\"");
  }
  if (auto checked = check_curve_key(keys.public_key, path); !checked) return checked.error();
  if (auto checked = check_curve_key(keys.secret_key, path); !checked) return checked.error();
  KeyBuffer derived{};
  if (zmq_curve_public(derived.data(), keys.secret_key.c_str()) != 0 || keys.public_key != derived.data()) {
    return invalid_input("key file " + path + ": the public key is not that of the secret key");
  }
  return keys;
}

Result<CurveKeys> load_or_make_curve_keys(const std::string& path) {
  auto loaded = load_curve_keys(path);
  if (loaded || loaded.error().code != ErrorCode::not_found) return loaded;
  auto made = make_curve_keys();
  if (!made) return made;
  auto written = write_new_file(path, "public " + made->public_key + "\nsecret " + made->secret_key + "\n");
  if (!written) return written.error();
  return made;
}

Result<void> check_curve_key(std::string_view key, std::string_view where) {
  std::array<std::uint8_t, 32> binary{};
  const bool sound = key.size() == kKeyText && zmq_z85_decode(binary.data(), std::string(key).c_str()) != nullptr;
  if (sound) return {};
  return invalid_input(std::string(where) + ": a CURVE key is 40 characters of Z85, this is " + std::to_string(key.size()) +
                       " characters that are none");
}

Result<void> check_plain_address(std::string_view address) {
  if (stays_here(address)) return {};
  return invalid_input("address " + std::string(address) +
                       " is not on loopback: without keys the uplink is neither secret nor proven; set the key files on both sides");
}

}  // namespace doppel::uplink
