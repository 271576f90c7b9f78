/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Two rules hold the gap ledger together:
 *
 * - A gap row is posted before the row of the segment that it follows is closed, and ended
 *   after the row of the segment that follows it was opened. So at any moment a
 *   stream that is to be recorded has an open segment row or an open gap row, and
 *   after a crash the next start knows that it was, and since when it was not.
 * - Gaps begin where the last readable fragment ended: after a failed write
 *   that is the last sync, else the last fragment. */

#include "record/potoo-stream-recorder.h"

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "base/potoo-log.h"
#include "base/potoo-metrics.h"
#include "record/potoo-gap-keeper.h"
#include "record/potoo-segment-writer.h"

/* A run that begins this close to the end of the one before, in running time,
 * lost nothing: the wall clock was set. */
#define SAME_MEDIA_NS (200 * GST_MSECOND)

typedef struct
{
  PotooMetric *fragments, *bytes, *frames;
  PotooMetric *unwritten_fragments;
  PotooMetric *opened, *closed, *damaged, *no_id;
} Metrics;

struct _PotooStreamRecorder
{
  PotooStorageRoot *root;
  PotooCatalog *catalog;
  char *camera;
  PotooStreamKind stream;
  gint64 segment_duration_us;
  PotooDayDirectory day;

  PotooGapKeeper *gaps;
  PotooSegmentWriter *segment; /* (nullable) */
  PotooRecordingPlan *plan;    /* (nullable) */
  gboolean record, planned;
  gint64 moved_recording;   /* that was closed to go on with on another root; 0: none */
  PotooGapCause down_cause; /* of the last interruption, until a fragment comes */
  guint64 next_sequence;    /* of the fragment that continues the segment */
  GstClockTime written_end_ns;
  gint64 written_end_us; /* wall; of the last fragment written */
  gint64 seen_end_us;    /* wall; of the last fragment that came, written or not */
  gint64 unsynced_us;    /* monotonic */
  Metrics metrics;
};

static PotooMetric *
make_counter (PotooStreamRecorder *self, const char *name, const char *help)
{
  return potoo_metric_new_counter (name, help, "camera", self->camera, "stream",
                                   potoo_stream_kind_to_string (self->stream), NULL);
}

static void
make_metrics (PotooStreamRecorder *self)
{
  self->metrics = (Metrics){
    .fragments = make_counter (self, "potoo_recorded_fragments_total", "Fragments written"),
    .bytes = make_counter (self, "potoo_recorded_bytes_total", "Bytes of fragments written"),
    .frames = make_counter (self, "potoo_recorded_frames_total", "Video frames written"),
    .unwritten_fragments = make_counter (self, "potoo_unwritten_fragments_total",
                                         "Fragments not written though the plan wants recording"),
    .opened = make_counter (self, "potoo_segments_opened_total", "Segments begun"),
    .closed = make_counter (self, "potoo_segments_closed_total", "Segments closed whole"),
    .damaged = make_counter (self, "potoo_segments_damaged_total",
                             "Segments ended by a failed write or sync"),
    .no_id = make_counter (self, "potoo_segment_ids_missing_total",
                           "Segments not begun because the catalog had no id left"),
  };
}

static void
ref_metrics (Metrics *m)
{
  PotooMetric *const all[] = { m->fragments, m->bytes,  m->frames,  m->unwritten_fragments,
                               m->opened,    m->closed, m->damaged, m->no_id };
  for (gsize i = 0; i < G_N_ELEMENTS (all); i++)
    potoo_metric_ref (all[i]);
}

static void
free_metrics (Metrics *m)
{
  PotooMetric *const all[] = { m->fragments, m->bytes,  m->frames,  m->unwritten_fragments,
                               m->opened,    m->closed, m->damaged, m->no_id };
  for (gsize i = 0; i < G_N_ELEMENTS (all); i++)
    potoo_metric_unref (all[i]);
}

PotooStreamRecorder *
potoo_stream_recorder_new (const PotooStreamRecorderSpec *spec)
{
  PotooStreamRecorder *self = g_new0 (PotooStreamRecorder, 1);

  self->root = potoo_storage_root_ref (spec->root);
  self->catalog = g_object_ref (spec->catalog);
  self->camera = g_strdup (spec->camera);
  self->stream = spec->stream;
  self->segment_duration_us = spec->segment_duration_us;
  self->down_cause = POTOO_GAP_DISCONNECTED;
  self->gaps = potoo_gap_keeper_new (spec->catalog, spec->camera, spec->stream, spec->open_gap);
  make_metrics (self);
  return self;
}

void
potoo_stream_recorder_free (PotooStreamRecorder *self)
{
  g_clear_pointer (&self->segment, potoo_segment_writer_free);
  potoo_gap_keeper_free (self->gaps);
  g_clear_pointer (&self->plan, potoo_recording_plan_unref);
  potoo_day_directory_clear (&self->day);
  free_metrics (&self->metrics);
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

/* The segment's file is given up; what was not synced is lost, and so is what
 * follows up to the next segment. */
static void
give_up_segment (PotooStreamRecorder *self, const GError *failure)
{
  potoo_storage_root_note_failure (self->root, self->camera, failure);
  potoo_gap_keeper_begin (self->gaps, potoo_segment_writer_get_durable_end_us (self->segment),
                          cause_of_failure (failure));
  g_clear_pointer (&self->segment, potoo_segment_writer_free);
  potoo_metric_add (self->metrics.damaged, 1); /* now that its last row is posted */
  self->unsynced_us = 0;
}

/* The directory that the file is in is no longer the root's. Should it come back, recovery closes
 * the segment where the gap begins. */
static void
abandon_segment (PotooStreamRecorder *self)
{
  if (self->segment == NULL)
    return;
  potoo_gap_keeper_begin (self->gaps, potoo_segment_writer_get_durable_end_us (self->segment),
                          POTOO_GAP_DISK_ERROR);
  potoo_segment_writer_abandon (g_steal_pointer (&self->segment));
  potoo_metric_add (self->metrics.damaged, 1);
  self->unsynced_us = 0;
}

static void
close_segment (PotooStreamRecorder *self, PotooSegmentWriter *segment)
{
  potoo_segment_writer_free (segment);
  potoo_metric_add (self->metrics.closed, 1); /* now that its last row is posted */
}

/* Closes the open segment, if there is one, since @cause follows; a gap begins at its end. */
static void
end_segment_with_gap (PotooStreamRecorder *self, PotooGapCause cause)
{
  g_autoptr (GError) failure = NULL;

  if (self->segment == NULL)
    return;
  if (!potoo_segment_writer_finish (self->segment, &failure))
    {
      give_up_segment (self, failure);
      potoo_gap_keeper_begin (self->gaps, self->written_end_us, cause);
      return;
    }
  potoo_gap_keeper_begin (self->gaps, self->written_end_us, cause);
  close_segment (self, g_steal_pointer (&self->segment));
  self->unsynced_us = 0;
}

/* Closes the open segment; nothing more is wanted. */
static void
end_segment (PotooStreamRecorder *self)
{
  g_autoptr (GError) failure = NULL;

  if (self->segment == NULL)
    return;
  if (potoo_segment_writer_finish (self->segment, &failure))
    close_segment (self, g_steal_pointer (&self->segment));
  else
    give_up_segment (self, failure);
  self->unsynced_us = 0;
}

/* --- fragments --- */

static gboolean
is_usable (PotooStreamRecorder *self, PotooFragment *fragment)
{
  PotooGapCause cause;

  if (potoo_storage_root_may_write (self->root, self->segment == NULL,
                                    potoo_fragment_is_key (fragment), &cause))
    return TRUE;
  if (potoo_storage_root_is_lost (self->root))
    abandon_segment (self);
  end_segment_with_gap (self, cause);
  potoo_gap_keeper_begin (self->gaps, potoo_fragment_get_wall_start_us (fragment), cause);
  return FALSE;
}

/* The segment that @first begins; NULL when it cannot be begun, then a gap is open. */
static PotooSegmentWriter *
begin_segment (PotooStreamRecorder *self, gint64 recording, PotooFragment *first, GError **failure)
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
    potoo_metric_add (self->metrics.opened, 1);
  else if (g_error_matches (*failure, POTOO_ERROR, POTOO_ERROR_UNAVAILABLE))
    potoo_metric_add (self->metrics.no_id, 1);
  return segment;
}

/* The new file is there before the old one is closed. */
static void
rotate (PotooStreamRecorder *self, gint64 recording, PotooFragment *first)
{
  g_autoptr (GError) failure = NULL;
  g_autoptr (GError) close_failure = NULL;

  PotooSegmentWriter *next = begin_segment (self, recording, first, &failure);
  if (next == NULL)
    {
      potoo_storage_root_note_failure (self->root, self->camera, failure);
      end_segment_with_gap (self, cause_of_failure (failure));
      return;
    }
  if (potoo_segment_writer_finish (self->segment, &close_failure))
    close_segment (self, g_steal_pointer (&self->segment));
  else
    {
      give_up_segment (self, close_failure);
      potoo_segment_writer_begin_recording (next);
      potoo_gap_keeper_end (self->gaps, potoo_fragment_get_wall_start_us (first));
    }
  self->segment = next;
  self->unsynced_us = 0;
}

static void
begin (PotooStreamRecorder *self, PotooFragment *first)
{
  g_autoptr (GError) failure = NULL;
  gint64 start_us = potoo_fragment_get_wall_start_us (first);
  const PotooGap *gap = potoo_gap_keeper_get_open (self->gaps);
  gboolean goes_on = self->moved_recording != 0 && gap != NULL && gap->start_us == start_us;

  self->segment = begin_segment (self, goes_on ? self->moved_recording : 0, first, &failure);
  self->moved_recording = 0;
  if (self->segment != NULL)
    {
      potoo_gap_keeper_end (self->gaps, start_us);
      return;
    }
  potoo_storage_root_note_failure (self->root, self->camera, failure);
  potoo_gap_keeper_begin (self->gaps, gap != NULL ? MAX (gap->start_us, start_us) : start_us,
                          cause_of_failure (failure));
}

static void
append (PotooStreamRecorder *self, PotooFragment *fragment)
{
  g_autoptr (GError) failure = NULL;

  if (!potoo_segment_writer_append (self->segment, fragment, &failure))
    {
      give_up_segment (self, failure);
      return;
    }
  self->next_sequence = potoo_fragment_get_sequence (fragment) + 1;
  self->written_end_ns = potoo_fragment_get_end_ns (fragment);
  self->written_end_us = potoo_fragment_get_wall_end_us (fragment);
  if (self->unsynced_us == 0)
    self->unsynced_us = potoo_clock_mono_us ();
  potoo_metric_add (self->metrics.fragments, 1);
  potoo_metric_add (self->metrics.bytes, (gint64) potoo_fragment_get_size (fragment));
  potoo_metric_add (self->metrics.frames, potoo_fragment_get_n_frames (fragment));
}

static gboolean
is_same_media (PotooStreamRecorder *self, PotooFragment *fragment)
{
  return ABS (GST_CLOCK_DIFF (self->written_end_ns, potoo_fragment_get_start_ns (fragment))) <
         (GstClockTimeDiff) SAME_MEDIA_NS;
}

/* Ends the segment when @fragment does not continue it. */
static void
check_continuity (PotooStreamRecorder *self, const PotooMessage *message)
{
  PotooFragment *fragment = message->fragment;

  if (self->segment == NULL)
    return;
  if (message->lost_until_us != 0 || potoo_fragment_get_sequence (fragment) != self->next_sequence)
    end_segment_with_gap (self, POTOO_GAP_DISK_SLOW);
  else if (potoo_fragment_is_discontinuous (fragment) && !is_same_media (self, fragment))
    end_segment_with_gap (self, POTOO_GAP_DISCONNECTED);
  else if (!potoo_fragment_is_key (fragment) &&
           !potoo_segment_writer_has_room (self->segment, fragment))
    end_segment_with_gap (self, POTOO_GAP_NO_KEYFRAMES);
}

static void
handle_fragment (PotooStreamRecorder *self, const PotooMessage *message)
{
  PotooFragment *fragment = message->fragment;
  gboolean key = potoo_fragment_is_key (fragment);

  check_continuity (self, message);
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
  if (self->segment == NULL)
    potoo_metric_add (self->metrics.unwritten_fragments, 1);
}

/* --- the other messages --- */

/* Where a gap of a new cause begins, now that no fragment comes: where the last one
 * ended, also when the disk did not take it. */
static gint64
end_of_media (PotooStreamRecorder *self, gint64 now_us)
{
  const PotooGap *gap = potoo_gap_keeper_get_open (self->gaps);
  gboolean of_disk = gap != NULL &&
                     (gap->cause == POTOO_GAP_DISK_FULL || gap->cause == POTOO_GAP_DISK_SLOW ||
                      gap->cause == POTOO_GAP_DISK_ERROR);
  return of_disk && self->seen_end_us > gap->start_us ? self->seen_end_us : now_us;
}

/* Fragments between the last written one and this message, which is none, were dropped. */
static void
note_loss (PotooStreamRecorder *self, const PotooMessage *message)
{
  if (message->lost_until_us == 0)
    return;
  self->seen_end_us = message->lost_until_us;
  end_segment_with_gap (self, POTOO_GAP_DISK_SLOW);
}

static void
handle_interrupt (PotooStreamRecorder *self, const PotooMessage *message, PotooGapCause cause)
{
  self->down_cause = cause;
  if (!self->record)
    return;
  note_loss (self, message);
  if (self->segment != NULL)
    end_segment_with_gap (self, cause);
  else
    potoo_gap_keeper_begin (self->gaps, end_of_media (self, message->wall_us), cause);
}

static void
stop_recording (PotooStreamRecorder *self, const PotooMessage *message)
{
  note_loss (self, message);
  end_segment (self);
  potoo_gap_keeper_end (self->gaps, message->wall_us);
}

/* The first plan goes on with the gap that the last run left open. */
static void
handle_plan (PotooStreamRecorder *self, const PotooMessage *message)
{
  gboolean record = message->plan->n_spans > 0;

  g_clear_pointer (&self->plan, potoo_recording_plan_unref);
  self->plan = potoo_recording_plan_ref (message->plan);

  if (self->planned && record == self->record)
    return;
  if (!record)
    stop_recording (self, message);
  else if (potoo_gap_keeper_get_open (self->gaps) == NULL)
    potoo_gap_keeper_begin (self->gaps, message->wall_us, self->down_cause);
  self->planned = TRUE;
  self->record = record;
}

/* The disk answers after all, when another recorder has long gone on. */
static void
complete_hand_over (PotooStreamRecorder *self)
{
  gint64 end_us = self->written_end_us;

  if (self->segment == NULL)
    return;
  end_segment (self);
  /* Otherwise it has become a gap from what is durable on. */
  if (potoo_gap_keeper_get_open (self->gaps) == NULL)
    potoo_gap_keeper_settle (self->gaps, end_us);
}

static gboolean
handle (PotooStreamRecorder *self, const PotooMessage *message)
{
  switch (message->type)
    {
    case POTOO_MESSAGE_FRAGMENT:
      if (self->record)
        handle_fragment (self, message);
      self->seen_end_us = potoo_fragment_get_wall_end_us (message->fragment);
      self->down_cause = POTOO_GAP_DISCONNECTED;
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
      stop_recording (self, message);
      return FALSE;
    case POTOO_MESSAGE_HAND_OVER:
      complete_hand_over (self);
      return FALSE;
    default:
      g_return_val_if_reached (FALSE);
    }
}

static void
publish_durable (PotooStreamRecorder *self)
{
  potoo_gap_keeper_note_durable (
      self->gaps,
      self->segment != NULL ? potoo_segment_writer_get_durable_end_us (self->segment) : 0);
}

gboolean
potoo_stream_recorder_handle (PotooStreamRecorder *self, const PotooMessage *message)
{
  gboolean go_on = handle (self, message);
  publish_durable (self);
  return go_on;
}

gint64
potoo_stream_recorder_get_unsynced_us (PotooStreamRecorder *self)
{
  return self->unsynced_us;
}

void
potoo_stream_recorder_sync (PotooStreamRecorder *self)
{
  g_autoptr (GError) failure = NULL;

  g_return_if_fail (self->segment != NULL);

  self->unsynced_us = 0;
  if (!potoo_segment_writer_sync (self->segment, &failure))
    give_up_segment (self, failure);
  publish_durable (self);
}

/* --- handing over --- */

gboolean
potoo_stream_recorder_is_recording (PotooStreamRecorder *self)
{
  return self->segment != NULL;
}

gboolean
potoo_stream_recorder_may_move (PotooStreamRecorder *self, PotooFragment *next)
{
  return potoo_fragment_is_key (next) &&
         (self->segment == NULL || potoo_fragment_is_discontinuous (next) ||
          potoo_segment_writer_is_complete (self->segment, next, self->segment_duration_us));
}

const char *
potoo_stream_recorder_get_pinned_root (PotooStreamRecorder *self)
{
  return self->plan != NULL ? self->plan->root : NULL;
}

void
potoo_stream_recorder_move (PotooStreamRecorder *self, PotooStorageRoot *root)
{
  if (potoo_storage_root_is_lost (self->root))
    abandon_segment (self);
  if (self->segment != NULL)
    {
      self->moved_recording = potoo_segment_writer_get_recording (self->segment);
      end_segment_with_gap (self, POTOO_GAP_DISK_ERROR);
    }
  publish_durable (self);
  potoo_day_directory_clear (&self->day);
  potoo_storage_root_unref (self->root);
  self->root = potoo_storage_root_ref (root);
}

PotooStreamRecorder *
potoo_stream_recorder_new_successor (PotooStreamRecorder *stalled,
                                     PotooStorageRoot *root,
                                     PotooRecordingPlan *plan,
                                     PotooFragment *first)
{
  PotooStreamRecorder *self = g_new0 (PotooStreamRecorder, 1);

  self->root = potoo_storage_root_ref (root);
  self->catalog = g_object_ref (stalled->catalog);
  self->camera = g_strdup (stalled->camera);
  self->stream = stalled->stream;
  self->segment_duration_us = stalled->segment_duration_us;
  self->down_cause = POTOO_GAP_DISCONNECTED;
  self->gaps = potoo_gap_keeper_new_successor (stalled->gaps,
                                               potoo_fragment_get_wall_start_us (first));
  self->metrics = stalled->metrics;
  ref_metrics (&self->metrics);
  self->seen_end_us = potoo_fragment_get_wall_start_us (first);
  if (plan != NULL)
    {
      self->planned = TRUE;
      self->record = plan->n_spans > 0;
      self->plan = potoo_recording_plan_ref (plan);
    }
  return self;
}
