/**
 * The square in the afternoon, seen from above: paving, an arcade that lets the low sun through, a fountain, stalls
 * with terracotta awnings, and people with long shadows. Flat colours of the theme; decoration, hidden from readers.
 */
const SUN = { x: 84, y: 46 };

type Person = { x: number; y: number; turn: number; tint: string };

const PEOPLE: Person[] = [
  { x: 158, y: 372, turn: 25, tint: "var(--chart-2)" },
  { x: 196, y: 398, turn: 205, tint: "var(--chart-3)" },
  { x: 330, y: 590, turn: 80, tint: "var(--chart-4)" },
  { x: 566, y: 300, turn: 10, tint: "var(--chart-5)" },
  { x: 606, y: 324, turn: 190, tint: "var(--muted)" },
  { x: 700, y: 590, turn: 140, tint: "var(--chart-6)" },
  { x: 94, y: 628, turn: 60, tint: "var(--muted)" },
  { x: 316, y: 280, turn: 115, tint: "var(--chart-1)" },
  { x: 842, y: 330, turn: 160, tint: "var(--chart-2)" },
  { x: 506, y: 520, turn: 35, tint: "var(--chart-7)" },
  { x: 546, y: 546, turn: 215, tint: "var(--chart-8)" },
];

const STALLS = [
  { x: 660, y: 388, w: 128, h: 100 },
  { x: 806, y: 568, w: 120, h: 92 },
  { x: 36, y: 470, w: 108, h: 84 },
];

const ARCH_STEP = 128;
const ARCHES = Array.from({ length: 9 }, (_, n) => n * ARCH_STEP - 96);

export function Square({ className }: { className?: string }) {
  return (
    <svg viewBox="30 0 900 690" preserveAspectRatio="xMidYMid slice" aria-hidden="true" className={className}>
      <defs>
        <pattern id="paving" width="80" height="80" patternUnits="userSpaceOnUse">
          <path d="M0 0H80M0 0V80M40 0V40M0 40H80M60 40V80M20 40V80" fill="none" stroke="var(--paving-line)" strokeWidth="1.500" />
        </pattern>
        <pattern id="awning" width="24" height="24" patternUnits="userSpaceOnUse">
          <rect width="24" height="24" fill="var(--awning)" />
          <rect width="12" height="24" fill="var(--chart-1)" />
        </pattern>
      </defs>
      <rect width="960" height="720" fill="var(--paving)" />
      <rect width="960" height="720" fill="url(#paving)" />
      <Arcade />
      <Fountain x={396} y={424} />
      {STALLS.map(({ x, y, w, h }) => (
        <g key={x}>
          <path d={`M${x} ${y + h}l${SUN.x * 0.6} ${SUN.y * 0.6}h${w}v${-h}l${-SUN.x * 0.6} ${-SUN.y * 0.6}z`} fill="var(--cast)" />
          <rect x={x} y={y} width={w} height={h} rx="4" fill="url(#awning)" />
          <path d={`M${x} ${y + h / 2}h${w}`} stroke="var(--ink)" strokeWidth="2" opacity="0.140" />
        </g>
      ))}
      {PEOPLE.map((person) => (
        <Walker key={`${person.x} ${person.y}`} {...person} />
      ))}
    </svg>
  );
}

/** Somebody from above: shoulders, a head, and the shadow that the low sun makes of them. */
function Walker({ x, y, turn, tint }: Person) {
  return (
    <g>
      <path d={`M${x} ${y}l${SUN.x} ${SUN.y}`} stroke="var(--cast)" strokeWidth="20" strokeLinecap="round" />
      <g transform={`translate(${x} ${y}) rotate(${turn})`}>
        <rect x="-19" y="-10" width="38" height="20" rx="10" fill={tint} />
        <circle r="9" fill="var(--ink)" />
      </g>
    </g>
  );
}

/** The roof along the upper edge, its shadow, and the sun that falls through the arches. */
function Arcade() {
  return (
    <g>
      <rect width="960" height="222" fill="var(--cast)" />
      {ARCHES.map((x) => (
        <path key={x} transform={`translate(${x} 92) skewX(22)`} d="M0 0V66A42 42 0 0 0 84 66V0z" fill="var(--paving)" />
      ))}
      <rect width="960" height="72" fill="var(--roof)" />
      <rect y="72" width="960" height="20" fill="var(--wall)" />
      {Array.from({ length: 33 }, (_, n) => (
        <path key={n} d={`M${n * 30} 0V72`} stroke="var(--paving-line)" strokeWidth="1.500" opacity="0.350" />
      ))}
    </g>
  );
}

function Fountain({ x, y }: { x: number; y: number }) {
  return (
    <g>
      <ellipse cx={x + 30} cy={y + 17} rx="98" ry="94" fill="var(--cast)" />
      <circle cx={x} cy={y} r="92" fill="var(--wall)" />
      <circle cx={x} cy={y} r="78" fill="color-mix(in oklab, var(--chart-2) 32%, var(--paving))" />
      <circle cx={x} cy={y} r="56" fill="none" stroke="var(--awning)" strokeWidth="1.500" opacity="0.450" />
      <circle cx={x} cy={y} r="36" fill="none" stroke="var(--awning)" strokeWidth="1.500" opacity="0.600" />
      <circle cx={x} cy={y} r="17" fill="var(--wall)" />
      <circle cx={x} cy={y} r="7" fill="var(--awning)" />
    </g>
  );
}
