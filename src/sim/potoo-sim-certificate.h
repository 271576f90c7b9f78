/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* A new P-256 key with a self-signed certificate for localhost, 127.0.0.1 and
 * ::1, as many cameras have one. (transfer full) */
GTlsCertificate *potoo_sim_certificate_new (GError **error);

G_END_DECLS
