/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/potoo-clock.h"
#include "catalog/potoo-catalog-settings.h"
#include "catalog/potoo-segment-index.h"
#include "record/potoo-recovery.h"
#include "recording-fixture.h"

static void
set_up (Recording *r, gconstpointer data)
{
  recording_set_up (r);
  recording_start (r);
}

static void
tear_down (Recording *r, gconstpointer data)
{
  recording_tear_down (r);
}

/* @n fragments, indexed and durable; then the machine goes on as @after says. */
static void
record (Recording *r, guint n)
{
  recording_plan (r, TRUE);
  recording_push_many (r, n, MEDIA_KEY | MEDIA_DISCONTINUOUS);
  recording_wait_for (recording_get_metric ("potoo_storage_syncs_total{root=\"main\"}") >= 1);
  recording_wait_handled (r);
}

static const PotooSegment *
only_segment (GPtrArray *segments)
{
  g_assert_cmpuint (segments->len, ==, 1);
  return segments->pdata[0];
}

static gint64
get_outcome (const char *outcome)
{
  g_autofree char *series = g_strdup_printf ("potoo_recovery_files{root=\"main\",outcome=\"%s\"}",
                                             outcome);
  return recording_get_metric (series);
}

static gint64
file_size (Recording *r, const PotooSegment *segment)
{
  g_autofree char *path = recording_get_path (r, segment);
  struct stat st;
  return g_stat (path, &st) == 0 ? st.st_size : -1;
}

/* --- rows in state open --- */

static void
test_open_segment (Recording *r, gconstpointer data)
{
  record (r, 4);
  gint64 end_us = r->maker.wall_end_us;
  recording_crash (r);
  recording_start (r);
  g_autoptr (GPtrArray) segments = recording_list_segments (r);
  const PotooSegment *s = only_segment (segments);
  g_assert_cmpint (s->state, ==, POTOO_SEGMENT_CLOSED);
  g_assert_cmpint (s->end_us, ==, end_us);
  g_assert_cmpuint (recording_check_file (r, s), ==, 4);
  g_assert_cmpint (get_outcome ("repaired"), ==, 1);
  g_assert_cmpint (get_outcome ("foreign"), ==, 0);
}

/* One root and catalog, to mend one file again and again without starting a recorder each time. */
typedef struct
{
  Recording r;
  PotooStorageRoot *root;
  MediaMaker maker;
  GByteArray *file;
  PotooSegment row;
  char *path;
} Bench;

#define BENCH_FRAGMENTS 4

static void
bench_set_up (Bench *b, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  recording_set_up (&b->r);
  b->r.catalog = potoo_catalog_open (b->r.directory, &error);
  g_assert_no_error (error);
  g_autoptr (PotooConfig) config = potoo_config_load (NULL, b->r.directory, &error);
  g_assert_no_error (error);
  b->root = potoo_storage_root_new (config, 0, b->r.catalog);
  g_assert_true (potoo_storage_root_attach (b->root, &error));

  media_maker_init (&b->maker, FALSE);
  b->maker.frames = 1;
  b->maker.frame_bytes = 12;
  b->file = media_maker_file (&b->maker, BENCH_FRAGMENTS);
  b->row = (PotooSegment){
    .id = potoo_catalog_take_segment_id (b->r.catalog),
    .camera = "door",
    .root = potoo_storage_root_get_row_id (b->root),
    .start_us = MEDIA_MAKER_WALL_US,
    .end_us = MEDIA_MAKER_WALL_US,
    .init_bytes = (gint64) g_bytes_get_size (potoo_init_get_bytes (b->maker.init)),
    .codecs = "avc1.64001F",
  };
  b->row.recording = b->row.id;
  b->path = recording_get_path (&b->r, &b->row);
  g_autofree char *day = g_path_get_dirname (b->path);
  g_assert_cmpint (g_mkdir_with_parents (day, 0750), ==, 0);
}

static void
bench_tear_down (Bench *b, gconstpointer data)
{
  potoo_storage_root_unref (b->root);
  potoo_catalog_close (b->r.catalog);
  g_clear_object (&b->r.catalog);
  g_byte_array_unref (b->file);
  g_free (b->path);
  media_maker_clear (&b->maker);
  recording_tear_down (&b->r);
}

/* Recovers with the file as it is given and a row in state open that has @indexed fragments. */
static void
bench_run (Bench *b, const guint8 *file, gsize size, guint indexed, PotooRecoveryReport *report)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PotooSegmentIndex) index = potoo_segment_index_new ((gsize) b->row.init_bytes);
  guint32 fragment = (b->file->len - (guint32) b->row.init_bytes) / BENCH_FRAGMENTS;
  PotooSegment row = b->row;

  g_unlink (b->path); /* without CONSISTENT, GLib does not truncate */
  g_assert_true (
      g_file_set_contents_full (b->path, (const char *) file, (gssize) size, 0, 0640, NULL));
  for (guint i = 0; i < indexed; i++)
    potoo_segment_index_append (index, fragment, MEDIA_MAKER_FRAME_TICKS, i % 2 == 0);
  g_autoptr (GBytes) blob = potoo_segment_index_to_blob (index);
  row.size_bytes = indexed > 0 ? row.init_bytes + indexed * fragment : 0;
  row.end_us = row.start_us + indexed * 40000;
  row.duration_ticks = indexed * MEDIA_MAKER_FRAME_TICKS;
  potoo_catalog_drop_segment (b->r.catalog, row.id); /* with the index of the round before */
  potoo_catalog_put_segment (b->r.catalog, &row, indexed > 0 ? blob : NULL);
  g_assert_true (potoo_catalog_sync (b->r.catalog, &error));
  potoo_recovery_report_init (report, NULL);
  g_assert_true (potoo_recovery_run (b->root, b->r.catalog, report, &error));
  g_assert_no_error (error);
}

/* NULL when the row is gone. */
static PotooSegment *
bench_get_row (Bench *b, guint *n_fragments)
{
  g_autoptr (PotooCatalogReader) reader = potoo_catalog_reader_new (b->r.catalog, NULL);
  g_autoptr (PotooSegment) row = potoo_catalog_reader_get_segment (reader, b->row.id, NULL);
  if (row != NULL)
    {
      g_autoptr (GBytes) blob = potoo_catalog_reader_get_index (reader, row->id, NULL);
      g_autoptr (PotooSegmentIndex)
          index = potoo_segment_index_parse (blob, (gsize) row->init_bytes, NULL);
      g_assert_cmpuint (potoo_segment_index_get_end (index), ==, row->size_bytes);
      *n_fragments = potoo_segment_index_get_n (index);
    }
  return g_steal_pointer (&row);
}

/* The newest gap is of what was durable of @row from @start_us on, of @length_us; 0: there is none
 * of this segment. */
static void
assert_damaged (Bench *b, const PotooSegment *row, gint64 start_us, gint64 length_us)
{
  g_autoptr (GPtrArray) gaps = recording_list_gaps (&b->r);
  const PotooGap *found = NULL;

  for (guint i = 0; i < gaps->len; i++)
    {
      const PotooGap *gap = gaps->pdata[i];
      if (gap->start_us >= row->start_us && (found == NULL || gap->id > found->id))
        found = gap;
    }
  if (start_us == 0)
    {
      g_assert_null (found);
      return;
    }
  g_assert_nonnull (found);
  g_assert_cmpint (found->cause, ==, POTOO_GAP_DAMAGED);
  g_assert_cmpint (found->start_us, ==, start_us);
  g_assert_cmpint (found->end_us, ==, row->start_us + length_us);
  for (guint i = 0; i < gaps->len; i++)
    potoo_catalog_drop_gap (b->r.catalog, ((PotooGap *) gaps->pdata[i])->id);
  g_assert_true (potoo_catalog_sync (b->r.catalog, NULL));
}

/* Torn at every byte of the last two fragments, with none or some of them indexed. */
static void
test_torn_anywhere (Bench *b, gconstpointer data)
{
  guint indexed = GPOINTER_TO_UINT (data);
  gsize step = indexed == BENCH_FRAGMENTS ? 7 : 1; /* within the index all bytes are alike */
  gsize init = (gsize) b->row.init_bytes, fragment = (b->file->len - init) / BENCH_FRAGMENTS;

  for (gsize size = b->file->len; size >= init + (BENCH_FRAGMENTS - 2) * fragment; size -= step)
    {
      g_auto (PotooRecoveryReport) report = { 0 };
      guint whole = (guint) ((size - init) / fragment), n = 0;
      struct stat st;
      guint64 duration;

      bench_run (b, b->file->data, size, indexed, &report);
      g_autoptr (PotooSegment) row = bench_get_row (b, &n);
      g_assert_nonnull (row);
      g_assert_cmpint (row->state, ==,
                       whole < indexed ? POTOO_SEGMENT_DAMAGED : POTOO_SEGMENT_CLOSED);
      g_assert_cmpuint (n, ==, whole);
      g_assert_cmpint (row->end_us, ==, row->start_us + whole * 40000);
      g_assert_cmpint (row->duration_ticks, ==, whole * MEDIA_MAKER_FRAME_TICKS);
      g_assert_cmpint (g_stat (b->path, &st), ==, 0);
      g_assert_cmpint (st.st_size, ==, init + whole * fragment);
      g_autofree char *mended = NULL;
      g_assert_true (g_file_get_contents (b->path, &mended, NULL, NULL));
      memcpy (&duration, mended + potoo_init_get_mehd_offset (b->maker.init), 8);
      g_assert_cmpuint (GUINT64_FROM_BE (duration), ==, whole * MEDIA_MAKER_FRAME_TICKS);
      assert_damaged (b, row, whole + 1 < indexed ? row->end_us : 0, indexed * 40000);
      g_assert_cmpint (*(gint64 *) g_hash_table_lookup (report.ends, "door/main"), ==,
                       whole + 1 < indexed ? row->start_us + indexed * 40000 : row->end_us);
    }
}

/* Garbage behind what is durable never costs what is durable. */
static void
test_garbage (Bench *b, gconstpointer data)
{
  gsize init = (gsize) b->row.init_bytes, fragment = (b->file->len - init) / BENCH_FRAGMENTS;
  g_autofree guint8 *file = g_memdup2 (b->file->data, b->file->len);
  GRand *rand = g_rand_new_with_seed (2);

  for (guint round = 0; round < 40; round++)
    {
      g_auto (PotooRecoveryReport) report = { 0 };
      guint n = 0;

      for (gsize i = init + 2 * fragment; i < b->file->len; i++)
        file[i] = round == 0 ? 0 : (guint8) g_rand_int (rand);
      bench_run (b, file, b->file->len, 2, &report);
      g_autoptr (PotooSegment) row = bench_get_row (b, &n);
      g_assert_cmpuint (n, ==, 2);
      g_assert_cmpint (row->state, ==, POTOO_SEGMENT_CLOSED);
      g_assert_cmpint (report.cut_bytes, ==, 2 * fragment);
    }
  g_rand_free (rand);
}

#define SECTOR_SIZE 512

/* A power cut that came when the file was longer already, but one sector had not reached the disk:
 * it reads as zeros. Nothing from the fragment on that lacks it is kept, whatever the boxes say. */
static void
test_holes (Bench *b, gconstpointer data)
{
  const guint indexed = 1;

  g_clear_pointer (&b->file, g_byte_array_unref);
  b->maker.frame_bytes = 3000;
  b->file = media_maker_file (&b->maker, BENCH_FRAGMENTS);
  gsize init = (gsize) b->row.init_bytes, fragment = (b->file->len - init) / BENCH_FRAGMENTS;
  gsize durable = init + indexed * fragment;

  for (gsize at = durable / SECTOR_SIZE * SECTOR_SIZE; at < b->file->len; at += SECTOR_SIZE)
    {
      g_auto (PotooRecoveryReport) report = { 0 };
      g_autofree guint8 *file = g_memdup2 (b->file->data, b->file->len);
      gsize from = MAX (at, durable), to = MIN (at + SECTOR_SIZE, b->file->len);
      guint n = 0;

      memset (file + from, 0, to - from);
      while (from < to && b->file->data[from] == 0)
        from++; /* the first byte that is another one now */
      bench_run (b, file, b->file->len, indexed, &report);
      g_autoptr (PotooSegment) row = bench_get_row (b, &n);
      g_assert_cmpint (row->state, ==, POTOO_SEGMENT_CLOSED);
      g_assert_cmpuint (n, ==, (from - init) / fragment);
    }
}

/* Nothing whole: no file, no row. */
static void
test_nothing_whole (Bench *b, gconstpointer data)
{
  gsize init = (gsize) b->row.init_bytes;
  const gsize sizes[] = { 0, 1, init / 2, init - 1, init, init + 1, init + 50 };

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_auto (PotooRecoveryReport) report = { 0 };
      guint n = 0;
      bench_run (b, b->file->data, sizes[i], 0, &report);
      g_autoptr (PotooSegment) row = bench_get_row (b, &n);
      g_assert_null (row);
      g_assert_false (g_file_test (b->path, G_FILE_TEST_EXISTS));
      g_assert_cmpuint (report.dropped, ==, 1);
      g_assert_cmpint (*(gint64 *) g_hash_table_lookup (report.ends, "door/main"), ==,
                       b->row.start_us);
    }
}

/* The init of a file with durable media is overwritten: nothing is cut or deleted. */
static void
test_init_overwritten (Bench *b, gconstpointer data)
{
  g_auto (PotooRecoveryReport) report = { 0 };
  guint n = 0;

  memset (b->file->data, 0xff, (gsize) b->row.init_bytes);
  bench_run (b, b->file->data, b->file->len, 2, &report);
  g_autoptr (PotooSegment) row = bench_get_row (b, &n);
  g_assert_cmpint (row->state, ==, POTOO_SEGMENT_DAMAGED);
  g_assert_cmpuint (n, ==, 2);
  assert_damaged (b, row, row->start_us, 2 * 40000);
  struct stat st;
  g_assert_cmpint (g_stat (b->path, &st), ==, 0);
  g_assert_cmpint (st.st_size, ==, b->file->len);
}

static void
test_replaced_by_link (Bench *b, gconstpointer data)
{
  g_auto (PotooRecoveryReport) report = { 0 };
  g_autoptr (GError) error = NULL;
  g_autofree char *elsewhere = g_build_filename (b->r.directory, "elsewhere", NULL);
  g_autofree char *content = NULL;
  gsize size;

  g_assert_true (g_file_set_contents (elsewhere, (const char *) b->file->data, b->file->len, NULL));
  g_assert_cmpint (symlink (elsewhere, b->path), ==, 0);
  PotooSegment row = b->row;
  potoo_catalog_put_segment (b->r.catalog, &row, NULL);
  g_assert_true (potoo_catalog_sync (b->r.catalog, NULL));
  potoo_recovery_report_init (&report, NULL);
  g_assert_true (potoo_recovery_run (b->root, b->r.catalog, &report, &error));
  g_assert_cmpuint (report.unreadable, ==, 1);
  g_assert_true (g_file_get_contents (elsewhere, &content, &size, NULL));
  g_assert_cmpmem (content, size, b->file->data, b->file->len);
}

static void
test_missing_file (Recording *r, gconstpointer data)
{
  record (r, 2);
  g_autoptr (GPtrArray) before = recording_list_segments (r);
  recording_crash (r);
  g_autofree char *path = recording_get_path (r, only_segment (before));
  g_assert_cmpint (g_unlink (path), ==, 0);
  recording_start (r);
  g_autoptr (GPtrArray) segments = recording_list_segments (r);
  g_assert_cmpuint (segments->len, ==, 0);
  g_assert_cmpint (get_outcome ("dropped"), ==, 1);
}

static void
test_deleting (Recording *r, gconstpointer data)
{
  record (r, 2);
  g_autoptr (GPtrArray) segments = recording_list_segments (r);
  PotooSegment *s = segments->pdata[0];
  s->state = POTOO_SEGMENT_DELETING;
  potoo_catalog_put_segment (r->catalog, s, NULL);
  recording_crash (r);
  recording_start (r);
  g_assert_cmpint (get_outcome ("deleted"), ==, 1);
  g_assert_cmpint (file_size (r, s), ==, -1);
  g_autoptr (PotooCatalogReader) reader = potoo_catalog_reader_new (r->catalog, NULL);
  g_autoptr (PotooSegment) row = potoo_catalog_reader_get_segment (reader, s->id, NULL);
  g_assert_null (row);
}

/* --- files without rows --- */

static void
test_adopted (Recording *r, gconstpointer data)
{
  record (r, 13); /* two segments */
  g_autoptr (GPtrArray) before = recording_list_segments (r);
  g_assert_cmpuint (before->len, ==, 2);
  const PotooSegment *first = before->pdata[0], *second = before->pdata[1];
  potoo_catalog_drop_segment (r->catalog, second->id);
  recording_crash (r);
  g_autofree char *path = recording_get_path (r, second);
  g_assert_cmpint (truncate (path, file_size (r, second) - 1), ==, 0);
  recording_start (r);

  g_assert_cmpint (get_outcome ("adopted"), ==, 1);
  g_assert_cmpint (get_outcome ("foreign"), ==, 0);
  g_autoptr (GPtrArray) segments = recording_list_segments (r);
  g_assert_cmpuint (segments->len, ==, 2);
  const PotooSegment *s = segments->pdata[1];
  g_assert_cmpint (s->id, ==, second->id);
  g_assert_cmpint (s->state, ==, POTOO_SEGMENT_CLOSED);
  g_assert_cmpint (s->start_us, ==, second->start_us);
  g_assert_cmpint (s->recording, ==, first->id);
  g_assert_cmpstr (s->codecs, ==, second->codecs);
  g_assert_cmpuint (recording_check_file (r, s), ==, 2);
  /* Its id is not given to anyone else. */
  for (int i = 0; i < 10; i++)
    g_assert_cmpint (potoo_catalog_take_segment_id (r->catalog), !=, s->id);
}

/* The rows of all but the first were not durable. Its end, and those of the others, are counted
 * from the last fragment's start; where the next one begins was written. */
static void
test_adopted_meet (Bench *b, gconstpointer data)
{
  static const int off_by_us[] = { -1, 1, 0, -12 };
  g_auto (PotooRecoveryReport) report = { 0 };
  PotooSegment row = b->row;
  gint64 starts_us[G_N_ELEMENTS (off_by_us)];

  for (guint i = 0; i < G_N_ELEMENTS (off_by_us); i++)
    {
      b->maker.wall_offset_us += off_by_us[i];
      row.id = potoo_catalog_take_segment_id (b->r.catalog);
      row.start_us = starts_us[i] = (gint64) (b->maker.at_ns / 1000) + b->maker.wall_offset_us;
      g_autoptr (GByteArray) file = media_maker_file (&b->maker, 2);
      g_autofree char *path = recording_get_path (&b->r, &row);
      g_assert_true (
          g_file_set_contents (path, (const char *) file->data, (gssize) file->len, NULL));
    }
  bench_run (b, b->file->data, b->file->len, 0, &report);
  g_assert_cmpuint (report.adopted, ==, G_N_ELEMENTS (off_by_us));
  g_autoptr (GPtrArray) segments = recording_list_segments (&b->r);
  g_assert_cmpuint (segments->len, ==, 1 + G_N_ELEMENTS (off_by_us));
  for (guint i = 0; i < G_N_ELEMENTS (off_by_us); i++)
    {
      const PotooSegment *before = segments->pdata[i], *s = segments->pdata[i + 1];
      g_assert_cmpint (s->recording, ==, b->row.id);
      g_assert_cmpint (s->start_us, ==, starts_us[i]);
      g_assert_cmpint (before->end_us, ==, s->start_us);
    }
}

/* A size that tells more than the file has is no end of the file: nothing behind it is cut off, and
 * the file not removed. */
static void
test_adopted_with_wrong_size (Bench *b, gconstpointer data)
{
  const gsize init = (gsize) b->row.init_bytes;
  PotooSegment row = b->row;

  b->maker.frame_bytes = 4000;
  for (guint i = 0; i < 2; i++)
    {
      g_auto (PotooRecoveryReport) report = { 0 };
      g_autoptr (GByteArray) file = media_maker_file (&b->maker, 4);
      gsize fragment = init + i * (file->len - init) / 4;
      gsize mdat = fragment + 32 + GST_READ_UINT32_BE (file->data + fragment + 32);
      struct stat st;
      row.id = potoo_catalog_take_segment_id (b->r.catalog);
      g_autofree char *path = recording_get_path (&b->r, &row);
      GST_WRITE_UINT8 (file->data + mdat + 1, 0x01);
      g_assert_true (
          g_file_set_contents (path, (const char *) file->data, (gssize) file->len, NULL));
      bench_run (b, b->file->data, b->file->len, 0, &report);
      g_assert_cmpint (stat (path, &st), ==, 0);
      g_assert_cmpint (st.st_size, ==, file->len);
      g_assert_cmpuint (i == 0 ? report.foreign : report.damaged, ==, 1);
    }
}

/* A file of another catalog, with an id that this one has not come to yet. */
static void
test_adopted_and_deleted (Recording *r, gconstpointer data)
{
  record (r, 2);
  g_autoptr (GPtrArray) before = recording_list_segments (r);
  PotooSegment far = *only_segment (before);
  far.id = 3000; /* in the block that the run after the next one reserves */
  potoo_catalog_drop_segment (r->catalog, only_segment (before)->id);
  recording_crash (r);
  g_autofree char *path = recording_get_path (r, only_segment (before));
  g_autofree char *far_path = recording_get_path (r, &far);
  g_assert_cmpint (g_rename (path, far_path), ==, 0);
  recording_start (r);
  g_assert_cmpint (get_outcome ("adopted"), ==, 1);
  g_autoptr (GPtrArray) adopted = recording_list_segments (r);
  g_assert_cmpint (only_segment (adopted)->id, ==, far.id);

  potoo_catalog_drop_segment (r->catalog, far.id);
  recording_crash (r);
  g_autofree char *left = recording_get_path (r, &far);
  g_assert_cmpint (g_unlink (left), ==, 0);
  recording_start (r);
  gint64 last = 0;
  for (int i = 0; i < 3000; i++)
    {
      gint64 id = potoo_catalog_take_segment_id (r->catalog);
      if (id == 0)
        g_assert_true (potoo_catalog_sync (r->catalog, NULL)); /* the next block is on its way */
      g_assert_cmpint (id, !=, far.id);
      last = MAX (last, id);
    }
  g_assert_cmpint (last, >, far.id);
}

/* A lost catalog: the files bring back what they can. */
static void
test_catalog_lost (Recording *r, gconstpointer data)
{
  record (r, 25);
  recording_stop (r);
  g_autofree char *command = g_strdup_printf ("find %s -maxdepth 1 -name catalog* -delete",
                                              r->directory);
  g_assert_true (g_spawn_command_line_sync (command, NULL, NULL, NULL, NULL));
  recording_start (r);
  g_autoptr (GPtrArray) segments = recording_list_segments (r);
  g_assert_cmpuint (segments->len, ==, 3);
  guint n = 0;
  for (guint i = 0; i < 3; i++)
    n += recording_check_file (r, segments->pdata[i]);
  g_assert_cmpuint (n, ==, 25);
}

static void
make_entry (const char *directory, const char *name, const char *content)
{
  g_autofree char *path = g_build_filename (directory, name, NULL);
  g_autofree char *parent = g_path_get_dirname (path);
  g_assert_cmpint (g_mkdir_with_parents (parent, 0750), ==, 0);
  g_assert_true (g_file_set_contents (path, content, -1, NULL));
}

static void
make_link (const char *directory, const char *name, const char *target)
{
  g_autofree char *path = g_build_filename (directory, name, NULL);
  g_assert_cmpint (symlink (target, path), ==, 0);
}

static char *
list_tree (const char *directory)
{
  g_autofree char *command = g_strdup_printf ("sh -c 'find %s -printf \"%%p %%s %%y\\n\" | sort'",
                                              directory);
  char *text = NULL;
  g_assert_true (g_spawn_command_line_sync (command, &text, NULL, NULL, NULL));
  return text;
}

/* Names that are not ours, and links, sockets and absurd ids with names of ours: counted, left
 * alone. */
/* A kill between making the file and writing its init leaves this: nothing is in it. */
static void
test_empty_file (Recording *r, gconstpointer data)
{
  g_autofree char *root = g_build_filename (r->directory, "recordings", NULL);
  g_autofree char *path = g_build_filename (
      root, "door/2026-11-21/101500Z-main-0000000000000abc.mp4", NULL);

  recording_stop (r);
  make_entry (root, "door/2026-11-21/101500Z-main-0000000000000abc.mp4", "");
  g_assert_true (g_file_test (path, G_FILE_TEST_EXISTS));
  recording_start (r);
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  g_assert_cmpint (get_outcome ("foreign"), ==, 0);
}

/* Files that were never synced, and whose rows were not durable either: the beginning of one, one
 * that lacks its first sectors, one that lacks some of its first fragment. */
static void
test_never_synced (Recording *r, gconstpointer data)
{
  const gsize sizes[] = { SECTOR_SIZE, 20000, 0 /* whole */ };
  const gsize holes[] = { SECTOR_SIZE, 0, 4096 };
  g_autofree char *root = g_build_filename (r->directory, "recordings", NULL);
  g_autofree char *day = g_build_filename (root, "door/2026-11-21", NULL);
  MediaMaker maker;

  recording_stop (r);
  media_maker_init (&maker, FALSE);
  maker.frame_bytes = 5000;
  g_autoptr (GByteArray) file = media_maker_file (&maker, 1);
  media_maker_clear (&maker);
  g_assert_cmpuint (file->len, >, 20000);
  g_assert_cmpint (g_mkdir_with_parents (day, 0750), ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autofree char *path = g_strdup_printf ("%s/101500Z-main-0000000000000ab%u.mp4", day, i);
      g_autofree guint8 *content = g_memdup2 (file->data, file->len);
      memset (content + holes[i], 0, SECTOR_SIZE);
      gsize size = sizes[i] != 0 ? sizes[i] : file->len;
      g_assert_true (g_file_set_contents (path, (const char *) content, (gssize) size, NULL));
    }
  recording_start (r);
  g_assert_cmpint (get_outcome ("dropped"), ==, 3);
  g_assert_cmpint (get_outcome ("foreign"), ==, 0);
  g_autoptr (GDir) left = g_dir_open (day, 0, NULL);
  g_assert_true (left == NULL || g_dir_read_name (left) == NULL);
}

static void
test_foreign (Recording *r, gconstpointer data)
{
  static const char *const files[] = {
    "readme.txt",
    "Not A Camera/x",
    "door/notes.txt",
    "door/2026-13-45/x.mp4",
    "door/2026-11-21/holiday.mp4",
    "door/2026-11-21/101500Z-main-0000000000000001.mkv",
    "door/2026-11-21/101500Z-main-00000000000000zz.mp4",
    "door/2026-11-21/101500Z-main-0000000000000000.mp4",
    "door/2026-11-21/101500Z-main-7fffffffffffffff.mp4",
    "door/2026-11-21/101500Z-main-ffffffffffffffff.mp4",
    "door/2026-11-21/996060Z-main-0000000000000abc.mp4",
    "door/2026-11-21/101500Z-other-0000000000000abc.mp4",
    "door/2026-11-21/101500Z-main-0000000000000abd.mp4", /* garbage inside */
    "door/2026-11-21/101500Z-main-0000000000000abe.mp4.bak",
  };
  g_autofree char *root = g_build_filename (r->directory, "recordings", NULL);
  g_autofree char *long_name = g_strnfill (200, '1');
  g_autofree char *long_path = g_strdup_printf ("door/2026-11-21/%s", long_name);
  const guint n_links = 3;

  recording_stop (r);
  for (gsize i = 0; i < G_N_ELEMENTS (files); i++)
    make_entry (root, files[i], "garbage");
  make_entry (root, long_path, "garbage");
  make_link (root, "link", "/");
  make_link (root, "door/2026-11-22", "/tmp");
  make_link (root, "door/2026-11-21/101500Z-main-0000000000000abf.mp4", "/etc/hostname");
  g_autofree char *before = list_tree (root);
  recording_start (r);
  g_autofree char *after = list_tree (root);
  g_autoptr (GPtrArray) segments = recording_list_segments (r);
  g_assert_cmpuint (segments->len, ==, 0);
  g_assert_cmpstr (after, ==, before);
  g_assert_cmpint (get_outcome ("foreign"), ==, G_N_ELEMENTS (files) + 1 + n_links);
}

/* A file of ours under another name is not the segment's: neither adopted nor removed. */
static void
test_renamed (Recording *r, gconstpointer data)
{
  record (r, 2);
  recording_stop (r);
  recording_start (r);
  g_autoptr (GPtrArray) before = recording_list_segments (r);
  g_autofree char *path = recording_get_path (r, only_segment (before));
  g_autofree char *directory = g_path_get_dirname (path);
  g_autofree char *copy = g_strdup_printf ("%s/000000Z-sub-%016" G_GINT64_MODIFIER "x.mp4",
                                           directory, only_segment (before)->id);
  recording_stop (r);
  g_assert_cmpint (g_rename (path, copy), ==, 0);
  recording_start (r);
  g_assert_cmpint (get_outcome ("foreign"), ==, 1);
  g_assert_true (g_file_test (copy, G_FILE_TEST_EXISTS));
}

/* The setting of the root's clean mark. */
static char *
get_mark_key (Recording *r)
{
  g_autofree char *uuid_line = NULL;
  g_autofree char *id_file = g_build_filename (r->directory, "recordings", ".potoo-root", NULL);

  g_assert_true (g_file_get_contents (id_file, &uuid_line, NULL, NULL));
  g_autofree char *uuid = g_strndup (strstr (uuid_line, "id=") + 3, 36);
  return g_strconcat ("clean-mark:", uuid, NULL);
}

/* Only days since the clean mark are looked through; a mark from the future counts for nothing. */
static void
test_clean_mark (Recording *r, gconstpointer data)
{
  r->maker.wall_offset_us -= 3 * G_TIME_SPAN_DAY;
  record (r, 2);
  recording_stop (r);
  recording_start (r);
  g_autofree char *key = get_mark_key (r);
  g_autofree char *now = potoo_time_format (potoo_clock_wall_us ());
  g_autofree char *mark = recording_get_setting (r, key);
  g_assert_nonnull (mark);
  g_assert_true (g_str_has_prefix (now, mark));

  g_autoptr (GPtrArray) before = recording_list_segments (r);
  potoo_catalog_drop_segment (r->catalog, only_segment (before)->id);
  recording_crash (r);
  recording_start (r);
  g_assert_cmpint (get_outcome ("adopted"), ==, 0);
  potoo_catalog_put_setting (r->catalog, key, "2999-01-01");
  recording_crash (r);
  recording_start (r);
  g_assert_cmpint (get_outcome ("adopted"), ==, 1);
}

/* A row that the catalog had no room for is made at the next start, however long ago that was. */
static void
test_row_refused (Recording *r, gconstpointer data)
{
  gint64 refused = recording_get_metric ("potoo_catalog_dropped_jobs_total");

  r->maker.wall_offset_us -= 3 * G_TIME_SPAN_DAY;
  record (r, 2);
  recording_stop (r);
  recording_start (r);
  g_autofree char *key = get_mark_key (r);
  potoo_catalog_put_setting (r->catalog, key, "2000-01-01");
  g_autoptr (GPtrArray) before = recording_list_segments (r);
  while (recording_get_metric ("potoo_catalog_dropped_jobs_total") == refused)
    for (guint i = 0; i < 20000; i++)
      potoo_catalog_put_setting (r->catalog, "any", "value");
  g_assert_true (potoo_catalog_sync (r->catalog, NULL));
  potoo_catalog_drop_segment (r->catalog, only_segment (before)->id); /* as if it was that row */
  recording_stop (r);
  recording_start (r);
  g_assert_cmpint (get_outcome ("adopted"), ==, 1);
}

/* In place of the C library's: what of directories cannot be read. */
static gboolean listing_fails;

struct dirent *
readdir (DIR *dir)
{
  static struct dirent *(*next) (DIR *);

  if (listing_fails)
    {
      errno = EIO;
      return NULL;
    }
  if (next == NULL)
    *(void **) &next = dlsym (RTLD_NEXT, sizeof (ino_t) == sizeof (long) ? "readdir" : "readdir64");
  return next (dir);
}

/* What a disk does not tell is no stranger's, and looked for again, however long ago it was. */
static void
test_unreadable_directory (Recording *r, gconstpointer data)
{
  r->maker.wall_offset_us -= 3 * G_TIME_SPAN_DAY;
  record (r, 2);
  recording_stop (r);
  recording_start (r);
  g_autofree char *key = get_mark_key (r);
  g_autoptr (GPtrArray) before = recording_list_segments (r);
  potoo_catalog_put_setting (r->catalog, key, "2000-01-01");
  potoo_catalog_drop_segment (r->catalog, only_segment (before)->id);
  recording_crash (r);
  listing_fails = TRUE;
  recording_start (r);
  listing_fails = FALSE;
  g_assert_cmpint (get_outcome ("unreadable"), ==, 1);
  g_assert_cmpint (get_outcome ("foreign"), ==, 0);
  recording_stop (r);
  recording_start (r);
  g_assert_cmpint (get_outcome ("adopted"), ==, 1);
}

/* Files are made below with names of 2026-11-21: it is noon of that day. */
static char *
set_clock (void)
{
  char *path = NULL;
  gint64 noon_us, now_us = g_get_real_time ();
  int fd = g_file_open_tmp ("potoo-clock-XXXXXX", &path, NULL);

  g_assert_cmpint (fd, >=, 0);
  close (fd);
  g_assert_true (potoo_time_parse ("2026-11-21T12:00:00Z", &noon_us));
  g_autofree char *offset = g_strdup_printf ("%" G_GINT64_FORMAT, noon_us - now_us);
  g_assert_true (g_file_set_contents (path, offset, -1, NULL));
  g_setenv ("POTOO_TEST_CLOCK", path, TRUE);
  return path;
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_autofree char *clock_path = set_clock ();
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
#define ADD(path, func) g_test_add ("/recovery/" path, Recording, NULL, set_up, func, tear_down)
#define ADD_BENCH(path, data, func)                                                                \
  g_test_add ("/recovery/" path, Bench, GUINT_TO_POINTER (data), bench_set_up, func,               \
              bench_tear_down)
  ADD ("open-segment", test_open_segment);
  ADD_BENCH ("torn-anywhere/nothing-indexed", 0, test_torn_anywhere);
  ADD_BENCH ("torn-anywhere/some-indexed", 2, test_torn_anywhere);
  ADD_BENCH ("torn-anywhere/shorter-than-index", 4, test_torn_anywhere);
  ADD_BENCH ("garbage", 0, test_garbage);
  ADD_BENCH ("holes", 0, test_holes);
  ADD_BENCH ("nothing-whole", 0, test_nothing_whole);
  ADD_BENCH ("init-overwritten", 0, test_init_overwritten);
  ADD_BENCH ("replaced-by-link", 0, test_replaced_by_link);
  ADD ("missing-file", test_missing_file);
  ADD ("deleting", test_deleting);
  ADD ("adopted", test_adopted);
  ADD ("unreadable-directory", test_unreadable_directory);
  ADD_BENCH ("adopted-meet", 0, test_adopted_meet);
  ADD_BENCH ("adopted-with-wrong-size", 0, test_adopted_with_wrong_size);
  ADD ("adopted-and-deleted", test_adopted_and_deleted);
  ADD ("catalog-lost", test_catalog_lost);
  ADD ("empty-file", test_empty_file);
  ADD ("never-synced", test_never_synced);
  ADD ("foreign", test_foreign);
  ADD ("renamed", test_renamed);
  ADD ("clean-mark", test_clean_mark);
  ADD ("row-refused", test_row_refused);
  int result = g_test_run ();
  g_unlink (clock_path);
  return result;
}
