/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "catalog/potoo-catalog-events.h"
#include "config/potoo-camera-settings.h"
#include "record/potoo-event-spans.h"

G_BEGIN_DECLS

/**
 * PotooEventList:
 *
 * The events that happen now and those that were told of late: who tells of an event comes here,
 * and the recording plans are made of what stands here. A command is done when the catalog
 * has it durably; on any error nothing has changed. Belongs to the main thread; `_async`
 * commands may be called from any thread, and call back in the caller's thread-default context.
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
/* Events of a camera that have not ended. */
#define POTOO_EVENT_MAX_LIVE 16
/* New events of a camera: so many in a row, and so many a second for long. */
#define POTOO_EVENT_BURST 20
#define POTOO_EVENT_PER_SECOND 10
/* Commands that wait or are under way, of all cameras together. */
#define POTOO_EVENT_MAX_COMMANDS 256

PotooEventList *potoo_event_list_new (PotooCatalog *catalog);
/* Ends what the last run left open, and takes up what goes on. Blocks shortly; before cameras are
 * told of. */
gboolean potoo_event_list_start (PotooEventList *list, GError **error);
/* No further commands and timers. */
void potoo_event_list_stop (PotooEventList *list);

/* --- cameras --- */

/* A camera is there, or its settings changed. When it is disabled its events end. */
void potoo_event_list_set_camera (PotooEventList *list, PotooCameraSettings *settings);
/* Its events end. */
void potoo_event_list_remove_camera (PotooEventList *list, const char *id);

/* --- for the recording plan --- */

/* Sorted by from_us; manual spans are disjoint among themselves, and the others as well. Bookmarks
 * are not among them. At most 2 * POTOO_EVENT_MAX_SPANS.
 * (transfer full) (element-type PotooEventSpan) */
GArray *potoo_event_list_get_spans (PotooEventList *list, const char *camera);

/* --- commands --- */

/**
 * potoo_event_list_add_async:
 * @object: as potoo_event_draft_new() takes it
 *
 * An event begins, goes on or is over already. It cannot start before what the fragment ring
 * holds, unless something was recorded then. An end that lies ahead is kept to by itself.
 *
 * Errors: POTOO_ERROR_INVALID_ARGUMENT with the JSON pointer; POTOO_ERROR_CONFLICT when it would go
 * on while the camera is disabled, or POTOO_EVENT_MAX_LIVE do; POTOO_ERROR_BUSY when too many
 * come.
 */
void potoo_event_list_add_async (PotooEventList *list,
                                 JsonObject *object,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data);
/* (transfer full) */
PotooEvent *
potoo_event_list_add_finish (PotooEventList *list, GAsyncResult *result, GError **error);

/* @patch: as potoo_event_draft_new_patch() takes it. POTOO_ERROR_CONFLICT for another end of an
 * event that has ended. */
void potoo_event_list_change_async (PotooEventList *list,
                                    gint64 id,
                                    JsonObject *patch,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data);
/* (transfer full) */
PotooEvent *
potoo_event_list_change_finish (PotooEventList *list, GAsyncResult *result, GError **error);

/* One that goes on stops being recorded at once. */
void potoo_event_list_remove_async (PotooEventList *list,
                                    gint64 id,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data);
gboolean
potoo_event_list_remove_finish (PotooEventList *list, GAsyncResult *result, GError **error);

/**
 * potoo_event_list_record_async:
 * @duration_us: 1 s to POTOO_EVENT_MAX_US from now on; 0: until it is stopped, or that long
 *
 * Records, whatever the mode: an event of kind `manual`, without pre- and post-roll. While one goes
 * on that one is extended, never shortened; beyond POTOO_EVENT_MAX_US another one takes over.
 *
 * Errors: POTOO_ERROR_NOT_FOUND, POTOO_ERROR_INVALID_ARGUMENT at `/seconds`; POTOO_ERROR_CONFLICT
 * when the camera is disabled.
 */
void potoo_event_list_record_async (PotooEventList *list,
                                    const char *camera,
                                    gint64 duration_us,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data);
/* (transfer full) */
PotooEvent *
potoo_event_list_record_finish (PotooEventList *list, GAsyncResult *result, GError **error);

/* Ends the manual recording; well when there is none. */
void potoo_event_list_stop_recording_async (PotooEventList *list,
                                            const char *camera,
                                            GAsyncReadyCallback callback,
                                            gpointer user_data);
/* @event: (out) (transfer full) (nullable): what was ended */
gboolean potoo_event_list_stop_recording_finish (PotooEventList *list,
                                                 GAsyncResult *result,
                                                 PotooEvent **event,
                                                 GError **error);

G_END_DECLS
