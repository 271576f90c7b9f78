/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * How long recordings will be kept: a model of what retention does, by bytes a day. Pure
 * arithmetic, any thread. Times are in days, as numbers; POTOO_FORECAST_FOREVER is
 * what no limit ends.
 */

#define POTOO_FORECAST_FOREVER G_MAXDOUBLE
#define POTOO_FORECAST_WINDOW_DAYS 7 /* whole days that the rate is taken from */

/* A day of a camera, all streams and roots together. */
typedef struct
{
  gint64 day; /* days since 1970, UTC */
  gint64 bytes;
  gint64 recorded_us;
} PotooForecastDay;

/**
 * potoo_forecast_rate:
 * @days: (nullable): ascending
 * @first_us: wall time of the camera's oldest segment; 0: not known
 *
 * Bytes that a camera records in a day: the mean of its last whole days, up to a week so that each
 * weekday counts once; a day without recordings counts as nothing. The day of its first
 * recording is no whole day. While there is none, what came since then is taken for it.
 */
double potoo_forecast_rate (const PotooForecastDay *days, guint n, gint64 first_us, gint64 now_us);

/* What a camera has on a root, and how it is to be kept there. */
typedef struct
{
  /* in */
  double continuous_rate, event_rate; /* bytes a day */
  double continuous_bytes, event_bytes, locked_bytes;
  double keep_continuous_days, keep_event_days; /* 0: as long as there is room */
  double min_days;                              /* guaranteed */
  double max_bytes;                             /* 0: no limit */
  double weight;                                /* 1; who has 2 keeps twice as long */
  /* out: how long what is recorded now will be there; 0 when there is nothing of that kind */
  double continuous_days, event_days;
} PotooForecastShare;

typedef struct
{
  /* in */
  double room_bytes;     /* what retention lets stand on the root */
  double capacity_bytes; /* what fits on it */
  PotooForecastShare *shares;
  guint n_shares;
  /* out */
  double days;      /* for continuous material of weight 1 without limits of its own */
  double breaks_in; /* when the guarantees no longer fit; FOREVER: they do */
  double fills_in;  /* when the first is evicted for space; 0: it is; FOREVER: never */
} PotooForecastRoot;

void potoo_forecast_root (PotooForecastRoot *root);

G_END_DECLS
