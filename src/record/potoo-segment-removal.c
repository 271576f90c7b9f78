/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * One directory after another: however many files of it go, it is synced once.
 *
 * An empty directory is removed although a writer may be about to make a file in it: who makes
 * files makes the directory anew when it has gone (potoo-segment-writer.c).
 */

#include "record/potoo-segment-removal.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <unistd.h>

#include "base/potoo-error.h"

typedef struct
{
  PotooStorageRoot *root;
  GPtrArray *segments;
  PotooRemovalOutcome *outcomes;
  GError *error; /* the first */
} Removal;

/* Takes @error over. */
static void
note_error (Removal *r, GError *error)
{
  if (r->error == NULL)
    r->error = error;
  else
    g_error_free (error);
}

static void
note_errno (Removal *r, int error_code, const char *path)
{
  GError *error = NULL;

  potoo_set_error_errno (&error, error_code, _ ("Cannot remove %s in %s"), path,
                         potoo_storage_root_get_path (r->root));
  note_error (r, error);
}

/* --- directories --- */

/* Takes away the directory @path, if it is empty. TRUE when it is gone, durably or not. */
static gboolean
remove_directory (Removal *r, const char *path)
{
  g_autofree char *above = g_path_get_dirname (path);
  g_autofree char *name = g_path_get_basename (path);
  gboolean top = g_str_equal (above, ".");

  int fd = potoo_storage_root_open_directory (r->root, top ? "" : above, FALSE, NULL);
  if (fd < 0)
    return FALSE;
  gboolean removed = unlinkat (fd, name, AT_REMOVEDIR) == 0;
  /* It may come back after a power cut: an empty directory hurts nobody. */
  if (removed)
    fsync (fd);
  close (fd);
  return removed;
}

static void
remove_empty (Removal *r, const char *day)
{
  g_autofree char *camera = g_path_get_dirname (day);

  if (remove_directory (r, day))
    remove_directory (r, camera);
}

/* --- files --- */

static void
set_outcome (Removal *r, const gboolean *member, PotooRemovalOutcome outcome)
{
  for (guint i = 0; i < r->segments->len; i++)
    if (member[i])
      r->outcomes[i] = outcome;
}

static void
unlink_members (Removal *r, int dir_fd, const gboolean *member)
{
  for (guint i = 0; i < r->segments->len; i++)
    {
      if (!member[i])
        continue;
      g_autofree char *path = potoo_segment_relative_path (r->segments->pdata[i]);
      g_autofree char *name = g_path_get_basename (path);
      if (unlinkat (dir_fd, name, 0) == 0 || errno == ENOENT)
        {
          r->outcomes[i] = POTOO_REMOVAL_GONE;
          continue;
        }
      r->outcomes[i] = POTOO_REMOVAL_LEFT;
      note_errno (r, errno, path);
    }
}

/* What was unlinked is gone once the directory is synced. */
static void
sync_directory (Removal *r, int dir_fd, const char *day, const gboolean *member)
{
  if (fsync (dir_fd) == 0)
    return;
  note_errno (r, errno, day);
  for (guint i = 0; i < r->segments->len; i++)
    if (member[i] && r->outcomes[i] == POTOO_REMOVAL_GONE)
      r->outcomes[i] = POTOO_REMOVAL_OPEN;
}

/* @member: those of the segments that lie in the directory @day. */
static void
remove_from_day (Removal *r, const char *day, const gboolean *member)
{
  GError *error = NULL;
  int dir_fd = potoo_storage_root_open_directory (r->root, day, FALSE, &error);

  if (dir_fd < 0)
    {
      gboolean missing = g_error_matches (error, POTOO_ERROR, POTOO_ERROR_NOT_FOUND);
      set_outcome (r, member, missing ? POTOO_REMOVAL_GONE : POTOO_REMOVAL_LEFT);
      if (missing)
        g_error_free (error);
      else
        note_error (r, error);
      return;
    }
  unlink_members (r, dir_fd, member);
  sync_directory (r, dir_fd, day, member);
  close (dir_fd);
  remove_empty (r, day);
}

static char *
get_day (const PotooSegment *segment)
{
  g_autofree char *path = potoo_segment_relative_path (segment);
  return g_path_get_dirname (path);
}

void
potoo_segment_removal_run (PotooStorageRoot *root,
                           GPtrArray *segments,
                           PotooRemovalOutcome *outcomes,
                           GError **error)
{
  Removal r = { root, segments, outcomes, NULL };
  g_autofree gboolean *done = g_new0 (gboolean, segments->len);

  for (guint i = 0; i < segments->len; i++)
    {
      if (done[i])
        continue;
      g_autofree char *day = get_day (segments->pdata[i]);
      g_autofree gboolean *member = g_new0 (gboolean, segments->len);
      for (guint j = i; j < segments->len; j++)
        {
          g_autofree char *other = get_day (segments->pdata[j]);
          member[j] = g_str_equal (day, other);
          done[j] = done[j] || member[j];
        }
      remove_from_day (&r, day, member);
    }
  if (r.error != NULL)
    g_propagate_error (error, r.error);
}
