/* What the parts of file_type.c know of each other. */
#ifndef MP_CONTENT_FILE_TYPE_INTERNAL_H
#define MP_CONTENT_FILE_TYPE_INTERNAL_H

#include "base/bytes.h"
#include "content/file_type.h"

/* Looks closer at bytes whose signature matched row type `t`: gives what they are, or FILE_UNKNOWN
 * when the signature is there by chance. */
typedef enum file_type file_type_refine(struct str bytes, enum file_type t);

file_type_refine refine_zip; /* file_type_zip.c */
file_type_refine refine_ole; /* file_type_binary.c, from here */
file_type_refine refine_mz;
file_type_refine refine_cafebabe;
file_type_refine refine_arj;
file_type_refine refine_lzh;
file_type_refine refine_cpio;
file_type_refine refine_tar;
file_type_refine refine_ar;
file_type_refine refine_compress;
file_type_refine refine_lzma;
file_type_refine refine_bmp;
file_type_refine refine_icon;
file_type_refine refine_wmf;
file_type_refine refine_ftyp;
file_type_refine refine_riff;
file_type_refine refine_mpeg_audio;
file_type_refine refine_swf;
file_type_refine refine_der;
file_type_refine refine_font;
file_type_refine refine_pcapng;

/* By the head of text, in ASCII, UTF-8 or UTF-16: FILE_TEXT for text that is nothing else, or
 * FILE_UNKNOWN when it is no text (file_type_text.c). */
enum file_type text_type_of(struct str bytes);

/* Text that begins with "<" (file_type_markup.c); FILE_TEXT when it is no markup after all. */
enum file_type markup_type_of(struct str text);

#endif
