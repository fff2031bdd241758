#include "edge_runtime/http/openapi.h"

// The assembler includes the file: the path comes from the room's CMakeLists.txt.
asm(R"(
.section .rodata
.global doppel_openapi_begin
.global doppel_openapi_end
doppel_openapi_begin:
.incbin ")" DOPPEL_OPENAPI_FILE R"("
doppel_openapi_end:
.previous
)");

extern "C" {
extern const char doppel_openapi_begin[];
extern const char doppel_openapi_end[];
}

namespace doppel {

std::string_view openapi_json() {
  return {doppel_openapi_begin, static_cast<std::size_t>(doppel_openapi_end - doppel_openapi_begin)};
}

}  // namespace doppel
