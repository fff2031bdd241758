#include "edge_runtime/http/multipart.h"

#include "edge_runtime/http/media.h"
#include "edge_runtime/http/message.h"
#include "twin_store/model/hash.h"

namespace doppel {
namespace {

constexpr std::size_t kMaxBoundary = 70;  // RFC 2046, section 5.1.1

// A part's header block, without the empty line that ends it.
Result<FormPart> parse_part_headers(std::string_view block) {
  while (!block.empty()) {
    const auto end = block.find("\r\n");
    const auto line = block.substr(0, end);
    block = end == std::string_view::npos ? std::string_view() : block.substr(end + 2);
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || !equal_ignoring_case(line.substr(0, colon), "Content-Disposition")) continue;
    const auto value = line.substr(colon + 1);
    const auto name = media_parameter(value, "name");
    if (media_type(value) != "form-data" || !name) break;
    return FormPart{*name, media_parameter(value, "filename").value_or(""), {}};
  }
  return invalid_input("a part of the form has no 'Content-Disposition: form-data; name=\"...\"'");
}

// `text` begins after a boundary line; it becomes what follows this part's closing boundary.
Result<FormPart> take_part(std::string_view& text, const std::string& delimiter) {
  const auto headers_end = text.find("\r\n\r\n");
  if (headers_end == std::string_view::npos) return invalid_input("a part of the form has no empty line after its headers");
  auto part = parse_part_headers(text.substr(0, headers_end));
  if (!part) return part.error();
  text.remove_prefix(headers_end + 4);
  const auto end = text.find(delimiter);
  if (end == std::string_view::npos) return invalid_input("part '" + part->name + "' of the form is cut off");
  part->content = text.substr(0, end);
  text.remove_prefix(end + delimiter.size());
  return part;
}

}  // namespace

Result<std::vector<FormPart>> parse_form(std::string_view content_type, std::string_view body) {
  const auto boundary = media_parameter(content_type, "boundary");
  if (!boundary || boundary->empty() || boundary->size() > kMaxBoundary) {
    return invalid_input("Content-Type '" + std::string(content_type) + "' has no boundary of 1 to 70 characters");
  }
  const std::string delimiter = "\r\n--" + *boundary;
  const auto first = delimiter.substr(2);
  if (!body.starts_with(first)) return invalid_input("the form does not begin with its boundary");
  body.remove_prefix(first.size());
  std::vector<FormPart> parts;
  while (body.starts_with("\r\n")) {
    body.remove_prefix(2);
    if (parts.size() == kMaxFormParts) {
      return limit_exceeded("the form has more than " + std::to_string(kMaxFormParts) + " parts");
    }
    auto part = take_part(body, delimiter);
    if (!part) return part.error();
    parts.push_back(*std::move(part));
  }
  if (!body.starts_with("--")) return invalid_input("the form has no closing boundary");
  return parts;
}

Form make_form(const std::vector<FormPart>& parts) {
  std::string all;
  for (const auto& part : parts) all += part.content;
  const auto boundary = sha256_hex(all);
  Form form{"multipart/form-data; boundary=" + boundary, {}};
  for (const auto& part : parts) {
    form.body += "--" + boundary + "\r\nContent-Disposition: form-data; name=\"" + part.name + '"';
    if (!part.filename.empty()) form.body += "; filename=\"" + part.filename + '"';
    form.body += "\r\nContent-Type: application/octet-stream\r\n\r\n";
    form.body += part.content;
    form.body += "\r\n";
  }
  form.body += "--" + boundary + "--\r\n";
  return form;
}

}  // namespace doppel
