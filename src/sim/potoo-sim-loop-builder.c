/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Turns what an encoder gives into units: delimiters, SEI and filler go, the
 * parameter sets are kept once and put in front of every keyframe, whatever
 * the encoder did. One thread. */

#include "sim/potoo-sim-loop.h"

#include <stdlib.h>

#include <glib/gi18n-lib.h>

#include "base/potoo-error.h"
#include "sim/potoo-sim-nal.h"

struct _PotooSimLoopBuilder
{
  PotooSimLoopParams params;
  GArray *units; /* PotooSimUnit */
  GArray *pts;   /* guint64, one for each unit */
  GByteArray *parameter_sets;
  GByteArray *payload;
};

PotooSimLoopBuilder *
potoo_sim_loop_builder_new (const PotooSimLoopParams *params)
{
  PotooSimLoopBuilder *builder = g_new0 (PotooSimLoopBuilder, 1);

  builder->params = *params;
  builder->units = g_array_new (FALSE, TRUE, sizeof (PotooSimUnit));
  builder->pts = g_array_new (FALSE, FALSE, sizeof (guint64));
  builder->parameter_sets = g_byte_array_new ();
  builder->payload = g_byte_array_new ();
  return builder;
}

void
potoo_sim_loop_builder_free (PotooSimLoopBuilder *builder)
{
  g_array_unref (builder->units);
  g_array_unref (builder->pts);
  g_byte_array_unref (builder->parameter_sets);
  g_byte_array_unref (builder->payload);
  g_free (builder);
}

static void
append_nal (GByteArray *out, const guint8 *nal, gsize size)
{
  static const guint8 start_code[] = { 0, 0, 0, 1 };

  g_byte_array_append (out, start_code, sizeof start_code);
  g_byte_array_append (out, nal, (guint) size);
}

static void
add_picture (PotooSimLoopBuilder *builder, const guint8 *data, gsize size, PotooSimUnit *unit)
{
  g_autoptr (GByteArray) slices = g_byte_array_sized_new ((guint) size);
  gboolean first = builder->units->len == 0;
  const guint8 *nal;
  gsize nal_size, offset = 0;

  while (potoo_sim_nal_next (data, size, &offset, &nal, &nal_size))
    {
      PotooSimNalKind kind = potoo_sim_nal_kind (builder->params.codec, nal, nal_size);
      if (kind == POTOO_SIM_NAL_PARAMETER_SET && first)
        append_nal (builder->parameter_sets, nal, nal_size);
      if (kind != POTOO_SIM_NAL_SLICE && kind != POTOO_SIM_NAL_KEY_SLICE)
        continue;
      append_nal (slices, nal, nal_size);
      unit->is_key = kind == POTOO_SIM_NAL_KEY_SLICE;
    }
  if (unit->is_key)
    {
      unit->head_size = builder->parameter_sets->len;
      g_byte_array_append (builder->payload, builder->parameter_sets->data, unit->head_size);
    }
  g_byte_array_append (builder->payload, slices->data, slices->len);
}

void
potoo_sim_loop_builder_add (PotooSimLoopBuilder *builder,
                            const guint8 *data,
                            gsize size,
                            guint64 pts)
{
  PotooSimUnit unit = { .offset = builder->payload->len };

  if (potoo_sim_codec_is_video (builder->params.codec) &&
      builder->params.codec != POTOO_SIM_CODEC_MJPEG)
    add_picture (builder, data, size, &unit);
  else
    {
      unit.is_key = TRUE;
      g_byte_array_append (builder->payload, data, (guint) size);
    }
  unit.size = (guint32) (builder->payload->len - unit.offset);
  g_array_append_val (builder->units, unit);
  g_array_append_val (builder->pts, pts);
}

static int
compare_pts (const void *a, const void *b)
{
  guint64 left = *(const guint64 *) a, right = *(const guint64 *) b;
  return left < right ? -1 : left > right;
}

static void
rank_by_pts (PotooSimLoopBuilder *builder)
{
  guint n = builder->pts->len;
  guint64 *sorted = g_memdup2 (builder->pts->data, n * sizeof *sorted);

  qsort (sorted, n, sizeof *sorted, compare_pts);
  for (guint i = 0; i < n; i++)
    {
      guint64 *pts = &g_array_index (builder->pts, guint64, i);
      guint64 *found = bsearch (pts, sorted, n, sizeof *sorted, compare_pts);
      g_array_index (builder->units, PotooSimUnit, i).index = (guint32) (found - sorted);
    }
  g_free (sorted);
}

/* Keyframes exactly at each GOP's start, in both orders: else another loop of
 * the same shape could not take over at a keyframe. */
static gboolean
check_shape (PotooSimLoopBuilder *builder, GError **error)
{
  const PotooSimLoopParams *params = &builder->params;

  if (builder->units->len != params->n_units)
    {
      g_set_error (error, POTOO_ERROR, POTOO_ERROR_FAILED,
                   _ ("The %s encoder made %u access units of %u pictures"),
                   potoo_sim_codec_name (params->codec), builder->units->len, params->n_units);
      return FALSE;
    }
  for (guint i = 0; i < builder->units->len && potoo_sim_codec_is_video (params->codec); i++)
    {
      const PotooSimUnit *unit = &g_array_index (builder->units, PotooSimUnit, i);
      gboolean want_key = i % params->gop == 0;
      if (want_key != !!unit->is_key || (want_key && unit->index != i))
        {
          g_set_error (
              error, POTOO_ERROR, POTOO_ERROR_FAILED,
              _ ("The %s encoder placed no keyframe every %u pictures: see access unit %u"),
              potoo_sim_codec_name (params->codec), params->gop, i);
          return FALSE;
        }
    }
  return TRUE;
}

GBytes *
potoo_sim_loop_builder_end (PotooSimLoopBuilder *builder, GstCaps *caps, GError **error)
{
  rank_by_pts (builder);
  if (!check_shape (builder, error))
    return NULL;

  g_autofree char *key = potoo_sim_loop_params_key (&builder->params);
  g_autofree char *caps_text = gst_caps_to_string (caps);
  return potoo_sim_loop_serialize (key, caps_text, builder->parameter_sets, builder->units,
                                   builder->payload);
}
