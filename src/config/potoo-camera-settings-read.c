/* SPDX-License-Identifier: GPL-3.0-or-later */

/* JSON to settings: first each member by its type, over the defaults (a new
 * camera) or over an older value (a patch); then what concerns several at once:
 * credentials inside URLs, and a password that must not follow to another host. Any thread. */

#include "config/potoo-camera-settings-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/potoo-error.h"
#include "base/potoo-json.h"
#include "base/potoo-text.h"
#include "config/potoo-camera-url.h"

#define NAME_MAX_CHARACTERS 100

/* What the API shows beside the settings: may not be written. */
static const char *const read_only[] = { "has_password", "status", NULL };

/* --- reading one member --- */

static const char *
get_string (JsonNode *node, const char *pointer, GError **error)
{
  if (JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_STRING)
    return json_node_get_string (node);
  potoo_set_error_at (error, POTOO_ERROR_INVALID_ARGUMENT, pointer, _ ("Must be a string"));
  return NULL;
}

static gboolean
check_text (const char *text, const char *pointer, GError **error)
{
  gboolean valid = g_utf8_validate (text, -1, NULL);

  for (const char *c = text; valid && *c != '\0'; c = g_utf8_next_char (c))
    valid = !g_unichar_iscntrl (g_utf8_get_char (c));
  if (!valid)
    potoo_set_error_at (error, POTOO_ERROR_INVALID_ARGUMENT, pointer,
                        _ ("Must be UTF-8 text without control characters"));
  return valid;
}

/* The page `/cameras/new` is where cameras are added. */
static gboolean
is_reserved (const char *id)
{
  return strcmp (id, "new") == 0;
}

static gboolean
check_slug (const char *text, const char *pointer, GError **error)
{
  if (potoo_slug_is_valid (text))
    return TRUE;
  potoo_set_error_at (error, POTOO_ERROR_INVALID_ARGUMENT, pointer,
                      _ ("Must be 1 to %d of a-z, 0-9 and -, not - in front"), POTOO_SLUG_MAX);
  return FALSE;
}

static gboolean
check_id (const char *text, const char *pointer, GError **error)
{
  if (!is_reserved (text))
    return check_slug (text, pointer, error);
  potoo_set_error_at (error, POTOO_ERROR_INVALID_ARGUMENT, pointer,
                      _ ("“%s” cannot be an id; choose another"), text);
  return FALSE;
}

static gboolean
is_blank (const char *text)
{
  for (; *text != '\0'; text = g_utf8_next_char (text))
    if (!g_unichar_isspace (g_utf8_get_char (text)))
      return FALSE;
  return TRUE;
}

static gboolean
check_name (const char *text, const char *pointer, GError **error)
{
  if (!check_text (text, pointer, error))
    return FALSE;
  if (!is_blank (text) && g_utf8_strlen (text, -1) <= NAME_MAX_CHARACTERS)
    return TRUE;
  potoo_set_error_at (error, POTOO_ERROR_INVALID_ARGUMENT, pointer,
                      _ ("Must be 1 to %d characters, not all of them blank"), NAME_MAX_CHARACTERS);
  return FALSE;
}

static gboolean
check_credential (const char *text, const char *pointer, GError **error)
{
  if (!check_text (text, pointer, error))
    return FALSE;
  if (strlen (text) <= POTOO_CAMERA_CREDENTIAL_MAX)
    return TRUE;
  potoo_set_error_at (error, POTOO_ERROR_INVALID_ARGUMENT, pointer, _ ("Must be at most %d bytes"),
                      POTOO_CAMERA_CREDENTIAL_MAX);
  return FALSE;
}

static gboolean
check_schedule (const char *text, const char *pointer, GError **error)
{
  g_autoptr (PotooSchedule) schedule = potoo_schedule_parse (text, pointer, error);
  return schedule != NULL;
}

static gboolean
check_member_text (const PotooCameraSetting *descriptor,
                   const char *text,
                   const char *pointer,
                   GError **error)
{
  switch (descriptor->type)
    {
    case SETTING_ID:
      return check_id (text, pointer, error);
    case SETTING_NAME:
      return check_name (text, pointer, error);
    case SETTING_CREDENTIAL:
      return check_credential (text, pointer, error);
    case SETTING_SCHEDULE:
      return check_schedule (text, pointer, error);
    case SETTING_SLUG:
      return check_slug (text, pointer, error);
    default:
      return TRUE; /* URLs are taken apart in the end, see take_url() */
    }
}

static gboolean
read_text (PotooCameraSettings *self,
           const PotooCameraSetting *descriptor,
           JsonNode *node,
           const char *pointer,
           GError **error)
{
  const char *text = get_string (node, pointer, error);

  if (text == NULL || !check_member_text (descriptor, text, pointer, error))
    return FALSE;
  if (descriptor->type == SETTING_ID && self->id != NULL && strcmp (self->id, text) != 0)
    {
      potoo_set_error_at (error, POTOO_ERROR_INVALID_ARGUMENT, pointer,
                          _ ("The id of a camera cannot be changed"));
      return FALSE;
    }
  potoo_secret_free (*potoo_camera_setting_text (self, descriptor));
  /* Cameras with an empty password exist; to them and to all others it is the
   * same as none. */
  *potoo_camera_setting_text (self, descriptor) = descriptor->type == SETTING_CREDENTIAL &&
                                                          text[0] == '\0'
                                                      ? NULL
                                                      : g_strdup (text);
  return TRUE;
}

static gboolean
read_boolean (PotooCameraSettings *self,
              const PotooCameraSetting *descriptor,
              JsonNode *node,
              const char *pointer,
              GError **error)
{
  if (JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_BOOLEAN)
    {
      *potoo_camera_setting_value (self, descriptor) = json_node_get_boolean (node);
      return TRUE;
    }
  potoo_set_error_at (error, POTOO_ERROR_INVALID_ARGUMENT, pointer, _ ("Must be true or false"));
  return FALSE;
}

static gboolean
read_choice (PotooCameraSettings *self,
             const PotooCameraSetting *descriptor,
             JsonNode *node,
             const char *pointer,
             GError **error)
{
  const char *text = get_string (node, pointer, error);

  if (text == NULL)
    return FALSE;
  for (int i = 0; descriptor->choices[i] != NULL; i++)
    if (strcmp (descriptor->choices[i], text) == 0)
      {
        *potoo_camera_setting_value (self, descriptor) = i;
        return TRUE;
      }
  g_autofree char *allowed = g_strjoinv (", ", (char **) descriptor->choices);
  potoo_set_error_at (error, POTOO_ERROR_INVALID_ARGUMENT, pointer, _ ("Must be one of: %s"),
                      allowed);
  return FALSE;
}

static gboolean
read_number (PotooCameraSettings *self,
             const PotooCameraSetting *descriptor,
             JsonNode *node,
             const char *pointer,
             GError **error)
{
  gboolean whole = JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_INT64;
  gint64 value = whole ? json_node_get_int (node) : 0;

  if (whole && value >= descriptor->minimum && value <= descriptor->maximum)
    {
      *potoo_camera_setting_value (self, descriptor) = value;
      return TRUE;
    }
  g_autofree char *minimum = g_strdup_printf ("%" G_GINT64_FORMAT, descriptor->minimum);
  g_autofree char *maximum = g_strdup_printf ("%" G_GINT64_FORMAT, descriptor->maximum);
  potoo_set_error_at (error, POTOO_ERROR_INVALID_ARGUMENT, pointer,
                      _ ("Must be a whole number from %s to %s"), minimum, maximum);
  return FALSE;
}

static gboolean
reset_member (PotooCameraSettings *self,
              const PotooCameraSetting *descriptor,
              const char *pointer,
              GError **error)
{
  if (descriptor->type == SETTING_ID && self->id != NULL)
    {
      potoo_set_error_at (error, POTOO_ERROR_INVALID_ARGUMENT, pointer,
                          _ ("The id of a camera cannot be changed"));
      return FALSE;
    }
  if (potoo_camera_setting_is_text (descriptor))
    g_clear_pointer (potoo_camera_setting_text (self, descriptor), potoo_secret_free);
  else
    *potoo_camera_setting_value (self, descriptor) = descriptor->default_value;
  return TRUE;
}

static gboolean
read_member (PotooCameraSettings *self, const char *name, JsonNode *node, GError **error)
{
  g_autofree char *pointer = potoo_json_pointer_append ("", name);
  const PotooCameraSetting *descriptor = potoo_camera_setting_find (name);

  if (descriptor == NULL)
    {
      potoo_set_error_at (error, POTOO_ERROR_INVALID_ARGUMENT, pointer, "%s",
                          g_strv_contains (read_only, name) ? _ ("Can be read but not set")
                                                            : _ ("A camera has no such setting"));
      return FALSE;
    }
  if (JSON_NODE_HOLDS_NULL (node))
    return reset_member (self, descriptor, pointer, error);
  switch (descriptor->type)
    {
    case SETTING_BOOLEAN:
      return read_boolean (self, descriptor, node, pointer, error);
    case SETTING_CHOICE:
      return read_choice (self, descriptor, node, pointer, error);
    case SETTING_INTEGER:
    case SETTING_SIZE:
      return read_number (self, descriptor, node, pointer, error);
    default:
      return read_text (self, descriptor, node, pointer, error);
    }
}

/* --- what concerns several members --- */

/* Puts a credential from a URL's user-info in its place, unless @object
 * gives that member itself; two URLs must not disagree. */
static gboolean
take_credential (char **member,
                 const char *value,
                 gboolean *taken,
                 const char *pointer,
                 GError **error)
{
  if (value == NULL)
    return TRUE;
  if (!check_credential (value, pointer, error))
    return FALSE;
  if (*taken && g_strcmp0 (*member != NULL ? *member : "", value) != 0)
    {
      potoo_set_error_at (error, POTOO_ERROR_INVALID_ARGUMENT, pointer,
                          _ ("The two URLs have different credentials; a camera has one user"));
      return FALSE;
    }
  potoo_secret_free (*member);
  *member = value[0] != '\0' ? g_strdup (value) : NULL;
  *taken = TRUE;
  return TRUE;
}

typedef struct
{
  PotooCameraSettings *self;
  JsonObject *object;
  gboolean username_taken, password_taken; /* from a URL */
} Reading;

static gboolean
take_url (Reading *reading, const char *name, char **text, char **origin, GError **error)
{
  g_autofree char *pointer = potoo_json_pointer_append ("", name);
  g_auto (PotooCameraUrl) url = { NULL };
  PotooCameraSettings *self = reading->self;

  if (!json_object_has_member (reading->object, name))
    return TRUE;
  g_clear_pointer (origin, g_free);
  if (*text == NULL)
    return TRUE;
  if (!potoo_camera_url_parse (*text, pointer, &url, error))
    return FALSE;
  if (!json_object_has_member (reading->object, "username") &&
      !take_credential (&self->username, url.username, &reading->username_taken, pointer, error))
    return FALSE;
  if (!json_object_has_member (reading->object, "password") &&
      !take_credential (&self->password, url.password, &reading->password_taken, pointer, error))
    return FALSE;
  potoo_secret_free (*text);
  *text = g_steal_pointer (&url.text);
  *origin = g_steal_pointer (&url.origin);
  return TRUE;
}

static gboolean
is_origin_of (PotooCameraSettings *settings, const char *origin)
{
  return origin == NULL || g_strcmp0 (origin, settings->url_origin) == 0 ||
         g_strcmp0 (origin, settings->sub_url_origin) == 0;
}

/* Whoever may change a URL but does not know the password must not learn it by
 * having it sent to a host of their own. */
static void
forget_password_elsewhere (Reading *reading, PotooCameraSettings *base)
{
  PotooCameraSettings *self = reading->self;
  gboolean given = json_object_has_member (reading->object, "password") || reading->password_taken;

  if (base == NULL || given)
    return;
  if (g_strcmp0 (self->url_origin, base->url_origin) != 0 ||
      !is_origin_of (base, self->sub_url_origin))
    g_clear_pointer (&self->password, potoo_secret_free);
}

static gboolean
complete_id_and_name (PotooCameraSettings *self, GError **error)
{
  self->made_id = self->id == NULL;
  if (self->id == NULL && self->name != NULL)
    self->id = potoo_slug_from_name (self->name);
  if (self->made_id && self->id != NULL && is_reserved (self->id))
    {
      g_free (self->id);
      self->id = g_strdup ("camera-new");
    }
  if (self->id == NULL)
    {
      potoo_set_error_at (error, POTOO_ERROR_INVALID_ARGUMENT, "/id",
                          self->name == NULL ? _ ("Give an id, or a name from which it can be made")
                                             : _ ("No id can be made from this name; give one"));
      return FALSE;
    }
  if (self->name == NULL)
    self->name = g_strdup (self->id);
  return TRUE;
}

static gboolean
refuse (GError **error, const char *pointer, const char *why)
{
  potoo_set_error_at (error, POTOO_ERROR_INVALID_ARGUMENT, pointer, "%s", why);
  return FALSE;
}

/* What is recorded, and how long it is kept. */
static gboolean
check_recording (PotooCameraSettings *self, GError **error)
{
  if (self->record == POTOO_RECORD_SCHEDULE && self->schedule == NULL)
    return refuse (error, "/schedule", _ ("Required while record is schedule"));
  if (self->record_sub && self->sub_url == NULL)
    return refuse (error, "/record_sub",
                   _ ("There is no small stream to record; give its address as sub_url"));
  if (self->max_bytes != 0 && self->max_bytes < POTOO_CAMERA_MIN_MAX_BYTES)
    return refuse (error, "/max_bytes",
                   _ ("Must be 0 for no limit, or 10 MB and more: less does not hold a segment"));
  if ((self->keep_continuous_days != 0 && self->min_days > self->keep_continuous_days) ||
      (self->keep_event_days != 0 && self->min_days > self->keep_event_days))
    return refuse (error, "/min_days",
                   _ ("Must not be more than keep_continuous_days and keep_event_days: what is "
                      "older than those is deleted"));
  return TRUE;
}

static gboolean
complete (Reading *reading, PotooCameraSettings *base, GError **error)
{
  PotooCameraSettings *self = reading->self;

  if (!complete_id_and_name (self, error) ||
      !take_url (reading, "url", &self->url, &self->url_origin, error) ||
      !take_url (reading, "sub_url", &self->sub_url, &self->sub_url_origin, error))
    return FALSE;
  if (self->url == NULL)
    {
      potoo_set_error_at (error, POTOO_ERROR_INVALID_ARGUMENT, "/url",
                          _ ("Required: the camera's address, rtsp://host/path"));
      return FALSE;
    }
  forget_password_elsewhere (reading, base);
  if (self->password != NULL && self->username == NULL)
    {
      potoo_set_error_at (error, POTOO_ERROR_INVALID_ARGUMENT, "/password",
                          _ ("A password needs a user name; give it, or remove the password with "
                             "null"));
      return FALSE;
    }
  return check_recording (self, error);
}

PotooCameraSettings *
potoo_camera_settings_read (PotooCameraSettings *base, JsonObject *object, GError **error)
{
  g_autoptr (PotooCameraSettings) self = potoo_camera_settings_copy (base);
  Reading reading = { .self = self, .object = object };
  JsonObjectIter iter;
  const char *name;
  JsonNode *node;

  json_object_iter_init_ordered (&iter, object);
  while (json_object_iter_next_ordered (&iter, &name, &node))
    if (!read_member (self, name, node, error))
      return NULL;
  if (!complete (&reading, base, error))
    return NULL;
  return g_steal_pointer (&self);
}
