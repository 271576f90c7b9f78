/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <string.h>

#include "base/potoo-error.h"
#include "base/potoo-log.h"

static void
test_table (void)
{
  g_autoptr (GHashTable) ids = g_hash_table_new (g_str_hash, g_str_equal);

  for (int code = 0; code < POTOO_N_ERRORS; code++)
    {
      const char *id = potoo_error_id ((PotooError) code);
      g_assert_nonnull (id);
      g_assert_true (g_hash_table_add (ids, (gpointer) id));
      g_assert_nonnull (potoo_error_title ((PotooError) code));
      g_assert_cmpuint (potoo_error_http_status ((PotooError) code), >=, 400);
      g_assert_cmpint (potoo_error_exit_status ((PotooError) code), !=, 0);
    }
  g_assert_cmpint (potoo_error_exit_status (POTOO_ERROR_INVALID_CONFIG), ==, 78);
}

static void
test_pointer (void)
{
  g_autoptr (GError) error = NULL;
  GError *inner = potoo_error_new_at (POTOO_ERROR_INVALID_ARGUMENT, "/url", "%s is bad", "x");

  g_propagate_prefixed_error (&error, inner, "camera: ");
  g_assert_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_ARGUMENT);
  g_assert_cmpstr (error->message, ==, "camera: x is bad");
  g_assert_cmpstr (potoo_error_get_pointer (error), ==, "/url");
  g_autoptr (GError) copy = g_error_copy (error);
  g_assert_cmpstr (potoo_error_get_pointer (copy), ==, "/url");

  g_autoptr (GError) other = g_error_new (G_IO_ERROR, G_IO_ERROR_FAILED, "x");
  g_assert_null (potoo_error_get_pointer (other));
  potoo_set_error_at (NULL, POTOO_ERROR_FAILED, NULL, "ignored");
}

static void
test_codes (void)
{
  g_autoptr (GError) full = NULL;
  g_autoptr (GError) io = g_error_new (G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "x");

  potoo_set_error_errno (&full, ENOSPC, "Cannot write %s", "/x");
  g_assert_error (full, POTOO_ERROR, POTOO_ERROR_DISK_FULL);
  g_assert_cmpstr (full->message, ==, "Cannot write /x: No space left on device");
  g_assert_cmpint (potoo_error_code_of (full), ==, POTOO_ERROR_DISK_FULL);
  g_assert_cmpint (potoo_error_code_of (io), ==, POTOO_ERROR_TIMEOUT);
}

static void
test_mask (void)
{
  static const struct
  {
    const char *text, *masked;
  } cases[] = {
    { "Cannot open rtsp://bob:se@cret@cam/1?x=y@z", "Cannot open rtsp://***@cam/1?x=y@z" },
    { "rtsps://bob@cam:322/ and http://a:b@c", "rtsps://***@cam:322/ and http://***@c" },
    { "rtsp://cam/path@home", "rtsp://cam/path@home" },
    { "no url: mail bob@home", "no url: mail bob@home" },
    { "://x:y@z", "://x:y@z" },
    { "", "" },
    { "rtsp://cam/1?user=bob&password=se=cr@t&x=1 failed",
      "rtsp://cam/1?user=bob&password=***&x=1 failed" },
    { "'http://cam/x.cgi?PWD=secret'", "'http://cam/x.cgi?PWD=***'" },
    { "rtsp://cam/user=bob&password=&channel=1", "rtsp://cam/user=bob&password=***&channel=1" },
    { "rtsp://cam/user=bob_password=tlJ\xff_channel=1.sdp", "rtsp://cam/user=bob_password=***" },
    { "rtsp://cam/compass=north", "rtsp://cam/compass=north" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *masked = potoo_mask_secrets (cases[i].text);
      g_assert_cmpstr (masked, ==, cases[i].masked);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/error/table", test_table);
  g_test_add_func ("/error/pointer", test_pointer);
  g_test_add_func ("/error/codes", test_codes);
  g_test_add_func ("/log/mask", test_mask);
  return g_test_run ();
}
