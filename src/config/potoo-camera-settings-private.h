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
  int enabled; /* int, as all that are not text: the table addresses them alike */
  int record;
  int transport;
  int audio;
  int tls_verify;
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
  SETTING_BOOLEAN,
  SETTING_CHOICE,
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
  int default_value;          /* of booleans and choices; text has none */
  const char *const *choices; /* by value, NULL-terminated */
  const char *help;
} PotooCameraSetting;

/* Where the table's entry stands in @settings: a text (nullable) or an int. */
char **potoo_camera_setting_text (PotooCameraSettings *settings, const PotooCameraSetting *setting);
int *potoo_camera_setting_value (PotooCameraSettings *settings, const PotooCameraSetting *setting);
gboolean potoo_camera_setting_is_text (const PotooCameraSetting *setting);
const PotooCameraSetting *potoo_camera_setting_find (const char *name); /* (nullable) */

/* Of @base, or of the defaults when it is NULL; to be changed until it is handed out. (transfer
 * full) */
PotooCameraSettings *potoo_camera_settings_copy (PotooCameraSettings *base);

/* @base (nullable) with the members of @object put over it; all checked. (transfer full) */
PotooCameraSettings *
potoo_camera_settings_read (PotooCameraSettings *base, JsonObject *object, GError **error);

G_END_DECLS
