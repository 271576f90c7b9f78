/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/**
 * PotooSimImpairer:
 *
 * A bad network in the way of one track's packets: some are lost, come late, twice or with a bit
 * turned. What happens to the n-th packet follows from the seed and the rates alone, whichever of
 * them are on. (netsim of GStreamer does much of this, but seeds itself.) One thread at a time.
 */
typedef struct _PotooSimImpairer PotooSimImpairer;

typedef enum
{
  POTOO_SIM_LOSE,
  POTOO_SIM_REORDER, /* it comes after the three that follow it */
  POTOO_SIM_DUPLICATE,
  POTOO_SIM_CORRUPT, /* one bit behind the RTP header is turned */
  POTOO_SIM_N_IMPAIRMENTS,
} PotooSimImpairment;

#define POTOO_SIM_ALL_PACKETS 1000000

/* Packets of POTOO_SIM_ALL_PACKETS that meet with each. */
typedef struct
{
  guint of_a_million[POTOO_SIM_N_IMPAIRMENTS];
} PotooSimRates;

PotooSimImpairer *potoo_sim_impairer_new (guint32 seed);
void potoo_sim_impairer_free (PotooSimImpairer *impairer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooSimImpairer, potoo_sim_impairer_free)

/* Adds to @out (of GstBuffer, each a reference) what is to be sent now that it is @packet's turn.
 * @packet: (transfer full). Returns a bit for each impairment that it met with. */
guint potoo_sim_impairer_take (PotooSimImpairer *impairer,
                               const PotooSimRates *rates,
                               GstBuffer *packet,
                               GPtrArray *out);

G_END_DECLS
