/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "base/potoo-error.h"
#include "config/potoo-camera-settings.h"

G_BEGIN_DECLS

/**
 * PotooCameraTest:
 *
 * One try of a camera: connects with a pipeline, a hub and a fragmenter of its own, which
 * nothing else sees, looks at what comes, and disconnects. Nothing is stored. Who may
 * try, and how many at once, is PotooCameraTester's matter. Main thread.
 */
typedef struct _PotooCameraTest PotooCameraTest;

#define POTOO_CAMERA_TEST_TIMEOUT_US (10 * G_USEC_PER_SEC)
#define POTOO_CAMERA_TEST_PICTURE_HEIGHT 480
#define POTOO_CAMERA_TEST_PICTURE_BYTES (256 * 1024)

typedef struct
{
  gboolean ok;      /* video came */
  PotooError error; /* when not ok: UNAUTHORIZED, UNREACHABLE, TIMEOUT, NOT_FOUND, … */
  char *reason;     /* (nullable) for people; with ok: what is amiss all the same */
  gint64 duration_us;
  char *video_codec; /* (nullable) RFC 6381 */
  guint width, height;
  double fps;        /* 0: not known */
  char *audio_codec; /* (nullable) */
  GBytes *picture;   /* (nullable) JPEG */
} PotooCameraTestResult;

void potoo_camera_test_result_free (PotooCameraTestResult *result);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooCameraTestResult, potoo_camera_test_result_free)

/* The outcome, a PotooCameraTestResult or G_IO_ERROR_CANCELLED, goes into @task (transfer full)
 * after @timeout_us at the latest. @gone is called, and the test freed, when its
 * connection is down too, which may be later. */
PotooCameraTest *potoo_camera_test_start (PotooCameraSettings *settings,
                                          gint64 timeout_us,
                                          GTask *task,
                                          void (*gone) (PotooCameraTest *test, gpointer user_data),
                                          gpointer user_data);
/* Potoo stops: POTOO_ERROR_UNAVAILABLE, unless there was an outcome. */
void potoo_camera_test_abort (PotooCameraTest *test);

G_END_DECLS
