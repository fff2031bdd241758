#include "twin_store/query/query_engine.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <limits>
#include <thread>

#include "twin_store/store/store.h"

namespace doppel {
namespace {

// A value "north|21.5" has two fields.
ScalarFunction field_function() {
  return {"field", 2, [](std::span<const ValueView> arguments) -> Result<Value> {
            const auto row = arguments[0].content;
            const auto bar = row.find('|');
            if (bar == std::string_view::npos) return corrupt_data("row '" + std::string(row) + "' has no bar");
            if (arguments[1].integer == 0) return Value(ValueView::text(row.substr(0, bar)));
            return Value(ValueView::of(std::stod(std::string(row.substr(bar + 1)))));
          }};
}

// Joins the areas of a group in their order; counts those that were begun and not given back.
class Joined final : public Accumulator {
 public:
  static inline int alive = 0;
  Joined() { ++alive; }
  ~Joined() override { --alive; }
  Result<void> add(std::span<const ValueView> arguments) override {
    if (arguments[0].content == "refused") return invalid_input("an area is called refused");
    areas_.emplace_back(arguments[0].content);
    return {};
  }
  Result<Value> finish() override {
    std::sort(areas_.begin(), areas_.end());
    std::string text;
    for (const auto& area : areas_) text += area + ";";
    return Value(ValueView::text(text));
  }

 private:
  std::vector<std::string> areas_;
};

class QueryEngineTest : public testing::Test {
 protected:
  QueryEngineTest() : folder_(std::filesystem::temp_directory_path() / ("doppel_query_" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(folder_);
    StoreOptions options;
    options.path = path();
    options.fold_tables = {"twins", "secrets"};
    auto opened = open_store(options);
    EXPECT_TRUE(opened) << opened.error().message;
    store_ = *std::move(opened);
    put("twins", "a", "north|21.5");
    put("twins", "b", "south|3");
    put("secrets", "key", "hidden");
  }
  ~QueryEngineTest() override { std::filesystem::remove_all(folder_); }

  std::string path() const { return folder_ / "store.db"; }
  void put(std::string_view table, const std::string& key, const std::string& value) {
    const RowChange change{table, key, value};
    EXPECT_TRUE(store_->commit(Checkpoint{}, {&change, 1}));
  }
  QueryOptions options() const {
    QueryOptions made;
    made.path = path();
    made.views = {{"twins", R"(SELECT CAST(key AS TEXT) AS id, field(value, 0) AS area, field(value, 1) AS t FROM main."twins")"},
                  {"warm", "SELECT id, t FROM twins WHERE t > 10"}};
    made.functions = {field_function()};
    made.aggregates = {{"joined", 1, [] { return std::make_unique<Joined>(); }}};
    return made;
  }
  std::unique_ptr<QueryEngine> engine(QueryOptions with) {
    auto opened = QueryEngine::open(std::move(with), clock_);
    EXPECT_TRUE(opened) << opened.error().message;
    return *std::move(opened);
  }
  std::string json(std::string_view sql, std::vector<Value> parameters = {}) {
    const auto result = engine(options())->run(sql, parameters);
    return result ? to_json(*result) : "error: " + result.error().message;
  }
  Error error_of(std::string_view sql) { return error_of(options(), sql); }
  Error error_of(QueryOptions with, std::string_view sql) {
    const auto result = engine(std::move(with))->run(sql);
    EXPECT_FALSE(result) << sql << " gave " << to_json(*result);
    return result ? Error{} : result.error();
  }
  void expect_refused(std::string_view sql, std::string_view words) {
    const auto error = error_of(sql);
    EXPECT_EQ(error.code, ErrorCode::invalid_input) << sql;
    EXPECT_NE(error.message.find(words), std::string::npos) << sql << " gave: " << error.message;
  }

  const std::filesystem::path folder_;
  ManualClock clock_{from_nanoseconds(0)};
  std::unique_ptr<Store> store_;
};

TEST_F(QueryEngineTest, A_view_over_encoded_rows_reads_like_a_table) {
  EXPECT_EQ(json("SELECT * FROM twins ORDER BY id"),
            R"({"columns":["id","area","t"],"rows":[["a","north",21.5],["b","south",3]]})");
}

TEST_F(QueryEngineTest, A_view_may_read_another) {
  EXPECT_EQ(json("SELECT w.id FROM warm w JOIN twins USING (id)"), R"({"columns":["id"],"rows":[["a"]]})");
}

TEST_F(QueryEngineTest, Grouping_windows_subqueries_and_JSON_work) {
  EXPECT_EQ(json("SELECT area, count(*) AS n, avg(t) AS mean FROM twins GROUP BY area HAVING count(*) > 0 ORDER BY 1"),
            R"({"columns":["area","n","mean"],"rows":[["north",1,21.5],["south",1,3]]})");
  EXPECT_EQ(json("WITH x AS (SELECT id, rank() OVER (ORDER BY t) AS r FROM twins) SELECT count(*) AS n FROM x WHERE r < 2"),
            R"({"columns":["n"],"rows":[[1]]})");
  EXPECT_EQ(json(R"(SELECT value FROM json_each('[1,"x"]') UNION ALL SELECT (SELECT max(id) FROM twins))"),
            R"({"columns":["value"],"rows":[[1],["x"],["b"]]})");
}

TEST_F(QueryEngineTest, A_registered_aggregate_makes_one_value_of_each_group) {
  put("twins", "c", "east|30");
  EXPECT_EQ(json("SELECT t > 10 AS warm, joined(area) AS areas FROM twins GROUP BY warm ORDER BY warm"),
            R"({"columns":["warm","areas"],"rows":[[0,"south;"],[1,"east;north;"]]})");
  EXPECT_EQ(json("SELECT joined(area) AS areas FROM twins WHERE t > 100"), R"({"columns":["areas"],"rows":[[null]]})");
  EXPECT_EQ(Joined::alive, 0);
}

TEST_F(QueryEngineTest, An_aggregate_that_fails_ends_the_statement_and_is_given_back) {
  put("twins", "c", "refused|1");
  EXPECT_EQ(error_of("SELECT joined(area) FROM twins").message, "an area is called refused");
  EXPECT_EQ(error_of("SELECT joined(area), joined(field('no bar', 0)) FROM twins").message, "row 'no bar' has no bar");
  EXPECT_EQ(Joined::alive, 0);
}

TEST_F(QueryEngineTest, Count_of_a_view_and_of_a_WITH_clause_work) {
  EXPECT_EQ(json("SELECT count(*) AS n FROM twins"), R"({"columns":["n"],"rows":[[2]]})");
  EXPECT_EQ(json("WITH x AS (SELECT 1) SELECT count(*) AS n FROM x"), R"({"columns":["n"],"rows":[[1]]})");
}

TEST_F(QueryEngineTest, Parameters_of_every_kind_come_back_as_they_were) {
  const std::vector<Value> values = {Value(ValueView::text("x\"y")),  Value(ValueView::of(std::int64_t{-7})),
                                     Value(ValueView::of(0.1)),       Value(ValueView::null()),
                                     Value(ValueView::bytes("\xff")), Value(ValueView::boolean(true))};
  EXPECT_EQ(json("SELECT ? AS a, ? AS b, ? AS c, ? AS d, ? AS e, ? AS f", values),
            R"({"columns":["a","b","c","d","e","f"],"rows":[["x\"y",-7,0.1,null,{"base64":"/w=="},1]]})");
  EXPECT_EQ(json("SELECT ?"), "error: the statement has 1 parameters, and 0 values are given");
}

TEST_F(QueryEngineTest, It_sees_what_was_committed_since) {
  const auto reading = engine(options());
  EXPECT_EQ(reading->run("SELECT id FROM twins")->rows.size(), 2u);
  put("twins", "c", "north|1");
  EXPECT_EQ(reading->run("SELECT id FROM twins")->rows.size(), 3u);
}

TEST_F(QueryEngineTest, Everything_but_SELECT_is_refused_by_name) {
  expect_refused("INSERT INTO twins VALUES ('x', 'y', 1)", "INSERT is not allowed");
  expect_refused("INSERT INTO main.secrets VALUES (x'00', x'00')", "INSERT is not allowed");
  expect_refused("UPDATE main.secrets SET value = x'00'", "UPDATE is not allowed");
  expect_refused("DELETE FROM main.secrets", "DELETE is not allowed");
  expect_refused("DROP TABLE main.secrets", "not allowed");
  expect_refused("CREATE TABLE x(a)", "not allowed");
  expect_refused("CREATE TEMP TABLE x AS SELECT * FROM twins", "not allowed");
  expect_refused("CREATE TEMP VIEW x AS SELECT 1", "not allowed");
  expect_refused("CREATE VIRTUAL TABLE temp.x USING dbstat", "not allowed");
  expect_refused("ALTER TABLE main.secrets RENAME TO x", "not allowed");
  expect_refused("PRAGMA journal_mode=DELETE", "PRAGMA is not allowed");
  expect_refused("PRAGMA table_list", "PRAGMA is not allowed");
  expect_refused("ATTACH '/etc/passwd' AS x", "ATTACH is not allowed");
  expect_refused("DETACH main", "DETACH is not allowed");
  expect_refused("VACUUM INTO '/tmp/x'", "only SELECT is allowed");
  expect_refused("BEGIN", "a transaction is not allowed");
  expect_refused("SAVEPOINT x", "SAVEPOINT is not allowed");
  expect_refused("ANALYZE", "not allowed");
  expect_refused("REINDEX", "not allowed");
  expect_refused("EXPLAIN SELECT 1", "EXPLAIN is not allowed");
  expect_refused("EXPLAIN QUERY PLAN SELECT * FROM twins", "EXPLAIN is not allowed");
  expect_refused("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT * FROM n",
                 "WITH RECURSIVE is not allowed");
}

TEST_F(QueryEngineTest, Only_views_can_be_read_however_a_table_is_named) {
  for (const auto* sql : {"SELECT * FROM secrets",
                          "SELECT * FROM main.secrets",
                          "SELECT value FROM main.twins",
                          "SELECT count(*) FROM secrets",
                          "SELECT count(*) FROM main.secrets",
                          "SELECT key FROM main.twins",
                          "SELECT 1 FROM secrets",
                          "SELECT rowid FROM sqlite_master",
                          "SELECT * FROM sqlite_master",
                          "SELECT * FROM sqlite_schema",
                          "SELECT * FROM sqlite_temp_master",
                          "SELECT sql FROM temp.sqlite_schema",
                          "SELECT count(*) FROM sqlite_temp_master",
                          "SELECT * FROM pragma_table_list",
                          "SELECT * FROM pragma_table_info('secrets')",
                          "SELECT count(*) FROM pragma_table_list",
                          "SELECT * FROM dbstat",
                          "SELECT count(*) FROM dbstat",
                          "SELECT * FROM sqlite_stmt",
                          "SELECT * FROM meta",
                          "SELECT (SELECT value FROM secrets)",
                          "SELECT EXISTS (SELECT 1 FROM secrets)",
                          "SELECT id FROM twins WHERE id IN (SELECT key FROM secrets)",
                          "SELECT * FROM twins JOIN secrets",
                          "SELECT id FROM twins UNION SELECT key FROM secrets",
                          "SELECT * FROM (SELECT * FROM secrets) AS twins"}) {
    const auto error = error_of(sql);
    EXPECT_NE(error.message.find("is not allowed"), std::string::npos) << sql << ": " << error.message;
  }
}

// SQLite names the WITH clause, as it names a view, as the one on whose behalf a table is read.
TEST_F(QueryEngineTest, A_WITH_clause_cannot_pretend_to_be_a_view) {
  for (const auto* sql : {"WITH twins AS (SELECT value FROM main.twins) SELECT * FROM twins",
                          "WITH twins AS (SELECT key, value FROM secrets) SELECT * FROM twins",
                          "WITH warm AS (SELECT value FROM main.secrets) SELECT count(value) FROM warm",
                          "WITH twins AS (SELECT sql FROM sqlite_temp_master) SELECT * FROM twins",
                          "SELECT * FROM (SELECT value FROM main.secrets) AS warm"}) {
    const auto error = error_of(sql);
    EXPECT_NE(error.message.find("is not allowed; only the views can be read"), std::string::npos)
        << sql << ": " << error.message;
  }
}

TEST_F(QueryEngineTest, Functions_that_are_not_listed_are_refused_by_name) {
  for (const auto* call : {"load_extension('x')", "randomblob(1000000)", "zeroblob(100000000)", "printf('%1000000d', 1)",
                           "replace('aaa', 'a', 'bbbb')", "instr('a', 'b')", "trim('a', 'b')", "sqlite_version()", "random()",
                           "fts3_tokenizer('simple')", "rtreecheck('x')", "readfile('/etc/passwd')"}) {
    EXPECT_FALSE(engine(options())->run(std::string("SELECT ") + call)) << call;
  }
  expect_refused("SELECT zeroblob(10)", "function 'zeroblob' is not allowed");
}

TEST_F(QueryEngineTest, One_statement_at_a_time) {
  expect_refused("SELECT 1; SELECT 2", "only one statement is allowed");
  expect_refused("", "there is no statement");
  expect_refused("  -- nothing", "there is no statement");
  expect_refused(std::string_view("SELECT 1\0; DROP TABLE x", 23), "only one statement is allowed");
  EXPECT_EQ(json("SELECT 1 AS a;\n"), R"({"columns":["a"],"rows":[[1]]})");
}

TEST_F(QueryEngineTest, An_error_in_SQL_says_what_and_where) {
  expect_refused("SELECT absent FROM twins", "no such column: absent (at byte 7)");
  expect_refused("SELEC 1", "near \"SELEC\": syntax error (at byte 0)");
  expect_refused("SELECT \"typo\" FROM twins", "no such column: typo");
}

TEST_F(QueryEngineTest, An_error_of_a_function_ends_the_statement_with_its_words) {
  put("twins", "broken", "no bar here");
  EXPECT_NE(error_of("SELECT * FROM twins").message.find("row 'no bar here' has no bar"), std::string::npos);
}

TEST_F(QueryEngineTest, Rows_are_limited) {
  auto with = options();
  with.limits.rows = 1;
  const auto error = error_of(with, "SELECT id FROM twins");
  EXPECT_EQ(error.code, ErrorCode::limit_exceeded);
  EXPECT_EQ(error.message, "the result has more than 1 rows; narrow it or add LIMIT");
  EXPECT_TRUE(engine(with)->run("SELECT id FROM twins LIMIT 1"));
}

// The clock advances with every row that a cross join of many views visits.
TEST_F(QueryEngineTest, Time_is_limited) {
  auto with = options();
  with.functions.push_back({"sleep", 1, [this](std::span<const ValueView>) -> Result<Value> {
                              clock_.advance(std::chrono::milliseconds(100));
                              return Value(ValueView::of(std::int64_t{1}));
                            }});
  std::string join = "SELECT count(*) FROM twins t0";
  for (int i = 1; i < 20; ++i) join += ", twins t" + std::to_string(i);
  const auto error = error_of(with, join + " WHERE sleep(t19.t) = 1");
  EXPECT_EQ(error.code, ErrorCode::limit_exceeded);
  EXPECT_EQ(error.message, "the statement ran longer than 2000 ms");
}

TEST_F(QueryEngineTest, Memory_is_limited_for_sorting_and_for_results) {
  auto with = options();
  with.limits.memory_bytes = 4u << 20;
  with.limits.time = std::chrono::hours(1);
  std::string join = "SELECT t0.id || t1.id AS x FROM twins t0";
  for (int i = 1; i < 24; ++i) join += ", twins t" + std::to_string(i);
  auto error = error_of(with, "SELECT count(*) FROM (" + join + " ORDER BY x, t3.id LIMIT 10000000)");
  EXPECT_EQ(error.message, "the statement needed more than 4194304 bytes of memory");
  with = options();
  with.limits.result_bytes = 1000;
  error = error_of(with, join);
  EXPECT_EQ(error.message, "the result has more than 1000 bytes; narrow it");
}

TEST_F(QueryEngineTest, Values_that_grow_are_limited) {
  auto with = options();
  with.limits.value_bytes = 10'000;
  std::string join = "SELECT group_concat(hex(hex(t0.area))) FROM twins t0";
  for (int i = 1; i < 12; ++i) join += ", twins t" + std::to_string(i);
  const auto error = error_of(with, join);
  EXPECT_EQ(error.code, ErrorCode::limit_exceeded);
  EXPECT_EQ(error.message, "a value is larger than 10000 bytes");
}

TEST_F(QueryEngineTest, Deep_and_long_statements_are_refused) {
  EXPECT_FALSE(engine(options())->run("SELECT " + std::string(5000, '(') + "1" + std::string(5000, ')')));
  EXPECT_FALSE(engine(options())->run("SELECT " + std::string(2000, '-') + "1"));
  std::string unions = "SELECT 1";
  for (int i = 0; i < 50; ++i) unions += " UNION SELECT 1";
  EXPECT_FALSE(engine(options())->run(unions));
  EXPECT_EQ(error_of("SELECT '" + std::string(70'000, 'x') + "'").code, ErrorCode::limit_exceeded);
}

TEST_F(QueryEngineTest, A_run_can_be_interrupted_from_another_thread) {
  auto with = options();
  with.limits.time = std::chrono::hours(1);
  std::atomic<bool> running{false};
  with.functions.push_back({"started", 1, [&](std::span<const ValueView>) -> Result<Value> {
                              running = true;
                              return Value(ValueView::of(std::int64_t{1}));
                            }});
  std::string join = "SELECT count(*) FROM twins t0";
  for (int i = 1; i < 40; ++i) join += ", twins t" + std::to_string(i);
  const auto endless = engine(with);
  std::thread interrupting([&] {
    while (!running) std::this_thread::yield();
    endless->interrupt();
  });
  const auto result = endless->run(join + " WHERE started(t39.t) = 1");
  interrupting.join();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::unavailable);
  EXPECT_TRUE(endless->run("SELECT 1"));
}

TEST_F(QueryEngineTest, After_every_refusal_and_limit_it_goes_on) {
  const auto used = engine(options());
  for (const auto* sql : {"PRAGMA user_version", "SELECT * FROM secrets", "SELEC", "SELECT ?"}) EXPECT_FALSE(used->run(sql));
  EXPECT_TRUE(used->run("SELECT * FROM warm"));
}

TEST_F(QueryEngineTest, A_missing_file_a_file_that_is_no_database_and_a_bad_view_are_told_apart) {
  auto with = options();
  with.path = folder_ / "absent.db";
  EXPECT_EQ(QueryEngine::open(with, clock_).error().code, ErrorCode::unavailable);
  with.path = folder_ / "text.db";
  std::ofstream(with.path) << std::string(5000, 'x');
  EXPECT_EQ(QueryEngine::open(with, clock_).error().code, ErrorCode::corrupt_data);
  with = options();
  with.views.push_back({"broken", "SELECT x FROM main.nothing"});
  const auto broken = QueryEngine::open(with, clock_);
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().code, ErrorCode::internal);
  EXPECT_NE(broken.error().message.find("view broken: "), std::string::npos);
}

}  // namespace
}  // namespace doppel
