// From a request to the queries of `edge_runtime/http/api.h`. Every refusal names the parameter, its value and what is allowed.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "edge_runtime/http/api.h"
#include "edge_runtime/http/message.h"
#include "edge_runtime/http/stream_hub.h"
#include "twin_store/model/result.h"

namespace doppel {

// Errors of all: invalid_input.
Result<Page> parse_page(const Request& request);                       // limit, after
Result<TwinFormat> parse_format(const Request& request);               // format
Result<TwinQuery> parse_twin_query(const Request& request);            // and edge, prefix, model, status, label, where
Result<AggregateQuery> parse_aggregate_query(const Request& request);  // and level, edge, window, group, property, from, to
Result<AlertQuery> parse_alert_query(const Request& request);          // and edge, twin
Result<DeadLetterQuery> parse_dead_letter_query(const Request& request);  // and function, twin, reason
Result<bool> parse_future(const Request& request);                     // future
Result<StreamFilter> parse_stream_filter(const Request& request);      // edge, twin, prefix, model, property

// "temperature>=20", "mode=auto": the value is a JSON scalar where it reads as one, text otherwise.
Result<Predicate> parse_predicate(std::string_view text);

// The {id}, {name} and {edge} of an address.
Result<TwinId> parse_twin_id(const std::string& text);
Result<FunctionName> parse_function_name(const std::string& text);
Result<EdgeId> parse_edge_id(const std::string& text);
Result<std::uint64_t> parse_number(const std::string& text);

// {"v": value, "ts": RFC 3339?} with If-Match (a revision) or If-None-Match: *.
Result<PropertyWrite> parse_property_write(const Request& request);
// {"sql": text, "parameters": [scalar...]?}
Result<SqlQuery> parse_sql_query(const Request& request);
// {"action": "retry" or "drop", and one of "function": name, "numbers": [number...], "all": true}
Result<DeadLetterAction> parse_dead_letter_action(const Request& request);
// multipart/form-data with the parts `manifest` and `module`; query parameters edges, future.
Result<FunctionUpload> parse_function_upload(const Request& request);

}  // namespace doppel
