/* SPDX-License-Identifier: GPL-3.0-or-later */

/* With GnuTLS, which uses what the processor has for it; GChecksum, in plain C, takes several times
 * as long. */

#include "record/potoo-content-hash.h"

#include <fcntl.h>
#include <gnutls/crypto.h>

#include "base/potoo-error.h"
#include "base/potoo-file.h"

#define BLOCK_SIZE (256 * 1024)

static gboolean
hash_blocks (gnutls_hash_hd_t hash, int fd, gint64 size, PotooPacer *pacer, GError **error)
{
  g_autofree guint8 *block = g_malloc (BLOCK_SIZE);

  for (gint64 offset = 0; offset < size; offset += BLOCK_SIZE)
    {
      gsize n = (gsize) MIN (size - offset, BLOCK_SIZE);
      if (!potoo_pacer_take (pacer, n, error) || !potoo_file_read (fd, offset, block, n, error))
        return FALSE;
      gnutls_hash (hash, block, n);
      if (pacer->background)
        posix_fadvise (fd, offset, (off_t) n, POSIX_FADV_DONTNEED);
    }
  return TRUE;
}

gboolean
potoo_content_hash (int fd,
                    gint64 size,
                    PotooPacer *pacer,
                    guint8 sha256[POTOO_SHA256_BYTES],
                    GError **error)
{
  gnutls_hash_hd_t hash;

  if (gnutls_hash_init (&hash, GNUTLS_DIG_SHA256) != 0)
    {
      g_set_error_literal (error, POTOO_ERROR, POTOO_ERROR_INTERNAL, "There is no SHA-256");
      return FALSE;
    }
  posix_fadvise (fd, 0, (off_t) size, POSIX_FADV_SEQUENTIAL);
  gboolean done = hash_blocks (hash, fd, size, pacer, error);
  gnutls_hash_deinit (hash, sha256);
  return done;
}
