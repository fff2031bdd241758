"""Which room may include which, and which room owns which library. A new arrow is a line here, and a reason to give."""

# Rooms are folders; a room may always include itself.
MODEL = "twin_store/model"
TOML = "twin_store/toml"
# The programs wire everything: every room, and nothing includes them.
WIRING = "edge_runtime/programs"
STORE = {MODEL, "twin_store/journal", "twin_store/store"}

ALLOWED = {
    MODEL: set(),
    TOML: {MODEL},
    "twin_store/journal": {MODEL},
    "twin_store/store": {MODEL},
    "twin_store/lane": STORE,
    "twin_store/query": {MODEL, "twin_store/store"},
    "twin_store/blobs": {MODEL},
    "broker_bridge/decode": {MODEL},
    "broker_bridge/mqtt": {MODEL, "twin_store/journal", "broker_bridge/decode"},
    "broker_bridge/uplink": {MODEL, "twin_store/journal", "twin_store/blobs"},
    "broker_bridge/sim": {MODEL, TOML, "broker_bridge/mqtt", "broker_bridge/decode"},
    "functions/abi": {MODEL, TOML},
    "edge_runtime/pipeline": STORE | {"twin_store/lane", "broker_bridge/decode", "functions/abi"},
    "edge_runtime/member": STORE | {"twin_store/lane", "twin_store/blobs", "broker_bridge/uplink", "edge_runtime/pipeline", "functions/abi"},
    "edge_runtime/wasm": {MODEL, "twin_store/blobs", "functions/abi"},
    # Tests a function as the engine runs it.
    "edge_runtime/fntool": {MODEL, "twin_store/blobs", "functions/abi", "edge_runtime/wasm"},
    "edge_runtime/http": {MODEL},
    "edge_runtime/config": {MODEL, TOML, "twin_store/journal", "broker_bridge/decode"},
    # SQL reads its tables through views that decode them.
    "coordinator": STORE | {"twin_store/lane", "twin_store/query", "twin_store/blobs", "broker_bridge/uplink", "functions/abi"},
}

# Header prefix -> rooms that own the library. Headers (.h) of a room may not show it, unless listed in SHOWN.
OWNERS = {
    "sqlite3.h": {"twin_store/store", "twin_store/query"},
    "isa-l": {MODEL},
    "crc": {MODEL},
    "sodium": {MODEL, "twin_store/blobs", "broker_bridge/uplink", WIRING},
    "xxhash.h": {MODEL},
    "simdjson.h": {"broker_bridge/decode"},
    "mqtt/": {"broker_bridge/mqtt", "broker_bridge/sim"},
    "MQTT": {"broker_bridge/mqtt", "broker_bridge/sim"},
    "zmq": {"broker_bridge/uplink"},
    "google/": {"broker_bridge/uplink"},
    "uplink.pb.h": {"broker_bridge/uplink"},
    "wasm": {"edge_runtime/wasm"},
    "boost/": {"edge_runtime/http"},
    "openssl/": {"edge_runtime/http"},
    "zlib.h": {"edge_runtime/http"},
    "toml++/": {TOML},
    "CLI/": {WIRING},
    "nlohmann/": {"edge_runtime/http", "edge_runtime/pipeline", "edge_runtime/fntool", "coordinator", WIRING},  # the control plane, never an event
}
SHOWN = {
    ("edge_runtime/programs/json_output.h", "nlohmann/"),
}
