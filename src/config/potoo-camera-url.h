/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define POTOO_CAMERA_URL_MAX 2048       /* bytes */
#define POTOO_CAMERA_CREDENTIAL_MAX 256 /* bytes, of a user name or a password */

/* What is in a camera's URL (RFC 3986; RFC 7826, 4.2). */
typedef struct
{
  char *text;     /* normalised, without user-info */
  char *origin;   /* `scheme://host:port`, lower case, port always given */
  char *username; /* (nullable) percent-decoded */
  char *password; /* (nullable) percent-decoded */
} PotooCameraUrl;

/* Checks @text and takes it apart: rtsp or rtsps, a host, printable ASCII, no
 * fragment. The message of an error never repeats @text, which may hold a
 * password. @pointer: JSON pointer for the error. Any thread. */
gboolean
potoo_camera_url_parse (const char *text, const char *pointer, PotooCameraUrl *url, GError **error);
void potoo_camera_url_clear (PotooCameraUrl *url);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (PotooCameraUrl, potoo_camera_url_clear)

/* Overwrites and frees a password. @secret: (nullable) */
void potoo_secret_free (char *secret);

G_END_DECLS
