/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The camera knows which loop is its newest (a dial): a timer of an older one ends by itself. */

#include "sim/potoo-sim-reboots.h"

typedef struct
{
  PotooSimCamera *camera;
  int number; /* of the loop */
  guint up_s, down_s;
  gboolean down;
} Loop;

static gboolean on_time (gpointer data);

static void
wait (Loop *loop)
{
  g_timeout_add_seconds_full (G_PRIORITY_DEFAULT, loop->down ? loop->down_s : loop->up_s, on_time,
                              loop, NULL);
}

static gboolean
on_time (gpointer data)
{
  Loop *loop = data;

  if (potoo_sim_camera_get_dial (loop->camera, POTOO_SIM_DIAL_REBOOTS) != loop->number)
    {
      g_free (loop);
      return G_SOURCE_REMOVE;
    }
  loop->down = !loop->down;
  potoo_sim_camera_set_fault (loop->camera, POTOO_SIM_FAULT_REFUSE, loop->down);
  if (loop->down)
    potoo_sim_camera_drop_clients (loop->camera);
  wait (loop);
  return G_SOURCE_REMOVE;
}

void
potoo_sim_reboots_set (PotooSimCamera *camera, guint up_s, guint down_s)
{
  int number = potoo_sim_camera_add_to_dial (camera, POTOO_SIM_DIAL_REBOOTS, 1);

  potoo_sim_camera_set_fault (camera, POTOO_SIM_FAULT_REFUSE, FALSE);
  if (up_s == 0 && down_s == 0)
    return;
  Loop *loop = g_new0 (Loop, 1);
  *loop = (Loop){ camera, number, up_s, down_s, FALSE };
  wait (loop);
}
