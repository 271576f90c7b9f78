/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * What keeps foreign web pages away until authentication exists: a page that
 * a browser loaded from elsewhere must not reach Potoo, neither by a plain
 * cross-site request nor by DNS rebinding (its own name resolving to our
 * address). Pure functions, any thread.
 */

typedef enum
{
  POTOO_WEB_GUARD_PASS,
  POTOO_WEB_GUARD_HOST,   /* Host is a name: 421 */
  POTOO_WEB_GUARD_ORIGIN, /* Origin or Sec-Fetch-Site is foreign: 403 */
} PotooWebGuard;

typedef struct
{
  const char *host;           /* (nullable): several values joined by commas are one bad value */
  const char *origin;         /* (nullable) */
  const char *sec_fetch_site; /* (nullable): Fetch Metadata Request Headers, W3C */
  gboolean unix_socket;       /* no browser connects to one: any Host will do */
  gboolean navigation;        /* a link was followed: its page gets to see nothing */
} PotooWebGuardFacts;

PotooWebGuard potoo_web_guard_check (const PotooWebGuardFacts *facts);

/* TRUE for an IPv4 literal, an IPv6 literal in brackets or `localhost`, each with an
 * optional port. */
gboolean potoo_web_guard_host_is_literal (const char *host);

/* TRUE for `application/json`, and with @merge_patch for
 * `application/merge-patch+json` (RFC 7396); a charset parameter may only be UTF-8. */
gboolean potoo_web_guard_content_type (const char *content_type, gboolean merge_patch);

G_END_DECLS
