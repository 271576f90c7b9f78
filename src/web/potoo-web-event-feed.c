/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "web/potoo-web-event-feed.h"

#include <string.h>

#include "base/potoo-clock.h"
#include "base/potoo-metrics.h"

#define HEARTBEAT_SECONDS 15
#define RETRY_MS 2000 /* how long clients are to wait before they come back */

struct _PotooWebEventFeed
{
  PotooWebChangeLog *log;
  GMainContext *context;
  GPtrArray *subscribers; /* Subscriber, not owned */
  GSource *wake;          /* while there are subscribers … */
  GSource *timer;         /* … */
  gboolean ended;
  PotooMetric *n_subscribers, *dropped, *resets, *refused;
};

typedef struct
{
  PotooWebEventFeed *feed;
  PotooWebBody *body; /* owns this */
  guint64 place;
  GBytes *first; /* (nullable): said before all events */
  gboolean heartbeat_due;
} Subscriber;

/* --- sources, while somebody follows --- */

/* Bodies that end leave the list meanwhile. */
static void
wake_subscribers (PotooWebEventFeed *feed)
{
  g_autoptr (GPtrArray) copy = g_ptr_array_copy (feed->subscribers, NULL, NULL);

  for (guint i = 0; i < copy->len; i++)
    if (g_ptr_array_find (feed->subscribers, copy->pdata[i], NULL))
      potoo_web_body_wake (((Subscriber *) copy->pdata[i])->body);
}

static gboolean
on_events (gpointer user_data)
{
  PotooWebEventFeed *feed = user_data;

  g_source_set_ready_time (feed->wake, -1);
  wake_subscribers (feed);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_heartbeat (gpointer user_data)
{
  PotooWebEventFeed *feed = user_data;

  for (guint i = 0; i < feed->subscribers->len; i++)
    ((Subscriber *) feed->subscribers->pdata[i])->heartbeat_due = TRUE;
  wake_subscribers (feed);
  return G_SOURCE_CONTINUE;
}

/* Any thread: however often it is called, the worker wakes once. */
static void
wake_worker (gpointer user_data)
{
  g_source_set_ready_time (user_data, 0);
}

static gboolean
dispatch_wake (GSource *source, GSourceFunc callback, gpointer user_data)
{
  return callback (user_data);
}

static GSourceFuncs wake_funcs = { .dispatch = dispatch_wake };

/* Takes @source. */
static GSource *
attach (PotooWebEventFeed *feed, GSource *source, GSourceFunc func)
{
  g_source_set_callback (source, func, feed, NULL);
  g_source_attach (source, feed->context);
  return source;
}

static void
start_sources (PotooWebEventFeed *feed)
{
  feed->wake = attach (feed, g_source_new (&wake_funcs, sizeof (GSource)), on_events);
  feed->timer = attach (feed, g_timeout_source_new_seconds (HEARTBEAT_SECONDS), on_heartbeat);
  potoo_web_change_log_watch (feed->log, wake_worker, feed->wake);
}

static void
stop_sources (PotooWebEventFeed *feed)
{
  potoo_web_change_log_unwatch (feed->log, feed->wake);
  g_source_destroy (feed->wake);
  g_clear_pointer (&feed->wake, g_source_unref);
  g_source_destroy (feed->timer);
  g_clear_pointer (&feed->timer, g_source_unref);
}

/* --- a subscriber's stream --- */

static void
subscriber_free (gpointer stream)
{
  Subscriber *subscriber = stream;
  PotooWebEventFeed *feed = subscriber->feed;

  g_ptr_array_remove_fast (feed->subscribers, subscriber);
  potoo_metric_set (feed->n_subscribers, feed->subscribers->len);
  if (feed->subscribers->len == 0)
    stop_sources (feed);
  g_clear_pointer (&subscriber->first, g_bytes_unref);
  g_free (subscriber);
}

static PotooWebRead
read_event (Subscriber *subscriber, GBytes **chunk)
{
  PotooWebEventFeed *feed = subscriber->feed;

  switch (potoo_web_change_log_next (feed->log, &subscriber->place, chunk))
    {
    case POTOO_WEB_CHANGE_EVENT:
      return POTOO_WEB_READ_CHUNK;
    case POTOO_WEB_CHANGE_LOST:
      potoo_metric_add (feed->dropped, 1);
      return POTOO_WEB_READ_END;
    case POTOO_WEB_CHANGE_NONE:
    default:
      return POTOO_WEB_READ_WAIT;
    }
}

/* Keeps proxies from closing what is silent, finds clients that are gone, and tells the others that
 * we are there, and what our clock says. Without an id: nobody comes back to it. */
static GBytes *
make_heartbeat (void)
{
  g_autofree char *time = potoo_time_format (potoo_clock_wall_us ());
  char *text = g_strdup_printf ("event: heartbeat\ndata: {\"time\":\"%s\"}\n\n", time);

  return g_bytes_new_take (text, strlen (text));
}

static PotooWebRead
subscriber_read (gpointer stream, GBytes **chunk)
{
  Subscriber *subscriber = stream;

  if (subscriber->feed->ended)
    return POTOO_WEB_READ_END;
  if (subscriber->first != NULL)
    *chunk = g_steal_pointer (&subscriber->first);
  else if (subscriber->heartbeat_due)
    *chunk = make_heartbeat ();
  else
    return read_event (subscriber, chunk);
  subscriber->heartbeat_due = FALSE;
  return POTOO_WEB_READ_CHUNK;
}

static const PotooWebStreamFuncs subscriber_funcs = { subscriber_read, subscriber_free };

/* An id without an event is remembered by the client all the same (HTML, 9.2.6), so it can come
 * back to this place even if nothing happens. */
static GBytes *
make_first (PotooWebEventFeed *feed, const char *last_event_id, guint64 *place)
{
  GString *text = g_string_new (NULL);

  g_string_printf (text, "retry: %d\n", RETRY_MS);
  if (last_event_id == NULL || !potoo_web_change_log_find (feed->log, last_event_id, place))
    {
      *place = potoo_web_change_log_get_end (feed->log);
      g_autofree char *id = potoo_web_change_log_make_id (feed->log, *place);
      g_string_append_printf (text, "id: %s\n", id);
      if (last_event_id != NULL)
        {
          potoo_metric_add (feed->resets, 1);
          g_string_append (text, "event: reset\ndata: {}\n");
        }
    }
  g_string_append_c (text, '\n');
  return g_string_free_to_bytes (text);
}

PotooWebBody *
potoo_web_event_feed_subscribe (PotooWebEventFeed *feed, const char *last_event_id)
{
  if (feed->ended || feed->subscribers->len >= POTOO_WEB_MAX_SUBSCRIBERS)
    {
      potoo_metric_add (feed->refused, 1);
      return NULL;
    }
  Subscriber *subscriber = g_new0 (Subscriber, 1);
  subscriber->feed = feed;
  subscriber->body = potoo_web_body_new_stream (&subscriber_funcs, subscriber);
  g_ptr_array_add (feed->subscribers, subscriber);
  potoo_metric_set (feed->n_subscribers, feed->subscribers->len);
  if (feed->subscribers->len == 1)
    start_sources (feed);
  subscriber->first = make_first (feed, last_event_id, &subscriber->place);
  return subscriber->body;
}

/* --- life --- */

void
potoo_web_event_feed_end (PotooWebEventFeed *feed)
{
  feed->ended = TRUE;
  wake_subscribers (feed);
}

PotooWebEventFeed *
potoo_web_event_feed_new (PotooWebChangeLog *log, GMainContext *context)
{
  PotooWebEventFeed *feed = g_new0 (PotooWebEventFeed, 1);

  feed->log = potoo_web_change_log_ref (log);
  feed->context = g_main_context_ref (context);
  feed->subscribers = g_ptr_array_new ();
  feed->n_subscribers = potoo_metric_new_gauge ("potoo_changes_subscribers",
                                                "Who follows /api/v1/changes.", NULL);
  feed->dropped = potoo_metric_new_counter ("potoo_changes_dropped_subscribers_total",
                                            "Subscribers disconnected: too slow.", NULL);
  feed->resets = potoo_metric_new_counter ("potoo_changes_resets_total",
                                           "Subscribers that came back too late.", NULL);
  feed->refused = potoo_metric_new_counter ("potoo_changes_refused_subscribers_total",
                                            "Subscribers refused: too many.", NULL);
  return feed;
}

void
potoo_web_event_feed_free (PotooWebEventFeed *feed)
{
  g_warn_if_fail (feed->subscribers->len == 0);
  g_ptr_array_unref (feed->subscribers);
  potoo_web_change_log_unref (feed->log);
  g_main_context_unref (feed->context);
  potoo_metric_unref (feed->n_subscribers);
  potoo_metric_unref (feed->dropped);
  potoo_metric_unref (feed->resets);
  potoo_metric_unref (feed->refused);
  g_free (feed);
}
