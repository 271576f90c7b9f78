/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "playback/potoo-playback.h"

#include <glib/gi18n-lib.h>

#include "base/potoo-error.h"
#include "base/potoo-log.h"

/* Files of a few seconds, as a camera makes that drops all the time: a day of them is refused. */
#define MAX_SEGMENTS 10000

/* NULL without error: nothing is indexed yet, or it was deleted a moment ago, or its index
 * does not parse. The others can be played all the same. */
static PotooSegmentIndex *
load_index (PotooCatalogReader *reader,
            const PotooSegment *segment,
            guint *n_unreadable,
            GError **error)
{
  g_autoptr (GError) why = NULL;
  g_autoptr (GBytes) blob = potoo_catalog_reader_get_index (reader, segment->id, &why);
  PotooSegmentIndex *index = NULL;

  if (blob != NULL)
    index = potoo_segment_index_parse (blob, (gsize) segment->init_bytes, &why);
  if (index != NULL)
    return index;
  if (g_error_matches (why, POTOO_ERROR, POTOO_ERROR_CORRUPT))
    {
      potoo_log_warning (segment->camera, "%s: segment %016" G_GINT64_MODIFIER "x is not played",
                         why->message, (guint64) segment->id);
      *n_unreadable += 1;
    }
  else if (!g_error_matches (why, POTOO_ERROR, POTOO_ERROR_NOT_FOUND))
    g_propagate_error (error, g_steal_pointer (&why));
  return NULL;
}

static gboolean
fail_too_much (GError **error)
{
  g_set_error_literal (error, POTOO_ERROR, POTOO_ERROR_INVALID_ARGUMENT,
                       _ ("The window holds more than one playlist may: ask for a shorter one"));
  return FALSE;
}

static gboolean
add_segments (PotooPlaylist *playlist,
              PotooCatalogReader *reader,
              GPtrArray *segments,
              guint *n_unreadable,
              GError **error)
{
  gboolean more = TRUE;

  for (guint i = 0; i < segments->len && more; i++)
    {
      g_autoptr (GError) failure = NULL;
      g_autoptr (PotooSegmentIndex)
          index = load_index (reader, segments->pdata[i], n_unreadable, &failure);
      if (failure != NULL)
        {
          g_propagate_error (error, g_steal_pointer (&failure));
          return FALSE;
        }
      more = potoo_playlist_add (playlist, segments->pdata[i], index);
    }
  return !potoo_playlist_is_full (playlist) || fail_too_much (error);
}

/* In the order in which they were recorded, which ids tell: where the clock was set back two
 * recordings overlap, and are played one after the other, the older one first. */
static int
compare_segments (gconstpointer a, gconstpointer b)
{
  const PotooSegment *one = *(PotooSegment *const *) a, *other = *(PotooSegment *const *) b;

  if (one->recording != other->recording)
    return one->recording < other->recording ? -1 : 1;
  if (one->start_us != other->start_us)
    return one->start_us < other->start_us ? -1 : 1;
  return one->id < other->id ? -1 : one->id > other->id;
}

PotooPlaylist *
potoo_playback_make_playlist (PotooCatalogReader *reader,
                              const char *camera,
                              PotooStreamKind stream,
                              gint64 start_us,
                              gint64 end_us,
                              guint *n_unreadable,
                              GError **error)
{
  g_return_val_if_fail (start_us < end_us && end_us - start_us <= POTOO_PLAYLIST_MAX_US, NULL);

  const PotooSegmentQuery query = {
    .camera = camera, .start_us = start_us, .end_us = end_us, .limit = MAX_SEGMENTS
  };
  g_autoptr (GPtrArray) segments = potoo_catalog_reader_list_stream (reader, &query, stream, error);
  g_autoptr (PotooPlaylist) playlist = potoo_playlist_new (start_us, end_us);

  *n_unreadable = 0;
  if (segments == NULL)
    return NULL;
  if (segments->len == MAX_SEGMENTS)
    {
      fail_too_much (error);
      return NULL;
    }
  g_ptr_array_sort (segments, compare_segments);
  return add_segments (playlist, reader, segments, n_unreadable, error)
             ? g_steal_pointer (&playlist)
             : NULL;
}
