// Media types and content negotiation (RFC 9110, section 12).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace doppel {

// The type alone, in lower case: "Text/HTML; charset=utf-8" gives "text/html".
std::string media_type(std::string_view content_type);
// A parameter of a Content-Type or Content-Disposition, without its quotes; nothing when absent.
std::optional<std::string> media_parameter(std::string_view header, std::string_view name);

// True when an Accept header (absent: anything) takes `type`. The most specific range decides; q=0 refuses.
bool accepts(const std::optional<std::string>& accept, std::string_view type);
// True when an Accept-Encoding header names gzip (or "*") with a q above 0. Absent: false, since few who say nothing unpack.
bool accepts_gzip(const std::optional<std::string>& accept_encoding);

}  // namespace doppel
