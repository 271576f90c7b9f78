/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Who waits for live outputs. A request is a GTask of the caller's context that is posted to main:
 * it is answered there at once, or waits in its stream's queue until the output has its first
 * segment, ends, or time is up.
 */

#include "live/potoo-live-private.h"

#include <glib/gi18n-lib.h>

#include "base/potoo-clock.h"
#include "base/potoo-main.h"

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

/* --- those that wait --- */

static GTask *
pop_waiting (PotooLive *self, PotooLiveStream *stream)
{
  GTask *task = g_queue_pop_head (&stream->waiting);

  if (task != NULL)
    potoo_metric_set (self->waiting, --self->n_waiting);
  return task;
}

void
potoo_live_fail_waiting (PotooLive *self,
                         PotooLiveStream *stream,
                         PotooError code,
                         const char *reason)
{
  GTask *task;

  while ((task = pop_waiting (self, stream)) != NULL)
    {
      g_task_return_new_error (task, POTOO_ERROR, (int) code, "%s", reason);
      g_object_unref (task);
    }
}

void
potoo_live_answer_waiting (PotooLive *self, PotooLiveStream *stream)
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

void
potoo_live_fail_late (PotooLive *self, PotooLiveStream *stream, gint64 now_us)
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

/* --- answers --- */

static void
handle_playlist (PotooLive *self, PotooLiveStream *stream, GTask *task)
{
  g_autoptr (GError) error = NULL;

  stream->last_request_us = potoo_clock_mono_us ();
  potoo_live_note_failure (self, stream);
  if (stream->output == NULL && !potoo_live_start_output (self, stream, &error))
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
  potoo_live_answer_waiting (self, stream);
}

static void
handle_segment (PotooLiveStream *stream, GTask *task, const char *name)
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
  PotooLiveStream *stream = g_hash_table_lookup (self->streams, request->stream_id);

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
