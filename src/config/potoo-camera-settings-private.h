/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "config/potoo-camera-settings.h"

G_BEGIN_DECLS

/* What potoo-camera-settings.c (the value and its table) and
 * potoo-camera-settings-read.c (JSON to value) share. */

struct _PotooCameraSettings
{
  gatomicrefcount ref_count;
  char *id;
  char *name;
  char *url;
  char *sub_url;
  char *username;
  char *password;
  char *schedule;
  char *storage_root;
  gint64 enabled; /* gint64, as all that are not text: the table addresses them alike */
  gint64 record;
  gint64 record_sub;
  gint64 pre_roll;
  gint64 post_roll;
  gint64 priority;
  gint64 keep_continuous_days;
  gint64 keep_event_days;
  gint64 max_bytes;
  gint64 min_days;
  gint64 transport;
  gint64 audio;
  gint64 audio_codec;
  gint64 transcode_video;
  gint64 tls_verify;
  char *url_origin;
  char *sub_url_origin;
  gboolean made_id; /* from the name */
};

typedef enum
{
  SETTING_ID,
  SETTING_NAME,
  SETTING_URL,
  SETTING_CREDENTIAL,
  SETTING_SCHEDULE,
  SETTING_SLUG,
  SETTING_BOOLEAN, /* the first that is not text */
  SETTING_CHOICE,
  SETTING_INTEGER,
  SETTING_SIZE, /* bytes */
} SettingType;

typedef enum
{
  SETTING_WRITE_ONLY = 1 << 0, /* never in what API and logs get */
  SETTING_RECONNECT = 1 << 1,  /* a change needs a new connection */
} SettingFlags;

typedef struct
{
  const char *name;
  SettingType type;
  gsize offset;
  SettingFlags flags;
  gint64 default_value;       /* text has none */
  const char *const *choices; /* by value, NULL-terminated */
  const char *help;
  gint64 minimum, maximum; /* of integers and sizes */
} PotooCameraSetting;

/* Where the table's entry stands in @settings: a text (nullable) or a number. */
char **potoo_camera_setting_text (PotooCameraSettings *settings, const PotooCameraSetting *setting);
gint64 *potoo_camera_setting_value (PotooCameraSettings *settings,
                                    const PotooCameraSetting *setting);
gboolean potoo_camera_setting_is_text (const PotooCameraSetting *setting);
const PotooCameraSetting *potoo_camera_setting_find (const char *name); /* (nullable) */

/* Of @base, or of the defaults when it is NULL; to be changed until it is handed out. (transfer
 * full) */
PotooCameraSettings *potoo_camera_settings_copy (PotooCameraSettings *base);

/* @base (nullable) with the members of @object put over it; all checked. (transfer full) */
PotooCameraSettings *
potoo_camera_settings_read (PotooCameraSettings *base, JsonObject *object, GError **error);

G_END_DECLS
