// Who may talk to whom: CURVE keys, and the rule that what is plain stays on this machine.
// Thread: any.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "twin_store/model/ids.h"
#include "twin_store/model/result.h"

namespace doppel::uplink {

// Each 40 characters of Z85 (ZeroMQ RFC 32).
struct CurveKeys {
  std::string public_key;
  std::string secret_key;
};

Result<CurveKeys> make_curve_keys();
// Two lines, "public KEY" and "secret KEY". Errors: not_found, unavailable, invalid_input (the file is readable by others, does
// not have that form, or its keys do not belong together).
Result<CurveKeys> load_curve_keys(const std::string& path);
// Makes the file, readable by its owner alone, when there is none.
Result<CurveKeys> load_or_make_curve_keys(const std::string& path);

// An edge that may connect, by the key that proves its name.
struct AllowedKey {
  EdgeId edge;
  std::string public_key;
};

// Errors: invalid_input: not 40 characters of Z85; `where` says whose key it is.
Result<void> check_curve_key(std::string_view key, std::string_view where);
// Errors: invalid_input: an address that others can reach, without keys.
Result<void> check_plain_address(std::string_view address);

}  // namespace doppel::uplink
