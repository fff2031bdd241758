// What goes up to the coordinator beside window rows. Each row replaces the one before it under its key.
#pragma once

#include "edge_runtime/pipeline/alerts_and_alarms.h"
#include "edge_runtime/pipeline/names.h"
#include "edge_runtime/pipeline/twin.h"
#include "twin_store/model/ids.h"
#include "twin_store/model/outbox.h"

namespace doppel {

// An alert that has been cleared goes up with an empty payload.
OutboxRow alert_row(const Alert& alert, Position mark, bool stands);
OutboxRow live_row(const Twin& twin, const NameTable& names, Position mark);

}  // namespace doppel
