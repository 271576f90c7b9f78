/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Walks camera folders, day folders, files: each name is checked before it is
 * used, each directory opened without following links. */

#include "record/potoo-adoption.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "base/potoo-log.h"
#include "base/potoo-text.h"
#include "record/potoo-clean-mark.h"
#include "record/potoo-segment-scan.h"

/* A file whose fragments begin where the last ones of another segment end, goes on with its
 * recording. */
#define SAME_MOMENT_US 50000

typedef struct
{
  PotooStorageRoot *root;
  PotooCatalog *catalog;
  PotooCatalogReader *reader;
  PotooRecoveryReport *report;
  char *first_day;
  GHashTable *newest; /* stream key → PotooSegment: adopted last */
} Adoption;

typedef struct
{
  const char *camera, *day;
  PotooStreamKind stream;
  gint64 id;
  gint64 start_us; /* by the name, to the second */
} FileName;

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* The names in the directory @path, sorted; NULL when it is no directory of ours. */
static GPtrArray *
list_directory (Adoption *a, const char *path)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  int fd = *path != '\0' ? potoo_storage_root_open_directory (a->root, path, FALSE, NULL)
                         : openat (potoo_storage_root_get_fd (a->root), ".",
                                   O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *dir = fd >= 0 ? fdopendir (fd) : NULL;

  if (dir == NULL)
    {
      if (fd >= 0)
        close (fd);
      a->report->foreign++;
      return NULL;
    }
  for (struct dirent *entry = readdir (dir); entry != NULL; entry = readdir (dir))
    if (entry->d_name[0] != '.' && !g_str_equal (entry->d_name, "lost+found"))
      g_ptr_array_add (names, g_strdup (entry->d_name));
  closedir (dir);
  g_ptr_array_sort (names, compare_names);
  return g_steal_pointer (&names);
}

/* `HHMMSSZ-<main|sub>-<16 hex digits>.mp4` */
static gboolean
parse_name (const char *name, FileName *result)
{
  gint64 start_us;

  if (strlen (name) > 64 || strspn (name, "0123456789") != 6 || name[6] != 'Z' || name[7] != '-')
    return FALSE;
  g_autofree char *time = g_strdup_printf ("%sT%.2s:%.2s:%.2sZ", result->day, name, name + 2,
                                           name + 4);
  g_auto (GStrv) parts = g_strsplit (name + 8, "-", 2);
  if (!potoo_time_parse (time, &start_us) || g_strv_length (parts) != 2 ||
      !potoo_stream_kind_parse (parts[0], &result->stream) || !g_str_has_suffix (parts[1], ".mp4"))
    return FALSE;
  parts[1][strlen (parts[1]) - strlen (".mp4")] = '\0';
  result->start_us = start_us;
  return potoo_segment_id_parse (parts[1], &result->id);
}

/* The recording that goes on with @row: that of the segment which ends where it starts. */
static gint64
find_recording (Adoption *a, const PotooSegment *row)
{
  g_autofree char *key = potoo_stream_key (row->camera, row->stream);
  g_autoptr (PotooSegment) last = NULL;
  const PotooSegment *previous = g_hash_table_lookup (a->newest, key);

  if (previous == NULL)
    previous = last = potoo_catalog_reader_get_last_segment (a->reader, row->camera, row->stream,
                                                             NULL);
  if (previous != NULL && ABS (previous->end_us - row->start_us) <= SAME_MOMENT_US)
    return previous->recording;
  return row->id;
}

static void
fill_row (Adoption *a,
          const FileName *name,
          const char *path,
          PotooSegmentScan *scan,
          PotooSegment *row)
{
  row->id = name->id;
  g_strlcpy (row->camera, name->camera, sizeof row->camera);
  row->stream = name->stream;
  row->root = potoo_storage_root_get_row_id (a->root);
  row->state = scan->foreign_tail ? POTOO_SEGMENT_DAMAGED : POTOO_SEGMENT_CLOSED;
  row->duration_ticks = (gint64) potoo_segment_index_get_duration_ticks (scan->index);
  row->size_bytes = scan->end;
  row->init_bytes = scan->init_size;
  g_strlcpy (row->codecs, scan->codecs, sizeof row->codecs);
  row->start_us = scan->wall_start_us;
  row->end_us = scan->wall_end_us;

  /* The row must lead to the file: when the boxes tell another time, the name is right. */
  g_autofree char *expected = potoo_segment_relative_path (row);
  if (!g_str_equal (expected, path))
    {
      row->end_us += name->start_us - row->start_us;
      row->start_us = name->start_us;
    }
  row->recording = find_recording (a, row);
}

static void
adopt_scanned (Adoption *a, const FileName *name, const char *path, PotooSegmentScan *scan)
{
  g_autoptr (GError) error = NULL;
  PotooSegment row = { 0 };

  /* Behind a tail that is not of ours there may be more: such a file is not cut. */
  if (!potoo_segment_scan_mend (scan, a->root, scan->foreign_tail, &error))
    {
      potoo_log_warning (name->camera, "%s: %s", path, error->message);
      a->report->unreadable++;
      return;
    }
  g_autoptr (GBytes) blob = potoo_segment_index_to_blob (scan->index);
  fill_row (a, name, path, scan, &row);
  potoo_catalog_put_segment (a->catalog, &row, blob);
  g_hash_table_replace (a->newest, potoo_stream_key (row.camera, row.stream),
                        potoo_segment_copy (&row));
  potoo_recovery_report_note_end (a->report, &row, row.end_us);
  if (row.state == POTOO_SEGMENT_DAMAGED)
    a->report->damaged++;
  a->report->adopted++;
  a->report->cut_bytes += scan->foreign_tail ? 0 : scan->file_size - scan->end;
}

/* A kill between making a file and writing its init. */
static gboolean
is_empty (Adoption *a, const char *path)
{
  struct stat st;
  int fd = potoo_storage_root_open_file (a->root, path, O_RDONLY, NULL);

  if (fd < 0)
    return FALSE;
  gboolean empty = fstat (fd, &st) == 0 && st.st_size == 0;
  close (fd);
  return empty;
}

static void
adopt (Adoption *a, const FileName *name, const char *path)
{
  g_auto (PotooSegmentScan) scan = { .fd = -1 };
  g_autoptr (GError) error = NULL;

  if (is_empty (a, path))
    {
      if (potoo_storage_root_unlink (a->root, path, NULL))
        a->report->dropped++;
    }
  else if (!potoo_segment_scan_open (&scan, a->root, path, NULL, 0, &error))
    {
      potoo_log_warning (name->camera, "A file without a row is left alone: %s", error->message);
      a->report->foreign++;
    }
  else if (potoo_segment_index_get_n (scan.index) > 0)
    adopt_scanned (a, name, path, &scan);
  else if (scan.foreign_tail)
    a->report->foreign++;
  else if (potoo_storage_root_unlink (a->root, path, NULL))
    a->report->dropped++;
}

/* FALSE when the catalog cannot be asked. */
static gboolean
visit_file (Adoption *a, const char *camera, const char *day, const char *file, GError **error)
{
  FileName name = { .camera = camera, .day = day };
  g_autoptr (GError) missing = NULL;

  if (!parse_name (file, &name) || !potoo_catalog_is_plausible_segment_id (a->catalog, name.id))
    {
      a->report->foreign++;
      return TRUE;
    }
  g_autofree char *path = g_build_filename (camera, day, file, NULL);
  g_autoptr (PotooSegment) row = potoo_catalog_reader_get_segment (a->reader, name.id, &missing);
  if (row == NULL && !g_error_matches (missing, POTOO_ERROR, POTOO_ERROR_NOT_FOUND))
    {
      g_propagate_error (error, g_steal_pointer (&missing));
      return FALSE;
    }
  if (row == NULL)
    {
      adopt (a, &name, path);
      return TRUE;
    }
  g_autofree char *expected = potoo_segment_relative_path (row);
  if (!g_str_equal (expected, path))
    a->report->foreign++;
  return TRUE;
}

static gboolean
visit_day (Adoption *a, const char *camera, const char *day, GError **error)
{
  g_autofree char *path = g_build_filename (camera, day, NULL);
  g_autoptr (GPtrArray) files = list_directory (a, path);

  for (guint i = 0; files != NULL && i < files->len; i++)
    if (!visit_file (a, camera, day, files->pdata[i], error))
      return FALSE;
  return TRUE;
}

static gboolean
visit_camera (Adoption *a, const char *camera, GError **error)
{
  g_autoptr (GPtrArray) days = list_directory (a, camera);

  for (guint i = 0; days != NULL && i < days->len; i++)
    {
      const char *day = days->pdata[i];
      if (!potoo_day_is_valid (day))
        a->report->foreign++;
      else if (strcmp (day, a->first_day) >= 0 && !visit_day (a, camera, day, error))
        return FALSE;
    }
  return TRUE;
}

gboolean
potoo_adoption_run (PotooStorageRoot *root,
                    PotooCatalog *catalog,
                    PotooCatalogReader *reader,
                    PotooRecoveryReport *report,
                    GError **error)
{
  g_autofree char *first_day = potoo_clean_mark_get (reader, root);
  g_autoptr (GHashTable) newest = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                                         (GDestroyNotify) potoo_segment_free);
  Adoption adoption = { root, catalog, reader, report, first_day, newest };
  g_autoptr (GPtrArray) cameras = list_directory (&adoption, "");

  for (guint i = 0; cameras != NULL && i < cameras->len; i++)
    {
      if (!potoo_slug_is_valid (cameras->pdata[i]))
        report->foreign++;
      else if (!visit_camera (&adoption, cameras->pdata[i], error))
        return FALSE;
    }
  return TRUE;
}
