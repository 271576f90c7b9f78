/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "catalog/potoo-catalog-segments.h"
#include "record/potoo-background.h"

G_BEGIN_DECLS

/* The SHA-256 of a file's first @size bytes, as sha256sum(1) tells it of a whole one. Blocks.
 * POTOO_ERROR_CORRUPT when the file is shorter, POTOO_ERROR_IO, or the pacer's. */
gboolean potoo_content_hash (int fd,
                             gint64 size,
                             PotooPacer *pacer,
                             guint8 sha256[POTOO_SHA256_BYTES],
                             GError **error);

G_END_DECLS
