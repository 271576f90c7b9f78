/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Two rules hold segments and gaps together:
 *
 * - A gap row is posted before the row of the segment that it follows is closed, and ended
 *   after the row of the segment that follows it was opened. So at any moment a
 *   stream whose recording is due has an open segment row or an open gap row, and
 *   after a crash the next start knows that it was, and since when it was not.
 * - Gaps begin where the last readable fragment ended: after a failed write
 *   that is the last sync, else the last fragment. */

#include "record/potoo-segment-chain.h"

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "record/potoo-segment-metrics.h"
#include "record/potoo-segment-writer.h"

/* A run that begins this close to the end of the one before, in running time,
 * lost nothing: the wall clock was set. */
#define SAME_MEDIA_US (200 * 1000)

struct _PotooSegmentChain
{
  PotooStorageRoot *root;
  PotooCatalog *catalog;
  char *camera;
  PotooStreamKind stream;
  gint64 segment_duration_us;
  PotooDayDirectory day;

  PotooGapKeeper *gaps;
  PotooGapLedger *ledger;
  PotooSegmentWriter *segment; /* (nullable) */
  gint64 closed_recording;     /* of the last segment, when it was closed whole; else 0 */
  guint64 next_sequence;       /* of the fragment that continues what was written last */
  PotooMoment written_end;
  gint64 unsynced_us; /* monotonic */
  PotooSegmentMetrics *metrics;
};

static void
inherit_gap (PotooSegmentChain *self, const PotooSegmentChainSpec *spec)
{
  gint64 offset_us = potoo_clock_wall_offset_us () - spec->clock_step_us;
  gint64 start_us = spec->open_gap->start_us;

  if (spec->clock_step_us != 0)
    potoo_gap_ledger_inherit (self->ledger, &(PotooMoment){ start_us - offset_us, start_us });
  else if (start_us > potoo_clock_wall_us ())
    potoo_gap_keeper_set_least (self->gaps, spec->least_us);
}

PotooSegmentChain *
potoo_segment_chain_new (const PotooSegmentChainSpec *spec)
{
  PotooSegmentChain *self = g_new0 (PotooSegmentChain, 1);

  self->root = potoo_storage_root_ref (spec->root);
  self->catalog = g_object_ref (spec->catalog);
  self->camera = g_strdup (spec->camera);
  self->stream = spec->stream;
  self->segment_duration_us = spec->segment_duration_us;
  self->next_sequence = POTOO_NO_SEQUENCE;
  self->gaps = potoo_gap_keeper_new (spec->catalog, spec->camera, spec->stream, spec->open_gap);
  self->ledger = potoo_gap_ledger_new (self->gaps);
  if (spec->open_gap != NULL)
    inherit_gap (self, spec);
  self->metrics = potoo_segment_metrics_new (spec->camera, spec->stream);
  return self;
}

/* Should this run die before the fragment that starts at @start is written, a gap is there. */
static void
await_first (PotooSegmentChain *self, PotooRecordingPlan *plan, const PotooMoment *start)
{
  potoo_gap_ledger_set_plan (self->ledger, plan);
  potoo_gap_ledger_set_cause (self->ledger, POTOO_GAP_DISK_ERROR);
  potoo_gap_keeper_set_quiet (self->gaps, TRUE);
  potoo_gap_ledger_review (self->ledger, start);
  potoo_gap_keeper_set_quiet (self->gaps, FALSE);
}

PotooSegmentChain *
potoo_segment_chain_new_successor (PotooSegmentChain *stalled,
                                   PotooStorageRoot *root,
                                   PotooRecordingPlan *plan,
                                   PotooFragment *first)
{
  PotooSegmentChain *self = g_new0 (PotooSegmentChain, 1);
  const PotooMoment start = potoo_moment_of_start (first);

  self->root = potoo_storage_root_ref (root);
  self->catalog = g_object_ref (stalled->catalog);
  self->camera = g_strdup (stalled->camera);
  self->stream = stalled->stream;
  self->segment_duration_us = stalled->segment_duration_us;
  self->next_sequence = POTOO_NO_SEQUENCE;
  self->gaps = potoo_gap_keeper_new_successor (stalled->gaps, &start);
  self->ledger = potoo_gap_ledger_new (self->gaps);
  potoo_gap_ledger_pass (self->ledger, &start);
  self->metrics = potoo_segment_metrics_ref (stalled->metrics);
  if (plan != NULL)
    await_first (self, plan, &start);
  return self;
}

void
potoo_segment_chain_free (PotooSegmentChain *self)
{
  g_clear_pointer (&self->segment, potoo_segment_writer_free);
  potoo_gap_ledger_free (self->ledger);
  potoo_gap_keeper_free (self->gaps);
  potoo_day_directory_clear (&self->day);
  potoo_segment_metrics_unref (self->metrics);
  potoo_storage_root_unref (self->root);
  g_object_unref (self->catalog);
  g_free (self->camera);
  g_free (self);
}

/* --- ends of segments --- */

static PotooGapCause
cause_of_failure (const GError *failure)
{
  return potoo_error_code_of (failure) == POTOO_ERROR_DISK_FULL ? POTOO_GAP_DISK_FULL
                                                                : POTOO_GAP_DISK_ERROR;
}

/* Nothing after what is durable of the open segment can be read. */
static void
end_at_durable (PotooSegmentChain *self, PotooGapCause cause)
{
  const PotooMoment durable = potoo_segment_writer_get_durable_end (self->segment);

  potoo_gap_ledger_set_cause (self->ledger, cause);
  potoo_gap_ledger_end_segment (self->ledger, &durable);
  self->closed_recording = 0;
  self->unsynced_us = 0;
}

/* The segment's file is given up; what was not synced is lost, and so is what
 * follows up to the next segment. */
static void
give_up_segment (PotooSegmentChain *self, const GError *failure)
{
  potoo_storage_root_note_failure (self->root, self->camera, failure);
  end_at_durable (self, cause_of_failure (failure));
  g_clear_pointer (&self->segment, potoo_segment_writer_free);
  potoo_metric_add (self->metrics->damaged, 1); /* now that its last row is posted */
}

/* The directory that the file is in is no longer the root's. Should it come back, recovery closes
 * the segment where the gap begins. */
static void
abandon_segment (PotooSegmentChain *self)
{
  if (self->segment == NULL)
    return;
  end_at_durable (self, POTOO_GAP_DISK_ERROR);
  potoo_segment_writer_abandon (g_steal_pointer (&self->segment));
  potoo_metric_add (self->metrics->damaged, 1);
}

static void
close_segment (PotooSegmentChain *self, PotooSegmentWriter *segment)
{
  self->closed_recording = potoo_segment_writer_get_recording (segment);
  potoo_segment_writer_free (segment);
  potoo_metric_add (self->metrics->closed, 1); /* now that its last row is posted */
}

void
potoo_segment_chain_end (PotooSegmentChain *self, PotooGapCause cause)
{
  g_autoptr (GError) failure = NULL;

  if (self->segment == NULL)
    return;
  if (!potoo_segment_writer_finish (self->segment, &failure))
    {
      give_up_segment (self, failure);
      potoo_gap_ledger_pass (self->ledger, &self->written_end);
      potoo_gap_ledger_change_cause (self->ledger, &self->written_end, cause);
      return;
    }
  potoo_gap_ledger_set_cause (self->ledger, cause);
  potoo_gap_ledger_end_segment (self->ledger, &self->written_end);
  close_segment (self, g_steal_pointer (&self->segment));
  self->unsynced_us = 0;
}

/* --- fragments --- */

/* From @since on nothing is recorded because of @cause. */
static void
miss_from (PotooSegmentChain *self, const PotooMoment *since, PotooGapCause cause)
{
  potoo_gap_ledger_pass (self->ledger, since);
  potoo_gap_ledger_change_cause (self->ledger, since, cause);
}

static gboolean
is_usable (PotooSegmentChain *self, PotooFragment *fragment)
{
  const PotooMoment start = potoo_moment_of_start (fragment);
  PotooGapCause cause;

  if (potoo_storage_root_may_write (self->root, self->segment == NULL,
                                    potoo_fragment_is_key (fragment), &cause))
    return TRUE;
  if (potoo_storage_root_is_lost (self->root))
    abandon_segment (self);
  potoo_segment_chain_end (self, cause);
  miss_from (self, &start, cause);
  return FALSE;
}

/* The segment that @first begins; NULL when it cannot be begun, then a gap is open. */
static PotooSegmentWriter *
begin_segment (PotooSegmentChain *self, gint64 recording, PotooFragment *first, GError **failure)
{
  PotooSegmentSpec spec = {
    .root = self->root,
    .catalog = self->catalog,
    .camera = self->camera,
    .stream = self->stream,
    .recording = recording,
    .day = &self->day,
  };
  PotooSegmentWriter *segment = potoo_segment_writer_new (&spec, first, failure);
  if (segment != NULL)
    potoo_metric_add (self->metrics->opened, 1);
  else if (g_error_matches (*failure, POTOO_ERROR, POTOO_ERROR_UNAVAILABLE))
    potoo_metric_add (self->metrics->no_id, 1);
  return segment;
}

/* A recording begins at @start where another one ends, in one piece but for the wall clock. */
static void
note_step (PotooSegmentChain *self, const PotooMoment *start)
{
  if (ABS (start->wall_us - self->written_end.wall_us) >= POTOO_CLOCK_STEP_US)
    potoo_gap_keeper_set_clock (self->gaps, &self->written_end, start, TRUE);
}

/* The new file is there before the old one is closed. */
static void
rotate (PotooSegmentChain *self, gint64 recording, PotooFragment *first)
{
  g_autoptr (GError) failure = NULL;
  g_autoptr (GError) close_failure = NULL;
  const PotooMoment start = potoo_moment_of_start (first);

  PotooSegmentWriter *next = begin_segment (self, recording, first, &failure);
  if (next == NULL)
    {
      potoo_storage_root_note_failure (self->root, self->camera, failure);
      potoo_segment_chain_end (self, cause_of_failure (failure));
      return;
    }
  if (recording == 0)
    note_step (self, &start);
  if (potoo_segment_writer_finish (self->segment, &close_failure))
    close_segment (self, g_steal_pointer (&self->segment));
  else
    {
      give_up_segment (self, close_failure);
      potoo_segment_writer_begin_recording (next);
      potoo_gap_ledger_pass (self->ledger, &start);
      potoo_gap_ledger_begin_segment (self->ledger, &start);
    }
  self->segment = next;
  self->unsynced_us = 0;
}

/* Whether a segment that begins with @first goes on with the recording of the last one. */
static gboolean
continues (PotooSegmentChain *self, PotooFragment *first)
{
  const PotooGap *gap = potoo_gap_keeper_get_open (self->gaps);

  return self->closed_recording != 0 &&
         potoo_fragment_get_sequence (first) == self->next_sequence &&
         !potoo_fragment_is_discontinuous (first) &&
         (gap == NULL || gap->start_us == potoo_fragment_get_wall_start_us (first));
}

static void
begin (PotooSegmentChain *self, PotooFragment *first)
{
  g_autoptr (GError) failure = NULL;
  PotooMoment start = potoo_moment_of_start (first);

  potoo_gap_ledger_pass (self->ledger, &start);
  self->segment = begin_segment (self, continues (self, first) ? self->closed_recording : 0, first,
                                 &failure);
  self->closed_recording = 0;
  if (self->segment != NULL)
    {
      potoo_gap_ledger_begin_segment (self->ledger, &start);
      return;
    }
  const PotooGap *gap = potoo_gap_keeper_get_open (self->gaps);
  if (gap != NULL && gap->start_us > start.wall_us)
    {
      start.mono_us += gap->start_us - start.wall_us;
      start.wall_us = gap->start_us;
    }
  potoo_storage_root_note_failure (self->root, self->camera, failure);
  potoo_gap_ledger_change_cause (self->ledger, &start, cause_of_failure (failure));
}

static void
append (PotooSegmentChain *self, PotooFragment *fragment)
{
  g_autoptr (GError) failure = NULL;

  if (!potoo_segment_writer_append (self->segment, fragment, &failure))
    {
      give_up_segment (self, failure);
      return;
    }
  self->next_sequence = potoo_fragment_get_sequence (fragment) + 1;
  self->written_end = potoo_moment_of_end (fragment);
  if (self->unsynced_us == 0)
    self->unsynced_us = potoo_clock_mono_us ();
  potoo_metric_add (self->metrics->fragments, 1);
  potoo_metric_add (self->metrics->bytes, (gint64) potoo_fragment_get_size (fragment));
  potoo_metric_add (self->metrics->frames, potoo_fragment_get_n_frames (fragment));
}

static gboolean
is_same_media (PotooSegmentChain *self, PotooFragment *fragment)
{
  return ABS (self->written_end.mono_us - potoo_moment_of_start (fragment).mono_us) < SAME_MEDIA_US;
}

/* Ends the segment when @fragment does not continue it. */
static void
check_continuity (PotooSegmentChain *self, PotooFragment *fragment)
{
  if (self->segment == NULL)
    return;
  if (potoo_fragment_get_sequence (fragment) != self->next_sequence)
    potoo_segment_chain_end (self, POTOO_GAP_DISK_SLOW);
  else if (potoo_fragment_is_discontinuous (fragment) && !is_same_media (self, fragment))
    potoo_segment_chain_end (self, POTOO_GAP_DISCONNECTED);
  else if (!potoo_fragment_is_key (fragment) &&
           !potoo_segment_writer_has_room (self->segment, fragment))
    potoo_segment_chain_end (self, POTOO_GAP_NO_KEYFRAMES);
}

void
potoo_segment_chain_write (PotooSegmentChain *self, PotooFragment *fragment)
{
  gboolean key = potoo_fragment_is_key (fragment);
  const PotooMoment start = potoo_moment_of_start (fragment);

  check_continuity (self, fragment);
  if (self->segment == NULL)
    potoo_gap_ledger_set_clock (self->ledger, &start); /* also when it cannot be written */
  if (is_usable (self, fragment))
    {
      if (self->segment == NULL && key)
        begin (self, fragment);
      else if (self->segment != NULL && potoo_fragment_is_discontinuous (fragment))
        rotate (self, 0, fragment);
      else if (self->segment != NULL && key &&
               potoo_segment_writer_is_complete (self->segment, fragment,
                                                 self->segment_duration_us))
        rotate (self, potoo_segment_writer_get_recording (self->segment), fragment);
      if (self->segment != NULL)
        append (self, fragment);
    }
  if (self->segment != NULL)
    return;
  const PotooMoment end = potoo_moment_of_end (fragment);
  potoo_gap_ledger_pass (self->ledger, &end);
  potoo_metric_add (self->metrics->unwritten_fragments, 1);
}

/* --- how it stands --- */

PotooGapLedger *
potoo_segment_chain_get_ledger (PotooSegmentChain *self)
{
  return self->ledger;
}

const PotooGap *
potoo_segment_chain_get_open_gap (PotooSegmentChain *self)
{
  return potoo_gap_keeper_get_open (self->gaps);
}

gboolean
potoo_segment_chain_is_open (PotooSegmentChain *self)
{
  return self->segment != NULL;
}

guint64
potoo_segment_chain_get_next_sequence (PotooSegmentChain *self)
{
  return self->next_sequence;
}

PotooMoment
potoo_segment_chain_get_end (PotooSegmentChain *self)
{
  return self->written_end;
}

gint64
potoo_segment_chain_get_unsynced_us (PotooSegmentChain *self)
{
  return self->unsynced_us;
}

void
potoo_segment_chain_sync (PotooSegmentChain *self)
{
  g_autoptr (GError) failure = NULL;

  g_return_if_fail (self->segment != NULL);

  self->unsynced_us = 0;
  if (!potoo_segment_writer_sync (self->segment, &failure))
    give_up_segment (self, failure);
}

/* --- going elsewhere --- */

gboolean
potoo_segment_chain_may_move (PotooSegmentChain *self, PotooFragment *next)
{
  return potoo_fragment_is_key (next) &&
         (self->segment == NULL || potoo_fragment_is_discontinuous (next) ||
          potoo_segment_writer_is_complete (self->segment, next, self->segment_duration_us));
}

void
potoo_segment_chain_move (PotooSegmentChain *self, PotooStorageRoot *root)
{
  if (potoo_storage_root_is_lost (self->root))
    abandon_segment (self);
  potoo_gap_keeper_set_quiet (self->gaps, TRUE);
  potoo_segment_chain_end (self, POTOO_GAP_DISK_ERROR);
  potoo_gap_keeper_set_quiet (self->gaps, FALSE);
  potoo_day_directory_clear (&self->day);
  potoo_storage_root_unref (self->root);
  self->root = potoo_storage_root_ref (root);
}

void
potoo_segment_chain_publish_durable (PotooSegmentChain *self)
{
  PotooMoment durable;

  if (self->segment != NULL)
    durable = potoo_segment_writer_get_durable_end (self->segment);
  potoo_gap_keeper_note_durable (self->gaps, self->segment != NULL ? &durable : NULL);
}

void
potoo_segment_chain_complete_hand_over (PotooSegmentChain *self)
{
  g_autoptr (GError) failure = NULL;

  if (self->segment == NULL)
    {
      potoo_gap_keeper_settle (self->gaps, NULL, POTOO_GAP_DISK_ERROR);
      return;
    }
  if (potoo_segment_writer_finish (self->segment, &failure))
    close_segment (self, g_steal_pointer (&self->segment));
  else
    give_up_segment (self, failure);
  self->unsynced_us = 0;
  /* Should that fail, there is a gap from what is durable on. */
  potoo_gap_keeper_settle (self->gaps, &self->written_end, POTOO_GAP_DISK_ERROR);
}
