/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "catalog/potoo-catalog-events.h"
#include "catalog/potoo-catalog-gaps.h"
#include "catalog/potoo-catalog-locks.h"
#include "camera/potoo-camera-status.h"

G_BEGIN_DECLS

/**
 * PotooWebChangeLog:
 *
 * What changed lately, as the events that `/api/v1/changes` sends (server-sent events, WHATWG
 * HTML, 9.2). Each is made once, an immutable text that all subscribers share, and has an id,
 * `LOG-NUMBER`: LOG is another one in each run, NUMBER grows by one. The newest
 * POTOO_WEB_CHANGE_LOG_EVENTS events are kept, of at most POTOO_WEB_CHANGE_LOG_BYTES; who
 * has not read one before it goes has lost it and is told so.
 *
 * Any thread. One lock protects everything; it is held while the watches are called.
 */
typedef struct _PotooWebChangeLog PotooWebChangeLog;

#define POTOO_WEB_CHANGE_LOG_EVENTS 1024
#define POTOO_WEB_CHANGE_LOG_BYTES (2 * 1024 * 1024)

PotooWebChangeLog *potoo_web_change_log_new (void);
PotooWebChangeLog *potoo_web_change_log_ref (PotooWebChangeLog *log);
void potoo_web_change_log_unref (PotooWebChangeLog *log);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooWebChangeLog, potoo_web_change_log_unref)

/* --- telling --- */

/* @data: (transfer full) */
void potoo_web_change_log_publish (PotooWebChangeLog *log, const char *event, JsonObject *data);

/* Each as GET gives it. */
void potoo_web_change_log_camera (PotooWebChangeLog *log, PotooCameraSnapshot *snapshot);
void potoo_web_change_log_camera_removed (PotooWebChangeLog *log, const char *id);
void potoo_web_change_log_segment (PotooWebChangeLog *log, const PotooSegment *segment);
void potoo_web_change_log_segment_removed (PotooWebChangeLog *log, gint64 id);
void potoo_web_change_log_gap (PotooWebChangeLog *log, const PotooGap *gap);
void potoo_web_change_log_gap_removed (PotooWebChangeLog *log, gint64 id);
void potoo_web_change_log_event (PotooWebChangeLog *log, const PotooEvent *event);
void potoo_web_change_log_event_removed (PotooWebChangeLog *log, gint64 id);
void potoo_web_change_log_lock (PotooWebChangeLog *log, const PotooLock *lock);
void potoo_web_change_log_lock_removed (PotooWebChangeLog *log, gint64 id);

/* --- following --- */

/* A place in the log: the number of events before it. */
guint64 potoo_web_change_log_get_end (PotooWebChangeLog *log);
/* The place behind the event of @id; FALSE: it is none of this log, or what follows it is lost. */
gboolean potoo_web_change_log_find (PotooWebChangeLog *log, const char *id, guint64 *place);
/* The id of the event before @place. (transfer full) */
char *potoo_web_change_log_make_id (PotooWebChangeLog *log, guint64 place);

typedef enum
{
  POTOO_WEB_CHANGE_NONE,  /* there is no further event yet */
  POTOO_WEB_CHANGE_EVENT, /* @event is set, @place is behind it */
  POTOO_WEB_CHANGE_LOST,  /* the next event is not kept any more */
} PotooWebChange;

/* @event: (transfer full): the text that is sent */
PotooWebChange potoo_web_change_log_next (PotooWebChangeLog *log, guint64 *place, GBytes **event);

/* Calls @wake, in whatever thread, after each event. It must be quick and not use the log. */
typedef void (*PotooWebChangeWakeFunc) (gpointer user_data);
void potoo_web_change_log_watch (PotooWebChangeLog *log,
                                 PotooWebChangeWakeFunc wake,
                                 gpointer user_data);
/* No call is under way or comes after this returns. */
void potoo_web_change_log_unwatch (PotooWebChangeLog *log, gpointer user_data);

G_END_DECLS
