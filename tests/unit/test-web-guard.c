/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "web/potoo-web-guard.h"

static void
test_host (void)
{
  static const char *const good[] = {
    "127.0.0.1", "127.0.0.1:8080", "localhost",    "LocalHost:1",       "192.168.1.20:65535",
    "[::1]",     "[::1]:8080",     "[fe80::1]:80", "[::ffff:10.0.0.1]",
  };
  static const char *const bad[] = {
    "",
    "potoo.example",
    "localhost.evil.example",
    "localhost.",
    "127.0.0.1.evil.example",
    "127.0.0.1:",
    "127.0.0.1:0",
    "127.0.0.1:65536",
    "127.0.0.1:80a",
    "127.0.0.1:+80",
    "127.0.0.1: 80",
    "127.0.0.1:8080:8080",
    "127.1",
    "2130706433",
    "0x7f.0.0.1",
    "::1",
    "[::1",
    "[]",
    "[",
    "[127.0.0.1]",
    "[::1]x",
    "[::1%25lo]",
    "[::1%lo]",
    "user@127.0.0.1",
    " 127.0.0.1",
    "127.0.0.1, 127.0.0.1",
    "127.0.0.1/x",
  };

  g_assert_false (potoo_web_guard_host_is_literal (NULL));
  for (gsize i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_test_message ("%s", good[i]);
      g_assert_true (potoo_web_guard_host_is_literal (good[i]));
    }
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_test_message ("%s", bad[i]);
      g_assert_false (potoo_web_guard_host_is_literal (bad[i]));
    }
}

typedef struct
{
  PotooWebGuardFacts facts;
  PotooWebGuard expected;
} Row;

static const Row rows[] = {
  { { "127.0.0.1:8080", NULL, NULL, FALSE }, POTOO_WEB_GUARD_PASS },
  { { NULL, NULL, NULL, FALSE }, POTOO_WEB_GUARD_HOST },
  { { "evil.example:8080", NULL, NULL, FALSE }, POTOO_WEB_GUARD_HOST },
  { { "evil.example", "http://evil.example", NULL, FALSE }, POTOO_WEB_GUARD_HOST },
  { { "127.0.0.1:8080", "http://127.0.0.1:8080", NULL, FALSE }, POTOO_WEB_GUARD_PASS },
  { { "LOCALHOST:8080", "http://localhost:8080", NULL, FALSE }, POTOO_WEB_GUARD_PASS },
  { { "127.0.0.1", "http://127.0.0.1:80", NULL, FALSE }, POTOO_WEB_GUARD_PASS },
  { { "[::1]:8080", "http://[::1]:8080", "same-origin", FALSE }, POTOO_WEB_GUARD_PASS },
  { { "127.0.0.1:8080", "http://127.0.0.1:8081", NULL, FALSE }, POTOO_WEB_GUARD_ORIGIN },
  { { "127.0.0.1:8080", "http://127.0.0.1", NULL, FALSE }, POTOO_WEB_GUARD_ORIGIN },
  { { "127.0.0.1:8080", "http://localhost:8080", NULL, FALSE }, POTOO_WEB_GUARD_ORIGIN },
  { { "127.0.0.1:8080", "https://127.0.0.1:8080", NULL, FALSE }, POTOO_WEB_GUARD_ORIGIN },
  { { "127.0.0.1:8080", "http://evil.example", NULL, FALSE }, POTOO_WEB_GUARD_ORIGIN },
  { { "127.0.0.1:8080", "null", NULL, FALSE }, POTOO_WEB_GUARD_ORIGIN },
  { { "127.0.0.1:8080", "", NULL, FALSE }, POTOO_WEB_GUARD_ORIGIN },
  { { "127.0.0.1:8080", "http://127.0.0.1:8080/", NULL, FALSE }, POTOO_WEB_GUARD_ORIGIN },
  { { "127.0.0.1:8080", "http://127.0.0.1:8080, http://evil.example", NULL, FALSE },
    POTOO_WEB_GUARD_ORIGIN },
  { { "127.0.0.1:8080", NULL, "cross-site", FALSE }, POTOO_WEB_GUARD_ORIGIN },
  { { "127.0.0.1:8080", NULL, "Cross-Site", FALSE }, POTOO_WEB_GUARD_ORIGIN },
  { { "127.0.0.1:8080", NULL, "none", FALSE }, POTOO_WEB_GUARD_PASS },
  { { "127.0.0.1:8080", NULL, "cross-site", FALSE, TRUE }, POTOO_WEB_GUARD_PASS },
  { { "127.0.0.1:8080", "http://evil.example", "cross-site", FALSE, TRUE },
    POTOO_WEB_GUARD_ORIGIN },
  { { "evil.example:8080", NULL, "cross-site", FALSE, TRUE }, POTOO_WEB_GUARD_HOST },
  { { NULL, NULL, NULL, TRUE }, POTOO_WEB_GUARD_PASS },
  { { "nvr.example", NULL, NULL, TRUE }, POTOO_WEB_GUARD_PASS },
  { { "nvr.example", "https://nvr.example", NULL, TRUE }, POTOO_WEB_GUARD_PASS },
  { { "nvr.example", "https://evil.example", NULL, TRUE }, POTOO_WEB_GUARD_ORIGIN },
  { { NULL, "https://evil.example", NULL, TRUE }, POTOO_WEB_GUARD_ORIGIN },
};

static void
test_check (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_test_message ("row %zu", i);
      g_assert_cmpint (potoo_web_guard_check (&rows[i].facts), ==, rows[i].expected);
    }
}

static void
test_content_type (void)
{
  g_assert_true (potoo_web_guard_content_type ("application/json", FALSE));
  g_assert_true (potoo_web_guard_content_type ("Application/JSON ; Charset=UTF-8", FALSE));
  g_assert_true (potoo_web_guard_content_type ("application/json;charset=\"utf-8\"", FALSE));
  g_assert_true (potoo_web_guard_content_type ("application/merge-patch+json", TRUE));
  g_assert_true (potoo_web_guard_content_type ("application/json", TRUE));
  g_assert_false (potoo_web_guard_content_type ("application/merge-patch+json", FALSE));
  g_assert_false (potoo_web_guard_content_type (NULL, FALSE));
  g_assert_false (potoo_web_guard_content_type ("", FALSE));
  g_assert_false (potoo_web_guard_content_type ("text/plain", FALSE));
  g_assert_false (potoo_web_guard_content_type ("text/plain; application/json", FALSE));
  g_assert_false (potoo_web_guard_content_type ("application/jsonx", FALSE));
  g_assert_false (potoo_web_guard_content_type ("application/json, text/plain", FALSE));
  g_assert_false (potoo_web_guard_content_type ("application/json; charset=latin1", FALSE));
  g_assert_false (potoo_web_guard_content_type ("application/json; charset", FALSE));
  g_assert_false (potoo_web_guard_content_type ("application/x-www-form-urlencoded", TRUE));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/web-guard/host", test_host);
  g_test_add_func ("/web-guard/check", test_check);
  g_test_add_func ("/web-guard/content-type", test_content_type);
  return g_test_run ();
}
