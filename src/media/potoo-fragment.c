/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Builds `prft` + `moof` + head of `mdat` once, with running times in it, and
 * notes where each time stands, so that a writer can shift all of them while it
 * copies the few hundred bytes. The payload stays in the camera's buffers. */

#include "media/potoo-fragment-private.h"

#include <string.h>

#include "media/potoo-box.h"

/* One 64-bit big-endian time in the header. */
typedef struct
{
  guint32 offset;
  guint32 timescale;
  guint64 ticks;
} TimeField;

struct _PotooFragment
{
  gatomicrefcount ref_count;
  PotooInit *init;
  guint8 *header;
  gsize header_size, payload_size;
  TimeField times[POTOO_MAX_TRACKS + 1]; /* prft, then each traf */
  guint n_times;
  GPtrArray *buffers; /* payload in the order of the truns */
  guint64 sequence;
  gboolean key, discontinuous;
  GstClockTime origin_ns, start_ns, end_ns;
  gint64 wall_start_us, wall_end_us;
  gboolean has_clock_offset;
  gint64 clock_offset_us;
  guint n_frames;
};

#define UNIT_OVERHEAD_BYTES 512       /* GstBuffer, GstMemory and metas */
#define SAMPLE_FLAGS_KEY 0x02000000   /* depends on no other */
#define SAMPLE_FLAGS_DELTA 0x01010000 /* depends on others, is not a sync sample */
#define TFHD_DEFAULT_BASE_IS_MOOF 0x020000
#define TFHD_DEFAULT_FLAGS 0x20
#define TRUN_DATA_OFFSET 0x001
#define TRUN_DURATION 0x100
#define TRUN_SIZE 0x200
#define TRUN_FLAGS 0x400
#define TRUN_COMPOSITION 0x800

guint64
potoo_ticks_from_ns (GstClockTime time_ns, guint32 timescale)
{
  return gst_util_uint64_scale_round (time_ns, timescale, GST_SECOND);
}

static GstClockTime
ns_from_ticks (guint64 ticks, guint32 timescale)
{
  return gst_util_uint64_scale (ticks, GST_SECOND, timescale);
}

void
potoo_sample_clear (PotooSample *sample)
{
  gst_clear_buffer (&sample->buffer);
}

static void
add_time (PotooFragment *f, GstByteWriter *w, guint32 timescale, guint64 ticks)
{
  f->times[f->n_times++] = (TimeField){ gst_byte_writer_get_size (w), timescale, ticks };
  gst_byte_writer_put_uint64_be (w, ticks);
}

/* NTP time (RFC 5905): seconds since 1900, modulo the era, and a binary fraction. */
static guint64
ntp_from_wall (gint64 wall_us)
{
  guint64 seconds = (guint64) (wall_us / 1000000) + G_GUINT64_CONSTANT (2208988800);
  guint64 fraction = (((guint64) (wall_us % 1000000)) << 32) / 1000000;
  return (seconds & G_MAXUINT32) << 32 | fraction;
}

/* ISO/IEC 14496-12, 8.16.5: when the first video access unit is to be shown. */
static void
put_prft (PotooFragment *f, GstByteWriter *w, const PotooSample *first)
{
  guint box = potoo_full_box_begin (w, "prft", 1, 0);
  gst_byte_writer_put_uint32_be (w, potoo_init_get_track (f->init, 0)->track_id);
  guint64 presented = first->dts_ticks + (guint64) (gint64) first->composition_ticks;
  gint64 ahead_us = (gint64) first->composition_ticks * 1000000 / POTOO_VIDEO_TIMESCALE;
  gst_byte_writer_put_uint64_be (w, ntp_from_wall (f->wall_start_us + ahead_us));
  add_time (f, w, POTOO_VIDEO_TIMESCALE, presented);
  potoo_box_end (w, box);
}

/* Returns where the data offset stands that is known only when `moof` ends. */
static guint
put_trun (GstByteWriter *w, const GArray *samples, gboolean video)
{
  guint32 flags = TRUN_DATA_OFFSET | TRUN_DURATION | TRUN_SIZE;
  if (video)
    flags |= TRUN_FLAGS | TRUN_COMPOSITION;
  guint box = potoo_full_box_begin (w, "trun", 1, flags);
  gst_byte_writer_put_uint32_be (w, samples->len);
  guint data_offset = gst_byte_writer_get_size (w);
  gst_byte_writer_put_uint32_be (w, 0);
  for (guint i = 0; i < samples->len; i++)
    {
      const PotooSample *sample = &g_array_index (samples, PotooSample, i);
      gst_byte_writer_put_uint32_be (w, sample->duration_ticks);
      gst_byte_writer_put_uint32_be (w, (guint32) gst_buffer_get_size (sample->buffer));
      if (!video)
        continue;
      gst_byte_writer_put_uint32_be (w, sample->key ? SAMPLE_FLAGS_KEY : SAMPLE_FLAGS_DELTA);
      gst_byte_writer_put_int32_be (w, sample->composition_ticks);
    }
  potoo_box_end (w, box);
  return data_offset;
}

static guint
put_traf (PotooFragment *f, GstByteWriter *w, const GArray *samples, const PotooTrackInfo *info)
{
  gboolean video = info->kind == POTOO_TRACK_VIDEO;
  const PotooSample *first = &g_array_index (samples, PotooSample, 0);

  guint traf = potoo_box_begin (w, "traf");
  guint tfhd = potoo_full_box_begin (w, "tfhd", 0,
                                     TFHD_DEFAULT_BASE_IS_MOOF | (video ? 0 : TFHD_DEFAULT_FLAGS));
  gst_byte_writer_put_uint32_be (w, info->track_id);
  if (!video)
    gst_byte_writer_put_uint32_be (w, SAMPLE_FLAGS_KEY);
  potoo_box_end (w, tfhd);
  guint tfdt = potoo_full_box_begin (w, "tfdt", 1, 0);
  add_time (f, w, info->timescale, first->dts_ticks);
  potoo_box_end (w, tfdt);
  guint data_offset = put_trun (w, samples, video);
  potoo_box_end (w, traf);

  f->origin_ns = MIN (f->origin_ns, ns_from_ticks (first->dts_ticks, info->timescale));
  return data_offset;
}

static gsize
take_payload (PotooFragment *f, const GArray *samples)
{
  gsize size = 0;
  for (guint i = 0; i < samples->len; i++)
    {
      GstBuffer *buffer = g_array_index (samples, PotooSample, i).buffer;
      size += gst_buffer_get_size (buffer);
      g_ptr_array_add (f->buffers, gst_buffer_ref (buffer));
    }
  return size;
}

static void
build_header (PotooFragment *f, const PotooFragmentSpec *spec)
{
  guint data_offsets[POTOO_MAX_TRACKS];
  gsize sizes[POTOO_MAX_TRACKS];
  guint n = 0;
  GstByteWriter w;

  gst_byte_writer_init_with_size (&w, 256 + 16 * spec->samples[0]->len, FALSE);
  put_prft (f, &w, &g_array_index (spec->samples[0], PotooSample, 0));
  guint moof = potoo_box_begin (&w, "moof");
  guint mfhd = potoo_full_box_begin (&w, "mfhd", 0, 0);
  gst_byte_writer_put_uint32_be (&w, (guint32) spec->sequence);
  potoo_box_end (&w, mfhd);
  for (guint i = 0; i < potoo_init_get_n_tracks (f->init); i++)
    {
      if (spec->samples[i] == NULL || spec->samples[i]->len == 0)
        continue;
      data_offsets[n] = put_traf (f, &w, spec->samples[i], potoo_init_get_track (f->init, i));
      sizes[n++] = take_payload (f, spec->samples[i]);
    }
  potoo_box_end (&w, moof);

  guint mdat = gst_byte_writer_get_size (&w);
  f->payload_size = 0;
  for (guint i = 0; i < n; i++)
    {
      gst_byte_writer_set_pos (&w, data_offsets[i]);
      gst_byte_writer_put_uint32_be (&w, (guint32) (mdat + 8 - moof + f->payload_size));
      f->payload_size += sizes[i];
    }
  gst_byte_writer_set_pos (&w, mdat);
  gst_byte_writer_put_uint32_be (&w, (guint32) (8 + f->payload_size));
  gst_byte_writer_put_data (&w, (const guint8 *) "mdat", 4);
  f->header_size = gst_byte_writer_get_size (&w);
  f->header = gst_byte_writer_reset_and_get_data (&w);
}

PotooFragment *
potoo_fragment_new (const PotooFragmentSpec *spec)
{
  g_return_val_if_fail (spec->samples[0] != NULL && spec->samples[0]->len > 0, NULL);

  PotooFragment *f = g_new0 (PotooFragment, 1);
  g_atomic_ref_count_init (&f->ref_count);
  f->init = potoo_init_ref (spec->init);
  f->buffers = g_ptr_array_new_with_free_func ((GDestroyNotify) gst_buffer_unref);
  f->sequence = spec->sequence;
  f->key = spec->key;
  f->discontinuous = spec->discontinuous;
  f->start_ns = spec->start_ns;
  f->end_ns = spec->end_ns;
  f->origin_ns = spec->start_ns;
  f->wall_start_us = spec->wall_start_us;
  f->wall_end_us = spec->wall_end_us;
  f->has_clock_offset = spec->has_clock_offset;
  f->clock_offset_us = spec->clock_offset_us;
  f->n_frames = spec->samples[0]->len;
  build_header (f, spec);
  return f;
}

PotooFragment *
potoo_fragment_ref (PotooFragment *fragment)
{
  g_atomic_ref_count_inc (&fragment->ref_count);
  return fragment;
}

void
potoo_fragment_unref (PotooFragment *fragment)
{
  if (!g_atomic_ref_count_dec (&fragment->ref_count))
    return;
  potoo_init_unref (fragment->init);
  g_ptr_array_unref (fragment->buffers);
  g_free (fragment->header);
  g_free (fragment);
}

PotooInit *
potoo_fragment_get_init (PotooFragment *fragment)
{
  return fragment->init;
}

gboolean
potoo_fragment_is_key (PotooFragment *fragment)
{
  return fragment->key;
}

gboolean
potoo_fragment_is_discontinuous (PotooFragment *fragment)
{
  return fragment->discontinuous;
}

guint64
potoo_fragment_get_sequence (PotooFragment *fragment)
{
  return fragment->sequence;
}

GstClockTime
potoo_fragment_get_origin_ns (PotooFragment *fragment)
{
  return fragment->origin_ns;
}

GstClockTime
potoo_fragment_get_start_ns (PotooFragment *fragment)
{
  return fragment->start_ns;
}

GstClockTime
potoo_fragment_get_end_ns (PotooFragment *fragment)
{
  return fragment->end_ns;
}

gint64
potoo_fragment_get_wall_start_us (PotooFragment *fragment)
{
  return fragment->wall_start_us;
}

gint64
potoo_fragment_get_wall_end_us (PotooFragment *fragment)
{
  return fragment->wall_end_us;
}

gboolean
potoo_fragment_get_clock_offset (PotooFragment *fragment, gint64 *offset_us)
{
  *offset_us = fragment->clock_offset_us;
  return fragment->has_clock_offset;
}

guint
potoo_fragment_get_n_frames (PotooFragment *fragment)
{
  return fragment->n_frames;
}

gsize
potoo_fragment_get_size (PotooFragment *fragment)
{
  return fragment->header_size + fragment->payload_size;
}

gsize
potoo_fragment_get_memory (PotooFragment *fragment)
{
  return sizeof *fragment + potoo_fragment_get_size (fragment) +
         fragment->buffers->len * UNIT_OVERHEAD_BYTES;
}

gsize
potoo_fragment_get_header_size (PotooFragment *fragment)
{
  return fragment->header_size;
}

void
potoo_fragment_copy_header (PotooFragment *fragment, GstClockTime origin_ns, guint8 *out)
{
  memcpy (out, fragment->header, fragment->header_size);
  for (guint i = 0; i < fragment->n_times; i++)
    {
      const TimeField *field = &fragment->times[i];
      guint64 origin = potoo_ticks_from_ns (origin_ns, field->timescale);
      GST_WRITE_UINT64_BE (out + field->offset, field->ticks > origin ? field->ticks - origin : 0);
    }
}

static gboolean
visit_buffer (GstBuffer *buffer, PotooPayloadFunc func, gpointer user_data)
{
  for (guint i = 0; i < gst_buffer_n_memory (buffer); i++)
    {
      GstMapInfo map;
      GstMemory *memory = gst_buffer_peek_memory (buffer, i);
      if (!gst_memory_map (memory, &map, GST_MAP_READ))
        return FALSE;
      gboolean go_on = func (map.data, map.size, user_data);
      gst_memory_unmap (memory, &map);
      if (!go_on)
        return FALSE;
    }
  return TRUE;
}

gboolean
potoo_fragment_foreach_payload (PotooFragment *fragment, PotooPayloadFunc func, gpointer user_data)
{
  for (guint i = 0; i < fragment->buffers->len; i++)
    if (!visit_buffer (fragment->buffers->pdata[i], func, user_data))
      return FALSE;
  return TRUE;
}
