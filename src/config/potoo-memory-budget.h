/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define POTOO_MEMORY_AUTO (-1)
#define POTOO_MEMORY_MIN_BYTES 64000000

/* What of the process's memory is for what; bytes. The rest is for all that has bounds of its own:
 * programs, threads, viewers. */
typedef struct
{
  gint64 total;    /* AUTO: half of what there is, POTOO_MEMORY_MIN_BYTES to 4 GB */
  gint64 queues;   /* what waits for disks: a quarter */
  gint64 pre_roll; /* what waits for events: AUTO: a quarter; 0: there is no pre-roll */
  gint64 hub_ring; /* the newest of one stream, for viewers: an eighth */
  gint64 catalog;  /* pages of the catalog, of all connections: a sixteenth */
  gint64 pictures; /* snapshots that are kept: a sixteenth */
} PotooMemoryBudget;

/* @total, @pre_roll: as they are set. */
void potoo_memory_budget_init (PotooMemoryBudget *budget, gint64 total, gint64 pre_roll);

G_END_DECLS
