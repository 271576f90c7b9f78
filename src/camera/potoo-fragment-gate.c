/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "camera/potoo-fragment-gate.h"

struct _PotooFragmentGate
{
  /* Protects `func`, and is held while it runs: closing waits for a call. It runs
   * once a second and does not block, and it takes the locks of `record` under this one. */
  GMutex lock;
  PotooFragmentFunc func; /* (nullable) */
  gpointer user_data;
  GDestroyNotify destroy; /* (nullable) */
};

PotooFragmentGate *
potoo_fragment_gate_new (PotooFragmentFunc func, gpointer user_data, GDestroyNotify destroy)
{
  PotooFragmentGate *gate = g_new0 (PotooFragmentGate, 1);

  g_mutex_init (&gate->lock);
  gate->func = func;
  gate->user_data = user_data;
  gate->destroy = destroy;
  return gate;
}

void
potoo_fragment_gate_free (PotooFragmentGate *gate)
{
  potoo_fragment_gate_close (gate);
  g_mutex_clear (&gate->lock);
  g_free (gate);
}

void
potoo_fragment_gate_open (PotooFragmentGate *gate,
                          PotooFragmentFunc func,
                          gpointer user_data,
                          GDestroyNotify destroy)
{
  potoo_fragment_gate_close (gate);
  g_mutex_lock (&gate->lock);
  gate->func = func;
  gate->user_data = user_data;
  gate->destroy = destroy;
  g_mutex_unlock (&gate->lock);
}

void
potoo_fragment_gate_push (PotooFragment *fragment, gpointer data)
{
  PotooFragmentGate *gate = data;

  g_mutex_lock (&gate->lock);
  if (gate->func != NULL)
    gate->func (fragment, gate->user_data);
  g_mutex_unlock (&gate->lock);
}

void
potoo_fragment_gate_close (PotooFragmentGate *gate)
{
  g_mutex_lock (&gate->lock);
  GDestroyNotify destroy = g_steal_pointer (&gate->destroy);
  gate->func = NULL;
  g_mutex_unlock (&gate->lock);
  if (destroy != NULL)
    destroy (gate->user_data);
}
