/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "catalog/potoo-catalog-events.h"

G_BEGIN_DECLS

/**
 * PotooEventDraft:
 *
 * What a client says of an event, checked as far as that goes without knowing the event: a new
 * one, or a change (RFC 7396) of one that there is. All errors are POTOO_ERROR_INVALID_ARGUMENT
 * with the JSON pointer. Immutable, any thread.
 *
 * A new one: `camera`, `kind` (`api` unless given; `manual` is refused: see
 * potoo_event_list_record_async()), `start` (now unless given), `end` or `duration` in seconds
 * (neither, or null: it goes on; a bookmark has none), `score`, `title`, `metadata`.
 * A change: `end` (a time, `now`, or null: it goes on) or `duration`, `score`, `title`,
 * `metadata`, which is merged.
 */
typedef struct _PotooEventDraft PotooEventDraft;

PotooEventDraft *potoo_event_draft_new (JsonObject *object, GError **error);
PotooEventDraft *potoo_event_draft_new_patch (JsonObject *object, GError **error);
/* A manual recording that starts now. @duration_us: 0: it goes on. */
PotooEventDraft *potoo_event_draft_new_manual (const char *camera, gint64 duration_us);
/* A change of the end to @end_us; 0: it goes on. */
PotooEventDraft *potoo_event_draft_new_end (gint64 end_us);
/* An end at the moment at which it is applied. */
PotooEventDraft *potoo_event_draft_new_end_now (void);
void potoo_event_draft_free (PotooEventDraft *draft);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooEventDraft, potoo_event_draft_free)

const char *potoo_event_draft_get_camera (const PotooEventDraft *draft); /* of a new one */
/* TRUE when it ends the event at the moment at which it is applied, whatever the clock says. */
gboolean potoo_event_draft_ends_now (const PotooEventDraft *draft);

/* Makes @event what the draft says; of a new one the id is the caller's. @now_us: wall time. An
 * end may lie ahead; nothing lasts longer than @max_us. What the event keeps is not touched. */
gboolean potoo_event_draft_apply (const PotooEventDraft *draft,
                                  PotooEvent *event,
                                  gint64 now_us,
                                  gint64 max_us,
                                  GError **error);

G_END_DECLS
