#include "edge_runtime/pipeline/uplink_rows.h"

#include "edge_runtime/pipeline/twin_json.h"
#include "twin_store/model/window.h"

namespace doppel {

OutboxRow alert_row(const Alert& alert, Position mark, bool stands) {
  OutboxRow row;
  row.kind = OutboxKind::replacement;
  row.revision = to_number(mark);
  row.target = kAlertKey + alert.twin + '\0' + alert.name;
  if (stands) row.payload = alert_json(alert);
  return row;
}

OutboxRow live_row(const Twin& twin, const NameTable& names, Position mark) {
  OutboxRow row;
  row.kind = OutboxKind::replacement;
  row.revision = to_number(mark);
  row.target = kTwinValuesKey + twin.id;
  append_stored_twin_json(twin, names, row.payload);
  return row;
}

}  // namespace doppel
