/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "fragment-reader.h"

#include <gst/base/gstbytereader.h>
#include <string.h>

#define take_u8(r) gst_byte_reader_get_uint8_unchecked (r)
#define take_u32(r) gst_byte_reader_get_uint32_be_unchecked (r)
#define take_u64(r) gst_byte_reader_get_uint64_be_unchecked (r)

/* Takes the next box, which must be a @type, and lets @content read inside it. */
static void
enter_box (GstByteReader *r, const char *type, GstByteReader *content)
{
  g_assert_cmpuint (gst_byte_reader_get_remaining (r), >=, 8);
  guint32 size = take_u32 (r);
  const guint8 *name = gst_byte_reader_get_data_unchecked (r, 4);
  g_assert_cmpmem (name, 4, type, 4);
  g_assert_cmpuint (size, >=, 8);
  g_assert_cmpuint (gst_byte_reader_get_remaining (r), >=, size - 8);
  gst_byte_reader_init (content, gst_byte_reader_get_data_unchecked (r, size - 8), size - 8);
}

static guint32
enter_full_box (GstByteReader *r, const char *type, guint8 version, GstByteReader *content)
{
  enter_box (r, type, content);
  g_assert_cmpuint (gst_byte_reader_get_remaining (content), >=, 4);
  guint32 version_and_flags = take_u32 (content);
  g_assert_cmpuint (version_and_flags >> 24, ==, version);
  return version_and_flags & 0xffffff;
}

static void
assert_at_end (GstByteReader *r)
{
  g_assert_cmpuint (gst_byte_reader_get_remaining (r), ==, 0);
}

static void
read_prft (ReadFragment *read, GstByteReader *r)
{
  GstByteReader box;
  g_assert_cmpuint (enter_full_box (r, "prft", 1, &box), ==, 0);
  g_assert_cmpuint (gst_byte_reader_get_remaining (&box), ==, 4 + 8 + 8);
  g_assert_cmpuint (take_u32 (&box), ==, 1);
  read->prft_ntp = take_u64 (&box);
  read->prft_ticks = take_u64 (&box);
}

/* Returns the offset of the first sample from the start of `moof`. */
static guint32
read_trun (ReadTrack *track, gboolean video, GstByteReader *traf)
{
  GstByteReader box;
  guint32 flags = enter_full_box (traf, "trun", 1, &box);
  g_assert_cmphex (flags, ==, video ? 0xf01 : 0x301);
  guint32 count = take_u32 (&box);
  guint32 data_offset = take_u32 (&box);

  g_assert_cmpuint (gst_byte_reader_get_remaining (&box), ==, count * (video ? 16 : 8));
  g_assert_cmpuint (count, >, 0);
  for (guint32 i = 0; i < count; i++)
    {
      ReadSample sample = { .dts = track->end, .key = TRUE };
      sample.duration = take_u32 (&box);
      sample.size = take_u32 (&box);
      if (video)
        {
          guint32 sample_flags = take_u32 (&box);
          g_assert_true (sample_flags == 0x02000000 || sample_flags == 0x01010000);
          sample.key = sample_flags == 0x02000000;
          sample.composition = (gint32) take_u32 (&box);
        }
      g_assert_cmpuint (sample.duration, >, 0);
      g_assert_cmpuint (sample.size, >, 0);
      track->end += sample.duration;
      g_array_append_val (track->samples, sample);
    }
  return data_offset;
}

/* Returns where in the fragment the track's samples end. */
static gsize
read_traf (ReadFragment *read, GstByteReader *moof, gsize moof_offset, gsize payload)
{
  GstByteReader traf, tfhd, tfdt;

  enter_box (moof, "traf", &traf);
  guint32 flags = enter_full_box (&traf, "tfhd", 0, &tfhd);
  guint32 id = take_u32 (&tfhd);
  g_assert_true (id >= 1 && id <= POTOO_MAX_TRACKS);
  g_assert_cmphex (flags, ==, id == 1 ? 0x020000 : 0x020020);
  if (id != 1)
    g_assert_cmphex (take_u32 (&tfhd), ==, 0x02000000);
  assert_at_end (&tfhd);

  ReadTrack *track = &read->tracks[id - 1];
  g_assert_false (track->present);
  track->present = TRUE;
  g_assert_cmpuint (enter_full_box (&traf, "tfdt", 1, &tfdt), ==, 0);
  track->tfdt = track->end = take_u64 (&tfdt);
  assert_at_end (&tfdt);
  gsize at = moof_offset + read_trun (track, id == 1, &traf);
  assert_at_end (&traf);

  g_assert_cmpuint (at, ==, payload);
  const guint8 *data = g_bytes_get_data (read->bytes, NULL);
  for (guint i = 0; i < track->samples->len; i++)
    {
      ReadSample *sample = &g_array_index (track->samples, ReadSample, i);
      sample->data = data + at;
      at += sample->size;
    }
  return at;
}

static gboolean
append_piece (const guint8 *data, gsize size, gpointer user_data)
{
  g_byte_array_append (user_data, data, (guint) size);
  return TRUE;
}

GByteArray *
fragment_to_bytes (PotooFragment *fragment, GstClockTime origin_ns)
{
  GByteArray *bytes = g_byte_array_new ();

  g_byte_array_set_size (bytes, (guint) potoo_fragment_get_header_size (fragment));
  potoo_fragment_copy_header (fragment, origin_ns, bytes->data);
  g_assert_true (potoo_fragment_foreach_payload (fragment, append_piece, bytes));
  g_assert_cmpuint (bytes->len, ==, potoo_fragment_get_size (fragment));
  return bytes;
}

ReadFragment *
read_fragment (PotooFragment *fragment, GstClockTime origin_ns)
{
  ReadFragment *read = g_new0 (ReadFragment, 1);
  GstByteReader r, moof, mfhd, mdat;
  gsize size;

  for (guint i = 0; i < POTOO_MAX_TRACKS; i++)
    read->tracks[i].samples = g_array_new (FALSE, TRUE, sizeof (ReadSample));
  read->bytes = g_byte_array_free_to_bytes (fragment_to_bytes (fragment, origin_ns));
  const guint8 *data = g_bytes_get_data (read->bytes, &size);
  gst_byte_reader_init (&r, data, (guint) size);
  read_prft (read, &r);
  gsize moof_offset = gst_byte_reader_get_pos (&r);
  enter_box (&r, "moof", &moof);
  gsize payload = gst_byte_reader_get_pos (&r) + 8;
  g_assert_cmpuint (payload, ==, potoo_fragment_get_header_size (fragment));
  g_assert_cmpuint (enter_full_box (&moof, "mfhd", 0, &mfhd), ==, 0);
  read->sequence = take_u32 (&mfhd);
  while (gst_byte_reader_get_remaining (&moof) > 0)
    payload = read_traf (read, &moof, moof_offset, payload);
  enter_box (&r, "mdat", &mdat);
  assert_at_end (&r);
  g_assert_cmpuint (payload, ==, size);
  g_assert_true (read->tracks[0].present);
  g_assert_cmpuint (read->tracks[0].samples->len, ==, potoo_fragment_get_n_frames (fragment));
  return read;
}

void
read_fragment_free (ReadFragment *read)
{
  for (guint i = 0; i < POTOO_MAX_TRACKS; i++)
    g_array_unref (read->tracks[i].samples);
  g_bytes_unref (read->bytes);
  g_free (read);
}

guint
read_fragment_n_samples (const ReadFragment *read, guint track)
{
  return read->tracks[track].samples->len;
}

const ReadSample *
read_fragment_sample (const ReadFragment *read, guint track, guint i)
{
  g_assert_cmpuint (i, <, read->tracks[track].samples->len);
  return &g_array_index (read->tracks[track].samples, ReadSample, i);
}

gint64
wall_from_ntp (guint64 ntp)
{
  gint64 seconds = (gint64) (ntp >> 32) - G_GINT64_CONSTANT (2208988800);
  return seconds * 1000000 + (gint64) (((ntp & G_MAXUINT32) * 1000000 + (1u << 31)) >> 32);
}

static const guint8 *
find_child (const guint8 *data, gsize size, const char *type, guint skip, gsize *content_size)
{
  while (size >= 8)
    {
      gsize box_size = GST_READ_UINT32_BE (data);
      g_assert_true (box_size >= 8 && box_size <= size);
      if (memcmp (data + 4, type, 4) == 0 && skip-- == 0)
        {
          *content_size = box_size - 8;
          return data + 8;
        }
      data += box_size;
      size -= box_size;
    }
  g_assert_cmpuint (size, ==, 0);
  return NULL;
}

const guint8 *
find_box (const guint8 *data, gsize size, const char *path, gsize *content_size)
{
  g_auto (GStrv) parts = g_strsplit (path, "/", -1);

  *content_size = size;
  for (guint i = 0; parts[i] != NULL && data != NULL; i++)
    data = find_child (data, *content_size, parts[i],
                       (guint) g_ascii_strtoull (parts[i] + 4, NULL, 10), content_size);
  return data;
}
