/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The settings of one camera. The table `descriptors` says all there is to say
 * about each; everything else walks it: copying, writing JSON, comparing, and
 * reading JSON (potoo-camera-settings-read.c). Immutable once built; any thread. */

#include "config/potoo-camera-settings-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/potoo-clock.h"
#include "config/potoo-camera-url.h"

#define MAX_DAYS 3650
/* What a number of JSON holds exactly, in browsers as well. */
#define MAX_BYTES ((G_GINT64_CONSTANT (1) << 53) - 1)

static const char *const record_names[] = {
  [POTOO_RECORD_CONTINUOUS] = "continuous",
  [POTOO_RECORD_EVENT] = "event",
  [POTOO_RECORD_SCHEDULE] = "schedule",
  [POTOO_RECORD_OFF] = "off",
  NULL,
};

static const char *const transport_names[] = {
  [POTOO_TRANSPORT_AUTO] = "auto",
  [POTOO_TRANSPORT_TCP] = "tcp",
  [POTOO_TRANSPORT_UDP] = "udp",
  NULL,
};

static const char *const audio_codec_names[] = {
  [POTOO_AUDIO_AAC] = "aac",
  [POTOO_AUDIO_OPUS] = "opus",
  NULL,
};

#define AT(member) G_STRUCT_OFFSET (PotooCameraSettings, member)

static const PotooCameraSetting descriptors[] = {
  { "id", SETTING_ID, AT (id), 0, 0, NULL,
    N_ ("What the camera is known by, for good: a-z, 0-9 and -") },
  { "name", SETTING_NAME, AT (name), 0, 0, NULL, N_ ("What people call it") },
  { "url", SETTING_URL, AT (url), SETTING_RECONNECT, 0, NULL,
    N_ ("RTSP address of the main stream, which is recorded") },
  { "sub_url", SETTING_URL, AT (sub_url), 0, 0, NULL,
    N_ ("RTSP address of the small stream, for grids and detection") },
  { "username", SETTING_CREDENTIAL, AT (username), SETTING_RECONNECT, 0, NULL,
    N_ ("User name to log in to the camera with") },
  { "password", SETTING_CREDENTIAL, AT (password), SETTING_WRITE_ONLY | SETTING_RECONNECT, 0, NULL,
    N_ ("Password to log in to the camera with") },
  { "enabled", SETTING_BOOLEAN, AT (enabled), SETTING_RECONNECT, TRUE, NULL,
    N_ ("Whether to connect to the camera at all") },
  { "record", SETTING_CHOICE, AT (record), 0, POTOO_RECORD_CONTINUOUS, record_names,
    N_ ("When to record") },
  { "schedule", SETTING_SCHEDULE, AT (schedule), 0, 0, NULL,
    N_ ("The week of record=schedule: mon-fri 08:00-18:00 continuous; …, each time in one slot") },
  { "record_sub", SETTING_BOOLEAN, AT (record_sub), 0, FALSE, NULL,
    N_ ("Whether to record the small stream beside the main one") },
  { "pre_roll", SETTING_INTEGER, AT (pre_roll), 0, 5, NULL,
    N_ ("Seconds to keep from before an event"), 0, 120 },
  { "post_roll", SETTING_INTEGER, AT (post_roll), 0, 10, NULL,
    N_ ("Seconds to keep from after an event"), 0, 600 },
  { "priority", SETTING_INTEGER, AT (priority), 0, 5, NULL,
    N_ ("The higher, the longer it keeps memory and disk when they are short"), 1, 10 },
  { "storage_root", SETTING_SLUG, AT (storage_root), 0, 0, NULL,
    N_ ("The storage root to record to, and to no other; without, any") },
  { "keep_continuous_days", SETTING_INTEGER, AT (keep_continuous_days), 0, 0, NULL,
    N_ ("Days to keep what was recorded without an event; 0: as long as there is room"), 0,
    MAX_DAYS },
  { "keep_event_days", SETTING_INTEGER, AT (keep_event_days), 0, 0, NULL,
    N_ ("Days to keep what was recorded for an event; 0: as long as there is room"), 0, MAX_DAYS },
  { "max_bytes", SETTING_SIZE, AT (max_bytes), 0, 0, NULL,
    N_ ("How much to keep at most; 0: no limit"), 0, MAX_BYTES },
  { "min_days", SETTING_INTEGER, AT (min_days), 0, 0, NULL,
    N_ ("Days that are kept for certain: other cameras give way first"), 0, MAX_DAYS },
  { "transport", SETTING_CHOICE, AT (transport), SETTING_RECONNECT, POTOO_TRANSPORT_AUTO,
    transport_names, N_ ("How media is carried; auto tries TCP, then UDP") },
  { "audio", SETTING_BOOLEAN, AT (audio), SETTING_RECONNECT, TRUE, NULL,
    N_ ("Whether to take the camera's sound") },
  { "audio_codec", SETTING_CHOICE, AT (audio_codec), SETTING_RECONNECT, POTOO_AUDIO_AAC,
    audio_codec_names, N_ ("What sound that MP4 cannot carry (G.711 and others) is encoded to") },
  { "transcode_video", SETTING_BOOLEAN, AT (transcode_video), SETTING_RECONNECT, FALSE, NULL,
    N_ ("Whether to encode JPEG video to H.264, which takes much processor time") },
  { "tls_verify", SETTING_BOOLEAN, AT (tls_verify), SETTING_RECONNECT, TRUE, NULL,
    N_ ("Whether the certificate of an rtsps camera must be trusted") },
};

char **
potoo_camera_setting_text (PotooCameraSettings *settings, const PotooCameraSetting *setting)
{
  return (char **) G_STRUCT_MEMBER_P (settings, setting->offset);
}

gint64 *
potoo_camera_setting_value (PotooCameraSettings *settings, const PotooCameraSetting *setting)
{
  return (gint64 *) G_STRUCT_MEMBER_P (settings, setting->offset);
}

gboolean
potoo_camera_setting_is_text (const PotooCameraSetting *setting)
{
  return setting->type < SETTING_BOOLEAN;
}

const PotooCameraSetting *
potoo_camera_setting_find (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (descriptors); i++)
    if (strcmp (descriptors[i].name, name) == 0)
      return &descriptors[i];
  return NULL;
}

PotooCameraSettings *
potoo_camera_settings_copy (PotooCameraSettings *base)
{
  PotooCameraSettings *self = g_new0 (PotooCameraSettings, 1);

  g_atomic_ref_count_init (&self->ref_count);
  for (guint i = 0; i < G_N_ELEMENTS (descriptors); i++)
    {
      const PotooCameraSetting *descriptor = &descriptors[i];
      if (!potoo_camera_setting_is_text (descriptor))
        *potoo_camera_setting_value (
            self, descriptor) = base != NULL ? *potoo_camera_setting_value (base, descriptor)
                                             : descriptor->default_value;
      else if (base != NULL)
        *potoo_camera_setting_text (self, descriptor) = g_strdup (
            *potoo_camera_setting_text (base, descriptor));
    }
  if (base != NULL)
    {
      self->url_origin = g_strdup (base->url_origin);
      self->sub_url_origin = g_strdup (base->sub_url_origin);
    }
  return self;
}

PotooCameraSettings *
potoo_camera_settings_ref (PotooCameraSettings *settings)
{
  g_atomic_ref_count_inc (&settings->ref_count);
  return settings;
}

void
potoo_camera_settings_unref (PotooCameraSettings *settings)
{
  if (!g_atomic_ref_count_dec (&settings->ref_count))
    return;
  for (guint i = 0; i < G_N_ELEMENTS (descriptors); i++)
    if (potoo_camera_setting_is_text (&descriptors[i]))
      potoo_secret_free (*potoo_camera_setting_text (settings, &descriptors[i]));
  g_free (settings->url_origin);
  g_free (settings->sub_url_origin);
  g_free (settings);
}

PotooCameraSettings *
potoo_camera_settings_new (JsonObject *object, GError **error)
{
  g_return_val_if_fail (object != NULL, NULL);
  return potoo_camera_settings_read (NULL, object, error);
}

PotooCameraSettings *
potoo_camera_settings_patch (PotooCameraSettings *settings, JsonObject *patch, GError **error)
{
  g_return_val_if_fail (settings != NULL && patch != NULL, NULL);
  return potoo_camera_settings_read (settings, patch, error);
}

/* --- writing --- */

static void
write_text (const char *text, const char *name, JsonObject *object)
{
  if (text != NULL)
    json_object_set_string_member (object, name, text);
  else
    json_object_set_null_member (object, name);
}

static void
write_value (const PotooCameraSetting *descriptor,
             gint64 value,
             const char *name,
             JsonObject *object)
{
  if (descriptor->type == SETTING_BOOLEAN)
    json_object_set_boolean_member (object, name, value != 0);
  else if (descriptor->type == SETTING_CHOICE)
    json_object_set_string_member (object, name, descriptor->choices[value]);
  else
    json_object_set_int_member (object, name, value);
}

static void
write_member (PotooCameraSettings *self, const PotooCameraSetting *descriptor, JsonObject *object)
{
  if (potoo_camera_setting_is_text (descriptor))
    write_text (*potoo_camera_setting_text (self, descriptor), descriptor->name, object);
  else
    write_value (descriptor, *potoo_camera_setting_value (self, descriptor), descriptor->name,
                 object);
}

JsonObject *
potoo_camera_settings_to_json (PotooCameraSettings *settings)
{
  JsonObject *object = json_object_new ();

  for (guint i = 0; i < G_N_ELEMENTS (descriptors); i++)
    if (!(descriptors[i].flags & SETTING_WRITE_ONLY))
      write_member (settings, &descriptors[i], object);
  json_object_set_boolean_member (object, "has_password", settings->password != NULL);
  return object;
}

JsonObject *
potoo_camera_settings_to_stored_json (PotooCameraSettings *settings)
{
  JsonObject *object = json_object_new ();

  for (guint i = 0; i < G_N_ELEMENTS (descriptors); i++)
    write_member (settings, &descriptors[i], object);
  return object;
}

PotooCameraSettings *
potoo_camera_settings_for_sub (PotooCameraSettings *settings)
{
  if (settings->sub_url == NULL)
    return NULL;
  PotooCameraSettings *sub = potoo_camera_settings_copy (settings);
  g_free (sub->url);
  g_free (sub->url_origin);
  sub->url = g_steal_pointer (&sub->sub_url);
  sub->url_origin = g_steal_pointer (&sub->sub_url_origin);
  return sub;
}

gboolean
potoo_camera_settings_needs_reconnect (PotooCameraSettings *a, PotooCameraSettings *b)
{
  for (guint i = 0; i < G_N_ELEMENTS (descriptors); i++)
    {
      const PotooCameraSetting *descriptor = &descriptors[i];
      if (!(descriptor->flags & SETTING_RECONNECT))
        continue;
      if (potoo_camera_setting_is_text (descriptor)
              ? g_strcmp0 (*potoo_camera_setting_text (a, descriptor),
                           *potoo_camera_setting_text (b, descriptor)) != 0
              : *potoo_camera_setting_value (a, descriptor) !=
                    *potoo_camera_setting_value (b, descriptor))
        return TRUE;
    }
  return FALSE;
}

/* --- describing --- */

static const char *
get_type_name (const PotooCameraSetting *descriptor)
{
  switch (descriptor->type)
    {
    case SETTING_BOOLEAN:
      return "boolean";
    case SETTING_CHOICE:
      return "choice";
    case SETTING_INTEGER:
      return "integer";
    case SETTING_SIZE:
      return "size";
    default:
      return "text";
    }
}

static void
describe_choices (const PotooCameraSetting *descriptor, JsonObject *object)
{
  JsonArray *choices = json_array_new ();

  for (int i = 0; descriptor->choices[i] != NULL; i++)
    json_array_add_string_element (choices, descriptor->choices[i]);
  json_object_set_array_member (object, "choices", choices);
}

static void
describe_values (const PotooCameraSetting *descriptor, JsonObject *object)
{
  write_value (descriptor, descriptor->default_value, "default", object);
  if (descriptor->type == SETTING_CHOICE)
    describe_choices (descriptor, object);
  if (descriptor->type != SETTING_INTEGER && descriptor->type != SETTING_SIZE)
    return;
  json_object_set_int_member (object, "minimum", descriptor->minimum);
  json_object_set_int_member (object, "maximum", descriptor->maximum);
}

JsonArray *
potoo_camera_settings_describe (void)
{
  JsonArray *array = json_array_new ();

  for (guint i = 0; i < G_N_ELEMENTS (descriptors); i++)
    {
      const PotooCameraSetting *descriptor = &descriptors[i];
      JsonObject *object = json_object_new ();
      json_object_set_string_member (object, "name", descriptor->name);
      json_object_set_string_member (object, "type", get_type_name (descriptor));
      json_object_set_string_member (object, "help", _ (descriptor->help));
      json_object_set_boolean_member (object, "write_only",
                                      (descriptor->flags & SETTING_WRITE_ONLY) != 0);
      if (!potoo_camera_setting_is_text (descriptor))
        describe_values (descriptor, object);
      json_array_add_object_element (array, object);
    }
  return array;
}

/* --- getters --- */

const char *
potoo_camera_settings_get_id (PotooCameraSettings *settings)
{
  return settings->id;
}

gboolean
potoo_camera_settings_has_made_id (PotooCameraSettings *settings)
{
  return settings->made_id;
}

const char *
potoo_camera_settings_get_name (PotooCameraSettings *settings)
{
  return settings->name;
}

const char *
potoo_camera_settings_get_url (PotooCameraSettings *settings)
{
  return settings->url;
}

const char *
potoo_camera_settings_get_sub_url (PotooCameraSettings *settings)
{
  return settings->sub_url;
}

const char *
potoo_camera_settings_get_username (PotooCameraSettings *settings)
{
  return settings->username;
}

const char *
potoo_camera_settings_get_password (PotooCameraSettings *settings)
{
  return settings->password;
}

gboolean
potoo_camera_settings_get_enabled (PotooCameraSettings *settings)
{
  return settings->enabled != 0;
}

PotooRecordMode
potoo_camera_settings_get_record (PotooCameraSettings *settings)
{
  return (PotooRecordMode) settings->record;
}

const char *
potoo_camera_settings_get_schedule (PotooCameraSettings *settings)
{
  return settings->schedule;
}

gboolean
potoo_camera_settings_get_record_sub (PotooCameraSettings *settings)
{
  return settings->record_sub != 0;
}

gint64
potoo_camera_settings_get_pre_roll_us (PotooCameraSettings *settings)
{
  return settings->pre_roll * POTOO_SECOND_US;
}

gint64
potoo_camera_settings_get_post_roll_us (PotooCameraSettings *settings)
{
  return settings->post_roll * POTOO_SECOND_US;
}

guint
potoo_camera_settings_get_priority (PotooCameraSettings *settings)
{
  return (guint) settings->priority;
}

const char *
potoo_camera_settings_get_storage_root (PotooCameraSettings *settings)
{
  return settings->storage_root;
}

guint
potoo_camera_settings_get_keep_continuous_days (PotooCameraSettings *settings)
{
  return (guint) settings->keep_continuous_days;
}

guint
potoo_camera_settings_get_keep_event_days (PotooCameraSettings *settings)
{
  return (guint) settings->keep_event_days;
}

gint64
potoo_camera_settings_get_max_bytes (PotooCameraSettings *settings)
{
  return settings->max_bytes;
}

guint
potoo_camera_settings_get_min_days (PotooCameraSettings *settings)
{
  return (guint) settings->min_days;
}

PotooTransport
potoo_camera_settings_get_transport (PotooCameraSettings *settings)
{
  return (PotooTransport) settings->transport;
}

gboolean
potoo_camera_settings_get_audio (PotooCameraSettings *settings)
{
  return settings->audio != 0;
}

PotooAudioCodec
potoo_camera_settings_get_audio_codec (PotooCameraSettings *settings)
{
  return (PotooAudioCodec) settings->audio_codec;
}

gboolean
potoo_camera_settings_get_transcode_video (PotooCameraSettings *settings)
{
  return settings->transcode_video != 0;
}

gboolean
potoo_camera_settings_get_tls_verify (PotooCameraSettings *settings)
{
  return settings->tls_verify != 0;
}
