/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Which outputs there are, and who waits for them. A request is a GTask of the
 * caller's context that is posted to main: it is answered there at once, or waits
 * in its stream's queue until the output has its first segment, ends, or time is up. One
 * coarse timer, alive while an output is, does the time-outs and the lingering.
 *
 * An output that was told to stop leaves its stream at once and is kept in
 * `ending` until its thread is through, so that a new one can start meanwhile.
 */

#include "live/potoo-live.h"

#include <glib/gi18n-lib.h>

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "base/potoo-log.h"
#include "base/potoo-main.h"
#include "base/potoo-overload.h"
#include "live/potoo-ts-output.h"

#define TICK_MS 250
#define STOP_TIMEOUT_US (1 * G_USEC_PER_SEC)
#define SUB "/sub"

typedef struct
{
  char *id;
  const char *folder; /* of its segments, relative to the playlist */
  PotooStreamHub *hub;
  PotooTsOutput *output; /* (nullable) */
  GQueue waiting;        /* GTask: for a playlist */
  gint64 last_request_us;
  gint64 retry_us; /* not before this, because it failed */
  char *failure;
} LiveStream;

struct _PotooLive
{
  GObject parent_instance;

  GHashTable *streams; /* id → LiveStream */
  GPtrArray *ending;   /* PotooTsOutput */
  guint n_waiting;
  guint tick_source;
  gboolean stopped;

  PotooTsOutputMetrics output_metrics;
  PotooMetric *outputs, *starts, *failures, *refused, *waiting;
};

G_DEFINE_FINAL_TYPE (PotooLive, potoo_live, G_TYPE_OBJECT)

typedef struct
{
  char *stream_id;
  char *name;     /* (nullable): of a segment; else the playlist is wanted */
  gint64 from_us; /* of waiting */
} LiveRequest;

static void
request_free (LiveRequest *request)
{
  g_free (request->stream_id);
  g_free (request->name);
  g_free (request);
}

/* --- waiting requests --- */

static GTask *
pop_waiting (PotooLive *self, LiveStream *stream)
{
  GTask *task = g_queue_pop_head (&stream->waiting);

  if (task != NULL)
    potoo_metric_set (self->waiting, --self->n_waiting);
  return task;
}

static void
fail_waiting (PotooLive *self, LiveStream *stream, PotooError code, const char *reason)
{
  GTask *task;

  while ((task = pop_waiting (self, stream)) != NULL)
    {
      g_task_return_new_error (task, POTOO_ERROR, (int) code, "%s", reason);
      g_object_unref (task);
    }
}

static void
answer_waiting (PotooLive *self, LiveStream *stream)
{
  GTask *task;

  if (stream->output == NULL || stream->waiting.length == 0)
    return;
  g_autofree char *playlist = potoo_live_window_make_playlist (
      potoo_ts_output_get_window (stream->output), stream->folder);
  while (playlist != NULL && (task = pop_waiting (self, stream)) != NULL)
    {
      g_task_return_pointer (task, g_strdup (playlist), g_free);
      g_object_unref (task);
    }
}

static void
fail_late (PotooLive *self, LiveStream *stream, gint64 now_us)
{
  while (stream->waiting.length > 0)
    {
      LiveRequest *request = g_task_get_task_data (stream->waiting.head->data);
      if (now_us < request->from_us + POTOO_LIVE_WAIT_US)
        return;
      g_autoptr (GTask) task = pop_waiting (self, stream);
      g_task_return_new_error (task, POTOO_ERROR, POTOO_ERROR_UNAVAILABLE,
                               _ ("No whole group of pictures has come from the camera yet; try "
                                  "again, or set a shorter keyframe (I-frame) interval in it"));
    }
}

/* --- outputs --- */

static void
end_output (PotooLive *self, LiveStream *stream)
{
  if (stream->output == NULL)
    return;
  potoo_ts_output_stop (stream->output);
  g_ptr_array_add (self->ending, g_steal_pointer (&stream->output));
}

static void
note_failure (PotooLive *self, LiveStream *stream)
{
  g_autofree char *failure = NULL;

  if (stream->output == NULL || !potoo_ts_output_has_ended (stream->output, &failure))
    return;
  potoo_metric_add (self->failures, 1);
  stream->retry_us = potoo_clock_mono_us () + POTOO_LIVE_RETRY_US;
  g_free (stream->failure);
  stream->failure = g_strdup (failure != NULL ? failure : _ ("The live output has ended"));
  fail_waiting (self, stream, POTOO_ERROR_UNAVAILABLE, stream->failure);
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
is_deserted (LiveStream *stream, gint64 now_us)
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
  LiveStream *stream;

  g_hash_table_iter_init (&iter, self->streams);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &stream))
    {
      note_failure (self, stream);
      fail_late (self, stream, now_us);
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
  LiveStream *stream;

  if (self->stopped)
    return G_SOURCE_REMOVE;
  g_hash_table_iter_init (&iter, self->streams);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &stream))
    {
      answer_waiting (self, stream);
      note_failure (self, stream);
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

static gboolean
start_output (PotooLive *self, LiveStream *stream, GError **error)
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

/* --- requests --- */

static void
handle_playlist (PotooLive *self, LiveStream *stream, GTask *task)
{
  g_autoptr (GError) error = NULL;

  stream->last_request_us = potoo_clock_mono_us ();
  note_failure (self, stream);
  if (stream->output == NULL && !start_output (self, stream, &error))
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  if (self->n_waiting >= POTOO_LIVE_MAX_WAITING)
    {
      potoo_metric_add (self->refused, 1);
      g_task_return_new_error (task, POTOO_ERROR, POTOO_ERROR_BUSY,
                               _ ("Too many viewers wait for live video; try again later"));
      return;
    }
  ((LiveRequest *) g_task_get_task_data (task))->from_us = stream->last_request_us;
  g_queue_push_tail (&stream->waiting, g_object_ref (task));
  potoo_metric_set (self->waiting, ++self->n_waiting);
  answer_waiting (self, stream);
}

static void
handle_segment (LiveStream *stream, GTask *task, const char *name)
{
  GBytes *bytes = NULL;

  if (stream->output != NULL)
    {
      stream->last_request_us = potoo_clock_mono_us ();
      bytes = potoo_live_window_get_segment (potoo_ts_output_get_window (stream->output), name);
    }
  if (bytes != NULL)
    g_task_return_pointer (task, bytes, (GDestroyNotify) g_bytes_unref);
  else
    g_task_return_new_error (task, POTOO_ERROR, POTOO_ERROR_NOT_FOUND,
                             _ ("There is no such segment (any more); read the playlist again"));
}

static gboolean
on_request (gpointer user_data)
{
  GTask *task = user_data;
  PotooLive *self = g_task_get_source_object (task);
  LiveRequest *request = g_task_get_task_data (task);
  LiveStream *stream = g_hash_table_lookup (self->streams, request->stream_id);

  if (self->stopped)
    g_task_return_new_error (task, POTOO_ERROR, POTOO_ERROR_UNAVAILABLE, _ ("Potoo is stopping"));
  else if (stream == NULL)
    g_task_return_new_error (task, POTOO_ERROR, POTOO_ERROR_NOT_FOUND,
                             _ ("There is no stream “%s”"), request->stream_id);
  else if (request->name == NULL)
    handle_playlist (self, stream, task);
  else
    handle_segment (stream, task, request->name);
  return G_SOURCE_REMOVE;
}

static void
post_request (PotooLive *self,
              gpointer tag,
              const char *stream_id,
              const char *name,
              GAsyncReadyCallback callback,
              gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, user_data);
  LiveRequest *request = g_new0 (LiveRequest, 1);

  request->stream_id = g_strdup (stream_id);
  request->name = g_strdup (name);
  g_task_set_source_tag (task, tag);
  g_task_set_task_data (task, request, (GDestroyNotify) request_free);
  potoo_main_post (on_request, task);
}

void
potoo_live_get_playlist_async (PotooLive *self,
                               const char *stream_id,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  g_return_if_fail (POTOO_IS_LIVE (self) && stream_id != NULL);

  post_request (self, potoo_live_get_playlist_async, stream_id, NULL, callback, user_data);
}

char *
potoo_live_get_playlist_finish (PotooLive *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

void
potoo_live_get_segment_async (PotooLive *self,
                              const char *stream_id,
                              const char *name,
                              GAsyncReadyCallback callback,
                              gpointer user_data)
{
  g_return_if_fail (POTOO_IS_LIVE (self) && stream_id != NULL && name != NULL);

  post_request (self, potoo_live_get_segment_async, stream_id, name, callback, user_data);
}

GBytes *
potoo_live_get_segment_finish (PotooLive *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/* --- streams --- */

static void
stream_free (LiveStream *stream)
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

  LiveStream *stream = g_new0 (LiveStream, 1);
  stream->id = g_strdup (id);
  stream->folder = g_str_has_suffix (id, SUB) ? "sub-ts/" : "ts/";
  stream->hub = potoo_stream_hub_ref (hub);
  g_hash_table_insert (self->streams, stream->id, stream);
}

void
potoo_live_remove_stream (PotooLive *self, const char *id)
{
  g_return_if_fail (POTOO_IS_LIVE (self) && id != NULL);

  LiveStream *stream = g_hash_table_lookup (self->streams, id);
  if (stream == NULL)
    return;
  fail_waiting (self, stream, POTOO_ERROR_NOT_FOUND, _ ("The camera was removed"));
  end_output (self, stream);
  g_hash_table_remove (self->streams, id);
}

guint
potoo_live_shed (PotooLive *self)
{
  GHashTableIter iter;
  LiveStream *stream;
  guint n = 0;

  g_return_val_if_fail (POTOO_IS_LIVE (self), 0);

  g_hash_table_iter_init (&iter, self->streams);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &stream))
    {
      n += stream->output != NULL;
      fail_waiting (self, stream, POTOO_ERROR_BUSY, potoo_overload_describe ());
      end_output (self, stream);
    }
  return n;
}

void
potoo_live_stop (PotooLive *self)
{
  gint64 until_us = potoo_clock_mono_us () + STOP_TIMEOUT_US;
  GHashTableIter iter;
  LiveStream *stream;

  g_return_if_fail (POTOO_IS_LIVE (self));

  self->stopped = TRUE;
  g_clear_handle_id (&self->tick_source, g_source_remove);
  g_hash_table_iter_init (&iter, self->streams);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &stream))
    {
      fail_waiting (self, stream, POTOO_ERROR_UNAVAILABLE, _ ("Potoo is stopping"));
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
