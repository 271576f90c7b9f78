/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "media-maker.h"
#include "record/potoo-recorder.h"

/* A recorder, with as little memory as can be set, on a catalog and a storage root in a directory
 * of their own, with one camera, `door`.
 */
typedef struct
{
  char *directory;
  char *options;    /* lines of [storage]; NULL: segments of 10 s, synced every 250 ms */
  const char *mode; /* `record` of the camera; NULL: as the default is */
  PotooConfig *config;
  PotooCatalog *catalog;
  PotooRecorder *recorder;
  PotooFragmentQueue *queue; /* of door/main */
  MediaMaker maker;          /* its times are now */
  guint64 pushed;
} Recording;

/* The file that sets the clock of this process (base/potoo-clock.h); to be made before there are
 * threads. (transfer full) */
char *recording_make_clock (void);

/* In an empty directory. */
void recording_set_up (Recording *r);
void recording_tear_down (Recording *r);

/* Loads the configuration and opens the catalog. */
void recording_open (Recording *r);
/* Opens, makes and starts the recorder, adds the stream; sets no plan. */
void recording_start (Recording *r);
/* Stops cleanly. */
void recording_stop (Recording *r);
/* Continues with a copy of the directory as it is now: as after kill -9. Everything posted to
 * the catalog is in it. */
void recording_crash (Recording *r);

void recording_plan (Recording *r, gboolean record);
void recording_push (Recording *r, MediaFlags flags);
/* @n fragments, every second of them a key fragment, the first @flags. */
void recording_push_many (Recording *r, guint n, MediaFlags flags);
/* Until all that was pushed so far is written or passed over. */
void recording_wait_handled (Recording *r);

/* The value of a metric, by its name and labels as /metrics prints them; -1: no such metric. */
gint64 recording_get_metric (const char *series);
#define recording_wait_for(condition)                                                              \
  G_STMT_START                                                                                     \
  {                                                                                                \
    gint64 deadline_ = g_get_monotonic_time () + 20 * G_USEC_PER_SEC;                              \
    while (!(condition))                                                                           \
      {                                                                                            \
        g_assert_cmpint (g_get_monotonic_time (), <, deadline_);                                   \
        g_usleep (2000);                                                                           \
      }                                                                                            \
  }                                                                                                \
  G_STMT_END

#define DOOR "{camera=\"door\",stream=\"main\"}"

/* What the catalog has when all that was posted is durable. (transfer full) */
GPtrArray *recording_list_segments (Recording *r);
GPtrArray *recording_list_gaps (Recording *r);
char *recording_get_setting (Recording *r, const char *key);
char *recording_get_path (Recording *r, const PotooSegment *segment);

/* The file of a closed segment is exactly what its row and index say; returns its number of
 * fragments. */
guint recording_check_file (Recording *r, const PotooSegment *segment);
