/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What potooctl does without a daemon: tables, texts, what people type, passwords. */

#include <fcntl.h>
#include <glib/gstdio.h>
#include <locale.h>
#include <string.h>
#include <unistd.h>

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "ctl/potoo-ctl-arguments.h"
#include "ctl/potoo-ctl-password.h"
#include "ctl/potoo-ctl-table.h"
#include "ctl/potoo-ctl-text.h"

/* --- texts --- */

static void
test_width (void)
{
  g_assert_cmpuint (potoo_ctl_text_width ("Tür", -1), ==, 3);
  g_assert_cmpuint (potoo_ctl_text_width ("東京", -1), ==, 4);
  g_assert_cmpuint (potoo_ctl_text_width ("e\xcc\x81", -1), ==, 1); /* combining acute */
  g_assert_cmpuint (potoo_ctl_text_width ("", -1), ==, 0);
}

static void
test_shorten (void)
{
  static const struct
  {
    const char *text;
    guint width;
    const char *expected;
  } cases[] = {
    { "garage", 6, "garage" }, { "garage", 5, "gara…" }, { "東京都", 5, "東京…" },
    { "東京都", 4, "東…" },    { "garage", 1, "…" },     { "garage", 0, "" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *text = potoo_ctl_text_shorten (cases[i].text, cases[i].width);
      g_assert_cmpstr (text, ==, cases[i].expected);
      g_assert_cmpuint (potoo_ctl_text_width (text, -1), <=, cases[i].width);
    }
}

static char *
wrap (const char *text, guint width)
{
  g_autoptr (GPtrArray) lines = potoo_ctl_text_wrap (text, width);

  g_ptr_array_add (lines, NULL);
  return g_strjoinv ("|", (char **) lines->pdata);
}

static void
test_wrap (void)
{
  static const struct
  {
    const char *text;
    guint width;
    const char *expected;
  } cases[] = {
    { "one two three", 8, "one two|three" },
    { "one two three", 100, "one two three" },
    { "unbreakable", 4, "unbr|eaka|ble" },
    { "/var/lib/potoo", 10, "/var/lib/|potoo" },
    { "東京都", 3, "東|京|都" },
    { "東", 1, "東" }, /* wider than there is room, and yet it ends */
    { "", 5, "" },
    { "  a", 5, "  a" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *lines = wrap (cases[i].text, cases[i].width);
      g_assert_cmpstr (lines, ==, cases[i].expected);
    }
}

static void
test_clean (void)
{
  static const char *const bad[] = { "a\033[31mb",
                                     "a\nb",
                                     "a\tb",
                                     "a\xc2\x9b"
                                     "b",
                                     "a\xe2\x80\xae"
                                     "b",
                                     "a\xff"
                                     "b" };

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree char *text = potoo_ctl_text_clean (bad[i]);
      g_assert_true (g_utf8_validate (text, -1, NULL));
      g_assert_nonnull (strstr (text, "\xef\xbf\xbd"));
      g_assert_null (strpbrk (text, "\033\n\t"));
    }
}

static void
test_figures (void)
{
  static const struct
  {
    gint64 duration_us;
    const char *text;
  } cases[] = {
    { 0, "0.0 s" },
    { 1500000, "1.5 s" },
    { 59 * POTOO_SECOND_US, "59 s" },
    { 61 * POTOO_SECOND_US, "1 min 1 s" },
    { 3700 * POTOO_SECOND_US, "1 h 1 min" },
    { 3 * POTOO_DAY_US, "3 d 0 h" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *text = potoo_ctl_text_from_duration (cases[i].duration_us);
      g_assert_cmpstr (text, ==, cases[i].text);
    }
  g_autofree char *slow = potoo_ctl_text_from_bitrate (512000);
  g_autofree char *fast = potoo_ctl_text_from_bitrate (4040000);
  g_assert_cmpstr (slow, ==, "512 kb/s");
  g_assert_cmpstr (fast, ==, "4.0 Mb/s");
}

/* --- tables --- */

static const PotooCtlColumn columns[] = {
  { "ID" },
  { "NAME", 0, 1 },
  { "FPS", POTOO_CTL_COLUMN_RIGHT | POTOO_CTL_COLUMN_SPARSE, 2 },
  { "REASON", POTOO_CTL_COLUMN_WRAP | POTOO_CTL_COLUMN_SPARSE },
  { NULL },
};

static PotooCtlTable *
make_table (void)
{
  PotooCtlTable *table = potoo_ctl_table_new (columns);

  potoo_ctl_table_add (table, "front");
  potoo_ctl_table_add (table, "東京 door");
  potoo_ctl_table_add (table, "9.5");
  potoo_ctl_table_add (table, NULL);
  potoo_ctl_table_add (table, "garage-with-a-long-id");
  potoo_ctl_table_add (table, "G");
  potoo_ctl_table_add (table, "25.0");
  potoo_ctl_table_add (table, "The camera did not answer within 10 s");
  return table;
}

static void
test_table_plain (void)
{
  g_autoptr (PotooCtlTable) table = make_table ();
  g_autofree char *text = potoo_ctl_table_render (table, 0);

  g_assert_cmpstr (
      text, ==,
      "ID                     NAME        FPS  REASON\n"
      "front                  東京 door   9.5\n"
      "garage-with-a-long-id  G          25.0  The camera did not answer within 10 s\n");
}

/* Whatever the width, no line is wider, and no reason is lost. */
static void
test_table_widths (void)
{
  for (guint width = 20; width < 100; width++)
    {
      g_autoptr (PotooCtlTable) table = make_table ();
      g_autofree char *text = potoo_ctl_table_render (table, width);
      g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
      for (guint i = 0; lines[i] != NULL; i++)
        g_assert_cmpuint (potoo_ctl_text_width (lines[i], -1), <=, width);
      if (width >= 40)
        for (const char *const *word =
                 (const char *const[]){ "did", "answer", "within", "10", NULL };
             *word != NULL; word++)
          g_assert_nonnull (strstr (text, *word));
    }
}

static void
test_table_drops (void)
{
  g_autoptr (PotooCtlTable) wide = make_table (), narrow = make_table ();
  g_autofree char *sixty = potoo_ctl_table_render (wide, 62);
  g_autofree char *fifty = potoo_ctl_table_render (narrow, 50);

  g_assert_null (strstr (sixty, "FPS"));
  g_assert_nonnull (strstr (sixty, "NAME"));
  g_assert_null (strstr (fifty, "NAME"));
  g_assert_nonnull (strstr (fifty, "ID"));
}

static void
test_table_sparse (void)
{
  g_autoptr (PotooCtlTable) table = potoo_ctl_table_new (columns);

  potoo_ctl_table_add (table, "front");
  potoo_ctl_table_add (table, "F");
  potoo_ctl_table_add (table, "");
  potoo_ctl_table_add (table, "");
  g_assert_cmpuint (potoo_ctl_table_get_n_rows (table), ==, 1);
  g_autofree char *text = potoo_ctl_table_render (table, 0);
  g_assert_cmpstr (text, ==, "ID     NAME\nfront  F\n");
}

/* --- what people type --- */

static void
test_times (void)
{
  static const struct
  {
    const char *text;
    gint64 expected_us; /* -1: refused */
  } cases[] = {
    { "now", 1000000 * POTOO_SECOND_US }, /* 1970-01-12T13:46:40Z */
    { "2h", (1000000 - 7200) * POTOO_SECOND_US },
    { "90", (1000000 - 90) * POTOO_SECOND_US },
    { "1970-01-02T00:00:00Z", POTOO_DAY_US },
    { "1970-01-02", POTOO_DAY_US },
    { "1970-01-02 01:02", POTOO_DAY_US + 3720 * POTOO_SECOND_US },
    { "1970-01-02 01:02:03", POTOO_DAY_US + 3723 * POTOO_SECOND_US },
    { "10:00", 11 * POTOO_DAY_US + 36000 * POTOO_SECOND_US },
    { "10:00:30", 11 * POTOO_DAY_US + 36030 * POTOO_SECOND_US },
    { "", -1 },
    { "tomorrow", -1 },
    { "24:00", -1 },
    { "10:61", -1 },
    { "1970-01-02 ", -1 },
    { "1970-01-02 01", -1 },
    { "1970-01-02x01:02", -1 },
    { "1970-13-02", -1 },
    { "1970-1-2", -1 },
    { "1970-01-02 01:02:03x", -1 },
    { "1d-01:02", -1 },
    { "9999999h", -1 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      gint64 wall_us = -1;
      gboolean valid = potoo_ctl_arguments_parse_time ("--start", cases[i].text,
                                                       1000000 * POTOO_SECOND_US, &wall_us, &error);
      g_test_message ("%s", cases[i].text);
      g_assert_cmpint (valid, ==, cases[i].expected_us >= 0);
      if (valid)
        g_assert_cmpint (wall_us, ==, cases[i].expected_us);
      else
        g_assert_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_ARGUMENT);
    }
}

static void
test_hide_password (void)
{
  static const struct
  {
    const char *given, *left;
  } cases[] = {
    { "rtsp://user:secret@host/x", "rtsp://user:******@host/x" },
    { "url=rtsp://user:se@ret@host", "url=rtsp://user:******@host" },
    { "rtsp://user@host/a:b@c", "rtsp://user@host/a:b@c" },
    { "rtsp://host:554/a", "rtsp://host:554/a" },
    { "rtsp://host", "rtsp://host" },
    { "name=a:b@c", "name=a:b@c" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *argument = g_strdup (cases[i].given);
      g_auto (GStrv) copy = potoo_ctl_arguments_take (1, &argument);
      g_assert_cmpstr (copy[0], ==, cases[i].given);
      g_assert_null (copy[1]);
      g_assert_cmpstr (argument, ==, cases[i].left);
    }
}

static void
test_booleans (void)
{
  gboolean value;

  g_assert_true (potoo_ctl_arguments_parse_boolean ("yes", &value) && value);
  g_assert_true (potoo_ctl_arguments_parse_boolean ("off", &value) && !value);
  g_assert_false (potoo_ctl_arguments_parse_boolean ("", &value));
  g_assert_false (potoo_ctl_arguments_parse_boolean ("maybe", &value));
}

static void
test_password_file (void)
{
  g_autofree char *long_line = g_strnfill (5000, 'x');
  const struct
  {
    const char *content, *password; /* NULL: refused */
  } cases[] = {
    { "secret\nnext", "secret" },
    { "secret", "secret" },
    { "se cret\r\n", "se cret" },
    { "\n", "" },
    { "", NULL },
    { "\xff\n", NULL },
    { long_line, NULL },
  };
  g_autofree char *path = g_build_filename (g_get_tmp_dir (), "test-ctl-password-XXXXXX", NULL);
  int fd = g_mkstemp (path);

  g_assert_cmpint (fd, >=, 0);
  close (fd);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_assert_true (g_file_set_contents (path, cases[i].content, -1, NULL));
      char *password = potoo_ctl_password_read (path, &error);
      g_assert_cmpstr (password, ==, cases[i].password);
      g_assert_cmpint (password == NULL, ==, error != NULL);
      potoo_ctl_password_free (password);
    }
  g_unlink (path);
  g_autoptr (GError) error = NULL;
  g_assert_null (potoo_ctl_password_read (path, &error));
  g_assert_error (error, POTOO_ERROR, POTOO_ERROR_NOT_FOUND);
}

int
main (int argc, char **argv)
{
  g_setenv ("TZ", "UTC", TRUE);
  setlocale (LC_ALL, "C.UTF-8");
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ctl/text/width", test_width);
  g_test_add_func ("/ctl/text/shorten", test_shorten);
  g_test_add_func ("/ctl/text/wrap", test_wrap);
  g_test_add_func ("/ctl/text/clean", test_clean);
  g_test_add_func ("/ctl/text/figures", test_figures);
  g_test_add_func ("/ctl/table/plain", test_table_plain);
  g_test_add_func ("/ctl/table/widths", test_table_widths);
  g_test_add_func ("/ctl/table/drops", test_table_drops);
  g_test_add_func ("/ctl/table/sparse", test_table_sparse);
  g_test_add_func ("/ctl/arguments/times", test_times);
  g_test_add_func ("/ctl/arguments/hide-password", test_hide_password);
  g_test_add_func ("/ctl/arguments/booleans", test_booleans);
  g_test_add_func ("/ctl/password/file", test_password_file);
  return g_test_run ();
}
