/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Recordings that something happened to, compared with the catalog and put right. */

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "catalog/potoo-catalog-amend.h"
#include "catalog/potoo-catalog-cameras.h"
#include "catalog/potoo-catalog-totals.h"
#include "catalog/potoo-segment-index.h"
#include "record/potoo-rebuild.h"
#include "record/potoo-verify-file.h"
#include "record/potoo-verify.h"
#include "recording-fixture.h"

#define FRAGMENTS 8
#define SECOND POTOO_SECOND_US

typedef struct
{
  Recording r;
  GPtrArray *roots;
  MediaMaker maker;
  GByteArray *file;
  PotooSegment row;
  GBytes *index;
  char *path;
  PotooVerifyFinding told; /* times only, of the last finding without repair */
} Bench;

static PotooStorageRoot *
root_of (Bench *b)
{
  return b->roots->pdata[0];
}

static gsize
fragment_size (Bench *b)
{
  return (b->file->len - (gsize) b->row.init_bytes) / FRAGMENTS;
}

static void
write_file (const char *path, const guint8 *data, gsize size)
{
  g_autofree char *directory = g_path_get_dirname (path);
  g_assert_cmpint (g_mkdir_with_parents (directory, 0750), ==, 0);
  g_unlink (path);
  g_assert_true (
      g_file_set_contents_full (path, (const char *) data, (gssize) size, 0, 0640, NULL));
}

/* What the writer writes at the end. */
static void
set_duration (Bench *b, GByteArray *file, guint64 ticks)
{
  ticks = GUINT64_TO_BE (ticks);
  memcpy (file->data + potoo_init_get_mehd_offset (b->maker.init), &ticks, sizeof ticks);
}

static void
hash_row (Bench *b)
{
  PotooPacer pacer = { 0 };
  int fd = open (b->path, O_RDONLY);

  g_assert_true (potoo_content_hash (fd, b->row.size_bytes, &pacer, b->row.sha256, NULL));
  close (fd);
  potoo_catalog_set_segment_sha256 (b->r.catalog, b->row.id, b->row.sha256);
  b->row.has_sha256 = TRUE;
}

static PotooStorageRoot *
open_root (Bench *b)
{
  g_autoptr (GError) error = NULL;
  PotooStorageRoot *root = potoo_storage_root_new (b->r.config, 0, b->r.catalog);

  potoo_storage_root_attach (root, &error);
  g_assert_no_error (error);
  return root;
}

static void
on_camera_put (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_assert_true (potoo_catalog_put_camera_finish (POTOO_CATALOG (source), result, NULL));
  *(gboolean *) user_data = TRUE;
}

static void
put_camera (Bench *b)
{
  gboolean done = FALSE;
  g_autoptr (JsonObject) object = json_object_new ();

  json_object_set_string_member (object, "id", "door");
  json_object_set_string_member (object, "url", "rtsp://192.0.2.1/door");
  g_autoptr (PotooCameraSettings) settings = potoo_camera_settings_new (object, NULL);
  potoo_catalog_put_camera_async (b->r.catalog, settings, on_camera_put, &done);
  while (!done)
    g_main_context_iteration (NULL, TRUE);
}

/* What the catalog has, and how the files are. */
static char *
dump (Bench *b)
{
  GString *text = g_string_new (NULL);
  g_autoptr (GPtrArray) segments = recording_list_segments (&b->r);
  g_autoptr (GPtrArray) gaps = recording_list_gaps (&b->r);
  GStatBuf st;

  for (guint i = 0; i < segments->len; i++)
    {
      const PotooSegment *s = segments->pdata[i];
      g_string_append_printf (text, "%d %" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %d\n", s->state,
                              s->size_bytes, s->end_us, s->has_sha256);
    }
  if (g_lstat (b->path, &st) == 0)
    g_string_append_printf (text, "%" G_GINT64_FORMAT " %" G_GINT64_FORMAT, (gint64) st.st_size,
                            (gint64) st.st_mtim.tv_nsec);
  g_string_append_printf (text, " %u", gaps->len);
  return g_string_free (text, FALSE);
}

/* A closed segment with a hash, of FRAGMENTS seconds. */
static void
set_up (Bench *b, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  recording_set_up (&b->r);
  recording_open (&b->r);
  b->roots = g_ptr_array_new_with_free_func ((GDestroyNotify) potoo_storage_root_unref);
  g_ptr_array_add (b->roots, open_root (b));
  media_maker_init (&b->maker, FALSE);
  b->file = media_maker_file (&b->maker, FRAGMENTS);
  set_duration (b, b->file, FRAGMENTS * 90000);
  b->row = (PotooSegment){
    .id = potoo_catalog_take_segment_id (b->r.catalog),
    .camera = "door",
    .root = potoo_storage_root_get_row_id (root_of (b)),
    .state = POTOO_SEGMENT_CLOSED,
    .start_us = MEDIA_MAKER_WALL_US,
    .end_us = MEDIA_MAKER_WALL_US + FRAGMENTS * SECOND,
    .boot_id = "x",
    .duration_ticks = FRAGMENTS * 90000,
    .size_bytes = b->file->len,
    .init_bytes = (gint64) g_bytes_get_size (potoo_init_get_bytes (b->maker.init)),
    .codecs = "avc1.64001f",
  };
  g_strlcpy (b->row.codecs, potoo_init_get_track (b->maker.init, 0)->codec, sizeof b->row.codecs);
  b->row.recording = b->row.id;
  b->path = recording_get_path (&b->r, &b->row);
  g_autoptr (PotooSegmentIndex) index = potoo_segment_index_new ((gsize) b->row.init_bytes);
  for (guint i = 0; i < FRAGMENTS; i++)
    potoo_segment_index_append (index, (guint32) fragment_size (b), 90000, i % 2 == 0);
  b->index = potoo_segment_index_to_blob (index);
  write_file (b->path, b->file->data, b->file->len);
  potoo_catalog_put_segment (b->r.catalog, &b->row, b->index);
  hash_row (b);
  g_assert_true (potoo_catalog_sync (b->r.catalog, &error));
}

static void
tear_down (Bench *b, gconstpointer data)
{
  g_ptr_array_unref (b->roots);
  potoo_catalog_close (b->r.catalog);
  g_clear_object (&b->r.catalog);
  g_clear_pointer (&b->r.config, potoo_config_unref);
  g_byte_array_unref (b->file);
  g_bytes_unref (b->index);
  g_free (b->path);
  media_maker_clear (&b->maker);
  recording_tear_down (&b->r);
}

static PotooVerifyReport *
verify_as (Bench *b, const PotooVerifySpec *how)
{
  g_autoptr (GError) error = NULL;
  PotooVerifySpec spec = *how;

  spec.catalog = b->r.catalog;
  spec.roots = b->roots;
  g_assert_true (potoo_catalog_sync (b->r.catalog, &error));
  g_autoptr (PotooVerify) verify = potoo_verify_new (&spec);
  g_assert_true (potoo_verify_run (verify, &error));
  g_assert_no_error (error);
  return potoo_verify_get_report (verify);
}

static PotooVerifyReport *
verify (Bench *b, gboolean repair)
{
  return verify_as (b, &(PotooVerifySpec){ .repair = repair, .contents = TRUE });
}

/* NULL when it is gone. */
static PotooSegment *
get_row (Bench *b, gint64 id)
{
  g_assert_true (potoo_catalog_sync (b->r.catalog, NULL));
  g_autoptr (PotooCatalogReader) reader = potoo_catalog_reader_new (b->r.catalog, NULL);
  return potoo_catalog_reader_get_segment (reader, id, NULL);
}

static void
assert_sound (Bench *b)
{
  g_autoptr (PotooVerifyReport) report = verify (b, FALSE);
  g_assert_cmpint (potoo_verify_report_get_open (report), ==, 0);
}

/* One finding, twice: without repairing nothing changes; with it all is well afterwards. */
static void
assert_found (Bench *b, PotooVerifyProblem problem, gboolean repairable)
{
  g_autofree char *before = dump (b);
  g_autoptr (PotooVerifyReport) looked = verify (b, FALSE);
  g_autofree char *after = dump (b);

  g_assert_cmpuint (looked->findings->len, ==, 1);
  const PotooVerifyFinding *finding = looked->findings->pdata[0];
  g_assert_cmpstr (potoo_verify_problem_to_string (finding->problem), ==,
                   potoo_verify_problem_to_string (problem));
  g_assert_cmpstr (finding->root, ==, "main");
  g_assert_nonnull (strstr (b->path, finding->path));
  g_assert_cmpstr (before, ==, after);
  g_assert_false (finding->repaired);
  b->told = (PotooVerifyFinding){ .lost_start_us = finding->lost_start_us,
                                  .lost_end_us = finding->lost_end_us,
                                  .lost_us = finding->lost_us };
  g_assert_cmpint (looked->lost_us, ==, finding->lost_us);

  g_autoptr (PotooVerifyReport) repaired = verify (b, TRUE);
  g_assert_cmpint (repaired->found[problem], ==, 1);
  g_assert_cmpint (repaired->repaired[problem], ==, repairable ? 1 : 0);
  if (repairable)
    assert_sound (b);
}

static void
assert_lost (Bench *b, gint64 start_us, gint64 end_us)
{
  g_autoptr (GPtrArray) gaps = recording_list_gaps (&b->r);

  g_assert_cmpuint (gaps->len, ==, 1);
  const PotooGap *gap = gaps->pdata[0];
  g_assert_cmpint (gap->cause, ==, POTOO_GAP_DAMAGED);
  g_assert_cmpint (gap->start_us, ==, start_us);
  g_assert_cmpint (gap->end_us, ==, end_us);
  if (b->told.lost_us == 0)
    return; /* it is no finding */
  g_assert_cmpint (b->told.lost_us, ==, end_us - start_us);
  g_assert_cmpint (b->told.lost_start_us, ==, start_us);
  g_assert_cmpint (b->told.lost_end_us, ==, end_us);
}

static void
overwrite (Bench *b, gint64 offset, const void *data, gsize size)
{
  int fd = open (b->path, O_WRONLY);
  g_assert_cmpint (pwrite (fd, data, size, offset), ==, size);
  close (fd);
}

/* --- what may have happened --- */

static void
test_sound (Bench *b, gconstpointer data)
{
  g_autoptr (PotooVerifyReport) report = verify (b, TRUE);

  g_assert_cmpint (report->total, ==, 1);
  g_assert_cmpint (report->segments, ==, 1);
  g_assert_cmpint (report->files, ==, 1);
  g_assert_cmpint (report->bytes, ==, b->row.size_bytes);
  g_assert_cmpuint (report->findings->len, ==, 0);
  g_assert_cmpint (report->hashed + report->unhashed, ==, 0);
  g_assert_false (report->running);
  g_assert_null (report->error);
}

static void
test_missing (Bench *b, gconstpointer data)
{
  g_assert_cmpint (g_unlink (b->path), ==, 0);
  assert_found (b, POTOO_VERIFY_MISSING, TRUE);
  g_assert_null (get_row (b, b->row.id));
  g_assert_cmpint (b->told.lost_us, >, 0);
  assert_lost (b, b->row.start_us, b->row.end_us);
}

static void
test_truncated (Bench *b, gconstpointer data)
{
  gint64 size = b->row.init_bytes + (gint64) fragment_size (b) * 5 + 17;

  g_assert_cmpint (truncate (b->path, size), ==, 0);
  assert_found (b, POTOO_VERIFY_DAMAGED, TRUE);
  g_autoptr (PotooSegment) row = get_row (b, b->row.id);
  g_assert_cmpint (row->state, ==, POTOO_SEGMENT_DAMAGED);
  g_assert_cmpint (row->size_bytes, ==, size - 17);
  g_assert_cmpint (row->end_us, ==, row->start_us + 5 * SECOND);
  g_assert_cmpint (row->duration_ticks, ==, 5 * 90000);
  g_assert_cmpint (b->told.lost_us, >, 0);
  assert_lost (b, row->end_us, b->row.end_us);
}

/* One fragment of many: what is behind it can still be read. */
static void
test_hole (Bench *b, gconstpointer data)
{
  const guint8 rot[64] = { 0xff };

  overwrite (b, b->row.init_bytes + (gint64) fragment_size (b) * 3, rot, sizeof rot);
  assert_found (b, POTOO_VERIFY_DAMAGED, TRUE);
  g_autoptr (PotooSegment) row = get_row (b, b->row.id);
  g_assert_cmpint (row->state, ==, POTOO_SEGMENT_DAMAGED);
  g_assert_cmpint (row->size_bytes, ==, b->row.size_bytes);
  g_assert_cmpint (row->end_us, ==, b->row.end_us);
  g_assert_cmpint (b->told.lost_us, >, 0);
  assert_lost (b, row->start_us + 3 * SECOND, row->start_us + 4 * SECOND);
  g_autoptr (PotooVerifyReport) again = verify (b, TRUE);
  g_assert_cmpint (again->known_damaged, ==, 1);
  assert_lost (b, row->start_us + 3 * SECOND, row->start_us + 4 * SECOND);
}

static void
test_init_gone (Bench *b, gconstpointer data)
{
  const guint8 rot[64] = { 0xff };

  overwrite (b, 0, rot, sizeof rot);
  assert_found (b, POTOO_VERIFY_DAMAGED, TRUE);
  g_autoptr (PotooSegment) row = get_row (b, b->row.id);
  g_assert_cmpint (row->state, ==, POTOO_SEGMENT_DAMAGED);
  struct stat st;
  g_assert_cmpint (g_stat (b->path, &st), ==, 0);
  g_assert_cmpint (st.st_size, ==, b->row.size_bytes);
  g_assert_cmpint (row->end_us, ==, row->start_us);
  g_assert_cmpint (row->size_bytes, ==, row->init_bytes);
  assert_lost (b, b->row.start_us, b->row.end_us);
  g_autoptr (PotooVerifyReport) again = verify (b, TRUE);
  g_assert_cmpint (again->known_damaged, ==, 1);
  assert_lost (b, b->row.start_us, b->row.end_us);
}

/* A bit within the media, where no box tells. */
static void
test_bit_rot (Bench *b, gconstpointer data)
{
  gint64 at = b->row.size_bytes - 50;
  guint8 byte = b->file->data[at] ^ 0x10;

  overwrite (b, at, &byte, 1);
  g_autoptr (PotooVerifyReport) boxes = verify_as (b, &(PotooVerifySpec){ .contents = FALSE });
  g_assert_cmpuint (boxes->findings->len, ==, 0);
  assert_found (b, POTOO_VERIFY_CHANGED, TRUE);
  g_autoptr (PotooSegment) row = get_row (b, b->row.id);
  g_assert_cmpint (row->state, ==, POTOO_SEGMENT_DAMAGED);
  g_assert_cmpint (row->size_bytes, ==, b->row.size_bytes);
  g_assert_cmpmem (row->sha256, 32, b->row.sha256, 32);
}

static void
test_no_hash (Bench *b, gconstpointer data)
{
  PotooSegment other = b->row;

  potoo_catalog_drop_segment (b->r.catalog, b->row.id);
  potoo_catalog_put_segment (b->r.catalog, &other, b->index);
  g_autoptr (PotooVerifyReport) looked = verify (b, FALSE);
  g_assert_cmpint (looked->unhashed, ==, 1);
  g_autoptr (PotooSegment) unhashed = get_row (b, b->row.id);
  g_assert_false (unhashed->has_sha256);
  g_autoptr (PotooVerifyReport) repaired = verify (b, TRUE);
  g_assert_cmpint (repaired->hashed, ==, 1);
  g_autoptr (PotooSegment) hashed = get_row (b, b->row.id);
  g_assert_cmpmem (hashed->sha256, 32, b->row.sha256, 32);
}

static void
put_row (Bench *b, const PotooSegment *row, GBytes *index)
{
  potoo_catalog_drop_segment (b->r.catalog, row->id);
  potoo_catalog_put_segment (b->r.catalog, row, index);
}

static void
test_wrong_index (Bench *b, gconstpointer data)
{
  g_autoptr (PotooSegmentIndex) index = potoo_segment_index_new ((gsize) b->row.init_bytes);
  guint size = (guint) fragment_size (b);

  /* The same size in all, other fragments. */
  potoo_segment_index_append (index, 2 * size, 180000, TRUE);
  for (guint i = 2; i < FRAGMENTS; i++)
    potoo_segment_index_append (index, size, 90000, i % 2 == 0);
  g_autoptr (GBytes) blob = potoo_segment_index_to_blob (index);
  put_row (b, &b->row, blob);
  assert_found (b, POTOO_VERIFY_MISMATCH, TRUE);
  g_autoptr (PotooSegment) row = get_row (b, b->row.id);
  g_assert_cmpint (row->state, ==, POTOO_SEGMENT_CLOSED);
}

static void
test_no_index (Bench *b, gconstpointer data)
{
  put_row (b, &b->row, NULL);
  assert_found (b, POTOO_VERIFY_MISMATCH, TRUE);
}

static void
test_wrong_key_flag (Bench *b, gconstpointer data)
{
  g_autoptr (PotooSegmentIndex) index = potoo_segment_index_new ((gsize) b->row.init_bytes);

  for (guint i = 0; i < FRAGMENTS; i++)
    potoo_segment_index_append (index, (guint32) fragment_size (b), 90000, TRUE);
  g_autoptr (GBytes) blob = potoo_segment_index_to_blob (index);
  put_row (b, &b->row, blob);
  assert_found (b, POTOO_VERIFY_MISMATCH, TRUE);
}

static void
test_wrong_duration (Bench *b, gconstpointer data)
{
  guint64 ticks = 0;

  overwrite (b, (gint64) potoo_init_get_mehd_offset (b->maker.init), &ticks, sizeof ticks);
  put_row (b, &b->row, b->index); /* without a hash, which would tell first */
  assert_found (b, POTOO_VERIFY_MISMATCH, TRUE);
}

/* More than the row says: the file knows better. */
static void
test_longer (Bench *b, gconstpointer data)
{
  PotooSegment shorter = b->row;
  g_autoptr (PotooSegmentIndex) index = potoo_segment_index_new ((gsize) b->row.init_bytes);

  for (guint i = 0; i < 5; i++)
    potoo_segment_index_append (index, (guint32) fragment_size (b), 90000, i % 2 == 0);
  g_autoptr (GBytes) blob = potoo_segment_index_to_blob (index);
  shorter.size_bytes = (gint64) potoo_segment_index_get_end (index);
  shorter.duration_ticks = 5 * 90000;
  shorter.end_us = shorter.start_us + 5 * SECOND;
  put_row (b, &shorter, blob);
  assert_found (b, POTOO_VERIFY_MISMATCH, TRUE);
  g_autoptr (PotooSegment) row = get_row (b, b->row.id);
  g_assert_cmpint (row->size_bytes, ==, b->row.size_bytes);
  g_assert_cmpint (row->end_us, ==, b->row.end_us);
}

static void
test_times (Bench *b, gconstpointer data)
{
  PotooSegment late = b->row;

  late.start_us += 30 * SECOND;
  late.end_us += 30 * SECOND;
  g_autofree char *path = recording_get_path (&b->r, &late);
  g_assert_cmpint (g_rename (b->path, path), ==, 0);
  g_free (b->path);
  b->path = g_steal_pointer (&path);
  put_row (b, &late, b->index);
  assert_found (b, POTOO_VERIFY_TIMES, FALSE);
}

static void
test_unreadable (Bench *b, gconstpointer data)
{
  g_assert_cmpint (g_unlink (b->path), ==, 0);
  g_assert_cmpint (symlink ("/etc/hostname", b->path), ==, 0);
  assert_found (b, POTOO_VERIFY_UNREADABLE, FALSE);
  g_autoptr (PotooSegment) row = get_row (b, b->row.id);
  g_assert_cmpint (row->state, ==, POTOO_SEGMENT_CLOSED);
}

/* A disk that is unmounted is not one whose files are gone. */
static void
test_absent_root (Bench *b, gconstpointer data)
{
  potoo_storage_root_detach (root_of (b));
  g_autoptr (PotooVerifyReport) report = verify (b, TRUE);
  g_assert_cmpuint (report->findings->len, ==, 1);
  g_assert_cmpint (report->found[POTOO_VERIFY_UNREADABLE], ==, 1);
  g_assert_cmpint (potoo_verify_report_get_open (report), ==, 1);
  g_autoptr (PotooSegment) row = get_row (b, b->row.id);
  g_assert_cmpint (row->state, ==, POTOO_SEGMENT_CLOSED);
}

static void
test_unlisted (Bench *b, gconstpointer data)
{
  potoo_catalog_drop_segment (b->r.catalog, b->row.id);
  assert_found (b, POTOO_VERIFY_UNLISTED, TRUE);
  g_autoptr (PotooSegment) row = get_row (b, b->row.id);
  g_assert_cmpint (row->size_bytes, ==, b->row.size_bytes);
  g_assert_cmpint (row->end_us, ==, b->row.end_us);
}

static void
test_foreign (Bench *b, gconstpointer data)
{
  g_autofree char *day = g_path_get_dirname (b->path);
  g_autofree char *note = g_build_filename (day, "note.txt", NULL);
  g_autofree char *copy = g_strdup_printf ("%s/000000Z-sub-%016" G_GINT64_MODIFIER "x.mp4", day,
                                           b->row.id);

  write_file (note, (const guint8 *) "x", 1);
  write_file (copy, b->file->data, b->file->len);
  g_autoptr (PotooVerifyReport) report = verify (b, TRUE);
  g_assert_cmpint (report->found[POTOO_VERIFY_FOREIGN], ==, 2);
  g_assert_cmpint (potoo_verify_report_get_open (report), ==, 0);
  g_assert_true (g_file_test (note, G_FILE_TEST_EXISTS));
  g_assert_true (g_file_test (copy, G_FILE_TEST_EXISTS));
}

/* Segments that are being written or deleted are others' affair; and so are, while the daemon
 * runs, files whose rows are on their way. */
static void
test_live (Bench *b, gconstpointer data)
{
  PotooSegment open = b->row, deleting = b->row;
  g_autoptr (GError) error = NULL;

  open.id = potoo_catalog_take_segment_id (b->r.catalog);
  open.recording = open.id;
  open.state = POTOO_SEGMENT_OPEN;
  deleting.id = potoo_catalog_take_segment_id (b->r.catalog);
  deleting.state = POTOO_SEGMENT_DELETING;
  potoo_catalog_put_segment (b->r.catalog, &open, NULL);
  potoo_catalog_put_segment (b->r.catalog, &deleting, NULL);
  PotooSegment made = b->row;
  made.id = potoo_catalog_take_segment_id (b->r.catalog);
  g_autofree char *path = recording_get_path (&b->r, &made);
  write_file (path, b->file->data, 100);

  g_autoptr (PotooVerifyReport)
      live = verify_as (b, &(PotooVerifySpec){ .repair = TRUE, .contents = TRUE, .live = TRUE });
  g_assert_cmpuint (live->findings->len, ==, 0);
  g_assert_cmpint (live->segments, ==, 1);
  g_autoptr (PotooVerifyReport) offline = verify (b, FALSE);
  g_assert_cmpint (offline->found[POTOO_VERIFY_UNLISTED], ==, 1);
}

static void
on_found_cancel (const PotooVerifyFinding *finding, gpointer user_data)
{
  potoo_verify_cancel (*(PotooVerify **) user_data);
}

static void
test_cancel (Bench *b, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  PotooVerify *running = NULL;
  PotooVerifySpec spec = { .catalog = b->r.catalog,
                           .roots = b->roots,
                           .contents = TRUE,
                           .found = on_found_cancel,
                           .user_data = &running };

  for (guint i = 0; i < 10; i++)
    {
      PotooSegment row = b->row;
      row.id = potoo_catalog_take_segment_id (b->r.catalog);
      potoo_catalog_put_segment (b->r.catalog, &row, NULL);
    }
  g_assert_true (potoo_catalog_sync (b->r.catalog, NULL));
  running = potoo_verify_new (&spec);
  g_assert_false (potoo_verify_run (running, &error));
  g_assert_error (error, POTOO_ERROR, POTOO_ERROR_UNAVAILABLE);
  g_autoptr (PotooVerifyReport) report = potoo_verify_get_report (running);
  g_assert_cmpint (report->found[POTOO_VERIFY_MISSING], ==, 1);
  g_assert_nonnull (report->error);
  potoo_verify_free (running);
}

/* --- a catalog that does not know all --- */

/* @n files of one stream, each a second after the other or, where @hole, a minute. */
static void
make_files (Bench *b, guint n, guint hole)
{
  PotooSegment row = b->row;

  for (guint i = 0; i < n; i++)
    {
      b->maker.wall_offset_us -= 1; /* the end of the one before is told by boxes, which round */
      g_autoptr (GByteArray) file = media_maker_file (&b->maker, 1);
      row.id = 5000 + i;
      row.start_us = b->maker.wall_end_us - SECOND;
      g_autofree char *path = recording_get_path (&b->r, &row);
      write_file (path, file->data, file->len);
      if (i + 1 == hole)
        media_maker_skip (&b->maker, 60 * SECOND);
    }
}

/* As after a start: no id was taken yet. */
static void
reopen (Bench *b)
{
  g_ptr_array_set_size (b->roots, 0);
  potoo_catalog_close (b->r.catalog);
  g_clear_object (&b->r.catalog);
  g_clear_pointer (&b->r.config, potoo_config_unref);
  recording_open (&b->r);
  g_ptr_array_add (b->roots, open_root (b));
}

/* What the start does. Returns where the newest file of `door` ends; 0: that is not told. */
static gint64
prepare (Bench *b)
{
  g_autoptr (GError) error = NULL;
  g_auto (PotooRecoveryReport) report = { 0 };
  g_autoptr (PotooCatalogReader) reader = potoo_catalog_reader_new (b->r.catalog, NULL);

  potoo_recovery_report_init (&report, NULL);
  g_assert_true (potoo_rebuild_prepare (b->r.catalog, root_of (b), reader, &report, &error));
  g_assert_true (potoo_catalog_sync (b->r.catalog, NULL));
  const gint64 *end_us = g_hash_table_lookup (report.ends, "door/main");
  return end_us != NULL ? *end_us : 0;
}

static void
test_rebuild (Bench *b, gconstpointer data)
{
  const PotooVerifySpec rebuild = { .repair = TRUE, .rebuild = TRUE, .live = TRUE };

  put_camera (b);
  make_files (b, 10, 5);
  g_assert_cmpint (g_unlink (b->path), ==, 0); /* evicted since the backup */
  reopen (b);
  gint64 ends_us = prepare (b);
  g_assert_cmpint (ABS (ends_us - b->maker.wall_end_us), <, POTOO_SAME_MOMENT_US);
  g_assert_cmpint (potoo_catalog_get_first_segment_id (b->r.catalog), >, 5009);
  g_assert_cmpint (potoo_catalog_take_segment_id (b->r.catalog), >, 5009);

  g_autoptr (PotooVerifyReport) report = verify_as (b, &rebuild);
  g_assert_cmpint (report->repaired[POTOO_VERIFY_UNLISTED], ==, 9); /* all but the newest */
  g_assert_cmpint (report->repaired[POTOO_VERIFY_MISSING], ==, 1);
  g_assert_cmpint (potoo_verify_report_get_open (report), ==, 0);
  g_autoptr (GPtrArray) segments = recording_list_segments (&b->r);
  g_assert_cmpuint (segments->len, ==, 10);
  for (guint i = 0; i < 10; i++)
    g_assert_cmpint (((PotooSegment *) segments->pdata[i])->recording, ==, i < 5 ? 5000 : 5005);
  for (guint i = 1; i < 10; i++)
    g_assert_true (i == 5 || ((PotooSegment *) segments->pdata[i - 1])->end_us ==
                                 ((PotooSegment *) segments->pdata[i])->start_us);
  const PotooSegment *before = segments->pdata[4], *after = segments->pdata[5];
  assert_lost (b, before->end_us, after->start_us);
  /* Once more: nothing is left to do, and no gap is told twice. */
  g_autoptr (PotooVerifyReport) again = verify_as (b, &rebuild);
  g_assert_cmpuint (again->findings->len, ==, 0);
  assert_lost (b, before->end_us, after->start_us);
}

/* The start took the time since the backup for a crash. */
static void
test_rebuild_false_gap (Bench *b, gconstpointer data)
{
  const PotooVerifySpec rebuild = { .repair = TRUE, .rebuild = TRUE, .live = TRUE };
  PotooGap gap = { .camera = "door", .cause = POTOO_GAP_CRASH };

  put_camera (b);
  make_files (b, 4, 2);
  gap.start_us = b->row.end_us;
  gap.end_us = b->maker.wall_end_us + 30 * SECOND;
  reopen (b);
  prepare (b);
  gap.id = potoo_catalog_take_gap_id (b->r.catalog);
  potoo_catalog_put_gap (b->r.catalog, &gap);
  for (guint round = 0; round < 2; round++)
    {
      g_autoptr (PotooVerifyReport) report = verify_as (b, &rebuild);
      g_autoptr (GPtrArray) segments = recording_list_segments (&b->r);
      g_autoptr (GPtrArray) gaps = recording_list_gaps (&b->r);
      g_assert_cmpuint (segments->len, ==, 5);
      g_assert_cmpuint (gaps->len, ==, 2);
      const PotooSegment *second = segments->pdata[2], *third = segments->pdata[3];
      const PotooGap *hole = gaps->pdata[0], *rest = gaps->pdata[1];
      g_assert_cmpint (hole->start_us, ==, second->end_us);
      g_assert_cmpint (hole->end_us, ==, third->start_us);
      g_assert_cmpint (rest->start_us, ==, ((PotooSegment *) segments->pdata[4])->end_us);
      g_assert_cmpint (rest->end_us, ==, gap.end_us);
      g_assert_cmpint (rest->cause, ==, POTOO_GAP_CRASH);
    }
}

/* Without its settings nobody knows when a camera was to be recorded. */
static void
test_rebuild_unknown_camera (Bench *b, gconstpointer data)
{
  make_files (b, 4, 2);
  g_autoptr (PotooVerifyReport)
      report = verify_as (b, &(PotooVerifySpec){ .repair = TRUE, .rebuild = TRUE });
  g_assert_cmpint (report->repaired[POTOO_VERIFY_UNLISTED], ==, 4);
  g_autoptr (GPtrArray) gaps = recording_list_gaps (&b->r);
  g_assert_cmpuint (gaps->len, ==, 0);
}

/* More rows than the catalog's queue holds. */
static void
test_rebuild_many (Bench *b, gconstpointer data)
{
  g_autoptr (GByteArray) file = media_maker_file (&b->maker, 1);
  PotooSegment row = b->row;
  const guint n = 10500;

  set_duration (b, file, 90000);
  for (guint i = 0; i < n; i++)
    {
      row.id = 5000 + i;
      row.start_us = b->maker.wall_end_us + i * SECOND;
      g_autofree char *path = recording_get_path (&b->r, &row);
      write_file (path, file->data, file->len);
    }
  g_autoptr (PotooVerifyReport)
      report = verify_as (b, &(PotooVerifySpec){ .repair = TRUE, .rebuild = TRUE });
  g_assert_cmpint (report->repaired[POTOO_VERIFY_UNLISTED], ==, n);
  g_assert_cmpuint (report->findings->len, ==, POTOO_VERIFY_MAX_FINDINGS);
  g_autoptr (PotooCatalogReader) reader = potoo_catalog_reader_new (b->r.catalog, NULL);
  PotooTotals totals = { 0 };
  g_assert_true (potoo_catalog_reader_get_totals (reader, 0, NULL, &totals, NULL));
  g_assert_cmpint (totals.kept[POTOO_SEGMENT_CONTINUOUS].segments, ==, n + 1);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
#define ADD(path, func) g_test_add ("/verify/" path, Bench, NULL, set_up, func, tear_down)
  ADD ("sound", test_sound);
  ADD ("missing", test_missing);
  ADD ("truncated", test_truncated);
  ADD ("hole", test_hole);
  ADD ("init-gone", test_init_gone);
  ADD ("bit-rot", test_bit_rot);
  ADD ("no-hash", test_no_hash);
  ADD ("wrong-index", test_wrong_index);
  ADD ("no-index", test_no_index);
  ADD ("wrong-key-flag", test_wrong_key_flag);
  ADD ("wrong-duration", test_wrong_duration);
  ADD ("longer", test_longer);
  ADD ("times", test_times);
  ADD ("unreadable", test_unreadable);
  ADD ("absent-root", test_absent_root);
  ADD ("unlisted", test_unlisted);
  ADD ("foreign", test_foreign);
  ADD ("live", test_live);
  ADD ("cancel", test_cancel);
  ADD ("rebuild/all", test_rebuild);
  ADD ("rebuild/false-gap", test_rebuild_false_gap);
  ADD ("rebuild/unknown-camera", test_rebuild_unknown_camera);
  ADD ("rebuild/many", test_rebuild_many);
  return g_test_run ();
}
