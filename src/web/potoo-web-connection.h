/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "web/potoo-web-metrics.h"

G_BEGIN_DECLS

/*
 * The open connections of one worker: how many there may be and how long each may
 * take for what it is doing. A connection's record lives as long as the
 * GSocketConnection that libsoup holds. Worker thread.
 */

#define POTOO_WEB_MAX_CONNECTIONS 256
#define POTOO_WEB_READ_TIMEOUT_US (30 * G_USEC_PER_SEC)   /* accepted → request whole */
#define POTOO_WEB_ANSWER_TIMEOUT_US (60 * G_USEC_PER_SEC) /* request whole → answer begins */
#define POTOO_WEB_WRITE_TIMEOUT_US (60 * G_USEC_PER_SEC)  /* for each chunk */
#define POTOO_WEB_NO_TIMEOUT G_MAXINT64

typedef struct _PotooWebPool PotooWebPool;
typedef struct _PotooWebConnection PotooWebConnection;

/* Called when time is up; TRUE when the request was answered instead (with 504), and the
 * connection gets a little more time to send that. */
typedef gboolean (*PotooWebExpireFunc) (gpointer request);

PotooWebPool *potoo_web_pool_new (GMainContext *context, PotooWebMetrics *metrics);
/* All connections must be gone. */
void potoo_web_pool_free (PotooWebPool *pool);
guint potoo_web_pool_get_n (PotooWebPool *pool);
/* Calls @func in the worker's thread when the last connection is gone. */
void potoo_web_pool_set_empty_func (PotooWebPool *pool, GSourceFunc func, gpointer user_data);
/* Closes the connections that have no request under way. */
void potoo_web_pool_cut_idle (PotooWebPool *pool);
void potoo_web_pool_cut_all (PotooWebPool *pool);

/* NULL when there are too many: to be closed. @stream keeps the record; it is found
 * again from @remote, the address object that libsoup gets with it. */
PotooWebConnection *potoo_web_pool_add (PotooWebPool *pool,
                                        GSocketConnection *stream,
                                        GSocketAddress *remote,
                                        gboolean unix_socket);
PotooWebConnection *potoo_web_connection_find (GSocketAddress *remote); /* (nullable) */

gboolean potoo_web_connection_is_unix (PotooWebConnection *connection);
gboolean potoo_web_connection_is_local (PotooWebConnection *connection); /* loopback or unix */
/* @request: (nullable): what @expire is called with; NULL: no request under way. @link: (nullable):
 * the request's pointer to @connection, set to NULL when the connection goes first. */
void potoo_web_connection_set_request (PotooWebConnection *connection,
                                       gpointer request,
                                       PotooWebExpireFunc expire,
                                       PotooWebConnection **link);
void potoo_web_connection_set_timeout (PotooWebConnection *connection, gint64 timeout_us);

/* It carries a stream from now on, which may stand still for long: it is not counted among
 * POTOO_WEB_MAX_CONNECTIONS (streams have limits of their own), and the kernel keeps
 * little that its client does not fetch. */
void potoo_web_connection_set_streaming (PotooWebConnection *connection);
/* Calls @func, once, when the client closes its end; libsoup does not look while it has nothing
 * to write. A client that sends what it was not asked for is not noticed to leave. */
void potoo_web_connection_watch_hang_up (PotooWebConnection *connection,
                                         GSourceOnceFunc func,
                                         gpointer user_data);
void potoo_web_connection_unwatch_hang_up (PotooWebConnection *connection);
/* Ends it as if the network had. */
void potoo_web_connection_cut (PotooWebConnection *connection);

/* Sends @text as the last thing on @stream, which was stolen from libsoup, and
 * closes it when the client has stopped talking, or soon. Takes @stream. */
void potoo_web_connection_send_last (PotooWebConnection *connection,
                                     GIOStream *stream,
                                     const char *text);

G_END_DECLS
