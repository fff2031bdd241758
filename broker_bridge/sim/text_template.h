// Text with "{name}", and "{name:3}" for a value filled up with zeros to three characters.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace doppel {

using TemplateWords = std::vector<std::pair<std::string, std::string>>;

// A name without a word stays as it is.
std::string fill_template(std::string_view text, const TemplateWords& words);
// The names between braces.
std::vector<std::string> template_names(std::string_view text);

}  // namespace doppel
