/* SPDX-License-Identifier: GPL-3.0-or-later */

/* How much memory there is, by what the kernel's files say of control groups. */

#include <glib/gstdio.h>

#include "base/potoo-memory.h"

typedef struct
{
  char *mount;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  f->mount = g_dir_make_tmp ("potoo-test-memory-XXXXXX", NULL);
}

static void
remove_tree (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);
      remove_tree (child);
    }
  g_remove (path);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  remove_tree (f->mount);
  g_free (f->mount);
}

static void
put (Fixture *f, const char *file, const char *text)
{
  g_autofree char *path = g_build_filename (f->mount, file, NULL);
  g_autofree char *directory = g_path_get_dirname (path);

  g_assert_cmpint (g_mkdir_with_parents (directory, 0700), ==, 0);
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

static gint64
limit (Fixture *f, const char *groups)
{
  return potoo_memory_get_group_limit (groups, f->mount);
}

static void
test_version_2 (Fixture *f, gconstpointer data)
{
  g_assert_cmpint (limit (f, "0::/a.slice/b.service\n"), ==, G_MAXINT64);
  put (f, "a.slice/b.service/memory.max", "max\n");
  g_assert_cmpint (limit (f, "0::/a.slice/b.service\n"), ==, G_MAXINT64);
  put (f, "a.slice/memory.max", "268435456\n");
  g_assert_cmpint (limit (f, "0::/a.slice/b.service\n"), ==, 268435456);
  put (f, "a.slice/b.service/memory.max", "134217728\n");
  g_assert_cmpint (limit (f, "0::/a.slice/b.service\n"), ==, 134217728);
  g_assert_cmpint (limit (f, "0::/a.slice\n"), ==, 268435456);
  g_assert_cmpint (limit (f, "0::/\n"), ==, G_MAXINT64);
  /* A container's own group is the topmost that it sees. */
  put (f, "memory.max", "67108864\n");
  g_assert_cmpint (limit (f, "0::/\n"), ==, 67108864);
  g_assert_cmpint (limit (f, "0::/../elsewhere\n"), ==, 67108864);
}

static void
test_version_1 (Fixture *f, gconstpointer data)
{
  static const char groups[] =
      "12:cpu,cpuacct:/a\n11:hugetlb,memory:/a\n1:name=systemd:/a\n0::/a\n";

  put (f, "memory/memory.limit_in_bytes", "9223372036854771712\n");
  g_assert_cmpint (limit (f, groups), ==, G_GINT64_CONSTANT (9223372036854771712));
  put (f, "memory/a/memory.limit_in_bytes", "100000000\n");
  g_assert_cmpint (limit (f, groups), ==, 100000000);
}

static void
test_nonsense (Fixture *f, gconstpointer data)
{
  static const char *const limits[] = { "", "0\n", "-1\n", "lots\n", "18446744073709551616\n" };

  for (guint i = 0; i < G_N_ELEMENTS (limits); i++)
    {
      put (f, "memory.max", limits[i]);
      g_assert_cmpint (limit (f, "0::/\n"), ==, G_MAXINT64);
    }
  put (f, "memory.max", "1000000\n");
  g_assert_cmpint (limit (f, ""), ==, G_MAXINT64);
  g_assert_cmpint (limit (f, "\n0\n0:\n::\n"), ==, 1000000);
}

static void
test_this_machine (Fixture *f, gconstpointer data)
{
  g_assert_cmpint (potoo_memory_get_available (), >, 1000000);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, func) g_test_add ("/memory/" path, Fixture, NULL, set_up, func, tear_down)
  ADD ("version-2", test_version_2);
  ADD ("version-1", test_version_1);
  ADD ("nonsense", test_nonsense);
  ADD ("this-machine", test_this_machine);
  return g_test_run ();
}
