/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What the last run left: events that went on end with its recordings, since nobody is known to be
 * there who would end them; those whose end was planned go on. Main thread, at the start. */

#include "base/potoo-clock.h"
#include "base/potoo-log.h"
#include "base/potoo-text.h"
#include "record/potoo-event-list-private.h"

/* The longest post-roll that there can be. */
#define MAX_POST_ROLL_US (600 * POTOO_SECOND_US)
#define MAX_LOADED 1000

/* Where the recording of its camera ended is where it was seen last. */
static gboolean
end_open (PotooEventList *self, PotooCatalogReader *reader, PotooEvent *event, GError **error)
{
  g_autoptr (GError) own_error = NULL;
  g_autofree char *id = potoo_segment_id_format (event->id);
  gint64 max_us = event->start_us + POTOO_EVENT_MAX_US;
  g_autoptr (PotooSegment) last = potoo_catalog_reader_get_last_segment (
      reader, event->camera, POTOO_STREAM_MAIN, &own_error);

  if (own_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&own_error));
      return FALSE;
    }
  event->end_us = last != NULL ? CLAMP (last->end_us, event->start_us, max_us) : event->start_us;
  event->keep_end_us = event->end_us;
  potoo_catalog_put_event (self->catalog, event);
  potoo_log_info (event->camera, "Event %s went on when Potoo ended; it ends with the recording",
                  id);
  return TRUE;
}

static gboolean
end_open_events (PotooEventList *self, PotooCatalogReader *reader, GError **error)
{
  g_autoptr (GPtrArray) open = potoo_catalog_reader_list_open_events (reader, error);

  for (guint i = 0; open != NULL && i < open->len; i++)
    if (!end_open (self, reader, open->pdata[i], error))
      return FALSE;
  /* Who asks once we are there is to see it. */
  return open != NULL && (open->len == 0 || potoo_catalog_sync (self->catalog, error));
}

/* Those whose end lies ahead, and whose post-roll does. */
static gboolean
take_up (PotooEventList *self, PotooCatalogReader *reader, GError **error)
{
  gint64 now_us = potoo_clock_wall_us ();
  const PotooSegmentQuery query = {
    .start_us = MAX (now_us - MAX_POST_ROLL_US, 0),
    .end_us = G_MAXINT64,
    .limit = MAX_LOADED,
  };
  g_autoptr (GPtrArray) events = potoo_catalog_reader_list_events (reader, &query, NULL, error);

  for (guint i = 0; events != NULL && i < events->len; i++)
    {
      const PotooEvent *event = events->pdata[i];
      if (event->kind != POTOO_EVENT_BOOKMARK && event->keep_end_us > now_us &&
          event->start_us <= now_us)
        potoo_event_list_insert_quietly (self, event, potoo_clock_wall_offset_us ());
    }
  return events != NULL;
}

gboolean
potoo_event_list_end_last_run (PotooEventList *self, PotooCatalogReader *reader, GError **error)
{
  return end_open_events (self, reader, error) && take_up (self, reader, error);
}
