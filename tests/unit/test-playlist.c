/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Which fragments a playlist lists, and that it only ever grows at its end. The grammar is
 * checked by tests/integration/test_playback.py, with players. */

#include <string.h>

#include "base/potoo-clock.h"
#include "playback/potoo-playlist.h"

#define DAY G_GINT64_CONSTANT (1795000000000000) /* 2026-11-18T11:06:40Z */
#define S POTOO_SECOND_US
#define INIT_BYTES 1000
#define FRAGMENT_BYTES 500

/* A segment of fragments of a second, @gop of them a GOP. */
typedef struct
{
  PotooSegment segment;
  PotooSegmentIndex *index;
} Part;

static void
part_clear (Part *part)
{
  potoo_segment_index_free (part->index);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Part, part_clear)

static void
append (Part *part, guint n, guint32 ticks, gboolean key)
{
  for (guint i = 0; i < n; i++)
    g_assert_true (potoo_segment_index_append (part->index, FRAGMENT_BYTES, ticks, key));
  part->segment.duration_ticks = (gint64) potoo_segment_index_get_duration_ticks (part->index);
  part->segment.size_bytes = (gint64) potoo_segment_index_get_end (part->index);
  part->segment.end_us = part->segment.start_us + part->segment.duration_ticks * 100 / 9;
}

static Part
make_part (gint64 id, gint64 start_us, guint n, guint gop)
{
  Part part = { .segment = { .id = id,
                             .camera = "door",
                             .state = POTOO_SEGMENT_CLOSED,
                             .recording = 1,
                             .start_us = start_us,
                             .init_bytes = INIT_BYTES,
                             .codecs = "avc1.64001f" },
                .index = potoo_segment_index_new (INIT_BYTES) };

  for (guint i = 0; i < n; i++)
    append (&part, 1, 90000, i % gop == 0);
  return part;
}

static gboolean
add (PotooPlaylist *playlist, const Part *part)
{
  return potoo_playlist_add (playlist, &part->segment, part->index);
}

static char *
text_of (const Part *part, gint64 start_us, gint64 end_us)
{
  g_autoptr (PotooPlaylist) playlist = potoo_playlist_new (start_us, end_us);

  add (playlist, part);
  return potoo_playlist_to_text (playlist);
}

static guint
count (const char *text, const char *what)
{
  guint n = 0;

  for (const char *at = strstr (text, what); at != NULL; at = strstr (at + 1, what))
    n++;
  return n;
}

#define assert_has(text, what) g_assert_cmpuint (count (text, what), ==, 1)
#define assert_lacks(text, what) g_assert_cmpuint (count (text, what), ==, 0)

static void
test_whole (void)
{
  g_auto (Part) part = make_part (0xab, DAY, 6, 3);
  g_autofree char *text = text_of (&part, DAY - S, DAY + 100 * S);

  g_assert_cmpstr (text, ==,
                   "#EXTM3U\n"
                   "#EXT-X-VERSION:7\n"
                   "#EXT-X-TARGETDURATION:4\n"
                   "#EXT-X-MEDIA-SEQUENCE:0\n"
                   "#EXT-X-PLAYLIST-TYPE:VOD\n"
                   "#EXT-X-INDEPENDENT-SEGMENTS\n"
                   "#EXT-X-START:TIME-OFFSET=0.000000,PRECISE=YES\n"
                   "#EXT-X-MAP:URI=\"/api/v1/segments/00000000000000ab/media.mp4\","
                   "BYTERANGE=\"1000@0\"\n"
                   "#EXT-X-PROGRAM-DATE-TIME:2026-11-18T11:06:40.000000Z\n"
                   "#EXTINF:3.000000,\n"
                   "#EXT-X-BYTERANGE:1500@1000\n"
                   "/api/v1/segments/00000000000000ab/media.mp4\n"
                   "#EXTINF:3.000000,\n"
                   "#EXT-X-BYTERANGE:1500@2500\n"
                   "/api/v1/segments/00000000000000ab/media.mp4\n"
                   "#EXT-X-ENDLIST\n");
}

/* From the keyframe before the start; with the GOP that the end lies in, and none that begins
 * at it. */
static void
test_window (void)
{
  g_auto (Part) part = make_part (1, DAY, 12, 3);
  g_autofree char *text = text_of (&part, DAY + 4 * S, DAY + 9 * S);

  assert_has (text, "TIME-OFFSET=1.000000,");
  assert_has (text, "#EXT-X-PROGRAM-DATE-TIME:2026-11-18T11:06:43.000000Z\n");
  g_assert_cmpuint (count (text, "#EXTINF:"), ==, 2);
  assert_has (text, "#EXT-X-BYTERANGE:1500@2500\n");
  assert_has (text, "#EXT-X-BYTERANGE:1500@4000\n");
  assert_has (text, "#EXT-X-ENDLIST\n");

  g_autofree char *longer = text_of (&part, DAY + 4 * S, DAY + 9 * S + 1);
  g_assert_cmpuint (count (longer, "#EXTINF:"), ==, 3);
  g_autofree char *exact = text_of (&part, DAY + 3 * S, DAY + 3 * S + 1);
  g_assert_cmpuint (count (exact, "#EXTINF:"), ==, 1);
  assert_has (exact, "TIME-OFFSET=0.000000,");
}

/* Short GOPs share an entry, but never a fragment alone of a GOP. */
static void
test_joins_short_gops (void)
{
  g_auto (Part) part = make_part (1, DAY, 0, 1);

  append (&part, 10, 45000, TRUE);
  append (&part, 2, 89990, TRUE); /* timestamps tremble */
  append (&part, 3, 90000, FALSE);
  g_autofree char *text = text_of (&part, DAY, DAY + 100 * S);
  g_assert_cmpuint (count (text, "#EXTINF:2.000000,"), ==, 2);
  g_assert_cmpuint (count (text, "#EXTINF:"), ==, 4);
  assert_has (text, "#EXTINF:1.999889,");
  assert_has (text, "#EXTINF:3.999889,"); /* the tail is of one GOP */
}

/* What is listed of an open segment is listed the same ever after. */
static void
test_grows (void)
{
  g_autofree char *before = NULL;
  guint lengths = 0;

  for (guint n = 1; n < 40; n++)
    {
      g_auto (Part) part = make_part (1, DAY, n, 1);
      g_autoptr (PotooPlaylist) playlist = potoo_playlist_new (DAY, DAY + 100 * S);
      part.segment.state = POTOO_SEGMENT_OPEN;
      g_assert_false (add (playlist, &part));
      g_assert_true (potoo_playlist_is_growing (playlist));
      char *text = potoo_playlist_to_text (playlist);
      assert_lacks (text, "ENDLIST");
      assert_has (text, "#EXT-X-PLAYLIST-TYPE:EVENT\n");
      g_assert_cmpuint (count (text, "#EXTINF:2.000000,"), ==, (n - 1) / 2);
      g_assert_true (before == NULL || g_str_has_prefix (text, before));
      lengths += before != NULL && strlen (text) > strlen (before);
      g_free (before);
      before = text;
    }
  g_assert_cmpuint (lengths, ==, 19);

  /* Closed, it lists the rest too. */
  g_auto (Part) part = make_part (1, DAY, 39, 1);
  g_autofree char *text = text_of (&part, DAY, DAY + 100 * S);
  const char *body = strstr (before, "#EXT-X-MAP");
  g_assert_nonnull (strstr (text, body));
  assert_has (text, "#EXTINF:1.000000,");
  assert_has (text, "#EXT-X-ENDLIST\n");
}

/* The window's end lies behind: nothing more can come into it. */
static void
test_open_but_past (void)
{
  g_auto (Part) part = make_part (1, DAY, 9, 3);

  part.segment.state = POTOO_SEGMENT_OPEN;
  g_autofree char *text = text_of (&part, DAY, DAY + 6 * S);
  g_assert_cmpuint (count (text, "#EXTINF:"), ==, 2);
  assert_has (text, "#EXT-X-ENDLIST\n");
  /* … unless it is in a GOP that goes on. */
  g_autofree char *inside = text_of (&part, DAY, DAY + 7 * S);
  g_assert_cmpuint (count (inside, "#EXTINF:"), ==, 2);
  assert_lacks (inside, "ENDLIST");
}

static void
test_just_opened (void)
{
  g_autoptr (PotooPlaylist) playlist = potoo_playlist_new (DAY - S, DAY + S);
  g_auto (Part) part = make_part (1, DAY, 0, 1);

  part.segment.state = POTOO_SEGMENT_OPEN;
  g_assert_false (potoo_playlist_add (playlist, &part.segment, NULL));
  g_assert_true (potoo_playlist_is_growing (playlist));
  g_assert_cmpuint (potoo_playlist_get_n_entries (playlist), ==, 0);
}

/* One time line through segments and gaps. */
static void
test_time_line (void)
{
  g_autoptr (PotooPlaylist) playlist = potoo_playlist_new (DAY + 3 * S, DAY + 1000 * S);
  g_auto (Part) first = make_part (1, DAY, 6, 3);
  g_auto (Part) second = make_part (2, DAY + 6 * S, 6, 3);
  g_auto (Part) other_codec = make_part (3, DAY + 12 * S, 3, 3);
  g_auto (Part) later = make_part (4, DAY + 500 * S, 3, 3);

  g_strlcpy (other_codec.segment.codecs, "hvc1.1.6.L93.B0", sizeof other_codec.segment.codecs);
  g_strlcpy (later.segment.codecs, "hvc1.1.6.L93.B0", sizeof later.segment.codecs);
  later.segment.recording = 4;
  g_assert_true (add (playlist, &first));
  g_assert_true (add (playlist, &second));
  g_assert_true (add (playlist, &other_codec));
  g_assert_true (add (playlist, &later));
  g_autofree char *text = potoo_playlist_to_text (playlist);

  g_assert_cmpuint (count (text, "#EXT-X-MAP:"), ==, 4);
  g_assert_cmpuint (count (text, "#EXT-X-PROGRAM-DATE-TIME:"), ==, 4);
  /* The first segment as it is, the others where it ended in its own time. */
  assert_lacks (text, "0001/media.mp4?");
  assert_lacks (text, "0002/media.mp4\n");
  g_assert_cmpuint (count (text, "0002/media.mp4?shift=6000000000\n"), ==, 2);
  g_assert_cmpuint (count (text, "0003/media.mp4?shift=12000000000\n"), ==, 1);
  g_assert_cmpuint (count (text, "0004/media.mp4?shift=15000000000\n"), ==, 1);
  g_assert_cmpuint (count (text, "#EXT-X-DISCONTINUITY\n"), ==, 2);
  assert_has (text, "#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI=\"/api/v1/segments/0000000000000003/");
  assert_has (text, "#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI=\"/api/v1/segments/0000000000000004/");
}

/* Sums of the lengths are those of the media, at any ticks. */
static void
test_lengths_add_up (void)
{
  g_autoptr (PotooPlaylist) playlist = potoo_playlist_new (DAY, DAY + 10000 * S);
  g_auto (Part) part = make_part (1, DAY, 0, 1);
  gint64 total_us = 0;

  for (guint i = 0; i < 1000; i++)
    append (&part, 1, 180001, TRUE);
  add (playlist, &part);
  g_autofree char *text = potoo_playlist_to_text (playlist);
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    if (g_str_has_prefix (lines[i], "#EXTINF:"))
      {
        g_auto (GStrv) halves = g_strsplit (lines[i] + strlen ("#EXTINF:"), ".", 2);
        total_us += g_ascii_strtoll (halves[0], NULL, 10) * S +
                    g_ascii_strtoll (halves[1], NULL, 10);
      }
  g_assert_cmpint (total_us, ==, G_GINT64_CONSTANT (1000) * 180001 * 100 / 9);
}

/* Only what the row says is durable, only from keyframes on, and what comes after a hole
 * is a discontinuity. */
static void
test_damaged (void)
{
  g_autoptr (PotooPlaylist) playlist = potoo_playlist_new (DAY, DAY + 1000 * S);
  g_auto (Part) cut = make_part (1, DAY, 6, 3);
  g_auto (Part) unreadable = make_part (2, DAY + 6 * S, 6, 3);
  g_auto (Part) headless = make_part (3, DAY + 12 * S, 0, 1);
  g_auto (Part) empty = make_part (4, DAY + 20 * S, 0, 1);

  cut.segment.state = POTOO_SEGMENT_DAMAGED;
  cut.segment.size_bytes = INIT_BYTES + 4 * FRAGMENT_BYTES + 1;
  append (&headless, 2, 90000, FALSE);
  append (&headless, 1, 90000, TRUE);
  append (&headless, 2, 90000, FALSE);
  g_assert_true (add (playlist, &cut));
  g_assert_true (potoo_playlist_add (playlist, &unreadable.segment, NULL));
  g_assert_true (add (playlist, &headless));
  g_assert_true (add (playlist, &empty));
  g_autofree char *text = potoo_playlist_to_text (playlist);

  g_assert_cmpuint (count (text, "#EXTINF:"), ==, 3);
  assert_has (text, "#EXT-X-BYTERANGE:500@2500\n"); /* the readable part of a GOP */
  assert_lacks (text, "0000000000000002");
  assert_lacks (text, "0000000000000004");
  assert_has (text, "#EXT-X-DISCONTINUITY\n");
  assert_has (text, "#EXT-X-PROGRAM-DATE-TIME:2026-11-18T11:06:54.000000Z\n");
  assert_has (text, "#EXT-X-BYTERANGE:1500@2000\n/api/v1/segments/0000000000000003/"
                    "media.mp4?shift=2000000000\n"); /* 4 s are listed, its own 2 s are not */
  assert_has (text, "#EXT-X-ENDLIST\n");
}

static void
test_target_duration (void)
{
  static const struct
  {
    guint gop;
    const char *line;
  } cases[] = {
    { 1, "#EXT-X-TARGETDURATION:4\n" },   { 4, "#EXT-X-TARGETDURATION:4\n" },
    { 5, "#EXT-X-TARGETDURATION:8\n" },   { 8, "#EXT-X-TARGETDURATION:8\n" },
    { 30, "#EXT-X-TARGETDURATION:32\n" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (Part) part = make_part (1, DAY, 60, cases[i].gop);
      g_autofree char *text = text_of (&part, DAY, DAY + 100 * S);
      assert_has (text, cases[i].line);
    }
}

static void
test_full (void)
{
  g_autoptr (PotooPlaylist) playlist = potoo_playlist_new (DAY, DAY + POTOO_PLAYLIST_MAX_US);
  g_auto (Part) part = make_part (1, DAY, 2, 1);

  for (guint i = 0; i < POTOO_PLAYLIST_MAX_ENTRIES; i++)
    g_assert_true (add (playlist, &part));
  g_assert_false (add (playlist, &part));
  g_assert_true (potoo_playlist_is_full (playlist));
  g_assert_cmpuint (potoo_playlist_get_n_entries (playlist), ==, POTOO_PLAYLIST_MAX_ENTRIES);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/playlist/whole", test_whole);
  g_test_add_func ("/playlist/window", test_window);
  g_test_add_func ("/playlist/joins-short-gops", test_joins_short_gops);
  g_test_add_func ("/playlist/grows", test_grows);
  g_test_add_func ("/playlist/open-but-past", test_open_but_past);
  g_test_add_func ("/playlist/just-opened", test_just_opened);
  g_test_add_func ("/playlist/time-line", test_time_line);
  g_test_add_func ("/playlist/lengths-add-up", test_lengths_add_up);
  g_test_add_func ("/playlist/damaged", test_damaged);
  g_test_add_func ("/playlist/target-duration", test_target_duration);
  g_test_add_func ("/playlist/full", test_full);
  return g_test_run ();
}
