/* What the files of the table share. */
#ifndef MP_SIGNER_TABLE_INTERNAL_H
#define MP_SIGNER_TABLE_INTERNAL_H

/* Of struct signing_domain: by name, the wildcard behind. */
int signing_domain_compare(const void *a, const void *b);

#endif
