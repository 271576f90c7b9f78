/* SPDX-License-Identifier: GPL-3.0-or-later */

/* PotooSegment as a value: names of its enumerations and of its file. Any thread. */

#include "catalog/potoo-catalog-segments.h"

#include "base/potoo-clock.h"

static const char *const stream_names[] = {
  [POTOO_STREAM_MAIN] = "main",
  [POTOO_STREAM_SUB] = "sub",
};

static const char *const state_names[] = {
  [POTOO_SEGMENT_OPEN] = "open",
  [POTOO_SEGMENT_CLOSED] = "closed",
  [POTOO_SEGMENT_DAMAGED] = "damaged",
  [POTOO_SEGMENT_DELETING] = "deleting",
};

static const char *const class_names[] = {
  [POTOO_SEGMENT_CONTINUOUS] = "continuous",
  [POTOO_SEGMENT_EVENT] = "event",
  [POTOO_SEGMENT_LOCKED] = "locked",
};

const char *
potoo_stream_kind_to_string (PotooStreamKind kind)
{
  g_return_val_if_fail ((guint) kind < G_N_ELEMENTS (stream_names), "unknown");
  return stream_names[kind];
}

gboolean
potoo_stream_kind_parse (const char *text, PotooStreamKind *kind)
{
  for (guint i = 0; i < G_N_ELEMENTS (stream_names); i++)
    if (g_strcmp0 (text, stream_names[i]) == 0)
      {
        *kind = (PotooStreamKind) i;
        return TRUE;
      }
  return FALSE;
}

const char *
potoo_segment_state_to_string (PotooSegmentState state)
{
  g_return_val_if_fail ((guint) state < G_N_ELEMENTS (state_names), "unknown");
  return state_names[state];
}

const char *
potoo_segment_class_to_string (PotooSegmentClass class)
{
  g_return_val_if_fail ((guint) class < G_N_ELEMENTS (class_names), "unknown");
  return class_names[class];
}

PotooSegment *
potoo_segment_copy (const PotooSegment *segment)
{
  return g_memdup2 (segment, sizeof *segment);
}

void
potoo_segment_free (PotooSegment *segment)
{
  g_free (segment);
}

char *
potoo_segment_relative_path (const PotooSegment *segment)
{
  g_autofree char *time = potoo_time_format (segment->start_us - segment->shift_us);
  g_autofree char *id = potoo_segment_id_format (segment->id);

  return g_strdup_printf ("%s/%.10s/%.2s%.2s%.2sZ-%s-%s.mp4", segment->camera, time, time + 11,
                          time + 14, time + 17, potoo_stream_kind_to_string (segment->stream), id);
}
