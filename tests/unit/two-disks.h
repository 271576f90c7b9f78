/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "recording-fixture.h"

/* A recorder on two roots, `main` and `spare`, whose disks do what a test says. */

/* For as long a disk that is back gets no new segments. */
#define DISKS_TRUST_US (300 * 1000)

/* What happens to files on `main`; disks_set() changes it at any time. */
extern int disks_fault; /* errno of writes and syncs; 0: none */
extern int disks_full;  /* no space is left */
extern int disks_hang;  /* calls do not come back; DISKS_EVERYWHERE: also those of other roots */
#define DISKS_EVERYWHERE 2

void disks_set (int *which, int value);
int disks_count_hanging (void);

/* As fixtures of g_test_add(): @data is not used. */
void disks_set_up (Recording *r, gconstpointer data);
void disks_tear_down (Recording *r, gconstpointer data);

/* Beside `main`, in the directory of its @name, from the next start on. */
void disks_add_root (Recording *r, const char *name, const char *options);

PotooRootState disks_state_of (Recording *r, const char *name);
gint64 disks_row_of (Recording *r, const char *name);

const PotooSegment *disks_segment_at (GPtrArray *segments, guint i);
const PotooGap *disks_gap_at (GPtrArray *gaps, guint i);

/* Each segment's file is what its row says, segments and gaps touch: nothing is missing that no row
 * declares, nothing is there twice. Returns the number of fragments. */
guint disks_check_ledger (Recording *r);
/* The length of all gaps but those in which the camera was away or Potoo was down. */
gint64 disks_declared_us (Recording *r);

/* @n fragments, all of them handled. */
void disks_record (Recording *r, guint n, MediaFlags flags);
/* Six fragments on `main`, all durable. */
void disks_begin_on_main (Recording *r);
/* Pushes fragments as they would come, until the spare root has got one. */
void disks_push_until_moved (Recording *r);
/* Ends the recording; until no segment is open. */
void disks_finish (Recording *r);

/* The main context runs meanwhile. */
#define disks_wait_for(condition)                                                                  \
  recording_wait_for ((g_main_context_iteration (NULL, FALSE), (condition)))
