/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Layout of a loop's bytes, in host byte order (the cache is not portable):
 * header, key text, caps text, parameter sets, units, payload, SHA-256 of all
 * before it. A file that fails any check is thrown away and encoded again. */

#include "sim/potoo-sim-loop.h"

#include <string.h>

#include "base/potoo-error.h"
#include "sim/potoo-sim-picture.h"

#define MAGIC "PotooLp1"
#define DIGEST_SIZE 32

typedef struct
{
  char magic[8];
  guint32 key_size;
  guint32 caps_size;
  guint32 parameter_sets_size;
  guint32 n_units;
  guint64 payload_size;
} Header;

struct _PotooSimLoop
{
  gatomicrefcount ref_count;
  PotooSimLoopParams params;
  GstCaps *caps;
  PotooSimUnit *units;
  guint n_units;
  guint reorder;
  GstMemory *parameter_sets; /* (nullable) for audio */
  GstMemory *payload;
};

PotooSimLoop *
potoo_sim_loop_ref (PotooSimLoop *loop)
{
  g_atomic_ref_count_inc (&loop->ref_count);
  return loop;
}

void
potoo_sim_loop_unref (PotooSimLoop *loop)
{
  if (!g_atomic_ref_count_dec (&loop->ref_count))
    return;
  g_clear_pointer (&loop->caps, gst_caps_unref);
  g_clear_pointer (&loop->parameter_sets, gst_memory_unref);
  g_clear_pointer (&loop->payload, gst_memory_unref);
  g_free (loop->units);
  g_free (loop);
}

const PotooSimLoopParams *
potoo_sim_loop_get_params (PotooSimLoop *loop)
{
  return &loop->params;
}

GstCaps *
potoo_sim_loop_get_caps (PotooSimLoop *loop)
{
  return loop->caps;
}

guint
potoo_sim_loop_get_n_units (PotooSimLoop *loop)
{
  return loop->n_units;
}

const PotooSimUnit *
potoo_sim_loop_get_unit (PotooSimLoop *loop, guint i)
{
  return &loop->units[i];
}

gboolean
potoo_sim_loop_turn_is_key (PotooSimLoop *loop, gint64 turn)
{
  return loop->units[turn % loop->n_units].is_key;
}

guint
potoo_sim_loop_get_reorder (PotooSimLoop *loop)
{
  return loop->reorder;
}

static void
append_share (GstBuffer *buffer, GstMemory *memory, guint64 offset, gsize size)
{
  if (size > 0)
    gst_buffer_append_memory (buffer, gst_memory_share (memory, (gssize) offset, (gssize) size));
}

GstBuffer *
potoo_sim_loop_make_buffer (PotooSimLoop *loop,
                            guint i,
                            PotooSimSets sets,
                            const guint8 *stamp,
                            gsize stamp_size)
{
  const PotooSimUnit *unit = &loop->units[i];
  GstBuffer *buffer = gst_buffer_new ();

  if (sets != POTOO_SIM_SETS_NEVER)
    append_share (buffer, loop->payload, unit->offset, unit->head_size);
  if (sets == POTOO_SIM_SETS_ALWAYS && unit->head_size == 0 && loop->parameter_sets != NULL)
    gst_buffer_append_memory (buffer, gst_memory_share (loop->parameter_sets, 0, -1));
  if (stamp_size > 0)
    {
      GstMemory *memory = gst_allocator_alloc (NULL, stamp_size, NULL);
      GstMapInfo map;
      if (gst_memory_map (memory, &map, GST_MAP_WRITE))
        {
          memcpy (map.data, stamp, stamp_size);
          gst_memory_unmap (memory, &map);
        }
      gst_buffer_append_memory (buffer, memory);
    }
  append_share (buffer, loop->payload, unit->offset + unit->head_size,
                unit->size - unit->head_size);
  if (!unit->is_key)
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT);
  return buffer;
}

static gboolean
fail (GError **error, const char *why)
{
  g_set_error (error, POTOO_ERROR, POTOO_ERROR_CORRUPT, "Not a usable loop: %s", why);
  return FALSE;
}

/* Every presentation index occurs once, every unit lies inside the payload and
 * the first is a keyframe: then the loop can follow itself. */
static gboolean
check_units (PotooSimLoop *loop, guint64 payload_size, GError **error)
{
  g_autofree guint8 *seen = g_new0 (guint8, loop->n_units);

  for (guint i = 0; i < loop->n_units; i++)
    {
      const PotooSimUnit *unit = &loop->units[i];
      if (unit->offset > payload_size || unit->size > payload_size - unit->offset ||
          unit->head_size > unit->size)
        return fail (error, "a unit lies outside the payload");
      if (unit->index >= loop->n_units || seen[unit->index]++)
        return fail (error, "the presentation order has holes");
      if (unit->index > i)
        loop->reorder = MAX (loop->reorder, unit->index - i);
    }
  return loop->units[0].is_key || fail (error, "it does not start with a keyframe");
}

static gboolean
check_frame (GBytes *bytes, const char *key, Header *header, GError **error)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);
  guint8 digest[DIGEST_SIZE];
  gsize digest_size = DIGEST_SIZE;

  if (size < sizeof *header + DIGEST_SIZE)
    return fail (error, "it is too short");
  memcpy (header, data, sizeof *header);
  if (memcmp (header->magic, MAGIC, sizeof header->magic) != 0)
    return fail (error, "it does not begin as one");
  guint64 rest = size - sizeof *header - DIGEST_SIZE;
  if (header->payload_size > rest || (guint64) header->key_size + header->caps_size +
                                             header->parameter_sets_size +
                                             (guint64) header->n_units * sizeof (PotooSimUnit) !=
                                         rest - header->payload_size)
    return fail (error, "its sizes do not add up");
  if (header->n_units == 0 || header->n_units > POTOO_SIM_MAX_POSITIONS)
    return fail (error, "the number of units is out of range");
  if (header->key_size != strlen (key) ||
      memcmp (data + sizeof *header, key, header->key_size) != 0)
    return fail (error, "it was made with other parameters");

  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  g_checksum_update (checksum, data, (gssize) (size - DIGEST_SIZE));
  g_checksum_get_digest (checksum, digest, &digest_size);
  return memcmp (digest, data + size - DIGEST_SIZE, DIGEST_SIZE) == 0 ||
         fail (error, "its checksum is wrong");
}

static GstMemory *
wrap (GBytes *bytes, gsize offset, gsize size)
{
  gsize total;
  guint8 *data = (guint8 *) g_bytes_get_data (bytes, &total);

  if (size == 0)
    return NULL;
  return gst_memory_new_wrapped (GST_MEMORY_FLAG_READONLY, data + offset, size, 0, size,
                                 g_bytes_ref (bytes), (GDestroyNotify) g_bytes_unref);
}

PotooSimLoop *
potoo_sim_loop_parse (GBytes *bytes, const PotooSimLoopParams *params, GError **error)
{
  g_autofree char *key = potoo_sim_loop_params_key (params);
  Header header;

  if (!check_frame (bytes, key, &header, error))
    return NULL;

  const guint8 *data = g_bytes_get_data (bytes, NULL);
  gsize at = sizeof header + header.key_size;
  g_autoptr (PotooSimLoop) loop = g_new0 (PotooSimLoop, 1);
  g_atomic_ref_count_init (&loop->ref_count);
  loop->params = *params;
  g_autofree char *caps = g_strndup ((const char *) data + at, header.caps_size);
  loop->caps = gst_caps_from_string (caps);
  at += header.caps_size;
  loop->parameter_sets = wrap (bytes, at, header.parameter_sets_size);
  at += header.parameter_sets_size;
  loop->n_units = header.n_units;
  loop->units = g_memdup2 (data + at, header.n_units * sizeof *loop->units);
  at += header.n_units * sizeof *loop->units;
  loop->payload = wrap (bytes, at, header.payload_size);
  if (loop->caps == NULL || loop->payload == NULL)
    {
      fail (error, "it has no caps or no payload");
      return NULL;
    }
  return check_units (loop, header.payload_size, error) ? g_steal_pointer (&loop) : NULL;
}

GBytes *
potoo_sim_loop_serialize (const char *key,
                          const char *caps,
                          GByteArray *parameter_sets,
                          GArray *units,
                          GByteArray *payload)
{
  GByteArray *out = g_byte_array_sized_new (payload->len + 65536);
  guint8 digest[DIGEST_SIZE];
  gsize digest_size = DIGEST_SIZE;
  Header header = {
    .key_size = (guint32) strlen (key),
    .caps_size = (guint32) strlen (caps),
    .parameter_sets_size = parameter_sets->len,
    .n_units = units->len,
    .payload_size = payload->len,
  };

  memcpy (header.magic, MAGIC, sizeof header.magic);
  g_byte_array_append (out, (const guint8 *) &header, sizeof header);
  g_byte_array_append (out, (const guint8 *) key, header.key_size);
  g_byte_array_append (out, (const guint8 *) caps, header.caps_size);
  g_byte_array_append (out, parameter_sets->data, parameter_sets->len);
  g_byte_array_append (out, (const guint8 *) units->data,
                       units->len * (guint) sizeof (PotooSimUnit));
  g_byte_array_append (out, payload->data, payload->len);

  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  g_checksum_update (checksum, out->data, out->len);
  g_checksum_get_digest (checksum, digest, &digest_size);
  g_byte_array_append (out, digest, DIGEST_SIZE);
  return g_byte_array_free_to_bytes (out);
}
