/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What `--repair` does about one row. Nothing that can be read is given up: a row ends with the
 * last fragment that can be read, and a file is cut only where a torn fragment is behind its end.
 */

#include "base/potoo-clock.h"
#include "base/potoo-log.h"
#include "catalog/potoo-catalog-amend.h"
#include "catalog/potoo-catalog-gaps.h"
#include "media/potoo-fragment.h"
#include "record/potoo-segment-scan.h"
#include "record/potoo-verify-private.h"

/* The time from @start_us to @end_us was recorded, and is not there any more. */
static void
put_lost (PotooVerify *v, const PotooSegment *row, gint64 start_us, gint64 end_us)
{
  PotooGap gap = {
    .stream = row->stream, .start_us = start_us, .end_us = end_us, .cause = POTOO_GAP_DAMAGED
  };

  if (end_us <= start_us)
    return;
  g_strlcpy (gap.camera, row->camera, sizeof gap.camera);
  gap.id = potoo_catalog_wait_for_gap_id (v->spec.catalog);
  if (gap.id != 0)
    potoo_catalog_put_gap (v->spec.catalog, &gap);
}

static gint64
media_end_us (const PotooSegment *row, guint64 duration_ticks)
{
  return row->start_us + (gint64) gst_util_uint64_scale_round (duration_ticks, POTOO_SECOND_US,
                                                               POTOO_VIDEO_TIMESCALE);
}

static gboolean
drop_missing (PotooVerify *v, const PotooSegment *row)
{
  put_lost (v, row, row->start_us, row->end_us);
  potoo_catalog_drop_segment (v->spec.catalog, row->id);
  return TRUE;
}

static gboolean
mark_damaged (PotooVerify *v, const PotooSegment *row)
{
  PotooSegment after = *row;

  after.state = POTOO_SEGMENT_DAMAGED;
  potoo_catalog_amend_segment (v->spec.catalog, row, &after, NULL);
  return TRUE;
}

/* Nothing of it can be read: all of its time is missing. The row stays as long as the file does. */
static gboolean
empty_row (PotooVerify *v, const PotooSegment *row)
{
  g_autoptr (PotooSegmentIndex) index = potoo_segment_index_new ((gsize) row->init_bytes);
  g_autoptr (GBytes) blob = potoo_segment_index_to_blob (index);
  PotooSegment after = *row;

  after.state = POTOO_SEGMENT_DAMAGED;
  after.size_bytes = (gint64) potoo_segment_index_get_end (index);
  after.duration_ticks = 0;
  after.end_us = row->start_us;
  put_lost (v, row, row->start_us, row->end_us);
  potoo_catalog_amend_segment (v->spec.catalog, row, &after, blob);
  return TRUE;
}

static void
put_holes (PotooVerify *v, const PotooSegment *row, const GArray *holes, gint64 end_us)
{
  for (guint i = 0; holes != NULL && i < holes->len; i++)
    {
      const PotooMediaRange *hole = &g_array_index (holes, PotooMediaRange, i);
      put_lost (v, row, media_end_us (row, hole->start_ticks),
                MIN (media_end_us (row, hole->end_ticks), end_us));
    }
}

/* To the end of what can be read by the index; bytes behind it stay, as in every damaged file. */
static gboolean
cut_row (PotooVerify *v, const PotooSegment *row, PotooFileCheck *check)
{
  PotooSegment after = *row;

  guint64 duration = potoo_segment_index_get_duration_ticks (check->readable);
  g_autoptr (GBytes) blob = potoo_segment_index_to_blob (check->readable);
  after.state = POTOO_SEGMENT_DAMAGED;
  after.size_bytes = (gint64) potoo_segment_index_get_end (check->readable);
  after.duration_ticks = (gint64) duration;
  if (after.duration_ticks < row->duration_ticks)
    after.end_us = media_end_us (row, duration);
  put_holes (v, row, check->holes, after.end_us);
  put_lost (v, row, after.end_us, row->end_us);
  potoo_catalog_amend_segment (v->spec.catalog, row, &after, blob);
  return TRUE;
}

/* The file is read from its beginning, and mended as after a crash. */
static gboolean
read_anew (PotooVerify *v, PotooStorageRoot *root, const PotooSegment *row)
{
  g_autofree char *path = potoo_segment_relative_path (row);
  g_auto (PotooSegmentScan) scan = { .fd = -1 };
  g_autoptr (GError) error = NULL;
  PotooSegment after = *row;

  if (!potoo_segment_scan_open (&scan, root, path, NULL, 0, POTOO_SCAN_BOXES, &error) ||
      potoo_segment_index_get_n (scan.index) == 0 ||
      !potoo_segment_scan_mend (&scan, root, scan.foreign_tail, &error))
    {
      potoo_log_warning (row->camera, "%s", error != NULL ? error->message : path);
      return FALSE;
    }
  g_autoptr (GBytes) blob = potoo_segment_index_to_blob (scan.index);
  after.state = scan.foreign_tail ? POTOO_SEGMENT_DAMAGED : row->state;
  after.size_bytes = scan.end;
  after.init_bytes = scan.init_size;
  after.duration_ticks = (gint64) potoo_segment_index_get_duration_ticks (scan.index);
  g_strlcpy (after.codecs, scan.codecs, sizeof after.codecs);
  if (after.duration_ticks != row->duration_ticks)
    after.end_us = media_end_us (row, (guint64) after.duration_ticks);
  put_lost (v, row, after.end_us, row->end_us);
  potoo_catalog_amend_segment (v->spec.catalog, row, &after, blob);
  return TRUE;
}

/* --- what that would cost --- */

static void
add_lost (PotooVerifyFinding *finding, gint64 start_us, gint64 end_us)
{
  if (end_us <= start_us)
    return;
  if (finding->lost_us == 0)
    finding->lost_start_us = start_us;
  finding->lost_end_us = end_us;
  finding->lost_us += end_us - start_us;
}

/* As cut_row() does it. */
static void
add_unreadable (const PotooSegment *row, const PotooFileCheck *check, PotooVerifyFinding *finding)
{
  guint64 duration = potoo_segment_index_get_duration_ticks (check->readable);
  gint64 end_us = row->end_us;

  if ((gint64) duration < row->duration_ticks)
    end_us = media_end_us (row, duration);
  for (guint i = 0; check->holes != NULL && i < check->holes->len; i++)
    {
      const PotooMediaRange *hole = &g_array_index (check->holes, PotooMediaRange, i);
      add_lost (finding, media_end_us (row, hole->start_ticks),
                MIN (media_end_us (row, hole->end_ticks), end_us));
    }
  add_lost (finding, end_us, row->end_us);
}

void
potoo_verify_measure_lost (const PotooSegment *row,
                           const PotooFileCheck *check,
                           PotooVerifyFinding *finding)
{
  if (check->problem == POTOO_VERIFY_DAMAGED && check->readable != NULL)
    add_unreadable (row, check, finding);
  else if (check->problem == POTOO_VERIFY_DAMAGED || check->problem == POTOO_VERIFY_MISSING)
    add_lost (finding, row->start_us, row->end_us);
}

gboolean
potoo_verify_repair (PotooVerify *v,
                     PotooStorageRoot *root,
                     const PotooSegment *row,
                     PotooFileCheck *check)
{
  switch (check->problem)
    {
    case POTOO_VERIFY_MISSING:
      return drop_missing (v, row);
    case POTOO_VERIFY_DAMAGED:
      if (check->readable != NULL)
        return cut_row (v, row, check);
      /* It may be the index that is bad. */
      return read_anew (v, root, row) || empty_row (v, row);
    case POTOO_VERIFY_CHANGED:
      return mark_damaged (v, row);
    case POTOO_VERIFY_MISMATCH:
      return read_anew (v, root, row);
    default:
      return FALSE; /* nothing that could be done would make it better */
    }
}
