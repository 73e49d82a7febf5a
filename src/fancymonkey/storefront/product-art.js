/** Drawings of products, in colours derived from their names. */

const COLOURS = [
  [/midnight emerald|emerald/i, '#0b6b4b', '#063b2a'],
  [/banana/i, '#e7b52c', '#a87a0c'],
  [/concrete|ash|grey|mesh/i, '#8b938f', '#5c6460'],
  [/night|black|midnight/i, '#1d2522', '#0b0f0d'],
  [/sunday|canvas/i, '#d9cdb4', '#a99a7b'],
  [/vine|treetop|canopy/i, '#5d7a3f', '#3d5329'],
  [/business/i, '#2c3f63', '#1a2742'],
];
const OTHERS = [
  ['#7a3b4e', '#512533'], ['#2f6f86', '#1d4858'], ['#b0623a', '#7c4125'], ['#51578a', '#343961'],
];

const SHAPES = {
  hoodie: `<path d="M70 66 58 84c-14 4-22 10-26 22L20 190l22 6 12-58 2 82h88l2-82 12 58 22-6-12-84c-4-12-12-18-26-22l-12-18z" fill="FILL"/>
    <path d="M70 66c4-22 16-32 30-32s26 10 30 32c-6 18-18 28-30 28S76 84 70 66z" fill="SHADE"/>
    <path d="M82 66c2-12 9-18 18-18s16 6 18 18c-4 10-11 15-18 15s-14-5-18-15z" fill="#0006"/>
    <path d="M92 92v30M108 92v26" stroke="#fff9" stroke-width="2.5" stroke-linecap="round"/>
    <path d="M74 160h52l8 34H66z" fill="SHADE"/>MONKEY`,
  tee: `<path d="M72 54 34 70 16 116l26 12 12-24v112h92V104l12 24 26-12-18-46-38-16c-6 12-16 18-28 18s-22-6-28-18z" fill="FILL"/>
    <path d="M72 54c6 12 16 18 28 18s22-6 28-18l-8-3c-5 8-12 12-20 12s-15-4-20-12z" fill="SHADE"/>MONKEY`,
  sleeve: `<path d="M72 54 38 68 22 120l-8 84 24 4 16-92v100h92V116l16 92 24-4-8-84-16-52-34-14c-6 12-16 18-28 18s-22-6-28-18z" fill="FILL"/>
    <path d="M72 54c6 12 16 18 28 18s22-6 28-18l-8-3c-5 8-12 12-20 12s-15-4-20-12z" fill="SHADE"/>`,
  pants: `<path d="M62 40h76l12 180h-36L100 108 86 220H50z" fill="FILL"/><path d="M62 40h76l1 16H61z" fill="SHADE"/>
    <path d="M100 56v52" stroke="#0005" stroke-width="2"/><path d="M56 128h24v34H54zM120 128h24l2 34h-24z" fill="SHADE"/>`,
  shorts: `<path d="M56 70h88l18 104h-52l-10-54-10 54H38z" fill="FILL"/><path d="M56 70h88l2 16H54z" fill="SHADE"/>
    <path d="M92 86v20M106 86v16" stroke="#fff9" stroke-width="2.5" stroke-linecap="round"/>`,
  cap: `<path d="M46 138c0-38 24-64 54-64s54 26 54 64z" fill="FILL"/><path d="M100 74v64M72 82c-6 16-8 36-8 56M128 82c6 16 8 36 8 56" stroke="#0003" stroke-width="2" fill="none"/>
    <path d="M40 138c34-12 86-12 120 0 14 6 24 16 26 26-44-16-128-16-172 0 2-10 12-20 26-26z" fill="SHADE"/><circle cx="100" cy="74" r="5" fill="SHADE"/>MONKEY`,
  beanie: `<path d="M50 150c0-48 20-76 50-76s50 28 50 76z" fill="FILL"/><rect x="42" y="142" width="116" height="40" rx="8" fill="SHADE"/>
    <path d="M64 146v32M82 146v32M100 146v32M118 146v32M136 146v32" stroke="#0003" stroke-width="2"/>`,
  socks: `<path d="M58 44h36v92l24 34c8 14-2 30-18 30-10 0-16-4-22-12l-20-28z" fill="FILL"/><path d="M106 44h36v92l-4 8-28-38z" fill="SHADE"/>
    <path d="M58 44h36v18H58zM106 44h36v18h-36z" fill="#0003"/>`,
  tote: `<path d="M50 100h100l10 116H40z" fill="FILL"/><path d="M74 104V76c0-36 52-36 52 0v28" fill="none" stroke="SHADE" stroke-width="8"/>MONKEY`,
};

const FACE = `<g transform="translate(100 150) scale(.62)"><circle cx="-30" cy="-4" r="12" fill="INK"/><circle cx="30" cy="-4" r="12" fill="INK"/>
  <circle r="28" fill="INK"/><ellipse cy="8" rx="20" ry="15" fill="FILL"/><circle cx="-9" cy="-6" r="4" fill="FILL"/><circle cx="9" cy="-6" r="4" fill="FILL"/>
  <path d="M-8 12q8 7 16 0" stroke="INK" stroke-width="3" fill="none" stroke-linecap="round"/></g>`;

function shapeOf(name, category) {
  const text = `${name} ${category}`.toLowerCase();
  if (/hoodie|sweat/.test(text)) return 'hoodie';
  if (/long sleeve/.test(text)) return 'sleeve';
  if (/beanie/.test(text)) return 'beanie';
  if (/cap|hat/.test(text)) return 'cap';
  if (/short/.test(text)) return 'shorts';
  if (/pant|jogger|cargo|trouser/.test(text)) return 'pants';
  if (/sock/.test(text)) return 'socks';
  if (/bag|tote/.test(text)) return 'tote';
  return 'tee';
}

function coloursOf(name) {
  const known = COLOURS.find(([pattern]) => pattern.test(name));
  if (known) return known.slice(1);
  let sum = 0;
  for (const letter of name) sum = (sum * 31 + letter.codePointAt(0)) % 9973;
  return OTHERS[sum % OTHERS.length];
}

/** The drawing as an element, hidden from screen readers because the name is below it. */
export function drawing(name, category) {
  const [fill, shade] = coloursOf(name);
  const shape = shapeOf(name, category);
  const raised = { cap: 'translate(62 38) scale(.38)', tote: 'translate(0 18)', hoodie: 'translate(40 56) scale(.6)' };
  const face = `<g transform="${raised[shape] ?? 'translate(0 -8)'}">${FACE}</g>`;
  const text = SHAPES[shape].replace('MONKEY', face)
    .replaceAll('INK', '#fffc').replaceAll('FILL', fill).replaceAll('SHADE', shade);
  const made = new DOMParser().parseFromString(
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 250" aria-hidden="true">${text}</svg>`,
    'image/svg+xml',
  );
  return document.importNode(made.documentElement, true);
}
