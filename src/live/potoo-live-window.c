/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "live/potoo-live-window.h"

#include <string.h>
#include <sys/random.h>

#include "base/potoo-clock.h"

typedef struct
{
  char *name;
  guint64 sequence;
  GBytes *bytes;
  gint64 start_us, duration_us;
  gboolean discontinuous;
} Segment;

struct _PotooLiveWindow
{
  gatomicrefcount ref_count;
  gsize max_bytes;
  PotooMetric *bytes_metric;
  char *prefix;

  GMutex lock;     /* protects all below */
  GQueue segments; /* Segment, oldest first */
  gsize bytes;
  guint64 next_sequence;
  guint64 removed_discontinuities;
  gboolean broken; /* the next segment is discontinuous */
  gint64 target_s; /* of the longest one ever, rounded as RFC 8216 does; never falls */
};

static void
segment_free (Segment *segment)
{
  g_free (segment->name);
  g_bytes_unref (segment->bytes);
  g_free (segment);
}

static char *
make_prefix (void)
{
  guint64 word;

  /* Less than 256 bytes are never cut short, and fail only on kernels before 3.17. */
  if (getrandom (&word, sizeof word, 0) != sizeof word)
    word = (guint64) g_random_int () << 32 | g_random_int ();
  return g_strdup_printf ("%016" G_GINT64_MODIFIER "x", word);
}

PotooLiveWindow *
potoo_live_window_new (gsize max_bytes, PotooMetric *bytes_metric)
{
  PotooLiveWindow *self = g_new0 (PotooLiveWindow, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->lock);
  self->max_bytes = max_bytes;
  self->bytes_metric = potoo_metric_ref (bytes_metric);
  self->prefix = make_prefix ();
  return self;
}

PotooLiveWindow *
potoo_live_window_ref (PotooLiveWindow *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

static void
remove_oldest (PotooLiveWindow *self)
{
  Segment *segment = g_queue_pop_head (&self->segments);
  gsize size = g_bytes_get_size (segment->bytes);

  self->bytes -= size;
  potoo_metric_add (self->bytes_metric, -(gint64) size);
  self->removed_discontinuities += segment->discontinuous ? 1 : 0;
  segment_free (segment);
}

void
potoo_live_window_unref (PotooLiveWindow *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  while (self->segments.length > 0)
    remove_oldest (self);
  potoo_metric_unref (self->bytes_metric);
  g_mutex_clear (&self->lock);
  g_free (self->prefix);
  g_free (self);
}

void
potoo_live_window_add (PotooLiveWindow *self, GBytes *bytes, gint64 start_us, gint64 duration_us)
{
  Segment *segment = g_new0 (Segment, 1);

  segment->bytes = g_bytes_ref (bytes);
  segment->start_us = start_us;
  segment->duration_us = MAX (duration_us, 0);

  g_mutex_lock (&self->lock);
  segment->sequence = self->next_sequence++;
  segment->name = g_strdup_printf ("%s-%" G_GUINT64_FORMAT ".ts", self->prefix, segment->sequence);
  segment->discontinuous = self->broken && segment->sequence > 0;
  self->broken = FALSE;
  self->target_s = MAX (self->target_s,
                        (segment->duration_us + POTOO_SECOND_US / 2) / POTOO_SECOND_US);
  g_queue_push_tail (&self->segments, segment);
  self->bytes += g_bytes_get_size (bytes);
  potoo_metric_add (self->bytes_metric, (gint64) g_bytes_get_size (bytes));
  while (self->segments.length > POTOO_LIVE_KEPT ||
         (self->bytes > self->max_bytes && self->segments.length > 1))
    remove_oldest (self);
  g_mutex_unlock (&self->lock);
}

void
potoo_live_window_break (PotooLiveWindow *self)
{
  g_mutex_lock (&self->lock);
  self->broken = TRUE;
  g_mutex_unlock (&self->lock);
}

void
potoo_live_window_clear (PotooLiveWindow *self)
{
  g_mutex_lock (&self->lock);
  self->broken = TRUE;
  while (self->segments.length > 0)
    remove_oldest (self);
  g_mutex_unlock (&self->lock);
}

static void
append_segment (GString *text, const Segment *segment, const char *folder)
{
  g_autofree char *time = potoo_time_format (segment->start_us);

  if (segment->discontinuous)
    g_string_append (text, "#EXT-X-DISCONTINUITY\n");
  g_string_append_printf (text,
                          "#EXT-X-PROGRAM-DATE-TIME:%s\n"
                          "#EXTINF:%" G_GINT64_FORMAT ".%06" G_GINT64_FORMAT ",\n"
                          "%s%s\n",
                          time, segment->duration_us / POTOO_SECOND_US,
                          segment->duration_us % POTOO_SECOND_US, folder, segment->name);
}

static char *
make_playlist_locked (PotooLiveWindow *self, const char *folder)
{
  GString *text = g_string_new ("#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-INDEPENDENT-SEGMENTS\n");
  guint64 discontinuities = self->removed_discontinuities;
  GList *first = self->segments.head;

  for (guint n = self->segments.length; n > POTOO_LIVE_LISTED; n--, first = first->next)
    discontinuities += ((Segment *) first->data)->discontinuous ? 1 : 0;
  g_string_append_printf (text,
                          "#EXT-X-TARGETDURATION:%" G_GINT64_FORMAT "\n"
                          "#EXT-X-MEDIA-SEQUENCE:%" G_GUINT64_FORMAT "\n"
                          "#EXT-X-DISCONTINUITY-SEQUENCE:%" G_GUINT64_FORMAT "\n",
                          MAX (self->target_s, 1), ((Segment *) first->data)->sequence,
                          discontinuities);
  for (GList *link = first; link != NULL; link = link->next)
    append_segment (text, link->data, folder);
  return g_string_free (text, FALSE);
}

char *
potoo_live_window_make_playlist (PotooLiveWindow *self, const char *folder)
{
  char *text = NULL;

  g_mutex_lock (&self->lock);
  if (self->segments.length > 0)
    text = make_playlist_locked (self, folder);
  g_mutex_unlock (&self->lock);
  return text;
}

gint64
potoo_live_window_get_target_us (PotooLiveWindow *self)
{
  g_mutex_lock (&self->lock);
  gint64 target_us = MAX (self->target_s, 1) * POTOO_SECOND_US;
  g_mutex_unlock (&self->lock);
  return target_us;
}

GBytes *
potoo_live_window_get_segment (PotooLiveWindow *self, const char *name)
{
  GBytes *bytes = NULL;

  g_return_val_if_fail (name != NULL, NULL);

  g_mutex_lock (&self->lock);
  for (GList *link = self->segments.head; link != NULL && bytes == NULL; link = link->next)
    if (strcmp (((Segment *) link->data)->name, name) == 0)
      bytes = g_bytes_ref (((Segment *) link->data)->bytes);
  g_mutex_unlock (&self->lock);
  return bytes;
}
