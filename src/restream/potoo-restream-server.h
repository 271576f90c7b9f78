/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "config/potoo-config.h"
#include "restream/potoo-restream-clients.h"
#include "restream/potoo-restream-factory.h"

G_BEGIN_DECLS

/**
 * PotooRestreamServer:
 *
 * Serves live streams over RTSP (RFC 2326) at `/{camera}` and `/{camera}/sub`, in threads of its
 * own: whatever a connection does, cameras, recording and the main thread do not notice. What a
 * stream is, it asks the lookup function it was given; codecs pass as they are.
 *
 * 404: no such camera or stream. 503 with Retry-After: no picture now, too many viewers, or
 * too few processors.
 */
#define POTOO_TYPE_RESTREAM_SERVER (potoo_restream_server_get_type ())
G_DECLARE_FINAL_TYPE (PotooRestreamServer, potoo_restream_server, POTOO, RESTREAM_SERVER, GObject)

/* Listens on what [rtsp] listen says, and runs until it is stopped. Main thread. */
PotooRestreamServer *potoo_restream_server_new (PotooConfig *config,
                                                PotooRestreamLookupFunc lookup,
                                                gpointer user_data,
                                                GError **error);
/* Ends all connections and threads; at most about half a second. @lookup is not called any more. */
void potoo_restream_server_stop (PotooRestreamServer *server);

/* `rtsp://127.0.0.1:8554/front`, or with `/sub`; NULL when it does not listen. Any thread.
 * (transfer full) (nullable) */
char *
potoo_restream_server_get_url (PotooRestreamServer *server, const char *camera, const char *stream);

/* All connections, by id. Any thread. (transfer full) (element-type PotooRestreamClientInfo) */
GPtrArray *potoo_restream_server_list_clients (PotooRestreamServer *server);
/* Ends a connection. FALSE: there is none of this id. Any thread. */
gboolean potoo_restream_server_kick (PotooRestreamServer *server, guint64 id);
/* Ends all that watch a camera: it was removed. Returns how many. Any thread. */
guint potoo_restream_server_kick_camera (PotooRestreamServer *server, const char *camera);
guint potoo_restream_server_kick_all (PotooRestreamServer *server);

G_END_DECLS
