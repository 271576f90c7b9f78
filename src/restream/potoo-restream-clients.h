/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "restream/potoo-restream-feed.h"

G_BEGIN_DECLS

/**
 * PotooRestreamClientInfo:
 *
 * One RTSP connection as it was at one moment; immutable. Any thread.
 */
typedef struct
{
  guint64 id;            /* never used again in this process */
  char *address;         /* IP address */
  guint16 port;          /* of the client */
  char *user_agent;      /* (nullable): it told none yet */
  char *camera;          /* (nullable): it watches nothing yet; as are the next two */
  const char *stream;    /* "main" or "sub" */
  const char *transport; /* "tcp" or "udp" */
  gint64 since_wall_us;  /* when it connected */
  guint64 bytes;         /* of media, on this connection */
} PotooRestreamClientInfo;

void potoo_restream_client_info_free (PotooRestreamClientInfo *info);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooRestreamClientInfo, potoo_restream_client_info_free)

/**
 * PotooRestreamClients:
 *
 * All RTSP connections, with the bounds on them and what is told of them. To end one is
 * to shut its socket down: gst-rtsp-server then takes it apart in its own time and thread.
 * Any thread; one lock.
 */
typedef struct _PotooRestreamClients PotooRestreamClients;

#define POTOO_RESTREAM_MAX_CLIENTS 64
#define POTOO_RESTREAM_MAX_CLIENTS_PER_ADDRESS 16 /* not for loopback: that is this machine */

PotooRestreamClients *potoo_restream_clients_new (void);
void potoo_restream_clients_free (PotooRestreamClients *clients);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooRestreamClients, potoo_restream_clients_free)

/* The id of a new connection, or 0 when there are too many. When all places are taken, the
 * oldest connection that plays nothing gives way. */
guint64 potoo_restream_clients_admit (PotooRestreamClients *clients,
                                      GSocket *socket,
                                      GInetAddress *address,
                                      guint16 port);
void potoo_restream_clients_remove (PotooRestreamClients *clients, guint64 id);

/* It has sent a request. @user_agent: (nullable) */
void potoo_restream_clients_note_request (PotooRestreamClients *clients,
                                          guint64 id,
                                          const char *user_agent);
/* It plays, and keeps its place. */
void potoo_restream_clients_note_play (PotooRestreamClients *clients,
                                       guint64 id,
                                       PotooRestreamFeed *feed,
                                       gboolean udp);

/* One could not be accepted, for want of descriptors or memory. */
void potoo_restream_clients_note_accept_error (PotooRestreamClients *clients);

/* Ends those that were silent too long without playing anything, or sent too much. To be called
 * each second or so. */
void potoo_restream_clients_sweep (PotooRestreamClients *clients, gint64 now_us);

/* By id, sorted. (transfer full) (element-type PotooRestreamClientInfo) */
GPtrArray *potoo_restream_clients_list (PotooRestreamClients *clients);
gboolean potoo_restream_clients_kick (PotooRestreamClients *clients, guint64 id);
guint potoo_restream_clients_kick_camera (PotooRestreamClients *clients, const char *camera);
guint potoo_restream_clients_kick_all (PotooRestreamClients *clients);
guint potoo_restream_clients_get_n (PotooRestreamClients *clients);

G_END_DECLS
