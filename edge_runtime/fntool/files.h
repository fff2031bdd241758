// Reading and writing small text files. Private to this room.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "twin_store/model/result.h"

namespace doppel::fntool {

Result<std::string> read_file(const std::filesystem::path& path);
// Makes the folders above it.
Result<void> write_file(const std::filesystem::path& path, std::string_view text);

}  // namespace doppel::fntool
