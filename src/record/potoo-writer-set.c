/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "record/potoo-writer-set.h"

#include "base/potoo-clock.h"

gint64 potoo_trust_us = 60 * POTOO_SECOND_US;

struct _PotooWriterSet
{
  gatomicrefcount ref_count;
  GPtrArray *writers; /* PotooWriter */
};

PotooWriterSet *
potoo_writer_set_new (GPtrArray *writers)
{
  PotooWriterSet *set = g_new0 (PotooWriterSet, 1);

  g_atomic_ref_count_init (&set->ref_count);
  set->writers = g_ptr_array_new_with_free_func ((GDestroyNotify) potoo_writer_unref);
  for (guint i = 0; i < writers->len; i++)
    g_ptr_array_add (set->writers, potoo_writer_ref (writers->pdata[i]));
  return set;
}

PotooWriterSet *
potoo_writer_set_ref (PotooWriterSet *set)
{
  g_atomic_ref_count_inc (&set->ref_count);
  return set;
}

void
potoo_writer_set_unref (PotooWriterSet *set)
{
  if (!g_atomic_ref_count_dec (&set->ref_count))
    return;
  g_ptr_array_unref (set->writers);
  g_free (set);
}

static gboolean
is_pinned_to (PotooWriter *writer, const char *pinned)
{
  return g_strcmp0 (potoo_storage_root_get_name (potoo_writer_get_root (writer)), pinned) == 0;
}

static unsigned
priority_of (PotooWriter *writer)
{
  return potoo_storage_root_get_priority (potoo_writer_get_root (writer));
}

static gboolean
goes_before (PotooWriter *a, PotooWriter *b, const char *pinned)
{
  if (is_pinned_to (a, pinned) || is_pinned_to (b, pinned))
    return is_pinned_to (a, pinned);
  if (priority_of (a) != priority_of (b))
    return priority_of (a) > priority_of (b);
  return potoo_writer_get_n_streams (a) < potoo_writer_get_n_streams (b);
}

static PotooWriter *
choose (PotooWriterSet *set, const char *pinned, gboolean ok_only)
{
  PotooWriter *best = NULL;

  for (guint i = 0; i < set->writers->len; i++)
    {
      PotooWriter *writer = set->writers->pdata[i];
      if (ok_only && potoo_storage_root_get_state (potoo_writer_get_root (writer)) != POTOO_ROOT_OK)
        continue;
      if (best == NULL || goes_before (writer, best, pinned))
        best = writer;
    }
  return best;
}

PotooWriter *
potoo_writer_set_choose (PotooWriterSet *set, const char *pinned)
{
  return choose (set, pinned, TRUE);
}

PotooWriter *
potoo_writer_set_choose_any (PotooWriterSet *set, const char *pinned)
{
  return choose (set, pinned, FALSE);
}

gboolean
potoo_writer_set_is_better (PotooWriter *best, PotooWriter *now, const char *pinned)
{
  gint64 ok_since_us = potoo_storage_root_get_ok_since_us (potoo_writer_get_root (best));

  if (ok_since_us == 0 || potoo_clock_mono_us () - ok_since_us < potoo_trust_us)
    return FALSE;
  if (is_pinned_to (best, pinned) || priority_of (best) > priority_of (now))
    return TRUE;
  /* By more than one, or the stream would soon come back. */
  return priority_of (best) == priority_of (now) &&
         potoo_writer_get_n_streams (best) + 1 < potoo_writer_get_n_streams (now);
}
