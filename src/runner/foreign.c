/* foreign.c - the foreign kinds, and how each one's child is started.
 *
 * To add one: a row here, and a program that speaks docs/runner-protocol.md (most simply a file in
 * runners/). The helper is looked for in $PARE_RUNNER_DIR, beside the running program (a build
 * tree), and in ../libexec/pare of the program and of the library. */
#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "proc/proc.h"
#include "runner_impl.h"

#define CHILD                                                                  \
    .probe = pr_child_probe, .open = pr_child_open, .eval = pr_child_eval,     \
    .reset = pr_child_reset, .time = pr_child_time, .memory = pr_child_memory, \
    .close = pr_child_close

static const pr_runner_kind kinds[] = {
    {.name = "llama.cpp",
     .word = "llama.cpp",
     .takes = "a GGUF file",
     .how_to_install = "pip install llama-cpp-python, or a libllama.so that PARE_LLAMA_PATH names",
     CHILD},
    {.name = "onnxruntime",
     .word = "onnxruntime",
     .takes = "an ONNX file, or the folder of one",
     .how_to_install = "pip install onnxruntime, or a libonnxruntime.so that "
                       "PARE_ONNXRUNTIME_PATH names",
     CHILD},
    {.name = "onnxruntime-genai",
     .word = "onnxruntime-genai",
     .takes = "a folder with a genai_config.json",
     .how_to_install = "pip install onnxruntime-genai, or a libonnxruntime-genai.so that "
                       "PARE_GENAI_PATH names",
     CHILD},
    {.name = "openvino",
     .word = "openvino",
     .takes = "an OpenVINO IR (.xml), or the folder of one",
     .how_to_install = "pip install openvino, or a libopenvino_c.so that PARE_OPENVINO_PATH names",
     CHILD},
    {.name = "mlx",
     .word = NULL, /* mlx_runner.py, in the user's Python */
     .takes = "an MLX or Hugging Face directory",
     .how_to_install = "pip install 'mlx[cpu]' mlx-lm, in the Python that PARE_MLX_PYTHON names",
     CHILD},
};

const pr_runner_kind *pr_runner_foreign(size_t *n) {
    *n = PR_COUNT(kinds);
    return kinds;
}

/* What phones home is told not to, before anything is loaded; and nothing is fetched from a hub.
 * (That no connection can be opened at all is proc's part: `offline`.) */
static const char *const environment[] = {"ORT_DISABLE_TELEMETRY=1",
                                          "OLIVE_DISABLE_TELEMETRY=1",
                                          "OPENVINO_TELEMETRY_OPT_OUT=1",
                                          "HF_HUB_OFFLINE=1",
                                          "HF_HUB_DISABLE_TELEMETRY=1",
                                          "TRANSFORMERS_OFFLINE=1",
                                          "DO_NOT_TRACK=1",
                                          "PYTHONDONTWRITEBYTECODE=1",
                                          NULL};

/* The folder of a file, in place; false if it names none. */
static bool folder_of(char *path) {
    char *slash = strrchr(path, '/');
    if (!slash) return false;
    *slash = 0;
    return true;
}

static bool try_folder(const char *dir, const char *below, const char *name, char *dst,
                       size_t cap) {
    int n = snprintf(dst, cap, "%s%s/%s", dir, below, name);
    return n > 0 && (size_t)n < cap && access(dst, R_OK) == 0;
}

/* `name` among the installed helpers. */
static bool find_helper(const char *name, char *dst, size_t cap) {
    const char *own = getenv("PARE_RUNNER_DIR");
    char        dir[PATH_MAX];
    Dl_info     lib;
    if (own) return try_folder(own, "", name, dst, cap);
    ssize_t n = readlink("/proc/self/exe", dir, sizeof dir - 1);
    dir[n > 0 ? n : 0] = 0;
    if (folder_of(dir) && (try_folder(dir, "", name, dst, cap) ||
                           try_folder(dir, "/../libexec/pare", name, dst, cap)))
        return true;
    if (!dladdr((const void *)(uintptr_t)&kinds, &lib) || !lib.dli_fname) return false;
    snprintf(dir, sizeof dir, "%s", lib.dli_fname);
    return folder_of(dir) && (try_folder(dir, "/../libexec/pare", name, dst, cap) ||
                              try_folder(dir, "/../../libexec/pare", name, dst, cap));
}

/* The Python that has mlx_lm: as told, that of the virtual environment, the usual one. */
static bool find_python(char *dst, size_t cap) {
    const char *told = getenv("PARE_MLX_PYTHON"), *env = getenv("VIRTUAL_ENV");
    if (told && *told) return pr_proc_find(told, dst, cap);
    if (env && *env && try_folder(env, "/bin", "python3", dst, cap)) return true;
    return pr_proc_find("python3", dst, cap);
}

pare_status pr_start_of(const pr_runner_kind *k, pr_start *s, pare_err *err) {
    const char *name = k->word ? "pare-runner" : "mlx_runner.py";
    char       *helper = s->text[1];
    memset(s, 0, sizeof *s);
    s->env = environment;
    if (!find_helper(name, helper, sizeof s->text[1]))
        return pr_fail(err, PARE_EENV, -1,
                       "the helper program %s is not installed beside pare (PARE_RUNNER_DIR "
                       "names another folder)",
                       name);
    if (k->word) {
        s->argv[0] = helper;
        s->argv[1] = k->word;
        return PARE_OK;
    }
    if (!find_python(s->text[0], sizeof s->text[0]))
        return pr_fail(err, PARE_EENV, -1, "no python3 was found (PARE_MLX_PYTHON names one)");
    s->argv[0] = s->text[0];
    s->argv[1] = helper;
    return PARE_OK;
}
