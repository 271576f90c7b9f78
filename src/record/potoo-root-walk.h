/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "catalog/potoo-catalog-segments.h"
#include "record/potoo-storage-root.h"

G_BEGIN_DECLS

/* All files below a storage root, by the names that Potoo gives them: camera folders, day folders,
 * files, each in the order of their names. Each name is checked before it is used, each directory
 * opened without following links. Blocks. */

/* A file's path, taken apart; the file itself was not looked at. */
typedef struct
{
  const char *path; /* relative to the root */
  const char *camera, *day;
  PotooStreamKind stream;
  gint64 id;
  gint64 start_us; /* to the second */
} PotooFileName;

typedef struct
{
  /* FALSE with an error ends the walk. */
  gboolean (*file) (const PotooFileName *name, gpointer user_data, GError **error);
  /* A file or directory that Potoo does not make. */
  gboolean (*foreign) (const char *path, gpointer user_data, GError **error);
  /* A directory of which not all names can be read: there may be more files in it. */
  void (*unreadable) (const char *path, const GError *why, gpointer user_data);
} PotooRootVisitor;

/* @first_day: `YYYY-MM-DD`, day folders before it are passed over; "": none are. */
gboolean potoo_root_walk (PotooStorageRoot *root,
                          const char *first_day,
                          const PotooRootVisitor *visitor,
                          gpointer user_data,
                          GError **error);

G_END_DECLS
