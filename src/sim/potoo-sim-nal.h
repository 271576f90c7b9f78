/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gst/gst.h>

#include "sim/potoo-sim-params.h"

G_BEGIN_DECLS

/* The little that the simulator must know of NAL units (ITU-T H.264 7.3.1,
 * H.265 7.3.1.1): which are parameter sets, which carry the picture. */

typedef enum
{
  POTOO_SIM_NAL_OTHER, /* delimiters, SEI, filler: the loop does without */
  POTOO_SIM_NAL_PARAMETER_SET,
  POTOO_SIM_NAL_SLICE,
  POTOO_SIM_NAL_KEY_SLICE, /* of an IDR picture */
} PotooSimNalKind;

/* Finds the next NAL unit of a byte stream (Annex B) at or after *@offset:
 * @nal and @nal_size are set to it without its start code, *@offset moves
 * behind it. FALSE at the end. */
gboolean potoo_sim_nal_next (const guint8 *data,
                             gsize size,
                             gsize *offset,
                             const guint8 **nal,
                             gsize *nal_size);

PotooSimNalKind potoo_sim_nal_kind (PotooSimCodec codec, const guint8 *nal, gsize nal_size);

/* Makes @picture larger by @size bytes and a few, which decoders skip: a NAL unit of filler data
 * (H.264 7.3.2.7, H.265 7.3.2.8). Other codecs have none: nothing happens. */
void potoo_sim_nal_append_filler (PotooSimCodec codec, GstBuffer *picture, gsize size);

G_END_DECLS
