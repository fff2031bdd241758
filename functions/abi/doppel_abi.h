/* ABI 1 in C, for hosts and guests alike; needs nothing but <stdint.h>. functions/abi/abi_1.md is the text it follows. */
#ifndef DOPPEL_ABI_H
#define DOPPEL_ABI_H

#include <stdint.h>

#define DOPPEL_ABI_VERSION 1u
#define DOPPEL_RUN_MAGIC 0x31525044u     /* "DPR1" */
#define DOPPEL_EFFECTS_MAGIC 0x31455044u /* "DPE1" */
#define DOPPEL_OUT_OF_MEMORY 0xffffffffu /* returned by doppel_run in place of an address */

/* Bytes in the string table of the run; not terminated. */
typedef struct doppel_string {
  uint32_t offset;
  uint32_t length;
} doppel_string;

/* Offsets count from this header. */
typedef struct doppel_run_header {
  uint32_t magic;
  uint32_t version;
  uint32_t total_length;
  uint32_t progress; /* written by the guest: index of the event at work */
  uint32_t event_count;
  uint32_t twin_count;
  uint32_t column_count;
  uint32_t config_count;
  uint32_t events_offset;
  uint32_t twins_offset;
  uint32_t columns_offset;
  uint32_t config_offset;
  uint32_t states_offset; /* 0 when there is no state */
  uint32_t state_stride;
  uint32_t state_bytes;
  uint32_t state_version;
  uint32_t strings_offset;
  uint32_t strings_length;
  uint64_t reserved;
} doppel_run_header;

enum doppel_value_kind {
  DOPPEL_NULL = 0,
  DOPPEL_BOOLEAN = 1,
  DOPPEL_INTEGER = 2,
  DOPPEL_NUMBER = 3,
  DOPPEL_TEXT = 4,
  DOPPEL_BYTES = 5,
  DOPPEL_JSON = 6
};

/* Eight bytes that `kind` of the row tells how to read. */
typedef union doppel_slot {
  double number;
  int64_t integer;
  uint64_t bits; /* boolean: 0 or 1 */
  doppel_string text;
} doppel_slot;

typedef struct doppel_config_row {
  doppel_string name;
  uint32_t kind;
  uint32_t reserved;
  doppel_slot value;
} doppel_config_row;

typedef struct doppel_column_row {
  doppel_string name;
  uint32_t kind;
  uint32_t validity_offset; /* u64 words, one bit an event */
  uint32_t values_offset;   /* one doppel_slot an event */
  uint32_t reserved;
} doppel_column_row;

typedef struct doppel_twin_row {
  doppel_string id;
  uint32_t state_offset; /* 0 when there is no state */
  uint32_t reserved;
} doppel_twin_row;

enum doppel_trigger {
  DOPPEL_TRIGGER_TOPIC = 0,
  DOPPEL_TRIGGER_HTTP = 1,
  DOPPEL_TRIGGER_TIMER = 2,
  DOPPEL_TRIGGER_QUEUE = 3,
  DOPPEL_TRIGGER_TWIN_CHANGE = 4,
  DOPPEL_TRIGGER_ALARM = 5,
  DOPPEL_TRIGGER_EMITTED = 6,
  DOPPEL_TRIGGER_EFFECT_RESULT = 7
};

typedef struct doppel_event_row {
  int64_t time;    /* ns since 1970 */
  int64_t arrival; /* ns since 1970 */
  uint64_t position;
  uint64_t seed;
  uint32_t trigger;
  uint32_t twin;
  doppel_string topic;
  doppel_string payload;
  uint64_t reserved;
} doppel_event_row;

typedef struct doppel_effects_header {
  uint32_t magic;
  uint32_t version;
  uint32_t total_length;
  uint32_t count;
} doppel_effects_header;

enum doppel_effect_kind {
  DOPPEL_SET = 1,
  DOPPEL_REMOVE = 2,
  DOPPEL_SEND = 3,
  DOPPEL_EMIT = 4,
  DOPPEL_PUBLISH = 5,
  DOPPEL_ALERT_RAISE = 6,
  DOPPEL_ALERT_CLEAR = 7,
  DOPPEL_ALARM_SET = 8,
  DOPPEL_ALARM_CANCEL = 9,
  DOPPEL_ENQUEUE = 10,
  DOPPEL_HTTP_CALL = 11,
  DOPPEL_HTTP_REPLY = 12,
  DOPPEL_LOG = 13,
  DOPPEL_RETRY = 14,
  DOPPEL_FAIL = 15
};

/* Followed by name, target and content, padded with zeros to a multiple of 8. */
typedef struct doppel_effect_row {
  uint32_t kind;
  uint32_t event;
  uint32_t detail;
  uint32_t value_kind;
  doppel_slot value; /* 0 for null, text, bytes and json */
  uint32_t name_length;
  uint32_t target_length;
  uint32_t content_length; /* text, bytes and json */
  uint32_t reserved;
} doppel_effect_row;

#endif
