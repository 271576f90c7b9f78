/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "catalog/potoo-segment-index.h"

#include <glib/gi18n-lib.h>

#include "base/potoo-error.h"

#define VERSION 1
/* Both values take 33 bits: a sign or a key flag beside 32. */
#define VARINT_MAX ((G_GUINT64_CONSTANT (1) << 33) - 1)
#define VARINT_MAX_BYTES 5

struct _PotooSegmentIndex
{
  gsize init_bytes;
  GArray *entries; /* PotooIndexEntry */
};

PotooSegmentIndex *
potoo_segment_index_new (gsize init_bytes)
{
  PotooSegmentIndex *index = g_new0 (PotooSegmentIndex, 1);

  index->init_bytes = init_bytes;
  index->entries = g_array_new (FALSE, FALSE, sizeof (PotooIndexEntry));
  return index;
}

void
potoo_segment_index_free (PotooSegmentIndex *index)
{
  g_array_unref (index->entries);
  g_free (index);
}

guint
potoo_segment_index_get_n (PotooSegmentIndex *index)
{
  return index->entries->len;
}

const PotooIndexEntry *
potoo_segment_index_get (PotooSegmentIndex *index, guint i)
{
  g_return_val_if_fail (i < index->entries->len, NULL);
  return &g_array_index (index->entries, PotooIndexEntry, i);
}

static const PotooIndexEntry *
last_entry (PotooSegmentIndex *index)
{
  guint n = index->entries->len;
  return n > 0 ? &g_array_index (index->entries, PotooIndexEntry, n - 1) : NULL;
}

guint64
potoo_segment_index_get_end (PotooSegmentIndex *index)
{
  const PotooIndexEntry *last = last_entry (index);
  return last != NULL ? last->offset + last->size : index->init_bytes;
}

guint64
potoo_segment_index_get_duration_ticks (PotooSegmentIndex *index)
{
  const PotooIndexEntry *last = last_entry (index);
  return last != NULL ? last->time_ticks + last->duration_ticks : 0;
}

gboolean
potoo_segment_index_append (PotooSegmentIndex *index,
                            guint32 size,
                            guint32 duration_ticks,
                            gboolean key)
{
  PotooIndexEntry entry = {
    .offset = potoo_segment_index_get_end (index),
    .size = size,
    .time_ticks = potoo_segment_index_get_duration_ticks (index),
    .duration_ticks = duration_ticks,
    .key = key != FALSE,
  };
  guint64 end;

  /* No sum of durations can overflow: there are too few fragments. */
  if (size == 0 || index->entries->len >= POTOO_INDEX_MAX_FRAGMENTS ||
      __builtin_add_overflow (entry.offset, size, &end) || end > (guint64) G_MAXINT64)
    return FALSE;
  g_array_append_val (index->entries, entry);
  return TRUE;
}

guint
potoo_segment_index_find_key (PotooSegmentIndex *index, guint64 time_ticks)
{
  guint low = 0, high = index->entries->len; /* entries before low start in time */

  while (low < high)
    {
      guint middle = low + (high - low) / 2;
      if (potoo_segment_index_get (index, middle)->time_ticks <= time_ticks)
        low = middle + 1;
      else
        high = middle;
    }
  while (low > 0 && !potoo_segment_index_get (index, low - 1)->key)
    low--;
  return low > 0 ? low - 1 : 0;
}

/* --- the blob --- */

/* Signed to unsigned, small magnitudes to small values. */
static guint64
zigzag (gint64 value)
{
  return value >= 0 ? (guint64) value << 1 : ((guint64) - (value + 1) << 1) + 1;
}

static gint64
unzigzag (guint64 value)
{
  gint64 half = (gint64) (value >> 1);
  return value & 1 ? -half - 1 : half;
}

static void
append_varint (GByteArray *out, guint64 value)
{
  guint8 byte;

  do
    {
      byte = value & 0x7f;
      value >>= 7;
      if (value != 0)
        byte |= 0x80;
      g_byte_array_append (out, &byte, 1);
    }
  while (value != 0);
}

GBytes *
potoo_segment_index_to_blob (PotooSegmentIndex *index)
{
  GByteArray *out = g_byte_array_sized_new (1 + 6 * index->entries->len);
  guint32 size_before = 0;
  const guint8 version = VERSION;

  g_byte_array_append (out, &version, 1);
  for (guint i = 0; i < index->entries->len; i++)
    {
      const PotooIndexEntry *entry = potoo_segment_index_get (index, i);
      append_varint (out, zigzag ((gint64) entry->size - size_before));
      append_varint (out, (guint64) entry->duration_ticks << 1 | (entry->key ? 1 : 0));
      size_before = entry->size;
    }
  return g_byte_array_free_to_bytes (out);
}

/* Takes one varint off the front; FALSE when it is cut short, out of range or longer
 * than it need be (one index has one blob). */
static gboolean
take_varint (const guint8 **at, const guint8 *end, guint64 *value)
{
  *value = 0;
  for (int i = 0; i < VARINT_MAX_BYTES && *at < end; i++)
    {
      guint8 byte = *(*at)++;
      *value |= (guint64) (byte & 0x7f) << (7 * i);
      if (!(byte & 0x80))
        return *value <= VARINT_MAX && (byte != 0 || i == 0);
    }
  return FALSE;
}

static gboolean
take_fragment (PotooSegmentIndex *index, const guint8 **at, const guint8 *end, guint32 *size)
{
  guint64 delta, duration_and_key;

  if (!take_varint (at, end, &delta) || !take_varint (at, end, &duration_and_key))
    return FALSE;
  gint64 new_size = (gint64) *size + unzigzag (delta);
  if (new_size <= 0 || new_size > G_MAXUINT32)
    return FALSE;
  *size = (guint32) new_size;
  return potoo_segment_index_append (index, *size, (guint32) (duration_and_key >> 1),
                                     duration_and_key & 1);
}

PotooSegmentIndex *
potoo_segment_index_parse (GBytes *blob, gsize init_bytes, GError **error)
{
  gsize length;
  const guint8 *at = g_bytes_get_data (blob, &length), *end = at + length;
  g_autoptr (PotooSegmentIndex) index = potoo_segment_index_new (init_bytes);
  guint32 size = 0;
  gboolean valid = length > 0 && *at++ == VERSION;

  while (valid && at < end)
    valid = take_fragment (index, &at, end, &size);
  if (valid)
    return g_steal_pointer (&index);
  g_set_error (error, POTOO_ERROR, POTOO_ERROR_CORRUPT,
               _ ("The index of a segment is damaged at fragment %u"), index->entries->len);
  return NULL;
}
