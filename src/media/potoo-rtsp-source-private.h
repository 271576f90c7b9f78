/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "media/potoo-interleaved-reader.h"
#include "media/potoo-rtsp-session.h"
#include "media/potoo-rtsp-source.h"
#include "media/potoo-rtsp-stream.h"

G_BEGIN_DECLS

/* What potoo-rtsp-source.c (the element, and how it comes to play) and potoo-rtsp-source-read.c
 * (what goes on while it plays) share. */

#define POTOO_RTSP_MAX_STREAMS 4

struct _PotooRtspSource
{
  GstElement parent_instance;

  PotooCameraSettings *settings;
  gboolean udp;
  PotooMetric *refused, *overrun; /* datagrams; (nullable) over TCP */
  PotooSenderReportFunc report;
  gpointer report_data;
  PotooRtspSession *session; /* from READY to PAUSED and back */
  GThread *thread;
  gint stopping;      /* atomic */
  gint want_keyframe; /* atomic */

  /* the thread's */
  PotooRtspStream streams[POTOO_RTSP_MAX_STREAMS];
  guint n_streams;
  PotooInterleavedReader *reader;
  gint64 report_us;
  gint64 played_us;     /* when the camera was asked to play */
  gboolean unconnected; /* it has closed the connection; over UDP */
};

static inline gboolean
potoo_rtsp_source_is_stopping (PotooRtspSource *self)
{
  return g_atomic_int_get (&self->stopping) != 0;
}

/* A packet of @channel of the connection. */
void
potoo_rtsp_source_take_packet (guint8 channel, const guint8 *data, gsize length, gpointer source);

/* Returns at the end of the stream, on an error, or when everything stops. */
void potoo_rtsp_source_read (PotooRtspSource *self, GError **error);

G_END_DECLS
