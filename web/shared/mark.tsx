/* The sign of mailproof. */
export function Mark() {
  return (
    <svg viewBox="0 0 32 32" width="22" height="22" aria-hidden="true">
      <rect width="32" height="32" rx="7" class="mark" />
      <path d="M6 10h20v13H6zm1 1 9 7 9-7" class="mark-line" />
    </svg>
  );
}
