/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "sim/potoo-sim-impairer.h"

#define RTP_HEADER_BYTES 12
#define LATE_BY_PACKETS 3

struct _PotooSimImpairer
{
  GRand *random;
  GstBuffer *late;    /* (nullable) */
  guint packets_left; /* until it is sent */
};

PotooSimImpairer *
potoo_sim_impairer_new (guint32 seed)
{
  PotooSimImpairer *impairer = g_new0 (PotooSimImpairer, 1);

  impairer->random = g_rand_new_with_seed (seed);
  return impairer;
}

void
potoo_sim_impairer_free (PotooSimImpairer *impairer)
{
  g_rand_free (impairer->random);
  gst_clear_buffer (&impairer->late);
  g_free (impairer);
}

/* As many numbers are drawn whatever the rates are: one does not change another's packets. */
static guint
draw (PotooSimImpairer *impairer, const PotooSimRates *rates)
{
  guint met = 0;

  for (guint i = 0; i < POTOO_SIM_N_IMPAIRMENTS; i++)
    if ((guint) g_rand_int_range (impairer->random, 0, POTOO_SIM_ALL_PACKETS) <
        rates->of_a_million[i])
      met |= 1u << i;
  return met;
}

/* (transfer full) both */
static GstBuffer *
turn_a_bit (GstBuffer *packet, guint32 where)
{
  gsize size = gst_buffer_get_size (packet);
  GstMapInfo map;

  if (size <= RTP_HEADER_BYTES)
    return packet;
  /* Payloads are shared with the loop. */
  GstBuffer *copy = gst_buffer_copy_deep (packet);
  gst_buffer_unref (packet);
  if (!gst_buffer_map (copy, &map, GST_MAP_READWRITE))
    return copy;
  guint32 bit = where % (guint32) (8 * (size - RTP_HEADER_BYTES));
  map.data[RTP_HEADER_BYTES + bit / 8] ^= (guint8) (1 << bit % 8);
  gst_buffer_unmap (copy, &map);
  return copy;
}

static void
send_late_one (PotooSimImpairer *impairer, GPtrArray *out)
{
  if (impairer->late != NULL && --impairer->packets_left == 0)
    g_ptr_array_add (out, g_steal_pointer (&impairer->late));
}

guint
potoo_sim_impairer_take (PotooSimImpairer *impairer,
                         const PotooSimRates *rates,
                         GstBuffer *packet,
                         GPtrArray *out)
{
  guint met = draw (impairer, rates);
  guint32 where = g_rand_int (impairer->random);

  if (met & 1u << POTOO_SIM_LOSE)
    {
      met = 1u << POTOO_SIM_LOSE;
      gst_buffer_unref (packet);
      send_late_one (impairer, out);
      return met;
    }
  if (met & 1u << POTOO_SIM_CORRUPT)
    packet = turn_a_bit (packet, where);
  if (met & 1u << POTOO_SIM_REORDER && impairer->late == NULL)
    {
      impairer->late = packet;
      impairer->packets_left = LATE_BY_PACKETS;
      return met & ~(1u << POTOO_SIM_DUPLICATE);
    }
  met &= ~(1u << POTOO_SIM_REORDER); /* one waits already */
  g_ptr_array_add (out, packet);
  if (met & 1u << POTOO_SIM_DUPLICATE)
    g_ptr_array_add (out, gst_buffer_ref (packet));
  send_late_one (impairer, out);
  return met;
}
