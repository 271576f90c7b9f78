/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The settings of one camera. The table `descriptors` says all there is to say
 * about each; everything else walks it: copying, writing JSON, comparing, and
 * reading JSON (potoo-camera-settings-read.c). Immutable once built; any thread. */

#include "config/potoo-camera-settings-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "config/potoo-camera-url.h"

static const char *const record_names[] = {
  [POTOO_RECORD_CONTINUOUS] = "continuous",
  [POTOO_RECORD_OFF] = "off",
  NULL,
};

static const char *const transport_names[] = {
  [POTOO_TRANSPORT_AUTO] = "auto",
  [POTOO_TRANSPORT_TCP] = "tcp",
  [POTOO_TRANSPORT_UDP] = "udp",
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
  { "transport", SETTING_CHOICE, AT (transport), SETTING_RECONNECT, POTOO_TRANSPORT_AUTO,
    transport_names, N_ ("How media is carried; auto tries TCP, then UDP") },
  { "audio", SETTING_BOOLEAN, AT (audio), SETTING_RECONNECT, TRUE, NULL,
    N_ ("Whether to take the camera's sound") },
  { "tls_verify", SETTING_BOOLEAN, AT (tls_verify), SETTING_RECONNECT, TRUE, NULL,
    N_ ("Whether the certificate of an rtsps camera must be trusted") },
};

char **
potoo_camera_setting_text (PotooCameraSettings *settings, const PotooCameraSetting *setting)
{
  return (char **) G_STRUCT_MEMBER_P (settings, setting->offset);
}

int *
potoo_camera_setting_value (PotooCameraSettings *settings, const PotooCameraSetting *setting)
{
  return (int *) G_STRUCT_MEMBER_P (settings, setting->offset);
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
write_member (PotooCameraSettings *self, const PotooCameraSetting *descriptor, JsonObject *object)
{
  if (descriptor->type == SETTING_BOOLEAN)
    json_object_set_boolean_member (object, descriptor->name,
                                    *potoo_camera_setting_value (self, descriptor));
  else if (descriptor->type == SETTING_CHOICE)
    json_object_set_string_member (
        object, descriptor->name,
        descriptor->choices[*potoo_camera_setting_value (self, descriptor)]);
  else if (*potoo_camera_setting_text (self, descriptor) != NULL)
    json_object_set_string_member (object, descriptor->name,
                                   *potoo_camera_setting_text (self, descriptor));
  else
    json_object_set_null_member (object, descriptor->name);
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
  if (descriptor->type == SETTING_BOOLEAN)
    return "boolean";
  return descriptor->type == SETTING_CHOICE ? "choice" : "text";
}

static void
describe_choices (const PotooCameraSetting *descriptor, JsonObject *object)
{
  JsonArray *choices = json_array_new ();

  for (int i = 0; descriptor->choices[i] != NULL; i++)
    json_array_add_string_element (choices, descriptor->choices[i]);
  json_object_set_array_member (object, "choices", choices);
  json_object_set_string_member (object, "default", descriptor->choices[descriptor->default_value]);
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
      if (descriptor->type == SETTING_CHOICE)
        describe_choices (descriptor, object);
      else if (descriptor->type == SETTING_BOOLEAN)
        json_object_set_boolean_member (object, "default", descriptor->default_value);
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
  return settings->enabled;
}

PotooRecordMode
potoo_camera_settings_get_record (PotooCameraSettings *settings)
{
  return (PotooRecordMode) settings->record;
}

PotooTransport
potoo_camera_settings_get_transport (PotooCameraSettings *settings)
{
  return (PotooTransport) settings->transport;
}

gboolean
potoo_camera_settings_get_audio (PotooCameraSettings *settings)
{
  return settings->audio;
}

gboolean
potoo_camera_settings_get_tls_verify (PotooCameraSettings *settings)
{
  return settings->tls_verify;
}
