/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* When processors are too few, recording goes first: what serves those who watch is not begun, then
 * ended. How long recording waits for a processor decides. */

typedef enum
{
  POTOO_OVERLOAD_NONE,
  POTOO_OVERLOAD_REFUSING, /* nothing new is begun */
  POTOO_OVERLOAD_ENDING,   /* and what runs ends, the least important first */
} PotooOverload;

/* In the API: `none`, `refusing`, `ending`. */
const char *potoo_overload_get_name (PotooOverload overload);

/* --- the rule --- */

/* The share of time, in percent, for which recording waits: at this one for POTOO_OVERLOAD_RISE_US
 * in a row nothing new is begun … */
#define POTOO_OVERLOAD_REFUSE_PERCENT 40
/* … and at this one what runs ends. */
#define POTOO_OVERLOAD_END_PERCENT 60
/* Below these for POTOO_OVERLOAD_FALL_US it is one step back. */
#define POTOO_OVERLOAD_ADMIT_PERCENT 20
#define POTOO_OVERLOAD_SPARE_PERCENT 35
#define POTOO_OVERLOAD_RISE_US (3 * G_USEC_PER_SEC)
#define POTOO_OVERLOAD_FALL_US (10 * G_USEC_PER_SEC)

/* Plain value, zeroed to begin. */
typedef struct
{
  PotooOverload overload;
  gint64 high_us, low_us; /* for so long it was */
} PotooOverloadRule;

/* @wait: share of the last @elapsed_us. */
void potoo_overload_rule_take (PotooOverloadRule *rule, double wait, gint64 elapsed_us);

/* --- of this process; any thread --- */

/* What is not recording, the least important first. */
typedef enum
{
  POTOO_WORK_SNAPSHOT,
  POTOO_WORK_LIVE,
  POTOO_WORK_RESTREAM,
  POTOO_N_WORKS,
} PotooWork;

/* @wait: as it was measured, for /metrics. */
void potoo_overload_set (PotooOverload overload, double wait);
PotooOverload potoo_overload_get (void);

/* Why something is refused or ended, for people. (transfer none) */
const char *potoo_overload_describe (void);
/* Whether to begin with @work. FALSE is counted, and POTOO_ERROR_BUSY. */
gboolean potoo_overload_admit (PotooWork work, GError **error);
/* @n of @work were ended. */
void potoo_overload_note_ended (PotooWork work, guint n);

G_END_DECLS
