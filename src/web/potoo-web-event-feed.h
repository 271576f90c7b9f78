/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "web/potoo-web-body.h"
#include "web/potoo-web-change-log.h"

G_BEGIN_DECLS

/**
 * PotooWebEventFeed:
 *
 * One worker's subscribers of the change log. The log wakes the worker once, whatever
 * came and however many follow; each subscriber has a place in the log and takes from
 * it when its connection can be written to, so a slow one costs nothing but that
 * place. When what comes next is not kept any more, it is disconnected; it then
 * comes back with its last id and is told to start anew.
 *
 * One timer for all heartbeats, and no source at all while nobody follows. Worker thread.
 */
typedef struct _PotooWebEventFeed PotooWebEventFeed;

#define POTOO_WEB_MAX_SUBSCRIBERS 64

/* @context: of the worker */
PotooWebEventFeed *potoo_web_event_feed_new (PotooWebChangeLog *log, GMainContext *context);
/* All subscribers must be gone. */
void potoo_web_event_feed_free (PotooWebEventFeed *feed);

/* Events behind that of @last_event_id (nullable: from now on); `reset` first when it is
 * unknown. NULL when there are too many subscribers. (transfer full) (nullable) */
PotooWebBody *potoo_web_event_feed_subscribe (PotooWebEventFeed *feed, const char *last_event_id);

/* Ends all streams; nobody subscribes from now on. */
void potoo_web_event_feed_end (PotooWebEventFeed *feed);

G_END_DECLS
