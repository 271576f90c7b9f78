/* SPDX-License-Identifier: GPL-3.0-or-later */

/* A segment stays open a little beyond what the plan wants while a fragment that continues it, and
 * could not be shown without it, waits in the ring: an event may still want it. */

#include "record/potoo-stream-recorder.h"

#include "base/potoo-clock.h"
#include "base/potoo-log.h"
#include "base/potoo-metrics.h"
#include "record/potoo-last-run.h"

struct _PotooStreamRecorder
{
  PotooCatalog *catalog;
  char *camera;
  PotooStreamKind stream;
  PotooFragmentRing *ring;
  PotooFragmentSelector *selector;
  PotooSegmentChain *chain;
  PotooGapLedger *ledger;       /* the chain's */
  PotooMoment seen_end;         /* of the fragment that came last, written or not */
  gboolean lacks;               /* that one was to be written, and was not */
  gint64 held_end_us;           /* wall; end of the open segment, when nothing more is wanted */
  gint64 begin_us;              /* monotonic; of the recording */
  gint64 missed_us;             /* monotonic; where it was to begin, of which has been told */
  PotooMetric *short_pre_rolls; /* counter */
};

static void
make_metrics (PotooStreamRecorder *self)
{
  self->short_pre_rolls = potoo_metric_new_counter (
      "potoo_pre_roll_short_total", "Recordings that begin later than the pre-roll was to",
      "camera", self->camera, "stream", potoo_stream_kind_to_string (self->stream), NULL);
}

PotooStreamRecorder *
potoo_stream_recorder_new (const PotooSegmentChainSpec *spec, PotooFragmentRing *ring)
{
  PotooStreamRecorder *self = g_new0 (PotooStreamRecorder, 1);

  self->catalog = g_object_ref (spec->catalog);
  self->camera = g_strdup (spec->camera);
  self->stream = spec->stream;
  self->ring = potoo_fragment_ring_ref (ring);
  self->selector = potoo_fragment_selector_new (ring);
  self->chain = potoo_segment_chain_new (spec);
  self->ledger = potoo_segment_chain_get_ledger (self->chain);
  make_metrics (self);
  return self;
}

void
potoo_stream_recorder_free (PotooStreamRecorder *self)
{
  potoo_segment_chain_free (self->chain);
  potoo_fragment_selector_free (self->selector);
  potoo_fragment_ring_unref (self->ring);
  potoo_metric_unref (self->short_pre_rolls);
  g_object_unref (self->catalog);
  g_free (self->camera);
  g_free (self);
}

static PotooMoment
moment_of (const PotooMessage *message)
{
  return (PotooMoment){ message->mono_us, message->wall_us };
}

static guint64
get_next (PotooStreamRecorder *self)
{
  return potoo_segment_chain_is_open (self->chain)
             ? potoo_segment_chain_get_next_sequence (self->chain)
             : POTOO_NO_SEQUENCE;
}

/* --- what is written --- */

/* Tells when the recording does not begin as early as it was to: nothing is put in front of what is
 * written, also when an event is told of later that wants it. */
static void
check_pre_roll (PotooStreamRecorder *self)
{
  PotooRecordingPlan *plan = potoo_fragment_selector_get_plan (self->selector);
  const PotooRecordingSpan *span = potoo_recording_plan_find (plan, self->begin_us,
                                                              self->begin_us + 1);

  if (plan->ring_us == 0 || span == NULL || span->due_us <= span->from_us ||
      self->begin_us <= span->from_us || self->missed_us == span->from_us)
    return;
  self->missed_us = span->from_us;
  potoo_metric_add (self->short_pre_rolls, 1);
  potoo_log_info (self->camera, "Of the pre-roll the first %.3f s are missing",
                  (double) (MIN (self->begin_us, span->due_us) - span->from_us) / G_USEC_PER_SEC);
}

static void
write_all (PotooStreamRecorder *self, GPtrArray *fragments)
{
  for (guint i = 0; i < fragments->len; i++)
    {
      gboolean goes_on = potoo_segment_chain_get_next_sequence (self->chain) ==
                         potoo_fragment_get_sequence (fragments->pdata[i]);
      potoo_segment_chain_write (self->chain, fragments->pdata[i]);
      if (goes_on || !potoo_segment_chain_is_open (self->chain))
        continue;
      self->begin_us = (gint64) (potoo_fragment_get_start_ns (fragments->pdata[i]) / 1000);
      check_pre_roll (self);
    }
  self->lacks = fragments->len > 0 && !potoo_segment_chain_is_open (self->chain);
}

/* The segment stays open though nothing more is wanted: told to the next start, in case this run
 * ends before it is closed, since then nothing is missing. */
static void
hold_segment (PotooStreamRecorder *self, const PotooMoment *end)
{
  PotooRecordingPlan *plan = potoo_fragment_selector_get_plan (self->selector);

  if (self->held_end_us == end->wall_us ||
      potoo_recording_plan_find (plan, end->mono_us, end->mono_us) != NULL)
    return;
  self->held_end_us = end->wall_us;
  potoo_last_run_note_held (self->catalog, self->camera, self->stream, end->wall_us);
}

/* Closes the open segment when nothing that may still be wanted continues it. */
static void
close_when_done (PotooStreamRecorder *self)
{
  if (!potoo_segment_chain_is_open (self->chain))
    return;
  const PotooMoment end = potoo_segment_chain_get_end (self->chain);
  if (potoo_fragment_selector_may_continue (self->selector, get_next (self), end.mono_us))
    hold_segment (self, &end);
  else
    potoo_segment_chain_end (self->chain, potoo_gap_ledger_get_cause (self->ledger));
}

/* --- fragments --- */

/* Fragments in front of @message were dropped: what is open cannot go on. */
static void
note_loss (PotooStreamRecorder *self, const PotooMessage *message)
{
  const PotooLoss *lost = &message->lost;

  if (lost->until.wall_us == 0 || potoo_fragment_selector_get_plan (self->selector) == NULL)
    return;
  self->seen_end = lost->until;
  potoo_segment_chain_end (self->chain, POTOO_GAP_DISK_SLOW);
  potoo_gap_ledger_pass (self->ledger, &lost->from);
  potoo_gap_ledger_change_cause (self->ledger, &lost->from, POTOO_GAP_DISK_SLOW);
}

/* @fragment is not wanted. */
static void
pass_over (PotooStreamRecorder *self, PotooFragment *fragment)
{
  if (potoo_fragment_is_discontinuous (fragment))
    potoo_segment_chain_end (self->chain, POTOO_GAP_DISCONNECTED);
  if (potoo_segment_chain_is_open (self->chain))
    return;
  const PotooMoment end = potoo_moment_of_end (fragment);
  potoo_gap_ledger_pass (self->ledger, &end);
}

static void
handle_fragment (PotooStreamRecorder *self, const PotooMessage *message)
{
  PotooFragment *fragment = message->fragment;

  note_loss (self, message);
  g_autoptr (GPtrArray)
      selected = potoo_fragment_selector_add (self->selector, fragment, get_next (self));

  write_all (self, selected);
  if (selected->len == 0)
    pass_over (self, fragment);
  close_when_done (self);
  self->seen_end = potoo_moment_of_end (fragment);
  potoo_gap_ledger_set_cause (self->ledger, POTOO_GAP_DISCONNECTED);
}

/* --- the other messages --- */

/* Where a gap of a new cause begins, now that no fragment comes: where the last one
 * ended, also when the disk did not take it. */
static PotooMoment
end_of_media (PotooStreamRecorder *self, PotooMoment now)
{
  const PotooGap *gap = potoo_segment_chain_get_open_gap (self->chain);
  gboolean of_disk = gap != NULL && self->seen_end.wall_us != 0 &&
                     (gap->cause == POTOO_GAP_DISK_FULL || gap->cause == POTOO_GAP_DISK_SLOW ||
                      gap->cause == POTOO_GAP_DISK_ERROR);

  gint64 step_us = potoo_moment_get_step_us (&now, &self->seen_end);
  const PotooMoment end = { self->seen_end.mono_us, self->seen_end.wall_us - step_us };

  return of_disk && end.wall_us > gap->start_us ? end : now;
}

/* While a segment is open the fragments tell when the clock was set. */
static void
go_by_clock (PotooStreamRecorder *self, const PotooMoment *now)
{
  if (!potoo_segment_chain_is_open (self->chain))
    potoo_gap_ledger_set_clock (self->ledger, now);
}

static void
handle_interrupt (PotooStreamRecorder *self, const PotooMessage *message, PotooGapCause cause)
{
  const PotooMoment now = moment_of (message);

  if (potoo_fragment_selector_get_plan (self->selector) == NULL)
    {
      potoo_gap_ledger_set_cause (self->ledger, cause);
      return;
    }
  note_loss (self, message);
  if (potoo_segment_chain_is_open (self->chain))
    {
      potoo_segment_chain_end (self->chain, cause);
      go_by_clock (self, &now);
      potoo_gap_ledger_pass (self->ledger, &now);
      return;
    }
  go_by_clock (self, &now);
  potoo_gap_ledger_pass (self->ledger, &now);
  const PotooMoment since = end_of_media (self, now);
  potoo_gap_ledger_change_cause (self->ledger, &since, cause);
}

static void
handle_plan (PotooStreamRecorder *self, const PotooMessage *message)
{
  const PotooMoment now = moment_of (message);

  note_loss (self, message);
  go_by_clock (self, &now);
  if (!potoo_segment_chain_is_open (self->chain))
    potoo_gap_ledger_pass (self->ledger, &now);
  potoo_gap_ledger_set_plan (self->ledger, message->plan);
  g_autoptr (GPtrArray)
      selected = potoo_fragment_selector_set_plan (self->selector, message->plan, get_next (self));
  write_all (self, selected);
  if (potoo_segment_chain_is_open (self->chain))
    check_pre_roll (self);
  close_when_done (self);
  go_by_clock (self, &now);
  if (!potoo_segment_chain_is_open (self->chain))
    potoo_gap_ledger_review (self->ledger, &now);
}

/* The camera is removed: nothing is wanted any more, nor missing. */
static void
handle_remove (PotooStreamRecorder *self, const PotooMessage *message)
{
  g_autoptr (PotooRecordingPlan) nothing = potoo_recording_plan_new_empty ();
  const PotooMoment now = moment_of (message);

  note_loss (self, message);
  potoo_gap_ledger_set_plan (self->ledger, nothing);
  potoo_segment_chain_end (self->chain, POTOO_GAP_DISCONNECTED);
  go_by_clock (self, &now);
  potoo_gap_ledger_review (self->ledger, &now);
}

static gboolean
handle (PotooStreamRecorder *self, const PotooMessage *message)
{
  switch (message->type)
    {
    case POTOO_MESSAGE_FRAGMENT:
      handle_fragment (self, message);
      return TRUE;
    case POTOO_MESSAGE_PLAN:
      handle_plan (self, message);
      return TRUE;
    case POTOO_MESSAGE_INTERRUPT:
      handle_interrupt (self, message, message->cause);
      return TRUE;
    case POTOO_MESSAGE_SHUT_DOWN:
      handle_interrupt (self, message, POTOO_GAP_SHUTDOWN);
      return FALSE;
    case POTOO_MESSAGE_REMOVE:
      handle_remove (self, message);
      return FALSE;
    case POTOO_MESSAGE_HAND_OVER:
      note_loss (self, message);
      potoo_segment_chain_complete_hand_over (self->chain);
      return FALSE;
    default:
      g_return_val_if_reached (FALSE);
    }
}

gboolean
potoo_stream_recorder_handle (PotooStreamRecorder *self, const PotooMessage *message)
{
  gboolean go_on = handle (self, message);
  potoo_segment_chain_publish_durable (self->chain);
  return go_on;
}

gint64
potoo_stream_recorder_get_unsynced_us (PotooStreamRecorder *self)
{
  return potoo_segment_chain_get_unsynced_us (self->chain);
}

void
potoo_stream_recorder_sync (PotooStreamRecorder *self)
{
  potoo_segment_chain_sync (self->chain);
  potoo_segment_chain_publish_durable (self->chain);
}

/* --- handing over --- */

gboolean
potoo_stream_recorder_lacks (PotooStreamRecorder *self)
{
  return self->lacks;
}

const char *
potoo_stream_recorder_get_pinned_root (PotooStreamRecorder *self)
{
  PotooRecordingPlan *plan = potoo_fragment_selector_get_plan (self->selector);
  return plan != NULL ? plan->root : NULL;
}

PotooFragmentRing *
potoo_stream_recorder_get_ring (PotooStreamRecorder *self)
{
  return self->ring;
}

gboolean
potoo_stream_recorder_may_move (PotooStreamRecorder *self, PotooFragment *next)
{
  return potoo_segment_chain_may_move (self->chain, next);
}

void
potoo_stream_recorder_move (PotooStreamRecorder *self, PotooStorageRoot *root)
{
  potoo_segment_chain_move (self->chain, root);
  potoo_segment_chain_publish_durable (self->chain);
}

PotooStreamRecorder *
potoo_stream_recorder_new_successor (PotooStreamRecorder *stalled,
                                     PotooStorageRoot *root,
                                     PotooRecordingPlan *plan,
                                     PotooFragment *first)
{
  PotooStreamRecorder *self = g_new0 (PotooStreamRecorder, 1);

  self->catalog = g_object_ref (stalled->catalog);
  self->camera = g_strdup (stalled->camera);
  self->stream = stalled->stream;
  self->ring = potoo_fragment_ring_new_successor (stalled->ring);
  self->selector = potoo_fragment_selector_new (self->ring);
  self->chain = potoo_segment_chain_new_successor (stalled->chain, root, plan, first);
  self->ledger = potoo_segment_chain_get_ledger (self->chain);
  self->seen_end = potoo_moment_of_start (first);
  self->short_pre_rolls = potoo_metric_ref (stalled->short_pre_rolls);
  if (plan != NULL)
    potoo_fragment_selector_resume (self->selector, plan);
  return self;
}
