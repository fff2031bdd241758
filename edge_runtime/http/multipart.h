// multipart/form-data (RFC 7578), as browsers and `curl -F` send it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "twin_store/model/result.h"

namespace doppel {

// Views point into the body.
struct FormPart {
  std::string name;
  std::string filename;  // "" when it has none
  std::string_view content;
};

inline constexpr std::size_t kMaxFormParts = 16;

// Errors: invalid_input (no boundary, a part without a name, no closing line), limit_exceeded (more than kMaxFormParts).
Result<std::vector<FormPart>> parse_form(std::string_view content_type, std::string_view body);

struct Form {
  std::string content_type;  // with its boundary
  std::string body;
};
// The boundary is derived from the contents, so that no part holds it.
Form make_form(const std::vector<FormPart>& parts);

}  // namespace doppel
