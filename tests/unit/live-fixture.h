/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "media/potoo-stream-hub.h"

G_BEGIN_DECLS

/* A camera's hub without a camera: real H.264, encoded once, pushed as fast as the test likes. */

#define LIVE_FIXTURE_GOP 10

typedef struct
{
  PotooStreamHub *hub;
  GstClockTime next_ns; /* presentation time of the next access unit */
} LiveFixture;

/* Encodes for all fixtures; once. */
void live_fixture_encode (void);
void live_fixture_init (LiveFixture *fixture, const char *camera_id);
void live_fixture_clear (LiveFixture *fixture);
/* @gops groups of 10 pictures, 1 s each, and with @and_keyframe the first picture of the next one.
 */
void live_fixture_push (LiveFixture *fixture, guint gops, gboolean and_keyframe);
/* A keyframe that no decoder and no muxer takes. */
void live_fixture_push_garbage (LiveFixture *fixture);

/* For GAsyncReadyCallback: @user_data is a GAsyncResult **. */
void live_fixture_take_result (GObject *source, GAsyncResult *result, gpointer user_data);
/* Iterates the main context until *@result is there. */
void live_fixture_wait (GAsyncResult **result);
void live_fixture_wait_us (gint64 duration_us);
gint64 live_fixture_read_metric (const char *name);

G_END_DECLS
