/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Live video and pictures: requests to the live outputs on the main thread, whose
 * answers come back to the worker. A camera that does not stream is answered here, with its reason,
 * so that nobody takes what it sent before for live. Worker thread.
 */

#include "web/potoo-web-live.h"

#include <glib/gi18n-lib.h>

#include "base/potoo-clock.h"
#include "web/potoo-web-range.h"
#include "web/potoo-web-reply.h"

static const char *
describe_state (PotooCameraState state)
{
  switch (state)
    {
    case POTOO_CAMERA_DISABLED:
      return _ ("The camera is disabled; enable it to see it live");
    case POTOO_CAMERA_CONNECTING:
      return _ ("The camera is being connected to");
    case POTOO_CAMERA_AUTH_FAILED:
      return _ ("The camera refuses user name or password");
    case POTOO_CAMERA_NO_VIDEO:
      return _ ("The camera sends no video");
    case POTOO_CAMERA_NO_KEYFRAMES:
      return _ ("The camera sends video without keyframes");
    case POTOO_CAMERA_STREAMING:
    case POTOO_CAMERA_BACKING_OFF:
    default:
      return _ ("The camera is not connected");
    }
}

static void
reply_not_streaming (PotooWebRequest *request, PotooCameraState state, const char *reason)
{
  potoo_web_reply_problem (request, POTOO_ERROR_UNAVAILABLE, 0, NULL,
                           reason != NULL ? reason : describe_state (state));
}

/* NULL when the request is answered. (transfer full) (nullable) */
static PotooCameraSnapshot *
get_camera (PotooWebRequest *request)
{
  const char *id = potoo_web_request_get_text (request, "id");
  PotooCameraSnapshot *camera = potoo_camera_list_get_snapshot (
      potoo_web_request_get_context (request)->cameras, id);

  if (camera == NULL)
    {
      g_autofree char *detail = g_strdup_printf (_ ("There is no camera “%s”"), id);
      potoo_web_reply_problem (request, POTOO_ERROR_NOT_FOUND, 0, NULL, detail);
    }
  return camera;
}

/* FALSE when the request is answered. */
static gboolean
check_main (PotooWebRequest *request)
{
  g_autoptr (PotooCameraSnapshot) camera = get_camera (request);

  if (camera == NULL)
    return FALSE;
  if (camera->state == POTOO_CAMERA_STREAMING)
    return TRUE;
  reply_not_streaming (request, camera->state, camera->reason);
  return FALSE;
}

/* `sub` is connected on demand: only what rules it out is answered here. */
static gboolean
check_sub (PotooWebRequest *request)
{
  g_autoptr (PotooCameraSnapshot) camera = get_camera (request);

  if (camera == NULL)
    return FALSE;
  if (potoo_camera_settings_get_sub_url (camera->settings) == NULL)
    {
      potoo_web_reply_problem (request, POTOO_ERROR_NOT_FOUND, 0, "stream",
                               _ ("The camera has no stream “sub”: give it a sub_url"));
      return FALSE;
    }
  if (potoo_camera_settings_get_enabled (camera->settings))
    return TRUE;
  reply_not_streaming (request, POTOO_CAMERA_DISABLED, NULL);
  return FALSE;
}

/* --- HLS --- */

static void
on_playlist (GObject *live, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (PotooWebRequest) request = user_data;
  g_autoptr (GError) error = NULL;
  char *playlist = potoo_live_get_playlist_finish (POTOO_LIVE (live), result, &error);

  if (playlist == NULL)
    {
      potoo_web_reply_error (request, error);
      return;
    }
  potoo_web_reply_set_header (request, "Cache-Control", "no-store");
  potoo_web_reply_text (request, 200, "application/vnd.apple.mpegurl", playlist);
}

static void
get_playlist (PotooWebRequest *request)
{
  const char *id = potoo_web_request_get_text (request, "id");
  gboolean sub = g_str_equal (potoo_web_request_get_text (request, "stream"), "sub");
  g_autofree char *stream_id = g_strconcat (id, sub ? "/sub" : NULL, NULL);

  if (sub ? check_sub (request) : check_main (request))
    potoo_live_get_playlist_async (potoo_web_request_get_context (request)->live, stream_id,
                                   on_playlist, potoo_web_request_ref (request));
}

static void
on_segment (GObject *live, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (PotooWebRequest) request = user_data;
  g_autoptr (GError) error = NULL;
  GBytes *segment = potoo_live_get_segment_finish (POTOO_LIVE (live), result, &error);

  if (segment == NULL)
    {
      potoo_web_reply_error (request, error);
      return;
    }
  /* A name never means anything else. */
  potoo_web_reply_set_header (request, "Cache-Control", "private, max-age=60, immutable");
  potoo_web_reply_bytes (request, 200, "video/mp2t", segment);
}

static void
get_segment_of (PotooWebRequest *request, const char *stream_id)
{
  potoo_live_get_segment_async (potoo_web_request_get_context (request)->live, stream_id,
                                potoo_web_request_get_text (request, "name"), on_segment,
                                potoo_web_request_ref (request));
}

static void
get_segment (PotooWebRequest *request)
{
  get_segment_of (request, potoo_web_request_get_text (request, "id"));
}

static void
get_sub_segment (PotooWebRequest *request)
{
  g_autofree char *id = g_strconcat (potoo_web_request_get_text (request, "id"), "/sub", NULL);
  get_segment_of (request, id);
}

/* --- pictures --- */

static void
reply_snapshot (PotooWebRequest *request, PotooSnapshot *snapshot)
{
  const char *if_none_match = potoo_web_request_get_header (request,
                                                            POTOO_WEB_HEADER_IF_NONE_MATCH);
  g_autofree char *etag = g_strdup_printf ("\"%" G_GINT64_MODIFIER "x-%u\"", snapshot->keyframe,
                                           snapshot->height);
  g_autofree char *modified = potoo_web_http_date (snapshot->wall_us);
  g_autofree char *time = potoo_time_format (snapshot->wall_us);

  potoo_web_reply_set_header (request, "ETag", etag);
  potoo_web_reply_set_header (request, "Last-Modified", modified);
  potoo_web_reply_set_header (request, "Potoo-Time", time);
  potoo_web_reply_set_header (request, "Cache-Control", "private, no-cache");
  if (if_none_match != NULL && potoo_web_etag_matches (if_none_match, etag, FALSE))
    potoo_web_reply_empty (request, 304);
  else
    potoo_web_reply_bytes (request, 200, "image/jpeg", g_bytes_ref (snapshot->jpeg));
}

static void
on_snapshot (GObject *snapshots, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (PotooWebRequest) request = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (PotooSnapshot)
      snapshot = potoo_snapshots_get_finish (POTOO_SNAPSHOTS (snapshots), result, &error);

  if (snapshot == NULL)
    potoo_web_reply_error (request, error);
  else
    reply_snapshot (request, snapshot);
}

static void
get_snapshot (PotooWebRequest *request)
{
  if (!check_main (request))
    return;
  potoo_snapshots_get_async (potoo_web_request_get_context (request)->snapshots,
                             potoo_web_request_get_text (request, "id"),
                             (guint) potoo_web_request_get_number (request, "height"), on_snapshot,
                             potoo_web_request_ref (request));
}

/* --- routes --- */

#define ID_PARAM                                                                                   \
  {                                                                                                \
    .name = "id", .type = POTOO_WEB_PARAM_SLUG, .in_path = TRUE, .summary = "The camera's id"      \
  }

static const PotooWebParam playlist_params[] = {
  ID_PARAM,
  { .name = "stream",
    .type = POTOO_WEB_PARAM_CHOICE,
    .choices = "main|sub",
    .summary = "Which of its streams" },
  { NULL },
};

static const PotooWebParam segment_params[] = {
  ID_PARAM,
  { .name = "name",
    .type = POTOO_WEB_PARAM_NAME,
    .in_path = TRUE,
    .summary = "As the playlist says" },
  { NULL },
};

static const PotooWebParam snapshot_params[] = {
  ID_PARAM,
  { .name = "height",
    .type = POTOO_WEB_PARAM_INTEGER,
    .min = 90,
    .max = 2160,
    .fallback = 0,
    .summary = "Scaled down to so many lines" },
  { NULL },
};

const PotooRoute potoo_web_live_routes[] = {
  { "GET", "/live/{id}/ts.m3u8", POTOO_WEB_RIGHT_VIEW, playlist_params, POTOO_WEB_BODY_NONE,
    get_playlist, "Live video: HLS with MPEG-TS" },
  { "GET", "/live/{id}/ts/{name}", POTOO_WEB_RIGHT_VIEW, segment_params, POTOO_WEB_BODY_NONE,
    get_segment, "A media segment of live video" },
  { "GET", "/live/{id}/sub-ts/{name}", POTOO_WEB_RIGHT_VIEW, segment_params, POTOO_WEB_BODY_NONE,
    get_sub_segment, "A media segment of live video of the small stream" },
  { "GET", "/api/v1/cameras/{id}/snapshot.jpg", POTOO_WEB_RIGHT_VIEW, snapshot_params,
    POTOO_WEB_BODY_NONE, get_snapshot, "The newest picture" },
  { NULL },
};
