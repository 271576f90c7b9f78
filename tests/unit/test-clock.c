/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <glib/gstdio.h>
#include <stdlib.h>

#include "base/potoo-clock.h"

static char *clock_path;

static void
test_format (void)
{
  static const struct
  {
    gint64 us;
    const char *text;
  } cases[] = {
    { 0, "1970-01-01T00:00:00.000000Z" },
    { G_GINT64_CONSTANT (1795256130123456), "2026-11-21T10:15:30.123456Z" },
    { -1, "1969-12-31T23:59:59.999999Z" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *text = potoo_time_format (cases[i].us);
      g_assert_cmpstr (text, ==, cases[i].text);
    }
}

static void
test_parse (void)
{
  static const struct
  {
    const char *text;
    gint64 us;
  } good[] = {
    { "2026-11-21T10:15:30.123456Z", G_GINT64_CONSTANT (1795256130123456) },
    { "2026-11-21T10:15:30Z", G_GINT64_CONSTANT (1795256130000000) },
    { "2026-11-21t12:15:30.5+02:00", G_GINT64_CONSTANT (1795256130500000) },
    { "1970-01-01T00:00:00Z", 0 },
  };
  static const char *const bad[] = {
    "",
    "2026-11-21",
    "2026-11-21T10:15:30",
    "2026-11-21T10:15:30.Z",
    "2026-11-21T10:15:30.1234567Z",
    "2026-02-29T10:15:30Z",
    "2026-13-01T10:15:30Z",
    "2026-11-21T24:00:00Z",
    "2026-11-21T10:15:30+2:00",
    "2026-11-21T10:15:30Zx",
    "1969-12-31T23:59:59Z",
    "1970-01-01T00:00:00+01:00",
    "20261121T101530Z",
  };
  gint64 us;

  for (gsize i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_assert_true (potoo_time_parse (good[i].text, &us));
      g_assert_cmpint (us, ==, good[i].us);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_false (potoo_time_parse (bad[i], &us));
}

static void
test_offset (void)
{
  gint64 offset = potoo_clock_wall_offset_us ();
  gint64 wall = potoo_clock_mono_us () + offset;

  g_assert_cmpint (ABS (potoo_clock_wall_us () - wall), <, 5000);
}

static void
test_seam (void)
{
  gint64 before = potoo_clock_wall_offset_us ();
  gint64 mono = potoo_clock_mono_us ();

  g_assert_true (g_file_set_contents (clock_path, "3600000000\n", -1, NULL));
  g_usleep (100000);
  g_assert_cmpint (potoo_clock_wall_us () - g_get_real_time (), >, 3599000000);
  g_assert_cmpint (potoo_clock_wall_offset_us () - before, >, 3599000000);
  g_assert_cmpint (potoo_clock_mono_us () - mono, <, 60 * POTOO_SECOND_US);
  g_assert_true (g_file_set_contents (clock_path, "0", -1, NULL));
  g_usleep (100000);
  g_assert_cmpint (ABS (potoo_clock_wall_us () - g_get_real_time ()), <, 1000000);
}

static void
test_boot_id (void)
{
  g_assert_cmpuint (strlen (potoo_clock_boot_id ()), ==, 36);
  g_assert_true (potoo_clock_boot_id () == potoo_clock_boot_id ());
}

/* For tests that make a restart look like a power cut. It is read once, hence the other process. */
static void
test_boot_id_of_tests (void)
{
  if (g_test_subprocess ())
    {
      g_setenv ("POTOO_TEST_BOOT_ID", "another", TRUE);
      g_assert_cmpstr (potoo_clock_boot_id (), ==, "another");
      return;
    }
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_passed ();
}

int
main (int argc, char **argv)
{
  int fd = g_file_open_tmp ("potoo-clock-XXXXXX", &clock_path, NULL);
  g_assert_cmpint (fd, >=, 0);
  g_close (fd, NULL);
  g_setenv ("POTOO_TEST_CLOCK", clock_path, TRUE);

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/clock/format", test_format);
  g_test_add_func ("/clock/parse", test_parse);
  g_test_add_func ("/clock/offset", test_offset);
  g_test_add_func ("/clock/seam", test_seam);
  g_test_add_func ("/clock/boot-id", test_boot_id);
  g_test_add_func ("/clock/boot-id-of-tests", test_boot_id_of_tests);
  int status = g_test_run ();
  g_unlink (clock_path);
  g_free (clock_path);
  return status;
}
