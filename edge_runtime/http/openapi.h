// The API's description, `edge_runtime/http/openapi.json`, as it was when the program was built.
#pragma once

#include <string_view>

namespace doppel {

std::string_view openapi_json();

}  // namespace doppel
