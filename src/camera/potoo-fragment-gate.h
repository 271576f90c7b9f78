/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "media/potoo-fragmenter.h"

G_BEGIN_DECLS

/**
 * PotooFragmentGate:
 *
 * Between a camera's fragmenter and where its fragments go, so that they can be
 * shut off for good while the pipeline is still alive: at shutdown, a pipeline
 * that hangs must not push into a recorder that is gone.
 */
typedef struct _PotooFragmentGate PotooFragmentGate;

/* @func: (nullable) */
PotooFragmentGate *
potoo_fragment_gate_new (PotooFragmentFunc func, gpointer user_data, GDestroyNotify destroy);
void potoo_fragment_gate_free (PotooFragmentGate *gate);

/* Where fragments go from now on. Not after potoo_fragment_gate_close(). */
void potoo_fragment_gate_open (PotooFragmentGate *gate,
                               PotooFragmentFunc func,
                               gpointer user_data,
                               GDestroyNotify destroy);

/* A PotooFragmentFunc with the gate as its data. Any thread. */
void potoo_fragment_gate_push (PotooFragment *fragment, gpointer gate);

/* When it returns no call is under way, and none comes any more. */
void potoo_fragment_gate_close (PotooFragmentGate *gate);

G_END_DECLS
