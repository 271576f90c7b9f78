/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "camera/potoo-camera-status.h"
#include "catalog/potoo-catalog-gaps.h"
#include "media/potoo-camera-pipeline.h"

G_BEGIN_DECLS

/*
 * The pure part of a camera's connection: which state it is in, when to try
 * again, and what a look at the pipeline's progress means. It knows no pipeline,
 * no timer and no clock: every function is told the (monotonic) time, so tests
 * drive years in microseconds.
 *
 *   disabled ⇄ connecting → streaming ⇄ no-keyframes
 *                 ↑  ↓           ↓         ↓
 *              backing-off · auth-failed · no-video      (a try is planned)
 */

typedef struct
{
  gint64 backoff_min_us, backoff_max_us;
  gint64 settled_us;    /* playing this long forgets earlier failures */
  gint64 auth_retry_us; /* least time between tries after a 401: cameras lock accounts */
  gint64 no_video_retry_us;
  gint64 start_timeout_us;    /* from a try's begin to its first video */
  gint64 no_data_timeout_us;  /* from its first byte to its first video */
  gint64 stall_timeout_us;    /* without video while playing */
  gint64 keyframe_timeout_us; /* without a keyframe … */
  gint64 keyframe_max_bytes;  /* … or this much video: one is asked for */
  gint64 keyframe_grace_us;   /* from asking to the state no-keyframes */
  gint64 keyframe_repeat_us;  /* between further requests */
  gint64 slowest_us;          /* from picture to picture that is waited for longer than that */
  gint64 stop_timeout_us;     /* of a connection's end; a longer one is told */
  gint64 linger_us;           /* of a stream that is connected on demand, when nobody takes it */
} PotooConnectionTiming;

extern const PotooConnectionTiming potoo_connection_timing; /* what Potoo uses outside tests */

typedef struct
{
  PotooConnectionTiming timing;
  PotooCameraState state;
  guint failures;    /* in a row, of those that back off */
  gint64 retry_us;   /* when the next try is due; 0: none is planned */
  gint64 attempt_us; /* when the try under way began; 0: none */
  gint64 playing_us; /* since when it plays; 0: it does not */
  gint64 first_bytes_us;
  gint64 asked_us;   /* first request for the keyframe that is missing; 0: none is */
  gint64 request_us; /* the newest one */
} PotooConnectionPolicy;

typedef enum
{
  POTOO_ADVICE_NONE,
  POTOO_ADVICE_REQUEST_KEYFRAME,
  POTOO_ADVICE_NO_KEYFRAMES,   /* the state went to no-keyframes */
  POTOO_ADVICE_KEYFRAMES_BACK, /* the state went back to streaming */
  POTOO_ADVICE_TIMED_OUT,      /* give up: the camera did not answer */
  POTOO_ADVICE_NO_DATA,        /* give up: connected, but no video came */
  POTOO_ADVICE_STALLED,        /* give up: video stopped */
} PotooConnectionAdvice;

void potoo_connection_policy_init (PotooConnectionPolicy *policy,
                                   const PotooConnectionTiming *timing);
void potoo_connection_policy_disable (PotooConnectionPolicy *policy);
/* A fresh start, without a past: the first try is due at @at_us. */
void potoo_connection_policy_schedule (PotooConnectionPolicy *policy, gint64 at_us);
void potoo_connection_policy_begin (PotooConnectionPolicy *policy, gint64 now_us);
void potoo_connection_policy_playing (PotooConnectionPolicy *policy, gint64 now_us);
/* The try or the connection is over; @random: 0 … 1. */
void potoo_connection_policy_fail (PotooConnectionPolicy *policy,
                                   gint64 now_us,
                                   PotooGapCause cause,
                                   double random);
PotooConnectionAdvice potoo_connection_policy_check (PotooConnectionPolicy *policy,
                                                     gint64 now_us,
                                                     const PotooPipelineProgress *progress);

/* The wait after @failures failures in a row (at least 1): doubles from the least to the
 * greatest, of which @random (0 … 1) takes between half and all, so that cameras lost
 * together do not come back together. */
gint64
potoo_connection_backoff_us (const PotooConnectionTiming *timing, guint failures, double random);

/* Why there is no media after a pipeline ended with @error. */
PotooGapCause potoo_connection_cause_of (const GError *error);

G_END_DECLS
