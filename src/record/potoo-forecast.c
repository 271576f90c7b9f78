/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * The model. What is recorded now is evicted after T days, when what came after it needs the
 * room: continuous material younger than T (times its camera's weight), the events that
 * there are by then, and what is locked, together fill the root. Everything grows with T, so T is
 * found by halving. When the events alone are too much, continuous material is kept for as long
 * as it is guaranteed and T is sought for the events.
 */

#include "record/potoo-forecast.h"

#include "base/potoo-clock.h"

#define HORIZON_DAYS 36500.0
#define STEPS 60

/* --- bytes a day --- */

/* By what there is since the first recording, yesterday's or today's. */
static double
extrapolate (const PotooForecastDay *days, guint n, gint64 first_us, gint64 now_us)
{
  gint64 elapsed_us = now_us - MAX (days[0].day * POTOO_DAY_US, first_us);
  gint64 recorded_us = 0;
  double bytes = 0;

  for (guint i = 0; i < n; i++)
    {
      recorded_us += days[i].recorded_us;
      bytes += (double) days[i].bytes;
    }
  /* What is evicted already was recorded all the same. */
  elapsed_us = MAX (elapsed_us, recorded_us);
  return elapsed_us > 0 ? bytes * POTOO_DAY_US / (double) elapsed_us : 0;
}

double
potoo_forecast_rate (const PotooForecastDay *days, guint n, gint64 first_us, gint64 now_us)
{
  gint64 today = now_us / POTOO_DAY_US;
  double sum = 0;

  while (n > 0 && days[n - 1].day > today) /* the clock was set back */
    n--;
  if (n == 0)
    return 0;
  gint64 window = MIN (today - days[0].day - 1, POTOO_FORECAST_WINDOW_DAYS);
  if (window <= 0)
    return extrapolate (days, n, first_us, now_us);
  for (guint i = 1; i < n; i++)
    if (days[i].day < today && days[i].day >= today - window)
      sum += (double) days[i].bytes;
  return sum / (double) window;
}

/* --- how long --- */

static double
limit_of (double keep_days, double min_days)
{
  return keep_days > 0 ? MAX (keep_days, min_days) : HORIZON_DAYS;
}

/* The camera's events after @t days, when none is evicted for space. */
static double
events_after (const PotooForecastShare *s, double t)
{
  double grown = s->event_bytes + s->event_rate * t;

  if (s->keep_event_days > 0)
    grown = MIN (grown, s->event_rate * limit_of (s->keep_event_days, s->min_days));
  return grown;
}

/* How long continuous material lasts when that of weight 1 lasts @t days. */
static double
continuous_days (const PotooForecastShare *s, double t)
{
  double days = MIN (t * s->weight, limit_of (s->keep_continuous_days, s->min_days));

  if (s->max_bytes > 0 && s->continuous_rate > 0)
    {
      double left = s->max_bytes - s->locked_bytes - events_after (s, MIN (t, days));
      days = MIN (days, MAX (left, 0) / s->continuous_rate);
    }
  return MAX (days, s->min_days);
}

static double
event_days (const PotooForecastShare *s, double t)
{
  double days = MIN (t * s->weight, limit_of (s->keep_event_days, s->min_days));

  if (s->max_bytes > 0 && s->event_rate > 0)
    days = MIN (days, MAX (s->max_bytes - s->locked_bytes, 0) / s->event_rate);
  return MAX (days, s->min_days);
}

/* Bytes on the root when continuous material lasts @t days. */
static double
filled_by_continuous (const PotooForecastRoot *root, double t)
{
  double sum = 0;

  for (guint i = 0; i < root->n_shares; i++)
    {
      const PotooForecastShare *s = &root->shares[i];
      sum += s->continuous_rate * continuous_days (s, t) + events_after (s, t) + s->locked_bytes;
    }
  return sum;
}

/* … when no more of it is left than is guaranteed, and events last @t days. */
static double
filled_by_events (const PotooForecastRoot *root, double t)
{
  double sum = 0;

  for (guint i = 0; i < root->n_shares; i++)
    {
      const PotooForecastShare *s = &root->shares[i];
      sum += s->continuous_rate * s->min_days + s->event_rate * event_days (s, t) + s->locked_bytes;
    }
  return sum;
}

/* Guaranteed and locked bytes after @t days. */
static double
filled_by_guarantees (const PotooForecastRoot *root, double t)
{
  double sum = 0;

  for (guint i = 0; i < root->n_shares; i++)
    {
      const PotooForecastShare *s = &root->shares[i];
      double rate = s->continuous_rate + s->event_rate;
      double wanted = rate * s->min_days;
      double have = MIN (s->continuous_bytes + s->event_bytes, wanted);
      sum += s->locked_bytes + MIN (have + rate * t, wanted);
    }
  return sum;
}

/* Bytes on the root after @t days without any eviction for space. */
static double
filled_by_all (const PotooForecastRoot *root, double t)
{
  double sum = 0;

  for (guint i = 0; i < root->n_shares; i++)
    {
      const PotooForecastShare *s = &root->shares[i];
      double most = s->continuous_rate * continuous_days (s, HORIZON_DAYS);
      double grown = s->continuous_bytes + s->continuous_rate * t;
      sum += MIN (grown, MAX (most, s->continuous_bytes)) + events_after (s, t) + s->locked_bytes;
    }
  return sum;
}

/* The first @t at which @filled, which grows with it, is more than @bytes. */
static double
find (const PotooForecastRoot *root,
      double (*filled) (const PotooForecastRoot *, double),
      double bytes)
{
  double low = 0, high = HORIZON_DAYS;

  if (filled (root, high) <= bytes)
    return POTOO_FORECAST_FOREVER;
  for (int i = 0; i < STEPS; i++)
    {
      double middle = (low + high) / 2;
      if (filled (root, middle) > bytes)
        high = middle;
      else
        low = middle;
    }
  return low;
}

static double
or_forever (double days)
{
  return days >= HORIZON_DAYS ? POTOO_FORECAST_FOREVER : days;
}

void
potoo_forecast_root (PotooForecastRoot *root)
{
  gboolean events_fit = filled_by_continuous (root, 0) <= root->room_bytes;
  double t = events_fit ? find (root, filled_by_continuous, root->room_bytes) : 0;
  double events_t = events_fit ? HORIZON_DAYS : find (root, filled_by_events, root->room_bytes);

  root->days = t;
  root->breaks_in = find (root, filled_by_guarantees, root->capacity_bytes);
  root->fills_in = find (root, filled_by_all, root->room_bytes);
  for (guint i = 0; i < root->n_shares; i++)
    {
      PotooForecastShare *s = &root->shares[i];
      gboolean continuous = s->continuous_rate > 0, events = s->event_rate > 0;
      s->continuous_days = continuous ? or_forever (continuous_days (s, MIN (t, HORIZON_DAYS))) : 0;
      s->event_days = events ? or_forever (event_days (s, MIN (events_t, HORIZON_DAYS))) : 0;
    }
}
