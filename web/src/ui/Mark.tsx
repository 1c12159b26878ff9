/** The mark: an arch of the arcade, with somebody in it. */
export function Mark({ className }: { className?: string }) {
  return (
    <svg viewBox="0 0 32 32" aria-hidden="true" className={className}>
      <path fill="var(--accent)" d="M3 29V15.500C3 8.600 8.800 3 16 3s13 5.600 13 12.500V29h-8.500V16.200c0-2.400-2-4.300-4.500-4.300s-4.500 1.900-4.500 4.300V29z" />
      <circle cx="16" cy="25.700" r="3.300" fill="var(--accent)" />
    </svg>
  );
}
