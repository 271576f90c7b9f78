/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>
#include <gst/gst.h>

G_BEGIN_DECLS

/**
 * PotooRestreamThrottle:
 *
 * Holds back the packets of one media where they leave the payloaders, so that a
 * viewer never gets more at once than its way can take: a large picture goes in
 * pieces. Over TCP each piece waits until the kernel has sent most of what came before; over
 * UDP, short pauses let a receiver empty its socket.
 *
 * It waits in the streaming threads of this media, which serve nobody else. Other
 * functions: any thread.
 */
typedef struct _PotooRestreamThrottle PotooRestreamThrottle;

PotooRestreamThrottle *potoo_restream_throttle_new (void);
PotooRestreamThrottle *potoo_restream_throttle_ref (PotooRestreamThrottle *throttle);
void potoo_restream_throttle_unref (PotooRestreamThrottle *throttle);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooRestreamThrottle, potoo_restream_throttle_unref)

/* @pad: a payloader's source pad. */
void potoo_restream_throttle_attach (PotooRestreamThrottle *throttle, GstPad *pad);

/* How packets go from now on. @tcp: (nullable): the connection that carries them; NULL: UDP. */
void potoo_restream_throttle_set_transport (PotooRestreamThrottle *throttle, GSocket *tcp);

/* Nothing waits any more. */
void potoo_restream_throttle_stop (PotooRestreamThrottle *throttle);

G_END_DECLS
