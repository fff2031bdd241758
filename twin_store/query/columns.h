// The columns that views of both roles have. Each reads a member of a JSON document j.
#pragma once

#include <string>

namespace doppel {

// The documents that `call` makes of the rows of `from`. OFFSET keeps SQLite from merging the subquery into the one around it, and
// from making a document anew for each column.
inline std::string documents(const std::string& call, const std::string& from) {
  return "(SELECT " + call + " AS j FROM " + from + " LIMIT -1 OFFSET 0)";
}

inline const std::string kTwinColumns =
    "j->>'$.id' AS id, j->>'$.model' AS model, j->>'$.rev' AS rev, j->>'$.events' AS events, j->>'$.last_seen' AS last_seen, "
    "j->'$.labels' AS labels, j->'$.geo' AS geo";

// Of the rows p of json_each(j, '$.properties').
inline const std::string kPropertyColumns =
    "p.key AS name, p.value->>'$.v' AS value, p.value->>'$.ts' AS ts, p.value->>'$.rev' AS rev, p.value->>'$.desired' AS desired";

inline const std::string kAlertColumns =
    "j->>'$.twin' AS twin, j->>'$.alert' AS alert, j->>'$.function' AS function, j->>'$.value' AS value, j->>'$.since' AS since";

inline const std::string kWindowLabels =
    "j->>'$.window' AS window, j->>'$.start' AS start, j->>'$.end' AS \"end\", j->>'$.group' AS group_labels, "
    "j->>'$.property' AS property";

inline const std::string kWindowFigures =
    "j->>'$.count' AS count, j->>'$.mean' AS mean, j->>'$.stddev' AS stddev, j->>'$.sum' AS sum, j->>'$.min' AS min, "
    "j->>'$.max' AS max, j->>'$.first' AS first, j->>'$.last' AS last, j->>'$.p50' AS p50, j->>'$.p95' AS p95, j->>'$.p99' AS p99, "
    "j->>'$.events' AS events, j->>'$.twins' AS twins";

}  // namespace doppel
