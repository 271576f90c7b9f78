/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "record/potoo-last-run.h"

#include "base/potoo-clock.h"
#include "catalog/potoo-catalog-cameras.h"
#include "catalog/potoo-catalog-restore.h"
#include "catalog/potoo-catalog-settings.h"
#include "record/potoo-rebuild.h"

#define SETTING "recorder-run"
#define CLOCK_SETTING "recorder-clock"
#define RUNNING "running"
#define STOPPED "stopped"
#define SEGMENTS_PER_QUERY 100
/* Followed by the stream's key: wall time at which its open segment ends for now. */
#define HELD "held:"
/* Recovery tells the end by the file, which rounds. */
#define HELD_SLACK_US (100 * 1000)

typedef struct
{
  PotooCatalog *catalog;
  PotooCatalogReader *reader;
  PotooRecoveryReport *report;
  GHashTable *cameras; /* set of ids: gaps of others do not go on */
  GHashTable *open;    /* stream key → PotooGap: what goes on */
  gboolean complete;   /* the catalog is that of the last run, and no backup */
} Settlement;

static void
note (PotooCatalog *catalog, const char *state)
{
  g_autofree char *value = g_strdup_printf ("%s %s", potoo_clock_boot_id (), state);
  potoo_catalog_put_setting (catalog, SETTING, value);
}

void
potoo_last_run_note_start (PotooCatalog *catalog)
{
  note (catalog, RUNNING);
  potoo_last_run_note_clock (catalog);
}

void
potoo_last_run_note_clean_stop (PotooCatalog *catalog)
{
  note (catalog, STOPPED);
  potoo_last_run_note_clock (catalog);
}

/* What to add to the time since the boot, in which a suspended machine is not left out, to get wall
 * time: only who sets the clock changes it. */
static gint64
get_clock_base_us (void)
{
  return potoo_clock_wall_offset_us () - potoo_clock_suspended_us ();
}

void
potoo_last_run_note_clock (PotooCatalog *catalog)
{
  g_autofree char *value = g_strdup_printf ("%s %" G_GINT64_FORMAT, potoo_clock_boot_id (),
                                            get_clock_base_us ());

  potoo_catalog_put_setting (catalog, CLOCK_SETTING, value);
}

gboolean
potoo_last_run_find_clock_step (PotooCatalog *catalog, gint64 *step_us)
{
  g_autoptr (PotooCatalogReader) reader = potoo_catalog_reader_new (catalog, NULL);
  g_autofree char *value = reader != NULL
                               ? potoo_catalog_reader_get_setting (reader, CLOCK_SETTING, NULL)
                               : NULL;
  g_auto (GStrv) parts = g_strsplit (value != NULL ? value : "", " ", 2);

  if (g_strv_length (parts) != 2 || !g_str_equal (parts[0], potoo_clock_boot_id ()))
    return FALSE;
  *step_us = get_clock_base_us () - g_ascii_strtoll (parts[1], NULL, 10);
  if (ABS (*step_us) < POTOO_CLOCK_STEP_US)
    *step_us = 0;
  return TRUE;
}

static char *
make_held_key (const char *stream_key)
{
  return g_strconcat (HELD, stream_key, NULL);
}

void
potoo_last_run_note_held (PotooCatalog *catalog,
                          const char *camera,
                          PotooStreamKind stream,
                          gint64 end_us)
{
  g_autofree char *stream_key = potoo_stream_key (camera, stream);
  g_autofree char *key = make_held_key (stream_key);
  g_autofree char *value = g_strdup_printf ("%" G_GINT64_FORMAT, end_us);

  potoo_catalog_put_setting (catalog, key, value);
}

/* Whether nothing more was wanted of a stream than what ends at @end_us. */
static gboolean
was_held (PotooCatalogReader *reader, const char *stream_key, gint64 end_us)
{
  g_autofree char *key = make_held_key (stream_key);
  g_autofree char *value = potoo_catalog_reader_get_setting (reader, key, NULL);

  return value != NULL && ABS (g_ascii_strtoll (value, NULL, 10) - end_us) <= HELD_SLACK_US;
}

/* Why a run ended that was recording until its end. */
static PotooGapCause
find_cause (PotooCatalogReader *reader)
{
  g_autofree char *value = potoo_catalog_reader_get_setting (reader, SETTING, NULL);
  g_auto (GStrv) parts = g_strsplit (value != NULL ? value : "", " ", 2);

  if (g_strv_length (parts) == 2 && g_str_equal (parts[1], STOPPED))
    return POTOO_GAP_SHUTDOWN;
  if (g_strv_length (parts) == 2 && !g_str_equal (parts[0], potoo_clock_boot_id ()))
    return POTOO_GAP_POWER;
  return POTOO_GAP_CRASH;
}

static GHashTable *
list_camera_ids (PotooCatalogReader *reader, GError **error)
{
  g_autoptr (GPtrArray) cameras = potoo_catalog_reader_list_cameras (reader, error);

  if (cameras == NULL)
    return NULL;
  GHashTable *ids = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < cameras->len; i++)
    g_hash_table_add (ids, g_strdup (potoo_camera_settings_get_id (cameras->pdata[i])));
  return ids;
}

/* Start of the first segment of the gap's stream that begins during the gap, 0 when there is none.
 */
static gint64
find_start_after (PotooCatalogReader *reader, const PotooGap *gap, gint64 *end_us, GError **error)
{
  PotooSegmentQuery query = {
    .camera = gap->camera,
    .start_us = gap->start_us,
    .end_us = G_MAXINT64,
    .limit = SEGMENTS_PER_QUERY,
  };
  gint64 start_us = 0;
  guint n;

  do
    {
      g_autoptr (GPtrArray) segments = potoo_catalog_reader_list_segments (reader, &query, error);
      if (segments == NULL)
        return -1;
      n = segments->len;
      for (guint i = 0; i < n; i++)
        {
          const PotooSegment *segment = segments->pdata[i];
          query.after_start_us = segment->start_us;
          query.after_id = segment->id;
          if (segment->stream != gap->stream || segment->start_us < gap->start_us)
            continue;
          if (start_us == 0)
            start_us = segment->start_us;
          *end_us = MAX (*end_us, segment->end_us);
        }
    }
  while (n == SEGMENTS_PER_QUERY);
  return start_us;
}

static void
end_gap (PotooCatalog *catalog, PotooGap *gap, gint64 end_us)
{
  gap->end_us = end_us;
  if (gap->end_us > gap->start_us)
    potoo_catalog_put_gap (catalog, gap);
  else
    potoo_catalog_drop_gap (catalog, gap->id);
}

/* A gap whose end was not durable when the run died: what was recorded afterwards shows it. A
 * segment that was closed then is none of that, whatever the clock said: its last row is posted
 * after the end of the gap in front of it. */
static gboolean
settle_gap (Settlement *s, PotooGap *gap, GError **error)
{
  gint64 end_us = 0, start_us = 0;
  g_autofree char *key = potoo_stream_key (gap->camera, gap->stream);

  if (g_hash_table_contains (s->report->ends, key))
    start_us = find_start_after (s->reader, gap, &end_us, error);
  if (start_us < 0)
    return FALSE;
  if (start_us > 0)
    {
      PotooSegment stream = { .stream = gap->stream };
      g_strlcpy (stream.camera, gap->camera, sizeof stream.camera);
      potoo_recovery_report_note_end (s->report, &stream, end_us);
      end_gap (s->catalog, gap, start_us);
    }
  else if (!g_hash_table_contains (s->cameras, gap->camera))
    end_gap (s->catalog, gap, s->complete ? potoo_clock_wall_us () : gap->start_us);
  else
    g_hash_table_replace (s->open, g_steal_pointer (&key), g_memdup2 (gap, sizeof *gap));
  return TRUE;
}

/* @key: camera/stream. */
static void
open_gap (Settlement *s, const char *key, gint64 start_us, PotooGapCause cause)
{
  g_auto (GStrv) parts = g_strsplit (key, "/", 2);
  PotooGap gap = { .start_us = start_us, .cause = cause };

  g_strlcpy (gap.camera, parts[0], sizeof gap.camera);
  if (!potoo_stream_kind_parse (parts[1], &gap.stream)) /* noted by somebody else's hand */
    return;
  gap.id = potoo_catalog_wait_for_gap_id (s->catalog);
  if (gap.id == 0)
    return;
  potoo_catalog_put_gap (s->catalog, &gap);
  g_hash_table_replace (s->open, g_strdup (key), g_memdup2 (&gap, sizeof gap));
}

static void
open_gaps_of_interrupted (Settlement *s, PotooGapCause cause)
{
  GHashTableIter iter;
  gpointer key, end_us;

  g_hash_table_iter_init (&iter, s->report->ends);
  while (g_hash_table_iter_next (&iter, &key, &end_us))
    {
      g_autofree char *camera = g_strndup (key, strcspn (key, "/"));
      if (g_hash_table_contains (s->cameras, camera) && !g_hash_table_contains (s->open, key) &&
          !was_held (s->reader, key, *(gint64 *) end_us))
        open_gap (s, key, *(gint64 *) end_us, cause);
    }
}

GHashTable *
potoo_last_run_settle (PotooCatalog *catalog, PotooRecoveryReport *report, GError **error)
{
  g_autoptr (PotooCatalogReader) reader = potoo_catalog_reader_new (catalog, error);

  if (reader == NULL)
    return NULL;
  gboolean complete = potoo_catalog_reader_is_complete (reader);
  g_autoptr (GHashTable) cameras = complete ? list_camera_ids (reader, error)
                                            : potoo_rebuild_list_continuous (reader, error);
  g_autoptr (GPtrArray) gaps = cameras != NULL ? potoo_catalog_reader_list_open_gaps (reader, error)
                                               : NULL;
  if (gaps == NULL)
    return NULL;
  PotooGapCause cause = find_cause (reader);
  g_autoptr (GHashTable) open = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  Settlement settlement = { catalog, reader, report, cameras, open, complete };
  for (guint i = 0; i < gaps->len; i++)
    if (!settle_gap (&settlement, gaps->pdata[i], error))
      return NULL;
  /* After a clean stop every stream that is to be recorded has an open gap. */
  if (cause != POTOO_GAP_SHUTDOWN)
    open_gaps_of_interrupted (&settlement, cause);
  potoo_recovery_report_settled (report);
  return g_steal_pointer (&open);
}
