/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>
#include <sqlite3.h>

G_BEGIN_DECLS

/**
 * PotooDb:
 *
 * One SQLite connection with its prepared statements, which are kept by their
 * text. For one thread at a time. Every function that may fail reports a
 * POTOO_ERROR whose message names the database.
 */
typedef struct _PotooDb PotooDb;

typedef enum
{
  POTOO_DB_WRITER, /* makes the file, mode 0600, when it is missing */
  POTOO_DB_READER,
  POTOO_DB_COPY_FROM, /* reads a backup, or the catalog for one */
  POTOO_DB_COPY_TO,   /* an empty file; durable when its descriptor is synced */
} PotooDbMode;

PotooDb *potoo_db_open (const char *path, PotooDbMode mode, GError **error);
void potoo_db_close (PotooDb *db);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooDb, potoo_db_close)

sqlite3 *potoo_db_get_handle (PotooDb *db);
const char *potoo_db_get_path (PotooDb *db);

/* What SQLite says is wrong, by the result code of its last call. */
gboolean potoo_db_fail (PotooDb *db, int result, GError **error); /* always FALSE */

/* One or several statements without values or rows. */
gboolean potoo_db_exec (PotooDb *db, const char *sql, GError **error);

/* A statement, ready to be bound; released by g_autoptr, which ends what it was
 * reading. One text, one statement: it must not be prepared again while in use. */
typedef sqlite3_stmt PotooStatement;
PotooStatement *potoo_db_prepare (PotooDb *db, const char *sql, GError **error);
/* As that, with ?1 bound to @id. */
PotooStatement *potoo_db_prepare_for (PotooDb *db, const char *sql, gint64 id, GError **error);
void potoo_statement_release (PotooStatement *statement);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooStatement, potoo_statement_release)

/* Result codes of sqlite3_bind_…(), to be or-ed together and checked by potoo_db_check(). @text:
 * (nullable) */
int potoo_statement_bind_text (PotooStatement *statement, int parameter, const char *text);
gboolean potoo_db_check (PotooDb *db, int results, GError **error);

/* 1: a row, 0: done, -1: error. */
int potoo_db_step (PotooDb *db, PotooStatement *statement, GError **error);
/* Steps to the end; rows are not expected. */
gboolean potoo_db_run (PotooDb *db, PotooStatement *statement, GError **error);

/* Reading one integer with a statement without parameters. */
gboolean potoo_db_get_int64 (PotooDb *db, const char *sql, gint64 *value, GError **error);

/* --- columns of a row: never trusted, the file may be damaged or hand-edited.
 * The potoo_column_…() functions clear @row->valid instead of failing one by one. --- */

typedef struct
{
  PotooStatement *statement;
  gboolean valid;
} PotooRow;

gint64 potoo_column_int64 (PotooRow *row, int column, gint64 min, gint64 max);
/* Valid UTF-8 without NUL, of less than @size bytes. */
void potoo_column_text (PotooRow *row, int column, char *buffer, gsize size);
/* (transfer full) (nullable): NULL when not valid, or longer than @max bytes */
char *potoo_column_dup_text (PotooRow *row, int column, gsize max);
GBytes *potoo_column_dup_blob (PotooRow *row, int column, gsize max);

/* Fails with POTOO_ERROR_CORRUPT, naming @table and its row @id, unless the row is valid. */
gboolean potoo_row_check (PotooDb *db, PotooRow *row, const char *table, gint64 id, GError **error);

G_END_DECLS
