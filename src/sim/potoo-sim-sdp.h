/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Descriptions of streams (SDP) that are none: what broken firmware answers to DESCRIBE, and
 * worse. */
typedef enum
{
  POTOO_SIM_SDP_GOOD,
  POTOO_SIM_SDP_EMPTY,   /* no body at all */
  POTOO_SIM_SDP_CUT,     /* it ends anywhere */
  POTOO_SIM_SDP_NOISE,   /* as many bytes as it has, any */
  POTOO_SIM_SDP_BYTES,   /* one byte in twenty is another */
  POTOO_SIM_SDP_LINES,   /* lines lack, come twice and in another order */
  POTOO_SIM_SDP_NUMBERS, /* numbers are huge, negative, zero */
  POTOO_SIM_SDP_MANY,    /* its media, two hundred times */
  POTOO_SIM_SDP_HUGE,    /* a line of a megabyte */
  POTOO_SIM_SDP_N_KINDS,
} PotooSimSdpKind;

/* As in the control socket's command; for help: all of them. */
const char *potoo_sim_sdp_kind_name (PotooSimSdpKind kind);
gboolean potoo_sim_sdp_kind_parse (const char *name, PotooSimSdpKind *kind);

/* What is told in the place of @sdp; it follows from the arguments alone. (transfer full) */
GByteArray *potoo_sim_sdp_spoil (const char *sdp, PotooSimSdpKind kind, guint32 seed);

G_END_DECLS
