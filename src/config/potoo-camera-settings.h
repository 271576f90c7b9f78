/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "config/potoo-schedule.h"

G_BEGIN_DECLS

/**
 * PotooCameraSettings:
 *
 * All settings of one camera: an immutable, validated, reference-counted value.
 * One descriptor table in potoo-camera-settings.c (name, type, range, default,
 * write-only, help text) drives the checks, the JSON of API and catalog, D-Bus and the command
 * line and, later, OpenAPI and the form of the UI.
 * Any thread.
 *
 * JSON members: `id` (slug, only when creating, made from `name` when absent),
 * `name` (1–100 characters, default: the id), `url` (rtsp:// or rtsps://, required), `sub_url`
 * (same, optional), `username`, `password` (write-only, `has_password` is read),
 * `enabled` (true), `record` (`continuous` · `event` · `schedule` · `off`), `schedule`
 * (potoo-schedule.h; required while `record` says so), `record_sub` (false; needs `sub_url`),
 * `pre_roll` (5 s; 0–120) and `post_roll` (10 s; 0–600), `priority` (5; 1–10: the higher, the
 * longer it keeps memory and disk when they are short), `storage_root` (slug, optional: recorded
 * there and nowhere else), `keep_continuous_days` and `keep_event_days` (0–3650; 0: as long as
 * there is room), `max_bytes` (0: no limit; of all streams on all roots), `min_days` (0; guaranteed
 * days), `transport` (`auto` · `tcp` · `udp`), `audio` (true), `audio_codec` (`aac` · `opus`: what
 * sound that MP4 cannot carry is encoded to), `transcode_video` (false: JPEG video is refused;
 * true: it is encoded to H.264 while the machine has room), `tls_verify` (true: the certificate of
 * an rtsps camera must be trusted). User-info in a URL is split off into `username` and `password`.
 */
typedef struct _PotooCameraSettings PotooCameraSettings;

/* `max_bytes` of a camera that has a limit is at least this: less does not hold a segment. */
#define POTOO_CAMERA_MIN_MAX_BYTES G_GINT64_CONSTANT (10000000)

typedef enum
{
  POTOO_TRANSPORT_AUTO, /* TCP first, then UDP when the camera refuses it */
  POTOO_TRANSPORT_TCP,
  POTOO_TRANSPORT_UDP,
} PotooTransport;

typedef enum
{
  POTOO_AUDIO_AAC,
  POTOO_AUDIO_OPUS,
} PotooAudioCodec;

/* Unknown members, wrong types and values out of range:
 * POTOO_ERROR_INVALID_ARGUMENT with the JSON pointer. (transfer full) */
PotooCameraSettings *potoo_camera_settings_new (JsonObject *object, GError **error);

/* RFC 7396: members of @patch replace, null resets to the default. `id` may
 * only be repeated, not changed. Changing host, port or scheme of `url` without giving
 * `password` in the same patch drops the stored password (it must not be
 * sent to another host). (transfer full) */
PotooCameraSettings *
potoo_camera_settings_patch (PotooCameraSettings *settings, JsonObject *patch, GError **error);

PotooCameraSettings *potoo_camera_settings_ref (PotooCameraSettings *settings);
void potoo_camera_settings_unref (PotooCameraSettings *settings);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooCameraSettings, potoo_camera_settings_unref)

/* For API and logs: without `password`, with `has_password`. (transfer full) */
JsonObject *potoo_camera_settings_to_json (PotooCameraSettings *settings);
/* For the catalog alone: with `password`. potoo_camera_settings_new() reads it
 * back. (transfer full) */
JsonObject *potoo_camera_settings_to_stored_json (PotooCameraSettings *settings);

/* The descriptor table, for whoever lets people set them: objects of `name`, `type` (`text`,
 * `boolean`, `choice`, `integer`, `size`: bytes), `help` (translated), `write_only`, for all but
 * text `default`, for choices `choices`, for integers and sizes `minimum` and `maximum`. (transfer
 * full)
 */
JsonArray *potoo_camera_settings_describe (void);

const char *potoo_camera_settings_get_id (PotooCameraSettings *settings);
/* TRUE when potoo_camera_settings_new() made the id from the name: another will do. */
gboolean potoo_camera_settings_has_made_id (PotooCameraSettings *settings);
const char *potoo_camera_settings_get_name (PotooCameraSettings *settings);
const char *potoo_camera_settings_get_url (PotooCameraSettings *settings);
const char *potoo_camera_settings_get_sub_url (PotooCameraSettings *settings);  /* (nullable) */
const char *potoo_camera_settings_get_username (PotooCameraSettings *settings); /* (nullable) */
const char *potoo_camera_settings_get_password (PotooCameraSettings *settings); /* (nullable) */
gboolean potoo_camera_settings_get_enabled (PotooCameraSettings *settings);
PotooRecordMode potoo_camera_settings_get_record (PotooCameraSettings *settings);
/* NULL unless there is one, also while another mode than `schedule` is set. (nullable) */
const char *potoo_camera_settings_get_schedule (PotooCameraSettings *settings);
gboolean potoo_camera_settings_get_record_sub (PotooCameraSettings *settings);
gint64 potoo_camera_settings_get_pre_roll_us (PotooCameraSettings *settings);
gint64 potoo_camera_settings_get_post_roll_us (PotooCameraSettings *settings);
guint potoo_camera_settings_get_priority (PotooCameraSettings *settings); /* 1–10 */
/* The name of the root that the camera is pinned to. (nullable) */
const char *potoo_camera_settings_get_storage_root (PotooCameraSettings *settings);
guint potoo_camera_settings_get_keep_continuous_days (PotooCameraSettings *settings); /* 0: all */
guint potoo_camera_settings_get_keep_event_days (PotooCameraSettings *settings);      /* 0: all */
gint64 potoo_camera_settings_get_max_bytes (PotooCameraSettings *settings);           /* 0: none */
guint potoo_camera_settings_get_min_days (PotooCameraSettings *settings);
PotooTransport potoo_camera_settings_get_transport (PotooCameraSettings *settings);
gboolean potoo_camera_settings_get_audio (PotooCameraSettings *settings);
PotooAudioCodec potoo_camera_settings_get_audio_codec (PotooCameraSettings *settings);
gboolean potoo_camera_settings_get_transcode_video (PotooCameraSettings *settings);
gboolean potoo_camera_settings_get_tls_verify (PotooCameraSettings *settings);

/* The same with `sub_url` as `url`: what it takes to connect to `sub`. NULL when there is no
 * `sub_url`. (transfer full) (nullable) */
PotooCameraSettings *potoo_camera_settings_for_sub (PotooCameraSettings *settings);

/* TRUE when going from @a to @b needs a new connection to the camera. */
gboolean potoo_camera_settings_needs_reconnect (PotooCameraSettings *a, PotooCameraSettings *b);

G_END_DECLS
