/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "catalog/potoo-catalog-locks.h"

G_BEGIN_DECLS

/* What a client says of a lock. All errors are POTOO_ERROR_INVALID_ARGUMENT with the JSON pointer.
 * Any thread. */

/* A new one without id: `camera`, `start`, `end`, `reason`, all required, and `expires`, null
 * unless given, or a time after @now_us. (transfer full) */
PotooLock *potoo_lock_draft_new (JsonObject *object, gint64 now_us, GError **error);

/* Changes (RFC 7396) of `start`, `end`, `reason`, `expires`; on an error @lock is to be thrown
 * away. */
gboolean potoo_lock_draft_patch (PotooLock *lock, JsonObject *patch, gint64 now_us, GError **error);

G_END_DECLS
