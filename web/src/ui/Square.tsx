/**
 * The square in the afternoon, seen from above: paving, an arcade that lets the low sun through, a fountain, stalls
 * with terracotta awnings, and people with long shadows. Flat colours of the theme; decoration, hidden from readers.
 */
const LIGHT = { x: 62, y: 34 };

type Person = { x: number; y: number; tint: string };

const PEOPLE: Person[] = [
  { x: 214, y: 452, tint: "var(--chart-2)" },
  { x: 244, y: 470, tint: "var(--chart-3)" },
  { x: 452, y: 596, tint: "var(--chart-4)" },
  { x: 610, y: 318, tint: "var(--chart-5)" },
  { x: 646, y: 334, tint: "var(--ink)" },
  { x: 742, y: 560, tint: "var(--chart-6)" },
  { x: 130, y: 606, tint: "var(--chart-1)" },
  { x: 336, y: 330, tint: "var(--ink)" },
  { x: 818, y: 440, tint: "var(--chart-2)" },
  { x: 560, y: 520, tint: "var(--chart-7)" },
  { x: 586, y: 538, tint: "var(--chart-8)" },
];

const STALLS = [
  { x: 690, y: 424, w: 96, h: 76 },
  { x: 838, y: 540, w: 84, h: 70 },
  { x: 92, y: 480, w: 80, h: 64 },
];

const ARCHES = Array.from({ length: 9 }, (_, n) => n * 118 - 40);

export function Square({ className }: { className?: string }) {
  return (
    <svg viewBox="0 0 960 720" preserveAspectRatio="xMidYMid slice" aria-hidden="true" className={className}>
      <defs>
        <pattern id="paving" width="60" height="60" patternUnits="userSpaceOnUse">
          <path d="M0 0H60M0 0V60M30 0V30M0 30H60M60 30V60" fill="none" stroke="var(--paving-line)" strokeWidth="1.500" />
        </pattern>
        <pattern id="awning" width="20" height="20" patternUnits="userSpaceOnUse">
          <rect width="20" height="20" fill="var(--raised)" />
          <rect width="10" height="20" fill="var(--chart-1)" />
        </pattern>
      </defs>
      <rect width="960" height="720" fill="var(--paving)" />
      <rect width="960" height="720" fill="url(#paving)" />
      <Arcade />
      <Fountain x={420} y={438} />
      {STALLS.map((stall) => (
        <g key={stall.x}>
          <path
            d={`M${stall.x} ${stall.y + stall.h}l${LIGHT.x} ${LIGHT.y}h${stall.w}v${-stall.h}l${-LIGHT.x} ${-LIGHT.y}z`}
            fill="var(--cast)"
          />
          <rect x={stall.x} y={stall.y} width={stall.w} height={stall.h} rx="3" fill="url(#awning)" />
          <rect x={stall.x} y={stall.y} width={stall.w} height={stall.h} rx="3" fill="none" stroke="var(--chart-1)" strokeWidth="2" />
        </g>
      ))}
      {PEOPLE.map((person) => (
        <g key={`${person.x}-${person.y}`}>
          <path d={`M${person.x} ${person.y}l${LIGHT.x} ${LIGHT.y}`} stroke="var(--cast)" strokeWidth="15" strokeLinecap="round" />
          <circle cx={person.x} cy={person.y} r="10" fill={person.tint} />
          <circle cx={person.x - 2.500} cy={person.y - 2.500} r="4.500" fill="var(--raised)" opacity="0.300" />
        </g>
      ))}
    </svg>
  );
}

/** The roof along the upper edge, its shadow, and the sun that falls through the arches. */
function Arcade() {
  return (
    <g>
      <path d="M0 0H960V196L0 196z" fill="var(--cast)" />
      {ARCHES.map((x) => (
        <path key={x} transform={`translate(${x} 100) skewX(36)`} d="M0 0v44a34 34 0 0 0 68 0V0z" fill="var(--paving)" />
      ))}
      <rect width="960" height="84" fill="var(--line-strong)" />
      <rect y="84" width="960" height="16" fill="var(--faint)" opacity="0.550" />
      {Array.from({ length: 24 }, (_, n) => (
        <path key={n} d={`M${n * 42} 0V84`} stroke="var(--paving-line)" strokeWidth="1.500" opacity="0.600" />
      ))}
    </g>
  );
}

function Fountain({ x, y }: { x: number; y: number }) {
  return (
    <g>
      <ellipse cx={x + 22} cy={y + 13} rx="80" ry="76" fill="var(--cast)" />
      <circle cx={x} cy={y} r="74" fill="var(--line-strong)" />
      <circle cx={x} cy={y} r="64" fill="color-mix(in oklab, var(--chart-2) 34%, var(--paving))" />
      <circle cx={x} cy={y} r="44" fill="none" stroke="var(--raised)" strokeWidth="1.500" opacity="0.500" />
      <circle cx={x} cy={y} r="28" fill="none" stroke="var(--raised)" strokeWidth="1.500" opacity="0.600" />
      <circle cx={x} cy={y} r="14" fill="var(--line-strong)" />
      <circle cx={x} cy={y} r="6" fill="var(--raised)" />
    </g>
  );
}
