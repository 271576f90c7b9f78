/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "fragmenter-rig.h"

#include <string.h>

#include "base/potoo-metrics.h"

#define CAMERA "rig"
#define MIN_PAYLOAD 16

static void
on_fragment (PotooFragment *fragment, gpointer user_data)
{
  Rig *rig = user_data;
  GstClockTime end = potoo_fragment_get_end_ns (fragment);

  rig->n_fragments++;
  GstClockTime newest = __atomic_load_n (&rig->newest_video_ns, __ATOMIC_RELAXED);
  if (newest > end)
    rig->longest_wait_ns = MAX (rig->longest_wait_ns, newest - end);
  if (rig->keep)
    g_ptr_array_add (rig->fragments, potoo_fragment_ref (fragment));
}

Rig *
rig_new (void)
{
  Rig *rig = g_new0 (Rig, 1);

  rig->fragmenter = potoo_fragmenter_new (CAMERA, "main", on_fragment, rig, NULL);
  rig->fragments = g_ptr_array_new_with_free_func ((GDestroyNotify) potoo_fragment_unref);
  rig->keep = TRUE;
  for (guint track = 0; track < 2; track++)
    {
      rig->units[track] = g_array_new (FALSE, TRUE, sizeof (RigUnit));
      rig->came[track] = g_array_new (FALSE, FALSE, sizeof (guint32));
    }
  return rig;
}

void
rig_free (Rig *rig)
{
  potoo_fragmenter_free (rig->fragmenter);
  g_ptr_array_unref (rig->fragments);
  for (guint track = 0; track < 2; track++)
    {
      g_array_unref (rig->units[track]);
      g_array_unref (rig->came[track]);
    }
  g_assert_cmpint (g_atomic_int_get (&rig->live_buffers), ==, 0);
  g_free (rig);
}

void
rig_set_caps (Rig *rig, guint track, const char *text)
{
  g_autoptr (GstCaps) caps = gst_caps_from_string (text);
  const GstStructure *s = gst_caps_get_structure (caps, 0);

  g_assert_true (potoo_fragmenter_set_caps (rig->fragmenter, track, caps));
  if (track == 0)
    gst_structure_get_int (s, "width", (int *) &rig->width);
  else
    gst_structure_get_int (s, "rate", (int *) &rig->rate);
}

typedef struct
{
  guint8 *data;
  gint *live;
} Payload;

static void
free_payload (gpointer data)
{
  Payload *payload = data;
  g_atomic_int_add (payload->live, -1);
  g_free (payload->data);
  g_free (payload);
}

static gsize
payload_size (guint32 number)
{
  return MIN_PAYLOAD + number % 7;
}

static void
fill_payload (guint8 *data, guint track, guint32 number)
{
  gsize size = payload_size (number);
  GST_WRITE_UINT32_BE (data, number);
  data[4] = (guint8) track;
  for (gsize i = 5; i < size; i++)
    data[i] = (guint8) (number * 31 + i);
}

/* In one piece of memory, or two, the second one in the midst of a larger block. */
static GstBuffer *
make_buffer (Rig *rig, guint track, guint32 number)
{
  gsize size = payload_size (number), first = number % 2 == 0 ? size : 7;
  Payload *payload = g_new (Payload, 1);
  GstBuffer *buffer = gst_buffer_new ();

  *payload = (Payload){ g_malloc (size + 3), &rig->live_buffers };
  g_atomic_int_inc (&rig->live_buffers);
  fill_payload (payload->data, track, number);
  GstMemory *memory = gst_memory_new_wrapped (GST_MEMORY_FLAG_READONLY, payload->data, size + 3, 0,
                                              size, payload, free_payload);
  gst_buffer_append_memory (buffer, gst_memory_share (memory, 0, (gssize) first));
  if (first < size)
    gst_buffer_append_memory (buffer,
                              gst_memory_share (memory, (gssize) first, (gssize) (size - first)));
  gst_memory_unref (memory);
  return buffer;
}

void
rig_push_video (Rig *rig, GstClockTime pts_ns, gboolean key)
{
  RigUnit unit = { .width = rig->width, .key = key };
  g_autoptr (GstBuffer) buffer = make_buffer (rig, 0, rig->units[0]->len);

  if (!key)
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT);
  if (GST_CLOCK_TIME_IS_VALID (pts_ns))
    {
      unit.pts_ticks = potoo_ticks_from_ns (pts_ns, POTOO_VIDEO_TIMESCALE);
      __atomic_store_n (&rig->newest_video_ns, pts_ns, __ATOMIC_RELAXED);
    }
  g_array_append_val (rig->units[0], unit);
  potoo_fragmenter_push (rig->fragmenter, 0, buffer, pts_ns);
}

void
rig_push_audio (Rig *rig, GstClockTime pts_ns, GstClockTime duration_ns)
{
  RigUnit unit = { .pts_ticks = potoo_ticks_from_ns (pts_ns, rig->rate) };
  g_autoptr (GstBuffer) buffer = make_buffer (rig, 1, rig->units[1]->len);

  GST_BUFFER_DURATION (buffer) = duration_ns;
  g_array_append_val (rig->units[1], unit);
  potoo_fragmenter_push (rig->fragmenter, 1, buffer, pts_ns);
}

GstClockTime
rig_push_steady (Rig *rig, GstClockTime from_ns, guint n, guint gop, gboolean audio)
{
  GstClockTime audio_ns = from_ns;
  guint64 n_audio = 0;

  for (guint i = 0; i < n; i++)
    {
      GstClockTime pts = from_ns + i * 40 * GST_MSECOND;
      for (; audio && audio_ns <= pts;
           audio_ns = from_ns + gst_util_uint64_scale (++n_audio, 1024 * GST_SECOND, rig->rate))
        rig_push_audio (rig, audio_ns, GST_CLOCK_TIME_NONE);
      rig_push_video (rig, pts, i % gop == 0);
    }
  return from_ns + n * 40 * GST_MSECOND;
}

PotooFragment *
rig_fragment (Rig *rig, guint i)
{
  g_assert_cmpuint (i, <, rig->fragments->len);
  return rig->fragments->pdata[i];
}

ReadFragment *
rig_read (Rig *rig, guint i)
{
  return read_fragment (rig_fragment (rig, i), 0);
}

gint64
rig_metric (Rig *rig, const char *name)
{
  g_autofree char *text = potoo_metrics_render ();
  g_autofree char *line = g_strdup_printf ("\n%s{camera=\"" CAMERA "\",stream=\"main\"} ", name);
  const char *found = strstr (text, line);

  g_assert_nonnull (found);
  return g_ascii_strtoll (found + strlen (line), NULL, 10);
}

/* --- what holds for any input --- */

static guint32
check_payload (Rig *rig, const ReadSample *sample, guint track)
{
  guint8 expected[MIN_PAYLOAD + 7];

  g_assert_cmpuint (sample->size, >=, MIN_PAYLOAD);
  guint32 number = GST_READ_UINT32_BE (sample->data);
  g_assert_cmpuint (number, <, rig->units[track]->len);
  fill_payload (expected, track, number);
  g_assert_cmpmem (sample->data, sample->size, expected, payload_size (number));
  GArray *came = rig->came[track];
  if (came->len > 0)
    g_assert_cmpuint (number, >, g_array_index (came, guint32, came->len - 1));
  g_array_append_val (came, number);
  return number;
}

static void
check_video (Rig *rig, PotooFragment *fragment, const ReadFragment *read)
{
  PotooInit *init = potoo_fragment_get_init (fragment);

  for (guint i = 0; i < read_fragment_n_samples (read, 0); i++)
    {
      const ReadSample *sample = read_fragment_sample (read, 0, i);
      const RigUnit *unit = &g_array_index (rig->units[0], RigUnit, check_payload (rig, sample, 0));
      g_assert_cmpuint (sample->dts + (guint64) (gint64) sample->composition, ==, unit->pts_ticks);
      g_assert_cmpint (sample->key, ==, unit->key);
      g_assert_cmpuint (potoo_init_get_track (init, 0)->width, ==, unit->width);
    }
  g_assert_cmpint (read_fragment_sample (read, 0, 0)->key, ==, potoo_fragment_is_key (fragment));
  g_assert_cmpuint (
      potoo_ticks_from_ns (potoo_fragment_get_start_ns (fragment), POTOO_VIDEO_TIMESCALE), ==,
      read->tracks[0].tfdt);
  g_assert_cmpuint (
      potoo_ticks_from_ns (potoo_fragment_get_end_ns (fragment), POTOO_VIDEO_TIMESCALE), ==,
      read->tracks[0].end);
}

static void
check_audio (Rig *rig, PotooFragment *fragment, const ReadFragment *read)
{
  PotooInit *init = potoo_fragment_get_init (fragment);
  GstClockTime end = potoo_fragment_get_end_ns (fragment);

  if (!read->tracks[1].present)
    return;
  g_assert_cmpuint (potoo_init_get_n_tracks (init), >, 1);
  guint32 timescale = potoo_init_get_track (init, 1)->timescale;
  g_assert_cmpuint (timescale, ==, potoo_init_get_track (init, 1)->rate);
  for (guint i = 0; i < read_fragment_n_samples (read, 1); i++)
    {
      const ReadSample *sample = read_fragment_sample (read, 1, i);
      check_payload (rig, sample, 1);
      g_assert_cmpuint (sample->dts, <, potoo_ticks_from_ns (end, timescale));
    }
}

static void
check_times (PotooFragment *fragment, const ReadFragment *read)
{
  const ReadSample *first = read_fragment_sample (read, 0, 0);
  GstClockTime origin = potoo_fragment_get_origin_ns (fragment);
  gint64 ahead_us = (gint64) first->composition * 1000000 / POTOO_VIDEO_TIMESCALE;
  gint64 wall_start = potoo_fragment_get_wall_start_us (fragment);

  g_assert_cmpint (wall_start, <, potoo_fragment_get_wall_end_us (fragment));
  g_assert_cmpuint (read->prft_ticks, ==, first->dts + (guint64) (gint64) first->composition);
  g_assert_cmpint (ABS (wall_from_ntp (read->prft_ntp) - wall_start - ahead_us), <=, 1);
  g_assert_cmpuint (origin, <=, potoo_fragment_get_start_ns (fragment));
  if (read->tracks[1].present)
    {
      guint32 rate = potoo_init_get_track (potoo_fragment_get_init (fragment), 1)->timescale;
      g_assert_cmpuint (potoo_ticks_from_ns (origin, rate), <=, read->tracks[1].tfdt);
    }
  else
    g_assert_cmpuint (origin, ==, potoo_fragment_get_start_ns (fragment));
}

static void
check_step (PotooFragment *before, PotooFragment *after)
{
  g_assert_cmpuint (potoo_fragment_get_sequence (after), ==,
                    potoo_fragment_get_sequence (before) + 1);
  if (potoo_fragment_get_init (after) != potoo_fragment_get_init (before) ||
      potoo_fragment_is_discontinuous (after))
    g_assert_true (potoo_fragment_is_key (after));
  if (potoo_fragment_is_discontinuous (after))
    return;
  g_assert_cmpuint (potoo_fragment_get_start_ns (after), ==, potoo_fragment_get_end_ns (before));
  g_assert_cmpint (potoo_fragment_get_wall_start_us (after), ==,
                   potoo_fragment_get_wall_end_us (before));
}

static void
check_read_step (PotooFragment *fragment,
                 const ReadFragment *before,
                 const ReadFragment *after,
                 gboolean same_init)
{
  if (!potoo_fragment_is_discontinuous (fragment))
    g_assert_cmpuint (after->tracks[0].tfdt, ==, before->tracks[0].end);
  if (same_init && before->tracks[1].present && after->tracks[1].present)
    g_assert_cmpuint (after->tracks[1].tfdt, >=, before->tracks[1].end);
}

static void
check_all (Rig *rig)
{
  g_autoptr (ReadFragment) before = NULL;

  for (guint i = 0; i < rig->fragments->len; i++)
    {
      PotooFragment *fragment = rig_fragment (rig, i);
      g_autoptr (ReadFragment) read = rig_read (rig, i);
      g_assert_cmpuint (read->sequence, ==, (guint32) potoo_fragment_get_sequence (fragment));
      check_video (rig, fragment, read);
      check_audio (rig, fragment, read);
      check_times (fragment, read);
      if (i == 0)
        g_assert_true (potoo_fragment_is_discontinuous (fragment));
      else
        {
          PotooFragment *previous = rig_fragment (rig, i - 1);
          check_step (previous, fragment);
          check_read_step (fragment, before, read,
                           potoo_fragment_get_init (fragment) ==
                               potoo_fragment_get_init (previous));
        }
      g_clear_pointer (&before, read_fragment_free);
      before = g_steal_pointer (&read);
    }
}

void
rig_finish (Rig *rig)
{
  potoo_fragmenter_flush (rig->fragmenter);
  check_all (rig);
  /* What did not come out was counted. */
  g_assert_cmpint (rig_metric (rig, "potoo_fragment_frames_total"), ==, rig->came[0]->len);
  g_assert_cmpint (rig->units[1]->len - rig->came[1]->len, ==,
                   rig_metric (rig, "potoo_audio_dropped_total"));
}

void
rig_finish_whole (Rig *rig)
{
  rig_finish (rig);
  g_assert_cmpuint (rig->came[0]->len, ==, rig->units[0]->len);
}

void
rig_finish_sane (Rig *rig)
{
  rig_finish_whole (rig);
  for (guint i = 0; i < rig->fragments->len; i++)
    {
      g_autoptr (ReadFragment) read = rig_read (rig, i);
      for (guint k = 0; k < read_fragment_n_samples (read, 0); k++)
        g_assert_cmpint (read_fragment_sample (read, 0, k)->composition, >=, 0);
    }
}
