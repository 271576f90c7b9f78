/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <json-glib/json-glib.h>

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
 * `enabled` (true), `record` (`continuous` · `off`), `transport` (`auto` · `tcp` · `udp`),
 * `audio` (true), `tls_verify` (true: the certificate of an rtsps camera must be trusted).
 * User-info in a URL is split off into `username` and `password`.
 */
typedef struct _PotooCameraSettings PotooCameraSettings;

typedef enum
{
  POTOO_RECORD_CONTINUOUS,
  POTOO_RECORD_OFF,
} PotooRecordMode;

typedef enum
{
  POTOO_TRANSPORT_AUTO, /* TCP first, then UDP when the camera refuses it */
  POTOO_TRANSPORT_TCP,
  POTOO_TRANSPORT_UDP,
} PotooTransport;

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
 * `boolean`, `choice`), `help` (translated), `write_only`, for booleans and choices `default`, for
 * choices `choices`. (transfer full) */
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
PotooTransport potoo_camera_settings_get_transport (PotooCameraSettings *settings);
gboolean potoo_camera_settings_get_audio (PotooCameraSettings *settings);
gboolean potoo_camera_settings_get_tls_verify (PotooCameraSettings *settings);

/* The same with `sub_url` as `url`: what it takes to connect to `sub`. NULL when there is no
 * `sub_url`. (transfer full) (nullable) */
PotooCameraSettings *potoo_camera_settings_for_sub (PotooCameraSettings *settings);

/* TRUE when going from @a to @b needs a new connection to the camera. */
gboolean potoo_camera_settings_needs_reconnect (PotooCameraSettings *a, PotooCameraSettings *b);

G_END_DECLS
