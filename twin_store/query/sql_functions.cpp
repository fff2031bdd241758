#include "twin_store/query/sql_functions.h"

#include <sqlite3.h>

#include <exception>
#include <utility>

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

std::vector<ValueView> views_of(int count, sqlite3_value** values) {
  std::vector<ValueView> views;
  for (int i = 0; i < count; ++i) views.push_back(view_of(values[i]));
  return views;
}

// Nothing that is thrown may pass through SQLite.
template <class Call>
void guarded(sqlite3_context* context, const std::string& name, const Call& call) noexcept {
  try {
    call();
  } catch (const std::bad_alloc&) {
    sqlite3_result_error_nomem(context);
  } catch (const std::exception& bug) {
    give_error(context, name + " failed: " + bug.what());
  }
}

void call_function(sqlite3_context* context, int count, sqlite3_value** values) noexcept {
  const auto& function = *static_cast<const ScalarFunction*>(sqlite3_user_data(context));
  guarded(context, function.name, [&] {
    const auto result = function.call(views_of(count, values));
    result ? give_result(context, result->view()) : give_error(context, result.error().message);
  });
}

// SQLite keeps a pointer for each group, zero at first. It calls finish_group for every group that it began, also when the
// statement ends early; one whose row failed is gone by then.
void add_to_group(sqlite3_context* context, int count, sqlite3_value** values) noexcept {
  const auto& function = *static_cast<const AggregateFunction*>(sqlite3_user_data(context));
  guarded(context, function.name, [&] {
    auto** group = static_cast<Accumulator**>(sqlite3_aggregate_context(context, sizeof(Accumulator*)));
    if (group == nullptr) throw std::bad_alloc();
    std::unique_ptr<Accumulator> owned(std::exchange(*group, nullptr));
    if (owned == nullptr) owned = function.begin();
    if (const auto added = owned->add(views_of(count, values)); !added) return give_error(context, added.error().message);
    *group = owned.release();
  });
}

void finish_group(sqlite3_context* context) noexcept {
  const auto& function = *static_cast<const AggregateFunction*>(sqlite3_user_data(context));
  auto** group = static_cast<Accumulator**>(sqlite3_aggregate_context(context, 0));
  const std::unique_ptr<Accumulator> owned(group == nullptr ? nullptr : *group);
  if (owned == nullptr) return sqlite3_result_null(context);
  guarded(context, function.name, [&] {
    const auto result = owned->finish();
    result ? give_result(context, result->view()) : give_error(context, result.error().message);
  });
}

// The same arguments give the same value, and nothing outside changes.
constexpr int kTraits = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;

// SQLite hands the pointer back as it is; it is only read through.
template <class Function>
void* data_of(const Function& function) {
  return const_cast<Function*>(&function);
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
  return sqlite3_create_function_v2(connection, function.name.c_str(), function.arguments, kTraits, data_of(function), call_function,
                                    nullptr, nullptr, nullptr) == SQLITE_OK;
}

bool register_function(sqlite3* connection, const AggregateFunction& function) {
  return sqlite3_create_function_v2(connection, function.name.c_str(), function.arguments, kTraits, data_of(function), nullptr,
                                    add_to_group, finish_group, nullptr) == SQLITE_OK;
}

}  // namespace doppel
