/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gst/gst.h>

#include "sim/potoo-sim-params.h"

G_BEGIN_DECLS

/**
 * PotooSimLoop:
 *
 * An encoded loop: access units (or audio frames) in decoding order that may
 * follow themselves without end. Immutable and reference-counted; any thread.
 * Its bytes are one block, usually the mapped cache file, and buffers made
 * from it refer to that block.
 */
typedef struct _PotooSimLoop PotooSimLoop;

typedef struct
{
  guint64 offset;
  guint32 size;
  guint32 head_size; /* parameter sets in front of the first slice */
  guint32 index;     /* place in presentation order */
  guint32 is_key;
} PotooSimUnit;

PotooSimLoop *potoo_sim_loop_ref (PotooSimLoop *loop);
void potoo_sim_loop_unref (PotooSimLoop *loop);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooSimLoop, potoo_sim_loop_unref)

const PotooSimLoopParams *potoo_sim_loop_get_params (PotooSimLoop *loop);
GstCaps *potoo_sim_loop_get_caps (PotooSimLoop *loop); /* (transfer none) */
guint potoo_sim_loop_get_n_units (PotooSimLoop *loop);
const PotooSimUnit *potoo_sim_loop_get_unit (PotooSimLoop *loop, guint i);
/* @turn: counts on from one time through the loop to the next. */
gboolean potoo_sim_loop_turn_is_key (PotooSimLoop *loop, gint64 turn);
/* How many units later than its presentation time a unit must be sent at
 * least, so that B-frames find their references sent: 0 without B-frames. */
guint potoo_sim_loop_get_reorder (PotooSimLoop *loop);

/* What video units begin with. */
typedef enum
{
  POTOO_SIM_SETS_OF_KEYS, /* keyframes alone have parameter sets */
  POTOO_SIM_SETS_ALWAYS,
  POTOO_SIM_SETS_NEVER,
} PotooSimSets;

/* Unit @i with @stamp (@stamp_size bytes, copied; 0: none) in front of its
 * first slice. */
GstBuffer *potoo_sim_loop_make_buffer (PotooSimLoop *loop,
                                       guint i,
                                       PotooSimSets sets,
                                       const guint8 *stamp,
                                       gsize stamp_size); /* (transfer full) */

/* Collects units, in decoding order. */
typedef struct _PotooSimLoopBuilder PotooSimLoopBuilder;

PotooSimLoopBuilder *potoo_sim_loop_builder_new (const PotooSimLoopParams *params);
void potoo_sim_loop_builder_free (PotooSimLoopBuilder *builder);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooSimLoopBuilder, potoo_sim_loop_builder_free)

/* @pts: in any unit; only their order counts. A video unit is a byte stream. */
void potoo_sim_loop_builder_add (PotooSimLoopBuilder *builder,
                                 const guint8 *data,
                                 gsize size,
                                 guint64 pts);
/* The loop as a file's bytes; NULL when the units do not make a loop.
 * (transfer full) */
GBytes *potoo_sim_loop_builder_end (PotooSimLoopBuilder *builder, GstCaps *caps, GError **error);

/* The file's bytes; for the builder. @units: PotooSimUnit. (transfer full) */
GBytes *potoo_sim_loop_serialize (const char *key,
                                  const char *caps,
                                  GByteArray *parameter_sets,
                                  GArray *units,
                                  GByteArray *payload);

/* Checks everything; POTOO_ERROR_CORRUPT when @bytes are not a loop of @params. */
PotooSimLoop *
potoo_sim_loop_parse (GBytes *bytes, const PotooSimLoopParams *params, GError **error);

G_END_DECLS
