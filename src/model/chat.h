/* chat.h - reading chat templates into a model. Private to `model`. */
#ifndef PR_MODEL_CHAT_H
#define PR_MODEL_CHAT_H
#include "model.h"

/* Fill chat_template and chats. EINPUT: a file that is no JSON, or too long. */
pare_status pr_chats_of_dir(pr_model *m, const char *dir, pare_err *err);
pare_status pr_chats_of_gguf(pr_model *m, pare_err *err);
#endif
