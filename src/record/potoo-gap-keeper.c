/* SPDX-License-Identifier: GPL-3.0-or-later */

/* A gap whose id could not be had (the catalog has been stuck for long) is kept
 * in memory, with id 0, and gets its id with its next change.
 *
 * `lock` is there for the one moment at which main hands a stream over whose writer hangs. What the
 * old keeper still says afterwards is of the time before `until`: all its gaps end there. The clock
 * may have been set in what it has yet to say, so `until` is taken by the clock of what it says. */

#include "record/potoo-gap-keeper.h"

#include "base/potoo-clock.h"
#include "base/potoo-log.h"
#include "base/potoo-metrics.h"

/* As many rows between two fragments are put right. */
#define MAX_RECENT 16

/* A row that a fragment of the time before, which comes late, shows to be too long. */
typedef struct
{
  PotooGap gap;
  gint64 step_us;   /* by which the clock was set since its end was told */
  gboolean skipped; /* it is what the clock left out */
} RecentGap;

struct _PotooGapKeeper
{
  PotooCatalog *catalog;
  PotooMetric *is_open, *count, *no_id;
  GPtrArray *seconds;  /* PotooMetric, by cause */
  GArray *recent;      /* RecentGap; the writer's thread */
  gint64 suspended_us; /* when the clock was last known; the writer's thread */

  GMutex lock; /* protects what follows; no other lock is taken under it but the catalog's */
  PotooGap gap;
  PotooMoment begin; /* of the gap, by the clock that its row goes by */
  gboolean open;
  gint64 least_us;      /* when its end is before its start; 0: it then has no length */
  PotooMoment durable;  /* 0: no segment is open */
  PotooMoment until;    /* by the successor's clock; 0: not handed over */
  PotooGap skipped;     /* what that is ahead of the clock of before; id 0: no such row */
  gboolean provisional; /* the gap is what will be lost if the disk never answers */
  gboolean quiet, untold;
};

static PotooGapKeeper *
keeper_new (PotooCatalog *catalog, const char *camera, PotooStreamKind stream)
{
  PotooGapKeeper *keeper = g_new0 (PotooGapKeeper, 1);

  keeper->catalog = g_object_ref (catalog);
  keeper->recent = g_array_new (FALSE, FALSE, sizeof (RecentGap));
  keeper->suspended_us = potoo_clock_suspended_us ();
  g_mutex_init (&keeper->lock);
  g_strlcpy (keeper->gap.camera, camera, sizeof keeper->gap.camera);
  keeper->gap.stream = stream;
  return keeper;
}

/* (transfer full) (element-type PotooMetric) */
static GPtrArray *
make_seconds (const char *camera, const char *stream_name)
{
  GPtrArray *seconds = g_ptr_array_new_with_free_func ((GDestroyNotify) potoo_metric_unref);

  for (guint i = 0; i < POTOO_GAP_N_CAUSES; i++)
    g_ptr_array_add (
        seconds, potoo_metric_set_divisor (
                     potoo_metric_new_counter ("potoo_recording_gap_seconds_total",
                                               "Length of the gaps that ended", "camera", camera,
                                               "stream", stream_name, "cause",
                                               potoo_gap_cause_to_string ((PotooGapCause) i), NULL),
                     G_USEC_PER_SEC));
  return seconds;
}

PotooGapKeeper *
potoo_gap_keeper_new (PotooCatalog *catalog,
                      const char *camera,
                      PotooStreamKind stream,
                      const PotooGap *open)
{
  PotooGapKeeper *keeper = keeper_new (catalog, camera, stream);
  const char *stream_name = potoo_stream_kind_to_string (stream);

  keeper->is_open = potoo_metric_new_gauge ("potoo_recording_gap", "1 while a gap is open",
                                            "camera", camera, "stream", stream_name, NULL);
  keeper->count = potoo_metric_new_counter ("potoo_recording_gaps_total", "Gaps that began",
                                            "camera", camera, "stream", stream_name, NULL);
  keeper->no_id = potoo_metric_new_counter ("potoo_recording_gap_ids_missing_total",
                                            "Gaps for which the catalog had no id left", "camera",
                                            camera, "stream", stream_name, NULL);
  keeper->seconds = make_seconds (camera, stream_name);
  if (open != NULL)
    {
      keeper->gap = *open;
      keeper->gap.end_us = 0;
      keeper->begin = (PotooMoment){ open->start_us - potoo_clock_wall_offset_us (),
                                     open->start_us };
      keeper->open = TRUE;
      potoo_metric_set (keeper->is_open, 1);
    }
  return keeper;
}

void
potoo_gap_keeper_set_least (PotooGapKeeper *keeper, gint64 least_us)
{
  keeper->least_us = least_us;
}

void
potoo_gap_keeper_free (PotooGapKeeper *keeper)
{
  g_object_unref (keeper->catalog);
  potoo_metric_unref (keeper->is_open);
  potoo_metric_unref (keeper->count);
  potoo_metric_unref (keeper->no_id);
  g_ptr_array_unref (keeper->seconds);
  g_mutex_clear (&keeper->lock);
  g_array_unref (keeper->recent);
  g_free (keeper);
}

const PotooGap *
potoo_gap_keeper_get_open (PotooGapKeeper *keeper)
{
  g_mutex_lock (&keeper->lock);
  const PotooGap *gap = keeper->open && !keeper->provisional ? &keeper->gap : NULL;
  g_mutex_unlock (&keeper->lock);
  return gap;
}

static void
post_gap (PotooGapKeeper *keeper, PotooGap *gap)
{
  if (gap->id == 0)
    gap->id = potoo_catalog_take_gap_id (keeper->catalog);
  if (gap->id == 0)
    potoo_metric_add (keeper->no_id, 1);
  else
    potoo_catalog_put_gap (keeper->catalog, gap);
}

static gboolean
is_handed_over (PotooGapKeeper *keeper)
{
  return keeper->until.wall_us != 0;
}

/* `until` by the clock of @moment. */
static gint64
get_until_us (PotooGapKeeper *keeper, const PotooMoment *moment)
{
  return keeper->until.wall_us - potoo_moment_get_step_us (moment, &keeper->until);
}

static void
set_open_metric_locked (PotooGapKeeper *keeper, gboolean open)
{
  if (!is_handed_over (keeper))
    potoo_metric_set (keeper->is_open, open);
}

/* @end: NULL: at `until` */
static void
end_locked (PotooGapKeeper *keeper, const PotooMoment *end)
{
  if (!keeper->open)
    return;
  gboolean was_provisional = keeper->provisional;
  keeper->open = keeper->provisional = FALSE;
  gint64 end_us = end != NULL ? end->wall_us : G_MAXINT64;
  if (keeper->least_us > 0 && end_us <= keeper->gap.start_us)
    end_us = keeper->gap.start_us + keeper->least_us;
  keeper->least_us = 0;
  if (is_handed_over (keeper))
    end_us = MIN (end_us, get_until_us (keeper, end != NULL ? end : &keeper->begin));
  set_open_metric_locked (keeper, FALSE);
  if (end_us <= keeper->gap.start_us || was_provisional)
    {
      if (keeper->gap.id != 0)
        potoo_catalog_drop_gap (keeper->catalog, keeper->gap.id);
      return;
    }
  keeper->gap.end_us = end_us;
  post_gap (keeper, &keeper->gap);
  potoo_metric_add (keeper->seconds->pdata[keeper->gap.cause], end_us - keeper->gap.start_us);
  if (keeper->untold)
    potoo_metric_add (keeper->count, 1);
  potoo_log_info (keeper->gap.camera, "Gap of %.3f s ended (%s)",
                  (double) (end_us - keeper->gap.start_us) / G_USEC_PER_SEC,
                  potoo_gap_cause_to_string (keeper->gap.cause));
}

/* What begins at @start, and is not known to end before `until`. */
static void
set_begin_locked (PotooGapKeeper *keeper, const PotooMoment *start)
{
  keeper->begin = *start;
  keeper->gap.start_us = start->wall_us;
  keeper->gap.end_us = is_handed_over (keeper) ? MAX (get_until_us (keeper, start), start->wall_us)
                                               : 0;
}

static void
tell_locked (PotooGapKeeper *keeper)
{
  keeper->untold = FALSE;
  potoo_log_info (keeper->gap.camera, "Not recorded from now on: %s",
                  potoo_gap_cause_to_string (keeper->gap.cause));
  set_open_metric_locked (keeper, TRUE);
  potoo_metric_add (keeper->count, 1);
}

static void
begin_locked (PotooGapKeeper *keeper, const PotooMoment *start, PotooGapCause cause)
{
  gint64 id = keeper->provisional ? keeper->gap.id : 0;

  if (keeper->open && !keeper->provisional && keeper->gap.cause == cause)
    {
      if (keeper->untold && !keeper->quiet)
        tell_locked (keeper);
      return;
    }
  if (!keeper->provisional)
    end_locked (keeper, start);
  keeper->provisional = FALSE;
  keeper->open = TRUE;
  keeper->gap.id = id;
  keeper->gap.cause = cause;
  set_begin_locked (keeper, start);
  if (keeper->gap.end_us == keeper->gap.start_us)
    {
      end_locked (keeper, start); /* nothing is missing */
      return;
    }
  post_gap (keeper, &keeper->gap);
  keeper->untold = TRUE;
  if (!keeper->quiet)
    tell_locked (keeper);
}

void
potoo_gap_keeper_set_quiet (PotooGapKeeper *keeper, gboolean quiet)
{
  g_mutex_lock (&keeper->lock);
  keeper->quiet = quiet;
  g_mutex_unlock (&keeper->lock);
}

void
potoo_gap_keeper_begin (PotooGapKeeper *keeper, const PotooMoment *start, PotooGapCause cause)
{
  g_mutex_lock (&keeper->lock);
  begin_locked (keeper, start, cause);
  g_mutex_unlock (&keeper->lock);
}

void
potoo_gap_keeper_end (PotooGapKeeper *keeper, const PotooMoment *end)
{
  g_mutex_lock (&keeper->lock);
  end_locked (keeper, end);
  g_mutex_unlock (&keeper->lock);
}

static void
remember (PotooGapKeeper *keeper, const PotooGap *gap, gint64 step_us, gboolean skipped)
{
  const RecentGap recent = { *gap, step_us, skipped };

  if (gap->id == 0)
    return;
  if (keeper->recent->len == MAX_RECENT)
    g_array_remove_index (keeper->recent, 0);
  g_array_append_val (keeper->recent, recent);
}

void
potoo_gap_keeper_end_for_now (PotooGapKeeper *keeper, const PotooMoment *end)
{
  g_mutex_lock (&keeper->lock);
  gboolean was_open = keeper->open;
  end_locked (keeper, end);
  if (was_open && keeper->gap.end_us == end->wall_us)
    remember (keeper, &keeper->gap, 0, FALSE);
  g_mutex_unlock (&keeper->lock);
}

void
potoo_gap_keeper_take_back (PotooGapKeeper *keeper, gint64 start_us, gint64 told_us)
{
  for (guint i = 0; i < keeper->recent->len; i++)
    {
      RecentGap *recent = &g_array_index (keeper->recent, RecentGap, i);
      PotooGap *gap = &recent->gap;
      gint64 end_us = start_us - recent->step_us;
      if (ABS (end_us - told_us) < POTOO_CLOCK_STEP_US)
        end_us = told_us; /* by that clock, to the microsecond */
      if (gap->end_us <= end_us)
        continue;
      gap->end_us = end_us;
      if (gap->start_us < gap->end_us && !recent->skipped)
        potoo_catalog_put_gap (keeper->catalog, gap);
      else
        potoo_catalog_drop_gap (keeper->catalog, gap->id);
    }
  g_array_set_size (keeper->recent, 0);
}

/* --- the clock is set --- */

/* What is open goes on in a row of its own; that one is posted first, so that there always is one.
 */
static void
divide_locked (PotooGapKeeper *keeper, const PotooMoment *before, const PotooMoment *after)
{
  PotooGap first = keeper->gap;

  if (!keeper->provisional)
    keeper->gap.id = 0;
  set_begin_locked (keeper, after);
  post_gap (keeper, &keeper->gap);
  if (keeper->provisional)
    return; /* what is before was written, and is told of when it is closed */
  first.end_us = before->wall_us;
  if (first.start_us < first.end_us)
    {
      post_gap (keeper, &first);
      remember (keeper, &first, after->wall_us - before->wall_us, FALSE);
      potoo_metric_add (keeper->seconds->pdata[first.cause], first.end_us - first.start_us);
    }
  else if (first.id != 0)
    potoo_catalog_drop_gap (keeper->catalog, first.id);
}

/* Wall times that the clock left out. (id 0) */
static PotooGap
make_skipped_locked (PotooGapKeeper *keeper, gint64 start_us, gint64 end_us)
{
  gint64 suspended_us = potoo_clock_suspended_us () - keeper->suspended_us;
  PotooGap skipped = keeper->gap;

  skipped.id = 0;
  skipped.start_us = start_us;
  skipped.end_us = end_us;
  skipped.cause = suspended_us > (end_us - start_us) / 2 ? POTOO_GAP_DISCONNECTED
                                                         : POTOO_GAP_CLOCK_STEP;
  return skipped;
}

static void
post_skipped_locked (PotooGapKeeper *keeper, const PotooMoment *before, const PotooMoment *after)
{
  PotooGap skipped = make_skipped_locked (keeper, before->wall_us, after->wall_us);

  post_gap (keeper, &skipped);
  remember (keeper, &skipped, 0, TRUE);
  potoo_metric_add (keeper->seconds->pdata[skipped.cause], skipped.end_us - skipped.start_us);
}

/* The successor's clock is ahead of what @keeper tells of, of which @told is the last: where it was
 * set is not known yet, and may never be. @told: NULL: nothing is missing. */
static void
post_step_to_successor_locked (PotooGapKeeper *keeper, const PotooMoment *told)
{
  gint64 start_us = told != NULL ? get_until_us (keeper, told) : keeper->until.wall_us;
  gint64 id = keeper->skipped.id;

  keeper->skipped = make_skipped_locked (keeper, start_us, keeper->until.wall_us);
  if (start_us < keeper->until.wall_us)
    {
      keeper->skipped.id = id;
      post_gap (keeper, &keeper->skipped);
    }
  else if (id != 0)
    potoo_catalog_drop_gap (keeper->catalog, id);
}

static void
set_clock_locked (PotooGapKeeper *keeper,
                  const PotooMoment *before,
                  const PotooMoment *after,
                  gboolean recorded)
{
  recorded |= keeper->open;
  if (after->wall_us > before->wall_us && recorded)
    post_skipped_locked (keeper, before, after);
  if (keeper->open)
    divide_locked (keeper, before, after);
  if (is_handed_over (keeper))
    post_step_to_successor_locked (keeper, recorded ? after : NULL);
}

void
potoo_gap_keeper_set_clock (PotooGapKeeper *keeper,
                            const PotooMoment *before,
                            const PotooMoment *after,
                            gboolean recorded)
{
  for (guint i = 0; i < keeper->recent->len; i++)
    g_array_index (keeper->recent, RecentGap, i).step_us += after->wall_us - before->wall_us;
  g_mutex_lock (&keeper->lock);
  /* What is said of later the successor says, too; a gap that lies ahead is not divided. */
  if ((!is_handed_over (keeper) || before->mono_us < keeper->until.mono_us) &&
      keeper->least_us == 0)
    set_clock_locked (keeper, before, after, recorded);
  keeper->suspended_us = potoo_clock_suspended_us ();
  g_mutex_unlock (&keeper->lock);
}

/* --- handing over --- */

void
potoo_gap_keeper_note_durable (PotooGapKeeper *keeper, const PotooMoment *durable)
{
  g_mutex_lock (&keeper->lock);
  keeper->durable = durable != NULL ? *durable : (PotooMoment){ 0 };
  g_mutex_unlock (&keeper->lock);
}

/* What is in front of the successor's first fragment stays with @keeper, which may still have some
 * of it recorded. */
static void
divide_for_successor_locked (PotooGapKeeper *keeper, PotooGapKeeper *successor)
{
  gint64 ahead_us = keeper->gap.start_us - get_until_us (keeper, &keeper->begin);

  successor->gap = keeper->gap;
  successor->open = TRUE;
  successor->begin = keeper->until;
  successor->begin.mono_us += MAX (ahead_us, 0);
  successor->begin.wall_us += MAX (ahead_us, 0);
  successor->gap.start_us = successor->begin.wall_us;
  keeper->open = ahead_us < 0;
  if (keeper->open)
    {
      successor->gap.id = 0;
      successor->untold = TRUE;
    }
  post_gap (successor, &successor->gap);
  if (!keeper->open)
    return;
  keeper->gap.end_us = get_until_us (keeper, &keeper->begin);
  post_gap (keeper, &keeper->gap);
}

PotooGapKeeper *
potoo_gap_keeper_new_successor (PotooGapKeeper *keeper, const PotooMoment *until)
{
  PotooGapKeeper *successor = keeper_new (keeper->catalog, keeper->gap.camera, keeper->gap.stream);

  successor->is_open = potoo_metric_ref (keeper->is_open);
  successor->count = potoo_metric_ref (keeper->count);
  successor->no_id = potoo_metric_ref (keeper->no_id);
  successor->seconds = g_ptr_array_ref (keeper->seconds);
  g_mutex_lock (&keeper->lock);
  keeper->until = *until;
  if (keeper->open)
    {
      post_step_to_successor_locked (keeper, &keeper->begin);
      divide_for_successor_locked (keeper, successor);
    }
  else if (keeper->durable.wall_us != 0)
    {
      post_step_to_successor_locked (keeper, &keeper->durable);
      keeper->gap.id = 0;
      keeper->gap.cause = POTOO_GAP_DISK_ERROR;
      set_begin_locked (keeper, &keeper->durable);
      keeper->open = keeper->provisional = keeper->gap.start_us < keeper->gap.end_us;
      if (keeper->open)
        post_gap (keeper, &keeper->gap);
    }
  g_mutex_unlock (&keeper->lock);
  return successor;
}

void
potoo_gap_keeper_settle (PotooGapKeeper *keeper, const PotooMoment *end, PotooGapCause cause)
{
  g_mutex_lock (&keeper->lock);
  if (end != NULL && (keeper->provisional || !keeper->open))
    begin_locked (keeper, end, cause);
  const PotooMoment *told = keeper->open ? &keeper->begin : end;
  post_step_to_successor_locked (keeper, told);
  end_locked (keeper, NULL);
  g_mutex_unlock (&keeper->lock);
}
