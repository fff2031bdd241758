#include "twin_store/query/sql_functions.h"

#include <sqlite3.h>

#include <exception>

namespace doppel {
namespace {

std::string_view bytes_of(sqlite3_value* value, const void* content) {
  const auto size = static_cast<std::size_t>(sqlite3_value_bytes(value));
  return content == nullptr ? std::string_view() : std::string_view(static_cast<const char*>(content), size);
}

void give_result(sqlite3_context* context, const ValueView& value) {
  switch (value.kind) {
    case ValueKind::null: return sqlite3_result_null(context);
    case ValueKind::boolean:
    case ValueKind::integer: return sqlite3_result_int64(context, value.integer);
    case ValueKind::number: return sqlite3_result_double(context, value.number);
    case ValueKind::bytes: return sqlite3_result_blob64(context, value.content.data(), value.content.size(), SQLITE_TRANSIENT);
    case ValueKind::text:
    case ValueKind::json:
      return sqlite3_result_text64(context, value.content.data(), value.content.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  }
}

void give_error(sqlite3_context* context, const std::string& message) {
  sqlite3_result_error(context, message.data(), static_cast<int>(message.size()));
}

void call_function(sqlite3_context* context, int count, sqlite3_value** values) noexcept {
  const auto& function = *static_cast<const ScalarFunction*>(sqlite3_user_data(context));
  try {
    std::vector<ValueView> arguments;
    for (int i = 0; i < count; ++i) arguments.push_back(view_of(values[i]));
    const auto result = function.call(arguments);
    result ? give_result(context, result->view()) : give_error(context, result.error().message);
  } catch (const std::bad_alloc&) {
    sqlite3_result_error_nomem(context);
  } catch (const std::exception& bug) {
    give_error(context, function.name + " failed: " + bug.what());
  }
}

}  // namespace

ValueView view_of(sqlite3_value* value) {
  switch (sqlite3_value_type(value)) {
    case SQLITE_INTEGER: return ValueView::of(static_cast<std::int64_t>(sqlite3_value_int64(value)));
    case SQLITE_FLOAT: return ValueView::of(sqlite3_value_double(value));
    case SQLITE_BLOB: return ValueView::bytes(bytes_of(value, sqlite3_value_blob(value)));
    case SQLITE_TEXT: {
      const auto text = bytes_of(value, sqlite3_value_text(value));
      return is_utf8(text) ? ValueView::text(text) : ValueView::bytes(text);
    }
    default: return ValueView::null();
  }
}

bool bind(sqlite3_stmt* statement, int index, const ValueView& value) {
  switch (value.kind) {
    case ValueKind::null: return sqlite3_bind_null(statement, index) == SQLITE_OK;
    case ValueKind::boolean:
    case ValueKind::integer: return sqlite3_bind_int64(statement, index, value.integer) == SQLITE_OK;
    case ValueKind::number: return sqlite3_bind_double(statement, index, value.number) == SQLITE_OK;
    case ValueKind::bytes:
      return sqlite3_bind_blob64(statement, index, value.content.data(), value.content.size(), SQLITE_TRANSIENT) == SQLITE_OK;
    case ValueKind::text:
    case ValueKind::json:
      return sqlite3_bind_text64(statement, index, value.content.data(), value.content.size(), SQLITE_TRANSIENT, SQLITE_UTF8) ==
             SQLITE_OK;
  }
  return false;
}

bool register_function(sqlite3* connection, const ScalarFunction& function) {
  constexpr int kTraits = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;
  // SQLite hands the pointer back as it is; call_function only reads through it.
  void* data = const_cast<ScalarFunction*>(&function);
  return sqlite3_create_function_v2(connection, function.name.c_str(), function.arguments, kTraits, data, call_function, nullptr,
                                    nullptr, nullptr) == SQLITE_OK;
}

}  // namespace doppel
