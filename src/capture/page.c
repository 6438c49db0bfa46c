/* The page and its policy, as the files that `make web` left in src/capture/page. */
#include "capture/page.h"

#include "capture_page_files.h"

/* The symbols are of this program only. The digest is there so that a change is seen by ccache. */
#define EMBED(symbol, file, digest)                                                                \
    __asm__(".section .rodata\n"                                                                   \
            ".balign 16\n"                                                                         \
            ".global " #symbol "\n"                                                                \
            ".hidden " #symbol "\n" #symbol ":\n"                                                  \
            ".incbin \"" file "\"\n"                                                               \
            ".global " #symbol "_end\n"                                                            \
            ".hidden " #symbol "_end\n" #symbol "_end:\n"                                          \
            ".byte 0\n"                                                                            \
            ".previous\n"                                                                          \
            "/* " digest " */\n");                                                                 \
    extern const char symbol[], symbol##_end[]

EMBED(mp_capture_page, CAPTURE_PAGE_FILE, CAPTURE_PAGE_SHA256);
EMBED(mp_capture_page_csp, CAPTURE_CSP_FILE, CAPTURE_CSP_SHA256);

struct str capture_page(void)
{
    return (struct str){mp_capture_page, (size_t)(mp_capture_page_end - mp_capture_page)};
}

struct str capture_page_csp(void)
{
    return (struct str){mp_capture_page_csp,
                        (size_t)(mp_capture_page_csp_end - mp_capture_page_csp)};
}
