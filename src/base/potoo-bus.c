/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "base/potoo-bus.h"

#include "base/potoo-error.h"

#define ERROR_PREFIX POTOO_BUS_NAME ".Error."

/* g_dbus_address_get_for_bus_sync() would start a bus with dbus-launch, and wait for it. */
char *
potoo_bus_get_address (PotooBusKind kind)
{
  const char *given = g_getenv (kind == POTOO_BUS_SYSTEM ? "DBUS_SYSTEM_BUS_ADDRESS"
                                                         : "DBUS_SESSION_BUS_ADDRESS");
  const char *runtime_dir = g_getenv ("XDG_RUNTIME_DIR");

  if (given != NULL && given[0] != '\0')
    return g_str_has_prefix (given, "disabled:") ? NULL : g_strdup (given);
  if (kind == POTOO_BUS_SYSTEM)
    return g_strdup ("unix:path=/run/dbus/system_bus_socket");
  if (runtime_dir == NULL || runtime_dir[0] == '\0')
    return NULL;
  g_autofree char *path = g_build_filename (runtime_dir, "bus", NULL);
  g_autofree char *escaped = g_dbus_address_escape_value (path);
  return g_strconcat ("unix:path=", escaped, NULL);
}

char *
potoo_bus_camera_path (const char *id)
{
  g_return_val_if_fail (id != NULL && id[0] != '\0', NULL);

  GString *path = g_string_new (POTOO_BUS_CAMERA_PATH "/");
  for (const char *c = id; *c != '\0'; c++)
    if (g_ascii_isalpha (*c) || (g_ascii_isdigit (*c) && c != id))
      g_string_append_c (path, *c);
    else
      g_string_append_printf (path, "_%02x", (guchar) *c);
  return g_string_free (path, FALSE);
}

/* "not-found" → "org.potoo.Nvr1.Error.NotFound" */
static char *
make_error_name (PotooError code)
{
  GString *name = g_string_new (ERROR_PREFIX);
  gboolean first = TRUE;

  for (const char *c = potoo_error_id (code); *c != '\0'; c++)
    {
      if (*c != '-')
        g_string_append_c (name, first ? g_ascii_toupper (*c) : *c);
      first = *c == '-';
    }
  return g_string_free (name, FALSE);
}

void
potoo_bus_register_errors (void)
{
  static gsize registered = 0;

  if (!g_once_init_enter (&registered))
    return;
  for (int code = 0; code < POTOO_N_ERRORS; code++)
    {
      g_autofree char *name = make_error_name ((PotooError) code);
      g_dbus_error_register_error (POTOO_ERROR, code, name);
    }
  g_once_init_leave (&registered, 1);
}
