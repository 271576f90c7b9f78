/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>
#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/**
 * PotooDemoSimulator:
 *
 * potoo-camera-sim as a child process that never outlives us: started, asked for the addresses
 * of its cameras, started again when it ends, after a second at first and at most 30 s. Main
 * thread.
 *
 * Signal: `ready (JsonObject)`: it serves, each time anew on a port of 127.0.0.1 of its choice;
 * the object is what its `--print-ready` prints.
 */
#define POTOO_TYPE_DEMO_SIMULATOR (potoo_demo_simulator_get_type ())
G_DECLARE_FINAL_TYPE (PotooDemoSimulator, potoo_demo_simulator, POTOO, DEMO_SIMULATOR, GObject)

/* Finds the program beside our own, in `sim/` there as the build tree has it, or fails with
 * POTOO_ERROR_UNAVAILABLE. @cameras: the values of its `--camera`.
 * @cache_dir: where it keeps the pictures that it encodes at its first start. */
PotooDemoSimulator *
potoo_demo_simulator_new (const char *const *cameras, const char *cache_dir, GError **error);

/* Once. What goes wrong from here on is logged, and tried again. */
void potoo_demo_simulator_start (PotooDemoSimulator *simulator);

/* Ends the process; blocks until it is gone, at most about 1 s. */
void potoo_demo_simulator_stop (PotooDemoSimulator *simulator);

G_END_DECLS
