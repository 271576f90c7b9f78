/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Which outputs there are. One coarse timer, alive while an output is, does the time-outs and the
 * lingering.
 *
 * An output that was told to stop leaves its stream at once and is kept in
 * `ending` until its thread is through, so that a new one can start meanwhile.
 */

#include "live/potoo-live-private.h"

#include <glib/gi18n-lib.h>

#include "base/potoo-clock.h"
#include "base/potoo-log.h"
#include "base/potoo-main.h"
#include "base/potoo-overload.h"

#define TICK_MS 250
#define STOP_TIMEOUT_US (1 * G_USEC_PER_SEC)
#define SUB "/sub"

G_DEFINE_FINAL_TYPE (PotooLive, potoo_live, G_TYPE_OBJECT)

/* --- outputs --- */

static void
end_output (PotooLive *self, PotooLiveStream *stream)
{
  if (stream->output == NULL)
    return;
  potoo_ts_output_stop (stream->output);
  g_ptr_array_add (self->ending, g_steal_pointer (&stream->output));
}

void
potoo_live_note_failure (PotooLive *self, PotooLiveStream *stream)
{
  g_autofree char *failure = NULL;

  if (stream->output == NULL || !potoo_ts_output_has_ended (stream->output, &failure))
    return;
  potoo_metric_add (self->failures, 1);
  stream->retry_us = potoo_clock_mono_us () + POTOO_LIVE_RETRY_US;
  g_free (stream->failure);
  stream->failure = g_strdup (failure != NULL ? failure : _ ("The live output has ended"));
  potoo_live_fail_waiting (self, stream, POTOO_ERROR_UNAVAILABLE, stream->failure);
  end_output (self, stream);
}

static void
join_ended (PotooLive *self)
{
  for (guint i = self->ending->len; i-- > 0;)
    {
      PotooTsOutput *output = self->ending->pdata[i];
      if (!potoo_ts_output_has_ended (output, NULL))
        continue;
      potoo_ts_output_join (output, 0);
      g_ptr_array_remove_index_fast (self->ending, i);
      potoo_metric_add (self->outputs, -1);
    }
}

/* Players ask again after a target duration or so, however long that is. */
static gboolean
is_deserted (PotooLiveStream *stream, gint64 now_us)
{
  gint64 linger_us = POTOO_LIVE_LINGER_US;

  if (stream->output == NULL || stream->waiting.length > 0)
    return FALSE;
  linger_us = MAX (
      linger_us, 3 * potoo_live_window_get_target_us (potoo_ts_output_get_window (stream->output)));
  return now_us > stream->last_request_us + linger_us;
}

static gboolean
on_tick (gpointer user_data)
{
  PotooLive *self = user_data;
  gint64 now_us = potoo_clock_mono_us ();
  gboolean more = FALSE;
  GHashTableIter iter;
  PotooLiveStream *stream;

  g_hash_table_iter_init (&iter, self->streams);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &stream))
    {
      potoo_live_note_failure (self, stream);
      potoo_live_fail_late (self, stream, now_us);
      if (is_deserted (stream, now_us))
        end_output (self, stream);
      more |= stream->output != NULL;
    }
  join_ended (self);
  if (more || self->ending->len > 0)
    return G_SOURCE_CONTINUE;
  self->tick_source = 0;
  return G_SOURCE_REMOVE;
}

static gboolean
on_changed (gpointer user_data)
{
  PotooLive *self = user_data;
  GHashTableIter iter;
  PotooLiveStream *stream;

  if (self->stopped)
    return G_SOURCE_REMOVE;
  g_hash_table_iter_init (&iter, self->streams);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &stream))
    {
      potoo_live_answer_waiting (self, stream);
      potoo_live_note_failure (self, stream);
    }
  join_ended (self);
  return G_SOURCE_REMOVE;
}

/* The output's thread, or one of its pipeline's. */
static void
on_output_changed (PotooTsOutput *output, gpointer user_data)
{
  potoo_main_post (on_changed, user_data);
}

gboolean
potoo_live_start_output (PotooLive *self, PotooLiveStream *stream, GError **error)
{
  if (potoo_clock_mono_us () < stream->retry_us)
    {
      g_set_error_literal (error, POTOO_ERROR, POTOO_ERROR_UNAVAILABLE, stream->failure);
      return FALSE;
    }
  if (!potoo_overload_admit (POTOO_WORK_LIVE, error))
    return FALSE;
  if (potoo_metric_get (self->outputs) >= POTOO_LIVE_MAX_OUTPUTS)
    {
      potoo_metric_add (self->refused, 1);
      g_set_error (error, POTOO_ERROR, POTOO_ERROR_BUSY,
                   _ ("%d streams are being watched live already; close one and try again"),
                   POTOO_LIVE_MAX_OUTPUTS);
      return FALSE;
    }
  potoo_metric_add (self->starts, 1);
  potoo_metric_add (self->outputs, 1);
  stream->output = potoo_ts_output_new (stream->id, stream->hub, &self->output_metrics,
                                        on_output_changed, self);
  if (self->tick_source == 0)
    self->tick_source = g_timeout_add (TICK_MS, on_tick, self);
  return TRUE;
}

/* --- streams --- */

static void
stream_free (PotooLiveStream *stream)
{
  g_free (stream->id);
  potoo_stream_hub_unref (stream->hub);
  g_free (stream->failure);
  g_free (stream);
}

void
potoo_live_add_stream (PotooLive *self, const char *id, PotooStreamHub *hub)
{
  g_return_if_fail (POTOO_IS_LIVE (self) && id != NULL && hub != NULL);
  g_return_if_fail (!g_hash_table_contains (self->streams, id));

  PotooLiveStream *stream = g_new0 (PotooLiveStream, 1);
  stream->id = g_strdup (id);
  stream->folder = g_str_has_suffix (id, SUB) ? "sub-ts/" : "ts/";
  stream->hub = potoo_stream_hub_ref (hub);
  g_hash_table_insert (self->streams, stream->id, stream);
}

void
potoo_live_remove_stream (PotooLive *self, const char *id)
{
  g_return_if_fail (POTOO_IS_LIVE (self) && id != NULL);

  PotooLiveStream *stream = g_hash_table_lookup (self->streams, id);
  if (stream == NULL)
    return;
  potoo_live_fail_waiting (self, stream, POTOO_ERROR_NOT_FOUND, _ ("The camera was removed"));
  end_output (self, stream);
  g_hash_table_remove (self->streams, id);
}

guint
potoo_live_shed (PotooLive *self)
{
  GHashTableIter iter;
  PotooLiveStream *stream;
  guint n = 0;

  g_return_val_if_fail (POTOO_IS_LIVE (self), 0);

  g_hash_table_iter_init (&iter, self->streams);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &stream))
    {
      n += stream->output != NULL;
      potoo_live_fail_waiting (self, stream, POTOO_ERROR_BUSY, potoo_overload_describe ());
      end_output (self, stream);
    }
  return n;
}

void
potoo_live_stop (PotooLive *self)
{
  gint64 until_us = potoo_clock_mono_us () + STOP_TIMEOUT_US;
  GHashTableIter iter;
  PotooLiveStream *stream;

  g_return_if_fail (POTOO_IS_LIVE (self));

  self->stopped = TRUE;
  g_clear_handle_id (&self->tick_source, g_source_remove);
  g_hash_table_iter_init (&iter, self->streams);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &stream))
    {
      potoo_live_fail_waiting (self, stream, POTOO_ERROR_UNAVAILABLE, _ ("Potoo is stopping"));
      end_output (self, stream);
    }
  for (guint i = 0; i < self->ending->len; i++)
    if (!potoo_ts_output_join (self->ending->pdata[i], until_us))
      potoo_log_warning (NULL, "A live output does not end; going on without it");
  potoo_metric_add (self->outputs, -(gint64) self->ending->len);
  g_ptr_array_set_size (self->ending, 0);
  g_hash_table_remove_all (self->streams);
}

/* --- the object --- */

PotooLive *
potoo_live_new (void)
{
  return g_object_new (POTOO_TYPE_LIVE, NULL);
}

static void
potoo_live_finalize (GObject *object)
{
  PotooLive *self = POTOO_LIVE (object);

  potoo_live_stop (self);
  g_hash_table_unref (self->streams);
  g_ptr_array_unref (self->ending);
  potoo_metric_unref (self->output_metrics.segments);
  potoo_metric_unref (self->output_metrics.runs);
  potoo_metric_unref (self->output_metrics.bytes);
  potoo_metric_unref (self->outputs);
  potoo_metric_unref (self->starts);
  potoo_metric_unref (self->failures);
  potoo_metric_unref (self->refused);
  potoo_metric_unref (self->waiting);
  G_OBJECT_CLASS (potoo_live_parent_class)->finalize (object);
}

static void
potoo_live_class_init (PotooLiveClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = potoo_live_finalize;
}

static void
make_metrics (PotooLive *self)
{
  self->output_metrics = (PotooTsOutputMetrics){
    .segments = potoo_metric_new_counter ("potoo_live_segments_total",
                                          "Media segments that live outputs have made", NULL),
    .runs = potoo_metric_new_counter (
        "potoo_live_runs_total",
        "Runs of live outputs: one at the start, one after each interruption", NULL),
    .bytes = potoo_metric_new_gauge ("potoo_live_bytes", "Media segments in memory", NULL),
  };
  self->outputs = potoo_metric_new_gauge ("potoo_live_outputs", "Live outputs that run", NULL);
  self->starts = potoo_metric_new_counter ("potoo_live_starts_total", "Live outputs started", NULL);
  self->failures = potoo_metric_new_counter ("potoo_live_failures_total",
                                             "Live outputs that ended by an error", NULL);
  self->refused = potoo_metric_new_counter (
      "potoo_live_refused_total", "Requests for live video refused: too many at once", NULL);
  self->waiting = potoo_metric_new_gauge ("potoo_live_waiting",
                                          "Requests that wait for a first segment", NULL);
}

static void
potoo_live_init (PotooLive *self)
{
  self->streams = g_hash_table_new_full (g_str_hash, g_str_equal, NULL,
                                         (GDestroyNotify) stream_free);
  self->ending = g_ptr_array_new_with_free_func ((GDestroyNotify) potoo_ts_output_unref);
  make_metrics (self);
}
