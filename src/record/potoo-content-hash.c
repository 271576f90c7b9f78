/* SPDX-License-Identifier: GPL-3.0-or-later */

/* With GnuTLS, which uses what the processor has for it; GChecksum, in plain C, takes several times
 * as long. */

#include "record/potoo-content-hash.h"

#include <errno.h>
#include <fcntl.h>
#include <gnutls/crypto.h>
#include <unistd.h>

#include "base/potoo-error.h"

#define BLOCK_SIZE (256 * 1024)

static gboolean
read_block (int fd, gint64 offset, guint8 *block, gsize size, GError **error)
{
  for (gsize done = 0; done < size;)
    {
      ssize_t n = pread (fd, block + done, size - done, offset + (gint64) done);
      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        {
          g_set_error (error, POTOO_ERROR, POTOO_ERROR_IO,
                       "Cannot read at byte %" G_GINT64_FORMAT ": %s", offset, g_strerror (errno));
          return FALSE;
        }
      if (n == 0)
        {
          g_set_error (error, POTOO_ERROR, POTOO_ERROR_CORRUPT,
                       "The file ends at byte %" G_GINT64_FORMAT, offset + (gint64) done);
          return FALSE;
        }
      done += (gsize) n;
    }
  return TRUE;
}

static gboolean
hash_blocks (gnutls_hash_hd_t hash, int fd, gint64 size, PotooPacer *pacer, GError **error)
{
  g_autofree guint8 *block = g_malloc (BLOCK_SIZE);

  for (gint64 offset = 0; offset < size; offset += BLOCK_SIZE)
    {
      gsize n = (gsize) MIN (size - offset, BLOCK_SIZE);
      if (!potoo_pacer_take (pacer, n, error) || !read_block (fd, offset, block, n, error))
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
