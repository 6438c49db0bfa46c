/* Which three squares may be the corners of one code. */
#include <math.h>

#include "image/qr_internal.h"

/* Generous: a code may be seen at an angle. */
static const float max_side_ratio = 1.7f, max_module_ratio = 1.8f, max_cosine = 0.55f;
/* Modules between the middles of two squares, 14 to 170, where modules of turned codes seem up to
 * 1.41 times their size. */
static const float min_distance = 9, max_distance = 195;
/* Near squares are tried before far ones, when several codes stand beside each other. */
static const float distance_weight = 0.002f;

/* Rows of a square in which it was met, in modules. */
static const float least_share = 0.7f;

static float ratio(float a, float b)
{
    return a > b ? a / b : b / a;
}

/* Is it a corner between two others? */
static bool corner_fits(const struct qr_finder *c, const struct qr_finder *a,
                        const struct qr_finder *b, struct qr_triple *t)
{
    float ux = a->at.x - c->at.x, uy = a->at.y - c->at.y, vx = b->at.x - c->at.x,
          vy = b->at.y - c->at.y;
    float u = sqrtf(ux * ux + uy * uy), v = sqrtf(vx * vx + vy * vy);
    float module = (c->module + a->module + b->module) / 3;
    if (u < min_distance * module || v < min_distance * module || u > max_distance * module ||
        v > max_distance * module || ratio(u, v) > max_side_ratio)
        return false;
    float cosine = fabsf((ux * vx + uy * vy) / (u * v));
    float modules = ratio(c->module, a->module);
    modules = fmaxf(modules, fmaxf(ratio(c->module, b->module), ratio(a->module, b->module)));
    if (cosine > max_cosine || modules > max_module_ratio)
        return false;
    t->misfit =
        cosine + (ratio(u, v) - 1) + (modules - 1) / 2 + distance_weight * (u + v) / (2 * module);
    return true;
}

static void insert(struct qr_triple *list, size_t *n, struct qr_triple t)
{
    size_t at = *n;
    if (at == QR_MAX_TRIPLES && list[at - 1].misfit <= t.misfit)
        return;
    if (at == QR_MAX_TRIPLES)
        at--;
    else
        ++*n;
    for (; at > 0 && list[at - 1].misfit > t.misfit; at--)
        list[at] = list[at - 1];
    list[at] = t;
}

/* The most often met first; the others are left out. */
static size_t best_finders(struct qr_finders *f, size_t *order)
{
    size_t n = 0;
    for (size_t i = 0; i < f->n; i++) {
        if ((float)(f->list[i].hits * f->step) < least_share * f->list[i].module)
            continue; /* the middle of a square has three modules of rows */
        size_t at = n < QR_MAX_BEST ? n : n - 1;
        if (n == QR_MAX_BEST) {
            f->limited |= f->list[order[at]].hits > 2 && f->list[i].hits > 2;
            if (f->list[order[at]].hits >= f->list[i].hits)
                continue;
        }
        n += n < QR_MAX_BEST;
        for (; at > 0 && f->list[order[at - 1]].hits < f->list[i].hits; at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
    return n;
}

size_t qr_triples(struct qr_finders *f, struct qr_triple *out)
{
    size_t order[QR_MAX_BEST], n = best_finders(f, order), found = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            for (size_t k = j + 1; k < n; k++) {
                const struct qr_finder *c = &f->list[order[i]], *a = &f->list[order[j]],
                                       *b = &f->list[order[k]];
                struct qr_triple t = {.corner = order[i]};
                if (i == j || i == k || a->inverted != c->inverted || b->inverted != c->inverted ||
                    !corner_fits(c, a, b, &t))
                    continue;
                float turn = (a->at.x - c->at.x) * (b->at.y - c->at.y) -
                             (a->at.y - c->at.y) * (b->at.x - c->at.x);
                t.right = turn > 0 ? order[j] : order[k];
                t.below = turn > 0 ? order[k] : order[j];
                insert(out, &found, t);
            }
    return found;
}
