/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gst/rtsp-server/rtsp-server.h>

G_BEGIN_DECLS

/**
 * PotooRestreamReader:
 *
 * Reads what a viewer sends, in place of gst-rtsp-server's client: RTP packets end here, as
 * nobody receives them; everything else goes on to the client, one thing after the other. A
 * DESCRIBE of a stream that is about to begin waits for it, a few seconds at most, and
 * what comes behind it on the connection waits in the kernel.
 *
 * In the re-stream's thread.
 */
typedef struct _PotooRestreamReader PotooRestreamReader;

/* Whether @request is to wait: to be asked again in a moment. */
typedef gboolean (*PotooRestreamWaitFunc) (GstRTSPClient *client, const GstRTSPMessage *request);

/* @client: attached to @context, with this source; @socket: of its connection. NULL when
 * the client goes on reading by itself: gst-rtsp-server is another than we know. */
PotooRestreamReader *potoo_restream_reader_new (GstRTSPClient *client,
                                                GSocket *socket,
                                                GMainContext *context,
                                                guint source_id,
                                                PotooRestreamWaitFunc must_wait);

/* Nothing is read any more: the client's connection was closed. Also from within the client's
 * answer to what was read. */
void potoo_restream_reader_stop (PotooRestreamReader *reader);

/* Once the client is being freed; the reader holds a reference to it until it is stopped. */
void potoo_restream_reader_free (PotooRestreamReader *reader);

G_END_DECLS
