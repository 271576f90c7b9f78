/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "camera/potoo-camera-test.h"

G_BEGIN_DECLS

/**
 * PotooCameraTester:
 *
 * Tries cameras for who wants to add one: at most POTOO_MAX_CAMERA_TESTS at once, and no more than
 * POTOO_CAMERA_TEST_BURST in quick succession, then one each
 * POTOO_CAMERA_TEST_INTERVAL_US: it is not to be used for looking through networks or for
 * guessing passwords. Belongs to the main thread; tests may be asked for in any.
 */
#define POTOO_TYPE_CAMERA_TESTER (potoo_camera_tester_get_type ())
G_DECLARE_FINAL_TYPE (PotooCameraTester, potoo_camera_tester, POTOO, CAMERA_TESTER, GObject)

#define POTOO_MAX_CAMERA_TESTS 4
#define POTOO_CAMERA_TEST_BURST 20
#define POTOO_CAMERA_TEST_INTERVAL_US (3 * G_USEC_PER_SEC)

PotooCameraTester *potoo_camera_tester_new (void);
/* For tests: instead of POTOO_CAMERA_TEST_TIMEOUT_US. */
void potoo_camera_tester_set_timeout (PotooCameraTester *tester, gint64 timeout_us);

/* The callback comes in the caller's thread-default context. POTOO_ERROR_BUSY: too many;
 * POTOO_ERROR_UNAVAILABLE: stopped; G_IO_ERROR_CANCELLED. */
void potoo_camera_tester_test_async (PotooCameraTester *tester,
                                     PotooCameraSettings *settings,
                                     GCancellable *cancellable,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data);
PotooCameraTestResult *
potoo_camera_tester_test_finish (PotooCameraTester *tester, GAsyncResult *result, GError **error);

/* Gives up those under way; calls back when their connections are down, or after a second. */
void potoo_camera_tester_stop_async (PotooCameraTester *tester,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data);
void potoo_camera_tester_stop_finish (PotooCameraTester *tester, GAsyncResult *result);

G_END_DECLS
