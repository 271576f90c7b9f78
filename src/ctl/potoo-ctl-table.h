/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  POTOO_CTL_COLUMN_RIGHT = 1 << 0, /* numbers */
  POTOO_CTL_COLUMN_WRAP = 1 << 1,  /* goes on in further lines when it is narrow */
  POTOO_CTL_COLUMN_SPARSE = 1 << 2 /* left out when no row has it */
} PotooCtlColumnFlags;

typedef struct
{
  const char *title; /* translated when shown; NULL ends the columns */
  PotooCtlColumnFlags flags;
  guint drop; /* where there is no room, columns go, the largest first; 0: it stays */
} PotooCtlColumn;

/**
 * PotooCtlTable:
 *
 * Rows of texts in columns. On a terminal they fit its width: columns that wrap become narrower,
 * others go, and what remains is cut. Elsewhere all is shown, one line a row.
 */
typedef struct _PotooCtlTable PotooCtlTable;

/* @columns: static */
PotooCtlTable *potoo_ctl_table_new (const PotooCtlColumn *columns);
void potoo_ctl_table_free (PotooCtlTable *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooCtlTable, potoo_ctl_table_free)

/* Appends the next cell, row by row. */
void potoo_ctl_table_add (PotooCtlTable *table, const char *text); /* (nullable): empty */
void potoo_ctl_table_take (PotooCtlTable *table, char *text);      /* (transfer full) */
guint potoo_ctl_table_get_n_rows (PotooCtlTable *table);

/* @width: of the terminal; 0: none. Without titles when all are empty. (transfer full) */
char *potoo_ctl_table_render (PotooCtlTable *table, guint width);

G_END_DECLS
