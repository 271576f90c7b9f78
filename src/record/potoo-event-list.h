/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "catalog/potoo-catalog.h"
#include "config/potoo-camera-settings.h"
#include "record/potoo-event-spans.h"

G_BEGIN_DECLS

/**
 * PotooEventList:
 *
 * The events that happen now and those that were told of late: who tells of an event comes here,
 * and the recording plans are made of what stands here. A command is done when the catalog
 * has it durably; on any error nothing has changed. Belongs to the main thread; `_async`
 * commands may be called from any thread.
 *
 * Signal (main thread): `changed (const char *camera)`: potoo_event_list_get_spans() gives
 * something else now. Not for time that goes by.
 */
#define POTOO_TYPE_EVENT_LIST (potoo_event_list_get_type ())
G_DECLARE_FINAL_TYPE (PotooEventList, potoo_event_list, POTOO, EVENT_LIST, GObject)

/* An event lasts at most this long; one that nobody ended is then ended, which is logged. */
#define POTOO_EVENT_MAX_US (3600 * G_GINT64_CONSTANT (1000000))
/* An event may be told of this late and still gets all of its pre-roll: what the fragment ring
 * must hold beyond the pre-roll. */
#define POTOO_EVENT_LATE_US (5 * G_GINT64_CONSTANT (1000000))
/* Spans stand in the list for this long after they ended, for fragments that come late. */
#define POTOO_EVENT_LINGER_US (30 * G_GINT64_CONSTANT (1000000))
/* … of a camera, at most: when there are more, those that lie nearest to each other become one. */
#define POTOO_EVENT_MAX_SPANS 32

PotooEventList *potoo_event_list_new (PotooCatalog *catalog);
/* Ends what the last run left open, and takes up what goes on. Blocks shortly; before cameras are
 * told of. */
gboolean potoo_event_list_start (PotooEventList *list, GError **error);
/* No further commands and timers. */
void potoo_event_list_stop (PotooEventList *list);

/* --- cameras --- */

/* A camera is there, or its settings changed. When it is disabled its open events end. */
void potoo_event_list_set_camera (PotooEventList *list, PotooCameraSettings *settings);
/* Its open events end. */
void potoo_event_list_remove_camera (PotooEventList *list, const char *id);

/* --- for the recording plan --- */

/* Sorted by from_us; manual spans are disjoint among themselves, and the others as well. Bookmarks
 * are not among them. At most 2 * POTOO_EVENT_MAX_SPANS.
 * (transfer full) (element-type PotooEventSpan) */
GArray *potoo_event_list_get_spans (PotooEventList *list, const char *camera);

G_END_DECLS
