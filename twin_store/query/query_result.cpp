#include "twin_store/query/query_engine.h"

namespace doppel {
namespace {

template <class Items, class Append>
void append_list(std::string& json, const Items& items, const Append& append) {
  json += '[';
  for (const auto& item : items) {
    if (&item != &items.front()) json += ',';
    append(item);
  }
  json += ']';
}

}  // namespace

std::string to_json(const QueryResult& result) {
  std::string json = "{\"columns\":";
  append_list(json, result.columns, [&](const std::string& column) { append_json_string(json, column); });
  json += ",\"rows\":";
  append_list(json, result.rows, [&](const std::vector<Value>& row) {
    append_list(json, row, [&](const Value& value) { append_json(json, value.view()); });
  });
  json += '}';
  return json;
}

}  // namespace doppel
