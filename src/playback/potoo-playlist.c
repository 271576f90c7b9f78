/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * The body is written while segments are added; the head, which needs the longest entry, when
 * the text is asked for.
 *
 * What a later playlist of the same window must not change: an entry's GOPs (they are counted
 * from the first entry of its segment, and an entry is only listed when what follows it is
 * known), its times (from the start of its segment and the durations of the index, which
 * are never changed), and the target duration, which rises in steps of two so that a
 * GOP a little longer than those before does not move it.
 */

#include "playback/potoo-playlist.h"

#include "base/potoo-clock.h"
#include "catalog/potoo-catalog-timeline.h"
#include "media/potoo-fragment.h"

#define TICKS ((guint64) POTOO_VIDEO_TIMESCALE)
/* GOPs are joined up to two seconds, less what cameras' clocks tremble: a request for each of
 * a few hundred milliseconds costs more than a few pictures too many when a player seeks. */
#define MIN_ENTRY_TICKS (19 * TICKS / 10)
#define MIN_TARGET_SECONDS 4
/* What the tags and attributes in use need: byte ranges in fragmented MP4 (RFC 8216, 7). */
#define VERSION 7

struct _PotooPlaylist
{
  gint64 start_us, end_us;
  GString *body;
  guint n_entries;
  gboolean full, growing;
  gint64 first_us;        /* wall; of the first entry */
  guint64 base_ticks;     /* on the time line of the media: the first entry, … */
  guint64 position_ticks; /* … and the end of the last */
  guint64 longest_ticks;
  /* the segment before, as far as it matters to what follows it */
  gboolean listed_to_end;
  gint64 recording, segment_end_us, init_bytes;
  char codecs[96];
};

/* A segment that is being added. */
typedef struct
{
  const PotooSegment *segment;
  PotooSegmentIndex *index;
  guint n; /* readable fragments */
  guint64 shift_ticks;
  char *uri;
} Source;

/* Fragments first … end - 1 of a segment. */
typedef struct
{
  guint first, end;
} Entry;

PotooPlaylist *
potoo_playlist_new (gint64 start_us, gint64 end_us)
{
  g_return_val_if_fail (start_us < end_us, NULL);

  PotooPlaylist *self = g_new0 (PotooPlaylist, 1);
  self->start_us = start_us;
  self->end_us = end_us;
  self->body = g_string_new (NULL);
  return self;
}

void
potoo_playlist_free (PotooPlaylist *self)
{
  g_string_free (self->body, TRUE);
  g_free (self);
}

guint
potoo_playlist_get_n_entries (PotooPlaylist *self)
{
  return self->n_entries;
}

gboolean
potoo_playlist_is_full (PotooPlaylist *self)
{
  return self->full;
}

gboolean
potoo_playlist_is_growing (PotooPlaylist *self)
{
  return self->growing;
}

static gint64
us_from_ticks (guint64 ticks)
{
  return (gint64) gst_util_uint64_scale_round (ticks, POTOO_SECOND_US, TICKS);
}

/* --- which fragments --- */

/* The wall time of a fragment, as the index has it: by the durations since the start. */
static gint64
wall_of (const Source *source, guint fragment)
{
  return source->segment->start_us +
         us_from_ticks (potoo_segment_index_get (source->index, fragment)->time_ticks);
}

static guint64
time_of (const Source *source, guint fragment)
{
  if (fragment < potoo_segment_index_get_n (source->index))
    return potoo_segment_index_get (source->index, fragment)->time_ticks;
  return potoo_segment_index_get_duration_ticks (source->index);
}

/* How many fragments lie inside what the row says is durable. */
static guint
count_readable (const PotooSegment *segment, PotooSegmentIndex *index)
{
  guint n = potoo_segment_index_get_n (index);

  for (; n > 0; n--)
    {
      const PotooIndexEntry *last = potoo_segment_index_get (index, n - 1);
      if (last->offset + last->size <= (guint64) segment->size_bytes)
        break;
    }
  return n;
}

/* The first fragment of the first entry: the keyframe at or before the window's start when
 * that lies inside the first segment. */
static guint
find_first (PotooPlaylist *self, const Source *source)
{
  gint64 into_us = self->start_us - source->segment->start_us;
  guint first = 0;

  if (self->n_entries == 0 && into_us > 0)
    first = potoo_segment_index_find_key (
        source->index, gst_util_uint64_scale ((guint64) into_us, TICKS, POTOO_SECOND_US));
  while (first < source->n && !potoo_segment_index_get (source->index, first)->key)
    first++;
  return first;
}

/* FALSE when the entry may still grow. */
static gboolean
find_end (PotooPlaylist *self, const Source *source, Entry *entry)
{
  guint64 start = time_of (source, entry->first);

  for (guint i = entry->first + 1; i < source->n; i++)
    if (potoo_segment_index_get (source->index, i)->key &&
        (time_of (source, i) - start >= MIN_ENTRY_TICKS || wall_of (source, i) >= self->end_us))
      {
        entry->end = i;
        return TRUE;
      }
  entry->end = source->n;
  return source->segment->state != POTOO_SEGMENT_OPEN;
}

/* --- text --- */

static void
append_seconds (GString *text, gint64 time_us)
{
  g_string_append_printf (text, "%" G_GINT64_FORMAT ".%06" G_GINT64_FORMAT,
                          time_us / POTOO_SECOND_US, time_us % POTOO_SECOND_US);
}

/* What stands before the first entry of a segment. */
static void
begin_segment (PotooPlaylist *self, const Source *source, guint first)
{
  g_autofree char *time = potoo_time_format (wall_of (source, first));
  const PotooSegment *segment = source->segment;

  if (self->n_entries > 0 && (!self->listed_to_end || segment->init_bytes != self->init_bytes ||
                              g_strcmp0 (segment->codecs, self->codecs) != 0 ||
                              !potoo_segment_follows (self->recording, self->segment_end_us,
                                                      segment->recording, segment->start_us)))
    g_string_append (self->body, "#EXT-X-DISCONTINUITY\n");
  g_string_append_printf (self->body,
                          "#EXT-X-MAP:URI=\"%s\",BYTERANGE=\"%" G_GINT64_FORMAT "@0\"\n"
                          "#EXT-X-PROGRAM-DATE-TIME:%s\n",
                          source->uri, segment->init_bytes, time);
}

/* The lengths of the entries add up to that of the media, whatever is rounded. */
static void
append_entry (PotooPlaylist *self, const Source *source, const Entry *entry)
{
  const PotooIndexEntry *first = potoo_segment_index_get (source->index, entry->first);
  const PotooIndexEntry *last = potoo_segment_index_get (source->index, entry->end - 1);
  guint64 duration = time_of (source, entry->end) - first->time_ticks;
  gint64 from_us = us_from_ticks (self->position_ticks - self->base_ticks);
  gint64 to_us = us_from_ticks (self->position_ticks + duration - self->base_ticks);

  g_string_append (self->body, "#EXTINF:");
  append_seconds (self->body, to_us - from_us);
  g_string_append_printf (self->body,
                          ",\n#EXT-X-BYTERANGE:%" G_GUINT64_FORMAT "@%" G_GUINT64_FORMAT "\n%s\n",
                          last->offset + last->size - first->offset, first->offset, source->uri);
  self->position_ticks += duration;
  self->longest_ticks = MAX (self->longest_ticks, duration);
  self->n_entries++;
}

/* Those that begin inside the window, up to one that may still grow. */
static void
list_entries (PotooPlaylist *self, const Source *source, guint first)
{
  Entry entry = { first, first };

  for (; entry.first < source->n && wall_of (source, entry.first) < self->end_us;
       entry.first = entry.end)
    {
      self->full = self->n_entries >= POTOO_PLAYLIST_MAX_ENTRIES;
      self->growing = !find_end (self, source, &entry);
      if (self->full || self->growing)
        return;
      if (entry.first == first)
        begin_segment (self, source, first);
      append_entry (self, source, &entry);
    }
  self->listed_to_end = entry.first == source->n;
}

static void
place_on_time_line (PotooPlaylist *self, Source *source, guint first)
{
  guint64 time = time_of (source, first);
  g_autofree char *id = potoo_segment_id_format (source->segment->id);

  if (self->n_entries == 0)
    {
      self->base_ticks = self->position_ticks = time;
      self->first_us = wall_of (source, first);
    }
  source->shift_ticks = self->position_ticks - MIN (time, self->position_ticks);
  /* Rounded down to nanoseconds, which round back to the same ticks. */
  guint64 shift_ns = gst_util_uint64_scale (source->shift_ticks, GST_SECOND, TICKS);
  source->uri = shift_ns == 0
                    ? g_strdup_printf ("/api/v1/segments/%s/media.mp4", id)
                    : g_strdup_printf ("/api/v1/segments/%s/media.mp4?shift=%" G_GUINT64_FORMAT, id,
                                       shift_ns);
}

static void
remember_segment (PotooPlaylist *self, const PotooSegment *segment)
{
  self->recording = segment->recording;
  self->segment_end_us = segment->end_us;
  self->init_bytes = segment->init_bytes;
  g_strlcpy (self->codecs, segment->codecs, sizeof self->codecs);
}

gboolean
potoo_playlist_add (PotooPlaylist *self, const PotooSegment *segment, PotooSegmentIndex *index)
{
  Source source = { .segment = segment, .index = index };

  g_return_val_if_fail (!self->growing && !self->full, FALSE);

  source.n = index != NULL ? count_readable (segment, index) : 0;
  guint first = source.n > 0 ? find_first (self, &source) : 0;
  if (first < source.n)
    {
      place_on_time_line (self, &source, first);
      list_entries (self, &source, first);
      remember_segment (self, segment);
      g_free (source.uri);
    }
  else
    {
      self->listed_to_end = FALSE;
      self->growing = segment->state == POTOO_SEGMENT_OPEN && segment->start_us < self->end_us;
    }
  return !self->growing && !self->full;
}

/* EXTINF rounded to whole seconds is at most this (RFC 8216, 4.3.3.1). */
static guint64
target_seconds (PotooPlaylist *self)
{
  guint64 target = MIN_TARGET_SECONDS;

  while (target * TICKS < self->longest_ticks)
    target *= 2;
  return target;
}

char *
potoo_playlist_to_text (PotooPlaylist *self)
{
  GString *text = g_string_sized_new (self->body->len + 256);

  g_string_append_printf (text,
                          "#EXTM3U\n#EXT-X-VERSION:%d\n"
                          "#EXT-X-TARGETDURATION:%" G_GUINT64_FORMAT "\n"
                          "#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-PLAYLIST-TYPE:%s\n"
                          "#EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-START:TIME-OFFSET=",
                          VERSION, target_seconds (self), self->growing ? "EVENT" : "VOD");
  append_seconds (text, MAX (self->start_us - self->first_us, 0));
  g_string_append (text, ",PRECISE=YES\n");
  g_string_append_len (text, self->body->str, (gssize) self->body->len);
  if (!self->growing)
    g_string_append (text, "#EXT-X-ENDLIST\n");
  return g_string_free (text, FALSE);
}
