/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "base/potoo-log.h"
#include "config/potoo-config.h"

#define STATE_DIR "/var/lib/potoo"

typedef struct
{
  char *directory;
  char *path;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->directory = g_dir_make_tmp ("potoo-test-config-XXXXXX", NULL);
  fixture->path = g_build_filename (fixture->directory, "potoo.conf", NULL);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_remove (fixture->path);
  g_rmdir (fixture->directory);
  g_free (fixture->path);
  g_free (fixture->directory);
}

static PotooConfig *
load_bytes (Fixture *fixture, const char *bytes, gssize length, GError **error)
{
  /* without the fsync that replacing a file would cost */
  g_remove (fixture->path);
  g_assert_true (g_file_set_contents_full (fixture->path, bytes, length, G_FILE_SET_CONTENTS_NONE,
                                           0600, NULL));
  return potoo_config_load (fixture->path, STATE_DIR, error);
}

static PotooConfig *
load_ok (Fixture *fixture, const char *text)
{
  g_autoptr (GError) error = NULL;
  PotooConfig *config = load_bytes (fixture, text, -1, &error);
  g_assert_no_error (error);
  g_assert_nonnull (config);
  return config;
}

static void
assert_defaults (PotooConfig *config)
{
  unsigned n;
  const PotooListen *listen = potoo_config_get_http_listen (config, &n);
  g_assert_cmpuint (n, ==, 1);
  g_assert_cmpstr (listen->host, ==, "127.0.0.1");
  g_assert_cmpuint (listen->port, ==, 8080);
  g_assert_null (listen->path);
  listen = potoo_config_get_rtsp_listen (config, &n);
  g_assert_cmpuint (n, ==, 1);
  g_assert_cmpstr (listen->host, ==, "127.0.0.1");
  g_assert_cmpuint (listen->port, ==, 8554);

  const PotooConfigRoot *root = potoo_config_get_roots (config, &n);
  g_assert_cmpuint (n, ==, 1);
  g_assert_cmpstr (root->name, ==, "main");
  g_assert_cmpstr (root->path, ==, STATE_DIR "/recordings");
  g_assert_cmpint (root->max_bytes, ==, 0);
  g_assert_cmpuint (root->priority, ==, 50);
  g_assert_cmpuint (root->min_free_percent, ==, 5);
  g_assert_cmpint (potoo_config_get_log_level (config), ==, POTOO_LOG_INFO);
  g_assert_cmpint (potoo_config_get_segment_duration_us (config), ==, 300 * POTOO_SECOND_US);
  g_assert_cmpint (potoo_config_get_sync_interval_us (config), ==, 2 * POTOO_SECOND_US);
  const PotooMemoryBudget *budget = potoo_config_get_memory_budget (config);
  g_assert_cmpint (budget->total, >=, POTOO_MEMORY_MIN_BYTES);
  g_assert_cmpint (budget->queues, ==, budget->total / 4);
  g_assert_cmpint (budget->pre_roll, ==, budget->total / 4);
}

static void
test_defaults (Fixture *fixture, gconstpointer data)
{
  static const char *const texts[] = {
    "",
    "\n\n# only a comment\n",
    "[server]\n[http]\n[rtsp]\n[storage]\n",
    "[server]\nlog-level=info\nmemory=auto\n[http]\nlisten=127.0.0.1:8080\ntls-listen=\ntls-certificate=\n"
    "tls-key=\nhttp2=false\nworkers=0\nbase-path=/\n[rtsp]\nlisten=127.0.0.1:8554\n"
    "[storage]\nsegment-duration=5min\nsync-interval=2s\npre-roll-memory=auto\n",
  };
  g_autoptr (PotooConfig) none = potoo_config_load (NULL, STATE_DIR, NULL);

  assert_defaults (none);
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (PotooConfig) config = load_ok (fixture, texts[i]);
      g_autofree char *difference = potoo_config_describe_restart (none, config);
      assert_defaults (config);
      g_assert_null (difference);
    }
}

static void
test_values (Fixture *fixture, gconstpointer data)
{
  g_autoptr (PotooConfig) config = load_ok (
      fixture, "# all of it\r\n"
               "[server]\r\n"
               "  log-level = debug  \r\n"
               "memory=256MB\r\n"
               "[http]\r\n"
               "listen=127.1.2.3:1;[::1]:65535; unix:/run/potoo/../potoo.sock;\r\n"
               "[rtsp]\r\n"
               "listen=127.0.0.1:0;[::1]:554\r\n"
               "[storage]\r\n"
               "segment-duration=1h\r\n"
               "sync-interval=250ms\r\n"
               "pre-roll-memory=0\r\n"
               "[storage-root a]\r\n"
               "path=/disk/a/\r\n"
               "max-bytes=0\r\n"
               "[storage-root b-2]\r\n"
               "min-free=20GB\r\n"
               "priority=100\r\n"
               "max-bytes=3600MB\r\n"
               "path=/disk/ab\r\n"
               "[storage-root c]\r\n"
               "min-free=90%\r\n"
               "path=/disk/Ünï code");
  unsigned n;
  const PotooListen *listen = potoo_config_get_http_listen (config, &n);

  g_assert_cmpuint (n, ==, 3);
  g_assert_cmpstr (listen[0].host, ==, "127.1.2.3");
  g_assert_cmpuint (listen[0].port, ==, 1);
  g_assert_cmpstr (listen[1].host, ==, "::1");
  g_assert_cmpuint (listen[1].port, ==, 65535);
  g_assert_null (listen[2].host);
  g_assert_cmpstr (listen[2].path, ==, "/run/potoo.sock");
  listen = potoo_config_get_rtsp_listen (config, &n);
  g_assert_cmpuint (n, ==, 2);
  g_assert_cmpuint (listen[0].port, ==, 0);
  g_assert_cmpstr (listen[1].host, ==, "::1");
  g_assert_cmpint (potoo_config_get_log_level (config), ==, POTOO_LOG_DEBUG);
  g_assert_cmpint (potoo_config_get_segment_duration_us (config), ==, 3600 * POTOO_SECOND_US);
  g_assert_cmpint (potoo_config_get_sync_interval_us (config), ==, 250000);
  const PotooMemoryBudget *budget = potoo_config_get_memory_budget (config);
  g_assert_cmpint (budget->total, ==, 256000000);
  g_assert_cmpint (budget->queues, ==, 64000000);
  g_assert_cmpint (budget->hub_ring, ==, 32000000);
  g_assert_cmpint (budget->catalog, ==, 16000000);
  g_assert_cmpint (budget->pictures, ==, 16000000);
  g_assert_cmpint (budget->pre_roll, ==, 0);

  const PotooConfigRoot *roots = potoo_config_get_roots (config, &n);
  g_assert_cmpuint (n, ==, 3);
  g_assert_cmpstr (roots[0].path, ==, "/disk/a");
  g_assert_cmpuint (roots[0].min_free_percent, ==, 5);
  g_assert_cmpstr (roots[1].name, ==, "b-2");
  g_assert_cmpuint (roots[1].min_free_percent, ==, 0);
  g_assert_cmpint (roots[1].min_free_bytes, ==, G_GINT64_CONSTANT (20000000000));
  g_assert_cmpuint (roots[2].min_free_percent, ==, 90);
  g_assert_cmpstr (roots[2].path, ==, "/disk/Ünï code");
}

/* Each text is wrong in one line; the message must name it and hold the words. */
typedef struct
{
  const char *text;
  guint line;
  const char *words;
} BadFile;

static const BadFile bad_files[] = {
  /* grammar */
  { "log-level=info\n", 1, "before the first" },
  { "\n\n[server\n", 3, "[name]" },
  { "[]\n", 1, "[name]" },
  { "[a]b]\n", 1, "[name]" },
  { "[server]\nlog-level\n", 2, "key=value" },
  { "[server]\n=info\n", 2, "key=value" },
  { "[server]\n; not a comment\n", 2, "key=value" },
  { "\xef\xbb\xbf[server]\n", 1, "key=value" },
  { "[server]\nlog-level=\\x\n", 2, "backslash" },
  { "[storage-root a]\npath=/a\\nb\n", 2, "control character" },
  /* what comes twice */
  { "[server]\n[http]\n[server]\n", 3, "line 1" },
  { "[server]\nlog-level=info\n\nlog-level=info\n", 4, "line 2" },
  { "[server]\nlog-level=info\n log-level =debug\n", 3, "line 2" },
  { "[storage-root a]\npath=/a\n[storage-root a]\npath=/b\n", 3, "line 1" },
  /* names */
  { "[server]\n\n[sever]\n", 3, "unknown group [sever]" },
  { "[Server]\n", 1, "unknown group" },
  { "[server ]\n", 1, "unknown group" },
  { "[server]\nloglevel=info\n", 2, "loglevel: unknown key" },
  { "[server]\nlog-level[de]=info\n", 2, "unknown key" },
  { "[http]\nlog-level=info\n", 2, "unknown key" },
  { "[storage-root a]\npath=/a\nquota=5\n", 3, "unknown key" },
  { "[storage-root]\npath=/a\n", 1, "unknown group" },
  { "[storage-root ]\npath=/a\n", 1, "not a name" },
  { "[storage-root Main]\npath=/a\n", 1, "not a name" },
  { "[storage-root  a]\npath=/a\n", 1, "not a name" },
  /* values */
  { "[server]\nlog-level=loud\n", 2, "error, warning, info and debug" },
  { "[server]\nlog-level=\n", 2, "log level" },
  { "[server]\nmemory=63999999\n", 2, "from 64MB to 1TB nor auto" },
  { "[server]\nmemory=0\n", 2, "from 64MB to 1TB nor auto" },
  { "[server]\nmemory=1001GB\n", 2, "from 64MB to 1TB nor auto" },
  { "[server]\nmemory=-1\n", 2, "from 64MB to 1TB nor auto" },
  { "[server]\nmemory=half\n", 2, "from 64MB to 1TB nor auto" },
  { "[storage]\nsegment-duration=9s\n", 2, "10s to 1h" },
  { "[storage]\nsegment-duration=3601s\n", 2, "10s to 1h" },
  { "[storage]\nsegment-duration=-5min\n", 2, "10s to 1h" },
  { "[storage]\nsegment-duration=5 min\n", 2, "10s to 1h" },
  { "[storage]\nsegment-duration=99999999999999999999d\n", 2, "10s to 1h" },
  { "[storage]\nsync-interval=249ms\n", 2, "250ms to 60s" },
  { "[storage]\nbackup-interval=9s\n", 2, "10s to 365d nor 0" },
  { "[storage]\nverify-interval=366d\n", 2, "10s to 365d nor 0" },
  { "[storage]\nverify-interval=weekly\n", 2, "10s to 365d nor 0" },
  { "[storage]\nverify-bandwidth=999999\n", 2, "at least 1MB" },
  { "[storage]\nsync-interval=61\n", 2, "250ms to 60s" },
  { "[storage]\npre-roll-memory=lots\n", 2, "such as 64MB" },
  { "[storage]\npre-roll-memory=2TB\n", 2, "such as 64MB" },
  /* addresses */
  { "[http]\nlisten=\n", 2, "at least one address" },
  { "[http]\nlisten=;\n", 2, "not an address" },
  { "[http]\nlisten=127.0.0.1\n", 2, "not an address" },
  { "[http]\nlisten=127.0.0.1:\n", 2, "not a port" },
  { "[http]\nlisten=127.0.0.1:65536\n", 2, "not a port" },
  { "[http]\nlisten=127.0.0.1:+80\n", 2, "not a port" },
  { "[http]\nlisten=localhost:80\n", 2, "not an IP address" },
  { "[http]\nlisten=:80\n", 2, "not an IP address" },
  { "[http]\nlisten=127.1:80\n", 2, "not an IP address" },
  { "[http]\nlisten=::1:80\n", 2, "not an address" },
  { "[http]\nlisten=[127.0.0.1]:80\n", 2, "not an address" },
  { "[http]\nlisten=[::1\n", 2, "not an address" },
  { "[http]\nlisten=0.0.0.0:80\n", 2, "authentication" },
  { "[http]\nlisten=[::]:80\n", 2, "authentication" },
  { "[http]\nlisten=192.168.1.5:80\n", 2, "authentication" },
  { "[http]\nlisten=128.0.0.1:80\n", 2, "authentication" },
  { "[http]\nlisten=[::ffff:127.0.0.1]:80\n", 2, "authentication" },
  { "[http]\nlisten=127.0.0.1:80;0.0.0.0:81\n", 2, "authentication" },
  { "[http]\nlisten=127.0.0.1:80;[::1]:80;127.0.0.1:80\n", 2, "twice" },
  { "[http]\nlisten=127.0.0.1:1;;127.0.0.1:2\n", 2, "not an address" },
  { "[http]\nlisten=unix:run/x\n", 2, "absolute" },
  { "[http]\nlisten=unix:\n", 2, "absolute" },
  { "[http]\nlisten=unix:/"
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
    "xxxxxxxxxxxx\n",
    2, "shorter" },
  { "[rtsp]\nlisten=0.0.0.0:8554\n", 2, "authentication" },
  { "[rtsp]\nlisten=127.0.0.1:8554;[2001:db8::1]:8554\n", 2, "authentication" },
  { "[rtsp]\nlisten=unix:/run/potoo/rtsp\n", 2, "unix socket" },
  { "[rtsp]\nlisten=8554\n", 2, "not an address" },
  /* what does not exist yet */
  { "[http]\ntls-listen=127.0.0.1:8443\n", 2, "not available in this version" },
  { "[http]\nhttp2=true\n", 2, "not available in this version" },
  { "[http]\nworkers=2\n", 2, "not available in this version" },
  { "[http]\nbase-path=/cams\n", 2, "not available in this version" },
  /* storage roots */
  { "[storage-root a]\nmin-free=5%\n", 1, "no path" },
  { "[storage-root a]\npath=recordings\n", 2, "absolute" },
  { "[storage-root a]\npath=\n", 2, "absolute" },
  { "[storage-root a]\npath=~/x\n", 2, "absolute" },
  { "[storage-root a]\npath=/a\nmax-bytes=much\n", 3, "not a size" },
  { "[storage-root a]\npath=/a\nmax-bytes=-5GB\n", 3, "not a size" },
  { "[storage-root a]\npath=/a\n\nmax-bytes=299999999\n", 4, "smaller than one segment" },
  { "[storage]\nsegment-duration=10s\n[storage-root a]\nmax-bytes=9MB\npath=/a\n", 4,
    "smaller than one segment" },
  { "[storage-root a]\npath=/a\npriority=101\n", 3, "0 to 100" },
  { "[storage-root a]\npath=/a\npriority=-1\n", 3, "0 to 100" },
  { "[storage-root a]\npath=/a\npriority=high\n", 3, "0 to 100" },
  { "[storage-root a]\npath=/a\nmin-free=0%\n", 3, "1% to 90%" },
  { "[storage-root a]\npath=/a\nmin-free=91%\n", 3, "1% to 90%" },
  { "[storage-root a]\npath=/a\nmin-free=%\n", 3, "1% to 90%" },
  { "[storage-root a]\npath=/a\nmin-free=-1\n", 3, "1% to 90%" },
  { "[storage-root a]\npath=/d/x\n[storage-root b]\npath=/d/y/../x\n", 4, "its own" },
  { "[storage-root a]\npath=/d/x/\n[storage-root b]\n\npath=/d/x/y\n", 5, "its own" },
  { "[storage-root a]\npath=/d/x/y\n[storage-root b]\npath=/d//x\n", 4, "its own" },
  { "[storage-root a]\npath=/d\n[storage-root b]\npath=/\n", 4, "its own" },
  /* the first error of the file is told */
  { "[server]\nlog-level=x\n[nonsense]\n", 2, "log level" },
};

static void
test_bad_files (Fixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < G_N_ELEMENTS (bad_files); i++)
    {
      const BadFile *bad = &bad_files[i];
      g_autoptr (GError) error = NULL;
      g_autofree char *place = g_strdup_printf ("%s:%u: ", fixture->path, bad->line);

      g_autoptr (PotooConfig) config = load_bytes (fixture, bad->text, -1, &error);
      if (config != NULL)
        g_error ("accepted: %s", bad->text);
      g_assert_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_CONFIG);
      if (!g_str_has_prefix (error->message, place) || strstr (error->message, bad->words) == NULL)
        g_error ("for “%s”: “%s” lacks “%s” or “%s”", bad->text, error->message, place, bad->words);
    }
}

static void
assert_refused (const char *path, const char *words)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (potoo_config_load (path, STATE_DIR, &error));
  g_assert_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_CONFIG);
  g_assert_nonnull (strstr (error->message, path));
  g_assert_nonnull (strstr (error->message, words));
}

static void
test_bad_bytes (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *big = g_malloc (1024 * 1024 + 1);

  g_assert_null (load_bytes (fixture, "[server]\n#\xff\n", -1, &error));
  g_assert_nonnull (strstr (error->message, ":2: this line is not valid UTF-8"));
  g_clear_error (&error);
  g_assert_null (load_bytes (fixture, "[server]\n\0\n", 11, &error));
  g_assert_nonnull (strstr (error->message, ":2: this line is not valid UTF-8"));
  g_clear_error (&error);

  memset (big, '\n', 1024 * 1024 + 1);
  g_assert_null (load_bytes (fixture, big, 1024 * 1024 + 1, &error));
  g_assert_nonnull (strstr (error->message, "larger than 1 MiB"));
  g_clear_error (&error);
  g_autoptr (PotooConfig) largest = load_bytes (fixture, big, 1024 * 1024, &error);
  g_assert_no_error (error);
}

static void
test_bad_places (Fixture *fixture, gconstpointer data)
{
  assert_refused (fixture->directory, "is a directory");
  assert_refused (fixture->path, g_strerror (ENOENT));

  g_assert_cmpint (mkfifo (fixture->path, 0600), ==, 0);
  assert_refused (fixture->path, "not a regular file");
  g_remove (fixture->path);

  g_assert_true (g_file_set_contents (fixture->path, "", 0, NULL));
  g_assert_cmpint (g_chmod (fixture->path, 0), ==, 0);
  if (g_access (fixture->path, R_OK) != 0) /* root may read everything */
    assert_refused (fixture->path, g_strerror (EACCES));
}

static void
test_many_roots (Fixture *fixture, gconstpointer data)
{
  GString *text = g_string_new (NULL);
  g_autoptr (GError) error = NULL;

  for (int i = 0; i < 64; i++)
    g_string_append_printf (text, "[storage-root r%d]\npath=/r%d\n", i, i);
  g_autoptr (PotooConfig) config = load_ok (fixture, text->str);
  g_string_append (text, "[storage-root r64]\npath=/r64\n");
  g_assert_null (load_bytes (fixture, text->str, -1, &error));
  g_assert_nonnull (strstr (error->message, ":129: more than 64"));
  g_string_free (text, TRUE);
}

static void
test_restart (Fixture *fixture, gconstpointer data)
{
  static const struct
  {
    const char *a, *b, *restart;
  } cases[] = {
    { "[server]\nlog-level=debug\n", "", NULL },
    { "[server]\nmemory=64MB\n", "", "[server] memory" },
    { "[storage]\npre-roll-memory=64MB\n", "", "[storage] pre-roll-memory" },
    { "[http]\nlisten=[::1]:1\n", "", "[http] listen" },
    { "[http]\nlisten=[::1]:1;[::1]:2\n", "[http]\nlisten=[::1]:1\n", "[http] listen" },
    { "[rtsp]\nlisten=\n", "", "[rtsp] listen" },
    { "[storage]\nsync-interval=1s\nsegment-duration=1h\n", "",
      "[storage] segment-duration, [storage] sync-interval" },
    { "[storage-root a]\npath=/a\n", "[storage-root b]\npath=/a\n",
      "[storage-root a] path, [storage-root b] path" },
    { "[storage-root a]\npath=/a\n", "[storage-root a]\npath=/a\nmin-free=5%\n", NULL },
    { "[storage-root a]\npath=/a\n", "[storage-root a]\npath=/b\nmin-free=6%\n",
      "[storage-root a] path, [storage-root a] min-free" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (PotooConfig) a = load_ok (fixture, cases[i].a);
      g_autoptr (PotooConfig) b = load_ok (fixture, cases[i].b);
      g_autofree char *restart = potoo_config_describe_restart (a, b);
      g_assert_cmpstr (restart, ==, cases[i].restart);
    }
}

/* Bytes from a small alphabet that reaches deep into the grammar: nothing may
 * crash, and whatever is refused says where. */
static void
test_random_files (Fixture *fixture, gconstpointer data)
{
  static const char *const pieces[] = {
    "[",  "]", "=", "\n",   ";",  "#",      "[server]", "log-level", "path", "[storage-root a]",
    "\\", " ", "/", "info", "\r", "[http]", "listen",   "\t",        "5%",   "ä"
  };
  g_autoptr (GRand) rand = g_rand_new_with_seed (4711);

  for (int round = 0; round < 2000; round++)
    {
      g_autoptr (GString) text = g_string_new (NULL);
      g_autoptr (GError) error = NULL;
      for (int n = g_rand_int_range (rand, 0, 30); n > 0; n--)
        g_string_append (text, pieces[g_rand_int_range (rand, 0, G_N_ELEMENTS (pieces))]);
      g_autoptr (PotooConfig) config = load_bytes (fixture, text->str, (gssize) text->len, &error);
      g_assert_true ((config == NULL) == (error != NULL));
      if (error != NULL)
        g_assert_true (g_str_has_prefix (error->message, fixture->path));
    }
}

#define ADD(name, function) g_test_add (name, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  ADD ("/config/defaults", test_defaults);
  ADD ("/config/values", test_values);
  ADD ("/config/bad-files", test_bad_files);
  ADD ("/config/bad-bytes", test_bad_bytes);
  ADD ("/config/bad-places", test_bad_places);
  ADD ("/config/many-roots", test_many_roots);
  ADD ("/config/restart", test_restart);
  ADD ("/config/random-files", test_random_files);
  return g_test_run ();
}
