/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * `potooctl watch`: a line for each change. Nothing is asked for again and again: after one look
 * at all cameras it lives on signals alone, also while Potoo is away.
 */

#include <glib-unix.h>
#include <glib/gi18n-lib.h>
#include <stdio.h>
#include <string.h>

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "ctl/potoo-ctl-command.h"
#include "ctl/potoo-ctl-json.h"
#include "ctl/potoo-ctl-row.h"
#include "ctl/potoo-ctl-text.h"

typedef struct
{
  PotooCtl *ctl;
  char **ids; /* only these; empty: all */
  GMainLoop *loop;
  GHashTable *cameras; /* object path → id */
  gboolean away;       /* Potoo is */
  GError *error;       /* (nullable): why it ended */
} Watch;

/* --- telling --- */

static gboolean
is_wanted (Watch *watch, const char *id)
{
  return watch->ids[0] == NULL || g_strv_contains ((const char *const *) watch->ids, id);
}

static void
print_text (const char *id, const char *text)
{
  g_autofree char *time = potoo_ctl_text_from_time (potoo_clock_wall_us ());
  g_autofree char *line = g_strdup_printf ("%s  %s  %s", time, id, text);
  g_autofree char *clean = potoo_ctl_text_clean (line);

  g_print ("%s\n", clean);
}

/* @members: taken */
static void
print_json (const char *event, const char *id, const char *name, JsonObject *members)
{
  JsonObject *object = json_object_new ();
  g_autofree char *time = potoo_time_format (potoo_clock_wall_us ());

  json_object_set_string_member (object, "time", time);
  json_object_set_string_member (object, "event", event);
  if (id != NULL)
    json_object_set_string_member (object, "camera", id);
  if (members != NULL)
    json_object_set_object_member (object, name, members);
  potoo_ctl_json_print_object (object);
}

/* What happened to a camera, or to Potoo itself when @id is NULL: for scripts @event with what it
 * is about, for people @text. Both @members and @text: (transfer full) (nullable) */
static void
tell (Watch *watch,
      const char *event,
      const char *id,
      const char *name,
      JsonObject *members,
      char *text)
{
  g_autoptr (JsonObject) own_members = members;
  g_autofree char *own_text = text;

  if (watch->ctl->json)
    print_json (event, id, name, g_steal_pointer (&own_members));
  else if (text != NULL)
    print_text (id != NULL ? id : "potoo", text);
  fflush (stdout);
  if (ferror (stdout))
    g_main_loop_quit (watch->loop);
}

/* --- cameras --- */

static char *
describe_state (GVariant *properties)
{
  const char *state = NULL, *reason = "";

  g_variant_lookup (properties, "State", "&s", &state);
  g_variant_lookup (properties, "Reason", "&s", &reason);
  if (state == NULL)
    return reason[0] != '\0' ? g_strdup (reason) : NULL;
  return reason[0] != '\0' ? g_strdup_printf ("%s: %s", state, reason) : g_strdup (state);
}

static void
tell_added (Watch *watch, const char *path, GVariant *camera)
{
  const char *id = "";

  g_variant_lookup (camera, "Id", "&s", &id);
  g_hash_table_insert (watch->cameras, g_strdup (path), g_strdup (id));
  if (!is_wanted (watch, id))
    return;
  char *text = describe_state (camera);
  tell (watch, "camera", id, "values", potoo_ctl_json_from_camera (camera),
        text != NULL ? text : g_strdup (""));
}

/* In words, one change may be several. */
static void
tell_changed (Watch *watch, const char *id, GVariant *changed)
{
  gboolean recording;

  if (watch->ctl->json)
    {
      tell (watch, "changed", id, "values", potoo_ctl_json_from_camera (changed), NULL);
      return;
    }
  tell (watch, NULL, id, NULL, NULL, describe_state (changed));
  if (g_variant_lookup (changed, "Recording", "b", &recording))
    tell (watch, NULL, id, NULL, NULL,
          g_strdup (recording ? _ ("recording") : _ ("not recording")));
  if (g_variant_lookup (changed, "Settings", "a{sv}", NULL))
    tell (watch, NULL, id, NULL, NULL, g_strdup (_ ("settings changed")));
}

/* Whether anything but measurements changed. */
static gboolean
is_worth_telling (GVariant *changed)
{
  static const char *const measured[] = { "Fps", "Bitrate", NULL };
  GVariantIter iter;
  const char *name;
  gboolean worth = FALSE;

  g_variant_iter_init (&iter, changed);
  while (!worth && g_variant_iter_next (&iter, "{&sv}", &name, NULL))
    worth = !g_strv_contains (measured, name);
  return worth;
}

static void
on_properties (GDBusConnection *connection,
               const char *sender,
               const char *path,
               const char *interface,
               const char *signal,
               GVariant *parameters,
               gpointer user_data)
{
  Watch *watch = user_data;
  const char *id = g_hash_table_lookup (watch->cameras, path);

  if (id == NULL || !is_wanted (watch, id) ||
      !g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(sa{sv}as)")))
    return;
  g_autoptr (GVariant) changed = g_variant_get_child_value (parameters, 1);
  if (is_worth_telling (changed))
    tell_changed (watch, id, changed);
}

static void
on_objects (GDBusConnection *connection,
            const char *sender,
            const char *path,
            const char *interface,
            const char *signal,
            GVariant *parameters,
            gpointer user_data)
{
  Watch *watch = user_data;
  const char *object;

  if (strcmp (signal, "InterfacesAdded") == 0 &&
      g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(oa{sa{sv}})")))
    {
      g_autoptr (GVariant) interfaces = g_variant_get_child_value (parameters, 1);
      g_autoptr (GVariant)
          camera = g_variant_lookup_value (interfaces, POTOO_BUS_CAMERA, G_VARIANT_TYPE_VARDICT);
      g_variant_get_child (parameters, 0, "&o", &object);
      if (camera != NULL && !g_hash_table_contains (watch->cameras, object))
        tell_added (watch, object, camera);
    }
  else if (strcmp (signal, "InterfacesRemoved") == 0 &&
           g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(oas)")))
    {
      g_variant_get_child (parameters, 0, "&o", &object);
      const char *id = g_hash_table_lookup (watch->cameras, object);
      if (id != NULL && is_wanted (watch, id))
        tell (watch, "removed", id, NULL, NULL, g_strdup (_ ("removed")));
      g_hash_table_remove (watch->cameras, object);
    }
}

/* --- recordings --- */

static char *
describe_gap (GVariant *gap)
{
  const char *cause = potoo_ctl_row_get_text (gap, "cause");
  gint64 end_us = potoo_ctl_row_get_int64 (gap, "end");

  if (end_us == 0)
    return g_strdup_printf (_ ("gap begins (%s)"), cause);
  g_autofree char *length = potoo_ctl_text_from_duration (
      MAX (end_us - potoo_ctl_row_get_int64 (gap, "start"), 0));
  return g_strdup_printf (_ ("gap of %s ended (%s)"), length, cause);
}

static char *
describe_segment (GVariant *segment)
{
  return g_strdup_printf (_ ("segment %s is %s"), potoo_ctl_row_get_text (segment, "id"),
                          potoo_ctl_row_get_text (segment, "state"));
}

static void
on_recording (GDBusConnection *connection,
              const char *sender,
              const char *path,
              const char *interface,
              const char *signal,
              GVariant *parameters,
              gpointer user_data)
{
  Watch *watch = user_data;
  const char *id = g_hash_table_lookup (watch->cameras, path);
  gboolean is_gap = strcmp (signal, "GapChanged") == 0;

  if (id == NULL || !is_wanted (watch, id) ||
      !g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(a{sv})")))
    return;
  g_autoptr (GVariant) dict = g_variant_get_child_value (parameters, 0);
  const char *event = is_gap ? "gap" : "segment";
  tell (watch, event, id, event, potoo_ctl_json_from_dict (dict),
        is_gap ? describe_gap (dict) : describe_segment (dict));
}

/* --- events and locks --- */

static char *
describe_event (GVariant *event)
{
  const char *title = potoo_ctl_row_get_text (event, "title");
  gint64 start_us = potoo_ctl_row_get_int64 (event, "start");
  gint64 end_us = potoo_ctl_row_get_int64 (event, "end");
  GString *text = g_string_new (NULL);

  g_string_append_printf (text, _ ("event: %s"), potoo_ctl_row_get_text (event, "kind"));
  if (end_us == 0)
    g_string_append_printf (text, " %s", _ ("goes on"));
  else if (end_us > start_us)
    {
      g_autofree char *length = potoo_ctl_text_from_duration (end_us - start_us);
      g_string_append_printf (text, " %s", length);
    }
  if (title[0] != '\0')
    g_string_append_printf (text, ": %s", title);
  return g_string_free (text, FALSE);
}

static char *
describe_lock (GVariant *lock)
{
  g_autofree char *start = potoo_ctl_text_from_time (potoo_ctl_row_get_int64 (lock, "start"));
  g_autofree char *end = potoo_ctl_text_from_time (potoo_ctl_row_get_int64 (lock, "end"));

  return g_strdup_printf (_ ("locked from %s to %s: %s"), start, end,
                          potoo_ctl_row_get_text (lock, "reason"));
}

static char *
describe_gone (const char *event, const char *id)
{
  if (strcmp (event, "segment-removed") == 0)
    return g_strdup_printf (_ ("segment %s is gone"), id);
  if (strcmp (event, "event-removed") == 0)
    return g_strdup_printf (_ ("event %s is gone"), id);
  return g_strdup_printf (_ ("lock %s is gone"), id);
}

/* Only ids are known of what is gone: of whose cameras they were nobody can tell. */
static void
tell_gone (Watch *watch, const char *signal, const char *id)
{
  const char *event = g_str_has_prefix (signal, "Segment") ? "segment-removed"
                      : g_str_has_prefix (signal, "Event") ? "event-removed"
                                                           : "lock-removed";

  if (watch->ids[0] != NULL)
    return;
  JsonObject *object = json_object_new ();
  json_object_set_string_member (object, "id", id);
  tell (watch, event, NULL, "values", object, describe_gone (event, id));
}

static void
on_manager (GDBusConnection *connection,
            const char *sender,
            const char *path,
            const char *interface,
            const char *signal,
            GVariant *parameters,
            gpointer user_data)
{
  Watch *watch = user_data;
  gboolean is_lock = g_str_has_prefix (signal, "Lock");
  const char *id = "";

  if (g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(s)")))
    {
      g_variant_get (parameters, "(&s)", &id);
      tell_gone (watch, signal, id);
      return;
    }
  if (!g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(a{sv})")))
    return;
  g_autoptr (GVariant) dict = g_variant_get_child_value (parameters, 0);
  g_variant_lookup (dict, "camera", "&s", &id);
  if (is_wanted (watch, id))
    tell (watch, is_lock ? "lock" : "event", id, "values", potoo_ctl_json_from_dict (dict),
          is_lock ? describe_lock (dict) : describe_event (dict));
}

/* --- Potoo itself --- */

static void
look_at_all (Watch *watch)
{
  g_autoptr (GPtrArray) cameras = potoo_ctl_client_list_cameras (watch->ctl->client, NULL);

  for (guint i = 0; cameras != NULL && i < cameras->len; i++)
    {
      const char *id = "";
      g_variant_lookup (cameras->pdata[i], "Id", "&s", &id);
      g_autofree char *path = potoo_bus_camera_path (id);
      tell_added (watch, path, cameras->pdata[i]);
    }
}

static void
on_appeared (GDBusConnection *connection, const char *name, const char *owner, gpointer user_data)
{
  Watch *watch = user_data;

  if (watch->away)
    tell (watch, "back", NULL, NULL, NULL, g_strdup (_ ("is back")));
  watch->away = FALSE;
  look_at_all (watch);
}

static void
on_vanished (GDBusConnection *connection, const char *name, gpointer user_data)
{
  Watch *watch = user_data;

  if (connection == NULL || watch->away)
    return;
  watch->away = TRUE;
  g_hash_table_remove_all (watch->cameras);
  tell (watch, "away", NULL, NULL, NULL, g_strdup (_ ("went away; waiting for it")));
}

static void
on_closed (GDBusConnection *connection, gboolean vanished, const GError *error, gpointer user_data)
{
  Watch *watch = user_data;

  g_set_error_literal (&watch->error, POTOO_ERROR, POTOO_ERROR_UNAVAILABLE,
                       _ ("The bus went away"));
  g_main_loop_quit (watch->loop);
}

/* --- the loop --- */

static gboolean
on_signal (gpointer user_data)
{
  g_main_loop_quit (((Watch *) user_data)->loop);
  return G_SOURCE_CONTINUE;
}

static void
subscribe (Watch *watch, GDBusConnection *connection)
{
  const struct
  {
    const char *interface, *member, *path, *argument;
    GDBusSignalCallback callback;
  } signals[] = {
    { "org.freedesktop.DBus.Properties", "PropertiesChanged", NULL, POTOO_BUS_CAMERA,
      on_properties },
    { "org.freedesktop.DBus.ObjectManager", NULL, POTOO_BUS_PATH, NULL, on_objects },
    { POTOO_BUS_CAMERA, NULL, NULL, NULL, on_recording },
    { POTOO_BUS_MANAGER, NULL, POTOO_BUS_PATH, NULL, on_manager },
  };

  for (guint i = 0; i < G_N_ELEMENTS (signals); i++)
    g_dbus_connection_signal_subscribe (connection, POTOO_BUS_NAME, signals[i].interface,
                                        signals[i].member, signals[i].path, signals[i].argument,
                                        G_DBUS_SIGNAL_FLAGS_NONE, signals[i].callback, watch, NULL);
}

static void
run_loop (Watch *watch, GDBusConnection *connection)
{
  g_unix_signal_add (SIGINT, on_signal, watch);
  g_unix_signal_add (SIGTERM, on_signal, watch);
  gulong closed = g_signal_connect (connection, "closed", G_CALLBACK (on_closed), watch);
  subscribe (watch, connection);
  guint name = g_bus_watch_name_on_connection (connection, POTOO_BUS_NAME,
                                               G_BUS_NAME_WATCHER_FLAGS_NONE, on_appeared,
                                               on_vanished, watch, NULL);
  g_main_loop_run (watch->loop);
  g_bus_unwatch_name (name);
  g_signal_handler_disconnect (connection, closed);
}

gboolean
potoo_ctl_watch (PotooCtl *ctl, int argc, char **argv, GError **error)
{
  if (!potoo_ctl_parse (ctl, NULL, NULL, 0, G_MAXINT - 1, &argc, &argv, error) ||
      potoo_ctl_get_client (ctl, error) == NULL ||
      !potoo_ctl_client_check_cameras (ctl->client, argv, error))
    return FALSE;
  Watch watch = {
    .ctl = ctl,
    .ids = argv,
    .loop = g_main_loop_new (NULL, FALSE),
    .cameras = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free),
  };
  run_loop (&watch, potoo_ctl_client_get_connection (ctl->client));
  g_hash_table_unref (watch.cameras);
  g_main_loop_unref (watch.loop);
  if (watch.error == NULL)
    return TRUE;
  g_propagate_error (error, watch.error);
  return FALSE;
}
