/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "base/potoo-bus.h"

#include "base/potoo-error.h"

static void
test_camera_path (void)
{
  static const struct
  {
    const char *id, *path;
  } cases[] = {
    { "front", "/org/potoo/Nvr1/camera/front" },
    { "front-door", "/org/potoo/Nvr1/camera/front_2ddoor" },
    { "2nd-cam", "/org/potoo/Nvr1/camera/_32nd_2dcam" },
    { "a1-2", "/org/potoo/Nvr1/camera/a1_2d2" },
    { "7", "/org/potoo/Nvr1/camera/_37" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = potoo_bus_camera_path (cases[i].id);
      g_assert_cmpstr (path, ==, cases[i].path);
      g_assert_true (g_variant_is_object_path (path));
    }
}

static void
assert_address (PotooBusKind kind, const char *expected)
{
  g_autofree char *address = potoo_bus_get_address (kind);

  g_assert_cmpstr (address, ==, expected);
}

static void
test_address (void)
{
  g_setenv ("DBUS_SESSION_BUS_ADDRESS", "unix:path=/x", TRUE);
  g_setenv ("XDG_RUNTIME_DIR", "/run/user/1,2", TRUE);
  assert_address (POTOO_BUS_SESSION, "unix:path=/x");
  g_setenv ("DBUS_SESSION_BUS_ADDRESS", "disabled:", TRUE);
  assert_address (POTOO_BUS_SESSION, NULL);
  g_setenv ("DBUS_SESSION_BUS_ADDRESS", "", TRUE);
  assert_address (POTOO_BUS_SESSION, "unix:path=/run/user/1%2C2/bus");
  g_unsetenv ("DBUS_SESSION_BUS_ADDRESS");
  assert_address (POTOO_BUS_SESSION, "unix:path=/run/user/1%2C2/bus");
  g_unsetenv ("XDG_RUNTIME_DIR");
  assert_address (POTOO_BUS_SESSION, NULL);

  g_unsetenv ("DBUS_SYSTEM_BUS_ADDRESS");
  assert_address (POTOO_BUS_SYSTEM, "unix:path=/run/dbus/system_bus_socket");
  g_setenv ("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/y", TRUE);
  assert_address (POTOO_BUS_SYSTEM, "unix:path=/y");
}

/* Each code has a name of its own, and comes back as itself. */
static void
test_errors (void)
{
  g_autoptr (GHashTable) names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  potoo_bus_register_errors ();
  potoo_bus_register_errors ();
  for (int code = 0; code < POTOO_N_ERRORS; code++)
    {
      g_autoptr (GError) error = g_error_new_literal (POTOO_ERROR, code, "text");
      char *name = g_dbus_error_encode_gerror (error);
      g_autoptr (GError) back = g_dbus_error_new_for_dbus_error (name, "text");
      g_assert_error (back, POTOO_ERROR, code);
      g_assert_true (g_dbus_is_error_name (name));
      g_assert_true (g_hash_table_add (names, name));
    }
  g_assert_true (g_hash_table_contains (names, "org.potoo.Nvr1.Error.NotFound"));
  g_assert_true (g_hash_table_contains (names, "org.potoo.Nvr1.Error.RangeNotSatisfiable"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/bus/camera-path", test_camera_path);
  g_test_add_func ("/bus/address", test_address);
  g_test_add_func ("/bus/errors", test_errors);
  return g_test_run ();
}
