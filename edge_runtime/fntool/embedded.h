// Files that the build put into the program. Private to this room.
#pragma once

#include <span>
#include <string_view>

namespace doppel::fntool {

struct EmbeddedFile {
  std::string_view path;  // relative
  std::string_view text;
};

std::span<const EmbeddedFile> sdk_headers();     // of the include folder of a function
const EmbeddedFile& abi_header();                // beside them
std::span<const EmbeddedFile> template_files();  // a new function; "{name}" stands for its name
std::span<const std::string_view> compiler_flags();

}  // namespace doppel::fntool
