/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "catalog/potoo-catalog-damage.h"

#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <unistd.h>

#include "base/potoo-error.h"
#include "base/potoo-log.h"
#include "catalog/potoo-catalog-private.h"
#include "catalog/potoo-catalog-restore.h"

/* Every so many steps of SQLite's machine the check asks whether it is still wanted. */
#define STEPS_BETWEEN_LOOKS 100000

static char *
mark_of (const char *path)
{
  return g_strconcat (path, ".damaged", NULL);
}

void
potoo_catalog_note_damage (const char *path)
{
  g_autofree char *mark = mark_of (path);
  int fd = open (mark, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

  if (fd < 0)
    return; /* it is noted, or cannot be: then it shows again */
  fsync (fd);
  close (fd);
  potoo_log_error (
      NULL,
      _ ("The catalog %s is damaged. Recording goes on; start Potoo anew soon: it then "
         "takes the newest good backup and looks through the recordings"),
      path);
}

gboolean
potoo_catalog_has_noted_damage (const char *path)
{
  g_autofree char *mark = mark_of (path);
  return g_file_test (mark, G_FILE_TEST_EXISTS);
}

void
potoo_catalog_forget_damage (const char *path)
{
  g_autofree char *mark = mark_of (path);
  g_unlink (mark);
}

static int
is_cancelled (void *cancellable)
{
  return g_cancellable_is_cancelled (cancellable);
}

static gboolean
run_quick_check (PotooDb *db, GError **error)
{
  g_autoptr (PotooStatement) statement = potoo_db_prepare (db, "PRAGMA quick_check (1)", error);

  if (statement == NULL || potoo_db_step (db, statement, error) <= 0)
    return FALSE;
  const char *text = (const char *) sqlite3_column_text (statement, 0);
  if (g_strcmp0 (text, "ok") == 0)
    return TRUE;
  g_set_error (error, POTOO_ERROR, POTOO_ERROR_CORRUPT, _ ("Catalog %s is damaged: %s"),
               potoo_db_get_path (db), text != NULL ? text : "?");
  return FALSE;
}

gboolean
potoo_db_check_pages (PotooDb *db, GCancellable *cancellable, GError **error)
{
  sqlite3 *handle = potoo_db_get_handle (db);
  g_autoptr (GError) local = NULL;

  if (cancellable != NULL)
    sqlite3_progress_handler (handle, STEPS_BETWEEN_LOOKS, is_cancelled, cancellable);
  gboolean sound = run_quick_check (db, &local);
  sqlite3_progress_handler (handle, 0, NULL, NULL);
  if (sound)
    return TRUE;
  if (cancellable != NULL && g_cancellable_is_cancelled (cancellable))
    g_set_error_literal (error, POTOO_ERROR, POTOO_ERROR_UNAVAILABLE, _ ("It was stopped"));
  else
    g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

gboolean
potoo_catalog_reader_check (PotooCatalogReader *reader, GCancellable *cancellable, GError **error)
{
  PotooDb *db = potoo_catalog_reader_get_db (reader);
  g_autoptr (GError) local = NULL;

  if (potoo_db_check_pages (db, cancellable, &local))
    return TRUE;
  if (g_error_matches (local, POTOO_ERROR, POTOO_ERROR_CORRUPT))
    potoo_catalog_note_damage (potoo_db_get_path (db));
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}
