/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "camera/potoo-camera-status.h"
#include "catalog/potoo-catalog-events.h"
#include "catalog/potoo-catalog-gaps.h"
#include "catalog/potoo-catalog-locks.h"

G_BEGIN_DECLS

/* Members in the shapes of the API (docs/rest.md). Any thread. */

/* @text: (nullable): null */
void potoo_web_json_set_text (JsonObject *object, const char *name, const char *text);
/* RFC 3339; @wall_us of 0: null */
void potoo_web_json_set_time (JsonObject *object, const char *name, gint64 wall_us);
/* 16 hexadecimal digits */
void potoo_web_json_set_id (JsonObject *object, const char *name, gint64 id);
/* Seconds, to the microsecond. */
void potoo_web_json_set_seconds (JsonObject *object, const char *name, gint64 duration_us);

/* 0 … 1; negative: null */
void potoo_web_json_set_share (JsonObject *object, const char *name, double share);

/* Whole resources, the same in lists, by themselves and in `/api/v1/changes`. (transfer full) */
JsonObject *potoo_web_json_from_camera (PotooCameraSnapshot *snapshot);
JsonObject *potoo_web_json_from_segment (const PotooSegment *segment);
JsonObject *potoo_web_json_from_gap (const PotooGap *gap);
JsonObject *potoo_web_json_from_event (const PotooEvent *event);
JsonObject *potoo_web_json_from_lock (const PotooLock *lock);
/* An event as timelines show it: without camera and metadata. */
JsonObject *potoo_web_json_summarize_event (const PotooEvent *event);

G_END_DECLS
