/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "ctl/potoo-ctl-client.h"

#include <glib/gi18n-lib.h>
#include <signal.h>
#include <string.h>

#include "base/potoo-error.h"
#include "base/potoo-text.h"

/* Longer than the daemon takes for its slowest answer. */
#define TIMEOUT_MS 70000
#define CONNECT_TIMEOUT_MS 5000

struct _PotooCtlClient
{
  GDBusConnection *connection;
};

/* --- errors --- */

static gboolean
is_one_of (const GError *error, const int *codes, gsize n)
{
  for (gsize i = 0; i < n; i++)
    if (g_error_matches (error, G_DBUS_ERROR, codes[i]))
      return TRUE;
  return FALSE;
}

/* Of D-Bus and of GIO to the one enumeration; the daemon's own come as they are. */
static PotooError
get_code (const GError *error)
{
  static const int gone[] = { G_DBUS_ERROR_SERVICE_UNKNOWN, G_DBUS_ERROR_NAME_HAS_NO_OWNER,
                              G_DBUS_ERROR_NO_REPLY, G_DBUS_ERROR_DISCONNECTED };
  static const int missing[] = { G_DBUS_ERROR_UNKNOWN_OBJECT, G_DBUS_ERROR_UNKNOWN_METHOD,
                                 G_DBUS_ERROR_UNKNOWN_INTERFACE };
  static const int denied[] = { G_DBUS_ERROR_ACCESS_DENIED, G_DBUS_ERROR_AUTH_FAILED };

  if (is_one_of (error, gone, G_N_ELEMENTS (gone)) ||
      g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CLOSED))
    return POTOO_ERROR_UNAVAILABLE;
  if (is_one_of (error, missing, G_N_ELEMENTS (missing)))
    return POTOO_ERROR_UNSUPPORTED;
  if (is_one_of (error, denied, G_N_ELEMENTS (denied)))
    return POTOO_ERROR_FORBIDDEN;
  return potoo_error_code_of (error);
}

static void
translate_error (GError **error)
{
  g_autoptr (GError) original = *error;
  PotooError code = get_code (original);

  g_dbus_error_strip_remote_error (original);
  *error = code == POTOO_ERROR_UNAVAILABLE && original->domain != POTOO_ERROR
               ? g_error_new (POTOO_ERROR, (int) code, _ ("Potoo went away: %s"), original->message)
               : g_error_new_literal (POTOO_ERROR, (int) code, original->message);
}

/* --- the connection --- */

static gboolean
has_potoo (GDBusConnection *connection)
{
  g_autoptr (GVariant) answer = g_dbus_connection_call_sync (
      connection, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
      "NameHasOwner", g_variant_new ("(s)", POTOO_BUS_NAME), G_VARIANT_TYPE ("(b)"),
      G_DBUS_CALL_FLAGS_NONE, CONNECT_TIMEOUT_MS, NULL, NULL);
  gboolean has = FALSE;

  if (answer != NULL)
    g_variant_get (answer, "(b)", &has);
  return has;
}

static GDBusConnection *
find_potoo (PotooBusKind kind)
{
  g_autofree char *address = potoo_bus_get_address (kind);
  g_autoptr (GDBusConnection) connection = NULL;

  if (address == NULL)
    return NULL;
  connection = g_dbus_connection_new_for_address_sync (
      address,
      G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
          G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
      NULL, NULL, NULL);
  if (connection == NULL || !has_potoo (connection))
    return NULL;
  g_dbus_connection_set_exit_on_close (connection, FALSE);
  return g_steal_pointer (&connection);
}

static const char *
describe_absence (PotooCtlBus bus)
{
  if (bus == POTOO_CTL_BUS_SESSION)
    return _ ("Potoo is not running on the session bus. Start it with `potoo`, or look for one on "
              "the system bus with --system");
  if (bus == POTOO_CTL_BUS_SYSTEM)
    return _ ("Potoo is not running on the system bus, or you may not talk to it. See `systemctl "
              "status potoo`");
  return _ (
      "Potoo is not running: it is neither on the session bus nor on the system bus. Start it "
      "with `potoo`, or see `systemctl status potoo`");
}

PotooCtlClient *
potoo_ctl_client_new (PotooCtlBus bus, GError **error)
{
  GDBusConnection *connection = NULL;

  potoo_bus_register_errors ();
  if (bus != POTOO_CTL_BUS_SYSTEM)
    connection = find_potoo (POTOO_BUS_SESSION);
  if (connection == NULL && bus != POTOO_CTL_BUS_SESSION)
    connection = find_potoo (POTOO_BUS_SYSTEM);
  if (connection == NULL)
    {
      g_set_error_literal (error, POTOO_ERROR, POTOO_ERROR_UNAVAILABLE, describe_absence (bus));
      return NULL;
    }
  /* GIO ignores it since it has a socket; to end quietly when nobody reads is what programs
   * of the command line do. */
  signal (SIGPIPE, SIG_DFL);
  PotooCtlClient *self = g_new0 (PotooCtlClient, 1);
  self->connection = connection;
  return self;
}

void
potoo_ctl_client_free (PotooCtlClient *self)
{
  g_object_unref (self->connection);
  g_free (self);
}

GDBusConnection *
potoo_ctl_client_get_connection (PotooCtlClient *self)
{
  return self->connection;
}

/* --- calls --- */

static GVariant *
call (PotooCtlClient *self,
      const char *path,
      const char *interface,
      const char *method,
      GVariant *arguments,
      const char *reply,
      GUnixFDList **fds,
      GError **error)
{
  GVariant *answer = g_dbus_connection_call_with_unix_fd_list_sync (
      self->connection, POTOO_BUS_NAME, path, interface, method, arguments, G_VARIANT_TYPE (reply),
      G_DBUS_CALL_FLAGS_NO_AUTO_START, TIMEOUT_MS, NULL, fds, NULL, error);

  return answer;
}

GVariant *
potoo_ctl_client_call (PotooCtlClient *self,
                       const char *method,
                       GVariant *arguments,
                       const char *reply,
                       GError **error)
{
  g_autoptr (GError) inner = NULL;
  GVariant *answer = call (self, POTOO_BUS_PATH, POTOO_BUS_MANAGER, method, arguments, reply, NULL,
                           &inner);

  if (answer != NULL)
    return answer;
  translate_error (&inner);
  g_propagate_error (error, g_steal_pointer (&inner));
  return NULL;
}

static void
set_no_camera (const char *id, GError **error)
{
  g_autofree char *valid = g_utf8_make_valid (id, -1);

  g_set_error (error, POTOO_ERROR, POTOO_ERROR_NOT_FOUND,
               _ ("There is no camera “%s”; potooctl cameras lists them"), valid);
}

/* An object that is not there is a camera that is not there. */
static GVariant *
call_camera_object (PotooCtlClient *self,
                    const char *id,
                    const char *interface,
                    const char *method,
                    GVariant *arguments,
                    const char *reply,
                    GUnixFDList **fds,
                    GError **error)
{
  g_autoptr (GVariant) owned = arguments != NULL ? g_variant_ref_sink (arguments) : NULL;
  g_autoptr (GError) inner = NULL;

  if (!potoo_slug_is_valid (id))
    {
      set_no_camera (id, error);
      return NULL;
    }
  g_autofree char *path = potoo_bus_camera_path (id);
  GVariant *answer = call (self, path, interface, method, owned, reply, fds, &inner);
  if (answer != NULL)
    return answer;
  if (g_error_matches (inner, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_OBJECT) ||
      g_error_matches (inner, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_METHOD))
    set_no_camera (id, error);
  else
    {
      translate_error (&inner);
      g_propagate_error (error, g_steal_pointer (&inner));
    }
  return NULL;
}

JsonObject *
potoo_ctl_client_call_json (PotooCtlClient *self, const char *method, GError **error)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autoptr (GVariant) answer = potoo_ctl_client_call (self, method, NULL, "(s)", error);
  const char *text;

  if (answer == NULL)
    return NULL;
  g_variant_get (answer, "(&s)", &text);
  if (!json_parser_load_from_data (parser, text, -1, error))
    return NULL;
  return json_object_ref (json_node_get_object (json_parser_get_root (parser)));
}

GVariant *
potoo_ctl_client_call_camera (PotooCtlClient *self,
                              const char *id,
                              const char *method,
                              GVariant *arguments,
                              const char *reply,
                              GError **error)
{
  return call_camera_object (self, id, POTOO_BUS_CAMERA, method, arguments, reply, NULL, error);
}

int
potoo_ctl_client_call_camera_fd (PotooCtlClient *self,
                                 const char *id,
                                 const char *method,
                                 GVariant *arguments,
                                 GError **error)
{
  g_autoptr (GUnixFDList) fds = NULL;
  g_autoptr (GVariant) answer = call_camera_object (self, id, POTOO_BUS_CAMERA, method, arguments,
                                                    "(h)", &fds, error);
  int index;

  if (answer == NULL)
    return -1;
  g_variant_get (answer, "(h)", &index);
  if (fds != NULL && index < g_unix_fd_list_get_length (fds))
    return g_unix_fd_list_get (fds, index, error);
  g_set_error_literal (error, POTOO_ERROR, POTOO_ERROR_CORRUPT, _ ("The answer has no file"));
  return -1;
}

/* --- properties --- */

static GVariant *
unpack (GVariant *answer)
{
  GVariant *properties = NULL;

  if (answer != NULL)
    g_variant_get (answer, "(@a{sv})", &properties);
  return properties;
}

GVariant *
potoo_ctl_client_get_manager (PotooCtlClient *self, GError **error)
{
  g_autoptr (GError) inner = NULL;
  g_autoptr (GVariant)
      answer = call (self, POTOO_BUS_PATH, "org.freedesktop.DBus.Properties", "GetAll",
                     g_variant_new ("(s)", POTOO_BUS_MANAGER), "(a{sv})", NULL, &inner);

  if (answer == NULL)
    {
      translate_error (&inner);
      g_propagate_error (error, g_steal_pointer (&inner));
    }
  return unpack (answer);
}

GVariant *
potoo_ctl_client_get_camera (PotooCtlClient *self, const char *id, GError **error)
{
  g_autoptr (GVariant)
      answer = call_camera_object (self, id, "org.freedesktop.DBus.Properties", "GetAll",
                                   g_variant_new ("(s)", POTOO_BUS_CAMERA), "(a{sv})", NULL, error);

  return unpack (answer);
}

static int
compare_ids (gconstpointer a, gconstpointer b)
{
  const char *first = "", *second = "";

  g_variant_lookup (*(GVariant **) a, "Id", "&s", &first);
  g_variant_lookup (*(GVariant **) b, "Id", "&s", &second);
  return strcmp (first, second);
}

gboolean
potoo_ctl_client_check_cameras (PotooCtlClient *self, char **ids, GError **error)
{
  for (; *ids != NULL; ids++)
    {
      g_autoptr (GVariant) camera = potoo_ctl_client_get_camera (self, *ids, error);
      if (camera == NULL)
        return FALSE;
    }
  return TRUE;
}

GPtrArray *
potoo_ctl_client_list_cameras (PotooCtlClient *self, GError **error)
{
  g_autoptr (GError) inner = NULL;
  g_autoptr (GVariant) answer = call (self, POTOO_BUS_PATH, "org.freedesktop.DBus.ObjectManager",
                                      "GetManagedObjects", NULL, "(a{oa{sa{sv}}})", NULL, &inner);
  g_autoptr (GVariantIter) objects = NULL;
  GVariant *interfaces;

  if (answer == NULL)
    {
      translate_error (&inner);
      g_propagate_error (error, g_steal_pointer (&inner));
      return NULL;
    }
  GPtrArray *cameras = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
  g_variant_get (answer, "(a{oa{sa{sv}}})", &objects);
  while (g_variant_iter_next (objects, "{&o@a{sa{sv}}}", NULL, &interfaces))
    {
      GVariant *camera = g_variant_lookup_value (interfaces, POTOO_BUS_CAMERA,
                                                 G_VARIANT_TYPE_VARDICT);
      if (camera != NULL)
        g_ptr_array_add (cameras, camera);
      g_variant_unref (interfaces);
    }
  g_ptr_array_sort (cameras, compare_ids);
  return cameras;
}
