/* SPDX-License-Identifier: GPL-3.0-or-later */

/* One SQLite connection. Whoever holds it uses it alone: connections are opened
 * without SQLite's own locks. */

#include "catalog/potoo-catalog-db.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/potoo-error.h"
#include "catalog/potoo-catalog-damage.h"

#define BUSY_TIMEOUT_MS 5000

struct _PotooDb
{
  sqlite3 *handle;
  PotooDbMode mode;
  char *path;
  GHashTable *statements; /* text → sqlite3_stmt */
};

/* WAL lets readers go on while the writer commits; with FULL a commit is on the disk
 * when it returns. The journal is cut after a burst. */
static const char writer_pragmas[] =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 1000;"
    "PRAGMA journal_size_limit = 16777216; PRAGMA trusted_schema = OFF;"
    "PRAGMA cell_size_check = ON;";
static const char reader_pragmas[] =
    "PRAGMA query_only = ON; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;";
static const char copy_from_pragmas[] = "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;";
static const char copy_to_pragmas[] = "PRAGMA synchronous = OFF; PRAGMA journal_mode = OFF;";

static const char *const mode_pragmas[] = {
  [POTOO_DB_WRITER] = writer_pragmas,
  [POTOO_DB_READER] = reader_pragmas,
  [POTOO_DB_COPY_FROM] = copy_from_pragmas,
  [POTOO_DB_COPY_TO] = copy_to_pragmas,
};

static PotooError
code_of (int result)
{
  switch (result & 0xff)
    {
    case SQLITE_FULL:
      return POTOO_ERROR_DISK_FULL;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return POTOO_ERROR_BUSY;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return POTOO_ERROR_CORRUPT;
    case SQLITE_PERM:
    case SQLITE_READONLY:
      return POTOO_ERROR_FORBIDDEN;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
      return POTOO_ERROR_IO;
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_TOOBIG:
      return POTOO_ERROR_INVALID_ARGUMENT;
    default:
      return POTOO_ERROR_FAILED;
    }
}

gboolean
potoo_db_fail (PotooDb *db, int result, GError **error)
{
  PotooError code = code_of (result);

  if (code == POTOO_ERROR_CORRUPT && (db->mode == POTOO_DB_WRITER || db->mode == POTOO_DB_READER))
    potoo_catalog_note_damage (db->path);
  if (code == POTOO_ERROR_CORRUPT)
    g_set_error (
        error, POTOO_ERROR, code,
        _ ("Catalog %s is damaged or not a database (%s); start Potoo anew: it then takes the newest "
           "good backup"),
        db->path, sqlite3_errmsg (db->handle));
  else if (code == POTOO_ERROR_IO && sqlite3_system_errno (db->handle) != 0)
    g_set_error (error, POTOO_ERROR, code, _ ("Catalog %s: %s: %s"), db->path,
                 sqlite3_errmsg (db->handle), g_strerror (sqlite3_system_errno (db->handle)));
  else
    g_set_error (error, POTOO_ERROR, code, _ ("Catalog %s: %s"), db->path,
                 sqlite3_errmsg (db->handle));
  return FALSE;
}

/* SQLite would make it by the umask; its journals take over the mode of the file. */
static gboolean
make_private (const char *path, GError **error)
{
  int fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);

  if (fd >= 0 && fchmod (fd, 0600) == 0)
    {
      close (fd);
      return TRUE;
    }
  potoo_set_error_errno (error, errno, _ ("Cannot open catalog %s"), path);
  if (fd >= 0)
    close (fd);
  return FALSE;
}

static gboolean
open_handle (PotooDb *db, GError **error)
{
  gboolean writes = db->mode == POTOO_DB_WRITER || db->mode == POTOO_DB_COPY_TO;
  int flags = writes ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
  int result = sqlite3_open_v2 (db->path, &db->handle,
                                flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);

  if (result != SQLITE_OK)
    return potoo_db_fail (db, result, error);
  result = sqlite3_busy_timeout (db->handle, BUSY_TIMEOUT_MS);
  if (result == SQLITE_OK)
    result = sqlite3_db_config (db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
  return potoo_db_check (db, result, error) && potoo_db_exec (db, mode_pragmas[db->mode], error);
}

static void
finalize_statement (gpointer statement)
{
  sqlite3_finalize (statement);
}

PotooDb *
potoo_db_open (const char *path, PotooDbMode mode, GError **error)
{
  if (mode == POTOO_DB_WRITER && !make_private (path, error))
    return NULL;

  g_autoptr (PotooDb) db = g_new0 (PotooDb, 1);
  db->mode = mode;
  db->path = g_strdup (path);
  db->statements = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, finalize_statement);
  if (!open_handle (db, error))
    return NULL;
  return g_steal_pointer (&db);
}

void
potoo_db_close (PotooDb *db)
{
  g_hash_table_unref (db->statements);
  int result = sqlite3_close (db->handle);
  g_warn_if_fail (result == SQLITE_OK);
  g_free (db->path);
  g_free (db);
}

sqlite3 *
potoo_db_get_handle (PotooDb *db)
{
  return db->handle;
}

const char *
potoo_db_get_path (PotooDb *db)
{
  return db->path;
}

gboolean
potoo_db_check (PotooDb *db, int results, GError **error)
{
  return results == SQLITE_OK || potoo_db_fail (db, sqlite3_extended_errcode (db->handle), error);
}

gboolean
potoo_db_exec (PotooDb *db, const char *sql, GError **error)
{
  int result = sqlite3_exec (db->handle, sql, NULL, NULL, NULL);
  return result == SQLITE_OK || potoo_db_fail (db, result, error);
}

PotooStatement *
potoo_db_prepare (PotooDb *db, const char *sql, GError **error)
{
  sqlite3_stmt *statement = g_hash_table_lookup (db->statements, sql);

  if (statement != NULL)
    return statement;
  int result = sqlite3_prepare_v3 (db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement,
                                   NULL);
  if (result != SQLITE_OK)
    {
      potoo_db_fail (db, result, error);
      return NULL;
    }
  g_hash_table_insert (db->statements, g_strdup (sql), statement);
  return statement;
}

PotooStatement *
potoo_db_prepare_for (PotooDb *db, const char *sql, gint64 id, GError **error)
{
  g_autoptr (PotooStatement) statement = potoo_db_prepare (db, sql, error);

  if (statement == NULL || !potoo_db_check (db, sqlite3_bind_int64 (statement, 1, id), error))
    return NULL;
  return g_steal_pointer (&statement);
}

void
potoo_statement_release (PotooStatement *statement)
{
  /* Its result repeats that of the last step, which was looked at. */
  sqlite3_reset (statement);
  sqlite3_clear_bindings (statement);
}

int
potoo_statement_bind_text (PotooStatement *statement, int parameter, const char *text)
{
  return sqlite3_bind_text (statement, parameter, text, -1, SQLITE_TRANSIENT);
}

int
potoo_db_step (PotooDb *db, PotooStatement *statement, GError **error)
{
  int result = sqlite3_step (statement);

  if (result == SQLITE_ROW)
    return 1;
  if (result == SQLITE_DONE)
    return 0;
  potoo_db_fail (db, result, error);
  return -1;
}

gboolean
potoo_db_run (PotooDb *db, PotooStatement *statement, GError **error)
{
  int result;

  while ((result = potoo_db_step (db, statement, error)) > 0)
    ;
  return result == 0;
}

gboolean
potoo_db_get_int64 (PotooDb *db, const char *sql, gint64 *value, GError **error)
{
  g_autoptr (PotooStatement) statement = potoo_db_prepare (db, sql, error);
  int result = statement != NULL ? potoo_db_step (db, statement, error) : -1;

  *value = result > 0 ? sqlite3_column_int64 (statement, 0) : 0;
  return result >= 0;
}

gint64
potoo_column_int64 (PotooRow *row, int column, gint64 min, gint64 max)
{
  gint64 value = sqlite3_column_int64 (row->statement, column);

  if (sqlite3_column_type (row->statement, column) == SQLITE_INTEGER && value >= min &&
      value <= max)
    return value;
  row->valid = FALSE;
  return min;
}

/* (nullable): NULL, and the row not valid, unless it is text of at most @max bytes. */
static const char *
column_text (PotooRow *row, int column, gsize max)
{
  const char *text = NULL;
  gsize length = 0;

  if (sqlite3_column_type (row->statement, column) == SQLITE_TEXT)
    {
      text = (const char *) sqlite3_column_text (row->statement, column);
      length = (gsize) sqlite3_column_bytes (row->statement, column);
    }
  if (text != NULL && length <= max && g_utf8_validate_len (text, length, NULL))
    return text;
  row->valid = FALSE;
  return NULL;
}

void
potoo_column_text (PotooRow *row, int column, char *buffer, gsize size)
{
  const char *text = column_text (row, column, size - 1);
  g_strlcpy (buffer, text != NULL ? text : "", size);
}

char *
potoo_column_dup_text (PotooRow *row, int column, gsize max)
{
  return g_strdup (column_text (row, column, max));
}

GBytes *
potoo_column_dup_blob (PotooRow *row, int column, gsize max)
{
  gsize length = 0;

  if (sqlite3_column_type (row->statement, column) == SQLITE_BLOB)
    {
      const void *data = sqlite3_column_blob (row->statement, column);
      length = (gsize) sqlite3_column_bytes (row->statement, column);
      if (length <= max)
        return g_bytes_new (data, length);
    }
  row->valid = FALSE;
  return NULL;
}

gboolean
potoo_row_check (PotooDb *db, PotooRow *row, const char *table, gint64 id, GError **error)
{
  if (row->valid)
    return TRUE;
  g_autofree char *row_id = g_strdup_printf ("%" G_GINT64_FORMAT, id);
  g_set_error (error, POTOO_ERROR, POTOO_ERROR_CORRUPT,
               _ ("Catalog %s is damaged: row %s of table %s does not make sense; put a backup in "
                  "its place"),
               db->path, row_id, table);
  return FALSE;
}
