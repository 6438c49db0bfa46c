/* One payload and all that is packed in it: run in a worker (room sandbox). */
#ifndef MP_CONTENT_INSPECT_H
#define MP_CONTENT_INSPECT_H

#include "content/content.h"

/* Does content_inspect open `o`: is it a container by its kind, or does one hang at its end (a
 * program or a picture with a ZIP, RAR or 7z behind it)? What does not never needs a worker. Looks
 * at o->kind, the first MiB (RAR, 7z) and the last 64 KiB (ZIP) of o->bytes. Linear. */
bool content_is_heavy(const struct content_object *o);

/* Make the libraries load all that they load on first use (tables, locales, converters), so that
 * content_inspect opens no file later. A worker calls it once, before its filter is on. */
void archive_warm_up(void);

/* Inspect c->report->objects from index `first` on (put there by the caller, attach_check done):
 * open those that are containers, add their members, check each with attach_check, open what is a
 * container among them, until the budget is spent. Raises archive.*, attach.* and limit.* into
 * c->report->findings. Returns MP_OK, also when limits cut it (c->report->complete), MP_E_USAGE
 * (there is no object) or MP_E_NOMEM. No recursion. */
int content_inspect(struct content *c, size_t first, struct mp_err *err);

/* A file that a document holds becomes a member of objects[parent], its name and bytes checked as
 * those of an archive are: archive.*, limit.*. Costs the budget. `name` as it stands, may be empty;
 * `bytes` outlive c->report. It is not opened: content_inspect(c, its index, err) does that.
 * MP_OK, also when a limit left it out, or MP_E_NOMEM. */
int content_add_member(struct content *c, size_t parent, struct str name, struct str bytes,
                       struct mp_err *err);

/* Candidates for passwords in the mail's text (words behind "password:", "PIN" and their
 * translations) and in names: of what is one line of at most 255 bytes, like a file name or a
 * subject, numbers count too. At most `max`, distinct, views into `texts`. Linear. */
size_t password_candidates(const struct str *texts, size_t n_texts, struct str *out, size_t max);

#endif
