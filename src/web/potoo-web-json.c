/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "web/potoo-web-json.h"

#include <string.h>

#include "base/potoo-clock.h"
#include "base/potoo-json.h"
#include "base/potoo-text.h"
#include "media/potoo-fragment.h"

void
potoo_web_json_set_text (JsonObject *object, const char *name, const char *text)
{
  if (text != NULL)
    json_object_set_string_member (object, name, text);
  else
    json_object_set_null_member (object, name);
}

void
potoo_web_json_set_time (JsonObject *object, const char *name, gint64 wall_us)
{
  g_autofree char *text = wall_us != 0 ? potoo_time_format (wall_us) : NULL;

  potoo_web_json_set_text (object, name, text);
}

void
potoo_web_json_set_id (JsonObject *object, const char *name, gint64 id)
{
  g_autofree char *text = potoo_segment_id_format (id);

  json_object_set_string_member (object, name, text);
}

void
potoo_web_json_set_seconds (JsonObject *object, const char *name, gint64 duration_us)
{
  json_object_set_double_member (object, name, (double) duration_us / G_USEC_PER_SEC);
}

void
potoo_web_json_set_share (JsonObject *object, const char *name, double share)
{
  if (share >= 0)
    json_object_set_double_member (object, name, share);
  else
    json_object_set_null_member (object, name);
}

/* --- what the API shows in several places --- */

static JsonObject *
make_status (PotooCameraSnapshot *snapshot)
{
  JsonObject *status = json_object_new ();

  json_object_set_string_member (status, "state", potoo_camera_state_to_string (snapshot->state));
  potoo_web_json_set_text (status, "reason", snapshot->reason);
  potoo_web_json_set_time (status, "since", snapshot->since_us);
  potoo_web_json_set_time (status, "retry_at", snapshot->retry_at_us);
  potoo_web_json_set_text (status, "video_codec", snapshot->video_codec);
  potoo_web_json_set_text (status, "audio_codec", snapshot->audio_codec);
  json_object_set_int_member (status, "width", snapshot->width);
  json_object_set_int_member (status, "height", snapshot->height);
  json_object_set_double_member (status, "fps", snapshot->fps);
  json_object_set_int_member (status, "bitrate", snapshot->bitrate);
  if (snapshot->has_clock_offset)
    potoo_web_json_set_seconds (status, "clock_offset", snapshot->clock_offset_us);
  else
    json_object_set_null_member (status, "clock_offset");
  if (snapshot->has_clock_drift)
    json_object_set_double_member (status, "clock_drift",
                                   (double) (gint64) (snapshot->clock_drift_ppm * 10) / 10);
  else
    json_object_set_null_member (status, "clock_drift");
  if (snapshot->pre_roll_us >= 0)
    potoo_web_json_set_seconds (status, "pre_roll", snapshot->pre_roll_us);
  else
    json_object_set_null_member (status, "pre_roll");
  return status;
}

JsonObject *
potoo_web_json_from_camera (PotooCameraSnapshot *snapshot)
{
  JsonObject *object = potoo_camera_settings_to_json (snapshot->settings);

  json_object_set_object_member (object, "status", make_status (snapshot));
  return object;
}

static gint64
ticks_to_us (gint64 ticks)
{
  return ticks / POTOO_VIDEO_TIMESCALE * G_USEC_PER_SEC +
         (ticks % POTOO_VIDEO_TIMESCALE * G_USEC_PER_SEC + POTOO_VIDEO_TIMESCALE / 2) /
             POTOO_VIDEO_TIMESCALE;
}

JsonObject *
potoo_web_json_from_segment (const PotooSegment *segment)
{
  JsonObject *object = json_object_new ();
  g_autofree char *id = potoo_segment_id_format (segment->id);
  g_autofree char *media = g_strdup_printf ("/api/v1/segments/%s/media.mp4", id);

  json_object_set_string_member (object, "id", id);
  json_object_set_string_member (object, "camera", segment->camera);
  json_object_set_string_member (object, "stream", potoo_stream_kind_to_string (segment->stream));
  json_object_set_string_member (object, "state", potoo_segment_state_to_string (segment->state));
  json_object_set_string_member (object, "class", potoo_segment_class_to_string (segment->class));
  potoo_web_json_set_id (object, "recording", segment->recording);
  potoo_web_json_set_time (object, "start", segment->start_us);
  potoo_web_json_set_time (object, "end", segment->end_us);
  potoo_web_json_set_seconds (object, "duration", ticks_to_us (segment->duration_ticks));
  json_object_set_int_member (object, "size", segment->size_bytes);
  json_object_set_string_member (object, "codecs", segment->codecs);
  if (segment->has_clock_offset)
    potoo_web_json_set_seconds (object, "clock_offset", segment->clock_offset_us);
  else
    json_object_set_null_member (object, "clock_offset");
  json_object_set_string_member (object, "media", media);
  return object;
}

JsonObject *
potoo_web_json_from_gap (const PotooGap *gap)
{
  JsonObject *object = json_object_new ();

  potoo_web_json_set_id (object, "id", gap->id);
  json_object_set_string_member (object, "camera", gap->camera);
  json_object_set_string_member (object, "stream", potoo_stream_kind_to_string (gap->stream));
  potoo_web_json_set_time (object, "start", gap->start_us);
  potoo_web_json_set_time (object, "end", gap->end_us);
  json_object_set_string_member (object, "cause", potoo_gap_cause_to_string (gap->cause));
  return object;
}

static void
set_event (JsonObject *object, const PotooEvent *event)
{
  json_object_set_string_member (object, "kind", potoo_event_kind_to_string (event->kind));
  potoo_web_json_set_time (object, "start", event->start_us);
  potoo_web_json_set_time (object, "end", event->end_us);
  if (event->score >= 0)
    json_object_set_double_member (object, "score", event->score);
  else
    json_object_set_null_member (object, "score");
  potoo_web_json_set_text (object, "title", event->title[0] != '\0' ? event->title : NULL);
}

JsonObject *
potoo_web_json_summarize_event (const PotooEvent *event)
{
  JsonObject *object = json_object_new ();

  potoo_web_json_set_id (object, "id", event->id);
  set_event (object, event);
  return object;
}

JsonObject *
potoo_web_json_from_event (const PotooEvent *event)
{
  JsonObject *object = json_object_new ();
  JsonNode *metadata = event->metadata != NULL
                           ? potoo_json_parse (event->metadata, strlen (event->metadata), NULL)
                           : NULL;

  potoo_web_json_set_id (object, "id", event->id);
  json_object_set_string_member (object, "camera", event->camera);
  set_event (object, event);
  if (metadata != NULL)
    json_object_set_member (object, "metadata", metadata);
  else
    json_object_set_null_member (object, "metadata");
  return object;
}

JsonObject *
potoo_web_json_from_lock (const PotooLock *lock)
{
  JsonObject *object = json_object_new ();

  potoo_web_json_set_id (object, "id", lock->id);
  json_object_set_string_member (object, "camera", lock->camera);
  potoo_web_json_set_time (object, "start", lock->start_us);
  potoo_web_json_set_time (object, "end", lock->end_us);
  json_object_set_string_member (object, "reason", lock->reason);
  potoo_web_json_set_time (object, "expires", lock->expires_us);
  potoo_web_json_set_time (object, "created", lock->created_us);
  return object;
}
