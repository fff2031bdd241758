#include "twin_store/model/loopback.h"

#include <algorithm>

namespace doppel {
namespace {

bool is_localhost(std::string_view host) {
  constexpr std::string_view kName = "localhost";
  const auto same_letter = [](char a, char b) { return a == b || (a >= 'A' && a <= 'Z' && a - 'A' + 'a' == b); };
  return std::equal(host.begin(), host.end(), kName.begin(), kName.end(), same_letter);
}

}  // namespace

bool is_loopback(std::string_view host) {
  const bool is_ipv4 = host.find_first_not_of("0123456789.") == std::string_view::npos && std::count(host.begin(), host.end(), '.') == 3;
  return host == "::1" || is_localhost(host) || (is_ipv4 && host.starts_with("127."));
}

}  // namespace doppel
