/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "camera/potoo-connection-policy.h"
#include "camera/potoo-rate-meter.h"

#define S POTOO_SECOND_US
#define T0 (1000 * S) /* any time but 0 */
#define MB 1000000

static void
test_backoff (void)
{
  const struct
  {
    guint failures;
    gint64 least_us, most_us;
  } rows[] = {
    { 1, 1 * S, 2 * S },   { 2, 2 * S, 4 * S },      { 3, 4 * S, 8 * S },
    { 4, 8 * S, 16 * S },  { 5, 16 * S, 32 * S },    { 6, 30 * S, 60 * S },
    { 7, 30 * S, 60 * S }, { 1000, 30 * S, 60 * S }, { G_MAXUINT, 30 * S, 60 * S },
    { 0, 1 * S, 1 * S },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      const PotooConnectionTiming *timing = &potoo_connection_timing;
      g_assert_cmpint (potoo_connection_backoff_us (timing, rows[i].failures, 0), ==,
                       rows[i].least_us);
      g_assert_cmpint (potoo_connection_backoff_us (timing, rows[i].failures, 1), ==,
                       rows[i].most_us);
      gint64 middle = potoo_connection_backoff_us (timing, rows[i].failures, 0.5);
      g_assert_true (rows[i].least_us == rows[i].most_us ||
                     (middle > rows[i].least_us && middle < rows[i].most_us));
    }
}

typedef enum
{
  DISABLE,
  SCHEDULE,
  BEGIN,
  PLAYING,
  FAIL,
  CHECK,
} Step;

/* What happens at a time, and what is so then. Progress is given in seconds since T0. */
typedef struct
{
  double at;
  Step step;
  PotooGapCause cause;             /* FAIL */
  double last_unit, last_keyframe; /* CHECK; negative: none yet */
  gint64 bytes_since_keyframe;
  PotooConnectionAdvice advice;
  PotooCameraState state;
  double retry_in; /* seconds from now; 0: none planned */
} Row;

static gint64
time_of (double at)
{
  return at < 0 ? 0 : T0 + (gint64) (at * (double) S);
}

static void
check_row (PotooConnectionPolicy *policy, const Row *row, guint number)
{
  gint64 now = time_of (row->at);
  PotooPipelineProgress progress = {
    .last_access_unit_us = time_of (row->last_unit),
    .last_keyframe_us = time_of (row->last_keyframe),
    .bytes_since_keyframe = row->bytes_since_keyframe,
    .access_units = row->last_unit < 0 ? 0 : 1,
    .bytes = row->bytes_since_keyframe,
  };

  g_test_message ("row %u", number);
  switch (row->step)
    {
    case DISABLE:
      potoo_connection_policy_disable (policy);
      break;
    case SCHEDULE:
      potoo_connection_policy_schedule (policy, now);
      break;
    case BEGIN:
      potoo_connection_policy_begin (policy, now);
      break;
    case PLAYING:
      potoo_connection_policy_playing (policy, now);
      break;
    case FAIL:
      potoo_connection_policy_fail (policy, now, row->cause, 0);
      break;
    case CHECK:
      g_assert_cmpint (potoo_connection_policy_check (policy, now, &progress), ==, row->advice);
      break;
    default:
      g_assert_not_reached ();
    }
  g_assert_cmpint (policy->state, ==, row->state);
  if (row->retry_in > 0)
    g_assert_cmpint (policy->retry_us, ==, time_of (row->at + row->retry_in));
}

static void
run_rows (const Row *rows, guint n)
{
  PotooConnectionPolicy policy;

  potoo_connection_policy_init (&policy, &potoo_connection_timing);
  g_assert_cmpint (policy.state, ==, POTOO_CAMERA_DISABLED);
  for (guint i = 0; i < n; i++)
    check_row (&policy, &rows[i], i);
}

#define RUN(rows) run_rows (rows, G_N_ELEMENTS (rows))
#define OFF .state = POTOO_CAMERA_DISABLED
#define CONNECTING .state = POTOO_CAMERA_CONNECTING
#define STREAMING .state = POTOO_CAMERA_STREAMING
#define BACKING_OFF .state = POTOO_CAMERA_BACKING_OFF
#define AUTH_FAILED .state = POTOO_CAMERA_AUTH_FAILED
#define NO_VIDEO .state = POTOO_CAMERA_NO_VIDEO
#define NO_KEYFRAMES .state = POTOO_CAMERA_NO_KEYFRAMES
#define NONE .last_unit = -1, .last_keyframe = -1

static void
test_failures (void)
{
  static const Row rows[] = {
    { 0, SCHEDULE, CONNECTING },
    { 0, BEGIN, CONNECTING },
    { 1, FAIL, POTOO_GAP_DISCONNECTED, BACKING_OFF, .retry_in = 1 },
    { 2, BEGIN, CONNECTING },
    { 2, FAIL, POTOO_GAP_DISCONNECTED, BACKING_OFF, .retry_in = 2 },
    { 4, BEGIN, CONNECTING },
    { 4, FAIL, POTOO_GAP_STALLED, BACKING_OFF, .retry_in = 4 },
    { 8, BEGIN, CONNECTING },
    { 9, PLAYING, STREAMING },
    { 38, FAIL, POTOO_GAP_STALLED, BACKING_OFF, .retry_in = 8 }, /* not settled: goes on doubling */
    { 46, BEGIN, CONNECTING },
    { 46, PLAYING, STREAMING },
    { 76, FAIL, POTOO_GAP_DISCONNECTED, BACKING_OFF, .retry_in = 1 }, /* 30 s: forgotten */
    { 77, BEGIN, CONNECTING },
    { 77, FAIL, POTOO_GAP_DISCONNECTED, BACKING_OFF, .retry_in = 2 },
    { 78, SCHEDULE, CONNECTING }, /* changed settings: without a past */
    { 78, BEGIN, CONNECTING },
    { 78, FAIL, POTOO_GAP_DISCONNECTED, BACKING_OFF, .retry_in = 1 },
    { 79, DISABLE, OFF },
    { 90, CHECK, NONE, OFF },
    { 99, SCHEDULE, CONNECTING },
    { 99, BEGIN, CONNECTING },
    { 99, FAIL, POTOO_GAP_DISCONNECTED, BACKING_OFF, .retry_in = 1 },
  };
  RUN (rows);
}

static void
test_planned_retries (void)
{
  static const Row rows[] = {
    { 0, BEGIN, CONNECTING },
    { 1, FAIL, POTOO_GAP_AUTH, AUTH_FAILED, .retry_in = 300 },
    { 301, BEGIN, CONNECTING },
    { 301, FAIL, POTOO_GAP_AUTH, AUTH_FAILED, .retry_in = 300 },
    { 601, BEGIN, CONNECTING },
    { 602, PLAYING, STREAMING },
    { 603, FAIL, POTOO_GAP_AUTH, AUTH_FAILED, .retry_in = 300 },
    { 903, BEGIN, CONNECTING },
    { 903, FAIL, POTOO_GAP_NO_VIDEO, NO_VIDEO, .retry_in = 60 },
    { 963, BEGIN, CONNECTING },
    { 963, FAIL, POTOO_GAP_DISCONNECTED, BACKING_OFF, .retry_in = 1 },
  };
  PotooConnectionPolicy policy;

  RUN (rows);
  /* Chance only ever adds to a least wait. */
  potoo_connection_policy_init (&policy, &potoo_connection_timing);
  potoo_connection_policy_fail (&policy, T0, POTOO_GAP_AUTH, 1);
  g_assert_cmpint (policy.retry_us, ==, T0 + 330 * S);
}

static void
test_start_watchdogs (void)
{
  static const Row silent[] = {
    { 0, BEGIN, CONNECTING },
    { 14.9, CHECK, NONE, CONNECTING },
    { 15, CHECK, NONE, CONNECTING, .advice = POTOO_ADVICE_TIMED_OUT },
  };
  static const Row audio_only[] = {
    { 0, BEGIN, CONNECTING },
    { 1, CHECK, NONE, CONNECTING },
    { 2, CHECK, NONE, CONNECTING, .bytes_since_keyframe = 100 },
    { 11.9, CHECK, NONE, CONNECTING, .bytes_since_keyframe = 900 },
    { 12, CHECK, NONE, CONNECTING, .bytes_since_keyframe = 900, .advice = POTOO_ADVICE_NO_DATA },
  };
  static const Row late_audio[] = {
    { 0, BEGIN, CONNECTING },
    { 14, CHECK, NONE, CONNECTING, .bytes_since_keyframe = 100 },
    { 15, CHECK, NONE, CONNECTING, .bytes_since_keyframe = 100, .advice = POTOO_ADVICE_NO_DATA },
  };
  /* The main loop was blocked and has not heard yet that it plays. */
  static const Row blocked[] = {
    { 0, BEGIN, CONNECTING },
    { 40, CHECK, .last_unit = 39, .last_keyframe = 38, CONNECTING },
    { 40, PLAYING, STREAMING },
    { 41, CHECK, .last_unit = 41, .last_keyframe = 38, STREAMING },
  };
  RUN (silent);
  RUN (audio_only);
  RUN (late_audio);
  RUN (blocked);
}

static void
test_stall (void)
{
  static const Row rows[] = {
    { 0, BEGIN, CONNECTING },
    { 5, PLAYING, STREAMING },
    { 10.9, CHECK, .last_unit = 1, .last_keyframe = 1, STREAMING },
    { 12, CHECK, .last_unit = 8, .last_keyframe = 7, STREAMING },
    { 13.9, CHECK, .last_unit = 8, .last_keyframe = 7, STREAMING },
    { 14, CHECK, .last_unit = 8, .last_keyframe = 7, STREAMING, .advice = POTOO_ADVICE_STALLED },
    { 14, FAIL, POTOO_GAP_STALLED, BACKING_OFF, .retry_in = 1 },
    { 15, CHECK, NONE, BACKING_OFF }, /* nothing to look at between tries */
  };
  RUN (rows);
}

static void
test_keyframes_by_time (void)
{
  static const Row rows[] = {
    { 0, BEGIN, CONNECTING },
    { 0, PLAYING, STREAMING },
    { 29, CHECK, .last_unit = 29, .last_keyframe = -1, STREAMING },
    { 30, CHECK, .last_unit = 30, .last_keyframe = -1, STREAMING,
      .advice = POTOO_ADVICE_REQUEST_KEYFRAME },
    { 31, CHECK, .last_unit = 31, .last_keyframe = -1, STREAMING },
    { 33, CHECK, .last_unit = 33, .last_keyframe = 32, STREAMING }, /* it listened */
    { 61, CHECK, .last_unit = 61, .last_keyframe = 32, STREAMING },
    { 62, CHECK, .last_unit = 62, .last_keyframe = 32, STREAMING,
      .advice = POTOO_ADVICE_REQUEST_KEYFRAME },
    { 71, CHECK, .last_unit = 71, .last_keyframe = 32, STREAMING },
    { 72, CHECK, .last_unit = 72, .last_keyframe = 32, NO_KEYFRAMES,
      .advice = POTOO_ADVICE_NO_KEYFRAMES },
    { 91, CHECK, .last_unit = 91, .last_keyframe = 32, NO_KEYFRAMES },
    { 92, CHECK, .last_unit = 92, .last_keyframe = 32, NO_KEYFRAMES,
      .advice = POTOO_ADVICE_REQUEST_KEYFRAME },
    { 121, CHECK, .last_unit = 121, .last_keyframe = 32, NO_KEYFRAMES },
    { 122, CHECK, .last_unit = 122, .last_keyframe = 32, NO_KEYFRAMES,
      .advice = POTOO_ADVICE_REQUEST_KEYFRAME },
    { 124, CHECK, .last_unit = 124, .last_keyframe = 123, STREAMING,
      .advice = POTOO_ADVICE_KEYFRAMES_BACK },
    { 125, CHECK, .last_unit = 125, .last_keyframe = 123, STREAMING },
    { 153, CHECK, .last_unit = 153, .last_keyframe = 123, STREAMING,
      .advice = POTOO_ADVICE_REQUEST_KEYFRAME },
    { 163, CHECK, .last_unit = 163, .last_keyframe = 123, NO_KEYFRAMES,
      .advice = POTOO_ADVICE_NO_KEYFRAMES },
    { 170, CHECK, .last_unit = 164, .last_keyframe = 123, NO_KEYFRAMES,
      .advice = POTOO_ADVICE_STALLED }, /* the stall watchdog goes on */
    { 170, FAIL, POTOO_GAP_STALLED, BACKING_OFF, .retry_in = 1 },
    { 171, BEGIN, CONNECTING },
    { 172, PLAYING, STREAMING },
    { 173, CHECK, .last_unit = 173, .last_keyframe = -1, STREAMING }, /* begins anew */
  };
  RUN (rows);
}

static void
test_keyframes_by_bytes (void)
{
  static const Row rows[] = {
    { 0, BEGIN, CONNECTING },
    { 0, PLAYING, STREAMING },
    { 5, CHECK, .last_unit = 5, .last_keyframe = 1, .bytes_since_keyframe = 32 * MB - 1,
      STREAMING },
    { 6, CHECK, .last_unit = 6, .last_keyframe = 1, .bytes_since_keyframe = 32 * MB, STREAMING,
      .advice = POTOO_ADVICE_REQUEST_KEYFRAME },
    { 7, CHECK, .last_unit = 7, .last_keyframe = 6.5, .bytes_since_keyframe = 3 * MB, STREAMING },
    { 12, CHECK, .last_unit = 12, .last_keyframe = 6.5, .bytes_since_keyframe = 33 * MB, STREAMING,
      .advice = POTOO_ADVICE_REQUEST_KEYFRAME },
    { 22, CHECK, .last_unit = 22, .last_keyframe = 6.5, .bytes_since_keyframe = 90 * MB,
      NO_KEYFRAMES, .advice = POTOO_ADVICE_NO_KEYFRAMES },
    { 23, CHECK, .last_unit = 23, .last_keyframe = 22.5, .bytes_since_keyframe = 1 * MB, STREAMING,
      .advice = POTOO_ADVICE_KEYFRAMES_BACK },
  };
  RUN (rows);
}

static void
test_causes (void)
{
  const struct
  {
    PotooError code;
    PotooGapCause cause;
  } rows[] = {
    { POTOO_ERROR_UNAUTHORIZED, POTOO_GAP_AUTH },
    { POTOO_ERROR_UNSUPPORTED, POTOO_GAP_NO_VIDEO },
    { POTOO_ERROR_UNREACHABLE, POTOO_GAP_DISCONNECTED },
    { POTOO_ERROR_TIMEOUT, POTOO_GAP_DISCONNECTED },
    { POTOO_ERROR_NOT_FOUND, POTOO_GAP_DISCONNECTED },
    { POTOO_ERROR_UNAVAILABLE, POTOO_GAP_DISCONNECTED },
    { POTOO_ERROR_FAILED, POTOO_GAP_DISCONNECTED },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = g_error_new_literal (POTOO_ERROR, rows[i].code, "x");
      g_assert_cmpint (potoo_connection_cause_of (error), ==, rows[i].cause);
    }
}

static void
test_states_have_names (void)
{
  const char *const names[] = { "disabled",    "connecting", "streaming",   "backing-off",
                                "auth-failed", "no-video",   "no-keyframes" };

  g_assert_cmpuint (G_N_ELEMENTS (names), ==, POTOO_N_CAMERA_STATES);
  for (guint i = 0; i < POTOO_N_CAMERA_STATES; i++)
    g_assert_cmpstr (potoo_camera_state_to_string (i), ==, names[i]);
}

static void
test_rate (void)
{
  PotooRateMeter meter = { 0 };

  g_assert_cmpfloat_with_epsilon (potoo_rate_meter_get_fps (&meter), 0, 1e-9);
  potoo_rate_meter_add (&meter, T0, 0, 0);
  g_assert_cmpfloat_with_epsilon (potoo_rate_meter_get_fps (&meter), 0, 1e-9);
  potoo_rate_meter_add (&meter, T0, 9, 9); /* no time between: no rate, no division by it */
  g_assert_cmpint (potoo_rate_meter_get_bitrate (&meter), ==, 0);

  meter = (PotooRateMeter){ 0 };
  for (gint64 s = 0; s <= 100; s++)
    {
      potoo_rate_meter_add (&meter, T0 + s * S, s * 25, s * 500000);
      if (s == 0)
        continue;
      g_assert_cmpfloat_with_epsilon (potoo_rate_meter_get_fps (&meter), 25, 1e-9);
      g_assert_cmpint (potoo_rate_meter_get_bitrate (&meter), ==, 4000000);
    }
  for (gint64 s = 101; s <= 105; s++) /* old samples are forgotten after five seconds */
    potoo_rate_meter_add (&meter, T0 + s * S, 2500 + (s - 100) * 10, 50000000);
  g_assert_cmpfloat_with_epsilon (potoo_rate_meter_get_fps (&meter), 10, 1e-9);
  g_assert_cmpint (potoo_rate_meter_get_bitrate (&meter), ==, 0);
  potoo_rate_meter_add (&meter, T0 + 106 * S, 0, 0); /* totals that fall are no negative rate */
  g_assert_cmpfloat_with_epsilon (potoo_rate_meter_get_fps (&meter), 0, 1e-9);
  g_assert_cmpint (potoo_rate_meter_get_bitrate (&meter), ==, 0);
}

/* --- cameras that make a picture every few seconds --- */

static PotooConnectionAdvice
check_after (PotooConnectionPolicy *policy, gint64 after_us, const PotooPipelineProgress *progress)
{
  return potoo_connection_policy_check (policy, T0 + after_us, progress);
}

static void
test_slow_is_not_stalled (void)
{
  PotooPipelineProgress progress = {
    .last_access_unit_us = T0,
    .last_keyframe_us = T0,
    .access_units = 3,
    .bytes = 1000,
    .interval_us = 5 * S,
  };
  PotooConnectionPolicy policy;

  potoo_connection_policy_init (&policy, &potoo_connection_timing);
  potoo_connection_policy_begin (&policy, T0 - S);
  potoo_connection_policy_playing (&policy, T0);
  g_assert_cmpint (check_after (&policy, 14 * S, &progress), ==, POTOO_ADVICE_NONE);
  g_assert_cmpint (check_after (&policy, 15 * S, &progress), ==, POTOO_ADVICE_STALLED);
  /* It is waited for a keyframe as long as sixty pictures take. */
  progress.last_access_unit_us = T0 + 290 * S;
  g_assert_cmpint (check_after (&policy, 299 * S, &progress), ==, POTOO_ADVICE_NONE);
  g_assert_cmpint (check_after (&policy, 300 * S, &progress), ==, POTOO_ADVICE_REQUEST_KEYFRAME);
  /* What happens once an hour is no rate of pictures. */
  progress.interval_us = 3600 * S;
  progress.last_access_unit_us = progress.last_keyframe_us = T0 + 400 * S;
  g_assert_cmpint (check_after (&policy, 400 * S, &progress), ==, POTOO_ADVICE_NONE);
  g_assert_cmpint (check_after (&policy, 460 * S, &progress), ==, POTOO_ADVICE_STALLED);
}

/* Nobody tells what the video is before a keyframe comes, and that takes its time. */
static void
test_first_keyframe (void)
{
  PotooPipelineProgress progress = { .packets = 100, .bytes = 1000 };
  PotooConnectionPolicy policy;

  potoo_connection_policy_init (&policy, &potoo_connection_timing);
  potoo_connection_policy_begin (&policy, T0);
  g_assert_cmpint (check_after (&policy, 1 * S, &progress), ==, POTOO_ADVICE_REQUEST_KEYFRAME);
  g_assert_cmpint (check_after (&policy, 20 * S, &progress), ==, POTOO_ADVICE_NONE);
  g_assert_cmpint (check_after (&policy, 31 * S, &progress), ==, POTOO_ADVICE_REQUEST_KEYFRAME);
  g_assert_cmpint (check_after (&policy, 39 * S, &progress), ==, POTOO_ADVICE_NONE);
  g_assert_cmpint (check_after (&policy, 40 * S, &progress), ==, POTOO_ADVICE_NO_DATA);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/connection-policy/backoff", test_backoff);
  g_test_add_func ("/connection-policy/failures", test_failures);
  g_test_add_func ("/connection-policy/planned-retries", test_planned_retries);
  g_test_add_func ("/connection-policy/start-watchdogs", test_start_watchdogs);
  g_test_add_func ("/connection-policy/stall", test_stall);
  g_test_add_func ("/connection-policy/keyframes/time", test_keyframes_by_time);
  g_test_add_func ("/connection-policy/keyframes/bytes", test_keyframes_by_bytes);
  g_test_add_func ("/connection-policy/slow-is-not-stalled", test_slow_is_not_stalled);
  g_test_add_func ("/connection-policy/first-keyframe", test_first_keyframe);
  g_test_add_func ("/connection-policy/causes", test_causes);
  g_test_add_func ("/connection-policy/state-names", test_states_have_names);
  g_test_add_func ("/connection-policy/rate", test_rate);
  return g_test_run ();
}
