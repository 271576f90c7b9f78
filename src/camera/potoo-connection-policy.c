/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "camera/potoo-connection-policy.h"

#include "base/potoo-clock.h"
#include "base/potoo-error.h"

/* As long as so many pictures take at least. */
#define STALL_PICTURES 3
#define KEYFRAME_PICTURES 60

const PotooConnectionTiming potoo_connection_timing = {
  .backoff_min_us = 1 * POTOO_SECOND_US,
  .backoff_max_us = 60 * POTOO_SECOND_US,
  .settled_us = 30 * POTOO_SECOND_US,
  .auth_retry_us = 300 * POTOO_SECOND_US,
  .no_video_retry_us = 60 * POTOO_SECOND_US,
  .start_timeout_us = 15 * POTOO_SECOND_US,
  .no_data_timeout_us = 10 * POTOO_SECOND_US,
  .stall_timeout_us = 6 * POTOO_SECOND_US,
  .keyframe_timeout_us = 30 * POTOO_SECOND_US,
  .keyframe_max_bytes = 32 * 1000 * 1000,
  .keyframe_grace_us = 10 * POTOO_SECOND_US,
  .keyframe_repeat_us = 30 * POTOO_SECOND_US,
  .slowest_us = 20 * POTOO_SECOND_US,
  .stop_timeout_us = 5 * POTOO_SECOND_US,
  .linger_us = 15 * POTOO_SECOND_US,
};

static void
forget_attempt (PotooConnectionPolicy *policy)
{
  policy->retry_us = 0;
  policy->attempt_us = 0;
  policy->playing_us = 0;
  policy->first_bytes_us = 0;
  policy->asked_us = 0;
  policy->request_us = 0;
}

void
potoo_connection_policy_init (PotooConnectionPolicy *policy, const PotooConnectionTiming *timing)
{
  *policy = (PotooConnectionPolicy){ .timing = *timing, .state = POTOO_CAMERA_DISABLED };
}

void
potoo_connection_policy_disable (PotooConnectionPolicy *policy)
{
  forget_attempt (policy);
  policy->failures = 0;
  policy->state = POTOO_CAMERA_DISABLED;
}

void
potoo_connection_policy_schedule (PotooConnectionPolicy *policy, gint64 at_us)
{
  forget_attempt (policy);
  policy->failures = 0;
  policy->retry_us = at_us;
  policy->state = POTOO_CAMERA_CONNECTING;
}

void
potoo_connection_policy_begin (PotooConnectionPolicy *policy, gint64 now_us)
{
  forget_attempt (policy);
  policy->attempt_us = now_us;
  policy->state = POTOO_CAMERA_CONNECTING;
}

void
potoo_connection_policy_playing (PotooConnectionPolicy *policy, gint64 now_us)
{
  g_return_if_fail (policy->attempt_us != 0);

  policy->playing_us = now_us;
  policy->state = POTOO_CAMERA_STREAMING;
}

gint64
potoo_connection_backoff_us (const PotooConnectionTiming *timing, guint failures, double random)
{
  gint64 ceiling = timing->backoff_min_us;

  for (guint i = 0; i < failures && ceiling < timing->backoff_max_us; i++)
    ceiling *= 2;
  ceiling = MIN (ceiling, timing->backoff_max_us);
  return MAX (timing->backoff_min_us, (gint64) ((double) ceiling * (0.5 + 0.5 * random)));
}

/* The planned waits are least waits: chance only adds, up to a tenth. */
static gint64
spread (gint64 wait_us, double random)
{
  return wait_us + (gint64) ((double) wait_us * 0.1 * random);
}

void
potoo_connection_policy_fail (PotooConnectionPolicy *policy,
                              gint64 now_us,
                              PotooGapCause cause,
                              double random)
{
  gint64 wait;

  if (policy->playing_us != 0 && now_us - policy->playing_us >= policy->timing.settled_us)
    policy->failures = 0;
  switch (cause)
    {
    case POTOO_GAP_AUTH:
      policy->state = POTOO_CAMERA_AUTH_FAILED;
      wait = spread (policy->timing.auth_retry_us, random);
      break;
    case POTOO_GAP_NO_VIDEO:
      policy->state = POTOO_CAMERA_NO_VIDEO;
      wait = spread (policy->timing.no_video_retry_us, random);
      break;
    default:
      policy->state = POTOO_CAMERA_BACKING_OFF;
      policy->failures++;
      wait = potoo_connection_backoff_us (&policy->timing, policy->failures, random);
      break;
    }
  forget_attempt (policy);
  policy->retry_us = now_us + wait;
}

/* Cameras may make a picture every few seconds: time-outs that are meant for faster ones grow to as
 * many pictures. */
static gint64
stretch (const PotooConnectionPolicy *policy,
         gint64 timeout_us,
         const PotooPipelineProgress *progress,
         guint pictures)
{
  return MAX (timeout_us, pictures * MIN (progress->interval_us, policy->timing.slowest_us));
}

/* Video comes of which nothing can be made: it waits for a keyframe, as nobody else told it what
 * the stream is. */
static PotooConnectionAdvice
check_first_keyframe (PotooConnectionPolicy *policy, gint64 now_us)
{
  if (now_us - policy->attempt_us >=
      policy->timing.keyframe_timeout_us + policy->timing.keyframe_grace_us)
    return POTOO_ADVICE_NO_DATA;
  if (policy->request_us != 0 && now_us - policy->request_us < policy->timing.keyframe_repeat_us)
    return POTOO_ADVICE_NONE;
  policy->request_us = now_us;
  return POTOO_ADVICE_REQUEST_KEYFRAME;
}

static PotooConnectionAdvice
check_start (PotooConnectionPolicy *policy, gint64 now_us, const PotooPipelineProgress *progress)
{
  /* Video came, only the main loop has not heard of it: it may have been blocked. */
  if (progress->access_units > 0)
    return POTOO_ADVICE_NONE;
  if (progress->packets > 0)
    return check_first_keyframe (policy, now_us);
  if (progress->bytes > 0 && policy->first_bytes_us == 0)
    policy->first_bytes_us = now_us;
  if (policy->first_bytes_us != 0 &&
      now_us - policy->first_bytes_us >= policy->timing.no_data_timeout_us)
    return POTOO_ADVICE_NO_DATA;
  if (now_us - policy->attempt_us >= policy->timing.start_timeout_us)
    return progress->bytes > 0 ? POTOO_ADVICE_NO_DATA : POTOO_ADVICE_TIMED_OUT;
  return POTOO_ADVICE_NONE;
}

/* A keyframe is missing since policy->asked_us. */
static PotooConnectionAdvice
check_missing (PotooConnectionPolicy *policy, gint64 now_us, gint64 last_keyframe_us)
{
  if (last_keyframe_us > policy->asked_us)
    {
      gboolean was_lost = policy->state == POTOO_CAMERA_NO_KEYFRAMES;
      policy->asked_us = 0;
      policy->state = POTOO_CAMERA_STREAMING;
      return was_lost ? POTOO_ADVICE_KEYFRAMES_BACK : POTOO_ADVICE_NONE;
    }
  if (policy->state == POTOO_CAMERA_STREAMING)
    {
      if (now_us - policy->asked_us < policy->timing.keyframe_grace_us)
        return POTOO_ADVICE_NONE;
      policy->state = POTOO_CAMERA_NO_KEYFRAMES;
      return POTOO_ADVICE_NO_KEYFRAMES;
    }
  if (now_us - policy->request_us < policy->timing.keyframe_repeat_us)
    return POTOO_ADVICE_NONE;
  policy->request_us = now_us;
  return POTOO_ADVICE_REQUEST_KEYFRAME;
}

static PotooConnectionAdvice
check_keyframes (PotooConnectionPolicy *policy,
                 gint64 now_us,
                 const PotooPipelineProgress *progress)
{
  gint64 since = MAX (progress->last_keyframe_us, policy->playing_us);

  if (policy->asked_us != 0)
    return check_missing (policy, now_us, progress->last_keyframe_us);
  if (now_us - since <
          stretch (policy, policy->timing.keyframe_timeout_us, progress, KEYFRAME_PICTURES) &&
      progress->bytes_since_keyframe < policy->timing.keyframe_max_bytes)
    return POTOO_ADVICE_NONE;
  policy->asked_us = now_us;
  policy->request_us = now_us;
  return POTOO_ADVICE_REQUEST_KEYFRAME;
}

PotooConnectionAdvice
potoo_connection_policy_check (PotooConnectionPolicy *policy,
                               gint64 now_us,
                               const PotooPipelineProgress *progress)
{
  if (policy->attempt_us == 0)
    return POTOO_ADVICE_NONE;
  if (policy->playing_us == 0)
    return check_start (policy, now_us, progress);
  if (now_us - MAX (progress->last_access_unit_us, policy->playing_us) >=
      stretch (policy, policy->timing.stall_timeout_us, progress, STALL_PICTURES))
    return POTOO_ADVICE_STALLED;
  return check_keyframes (policy, now_us, progress);
}

PotooGapCause
potoo_connection_cause_of (const GError *error)
{
  switch (potoo_error_code_of (error))
    {
    case POTOO_ERROR_UNAUTHORIZED:
      return POTOO_GAP_AUTH;
    case POTOO_ERROR_UNSUPPORTED:
      return POTOO_GAP_NO_VIDEO;
    default:
      return POTOO_GAP_DISCONNECTED;
    }
}
