/* SPDX-License-Identifier: GPL-3.0-or-later */

/* All that begins or ends is sorted by time and gone through once; what holds between two such
 * moments is added to the cell that they lie in. For a list of days, cells are also cut at
 * midnights of UTC, which is how the catalog keeps what has been deleted since. */

#include "playback/potoo-coverage.h"

#include <glib/gi18n-lib.h>

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "catalog/potoo-catalog-totals.h"

#define GAPS_PER_PAGE 1000
#define MAX_GAPS 100000
/* The end of the year 9998: there are days of every zone behind it. */
#define LATEST_US (G_GINT64_CONSTANT (253370764800) * POTOO_SECOND_US)
#define SECONDS_PER_DAY (POTOO_DAY_US / POTOO_SECOND_US)
#define EPOCH_JULIAN 719163 /* 1970-01-01, as GDate counts days */

/* What may hold at a moment: the causes of gaps, and these. */
enum
{
  RECORDED = POTOO_GAP_N_CAUSES,
  FUTURE,
  N_STATES,
};

typedef struct
{
  gint64 at_us;
  int state, delta;
} Edge;

typedef struct
{
  PotooCoverage sums;
  gint64 unknown_us; /* nothing is known of it */
} Cell;

static void
add_interval (GArray *edges, gint64 start_us, gint64 end_us, int state)
{
  const Edge interval[] = { { start_us, state, 1 }, { end_us, state, -1 } };

  if (start_us < end_us)
    g_array_append_vals (edges, interval, G_N_ELEMENTS (interval));
}

static int
compare_edges (gconstpointer a, gconstpointer b)
{
  const Edge *one = a, *other = b;
  return one->at_us < other->at_us ? -1 : one->at_us > other->at_us;
}

/* (transfer full) (element-type Edge), in order */
static GArray *
make_edges (const GArray *spans, const GPtrArray *gaps, gint64 now_us)
{
  GArray *edges = g_array_sized_new (FALSE, FALSE, sizeof (Edge), 2 * (spans->len + gaps->len) + 2);

  for (guint i = 0; i < spans->len; i++)
    {
      const PotooSpan *span = &g_array_index (spans, PotooSpan, i);
      add_interval (edges, span->start_us, span->end_us, RECORDED);
    }
  for (guint i = 0; i < gaps->len; i++)
    {
      const PotooGap *gap = gaps->pdata[i];
      add_interval (edges, gap->start_us, gap->end_us != 0 ? gap->end_us : now_us,
                    (int) gap->cause);
    }
  add_interval (edges, now_us, G_MAXINT64, FUTURE);
  g_array_sort (edges, compare_edges);
  return edges;
}

static void
add_time (Cell *cell, const int *active, gint64 length_us)
{
  int cause = POTOO_GAP_DAMAGED;

  if (active[POTOO_GAP_DAMAGED] == 0)
    {
      if (active[RECORDED] > 0)
        {
          cell->sums.recorded_us += length_us;
          return;
        }
      for (cause = 0; cause < POTOO_GAP_N_CAUSES; cause++)
        if (active[cause] > 0 && cause != POTOO_GAP_CLOCK_STEP)
          break;
    }
  if (cause < POTOO_GAP_N_CAUSES)
    {
      cell->sums.missing_us += length_us;
      cell->sums.missing_by_cause_us[cause] += length_us;
    }
  else if (active[POTOO_GAP_CLOCK_STEP] == 0 && active[FUTURE] == 0)
    cell->unknown_us += length_us;
}

/* @cells: by start, each beginning where the one before ends */
static void
sweep (const GArray *edges, GArray *cells)
{
  int active[N_STATES] = { 0 };
  guint edge = 0;

  for (guint i = 0; i < cells->len; i++)
    {
      Cell *cell = &g_array_index (cells, Cell, i);
      for (gint64 at_us = cell->sums.start_us; at_us < cell->sums.end_us;)
        {
          const Edge *next = edge < edges->len ? &g_array_index (edges, Edge, edge) : NULL;
          if (next != NULL && next->at_us <= at_us)
            {
              active[next->state] += next->delta;
              edge++;
              continue;
            }
          gint64 until_us = next != NULL ? MIN (next->at_us, cell->sums.end_us) : cell->sums.end_us;
          add_time (cell, active, until_us - at_us);
          at_us = until_us;
        }
    }
}

double
potoo_coverage_get_share (const PotooCoverage *coverage)
{
  double recorded = (double) (coverage->recorded_us + coverage->deleted_us);
  double wanted = recorded + (double) coverage->missing_us;

  return wanted > 0 && !coverage->aged ? recorded / wanted : -1;
}

void
potoo_coverage_measure (PotooCoverage *coverage,
                        const GArray *spans,
                        const GPtrArray *gaps,
                        gint64 now_us)
{
  g_autoptr (GArray) edges = make_edges (spans, gaps, now_us);
  g_autoptr (GArray) cells = g_array_new (FALSE, TRUE, sizeof (Cell));

  g_array_set_size (cells, 1);
  Cell *cell = &g_array_index (cells, Cell, 0);
  cell->sums.start_us = coverage->start_us;
  cell->sums.end_us = coverage->end_us;
  sweep (edges, cells);
  *coverage = cell->sums;
}

/* --- days --- */

/* The midnight of @zone at or before @wall_us, @n days later. Where a clock change leaves midnight
 * out, the day begins with what comes after it; where there are two, with the first. */
static gint64
find_midnight (GTimeZone *zone, gint64 wall_us, int n)
{
  g_autoptr (GDateTime) utc = g_date_time_new_from_unix_utc (wall_us / POTOO_SECOND_US);
  g_autoptr (GDateTime) time = g_date_time_to_timezone (utc, zone);
  GDate date;

  g_date_set_dmy (&date, (GDateDay) g_date_time_get_day_of_month (time),
                  (GDateMonth) g_date_time_get_month (time),
                  (GDateYear) g_date_time_get_year (time));
  g_date_add_days (&date, (guint) n);
  gint64 local_s = ((gint64) g_date_get_julian (&date) - EPOCH_JULIAN) * SECONDS_PER_DAY;
  int interval = g_time_zone_adjust_time (zone, G_TIME_TYPE_DAYLIGHT, &local_s);
  return (local_s - g_time_zone_get_offset (zone, interval)) * POTOO_SECOND_US;
}

/* (transfer full) (element-type PotooCoverage) */
static GPtrArray *
make_days (GTimeZone *zone, gint64 start_us, gint64 end_us)
{
  GPtrArray *days = g_ptr_array_new_with_free_func (g_free);
  /* GLib may know only the second midnight when it is not summer time that ends. */
  gint64 at_us = MIN (find_midnight (zone, start_us, 0), start_us);

  for (int n = 1; at_us < end_us; n++)
    {
      const PotooCoverage day = { .start_us = at_us, .end_us = find_midnight (zone, start_us, n) };
      if (day.end_us > day.start_us) /* islands have left out a day to be on the other side */
        g_ptr_array_add (days, g_memdup2 (&day, sizeof day));
      at_us = day.end_us;
    }
  return days;
}

/* Cells that are cut at @days and at each midnight of UTC, from one of these to another. */
static GArray *
make_cells (const GPtrArray *days, gint64 start_us, gint64 end_us)
{
  GArray *cells = g_array_new (FALSE, TRUE, sizeof (Cell));
  guint next = 0;

  for (gint64 at_us = start_us; at_us < end_us;)
    {
      Cell cell = { .sums.start_us = at_us };
      at_us = (at_us / POTOO_DAY_US + 1) * POTOO_DAY_US;
      while (next < days->len &&
             ((PotooCoverage *) days->pdata[next])->start_us <= cell.sums.start_us)
        next++;
      gint64 cut_us = next < days->len ? ((PotooCoverage *) days->pdata[next])->start_us
                                       : ((PotooCoverage *) days->pdata[days->len - 1])->end_us;
      if (cut_us > cell.sums.start_us)
        at_us = MIN (at_us, cut_us);
      cell.sums.end_us = at_us;
      g_array_append_val (cells, cell);
    }
  return cells;
}

/* Gives the cells of a day of UTC their part of what was deleted of it. */
static void
spread_deleted (GArray *cells, gint64 day, gint64 deleted_us)
{
  gint64 unknown_us = 0;

  for (guint i = 0; i < cells->len; i++)
    {
      const Cell *cell = &g_array_index (cells, Cell, i);
      if (cell->sums.start_us / POTOO_DAY_US == day)
        unknown_us += cell->unknown_us;
    }
  for (guint i = 0; i < cells->len && unknown_us > 0; i++)
    {
      Cell *cell = &g_array_index (cells, Cell, i);
      if (cell->sums.start_us / POTOO_DAY_US == day)
        cell->sums.deleted_us = (gint64) ((double) MIN (deleted_us, unknown_us) *
                                          (double) cell->unknown_us / (double) unknown_us);
    }
}

static gint64
measure_gaps (const GPtrArray *gaps, const PotooSpan *extent)
{
  gint64 length_us = 0;

  for (guint i = 0; i < gaps->len; i++)
    {
      const PotooGap *gap = gaps->pdata[i];
      length_us += MAX (MIN (gap->end_us, extent->end_us) - MAX (gap->start_us, extent->start_us),
                        0);
    }
  return length_us;
}

/* All of @extent but the gaps. */
static void
add_between (GArray *spans, const GPtrArray *gaps, const PotooSpan *extent)
{
  PotooSpan span = { .start_us = extent->start_us };

  for (guint i = 0; i <= gaps->len; i++)
    {
      const PotooGap *gap = i < gaps->len ? gaps->pdata[i] : NULL;
      if (gap != NULL && gap->end_us <= span.start_us)
        continue;
      span.end_us = gap != NULL ? MIN (gap->start_us, extent->end_us) : extent->end_us;
      if (span.start_us < span.end_us)
        g_array_append_val (spans, span);
      if (gap == NULL || gap->start_us >= extent->end_us)
        return;
      span.start_us = gap->end_us;
    }
}

/* Adds to @spans what was recorded by segments that started on @day of UTC, which had recorded
 * @recorded_us, and tells how much of that is not there any more. When it fills the time between
 * gaps, which is so of nearly all days of a camera that is always recorded, no segment but the
 * first and the last is looked at. */
static gboolean
add_day (GArray *spans,
         PotooCatalogReader *reader,
         const char *camera,
         const GPtrArray *gaps,
         gint64 day,
         gint64 recorded_us,
         gint64 *deleted_us,
         GError **error)
{
  gint64 start_us = day * POTOO_DAY_US, end_us = start_us + POTOO_DAY_US, length_us;
  PotooSpan extent;

  *deleted_us = 0;
  if (!potoo_catalog_reader_get_extent (reader, camera, start_us, end_us, &extent, error))
    return FALSE;
  if (recorded_us > 0 &&
      extent.end_us - extent.start_us - measure_gaps (gaps, &extent) == recorded_us)
    {
      add_between (spans, gaps, &extent);
      return TRUE;
    }
  if (!potoo_catalog_reader_add_runs (reader, camera, start_us, end_us, spans, &length_us, error))
    return FALSE;
  *deleted_us = MAX (recorded_us - length_us, 0);
  return TRUE;
}

static void
add_cell (PotooCoverage *day, const PotooCoverage *cell)
{
  if (cell->start_us < day->start_us || cell->end_us > day->end_us)
    return;
  day->recorded_us += cell->recorded_us;
  day->deleted_us += cell->deleted_us;
  day->missing_us += cell->missing_us;
  for (guint i = 0; i < POTOO_GAP_N_CAUSES; i++)
    day->missing_by_cause_us[i] += cell->missing_by_cause_us[i];
}

/* All gaps of the main stream. */
static GPtrArray *
list_gaps (PotooCatalogReader *reader,
           const char *camera,
           gint64 start_us,
           gint64 end_us,
           GError **error)
{
  PotooSegmentQuery query = {
    .camera = camera, .start_us = start_us, .end_us = end_us, .limit = GAPS_PER_PAGE
  };
  g_autoptr (GPtrArray) all = g_ptr_array_new_with_free_func (g_free);
  guint n;

  do
    {
      g_autoptr (GPtrArray) page = potoo_catalog_reader_list_gaps (reader, &query, error);
      if (page == NULL)
        return NULL;
      n = page->len;
      for (guint i = 0; i < n; i++)
        {
          const PotooGap *gap = page->pdata[i];
          query.after_start_us = gap->start_us;
          query.after_id = gap->id;
          if (gap->stream == POTOO_STREAM_MAIN)
            g_ptr_array_add (all, g_memdup2 (gap, sizeof *gap));
        }
    }
  while (n == GAPS_PER_PAGE && all->len < MAX_GAPS);
  if (n < GAPS_PER_PAGE)
    return g_steal_pointer (&all);
  g_set_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_ARGUMENT,
               _ ("The window holds %d gaps, or more: ask for a shorter one"), MAX_GAPS);
  return NULL;
}

static gboolean
check_window (gint64 start_us, gint64 end_us, GError **error)
{
  const char *detail = NULL;

  if (start_us >= end_us)
    detail = _ ("The window must end after its start");
  else if (start_us < 2 * POTOO_DAY_US || end_us > LATEST_US)
    detail = _ ("There are no days so far away");
  else if (end_us - start_us > POTOO_COVERAGE_MAX_US)
    detail = _ ("Coverage is of at most 31 days");
  if (detail != NULL)
    g_set_error_literal (error, POTOO_ERROR, POTOO_ERROR_INVALID_ARGUMENT, detail);
  return detail == NULL;
}

static gint64
find_recorded (const GArray *days, gint64 day)
{
  for (guint i = 0; i < days->len; i++)
    {
      const PotooRecordedDay *row = &g_array_index (days, PotooRecordedDay, i);
      if (row->day == day)
        return row->recorded_us;
    }
  return 0;
}

/* What is known of the days of UTC from @first_day on to where @cells end. */
static gboolean
fill_cells (GArray *cells,
            PotooCatalogReader *reader,
            const char *camera,
            gint64 first_day,
            gint64 end_day,
            gint64 now_us,
            GError **error)
{
  g_autoptr (GArray) spans = g_array_new (FALSE, FALSE, sizeof (PotooSpan));
  g_autofree gint64 *deleted_us = g_new0 (gint64, end_day - first_day + 1);
  /* Before the segments: what is recorded meanwhile does not count as deleted. */
  g_autoptr (GArray)
      recorded = potoo_catalog_reader_list_recorded_days (reader, camera, first_day - 1, error);
  g_autoptr (GPtrArray) gaps = recorded != NULL
                                   ? list_gaps (reader, camera, (first_day - 1) * POTOO_DAY_US,
                                                end_day * POTOO_DAY_US, error)
                                   : NULL;

  if (gaps == NULL)
    return FALSE;
  /* The last segment of the day before reaches into the first. */
  for (gint64 day = first_day - 1; day < end_day; day++)
    if (!add_day (spans, reader, camera, gaps, day, find_recorded (recorded, day),
                  &deleted_us[day - first_day + 1], error))
      return FALSE;
  g_autoptr (GArray) edges = make_edges (spans, gaps, now_us);
  sweep (edges, cells);
  for (gint64 day = first_day; day < end_day; day++)
    if (deleted_us[day - first_day + 1] > 0)
      spread_deleted (cells, day, deleted_us[day - first_day + 1]);
  return TRUE;
}

GPtrArray *
potoo_coverage_list_days (PotooCatalogReader *reader,
                          const char *camera,
                          GTimeZone *zone,
                          gint64 start_us,
                          gint64 end_us,
                          gint64 now_us,
                          GError **error)
{
  g_return_val_if_fail (reader != NULL && camera != NULL && zone != NULL, NULL);

  if (!check_window (start_us, end_us, error))
    return NULL;
  g_autoptr (GPtrArray) days = make_days (zone, start_us, end_us);
  const PotooCoverage *first = days->pdata[0], *last = days->pdata[days->len - 1];
  gint64 first_day = first->start_us / POTOO_DAY_US;
  gint64 end_day = (last->end_us - 1) / POTOO_DAY_US + 1, since_us;
  g_autoptr (GArray) cells = make_cells (days, first_day * POTOO_DAY_US, end_day * POTOO_DAY_US);
  if (!fill_cells (cells, reader, camera, first_day, end_day, now_us, error) ||
      !potoo_catalog_reader_find_aged_gaps (reader, camera, first->start_us, now_us, &since_us,
                                            error))
    return NULL;
  for (guint i = 0; i < days->len; i++)
    {
      PotooCoverage *day = days->pdata[i];
      for (guint j = 0; j < cells->len; j++)
        add_cell (day, &g_array_index (cells, Cell, j).sums);
      day->aged = day->start_us < since_us;
    }
  return g_steal_pointer (&days);
}

char *
potoo_coverage_format_date (const PotooCoverage *coverage, GTimeZone *zone)
{
  g_autoptr (GDateTime) utc = g_date_time_new_from_unix_utc (coverage->start_us / POTOO_SECOND_US);
  g_autoptr (GDateTime) time = g_date_time_to_timezone (utc, zone);

  return g_date_time_format (time, "%F");
}
