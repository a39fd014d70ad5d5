// The parser of libyaml and its events, with plain accessors for what lies in a union.
#pragma once
#include <stdint.h>
#include <yaml.h>

// One event, as far as wick reads it. The pointers are those of the event, valid until it is deleted.
struct wick_yaml_event {
  int type;
  size_t line, column;  // from 0
  const uint8_t *_Nullable text;
  size_t length;
  int is_plain;  // a scalar without quotes, which may be a number
  int has_anchor, has_tag;
};

static inline struct wick_yaml_event wick_yaml_event_facts(const yaml_event_t *_Nonnull event)
{
  struct wick_yaml_event facts = { event->type, event->start_mark.line, event->start_mark.column };
  if (event->type == YAML_SCALAR_EVENT) {
    facts.text = event->data.scalar.value;
    facts.length = event->data.scalar.length;
    facts.is_plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    facts.has_anchor = event->data.scalar.anchor != 0;
    facts.has_tag = event->data.scalar.tag != 0;
  } else if (event->type == YAML_SEQUENCE_START_EVENT) {
    facts.has_anchor = event->data.sequence_start.anchor != 0;
    facts.has_tag = event->data.sequence_start.tag != 0;
  } else if (event->type == YAML_MAPPING_START_EVENT) {
    facts.has_anchor = event->data.mapping_start.anchor != 0;
    facts.has_tag = event->data.mapping_start.tag != 0;
  }
  return facts;
}
