/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/potoo-error.h"
#include "record/potoo-storage-root.h"
#include "recording-fixture.h"

typedef struct
{
  char *directory, *path;
  const char *name, *options; /* lines of the group */
  PotooCatalog *catalog;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  f->directory = g_dir_make_tmp ("potoo-test-XXXXXX", &error);
  g_assert_no_error (error);
  f->path = g_build_filename (f->directory, "root", NULL);
  f->catalog = potoo_catalog_open (f->directory, &error);
  g_assert_no_error (error);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  potoo_catalog_close (f->catalog);
  g_object_unref (f->catalog);
  g_autofree char *command = g_strdup_printf ("rm -rf %s", f->directory);
  g_assert_true (g_spawn_command_line_sync (command, NULL, NULL, NULL, NULL));
  g_free (f->path);
  g_free (f->directory);
}

static PotooConfig *
make_config (Fixture *f, const char *more)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *file = g_build_filename (f->directory, "potoo.conf", NULL);
  g_autofree char *text = g_strdup_printf (
      "[storage]\nsegment-duration=10s\n[storage-root %s]\npath=%s\nmin-free=1\n%s\n%s",
      f->name != NULL ? f->name : "main", f->path, f->options != NULL ? f->options : "", more);
  g_assert_true (g_file_set_contents (file, text, -1, NULL));
  PotooConfig *config = potoo_config_load (file, f->directory, &error);
  g_assert_no_error (error);
  return config;
}

static PotooStorageRoot *
make_root (Fixture *f)
{
  g_autoptr (PotooConfig) config = make_config (f, "");
  return potoo_storage_root_new (config, 0, f->catalog);
}

static PotooStorageRoot *
open_root (Fixture *f, GError **error)
{
  g_autoptr (PotooStorageRoot) root = make_root (f);
  return potoo_storage_root_attach (root, error) ? g_steal_pointer (&root) : NULL;
}

static void
write_file (Fixture *f, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (f->path, name, NULL);
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

/* The error's message must name the path and have @words. */
static void
assert_refused (Fixture *f, PotooError code, const char *words)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PotooStorageRoot) root = open_root (f, &error);
  g_assert_null (root);
  g_assert_error (error, POTOO_ERROR, (int) code);
  g_assert_nonnull (strstr (error->message, f->path));
  g_assert_nonnull (strstr (error->message, words));
}

static void
test_made_and_found_again (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  struct stat st;

  g_autoptr (PotooStorageRoot) root = open_root (f, &error);
  g_assert_no_error (error);
  g_autofree char *uuid = potoo_storage_root_dup_uuid (root);
  gint64 row_id = potoo_storage_root_get_row_id (root);
  g_assert_true (g_uuid_string_is_valid (uuid));
  g_assert_cmpint (g_stat (f->path, &st), ==, 0);
  g_assert_cmpint (st.st_mode & 07777 & ~0750u, ==, 0);
  g_clear_pointer (&root, potoo_storage_root_unref);

  root = open_root (f, &error);
  g_assert_no_error (error);
  g_autofree char *again = potoo_storage_root_dup_uuid (root);
  g_assert_cmpstr (again, ==, uuid);
  g_assert_cmpint (potoo_storage_root_get_row_id (root), ==, row_id);
}

static void
test_fresh_file_system (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *lost = g_build_filename (f->path, "lost+found", NULL);
  g_assert_cmpint (g_mkdir_with_parents (lost, 0700), ==, 0);
  g_autoptr (PotooStorageRoot) root = open_root (f, &error);
  g_assert_no_error (error);
}

static void
test_refused (Fixture *f, gconstpointer data)
{
  g_autofree char *parent = g_steal_pointer (&f->path);

  f->path = g_build_filename (parent, "deeper", NULL);
  assert_refused (f, POTOO_ERROR_NOT_FOUND, "mount");
  g_free (f->path);
  f->path = g_steal_pointer (&parent);

  g_assert_true (g_file_set_contents (f->path, "", 0, NULL));
  assert_refused (f, POTOO_ERROR_INVALID_ARGUMENT, "not a directory");
  g_assert_cmpint (g_unlink (f->path), ==, 0);

  g_assert_cmpint (g_mkdir (f->path, 0750), ==, 0);
  write_file (f, "holiday.jpg", "x");
  assert_refused (f, POTOO_ERROR_INVALID_ARGUMENT, "not empty");
  write_file (f, ".potoo-root", "");
  assert_refused (f, POTOO_ERROR_CORRUPT, "damaged");
  write_file (f, ".potoo-root", "[root]\nid=x\nformat=1\n");
  assert_refused (f, POTOO_ERROR_CORRUPT, "UUID");
  write_file (f, ".potoo-root", "[root]\nid=5d8e9ee0-1c25-4b32-a2f5-0d2f4ab4a2a5\nformat=2\n");
  assert_refused (f, POTOO_ERROR_UNSUPPORTED, "format 2");
  g_autofree char *long_text = g_strnfill (5000, '#');
  write_file (f, ".potoo-root", long_text);
  assert_refused (f, POTOO_ERROR_CORRUPT, "damaged");

  g_autofree char *file = g_build_filename (f->path, ".potoo-root", NULL);
  g_assert_cmpint (g_unlink (file), ==, 0);
  g_assert_cmpint (symlink ("/etc/hostname", file), ==, 0);
  assert_refused (f, POTOO_ERROR_INVALID_ARGUMENT, "regular file");
  g_assert_cmpint (g_unlink (file), ==, 0);
  g_assert_cmpint (mkfifo (file, 0600), ==, 0);
  assert_refused (f, POTOO_ERROR_INVALID_ARGUMENT, "regular file");
}

static void
test_not_writable (Fixture *f, gconstpointer data)
{
  if (geteuid () == 0)
    {
      g_test_skip ("root may write everywhere");
      return;
    }
  g_assert_cmpint (g_mkdir (f->path, 0550), ==, 0);
  assert_refused (f, POTOO_ERROR_FORBIDDEN, "write");
}

static void
test_locked (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  int pipe_fds[2];
  char byte;

  g_autoptr (PotooStorageRoot) root = open_root (f, &error);
  g_assert_no_error (error);
  assert_refused (f, POTOO_ERROR_BUSY, "twice");
  g_clear_pointer (&root, potoo_storage_root_unref);

  /* Another process: it holds the lock until it is told to end. */
  g_assert_cmpint (pipe (pipe_fds), ==, 0);
  g_autofree char *script = g_strdup_printf (
      "exec 9<%s/.potoo-root; flock 9; echo x; exec sleep 60", f->path);
  char *argv[] = { (char *) "/bin/sh", (char *) "-c", script, NULL };
  GPid pid;
  int out;
  g_assert_true (g_spawn_async_with_pipes (NULL, argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL,
                                           &pid, NULL, &out, NULL, &error));
  g_assert_cmpint (read (out, &byte, 1), ==, 1);
  /* The lock was taken by flock(1), which has ended; who holds it may not be known by its number.
   */
  assert_refused (f, POTOO_ERROR_BUSY, "another instance");
  kill (pid, SIGKILL);
  g_spawn_close_pid (pid);
  close (out);
  close (pipe_fds[0]);
  close (pipe_fds[1]);
}

/* Nothing below the root is followed. */
static void
test_links (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PotooStorageRoot) root = open_root (f, &error);
  g_autofree char *camera = g_build_filename (f->path, "door", NULL);
  g_autofree char *elsewhere = g_build_filename (f->directory, "elsewhere", NULL);

  g_assert_cmpint (g_mkdir (elsewhere, 0750), ==, 0);
  g_assert_cmpint (symlink (elsewhere, camera), ==, 0);
  g_assert_cmpint (potoo_storage_root_open_directory (root, "door/2026-11-21", TRUE, &error), ==,
                   -1);
  g_assert_nonnull (error);
  g_clear_error (&error);
  g_assert_cmpint (g_unlink (camera), ==, 0);

  int fd = potoo_storage_root_open_directory (root, "door/2026-11-21", TRUE, &error);
  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (symlinkat ("/etc/hostname", fd, "a.mp4"), ==, 0);
  g_assert_cmpint (mkfifoat (fd, "b.mp4", 0600), ==, 0);
  close (fd);
  g_assert_cmpint (potoo_storage_root_open_file (root, "door/2026-11-21/a.mp4", O_RDONLY, &error),
                   ==, -1);
  g_assert_nonnull (error);
  g_clear_error (&error);
  g_assert_cmpint (potoo_storage_root_open_file (root, "door/2026-11-21/b.mp4", O_RDONLY, &error),
                   ==, -1);
  g_assert_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_cmpint (potoo_storage_root_open_file (root, "door/2026-11-21/c.mp4", O_RDONLY, &error),
                   ==, -1);
  g_assert_error (error, POTOO_ERROR, POTOO_ERROR_NOT_FOUND);

  g_assert_true (potoo_storage_root_unlink (root, "door/2026-11-21/a.mp4", NULL));
  g_assert_true (potoo_storage_root_unlink (root, "door/2026-11-21/a.mp4", NULL));
  g_assert_true (potoo_storage_root_unlink (root, "door/2000-01-01/a.mp4", NULL));
}

/* --- whose directory it is --- */

static void
assert_state (PotooStorageRoot *root, PotooRootState state, const char *words)
{
  PotooRootStatus *status = potoo_storage_root_get_status (root);
  g_assert_cmpstr (potoo_root_state_to_string (status->state), ==,
                   potoo_root_state_to_string (state));
  g_assert_cmpint (potoo_storage_root_get_state (root), ==, state);
  if (words != NULL)
    g_assert_nonnull (strstr (status->reason, words));
  else
    g_assert_null (status->reason);
  potoo_root_status_free (status);
}

static void
remove_all (const char *path)
{
  g_autofree char *command = g_strdup_printf ("rm -rf %s", path);
  g_assert_true (g_spawn_command_line_sync (command, NULL, NULL, NULL, NULL));
}

/* A root that was known: its directory is gone, empty, another one, not a root. */
static void
test_known (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *away = g_strconcat (f->path, "-away", NULL);
  g_autofree char *id_file = g_build_filename (f->path, ".potoo-root", NULL);

  g_autoptr (PotooStorageRoot) first = open_root (f, &error);
  g_assert_no_error (error);
  gint64 row_id = potoo_storage_root_get_row_id (first);
  g_clear_pointer (&first, potoo_storage_root_unref);
  g_assert_cmpint (g_rename (f->path, away), ==, 0);

  g_autoptr (PotooStorageRoot) root = make_root (f);
  g_assert_false (potoo_storage_root_attach (root, NULL));
  assert_state (root, POTOO_ROOT_MISSING, "mount its disk");
  g_assert_cmpint (potoo_storage_root_get_row_id (root), ==, row_id);
  g_assert_cmpint (potoo_storage_root_open_directory (root, "", FALSE, &error), ==, -1);
  g_assert_error (error, POTOO_ERROR, POTOO_ERROR_UNAVAILABLE);
  g_clear_error (&error);

  g_assert_cmpint (g_mkdir (f->path, 0750), ==, 0);
  g_assert_false (potoo_storage_root_attach (root, NULL));
  assert_state (root, POTOO_ROOT_MISSING, "not mounted");
  g_assert_false (g_file_test (id_file, G_FILE_TEST_EXISTS));

  write_file (f, "holiday.jpg", "x");
  g_assert_false (potoo_storage_root_attach (root, NULL));
  assert_state (root, POTOO_ROOT_FOREIGN, "another disk");

  write_file (f, ".potoo-root", "[root]\nid=5d8e9ee0-1c25-4b32-a2f5-0d2f4ab4a2a5\nformat=1\n");
  g_assert_false (potoo_storage_root_attach (root, NULL));
  assert_state (root, POTOO_ROOT_FOREIGN, "5d8e9ee0");

  remove_all (f->path);
  g_assert_cmpint (g_rename (away, f->path), ==, 0);
  g_assert_true (potoo_storage_root_attach (root, &error));
  g_assert_true (potoo_storage_root_probe (root));
  potoo_storage_root_set_ok (root);
  assert_state (root, POTOO_ROOT_OK, NULL);
  g_assert_cmpint (potoo_storage_root_get_row_id (root), ==, row_id);
  g_assert_cmpint (potoo_storage_root_get_ok_since_us (root), >, 1); /* it was not always */
}

/* Another name is how a new disk begins, and a disk may be renamed. */
static void
test_names (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *away = g_strconcat (f->path, "-away", NULL);

  g_autoptr (PotooStorageRoot) root = open_root (f, &error);
  gint64 row_id = potoo_storage_root_get_row_id (root);
  g_clear_pointer (&root, potoo_storage_root_unref);
  f->name = "renamed";
  root = open_root (f, &error);
  g_assert_no_error (error);
  g_assert_cmpint (potoo_storage_root_get_row_id (root), ==, row_id);
  g_clear_pointer (&root, potoo_storage_root_unref);

  g_assert_cmpint (g_rename (f->path, away), ==, 0);
  g_assert_cmpint (g_mkdir (f->path, 0750), ==, 0);
  f->name = "new-disk";
  root = open_root (f, &error);
  g_assert_no_error (error);
  g_assert_cmpint (potoo_storage_root_get_row_id (root), !=, row_id);
}

/* A copy of a disk, made by dd: only one of the two is the root. */
static void
test_copy (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *group = g_strdup_printf ("[storage-root copy]\npath=%s-copy\n", f->path);
  g_autofree char *command = g_strdup_printf ("cp -a %s %s-copy", f->path, f->path);
  g_autoptr (PotooConfig) config = make_config (f, group);
  g_autoptr (PotooStorageRoot) root = potoo_storage_root_new (config, 0, f->catalog);
  g_autoptr (PotooStorageRoot) copy = potoo_storage_root_new (config, 1, f->catalog);

  g_assert_true (potoo_storage_root_attach (root, &error));
  g_assert_true (g_spawn_command_line_sync (command, NULL, NULL, NULL, NULL));
  g_assert_false (potoo_storage_root_attach (copy, NULL));
  assert_state (copy, POTOO_ROOT_FOREIGN, "copy");
}

/* The path leads elsewhere while the root is open, by itself or only its id file. */
static void
test_lost (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *id_file = g_build_filename (f->path, ".potoo-root", NULL);
  g_autoptr (PotooStorageRoot) root = open_root (f, &error);
  PotooGapCause cause;

  g_assert_no_error (error);
  potoo_storage_root_set_ok (root);
  g_assert_true (potoo_storage_root_may_write (root, TRUE, TRUE, &cause));
  g_assert_cmpint (g_unlink (id_file), ==, 0);
  potoo_storage_root_measure (root, TRUE);
  assert_state (root, POTOO_ROOT_MISSING, f->path);
  g_assert_true (potoo_storage_root_is_lost (root));
  g_assert_false (potoo_storage_root_may_write (root, FALSE, FALSE, &cause));
  g_assert_cmpint (cause, ==, POTOO_GAP_DISK_ERROR);
  g_assert_false (potoo_storage_root_probe (root));
  potoo_storage_root_detach (root);
  g_assert_false (potoo_storage_root_is_attached (root));
  g_assert_false (potoo_storage_root_attach (root, NULL));
  assert_state (root, POTOO_ROOT_MISSING, "not mounted");
}

/* --- what fits --- */

static int n_pressed;

static void
on_pressure (gpointer user_data)
{
  n_pressed++;
}

static void
test_quota (Fixture *f, gconstpointer data)
{
  const PotooRootWatch watch = { .pressure = on_pressure };
  g_autoptr (GError) error = NULL;
  PotooGapCause cause;

  f->options = "max-bytes=100MB";
  g_autoptr (PotooStorageRoot) root = open_root (f, &error);
  g_assert_no_error (error);
  potoo_storage_root_set_ok (root);
  potoo_storage_root_set_watch (root, &watch);
  n_pressed = 0;
  potoo_storage_root_add_used (root, 90000000);
  potoo_storage_root_measure (root, TRUE);
  g_autoptr (PotooRootStatus) status = potoo_storage_root_get_status (root);
  g_assert_cmpint (status->used_bytes, ==, 90000000);
  g_assert_cmpint (status->headroom_bytes, >, 0);
  g_assert_cmpint (status->headroom_bytes, <=, 25000000);

  potoo_storage_root_add_used (root, 9500000);
  potoo_storage_root_measure (root, TRUE);
  g_assert_cmpint (n_pressed, >=, 1);
  assert_state (root, POTOO_ROOT_OK, NULL);
  potoo_storage_root_add_used (root, 500000);
  assert_state (root, POTOO_ROOT_FULL, "max-bytes is 100000000");
  g_assert_true (potoo_storage_root_is_just_full (root));
  g_assert_false (potoo_storage_root_may_write (root, TRUE, TRUE, &cause));
  g_assert_cmpint (cause, ==, POTOO_GAP_DISK_FULL);
  g_assert_false (potoo_storage_root_may_write (root, FALSE, TRUE, &cause));
  g_assert_true (potoo_storage_root_may_write (root, FALSE, FALSE, &cause)); /* to the next one */
  potoo_storage_root_add_used (root, 20000000);
  g_assert_false (potoo_storage_root_may_write (root, FALSE, FALSE, &cause));
  potoo_storage_root_add_used (root, -20000001);
  assert_state (root, POTOO_ROOT_FULL, "quota"); /* until there is a little more */
  potoo_storage_root_add_used (root, -1500000);
  assert_state (root, POTOO_ROOT_OK, NULL);
  potoo_storage_root_set_watch (root, NULL);
}

/* --- calls that do not come back --- */

static void
test_stall (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PotooStorageRoot) root = open_root (f, &error);
  gint64 now_us = g_get_monotonic_time ();

  g_assert_no_error (error);
  potoo_storage_root_set_ok (root);
  g_assert_cmpint (potoo_storage_root_get_ok_since_us (root), ==, 1); /* nothing to wait for */
  g_assert_false (potoo_storage_root_check_stall (root));
  potoo_storage_root_set_busy (root, now_us - potoo_stall_us + G_USEC_PER_SEC);
  g_assert_false (potoo_storage_root_check_stall (root));
  potoo_storage_root_set_busy (root, now_us - potoo_stall_us);
  g_assert_true (potoo_storage_root_check_stall (root));
  assert_state (root, POTOO_ROOT_STALLED, "10 s");
  g_assert_cmpint (potoo_storage_root_get_ok_since_us (root), ==, 0);
  potoo_storage_root_set_busy (root, 0);
  assert_state (root, POTOO_ROOT_OK, NULL);
  g_assert_cmpint (potoo_storage_root_get_ok_since_us (root), >=, now_us);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, func) g_test_add ("/storage-root/" path, Fixture, NULL, set_up, func, tear_down)
  ADD ("made-and-found-again", test_made_and_found_again);
  ADD ("fresh-file-system", test_fresh_file_system);
  ADD ("refused", test_refused);
  ADD ("not-writable", test_not_writable);
  ADD ("locked", test_locked);
  ADD ("links", test_links);
  ADD ("known", test_known);
  ADD ("names", test_names);
  ADD ("copy", test_copy);
  ADD ("lost", test_lost);
  ADD ("quota", test_quota);
  ADD ("stall", test_stall);
  return g_test_run ();
}
